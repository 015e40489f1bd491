//! The way to a server, for both directions: name, TCP and TLS, each with its deadline, no way around TLS.

mod keeper;
mod names;
mod persistence;
mod reach;
mod stream;
mod tls;

pub use keeper::{Keeper, Unheard};
pub use persistence::Link;
pub use stream::{Stream, Turn, acknowledge};

use crate::api::notice::{Cause, End};
use crate::rtmp::url::RtmpUrl;
use names::Names;
use reach::reach;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::time::Instant;

/// Longest wait for a TCP connection, all addresses together; also how long the kernel keeps a connection
/// whose peer acknowledges nothing (`TCP_USER_TIMEOUT`, RFC 5482).
pub const TCP_LIMIT: Duration = Duration::from_secs(4);
/// Unsent bytes the kernel may hold before the socket counts as full: a stalled peer then shows after 16 KiB
/// and not after seconds of video.
pub const UNSENT_LIMIT: u32 = 16 << 10;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name or an IP address; an IPv6 address without brackets.
    pub host: String,
    pub port: u16,
    /// Speak TLS, or nothing at all.
    pub tls: bool,
}

impl Address {
    /// Where the server of `url` is.
    pub fn of(url: &RtmpUrl) -> Self {
        Self { host: url.host().trim_matches(['[', ']']).to_owned(), port: url.port(), tls: url.tls() }
    }
}

/// Opens connections. Clones share what is known of names, and the one lookup that may be in flight.
#[derive(Clone, Default)]
pub struct Dialer {
    names: Names,
}

impl Dialer {
    /// Connects to `address`; must run on a tokio runtime with time and IO.
    ///
    /// `Err` says which step failed: [`Cause::Dns`] after at most 5 s, [`Cause::Connect`] after at most
    /// [`TCP_LIMIT`], [`Cause::Handshake`] when TLS fails or takes longer than 5 s.
    pub async fn connect(&self, address: &Address) -> Result<Stream, End> {
        let found = self.names.resolve(&address.host, address.port).await?;
        let tcp = reach(&found, Instant::now() + TCP_LIMIT).await.map_err(|error| End {
            cause: Cause::Connect,
            words: format!("no connection to {} port {}: {error}", address.host, address.port),
        })?;
        if let Ok(peer) = tcp.peer_addr() {
            self.names.reached(&address.host, address.port, peer);
        }
        if !address.tls {
            return Ok(Stream::Plain(tcp));
        }
        tls::handshake(&address.host, tcp).await.map(|stream| Stream::Tls(Box::new(stream)))
    }
}

/// A socket with every option that has to be there before it connects.
fn socket(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    options(&SockRef::from(&socket))?;
    Ok(TcpSocket::from_std_stream(socket.into()))
}

fn options(socket: &SockRef<'_>) -> std::io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_user_timeout(Some(TCP_LIMIT))?;
    socket.set_tcp_notsent_lowat(UNSENT_LIMIT)?;
    let probes =
        TcpKeepalive::new().with_time(Duration::from_secs(2)).with_interval(Duration::from_secs(1)).with_retries(3);
    socket.set_tcp_keepalive(&probes)?;
    // BBR spaces segments at the rate it measured, and after a break of the link that is next to nothing: one in a
    // second or two, long after the link is back. CUBIC is what Linux has for everybody else, Reno what it always has
    // and every user may choose.
    if socket.tcp_congestion()?.starts_with(b"bbr") {
        socket.set_tcp_congestion(b"cubic").or_else(|_| socket.set_tcp_congestion(b"reno"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
