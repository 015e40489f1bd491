//! A session over RTMP: the client driven by a socket, its media handed on as they come.

use super::What;
use super::lines::Line;
use crate::api::notice::{Cause, End};
use crate::device::clock;
use crate::flow::net::{Address, Stream, Turn};
use crate::flow::sessions::{broken, ours};
use crate::flv::Metadata;
use crate::media::Span;
use crate::rtmp::client::{Client, Config, Event};
use crate::rtmp::url::RtmpUrl;
use std::io;

/// Bytes taken by one read: an IDR in a few, ordinary pictures in one.
const READ: usize = 16 << 10;
/// Bytes given to one write; a player says little.
const WRITE: usize = 4 << 10;

/// Plays the line's source until it ends.
pub async fn play(line: Line) -> End {
    let url = match RtmpUrl::parse(&line.source.url) {
        Ok(url) => url,
        Err(error) => return End { cause: Cause::Refused, words: error.to_string() },
    };
    let address = Address::of(&url);
    let stream = tokio::select! {
        stream = line.dialer.connect(&address) => match stream {
            Ok(stream) => stream,
            Err(end) => return end,
        },
        () = line.stop.notified() => return ours(),
    };
    let client = Client::play(&url, clock::now(), Config { silence: line.source.patience, ..Config::default() });
    let mut playing = Playing { line, stream, client, misunderstood: 0, over: false };
    let end = playing.run().await;
    playing.over = true;
    end
}

struct Playing {
    line: Line,
    stream: Stream,
    client: Client,
    /// Messages that were not understood, as far as they were told of.
    misunderstood: u64,
    /// It ended by itself.
    over: bool,
}

impl Drop for Playing {
    /// What another connection has overtaken is given up at once: its server sends nothing more of it.
    fn drop(&mut self) {
        if !self.over {
            self.stream.reset_on_close();
        }
    }
}

/// What woke the loop.
enum Woken {
    Io(io::Result<Turn>),
    Late,
    Stop,
}

impl Playing {
    async fn run(&mut self) -> End {
        let mut read = vec![0; READ];
        loop {
            if let Some(end) = self.listen().await {
                return end;
            }
            match self.wait(&mut read).await {
                Woken::Io(Ok(Turn::Read(0))) => self.client.handle_close(clock::now()),
                Woken::Io(Ok(Turn::Read(count))) => {
                    self.line.received(count);
                    self.line.look(&self.stream);
                    self.client.handle_bytes(read.get(..count).unwrap_or_default(), clock::now());
                    let bad = self.client.counters().bad_messages;
                    self.line.misunderstood(bad.saturating_sub(std::mem::replace(&mut self.misunderstood, bad)));
                }
                Woken::Io(Ok(Turn::Wrote(count))) => self.client.transmitted(count),
                Woken::Io(Err(error)) => return broken(&format!("the connection broke: {error}")),
                Woken::Late => self.client.handle_timeout(clock::now()),
                Woken::Stop => self.client.stop(clock::now()),
            }
        }
    }

    /// Waits for whatever comes first.
    async fn wait(&mut self, read: &mut [u8]) -> Woken {
        let wait = self.client.deadline().map_or(Span::secs(1), |at| at - clock::now());
        let bytes = self.client.poll_transmit(WRITE);
        tokio::select! {
            biased;
            () = self.line.stop.notified() => Woken::Stop,
            turn = self.stream.turn(read, bytes) => Woken::Io(turn),
            () = tokio::time::sleep(wait.to_std()) => Woken::Late,
        }
    }

    /// Hears what the client has to say; the end of the session when there is one.
    async fn listen(&mut self) -> Option<End> {
        let at = clock::now();
        while let Some(event) = self.client.poll_event() {
            let what = match event {
                Event::Connected => {
                    self.line.connected();
                    continue;
                }
                Event::PlayStarted => What::Begin,
                Event::StreamEnded => What::Finish,
                Event::Video { timestamp_ms, body } => What::Video { timestamp_ms, body },
                Event::Audio { timestamp_ms, body } => What::Audio { timestamp_ms, body },
                Event::Closed(reason) => return Some(reason.end()),
                Event::Metadata(fields) => What::Rotation(Metadata::from_value(&fields).rotation.unwrap_or(0)),
                Event::Publishing => continue,
            };
            if !self.line.hand_on(at, what).await {
                self.client.stop(clock::now());
            }
        }
        None
    }
}
