//! The server's side of one connection: accepts, asks its owner about `publish` and `play`, passes media on.

use crate::flv::amf::Value;
use crate::rtmp::chunk_writer::{ChunkSize, Overflow};
use crate::rtmp::message::{self, Command, Content, UserControl};
use crate::rtmp::wire::{Broken, Counters, Incoming, Wire};
use bytes::Bytes;
use std::collections::VecDeque;

/// Window and bandwidth told to clients, as most servers do.
const WINDOW: u32 = 2_500_000;

/// Message streams one connection may create.
const STREAMS_MAX: u32 = 8;

/// What a client wants or sends.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionEvent {
    /// It wants to publish: answer with [`Session::accept_publish`] or [`Session::refuse`].
    Publish {
        app: String,
        /// With its query.
        key: String,
    },
    /// It wants to play: answer with [`Session::accept_play`] or [`Session::refuse`].
    Play {
        app: String,
        /// With its query.
        key: String,
    },
    Metadata(Value),
    /// An FLV video body; milliseconds modulo 2^32.
    Video {
        timestamp: u32,
        body: Bytes,
    },
    /// An FLV sound body; milliseconds modulo 2^32.
    Audio {
        timestamp: u32,
        body: Bytes,
    },
    /// It publishes or plays no more; the connection stays.
    Ended,
    /// The connection is over; nothing follows.
    Closed,
}

/// One client.
#[derive(Debug)]
pub struct Session {
    wire: Wire,
    app: String,
    streams: u32,
    role: Role,
    closed: bool,
    events: VecDeque<SessionEvent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    None,
    /// Asked for on this message stream, not answered yet.
    Asking(u32),
    Publisher(u32),
    Player(u32),
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A client that has just connected.
    pub fn new() -> Self {
        Self {
            wire: Wire::server(),
            app: String::new(),
            streams: 0,
            role: Role::None,
            closed: false,
            events: VecDeque::new(),
        }
    }

    /// Takes bytes from the client, split as they came.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        let mut input = bytes;
        while !self.closed {
            let done = match self.wire.read(&mut input) {
                Ok(None) => break,
                Ok(Some(incoming)) => self.receive(incoming),
                Err(broken) => Err(broken),
            };
            if done.is_err() {
                self.close();
            }
        }
    }

    /// The client closed the connection, or it is to be closed.
    pub fn close(&mut self) {
        if !self.closed {
            self.closed = true;
            self.events.push_back(SessionEvent::Closed);
        }
    }

    /// The connection is over: close the socket.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The next event, oldest first.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// The bytes to write next, about `budget` of them; empty when there are none.
    pub fn poll_transmit(&mut self, budget: usize) -> &[u8] {
        if self.closed { &[] } else { self.wire.bytes(budget) }
    }

    /// `count` of those bytes were taken by the socket.
    pub fn transmitted(&mut self, count: usize) {
        self.wire.sent(count);
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.wire.counters()
    }

    /// The client may publish.
    pub fn accept_publish(&mut self) {
        let Role::Asking(stream) = self.role else { return };
        self.role = Role::Publisher(stream);
        self.status(stream, "status", "NetStream.Publish.Start", "publishing");
    }

    /// The client may play. `live`: a publisher is there, so the stream begins at once.
    pub fn accept_play(&mut self, live: bool) {
        let Role::Asking(stream) = self.role else { return };
        self.role = Role::Player(stream);
        self.status(stream, "status", "NetStream.Play.Reset", "waiting for the stream");
        if live {
            self.stream_began();
        }
    }

    /// The client may not do what it asked for; `code` as in `NetStream.Publish.BadName`.
    pub fn refuse(&mut self, code: &str, words: &str) {
        let Role::Asking(stream) = self.role else { return };
        self.role = Role::None;
        self.status(stream, "error", code, words);
    }

    /// Tells a player that its stream begins.
    pub fn stream_began(&mut self) {
        let Role::Player(stream) = self.role else { return };
        self.control(UserControl::StreamBegin(stream));
        self.status(stream, "status", "NetStream.Play.Start", "playing");
    }

    /// Tells a player that its publisher went.
    pub fn stream_ended(&mut self) {
        let Role::Player(stream) = self.role else { return };
        self.status(stream, "status", "NetStream.Play.UnpublishNotify", "the publisher ended the stream");
        self.control(UserControl::StreamEof(stream));
    }

    /// Sends metadata to a player.
    pub fn send_metadata(&mut self, timestamp: u32, metadata: &Value) {
        let Role::Player(stream) = self.role else { return };
        let message = message::data(stream, timestamp, &["onMetaData".into(), metadata.clone()]);
        let pushed = self.wire.writer.push_control(message);
        self.or_close(pushed);
    }

    /// A player's next picture may be given to [`Self::send_video`].
    pub fn wants_video(&self) -> bool {
        matches!(self.role, Role::Player(_)) && !self.closed && self.wire.writer.wants_video()
    }

    /// Sends a picture to a player that wants one.
    pub fn send_video(&mut self, timestamp: u32, body: Bytes) {
        let Role::Player(stream) = self.role else { return };
        // Wanted only when none is on its way, so none is given back.
        let _ = self.wire.writer.push_video(message::video(stream, timestamp, body));
    }

    /// Sends sound to a player; it is lost when too much waits already.
    pub fn send_audio(&mut self, timestamp: u32, body: Bytes) {
        let Role::Player(stream) = self.role else { return };
        let _ = self.wire.writer.push_sound(message::audio(stream, timestamp, body));
    }

    fn receive(&mut self, incoming: Incoming) -> Result<(), Broken> {
        let (message, content) = match incoming {
            Incoming::Ready => return Ok(()),
            Incoming::Message(message, content) => (message, content),
        };
        let timestamp = message.timestamp;
        match content {
            Content::Command(command) => self.obey(&command, message.stream)?,
            Content::Video(body) if self.publishes() => self.events.push_back(SessionEvent::Video { timestamp, body }),
            Content::Audio(body) if self.publishes() => self.events.push_back(SessionEvent::Audio { timestamp, body }),
            Content::Data(mut values) if self.publishes() => {
                let named = values.iter().any(|value| value.as_str() == Some("onMetaData"));
                if let Some(metadata) = values.pop().filter(|_| named) {
                    self.events.push_back(SessionEvent::Metadata(metadata));
                }
            }
            Content::Audio(_) | Content::Video(_) => self.wire.counters.ignored_media += 1,
            _ => {}
        }
        Ok(())
    }

    fn obey(&mut self, command: &Command, stream: u32) -> Result<(), Overflow> {
        match command.name.as_str() {
            "connect" => {
                self.app = command.object.get("app").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.wire.announce_window(WINDOW)?;
                self.wire.writer.push_control(message::set_peer_bandwidth(WINDOW))?;
                self.wire.set_chunk_size(ChunkSize::default());
                let mut reply = Command::new("_result", command.transaction, vec![connected()]);
                reply.object = Value::object([("fmsVer", "FMS/3,0,1,123".into()), ("capabilities", 31.0.into())]);
                self.wire.writer.push_control(reply.message(0))
            }
            "createStream" if self.streams < STREAMS_MAX => {
                self.streams += 1;
                self.reply("_result", command.transaction, f64::from(self.streams).into())
            }
            "createStream" => self.reply("_error", command.transaction, Value::Null),
            "releaseStream" | "FCPublish" | "FCUnpublish" | "getStreamLength" | "_checkbw" => {
                self.reply("_result", command.transaction, Value::Undefined)
            }
            "publish" | "play" if self.role == Role::None => {
                self.role = Role::Asking(stream);
                let (app, key) = (self.app.clone(), command.text(0).to_owned());
                self.events.push_back(match command.name.as_str() {
                    "publish" => SessionEvent::Publish { app, key },
                    _ => SessionEvent::Play { app, key },
                });
                Ok(())
            }
            "deleteStream" | "closeStream" if self.role != Role::None => {
                self.role = Role::None;
                self.events.push_back(SessionEvent::Ended);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn publishes(&self) -> bool {
        matches!(self.role, Role::Publisher(_))
    }

    fn reply(&mut self, name: &str, transaction: f64, value: Value) -> Result<(), Overflow> {
        self.wire.writer.push_control(Command::new(name, transaction, vec![value]).message(0))
    }

    fn status(&mut self, stream: u32, level: &str, code: &str, words: &str) {
        let info = [("level", level.into()), ("code", code.into()), ("description", words.into())];
        let status = Command::new("onStatus", 0.0, vec![Value::object(info)]);
        let pushed = self.wire.writer.push_control(status.message(stream));
        self.or_close(pushed);
    }

    fn control(&mut self, event: UserControl) {
        let pushed = self.wire.writer.push_control(event.message());
        self.or_close(pushed);
    }

    fn or_close(&mut self, pushed: Result<(), Overflow>) {
        if pushed.is_err() {
            self.close();
        }
    }
}

fn connected() -> Value {
    Value::object([
        ("level", "status".into()),
        ("code", "NetConnection.Connect.Success".into()),
        ("description", "connected".into()),
        ("objectEncoding", 0.0.into()),
    ])
}
