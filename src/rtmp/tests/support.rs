//! A scripted server that says what a test wants it to, and ways to drive both ends.

use crate::flv::amf::Value;
use crate::media::Time;
use crate::rtmp::chunk::Message;
use crate::rtmp::chunk_reader::ChunkReader;
use crate::rtmp::chunk_writer::ChunkWriter;
use crate::rtmp::client::{Client, Config, Event};
use crate::rtmp::handshake::Handshake;
use crate::rtmp::message::{self, Command, Content};
use crate::rtmp::url::RtmpUrl;
use bytes::Bytes;

pub const T0: Time = Time::from_micros(1_000_000);

pub fn url() -> RtmpUrl {
    RtmpUrl::parse("rtmp://127.0.0.1/live/door?txSecret=s3cret&txTime=5C271099").unwrap()
}

/// Everything the client has to send, in pieces of at most `piece` bytes as a busy socket takes them.
pub fn drain(client: &mut Client, piece: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let bytes = client.poll_transmit(4096);
        let count = bytes.len().min(piece);
        out.extend_from_slice(&bytes[..count]);
        if count == 0 {
            return out;
        }
        client.transmitted(count);
    }
}

pub fn events(client: &mut Client) -> Vec<Event> {
    std::iter::from_fn(|| client.poll_event()).collect()
}

/// Reads whole messages out of chunk bytes.
pub fn read_all(reader: &mut ChunkReader, mut bytes: &[u8]) -> Vec<Message> {
    std::iter::from_fn(|| reader.read(&mut bytes).unwrap()).collect()
}

/// The bytes of `messages` written in order.
pub fn chunks(messages: &[Message]) -> Vec<u8> {
    let mut writer = ChunkWriter::new();
    messages.iter().flat_map(|message| write(&mut writer, message)).collect()
}

fn write(writer: &mut ChunkWriter, message: &Message) -> Vec<u8> {
    writer.push_control(message.clone()).unwrap();
    let bytes = writer.bytes(usize::MAX).to_vec();
    writer.sent(bytes.len());
    bytes
}

/// A reply or status as a message.
pub fn command(name: &str, transaction: f64, stream: u32, arguments: Vec<Value>) -> Message {
    Command::new(name, transaction, arguments).message(stream)
}

pub fn status(level: &str, code: &str) -> Message {
    let info = Value::object([("level", level.into()), ("code", code.into()), ("description", "words".into())]);
    command("onStatus", 0.0, 1, vec![info])
}

/// A server that does nothing but what it is told; `script` talks for it.
pub struct Script {
    pub client: Client,
    pub now: Time,
    reader: ChunkReader,
    writer: ChunkWriter,
    /// What the client said since the last look.
    heard: Vec<Message>,
}

impl Script {
    /// A client whose handshake is over and whose `connect` was heard.
    pub fn new(client: Client) -> Self {
        let mut script =
            Self { client, now: T0, reader: ChunkReader::new(), writer: ChunkWriter::new(), heard: Vec::new() };
        let mut server = Handshake::server();
        let mut answer = Vec::new();
        let first = drain(&mut script.client, usize::MAX);
        assert!(!server.read(&mut &first[..], &mut answer).unwrap());
        script.client.handle_bytes(&answer, T0);
        let rest = drain(&mut script.client, usize::MAX);
        let mut rest = &rest[..];
        assert!(server.read(&mut rest, &mut answer).unwrap());
        script.heard = read_all(&mut script.reader, rest);
        script
    }

    pub fn publisher() -> Self {
        let mut script = Self::new(Client::publish(&url(), T0, Config::default()));
        script.accept("NetStream.Publish.Start");
        script
    }

    pub fn player() -> Self {
        let mut script = Self::new(Client::play(&url(), T0, Config::default()));
        script.accept("NetStream.Play.Start");
        script
    }

    /// Answers everything up to the status of `publish` or `play`.
    fn accept(&mut self, code: &str) {
        self.connected();
        self.say(&[command("_result", 4.0, 0, vec![1.0.into()])]);
        self.say(&[status("status", code)]);
        events(&mut self.client);
    }

    /// Accepts `connect`.
    pub fn connected(&mut self) {
        let info = Value::object([("level", "status".into()), ("code", "NetConnection.Connect.Success".into())]);
        self.say(&[command("_result", 1.0, 0, vec![info])]);
    }

    /// The server says this.
    pub fn say(&mut self, messages: &[Message]) {
        for message in messages {
            let bytes = write(&mut self.writer, message);
            self.bytes(&bytes);
        }
    }

    /// The server sends these bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.client.handle_bytes(bytes, self.now);
        let out = drain(&mut self.client, 1000);
        self.heard.extend(read_all(&mut self.reader, &out));
    }

    /// What the client said since the last look.
    pub fn hear(&mut self) -> Vec<Message> {
        let out = drain(&mut self.client, usize::MAX);
        self.heard.extend(read_all(&mut self.reader, &out));
        std::mem::take(&mut self.heard)
    }

    /// The commands among it.
    pub fn commands(&mut self) -> Vec<Command> {
        let contents = self.hear().into_iter().map(|message| message::content(&message).unwrap());
        contents
            .filter_map(|content| if let Content::Command(command) = content { Some(command) } else { None })
            .collect()
    }

    pub fn events(&mut self) -> Vec<Event> {
        events(&mut self.client)
    }
}

/// A publisher that waits for the result of `connect`.
pub fn connecting() -> Script {
    Script::new(Client::publish(&url(), T0, Config::default()))
}

/// FLV bodies as short as they can be.
pub fn idr(fill: u8, length: usize) -> Bytes {
    [&[0x17, 1, 0, 0, 0][..], &vec![fill; length]].concat().into()
}

pub fn inter(fill: u8) -> Bytes {
    vec![0x27, 1, 0, 0, 0, fill].into()
}

pub fn sound(fill: u8) -> Bytes {
    vec![0xAF, 1, fill].into()
}

pub fn video_header() -> Bytes {
    vec![0x17, 0, 0, 0, 0, 1].into()
}

pub fn sound_header() -> Bytes {
    vec![0xAF, 0, 0x12, 0x10].into()
}
