//! Bytes in, whole messages out: the bounded reader of RTMP chunks.
//!
//! Every chunk stream assembles its own message, so interleaving is read as it was meant. Set Chunk Size and
//! Abort act here and are not handed out.

use super::chunk::{ChunkError, DEFAULT_CHUNK_SIZE, EXTENDED, Message, kind, size_limit};
use bytes::Bytes;

/// Most bytes that unfinished messages of one connection may hold together.
pub const BUDGET: usize = 4 << 20;

/// Chunk streams of the one-byte basic header (spec 5.3.1.1).
const STREAMS: usize = 64;

/// Longest header: basic 1, message 11, extended time stamp 4.
const HEADER_MAX: usize = 16;

/// Reads chunks. After an error it is useless: the place of the next header is unknown.
#[derive(Debug)]
pub struct ChunkReader {
    chunk_size: usize,
    streams: Box<[Stream; STREAMS]>,
    /// Bytes not yet understood as a header, and those that turned out to be payload after all.
    head: Head,
    /// The chunk whose payload is being read: its stream and the bytes it still brings.
    chunk: Option<(u8, usize)>,
    held: usize,
    malformed: u64,
}

#[derive(Debug, Default)]
struct Head {
    bytes: [u8; HEADER_MAX],
    len: usize,
}

/// A chunk stream: its last header and the message being put together.
#[derive(Debug, Default)]
struct Stream {
    known: bool,
    timestamp: u32,
    /// The time stamp field's value of the last header: what a type 3 chunk that begins a message adds.
    delta: u32,
    /// The last type 0, 1 or 2 header had the extended field.
    extended: bool,
    length: usize,
    kind: u8,
    message_stream: u32,
    partial: Option<Vec<u8>>,
}

/// A header as it stands on the wire.
struct Header {
    csid: u8,
    /// Begins a message, as opposed to going on with one.
    begins: bool,
    format: u8,
    /// The time stamp or delta, resolved from the extended field; of a type 3 header only when it was read.
    time: Option<u32>,
    extended: bool,
    used: usize,
}

impl Default for ChunkReader {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkReader {
    /// A reader at the beginning of a connection, after the handshake.
    pub fn new() -> Self {
        Self {
            chunk_size: DEFAULT_CHUNK_SIZE,
            streams: Box::new(std::array::from_fn(|_| Stream::default())),
            head: Head::default(),
            chunk: None,
            held: 0,
            malformed: 0,
        }
    }

    /// Takes bytes off the front of `input` until a message is whole or `input` is empty.
    ///
    /// # Errors
    /// The stream breaks the rules of framing or a bound; the connection has to be closed.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Message>, ChunkError> {
        loop {
            let done = match self.chunk {
                Some((csid, left)) => self.read_payload(csid, left, input)?,
                None => self.read_header(input)?,
            };
            match done {
                Step::Message(message) => {
                    if let Some(message) = self.act_on(message)? {
                        return Ok(Some(message));
                    }
                }
                Step::Again => {}
                Step::Starved => return Ok(None),
            }
        }
    }

    /// Bytes that unfinished messages have been granted, never more than [`BUDGET`].
    pub fn held(&self) -> usize {
        self.held
    }

    /// Set Chunk Size and Abort messages of a wrong length, which were ignored.
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    fn read_header(&mut self, input: &mut &[u8]) -> Result<Step, ChunkError> {
        let header = loop {
            if let Some(header) = self.parse_header()? {
                break header;
            }
            let Some((&byte, rest)) = input.split_first() else { return Ok(Step::Starved) };
            *input = rest;
            self.head.push(byte);
        };
        let fields = self.head.take(header.used);
        let Some(stream) = self.streams.get_mut(header.csid as usize) else { return Err(ChunkError::StreamId) };
        if header.begins {
            if stream.partial.take().is_some() {
                self.held = self.held.saturating_sub(stream.length);
            }
            stream.begin(&header, fields.unread())?;
            self.held += stream.length;
            if self.held > BUDGET {
                return Err(ChunkError::Budget(self.held));
            }
            stream.partial = Some(Vec::with_capacity(stream.length));
        }
        let left = stream.length - stream.partial.as_ref().map_or(0, Vec::len);
        self.chunk = Some((header.csid, left.min(self.chunk_size)));
        Ok(Step::Again)
    }

    /// Understands the header in `head`; `None` asks for one more byte.
    fn parse_header(&self) -> Result<Option<Header>, ChunkError> {
        let bytes = self.head.unread();
        let Some(&basic) = bytes.first() else { return Ok(None) };
        let (format, csid) = (basic >> 6, basic & 0x3F);
        if csid < 2 {
            return Err(ChunkError::StreamId);
        }
        let Some(stream) = self.streams.get(csid as usize) else { return Err(ChunkError::StreamId) };
        if format != 0 && !stream.known {
            return Err(ChunkError::NoPreviousHeader(csid));
        }
        let fixed = 1 + [11, 7, 3, 0][format as usize];
        let begins = format != 3 || stream.partial.is_none();
        let mut header = Header { csid, begins, format, time: None, extended: false, used: fixed };
        if format == 3 {
            if !stream.extended {
                return Ok(Some(header));
            }
            let field = bytes.get(fixed..).unwrap_or_default();
            // Most peers repeat the field on continuation chunks, some do not: a continuation has it only when
            // the same value stands there.
            let expected = stream.delta.to_be_bytes();
            if !begins && field.iter().zip(&expected).any(|(have, want)| have != want) {
                return Ok(Some(header));
            }
        } else {
            let Some(field) = bytes.get(1..4) else { return Ok(None) };
            let value = be24(field);
            if value != EXTENDED {
                header.time = Some(value);
                return Ok((bytes.len() >= fixed).then_some(header));
            }
        }
        let Some(&[a, b, c, d]) = bytes.get(fixed..fixed + 4) else { return Ok(None) };
        header.time = Some(u32::from_be_bytes([a, b, c, d]));
        header.extended = true;
        header.used = fixed + 4;
        Ok(Some(header))
    }

    fn read_payload(&mut self, csid: u8, left: usize, input: &mut &[u8]) -> Result<Step, ChunkError> {
        let Some(stream) = self.streams.get_mut(csid as usize) else { return Err(ChunkError::StreamId) };
        let Some(partial) = stream.partial.as_mut() else {
            self.chunk = None;
            return Ok(Step::Again);
        };
        let mut left = left;
        let early = self.head.take(left);
        partial.extend_from_slice(early.unread());
        left -= early.len;
        let (now, later) = input.split_at(left.min(input.len()));
        partial.extend_from_slice(now);
        *input = later;
        left -= now.len();
        if left > 0 {
            self.chunk = Some((csid, left));
            return Ok(Step::Starved);
        }
        self.chunk = None;
        if partial.len() < stream.length {
            return Ok(Step::Again);
        }
        self.held = self.held.saturating_sub(stream.length);
        let payload = Bytes::from(stream.partial.take().unwrap_or_default());
        let (timestamp, kind, message_stream) = (stream.timestamp, stream.kind, stream.message_stream);
        Ok(Step::Message(Message { csid, timestamp, kind, stream: message_stream, payload }))
    }

    /// Obeys the messages that are about chunks; hands all others through.
    fn act_on(&mut self, message: Message) -> Result<Option<Message>, ChunkError> {
        if !matches!(message.kind, kind::SET_CHUNK_SIZE | kind::ABORT) {
            return Ok(Some(message));
        }
        let Ok(value) = <[u8; 4]>::try_from(&message.payload[..]).map(u32::from_be_bytes) else {
            self.malformed += 1;
            return Ok(None);
        };
        if message.kind == kind::SET_CHUNK_SIZE {
            if value == 0 || value >> 31 != 0 {
                return Err(ChunkError::ChunkSize(value));
            }
            // No message is longer than 0xFFFFFF, so every greater size means the same (spec 5.4.1).
            self.chunk_size = value.min(0xFF_FFFF) as usize;
        } else if let Some(stream) = usize::try_from(value).ok().and_then(|csid| self.streams.get_mut(csid))
            && stream.partial.take().is_some()
        {
            self.held = self.held.saturating_sub(stream.length);
        }
        Ok(None)
    }
}

enum Step {
    Message(Message),
    Again,
    Starved,
}

impl Stream {
    /// Takes over a header that begins a message; `fields` is the header's bytes.
    fn begin(&mut self, header: &Header, fields: &[u8]) -> Result<(), ChunkError> {
        if header.format < 2
            && let Some(&[a, b, c, kind]) = fields.get(4..8)
        {
            (self.length, self.kind) = (be24(&[a, b, c]) as usize, kind);
        }
        if header.format == 0
            && let Some(&[a, b, c, d]) = fields.get(8..12)
        {
            self.message_stream = u32::from_le_bytes([a, b, c, d]);
        }
        let limit = size_limit(self.kind);
        if self.length > limit {
            return Err(ChunkError::TooLong { kind: self.kind, length: self.length, limit });
        }
        if header.format != 3 {
            self.extended = header.extended;
        }
        self.delta = header.time.unwrap_or(self.delta);
        self.timestamp = if header.format == 0 { self.delta } else { self.timestamp.wrapping_add(self.delta) };
        self.known = true;
        Ok(())
    }
}

impl Head {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }
    fn unread(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
    /// Splits the first `count` bytes off, or all when there are fewer.
    fn take(&mut self, count: usize) -> Head {
        let count = count.min(self.len);
        let front = Head { bytes: self.bytes, len: count };
        self.bytes.copy_within(count..self.len, 0);
        self.len -= count;
        front
    }
}

fn be24(bytes: &[u8]) -> u32 {
    bytes.iter().take(3).fold(0, |value, &byte| value << 8 | u32::from(byte))
}
