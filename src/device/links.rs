//! Ways to the network that come up: links, addresses and default routes, as the kernel tells of them (rtnetlink(7)).

use super::Source;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Links, addresses and routes of both families (`RTMGRP_*`, linux/rtnetlink.h).
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
/// The kernel's messages are shorter than a page, and it puts several into one datagram at most for answers.
const LONGEST: usize = 8192;
/// Datagrams read in one go: more than the socket's buffer holds.
const AT_ONCE: usize = 1024;
/// Links that are remembered; a device with more is told of each change of any.
const LINKS: usize = 64;

const NEW_LINK: u16 = 16;
const DEL_LINK: u16 = 17;
const NEW_ADDRESS: u16 = 20;
const NEW_ROUTE: u16 = 24;
/// `IFF_LOOPBACK`, `IFF_RUNNING` (linux/if.h).
const LOOPBACK: u32 = 0x8;
const RUNNING: u32 = 0x40;
/// `IFA_F_TENTATIVE`: not yet usable (linux/if_addr.h).
const TENTATIVE: u8 = 0x40;

/// The kernel's messages about links.
#[derive(Debug)]
pub struct Links {
    socket: OwnedFd,
    known: Known,
}

impl Links {
    /// Begins to listen.
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // Protocol zero is NETLINK_ROUTE.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        Ok(Self { socket, known: Known::default() })
    }

    /// Reads what has come, without waiting; true when something came up, so that a server may be in reach again.
    pub fn came_up(&mut self) -> bool {
        let mut datagram = [0; LONGEST];
        let mut up = false;
        for _ in 0..AT_ONCE {
            match recv(&self.socket, &mut datagram[..], RecvFlags::DONTWAIT) {
                Ok((length, _)) => up |= self.known.heard(datagram.get(..length).unwrap_or_default()),
                // Messages were lost: one of them may have told of it.
                Err(rustix::io::Errno::NOBUFS) => up = true,
                Err(_) => break,
            }
        }
        up
    }
}

impl AsFd for Links {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Source for Links {}

/// Which links run.
#[derive(Debug, Default)]
struct Known {
    running: HashSet<u32>,
}

impl Known {
    /// Takes a datagram: messages of a head of 16 bytes (length, kind, …) and a body, each padded to four.
    fn heard(&mut self, mut datagram: &[u8]) -> bool {
        let mut up = false;
        while let (Some(length), Some(kind)) = (u32_at(datagram, 0), u16_at(datagram, 4)) {
            let length = length as usize;
            let Some(body) = datagram.get(16..length) else { break };
            up |= self.message(kind, body).unwrap_or(false);
            datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        up
    }

    fn message(&mut self, kind: u16, body: &[u8]) -> Option<bool> {
        Some(match kind {
            // struct ifinfomsg: family, pad, type (2), index (4), flags (4), change (4).
            NEW_LINK => {
                let (index, flags) = (u32_at(body, 4)?, u32_at(body, 8)?);
                let runs = flags & (RUNNING | LOOPBACK) == RUNNING;
                if !runs {
                    self.running.remove(&index);
                }
                runs && (self.running.len() >= LINKS || self.running.insert(index))
            }
            DEL_LINK => {
                self.running.remove(&u32_at(body, 4)?);
                false
            }
            // struct ifaddrmsg: family, prefix length, flags, scope, index (4). Scope 254: of this host alone.
            NEW_ADDRESS => body.get(2)? & TENTATIVE == 0 && *body.get(3)? != 254,
            // struct rtmsg: family, length of the destination (0: the default route), …
            NEW_ROUTE => *body.get(1)? == 0,
            _ => false,
        })
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = (16 + body.len() as u32).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn link(index: u32, flags: u32) -> Vec<u8> {
        let mut body = vec![0; 4];
        body.extend(index.to_ne_bytes());
        body.extend(flags.to_ne_bytes());
        body.extend([0xff; 4]);
        message(NEW_LINK, &body)
    }

    #[test]
    fn a_link_counts_when_it_begins_to_run_and_not_again_while_it_does() {
        let mut known = Known::default();
        assert!(!known.heard(&link(2, 0x1)) && known.heard(&link(2, 0x1 | RUNNING)));
        assert!(!known.heard(&link(2, 0x1 | RUNNING)), "a change of something else");
        assert!(!known.heard(&link(2, 0x1)) && known.heard(&link(2, 0x1 | RUNNING)));
        assert!(!known.heard(&link(1, RUNNING | LOOPBACK)));
        let mut gone = link(2, 0);
        gone[4..6].copy_from_slice(&DEL_LINK.to_ne_bytes());
        assert!(!known.heard(&gone) && known.heard(&link(2, RUNNING)), "an adapter that is plugged in again");
        let both = [link(2, 0), link(3, RUNNING)].concat();
        assert!(known.heard(&both));
    }

    #[test]
    fn addresses_and_default_routes_count_when_they_can_be_used() {
        let mut known = Known::default();
        let table = [
            (NEW_ADDRESS, [2, 24, 0, 0, 2, 0, 0, 0], true),
            (NEW_ADDRESS, [10, 64, TENTATIVE, 0, 2, 0, 0, 0], false),
            (NEW_ADDRESS, [2, 8, 0, 254, 1, 0, 0, 0], false),
            (21, [2, 24, 0, 0, 2, 0, 0, 0], false),
            (NEW_ROUTE, [2, 0, 0, 0, 254, 0, 0, 0], true),
            (NEW_ROUTE, [2, 24, 0, 0, 254, 0, 0, 0], false),
        ];
        for (kind, body, up) in table {
            assert_eq!(known.heard(&message(kind, &body)), up, "{kind} {body:?}");
        }
    }

    #[test]
    fn damaged_messages_are_read_to_their_end() {
        let mut random = fastrand::Rng::with_seed(7);
        let good = [link(2, RUNNING), message(NEW_ADDRESS, &[2, 24, 0, 0, 2, 0, 0, 0]), link(3, RUNNING)].concat();
        for _ in 0..20_000 {
            let mut known = Known::default();
            let mut bytes = good.clone();
            bytes.truncate(random.usize(..=bytes.len()));
            for _ in 0..random.usize(0..6) {
                if let Some(byte) = random.choice(bytes.iter_mut()) {
                    *byte = random.u8(..);
                }
            }
            known.heard(&bytes);
            assert!(known.running.len() <= LINKS);
        }
    }

    #[test]
    fn the_kernel_lets_us_listen() {
        assert!(!Links::open().unwrap().came_up());
    }
}
