//! Plugs and unplugs: the kernel's uevents, a slow look for drivers that send none, and the calm between them.

use crate::media::{Span, Time};
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Group of the kernel's own messages, as opposed to udev's (lib/kobject_uevent.c).
const KERNEL: u32 = 1;
/// The kernel's messages are shorter (UEVENT_BUFFER_SIZE, include/linux/kobject.h).
const LONGEST: usize = 4096;
/// Messages read in one go; the rest waits for the next time.
const AT_ONCE: usize = 64;
/// A plug that is being pushed in bounces: nothing is decided before it is quiet for this long.
const CALM: Span = Span::millis(500);
/// A connector that never becomes quiet is looked at after this nevertheless.
const ENOUGH: Span = Span::secs(2);
/// How often a connector is looked at without being told to.
const LOOK: Span = Span::secs(2);

/// The kernel's messages about devices.
pub struct Uevents(OwnedFd);

impl Uevents {
    /// Begins to listen.
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT))?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
        Ok(Self(socket))
    }

    /// Reads what has come, without waiting; true when a screen may have come or gone.
    pub fn screen_changed(&self) -> bool {
        let mut message = [0; LONGEST];
        let mut changed = false;
        for _ in 0..AT_ONCE {
            match recv(&self.0, &mut message[..], RecvFlags::DONTWAIT) {
                Ok((length, _)) => changed |= about_screens(message.get(..length).unwrap_or_default()),
                // Messages were lost: one of them may have been ours.
                Err(rustix::io::Errno::NOBUFS) => changed = true,
                Err(_) => break,
            }
        }
        changed
    }
}

impl AsFd for Uevents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Whether a message says that something changed at a graphics card: `action@path`, then `KEY=value` texts, each
/// ended by a NUL (Documentation/ABI/testing/sysfs-uevent). A real plug adds HOTPLUG=1, a message that was asked
/// for by hand does not: any change is a reason to look.
fn about_screens(message: &[u8]) -> bool {
    let mut fields = message.split(|byte| *byte == 0);
    let head = fields.next().unwrap_or_default();
    head.starts_with(b"change@") && fields.any(|field| field == b"SUBSYSTEM=drm")
}

/// Decides when to look at the connector: some quiet after a message, and now and then without one.
#[derive(Debug)]
pub struct Watch {
    /// The first message since the last look, and the last.
    told: Option<(Time, Time)>,
    looked: Time,
}

impl Watch {
    /// The connector was just looked at.
    pub fn new(now: Time) -> Self {
        Self { told: None, looked: now }
    }

    /// A message came, or a look showed something else than before.
    pub fn told(&mut self, now: Time) {
        self.told = Some((self.told.map_or(now, |(first, _)| first), now));
    }

    /// When there is something to do.
    pub fn deadline(&self) -> Time {
        self.told.map_or(self.looked + LOOK, |(first, last)| (last + CALM).min(first + ENOUGH))
    }

    /// A look is due that asks the screen itself and decides.
    pub fn settled(&mut self, now: Time) -> bool {
        let settled = self.told.is_some() && now >= self.deadline();
        if settled {
            *self = Self::new(now);
        }
        settled
    }

    /// A quick look is due.
    pub fn glance(&mut self, now: Time) -> bool {
        let due = self.told.is_none() && now >= self.deadline();
        if due {
            self.looked = now;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUG: &[u8] = b"change@/devices/platform/gpu/drm/card0\0ACTION=change\0DEVPATH=/devices/platform/gpu/drm/card0\0\
        SUBSYSTEM=drm\0HOTPLUG=1\0CONNECTOR=32\0DEVNAME=dri/card0\0DEVTYPE=drm_minor\0SEQNUM=1701\0MAJOR=226\0MINOR=0\0";

    #[test]
    fn only_changes_of_graphics_cards_are_heard() {
        let by_hand = b"change@/devices/vkms/drm/card0\0ACTION=change\0SUBSYSTEM=drm\0SYNTH_UUID=0\0SEQNUM=9\0";
        assert!(about_screens(PLUG) && about_screens(by_hand));
        for other in [
            &b"add@/devices/platform/gpu/drm/card0\0ACTION=add\0SUBSYSTEM=drm\0"[..],
            b"change@/devices/x/block/vda\0ACTION=change\0SUBSYSTEM=block\0",
            b"change@/devices/x\0ACTION=change\0NOTE=SUBSYSTEM=drm\0",
            b"libudev\0\xfe\xed\xca\xfe",
            b"",
        ] {
            assert!(!about_screens(other), "{}", other.escape_ascii());
        }
    }

    #[test]
    fn damaged_messages_are_read_to_their_end() {
        let mut rng = fastrand::Rng::with_seed(3);
        let (mut heard, mut deaf) = (0, 0);
        for _ in 0..20_000 {
            let mut message = PLUG.to_vec();
            for _ in 0..rng.usize(1..8) {
                match rng.u8(0..4) {
                    0 => message.truncate(rng.usize(..=message.len())),
                    1 => message.insert(rng.usize(..=message.len()), rng.u8(..)),
                    _ => message.iter_mut().for_each(|byte| *byte = if rng.u8(..) == 0 { rng.u8(..) } else { *byte }),
                }
            }
            if about_screens(&message) { heard += 1 } else { deaf += 1 }
        }
        assert!(heard > 1000 && deaf > 1000, "{heard} heard, {deaf} not");
    }

    #[test]
    fn a_bouncing_plug_is_looked_at_once_it_is_quiet() {
        let at = |ms| Time::default() + Span::millis(ms);
        let mut watch = Watch::new(at(0));
        assert!(!watch.glance(at(1999)) && watch.glance(at(2000)) && !watch.glance(at(2001)));
        for ms in [3000, 3100, 3300] {
            watch.told(at(ms));
        }
        assert_eq!(watch.deadline(), at(3800));
        assert!(!watch.settled(at(3799)) && watch.settled(at(3800)) && !watch.settled(at(3801)));
        // One that never is, after two seconds.
        for ms in (5000..7000).step_by(100) {
            watch.told(at(ms));
            assert!(!watch.settled(at(ms)) && !watch.glance(at(ms)));
        }
        assert!(watch.settled(at(7000)));
        assert_eq!(watch.deadline(), at(9000));
    }

    #[test]
    fn the_kernel_lets_us_listen() {
        let events = Uevents::open().unwrap();
        events.screen_changed();
    }
}
