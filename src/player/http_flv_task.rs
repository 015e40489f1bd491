//! A session over HTTP-FLV: asked for, followed where it is sent, read tag by tag.

use super::What;
use super::net_task::Receiving;
use crate::api::notice::{Cause, End};
use crate::device::clock;
use crate::flow::net::Address;
use crate::flow::sessions::{broken, ours};
use crate::flv::{Reader, Tag, TagKind, Timeline};
use crate::http_flv::{Answer, Journey, MOST_HEAD, Target, Verdict, not_flv};
use crate::media::Time;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, LOCATION, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// From the connection to the first tag.
const FIRST_TAG: Duration = Duration::from_secs(5);
/// Without a byte for so long a running stream is taken for dead.
const SILENCE: Duration = Duration::from_secs(5);

/// Plays the stream of `url` until it ends.
pub async fn play(receiving: Receiving, url: &str) -> End {
    let stop = receiving.stop.clone();
    tokio::select! {
        end = run(&receiving, url) => end,
        () = stop.notified() => ours(),
    }
}

async fn run(receiving: &Receiving, url: &str) -> End {
    let mut journey = match Target::parse(url) {
        Ok(target) => Journey::new(target),
        Err(words) => return End { cause: Cause::Refused, words },
    };
    loop {
        // A server that sends us elsewhere gets no time of the next one.
        let (response, deadline) = match ask(receiving, journey.target()).await {
            Ok(answered) => answered,
            Err(end) => return end,
        };
        let field = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let answer = Answer {
            status: response.status().as_u16(),
            location: field(LOCATION),
            content_type: field(CONTENT_TYPE),
            content_encoding: field(CONTENT_ENCODING),
        };
        match journey.judge(answer) {
            Verdict::Refuse(end) => return end,
            Verdict::Follow(target) => tracing::info!("the stream is elsewhere: {target}"),
            Verdict::Stream => {
                receiving.session.connected();
                return Body { receiving, reader: Reader::new(), timeline: Timeline::new(), begun: false }
                    .run(response.into_body(), deadline)
                    .await;
            }
        }
    }
}

/// Connects and asks; the answer's head, and until when the first tag has to be there.
async fn ask(receiving: &Receiving, target: &Target) -> Result<(Response<Incoming>, Instant), End> {
    let address = Address { host: target.host().to_owned(), port: target.port(), tls: target.tls() };
    let stream = receiving.dialer.connect(&address).await?;
    let deadline = Instant::now() + FIRST_TAG;
    let fail = |words: String| End { cause: Cause::Handshake, words };
    let request = Request::get(target.path())
        .header(HOST, target.authority())
        .header(USER_AGENT, crate::flv::metadata::ENCODER)
        .header(ACCEPT, "video/x-flv, */*")
        .header(ACCEPT_ENCODING, "identity")
        .body(Empty::<Bytes>::new())
        .map_err(|error| fail(format!("no request can be made of this URL: {error}")))?;
    let asking = async {
        let mut client = hyper::client::conn::http1::Builder::new();
        client.max_buf_size(MOST_HEAD);
        let (mut sender, connection) = client.handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // Its errors reach whoever reads the body.
            let _ = connection.await;
        });
        sender.send_request(request).await
    };
    match timeout_at(deadline, asking).await {
        Ok(Ok(response)) => Ok((response, deadline)),
        Ok(Err(error)) => Err(fail(format!("no HTTP answer: {}", reason(&error)))),
        Err(_) => Err(fail("no HTTP answer within 5 s".into())),
    }
}

/// hyper's words with the reason below them.
fn reason(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

struct Body<'a> {
    receiving: &'a Receiving,
    reader: Reader,
    timeline: Timeline,
    begun: bool,
}

impl Body<'_> {
    async fn run(&mut self, mut body: Incoming, first_tag: Instant) -> End {
        let mut beginning: Option<Bytes> = None;
        loop {
            let deadline = if self.begun { Instant::now() + SILENCE } else { first_tag };
            let frame = match timeout_at(deadline, body.frame()).await {
                Err(_) if self.begun => return broken("the server fell silent"),
                Err(_) => return End { cause: Cause::Handshake, words: "no FLV tag within 5 s".into() },
                Ok(None) => return End { cause: Cause::Closed, words: "the server ended the stream".into() },
                Ok(Some(Err(error))) => return broken(&format!("the connection broke: {}", reason(&error))),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(data) = frame.into_data() else { continue };
            let at = clock::now();
            self.receiving.session.received(data.len());
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
                    Err(_) if !self.begun => return not_flv(&beginning.unwrap_or_default()),
                    Err(error) => return broken(&error.to_string()),
                }
            }
        }
    }

    async fn take(&mut self, tag: Tag, at: Time) -> bool {
        if !std::mem::replace(&mut self.begun, true) {
            self.receiving.session.stream_begin();
            if !self.receiving.hand_on(at, What::Begin).await {
                return false;
            }
        }
        let what = match tag.kind {
            TagKind::Video => What::Video { timestamp_ms: self.timeline.unwrap(tag.timestamp), body: tag.body },
            TagKind::Audio => What::Audio { timestamp_ms: self.timeline.unwrap(tag.timestamp), body: tag.body },
            _ => return true,
        };
        self.receiving.hand_on(at, what).await
    }
}
