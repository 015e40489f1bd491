//! A session over HTTP-FLV: asked for, read tag by tag.

use super::What;
use super::lines::Line;
use crate::api::notice::{Cause, End};
use crate::device::clock;
use crate::flow::http::{self, reason};
use crate::flow::net::acknowledge;
use crate::flow::sessions::{broken, ours};
use crate::flv::{Metadata, Reader, Tag, TagKind, Timeline};
use crate::http_flv::{Journey, Target, Wanted, not_flv};
use crate::media::Time;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// From the connection to the file header, and from the beginning of the first tag to its end. Between them a server may
/// wait for days for somebody who publishes.
const FIRST_TAG: Duration = Duration::from_secs(5);

/// Plays the line's source until it ends.
pub async fn play(line: Line) -> End {
    let stop = line.stop.clone();
    tokio::select! {
        end = run(&line) => end,
        () = stop.notified() => ours(),
    }
}

async fn run(line: &Line) -> End {
    let mut journey = match Target::parse(&line.source.url) {
        Ok(target) => Journey::new(Wanted::Stream, target),
        Err(words) => return End { cause: Cause::Refused, words },
    };
    let http::Found { response, deadline, socket } = match http::get(&line.dialer, &mut journey, FIRST_TAG).await {
        Ok(found) => found,
        Err(end) => return end,
    };
    line.connected();
    Body { line, socket, reader: Reader::new(), timeline: Timeline::new(), begun: None }
        .run(response.into_body(), deadline)
        .await
}

struct Body<'a> {
    line: &'a Line,
    socket: OwnedFd,
    reader: Reader,
    timeline: Timeline,
    /// When the last tag was there.
    begun: Option<Instant>,
}

impl Body<'_> {
    async fn run(&mut self, mut body: Incoming, mut first_tag: Instant) -> End {
        let mut beginning: Option<Bytes> = None;
        loop {
            // A tag and not a byte: one that comes byte by byte is silence, too.
            let awaited = self.begun.is_none() && self.reader.between_tags();
            let frame = if awaited {
                let frame = body.frame().await;
                first_tag = Instant::now() + FIRST_TAG;
                Ok(frame)
            } else {
                let deadline = self.begun.map_or(first_tag, |last| last + self.line.source.patience.to_std());
                timeout_at(deadline, body.frame()).await
            };
            let frame = match frame {
                Err(_) if self.begun.is_some() => return broken("the server fell silent"),
                Err(_) => return End { cause: Cause::Handshake, words: "no FLV tag within 5 s".into() },
                Ok(None) if self.begun.is_none() => {
                    let words = "the server ended without the stream: perhaps nobody sends it".into();
                    return End { cause: Cause::Absent, words };
                }
                Ok(None) => return End { cause: Cause::Closed, words: "the server ended the stream".into() },
                Ok(Some(Err(error))) => return broken(&format!("the connection broke: {}", reason(&error))),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(data) = frame.into_data() else { continue };
            let at = clock::now();
            self.line.received(data.len());
            self.line.look(&self.socket);
            acknowledge(&self.socket);
            if beginning.is_none() && !data.is_empty() {
                beginning = Some(data.slice(..data.len().min(64)));
            }
            let mut input = &data[..];
            loop {
                match self.reader.read(&mut input) {
                    Ok(Some(tag)) => {
                        if !self.take(tag, at).await {
                            return ours();
                        }
                    }
                    Ok(None) => break,
                    Err(_) if self.begun.is_none() => return not_flv(&beginning.unwrap_or_default()),
                    Err(error) => return broken(&error.to_string()),
                }
            }
        }
    }

    async fn take(&mut self, tag: Tag, at: Time) -> bool {
        if self.begun.replace(Instant::now()).is_none() && !self.line.hand_on(at, What::Begin).await {
            return false;
        }
        let what = match tag.kind {
            TagKind::Video => What::Video { timestamp_ms: self.timeline.unwrap(tag.timestamp), body: tag.body },
            TagKind::Audio => What::Audio { timestamp_ms: self.timeline.unwrap(tag.timestamp), body: tag.body },
            TagKind::Script => match Metadata::parse(&tag.body) {
                Some(metadata) => What::Rotation(metadata.rotation.unwrap_or(0)),
                None => return true,
            },
        };
        self.line.hand_on(at, what).await
    }
}
