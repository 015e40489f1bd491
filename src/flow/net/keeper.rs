//! Keeps one connection going through breaks of its link: looks at it, and sets what [`Persistence`] decides; and
//! takes leave of one that did not survive.

use super::persistence::{Link, Persistence};
use super::stream::Stream;
use crate::media::Time;
use socket2::{Domain, SockRef, Socket, Type};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The kernel keeps a connection that was given up for as long as this.
const UNHEARD: Duration = Duration::from_secs(600);

/// Belongs to one [`Stream`].
#[derive(Debug)]
pub struct Keeper {
    watch: Persistence,
}

impl Keeper {
    /// For a stream that stands since now.
    pub fn new(now: Time) -> Self {
        Self { watch: Persistence::new(now) }
    }

    /// When [`Keeper::turn`] is due.
    pub fn due(&self) -> Time {
        self.watch.due()
    }

    /// Takes a look at `stream` and keeps the kernel trying while nothing is acknowledged. Whatever can not be set
    /// stays as it is: a socket that is broken says so when it is read.
    pub fn turn(&mut self, stream: &Stream, now: Time) -> Link {
        let verdict = self.watch.look(&stream.tcp_info().unwrap_or_default(), now);
        let socket = SockRef::from(stream);
        if let Some(limit) = verdict.limit {
            let _ = socket.set_tcp_user_timeout(Some(limit.to_std()));
        }
        if verdict.push {
            let _ = socket.set_tcp_nodelay(true);
        }
        match verdict.link {
            Link::Silent if moved(&socket) => Link::Moved,
            link => link,
        }
    }
}

/// Whether the connection's own address is gone while another one has a way to the server.
fn moved(socket: &SockRef<'_>) -> bool {
    let ends = socket.local_addr().and_then(|own| Ok((own.as_socket(), socket.peer_addr()?.as_socket())));
    let Ok((Some(own), Some(peer))) = ends else { return false };
    let gone = || source_for(own) != Some(own.ip());
    source_for(peer).is_some_and(|source| source != own.ip()) && gone()
}

/// The address of this device from which `target` is reached: an address of its own from itself. Connecting a datagram
/// socket sends nothing, and the service may do it, while it may bind none.
fn source_for(target: SocketAddr) -> Option<IpAddr> {
    let probe = Socket::new(Domain::for_address(target), Type::DGRAM, None).ok()?;
    probe.connect(&target.into()).ok()?;
    probe.local_addr().ok()?.as_socket().map(|source| source.ip())
}

/// The last connection that was given up while nothing passed. Its server has not heard of that and holds on to the
/// stream's name, so it is reset as soon as something passes again.
#[derive(Debug, Default)]
pub struct Unheard(Mutex<Option<Stream>>);

impl Unheard {
    /// Keeps `stream` for [`Unheard::reset`]; an older one is let go.
    pub fn keep(&self, stream: Stream) {
        let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(UNHEARD));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
    }

    /// Resets what is kept: its server is reached again, or it does not matter any more.
    pub fn reset(&self) {
        if let Some(stream) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            stream.reset_on_close();
        }
    }
}
