//! A connection that may be wrapped in TLS, and the socket below it.

use crate::device::tcp_info::TcpInfo;
use socket2::SockRef;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connected stream of bytes.
#[derive(Debug)]
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What a [`Stream::turn`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// So many bytes came; none: the peer closed.
    Read(usize),
    /// So many bytes were taken.
    Wrote(usize),
}

/// Acknowledges what was received over `socket` without the 40 ms that Linux waits for an answer to send along
/// (`TCP_QUICKACK`, tcp(7), which it forgets again). A server that gathers small pieces (Nagle, RFC 896) holds the next
/// one until then: a connect has two such waits, and a frame of sound right behind another one has one.
pub fn acknowledge(socket: &impl AsFd) {
    let _ = SockRef::from(socket).set_tcp_quickack(true);
}

impl Stream {
    /// Reads or writes once, whichever is possible first; nothing is lost when it is cancelled.
    pub async fn turn(&mut self, read: &mut [u8], write: &[u8]) -> io::Result<Turn> {
        poll_fn(|cx| {
            let mut buffer = ReadBuf::new(read);
            if let Poll::Ready(result) = Pin::new(&mut *self).poll_read(cx, &mut buffer) {
                acknowledge(self);
                return Poll::Ready(result.map(|()| Turn::Read(buffer.filled().len())));
            }
            if !write.is_empty()
                && let Poll::Ready(result) = Pin::new(&mut *self).poll_write(cx, write)
            {
                return Poll::Ready(result.map(Turn::Wrote));
            }
            // TLS may still hold bytes it took earlier.
            match Pin::new(&mut *self).poll_flush(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => Poll::Pending,
            }
        })
        .await
    }

    /// Closing it sends a reset at once instead of waiting behind what is unsent (socket(7)).
    pub fn reset_on_close(&self) {
        let _ = SockRef::from(self).set_linger(Some(Duration::ZERO));
    }

    /// What the kernel knows of the connection.
    pub fn tcp_info(&self) -> io::Result<TcpInfo> {
        TcpInfo::of(self)
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Plain(tcp) => tcp.as_fd(),
            Stream::Tls(tls) => tls.get_ref().0.as_fd(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Stream::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Stream::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Stream::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
