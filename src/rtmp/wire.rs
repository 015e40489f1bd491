//! What client and server have in common: handshake, chunks, acknowledgements, pings and counting.

use super::chunk::{ChunkError, Message};
use super::chunk_reader::ChunkReader;
use super::chunk_writer::{ChunkSize, ChunkWriter, Overflow};
use super::handshake::{Handshake, NoHandshake};
use super::message::{self, Content, UserControl};
use serde::Serialize;

/// What a connection counted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Messages that could not be read and were left out.
    pub bad_messages: u64,
    /// Media messages that nobody asked for, or without content.
    pub ignored_media: u64,
    /// Acknowledgements sent.
    pub acknowledgements: u64,
}

/// What one step of reading brought.
#[derive(Debug)]
pub(super) enum Incoming {
    /// The handshake is over.
    Ready,
    /// A message that is not the wire's own business.
    Message(Message, Content),
}

/// Why the connection can not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Handshake(#[from] NoHandshake),
    #[error(transparent)]
    Framing(#[from] ChunkError),
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// A server that talks this much before it answers does not mean us.
    #[error("more than {0} bytes came before the stream began")]
    TooMuchEarly(usize),
    #[error("{0} messages in a second could not be read")]
    TooManyBad(u64),
}

#[derive(Debug)]
pub(super) struct Wire {
    handshake: Option<Handshake>,
    /// Bytes of the handshake that wait to be sent.
    raw: Vec<u8>,
    reader: ChunkReader,
    pub writer: ChunkWriter,
    pub counters: Counters,
    /// The window the peer gave us; 0 asks for no acknowledgements.
    window: u32,
    acknowledged: u64,
    /// The last Window Acknowledgement Size we sent.
    announced: u32,
}

impl Wire {
    /// The side that speaks first.
    pub fn client(interleave: bool) -> Result<Self, NoHandshake> {
        let (handshake, raw) = Handshake::client()?;
        Ok(Self::new(handshake, raw, interleave))
    }

    /// The side that answers.
    pub fn server() -> Self {
        Self::new(Handshake::server(), Vec::new(), true)
    }

    fn new(handshake: Handshake, raw: Vec<u8>, interleave: bool) -> Self {
        let writer = if interleave { ChunkWriter::new() } else { ChunkWriter::new().without_interleaving() };
        Self {
            handshake: Some(handshake),
            raw,
            reader: ChunkReader::new(),
            writer,
            counters: Counters::default(),
            window: 0,
            acknowledged: 0,
            announced: 0,
        }
    }

    /// Takes bytes off the front of `input` until something came that the session has to know of, or none are left.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Incoming>, Broken> {
        let before = input.len();
        let incoming = self.read_on(input);
        self.counters.bytes_in += (before - input.len()) as u64;
        let incoming = incoming?;
        self.acknowledge()?;
        Ok(incoming)
    }

    fn read_on(&mut self, input: &mut &[u8]) -> Result<Option<Incoming>, Broken> {
        if let Some(handshake) = &mut self.handshake {
            if input.is_empty() || !handshake.read(input, &mut self.raw)? {
                return Ok(None);
            }
            self.handshake = None;
            return Ok(Some(Incoming::Ready));
        }
        while let Some(message) = self.reader.read(input)? {
            match message::content(&message) {
                Err(_) => self.counters.bad_messages += 1,
                Ok(content) => {
                    if let Some(content) = self.answer(content)? {
                        return Ok(Some(Incoming::Message(message, content)));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Does what control messages ask for; hands all other content through.
    fn answer(&mut self, content: Content) -> Result<Option<Content>, Overflow> {
        match content {
            Content::WindowAckSize(size) => self.window = size,
            Content::SetPeerBandwidth { size, .. } => {
                if size != self.announced {
                    self.announce_window(size)?;
                }
            }
            Content::UserControl(UserControl::PingRequest(time)) => {
                self.writer.replace_control(UserControl::PingResponse(time).message())?;
            }
            Content::Acknowledgement(_) | Content::Unknown(_) => {}
            other => return Ok(Some(other)),
        }
        Ok(None)
    }

    /// Sends an Acknowledgement once half the peer's window came in since the last one (spec 5.4.3: the running
    /// total, modulo 2^32).
    fn acknowledge(&mut self) -> Result<(), Overflow> {
        let total = self.counters.bytes_in;
        if self.window == 0 || total - self.acknowledged < u64::from(self.window.div_ceil(2)) {
            return Ok(());
        }
        self.acknowledged = total;
        self.counters.acknowledgements += 1;
        self.writer.replace_control(message::acknowledgement(total))
    }

    /// Sends a Window Acknowledgement Size.
    pub fn announce_window(&mut self, size: u32) -> Result<(), Overflow> {
        self.announced = size;
        self.writer.replace_control(message::window_ack_size(size))
    }

    /// Sends Set Chunk Size and writes larger chunks from there on.
    pub fn set_chunk_size(&mut self, size: ChunkSize) {
        self.writer.set_chunk_size(size);
    }

    /// The next bytes to send, see [`ChunkWriter::bytes`].
    pub fn bytes(&mut self, budget: usize) -> &[u8] {
        if self.raw.is_empty() { self.writer.bytes(budget) } else { &self.raw }
    }

    /// `count` of those bytes went out.
    pub fn sent(&mut self, count: usize) {
        self.counters.bytes_out += count as u64;
        if self.raw.is_empty() {
            self.writer.sent(count);
        } else {
            self.raw.drain(..count.min(self.raw.len()));
        }
    }

    /// Nothing is left to be sent.
    pub fn is_idle(&self) -> bool {
        self.raw.is_empty() && self.writer.is_idle()
    }

    /// Bytes taken over and not yet sent.
    pub fn backlog(&self) -> usize {
        self.raw.len() + self.writer.backlog()
    }

    /// What was counted, the reader's share included.
    pub fn counters(&self) -> Counters {
        let bad_messages = self.counters.bad_messages + self.reader.malformed();
        Counters { bad_messages, ..self.counters }
    }
}
