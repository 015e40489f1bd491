//! A connection that ends when its other side does not read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::time::{Sleep, sleep};

/// Fails a write that has waited too long; everything else is the stream's own.
pub struct Guard {
    stream: UnixStream,
    longest: Duration,
    patience: Option<Pin<Box<Sleep>>>,
}

impl Guard {
    /// Guards `stream`: a write waits for `longest` at most.
    pub fn new(stream: UnixStream, longest: Duration) -> Self {
        Self { stream, longest, patience: None }
    }

    fn judge<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.patience = None;
            return written;
        }
        let longest = self.longest;
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(longest)));
        ready!(patience.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Guard {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Guard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_reader_that_stops_ends_the_connection_and_one_that_reads_does_not() {
        let (here, mut there) = UnixStream::pair().unwrap();
        let mut guard = Guard::new(here, Duration::from_millis(50));
        let big = vec![7; 4 << 20];
        let reading = tokio::spawn(async move {
            let mut sum = vec![0; 4 << 20];
            there.read_exact(&mut sum).await.unwrap();
            there
        });
        guard.write_all(&big).await.unwrap();
        let _open_and_unread = reading.await.unwrap();
        assert_eq!(guard.write_all(&big).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
