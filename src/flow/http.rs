//! Asking a web server: over the [`Dialer`], elsewhere when it says so, each answer within its time.

use super::net::{Address, Dialer};
use crate::api::notice::{Cause, End};
use crate::http_flv::{Answer, Journey, MOST_HEAD, Target, Verdict};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, LOCATION, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The answer that holds what is wanted.
pub struct Found {
    pub response: Response<Incoming>,
    /// When the time since the last connection is over.
    pub deadline: Instant,
    /// The socket below, to be asked how the connection is.
    pub socket: OwnedFd,
}

/// Asks for what `journey` wants, and where it is sent. Within `time` since a connection the head of its answer has to be
/// there.
pub async fn get(dialer: &Dialer, journey: &mut Journey, time: Duration) -> Result<Found, End> {
    loop {
        // A server that sends us elsewhere gets no time of the next one.
        let found = ask(dialer, journey.target(), journey.wanted().accept(), time).await?;
        let field = |name: HeaderName| found.response.headers().get(name).and_then(|value| value.to_str().ok());
        let answer = Answer {
            status: found.response.status().as_u16(),
            location: field(LOCATION),
            content_type: field(CONTENT_TYPE),
            content_encoding: field(CONTENT_ENCODING),
        };
        match journey.judge(answer) {
            Verdict::Refuse(end) => return Err(end),
            Verdict::Follow(target) => tracing::debug!("what is asked for is elsewhere: {target}"),
            Verdict::Here => return Ok(found),
        }
    }
}

async fn ask(dialer: &Dialer, target: &Target, accept: &str, time: Duration) -> Result<Found, End> {
    let address = Address { host: target.host().to_owned(), port: target.port(), tls: target.tls() };
    let stream = dialer.connect(&address).await?;
    let deadline = Instant::now() + time;
    let fail = |words: String| End { cause: Cause::Handshake, words };
    let socket = stream.as_fd().try_clone_to_owned();
    let socket = socket.map_err(|error| fail(format!("no descriptor is left: {error}")))?;
    let request = Request::get(target.path())
        .header(HOST, target.authority())
        .header(USER_AGENT, crate::flv::metadata::ENCODER)
        .header(ACCEPT, accept)
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
        Ok(Ok(response)) => Ok(Found { response, deadline, socket }),
        Ok(Err(error)) => Err(fail(format!("no HTTP answer: {}", reason(&error)))),
        Err(_) => Err(fail(format!("no HTTP answer within {} s", time.as_secs()))),
    }
}

/// hyper's words with the reason below them.
pub fn reason(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
