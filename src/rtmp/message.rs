//! What messages say: control values, user control events, commands and data; read within bounds and written.
//!
//! What is not known is a value of its own, never an error: servers add events and commands as they like.

use super::chunk::{Message, csid, kind};
use crate::flv::amf::{self, Value};
use bytes::Bytes;

/// The content of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Bytes the peer received so far, modulo 2^32 (spec 5.4.3).
    Acknowledgement(u32),
    /// The peer wants an acknowledgement at least every so many bytes (spec 5.4.4).
    WindowAckSize(u32),
    /// The peer asks for a Window Acknowledgement Size of `size` (spec 5.4.5).
    SetPeerBandwidth {
        size: u32,
        limit: u8,
    },
    UserControl(UserControl),
    Command(Command),
    /// Script data: as a rule a name and a value.
    Data(Vec<Value>),
    Audio(Bytes),
    Video(Bytes),
    /// Several media messages in one, see [`parts`].
    Aggregate(Bytes),
    /// A message of a type that is of no use here.
    Unknown(u8),
}

/// User control events (spec 7.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserControl {
    StreamBegin(u32),
    StreamEof(u32),
    StreamDry(u32),
    SetBufferLength {
        stream: u32,
        milliseconds: u32,
    },
    StreamIsRecorded(u32),
    PingRequest(u32),
    PingResponse(u32),
    /// Any other event, by its number.
    Other(u16),
}

/// A command (spec 7.2.1), a reply to one, or a status.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    pub name: String,
    /// Joins a reply to its command; 0 when there is none, or when the peer left it out.
    pub transaction: f64,
    pub object: Value,
    pub arguments: Vec<Value>,
}

/// Why a message is worthless; the connection goes on without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    #[error("a message of type {0} is too short")]
    Short(u8),
    #[error(transparent)]
    Amf(#[from] amf::Error),
    #[error("a command without a name")]
    Nameless,
}

/// Reads a whole message.
///
/// # Errors
/// What makes it worthless. Nothing that is merely unknown.
pub fn content(message: &Message) -> Result<Content, BadMessage> {
    let payload = &message.payload;
    let short = BadMessage::Short(message.kind);
    Ok(match message.kind {
        kind::ACKNOWLEDGEMENT => Content::Acknowledgement(be32(payload, 0).ok_or(short)?),
        kind::WINDOW_ACK_SIZE => Content::WindowAckSize(be32(payload, 0).ok_or(short)?),
        kind::SET_PEER_BANDWIDTH => Content::SetPeerBandwidth {
            size: be32(payload, 0).ok_or(short)?,
            limit: payload.get(4).copied().unwrap_or_default(),
        },
        kind::USER_CONTROL => Content::UserControl(read_event(payload).ok_or(short)?),
        kind::AUDIO => Content::Audio(payload.clone()),
        kind::VIDEO => Content::Video(payload.clone()),
        kind::AGGREGATE => Content::Aggregate(payload.clone()),
        kind::DATA_AMF0 => Content::Data(amf::read(payload)?),
        kind::DATA_AMF3 => Content::Data(amf::read(behind_format(payload))?),
        kind::COMMAND_AMF0 => Content::Command(read_command(payload)?),
        kind::COMMAND_AMF3 => Content::Command(read_command(behind_format(payload))?),
        other => Content::Unknown(other),
    })
}

/// The messages inside an aggregate that came at `timestamp`: kind, time stamp and body of each (spec 7.1.6).
///
/// The stamps inside are relative to the first one, which stands for the aggregate's own. Ends at the first
/// damaged part.
pub fn parts(timestamp: u32, body: &Bytes) -> impl Iterator<Item = (u8, u32, Bytes)> {
    let mut rest = body.clone();
    let mut first = None;
    std::iter::from_fn(move || {
        let header: [u8; 11] = rest.get(..11)?.try_into().ok()?;
        let [kind, l1, l2, l3, t1, t2, t3, t4, ..] = header;
        let length = u32::from_be_bytes([0, l1, l2, l3]) as usize;
        let stamp = u32::from_be_bytes([t4, t1, t2, t3]);
        if rest.len() < 11 + length {
            return None;
        }
        let part = rest.slice(11..11 + length);
        // Four bytes behind each part repeat its length.
        rest = rest.slice((11 + length + 4).min(rest.len())..);
        let offset = stamp.wrapping_sub(*first.get_or_insert(stamp));
        Some((kind, timestamp.wrapping_add(offset), part))
    })
}

impl Command {
    /// A command without command object.
    pub fn new(name: &str, transaction: f64, arguments: Vec<Value>) -> Self {
        Self { name: name.into(), transaction, object: Value::Null, arguments }
    }

    /// The argument at `index` as text; empty when it is none.
    pub fn text(&self, index: usize) -> &str {
        self.arguments.get(index).and_then(Value::as_str).unwrap_or_default()
    }

    /// The argument at `index` as a number.
    pub fn number(&self, index: usize) -> Option<f64> {
        self.arguments.get(index).and_then(Value::as_number)
    }

    /// A property of the information object that replies and statuses carry; empty when it is not there.
    pub fn info(&self, name: &str) -> &str {
        self.arguments.iter().find_map(|value| value.get(name)).and_then(Value::as_str).unwrap_or_default()
    }

    /// The command as a message on message stream `stream`.
    pub fn message(&self, stream: u32) -> Message {
        let mut values = vec![self.name.as_str().into(), self.transaction.into(), self.object.clone()];
        values.extend_from_slice(&self.arguments);
        let payload = amf::to_bytes(&values);
        Message { csid: csid::COMMAND, timestamp: 0, kind: kind::COMMAND_AMF0, stream, payload }
    }
}

impl UserControl {
    /// The event as a message.
    pub fn message(self) -> Message {
        let (event, first, second) = match self {
            Self::StreamBegin(stream) => (0, stream, None),
            Self::StreamEof(stream) => (1, stream, None),
            Self::StreamDry(stream) => (2, stream, None),
            Self::SetBufferLength { stream, milliseconds } => (3, stream, Some(milliseconds)),
            Self::StreamIsRecorded(stream) => (4, stream, None),
            Self::PingRequest(time) => (6, time, None),
            Self::PingResponse(time) => (7, time, None),
            Self::Other(event) => (event, 0, None),
        };
        let mut payload = Vec::with_capacity(10);
        payload.extend_from_slice(&u16::to_be_bytes(event));
        payload.extend_from_slice(&first.to_be_bytes());
        payload.extend(second.iter().flat_map(|value: &u32| value.to_be_bytes()));
        control(kind::USER_CONTROL, payload)
    }
}

/// An Acknowledgement of `total` bytes received since the connection began.
pub fn acknowledgement(total: u64) -> Message {
    control(kind::ACKNOWLEDGEMENT, (total as u32).to_be_bytes().into())
}

/// A Window Acknowledgement Size.
pub fn window_ack_size(size: u32) -> Message {
    control(kind::WINDOW_ACK_SIZE, size.to_be_bytes().into())
}

/// A Set Peer Bandwidth with the limit type "dynamic".
pub fn set_peer_bandwidth(size: u32) -> Message {
    control(kind::SET_PEER_BANDWIDTH, [&size.to_be_bytes()[..], &[2]].concat())
}

/// Script data at `timestamp` on message stream `stream`.
pub fn data(stream: u32, timestamp: u32, values: &[Value]) -> Message {
    Message { csid: csid::DATA, timestamp, kind: kind::DATA_AMF0, stream, payload: amf::to_bytes(values) }
}

/// A sound message.
pub fn audio(stream: u32, timestamp: u32, payload: Bytes) -> Message {
    Message { csid: csid::AUDIO, timestamp, kind: kind::AUDIO, stream, payload }
}

/// A video message.
pub fn video(stream: u32, timestamp: u32, payload: Bytes) -> Message {
    Message { csid: csid::VIDEO, timestamp, kind: kind::VIDEO, stream, payload }
}

fn control(kind: u8, payload: Vec<u8>) -> Message {
    Message { csid: csid::CONTROL, timestamp: 0, kind, stream: 0, payload: payload.into() }
}

fn read_event(payload: &[u8]) -> Option<UserControl> {
    let &[high, low] = payload.get(..2)? else { return None };
    let value = be32(payload, 2);
    Some(match u16::from_be_bytes([high, low]) {
        0 => UserControl::StreamBegin(value?),
        1 => UserControl::StreamEof(value?),
        2 => UserControl::StreamDry(value?),
        3 => UserControl::SetBufferLength { stream: value?, milliseconds: be32(payload, 6)? },
        4 => UserControl::StreamIsRecorded(value?),
        6 => UserControl::PingRequest(value?),
        7 => UserControl::PingResponse(value?),
        other => UserControl::Other(other),
    })
}

/// Values that are missing or damaged behind the name are taken as absent: replies are judged by what they have.
fn read_command(payload: &[u8]) -> Result<Command, BadMessage> {
    let (values, error) = amf::read_prefix(payload);
    let mut values = values.into_iter();
    let Some(Value::String(name)) = values.next() else {
        return Err(error.map_or(BadMessage::Nameless, BadMessage::Amf));
    };
    let transaction = values.next().and_then(|value| value.as_number()).unwrap_or_default();
    let object = values.next().unwrap_or(Value::Null);
    Ok(Command { name, transaction, object, arguments: values.collect() })
}

/// Type 15 and 17 messages have one byte of format ahead of what is AMF0 after all.
fn behind_format(payload: &[u8]) -> &[u8] {
    match payload {
        [0, rest @ ..] => rest,
        all => all,
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).and_then(|field| field.try_into().ok()).map(u32::from_be_bytes)
}
