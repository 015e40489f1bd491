//! Messages in, bytes out: the writer that keeps sound moving while a picture is on its way.
//!
//! A 40 KiB IDR at 500 kbit/s takes 650 ms. Control messages and sound go between the chunks of a running video
//! message, so they wait for one chunk at most.

use super::chunk::{DEFAULT_CHUNK_SIZE, EXTENDED, Message, csid, kind};
use bytes::Bytes;
use std::collections::VecDeque;

/// Most bytes of control messages, and again of sound, that may wait.
const WAITING_MAX: usize = 256 << 10;

/// Bytes of one chunk's payload: 1024 to 4096.
///
/// Smaller wastes headers, larger keeps sound waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkSize(usize);

impl ChunkSize {
    /// `size` when it is in 1024 ..= 4096.
    pub fn new(size: usize) -> Option<Self> {
        (1024..=4096).contains(&size).then_some(Self(size))
    }
}

impl Default for ChunkSize {
    /// 1024 bytes: 16 ms at 500 kbit/s.
    fn default() -> Self {
        Self(1024)
    }
}

/// Too many bytes wait already: the peer reads too slowly for what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much is waiting to be sent")]
pub struct Overflow;

/// Writes chunks. Control messages go first, then sound, then pictures.
#[derive(Debug)]
pub struct ChunkWriter {
    chunk_size: usize,
    interleave: bool,
    /// What was last begun on each chunk stream.
    last: [Option<Last>; 64],
    control: VecDeque<Message>,
    sound: VecDeque<Message>,
    video: Option<Running>,
    control_bytes: usize,
    sound_bytes: usize,
    out: Vec<u8>,
    /// Bytes of `out` that were sent.
    sent: usize,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    timestamp: u32,
    stream: u32,
}

/// The video message that is on its way: what is left of it, and how its continuation chunks begin.
#[derive(Debug)]
struct Running {
    message: Message,
    written: usize,
    /// The extended time stamp, which continuation chunks repeat.
    extended: Option<u32>,
}

impl Default for ChunkWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkWriter {
    /// A writer at the beginning of a connection, with the default chunk size of 128 bytes.
    pub fn new() -> Self {
        Self {
            chunk_size: DEFAULT_CHUNK_SIZE,
            interleave: true,
            last: [None; 64],
            control: VecDeque::new(),
            sound: VecDeque::new(),
            video: None,
            control_bytes: 0,
            sound_bytes: 0,
            out: Vec::new(),
            sent: 0,
        }
    }

    /// Writes every video message in one piece, for peers that can not read interleaved ones.
    pub fn without_interleaving(mut self) -> Self {
        self.interleave = false;
        self
    }

    /// Sends Set Chunk Size and writes larger chunks from there on.
    ///
    /// To be called between messages, as a rule first of all.
    pub fn set_chunk_size(&mut self, size: ChunkSize) {
        let payload = Bytes::copy_from_slice(&(size.0 as u32).to_be_bytes());
        let message = Message { csid: csid::CONTROL, timestamp: 0, kind: kind::SET_CHUNK_SIZE, stream: 0, payload };
        self.write_small_messages();
        self.write_whole(&message);
        self.chunk_size = size.0;
    }

    /// Takes a control, command or data message; it is written ahead of all media.
    ///
    /// # Errors
    /// [`Overflow`] when 256 KiB wait already.
    pub fn push_control(&mut self, message: Message) -> Result<(), Overflow> {
        if self.control_bytes + message.payload.len() > WAITING_MAX {
            return Err(Overflow);
        }
        self.control_bytes += message.payload.len();
        self.control.push_back(message);
        Ok(())
    }

    /// Takes a control message, which takes the place of an unwritten one of the same type (and, for user control
    /// events, of the same event), so that a peer that asks much and reads little fills no queue.
    ///
    /// # Errors
    /// [`Overflow`] when 256 KiB wait already.
    pub fn replace_control(&mut self, message: Message) -> Result<(), Overflow> {
        let what = |message: &Message| match message.kind {
            kind::USER_CONTROL => (message.kind, message.payload.get(..2).map(<[u8]>::to_vec)),
            kind => (kind, None),
        };
        match self.control.iter_mut().find(|waiting| what(waiting) == what(&message)) {
            Some(waiting) if waiting.payload.len() == message.payload.len() => {
                *waiting = message;
                Ok(())
            }
            _ => self.push_control(message),
        }
    }

    /// Takes a sound message; it is written ahead of the next chunk of video.
    ///
    /// # Errors
    /// [`Overflow`] when 256 KiB wait already.
    pub fn push_sound(&mut self, message: Message) -> Result<(), Overflow> {
        if self.sound_bytes + message.payload.len() > WAITING_MAX {
            return Err(Overflow);
        }
        self.sound_bytes += message.payload.len();
        self.sound.push_back(message);
        Ok(())
    }

    /// Takes a video message if none is on its way; gives it back otherwise.
    ///
    /// # Errors
    /// The message itself, untouched: [`Self::wants_video`] was false.
    pub fn push_video(&mut self, message: Message) -> Result<(), Message> {
        if self.video.is_some() {
            return Err(message);
        }
        self.video = Some(Running { message, written: 0, extended: None });
        Ok(())
    }

    /// No video message is held: the next one may come.
    pub fn wants_video(&self) -> bool {
        self.video.is_none()
    }

    /// Sound messages that wait to be written.
    pub fn sound_waiting(&self) -> usize {
        self.sound.len()
    }

    /// Nothing is left to be sent.
    pub fn is_idle(&self) -> bool {
        self.sent == self.out.len() && self.control.is_empty() && self.sound.is_empty() && self.video.is_none()
    }

    /// Bytes of messages and chunks taken over and not yet sent.
    pub fn backlog(&self) -> usize {
        let video = self.video.as_ref().map_or(0, |video| video.message.payload.len() - video.written);
        self.out.len() - self.sent + self.control_bytes + self.sound_bytes + video
    }

    /// Forgets all media, a message on its way included: nothing but control messages may follow on the connection.
    pub fn abandon_media(&mut self) {
        self.sound.clear();
        self.sound_bytes = 0;
        self.video = None;
    }

    /// The bytes to send next: about `budget` of them when there are as many, at most one chunk more; empty when
    /// there is nothing to send. Control messages and sound know no budget: with one of zero only they are begun. Tell with [`Self::sent`] how many went out.
    pub fn bytes(&mut self, budget: usize) -> &[u8] {
        if self.sent == self.out.len() {
            self.out.clear();
            self.sent = 0;
        }
        self.write_small_messages();
        while self.out.len() - self.sent < budget && self.write_video_chunk() {
            self.write_small_messages();
        }
        self.out.get(self.sent..).unwrap_or_default()
    }

    /// `count` of the bytes that [`Self::bytes`] showed went out.
    pub fn sent(&mut self, count: usize) {
        self.sent = (self.sent + count).min(self.out.len());
    }

    fn write_small_messages(&mut self) {
        while let Some(message) = self.control.pop_front() {
            self.control_bytes = self.control_bytes.saturating_sub(message.payload.len());
            self.write_whole(&message);
        }
        while let Some(message) = self.sound.pop_front() {
            self.sound_bytes = self.sound_bytes.saturating_sub(message.payload.len());
            self.write_whole(&message);
        }
    }

    /// Writes the next chunk of the running video message; false when there is none.
    fn write_video_chunk(&mut self) -> bool {
        let Some(mut video) = self.video.take() else { return false };
        loop {
            self.write_chunk(&mut video);
            if video.written == video.message.payload.len() {
                return true;
            }
            if self.interleave {
                self.video = Some(video);
                return true;
            }
        }
    }

    fn write_whole(&mut self, message: &Message) {
        let mut running = Running { message: message.clone(), written: 0, extended: None };
        loop {
            self.write_chunk(&mut running);
            if running.written == running.message.payload.len() {
                return;
            }
        }
    }

    fn write_chunk(&mut self, running: &mut Running) {
        if running.written == 0 {
            running.extended = self.write_header(&running.message);
        } else {
            self.out.push(3 << 6 | running.message.csid);
            if let Some(value) = running.extended {
                self.out.extend_from_slice(&value.to_be_bytes());
            }
        }
        let rest = running.message.payload.get(running.written..).unwrap_or_default();
        let part = rest.get(..self.chunk_size).unwrap_or(rest);
        self.out.extend_from_slice(part);
        running.written += part.len();
    }

    /// Begins `message` with a header of type 0, or of type 1 when its time is a small step on from the last
    /// message of the same stream; answers the extended time stamp, if one was needed.
    ///
    /// Receivers differ in what an extended or negative delta and a type 3 header that begins a message mean,
    /// so none of them is ever written.
    fn write_header(&mut self, message: &Message) -> Option<u32> {
        let now = Last { timestamp: message.timestamp, stream: message.stream };
        let last = self.last.get_mut(message.csid as usize).and_then(|last| last.replace(now));
        let last = last.filter(|last| last.stream == message.stream);
        let step = last.map(|last| message.timestamp.wrapping_sub(last.timestamp)).filter(|&step| step < EXTENDED);
        let (format, time) = step.map_or((0, message.timestamp), |step| (1, step));
        let [_, t @ ..] = time.min(EXTENDED).to_be_bytes();
        let [_, l @ ..] = (message.payload.len() as u32).to_be_bytes();
        self.out.push(format << 6 | message.csid);
        self.out.extend_from_slice(&t);
        self.out.extend_from_slice(&l);
        self.out.push(message.kind);
        if format == 0 {
            self.out.extend_from_slice(&message.stream.to_le_bytes());
        }
        let extended = (time >= EXTENDED).then_some(time);
        if let Some(value) = extended {
            self.out.extend_from_slice(&value.to_be_bytes());
        }
        extended
    }
}
