//! A session over RTMP: the client driven by a socket, its media handed on as they come.

use super::What;
use super::net_task::{Receiving, broken, ours};
use crate::api::notice::{Cause, End};
use crate::device::clock;
use crate::flow::net::{Address, Stream};
use crate::media::Span;
use crate::rtmp::client::{Client, Config, Event};
use crate::rtmp::url::RtmpUrl;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes taken by one read: an IDR in a few, ordinary pictures in one.
const READ: usize = 16 << 10;
/// Bytes given to one write; a player says little.
const WRITE: usize = 4 << 10;

/// Plays the stream of `url` until it ends.
pub async fn play(receiving: Receiving, url: &str) -> End {
    let url = match RtmpUrl::parse(url) {
        Ok(url) => url,
        Err(error) => return End { cause: Cause::Refused, words: error.to_string() },
    };
    let host = url.host().trim_matches(['[', ']']).to_owned();
    let address = Address { host, port: url.port(), tls: url.tls() };
    let stream = tokio::select! {
        stream = receiving.dialer.connect(&address) => match stream {
            Ok(stream) => stream,
            Err(end) => return end,
        },
        () = receiving.stop.notified() => return ours(),
    };
    let client = Client::play(&url, clock::now(), Config::default());
    Playing { receiving, stream, client }.run().await
}

struct Playing {
    receiving: Receiving,
    stream: Stream,
    client: Client,
}

/// What one turn of the loop was woken by.
enum Turn {
    Read(io::Result<usize>),
    Wrote(io::Result<usize>),
    Late,
    Stop,
}

impl Playing {
    async fn run(mut self) -> End {
        let mut read = vec![0; READ];
        loop {
            if let Some(end) = self.listen().await {
                return end;
            }
            match self.turn(&mut read).await {
                Turn::Read(Ok(0)) => self.client.handle_close(clock::now()),
                Turn::Read(Ok(count)) => {
                    self.receiving.session.received(count);
                    self.client.handle_bytes(read.get(..count).unwrap_or_default(), clock::now());
                    let bad = self.client.counters().bad_messages;
                    self.receiving.session.bad_messages.store(bad, Ordering::Relaxed);
                }
                Turn::Wrote(Ok(count)) => self.client.transmitted(count),
                Turn::Read(Err(error)) | Turn::Wrote(Err(error)) => {
                    return broken(&format!("the connection broke: {error}"));
                }
                Turn::Late => self.client.handle_timeout(clock::now()),
                Turn::Stop => self.client.stop(clock::now()),
            }
        }
    }

    /// Waits for whatever comes first.
    async fn turn(&mut self, read: &mut [u8]) -> Turn {
        let wait = self.client.deadline().map_or(Span::secs(1), |at| at - clock::now());
        let bytes = self.client.poll_transmit(WRITE);
        let stream = &mut self.stream;
        let io = poll_fn(|cx| {
            let mut buffer = ReadBuf::new(read);
            if let Poll::Ready(result) = Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                return Poll::Ready(Turn::Read(result.map(|()| buffer.filled().len())));
            }
            if !bytes.is_empty()
                && let Poll::Ready(result) = Pin::new(&mut *stream).poll_write(cx, bytes)
            {
                return Poll::Ready(Turn::Wrote(result));
            }
            // TLS may still hold bytes it took earlier.
            if let Poll::Ready(Err(error)) = Pin::new(&mut *stream).poll_flush(cx) {
                return Poll::Ready(Turn::Wrote(Err(error)));
            }
            Poll::Pending
        });
        tokio::select! {
            biased;
            () = self.receiving.stop.notified() => Turn::Stop,
            turn = io => turn,
            () = tokio::time::sleep(wait.to_std()) => Turn::Late,
        }
    }

    /// Hears what the client has to say; the end of the session when there is one.
    async fn listen(&mut self) -> Option<End> {
        let at = clock::now();
        while let Some(event) = self.client.poll_event() {
            let session = &self.receiving.session;
            let what = match event {
                Event::Connected => {
                    session.connected();
                    continue;
                }
                Event::PlayStarted => {
                    session.stream_begin();
                    What::Begin
                }
                Event::StreamEnded => {
                    session.stream_ended();
                    What::Finish
                }
                Event::Video { timestamp_ms, body } => What::Video { timestamp_ms, body },
                Event::Audio { timestamp_ms, body } => What::Audio { timestamp_ms, body },
                Event::Closed(reason) => return Some(reason.end()),
                Event::Publishing | Event::Metadata(_) => continue,
            };
            if !self.receiving.hand_on(at, what).await {
                self.client.stop(clock::now());
            }
        }
        None
    }
}
