#![allow(unsafe_code)]
//! What the kernel knows of a TCP connection: round trip, what is still unsent, how fast it drains.

use crate::media::Span;
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd};

/// A look at one connection (Linux `TCP_INFO` and `SIOCOUTQ`, tcp(7)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// Smoothed round trip.
    pub rtt: Span,
    /// Its mean deviation.
    pub rtt_var: Span,
    /// Bytes written to the socket that the peer has not acknowledged, sent or not (`SIOCOUTQ`).
    pub queued_bytes: u64,
    /// Bytes the peer has acknowledged since the connection began (`tcpi_bytes_acked`).
    pub acked_bytes: u64,
    /// Of the queued ones, bytes that have not left yet (`tcpi_notsent_bytes`).
    pub unsent_bytes: u64,
    /// Bytes of a whole segment (`tcpi_snd_mss`): 1448 on an Ethernet, 64 KiB within a machine.
    pub segment: u32,
    /// Bytes a second the peer acknowledged lately (`tcpi_delivery_rate`); 0 = not known.
    pub delivery_rate: u64,
    /// Segments sent again since the connection began.
    pub retransmits: u32,
    /// Retransmission timer expiries since something was last acknowledged (`tcpi_retransmits`).
    pub expiries: u32,
    /// Segments sent again that are still under way (`tcpi_retrans`).
    pub resent: u32,
    /// What was found lost is still being made up for (`tcpi_ca_state` of recovery or loss).
    pub recovering: bool,
    /// The retransmission timer's length (`tcpi_rto`); it doubles with every expiry.
    pub rto: Span,
}

/// From this state on the kernel recovers from loss (`TCP_CA_Recovery`, include/uapi/linux/tcp.h).
const CA_RECOVERY: u8 = 3;

impl TcpInfo {
    /// Asks the kernel about the connected TCP socket `socket`; any other descriptor is an error.
    pub fn of(socket: &impl AsFd) -> io::Result<TcpInfo> {
        let fd = socket.as_fd().as_raw_fd();
        let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
        let mut len = size_of::<libc::tcp_info>() as libc::socklen_t;
        // SAFETY: `info` is writable for `len` bytes, and the kernel writes at most `len` of them; the
        // descriptor is borrowed for the whole call.
        let got =
            unsafe { libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, info.as_mut_ptr().cast(), &raw mut len) };
        if got != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `tcp_info` is made of integers only: zeroed memory is a value of it, and an older kernel
        // that writes fewer bytes leaves the rest zero.
        let info = unsafe { info.assume_init() };
        let mut queued: libc::c_int = 0;
        // SAFETY: SIOCOUTQ (the same number as TIOCOUTQ) writes one int through the pointer given.
        if unsafe { libc::ioctl(fd, libc::TIOCOUTQ, &raw mut queued) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(TcpInfo {
            rtt: Span::micros(i64::from(info.tcpi_rtt)),
            rtt_var: Span::micros(i64::from(info.tcpi_rttvar)),
            queued_bytes: queued.max(0) as u64,
            acked_bytes: info.tcpi_bytes_acked,
            segment: info.tcpi_snd_mss,
            unsent_bytes: u64::from(info.tcpi_notsent_bytes),
            delivery_rate: info.tcpi_delivery_rate,
            retransmits: info.tcpi_total_retrans,
            expiries: u32::from(info.tcpi_retransmits),
            resent: info.tcpi_retrans,
            recovering: info.tcpi_ca_state >= CA_RECOVERY,
            rto: Span::micros(i64::from(info.tcpi_rto)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_peer_that_reads_nothing_shows_as_queued_and_unsent_bytes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_peer, _) = listener.accept().unwrap();
        assert_eq!(TcpInfo::of(&stream).unwrap().queued_bytes, 0);
        stream.set_nonblocking(true).unwrap();
        while stream.write(&[0; 65536]).is_ok() {}
        let info = TcpInfo::of(&stream).unwrap();
        assert!(info.queued_bytes > 100_000 && info.unsent_bytes > 0, "{info:?}");
        assert!(info.rtt > Span::ZERO && info.rtt < Span::secs(1), "{info:?}");
    }

    #[test]
    fn something_that_is_no_tcp_socket_is_an_error() {
        assert!(TcpInfo::of(&std::fs::File::open("/dev/null").unwrap()).is_err());
    }
}
