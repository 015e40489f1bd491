//! The one way a sleeping thread is woken: an eventfd, so that a device's descriptor and the doorbell
//! can be waited for in a single `poll`, and an async task can wait for it too.

mod listener;

pub use listener::{Listener, Readable, Source};

use super::clock;
use crate::media::{Span, Time};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// A doorbell. Clones ring the same bell; rings are not counted, only remembered until [`Wake::clear`].
#[derive(Clone, Debug)]
pub struct Wake {
    bell: Arc<OwnedFd>,
    /// Counts as a ring when it has passed.
    alarm: Option<Time>,
}

/// Why [`Wake::wait_with`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The bell was rung; it is cleared.
    Rung,
    /// The descriptor has something: its `revents`.
    Ready(PollFlags),
    /// The deadline passed.
    Late,
}

impl Wake {
    /// A new, silent bell. Fails only when the process has no descriptors left.
    pub fn new() -> io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { bell: Arc::new(bell), alarm: None })
    }

    /// The same bell, for a wait that is to end at `alarm` as if it had been rung.
    pub fn by(&self, alarm: Time) -> Self {
        Self { bell: self.bell.clone(), alarm: Some(alarm) }
    }

    /// Wakes whoever waits, or the next one who will. Never blocks.
    pub fn ring(&self) {
        // A full counter (EAGAIN) means it is already ringing.
        let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
    }

    /// Silences the bell; true when it had been rung.
    pub fn clear(&self) -> bool {
        rustix::io::read(&self.bell, &mut [0u8; 8]).is_ok()
    }

    /// Sleeps until the bell rings (and clears it) or `deadline` passes; true when it rang.
    pub fn wait(&self, deadline: Option<Time>) -> bool {
        loop {
            let mut fds = [PollFd::new(&self.bell, PollFlags::IN)];
            match poll(&mut fds, self.remaining(deadline).as_ref()) {
                Err(Errno::INTR) => {}
                Ok(0) => return self.alarmed(),
                _ => return self.clear(),
            }
        }
    }

    /// Sleeps until the bell rings, `fd` is ready for `events` (or failed), or `deadline` passes.
    ///
    /// When both are ready the bell wins, so that a stop is never starved by a busy device.
    pub fn wait_with(&self, fd: BorrowedFd<'_>, events: PollFlags, deadline: Option<Time>) -> io::Result<Woken> {
        let mut fds = [PollFd::new(&self.bell, PollFlags::IN), PollFd::from_borrowed_fd(fd, events)];
        self.wait_all(&mut fds, deadline)
    }

    /// Like [`Wake::wait_with`] for all of `fds[1..]`; `fds[0]` is the bell's place and is set here. Each
    /// descriptor's `revents` can be read from `fds` afterwards; [`Woken::Ready`] holds their union.
    pub fn wait_with_many<'a>(&'a self, fds: &mut [PollFd<'a>], deadline: Option<Time>) -> io::Result<Woken> {
        let Some(first) = fds.first_mut() else { return Err(io::ErrorKind::InvalidInput.into()) };
        *first = PollFd::new(&self.bell, PollFlags::IN);
        self.wait_all(fds, deadline)
    }

    fn wait_all(&self, fds: &mut [PollFd<'_>], deadline: Option<Time>) -> io::Result<Woken> {
        loop {
            match poll(fds, self.remaining(deadline).as_ref()) {
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
                Ok(0) if self.alarmed() => return Ok(Woken::Rung),
                Ok(0) => return Ok(Woken::Late),
                Ok(_) => {}
            }
            if fds.first().is_some_and(|bell| !bell.revents().is_empty()) {
                self.clear();
                return Ok(Woken::Rung);
            }
            let ready = fds.iter().skip(1).fold(PollFlags::empty(), |ready, fd| ready | fd.revents());
            return Ok(Woken::Ready(ready));
        }
    }

    fn alarmed(&self) -> bool {
        self.alarm.is_some_and(|at| at <= clock::now())
    }

    fn remaining(&self, deadline: Option<Time>) -> Option<Timespec> {
        remaining(deadline.into_iter().chain(self.alarm).min())
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

fn remaining(deadline: Option<Time>) -> Option<Timespec> {
    let left = (deadline? - clock::now()).max(Span::ZERO).as_micros();
    Some(Timespec { tv_sec: left / 1_000_000, tv_nsec: (left % 1_000_000) * 1000 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_before_the_wait_is_not_lost() {
        let wake = Wake::new().unwrap();
        wake.clone().ring();
        assert!(wake.wait(Some(clock::now())));
        assert!(!wake.wait(Some(clock::now())));
    }

    #[test]
    fn a_ready_descriptor_and_a_bell_are_told_apart() {
        let (wake, other) = (Wake::new().unwrap(), Wake::new().unwrap());
        other.ring();
        let ready = wake.wait_with(other.as_fd(), PollFlags::IN, None).unwrap();
        assert_eq!(ready, Woken::Ready(PollFlags::IN));
        wake.ring();
        assert_eq!(wake.wait_with(other.as_fd(), PollFlags::IN, None).unwrap(), Woken::Rung);
        other.clear();
        let late = wake.wait_with(other.as_fd(), PollFlags::IN, Some(clock::now())).unwrap();
        assert_eq!(late, Woken::Late);
    }

    #[test]
    fn an_alarm_ends_a_wait_as_a_ring_does_and_a_nearer_deadline_does_not() {
        let (wake, other) = (Wake::new().unwrap(), Wake::new().unwrap());
        let now = clock::now();
        let alarm = wake.by(now + Span::millis(2));
        assert_eq!(alarm.wait_with(other.as_fd(), PollFlags::IN, Some(now)).unwrap(), Woken::Late);
        assert!(alarm.wait(None));
        assert_eq!(alarm.wait_with(other.as_fd(), PollFlags::IN, None).unwrap(), Woken::Rung);
        wake.ring();
        assert!(wake.by(now + Span::secs(3600)).wait(None), "it is the same bell");
    }

    #[test]
    fn of_several_descriptors_each_tells_for_itself() {
        let (wake, silent, ringing) = (Wake::new().unwrap(), Wake::new().unwrap(), Wake::new().unwrap());
        ringing.ring();
        let mut fds = [&wake, &silent, &ringing].map(|bell| PollFd::from_borrowed_fd(bell.as_fd(), PollFlags::IN));
        assert_eq!(wake.wait_with_many(&mut fds, None).unwrap(), Woken::Ready(PollFlags::IN));
        assert_eq!(fds.map(|fd| fd.revents().contains(PollFlags::IN)), [false, false, true]);
        assert!(wake.wait_with_many(&mut [], None).is_err());
    }
}
