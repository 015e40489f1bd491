//! What a client has to tell: progress, media, and why it is over.

use crate::api::notice::{Cause, End};
use crate::flv::amf::Value;
use crate::rtmp::url::redact;
use crate::rtmp::wire::Broken;
use bytes::Bytes;
use std::fmt;

/// Most bytes of a server's words that are kept.
const WORDS_MAX: usize = 256;

/// News of a session, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The server accepted `connect`.
    Connected,
    /// The server said NetStream.Publish.Start: media may be sent. Some servers say so and then close.
    Publishing,
    /// The server said NetStream.Play.Start or sent media. Comes again after [`Event::StreamEnded`] when the
    /// publisher is back; time stamps may then begin anew.
    PlayStarted,
    /// The value of an onMetaData message.
    Metadata(Value),
    /// An FLV video body.
    Video {
        /// Never wraps.
        timestamp_ms: i64,
        body: Bytes,
    },
    /// An FLV sound body.
    Audio {
        /// Never wraps.
        timestamp_ms: i64,
        body: Bytes,
    },
    /// The publisher ended the stream; the connection stays.
    StreamEnded,
    /// It is over; nothing follows.
    Closed(Reason),
}

/// How far a session was when it took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Handshake,
    /// `connect` and its result.
    Connect,
    /// From `createStream` to the status of `publish`; playing, to the result of `createStream`.
    Stream,
    /// Playing, and then not a byte.
    Media,
}

/// What a server says to whoever wants to play what nobody publishes (Adobe's NetStream info codes).
const NOT_FOUND: &str = "NetStream.Play.StreamNotFound";

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// We stopped it.
    Ours,
    /// What came in is no RTMP handshake, or the server closed in the middle of it.
    Handshake(String),
    /// The server said no, now or in the middle of a stream.
    Refused {
        /// As in `NetStream.Publish.BadName`.
        code: String,
        /// The server's description without secrets, at most 256 bytes.
        words: String,
    },
    /// Playing: the server closed the connection and had sent nothing of the stream, which is how some say that nobody
    /// publishes it.
    NothingSent,
    /// The server closed the connection.
    ServerClosed,
    /// The server broke the rules.
    Protocol {
        broken: Broken,
        /// It had accepted `connect` before.
        connected: bool,
    },
    /// The server did not answer in time.
    Timeout(Step),
}

impl Reason {
    /// A refusal by `code`; secrets in the server's `words` are hidden and what is too long is cut off.
    pub(super) fn refused(code: &str, words: &str) -> Self {
        Self::Refused { code: clip(code), words: clip(words) }
    }

    /// The kind of ending for the appliance's rules.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Ours => Cause::Ours,
            Self::Handshake(_) | Self::Timeout(Step::Handshake | Step::Connect) => Cause::Handshake,
            Self::Protocol { connected: false, .. } => Cause::Handshake,
            Self::Refused { code, .. } if code == NOT_FOUND => Cause::Absent,
            Self::NothingSent => Cause::Absent,
            Self::Refused { .. } => Cause::Refused,
            Self::ServerClosed => Cause::Closed,
            Self::Protocol { .. } | Self::Timeout(_) => Cause::Broken,
        }
    }

    /// Kind and words together, as a worker reports them.
    pub fn end(&self) -> End {
        End { cause: self.cause(), words: self.to_string() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours => f.write_str("stopped"),
            Self::Handshake(words) => f.write_str(words),
            Self::Refused { code, words } if words.is_empty() => write!(f, "the server refused: {code}"),
            Self::Refused { code, words } => write!(f, "the server refused: {code} ({words})"),
            Self::NothingSent => f.write_str("the server closed without the stream: perhaps nobody sends it"),
            Self::ServerClosed => f.write_str("the server closed the connection"),
            Self::Protocol { broken, .. } => write!(f, "the server broke the protocol: {broken}"),
            Self::Timeout(Step::Handshake) => f.write_str("the server did not finish the handshake in time"),
            Self::Timeout(Step::Connect) => f.write_str("the server did not answer connect in time"),
            Self::Timeout(Step::Stream) => f.write_str("the server did not begin the stream in time"),
            Self::Timeout(Step::Media) => f.write_str("the server fell silent"),
        }
    }
}

fn clip(text: &str) -> String {
    let mut text = redact(text);
    let end = (0..=WORDS_MAX.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    text.truncate(end);
    text
}
