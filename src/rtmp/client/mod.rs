//! The client: publishes one stream or plays one.
//!
//! Bytes and time in, bytes and events out. The owner of the socket hands received bytes to
//! [`Client::handle_bytes`] and the server's end of stream to [`Client::handle_close`], calls
//! [`Client::handle_timeout`] when [`Client::deadline`] has come, drains [`Client::poll_event`] after each of
//! them, and writes what [`Client::poll_transmit`] gives.

mod event;
mod receive;
mod send;

pub use event::{Event, Reason, Step};

use super::chunk_writer::ChunkSize;
use super::url::RtmpUrl;
use super::wire::{Broken, Counters, Wire};
use crate::flv::Timeline;
use crate::media::{Span, Time};
use std::collections::VecDeque;

/// How long each step may take: handshake, connect, and createStream with publish.
pub const STEP: Span = Span::secs(5);

/// How long the last commands may take to leave when a session is stopped.
pub const FAREWELL: Span = Span::millis(500);

/// Most bytes a server may send before the stream begins.
pub const EARLY_MAX: usize = 64 << 10;

/// So many unreadable messages within a second are no accidents: the two sides have lost each other.
pub const BAD_A_SECOND: u64 = 10;

/// What can be chosen about a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Payload bytes of the chunks we send.
    pub chunk_size: ChunkSize,
    /// Sound goes between the chunks of a picture. Off for servers that can not read that.
    pub interleave: bool,
    /// How much a server should send ahead when playing, in milliseconds. Small for calls: servers that obey
    /// hold the stream back by as much.
    pub buffer_length_ms: u32,
    /// Playing, once media came, a connection without a byte for so long is taken for dead.
    pub silence: Span,
}

impl Default for Config {
    /// Chunks of 1024 bytes, interleaved; 100 ms ahead; 5 s of silence.
    fn default() -> Self {
        Self { chunk_size: ChunkSize::default(), interleave: true, buffer_length_ms: 100, silence: Span::secs(5) }
    }
}

/// One session with a server, from the first byte of the handshake to the last.
#[derive(Debug)]
pub struct Client {
    url: RtmpUrl,
    role: Role,
    config: Config,
    wire: Option<Wire>,
    state: State,
    /// When the present step has to be over.
    deadline: Option<Time>,
    events: VecDeque<Event>,
    timeline: Timeline,
    /// Media came since the stream began: from here on silence is a fault. Before, the publisher may not be there yet.
    heard: bool,
    /// The second in which bad messages are being counted, and how many there had been before it.
    bad_since: (Time, u64),
    counters: Counters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Publish,
    Play,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Handshake,
    Connecting,
    /// `createStream` was sent.
    Creating,
    /// `publish` or `play` was sent on message stream `stream`.
    Requested {
        stream: u32,
    },
    /// Publishing or playing on message stream `stream`.
    Active {
        stream: u32,
    },
    /// Playing, but the publisher went; the stream may begin again.
    Ended {
        stream: u32,
    },
    /// The last commands are on their way.
    Stopping,
    Closed,
}

impl Client {
    /// A session that publishes the stream of `url`; its first bytes can be sent at once.
    pub fn publish(url: &RtmpUrl, now: Time, config: Config) -> Self {
        Self::new(url, Role::Publish, now, config)
    }

    /// A session that plays the stream of `url`; its first bytes can be sent at once.
    pub fn play(url: &RtmpUrl, now: Time, config: Config) -> Self {
        Self::new(url, Role::Play, now, config)
    }

    fn new(url: &RtmpUrl, role: Role, now: Time, config: Config) -> Self {
        let mut client = Self {
            url: url.clone(),
            role,
            config,
            wire: None,
            state: State::Handshake,
            deadline: Some(now + STEP),
            events: VecDeque::new(),
            timeline: Timeline::default(),
            heard: false,
            bad_since: (now, 0),
            counters: Counters::default(),
        };
        match Wire::client(config.interleave) {
            Ok(wire) => client.wire = Some(wire),
            Err(error) => client.close(Reason::Handshake(error.to_string())),
        }
        client
    }

    /// Takes bytes from the server, split as they came.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Time) {
        if now - self.bad_since.0 >= Span::secs(1) {
            self.bad_since = (now, self.counters().bad_messages);
        }
        let mut input = bytes;
        while let Some(wire) = self.wire.as_mut() {
            // Whoever plays may wait for a publisher for days, with a ping now and then.
            let early = match self.state {
                State::Handshake | State::Connecting | State::Creating => true,
                State::Requested { .. } => self.role == Role::Publish,
                _ => false,
            };
            let done = match wire.read(&mut input) {
                Ok(None) if early && wire.counters.bytes_in > EARLY_MAX as u64 => Err(Broken::TooMuchEarly(EARLY_MAX)),
                Ok(None) => break,
                Ok(Some(incoming)) => self.receive(incoming, now),
                Err(broken) => Err(broken),
            };
            if let Err(broken) = done {
                self.break_off(broken);
            }
        }
        if self.counters().bad_messages >= self.bad_since.1 + BAD_A_SECOND {
            self.break_off(Broken::TooManyBad(BAD_A_SECOND));
        }
        if self.heard && matches!(self.state, State::Active { .. }) {
            self.deadline = Some(now + self.config.silence);
        }
    }

    /// The server closed its side of the connection.
    pub fn handle_close(&mut self, _now: Time) {
        self.close(match self.state {
            State::Handshake => Reason::Handshake("the server closed during the handshake".into()),
            State::Stopping => Reason::Ours,
            State::Requested { .. } | State::Active { .. } if self.role == Role::Play && !self.heard => {
                Reason::NothingSent
            }
            _ => Reason::ServerClosed,
        });
    }

    /// To be called when [`Self::deadline`] has come; does nothing earlier.
    pub fn handle_timeout(&mut self, now: Time) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        self.close(match self.state {
            State::Handshake => Reason::Timeout(Step::Handshake),
            State::Connecting => Reason::Timeout(Step::Connect),
            State::Creating | State::Requested { .. } => Reason::Timeout(Step::Stream),
            State::Active { .. } | State::Ended { .. } => Reason::Timeout(Step::Media),
            State::Stopping | State::Closed => Reason::Ours,
        });
    }

    /// When [`Self::handle_timeout`] is due; `None` while nothing is waited for.
    pub fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    /// The next event, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The bytes to write next, about `budget` of them (a chunk more at most); empty when there are none.
    ///
    /// Call it when the socket takes bytes, write once, and tell [`Self::transmitted`] how many were taken:
    /// what was not is given again. A small budget, as of 4 KiB, keeps the way short for sound that comes next; with
    /// one of zero no chunk of a picture is begun.
    pub fn poll_transmit(&mut self, budget: usize) -> &[u8] {
        self.wire.as_mut().map_or(&[], |wire| wire.bytes(budget))
    }

    /// `count` of the bytes shown last were taken by the socket.
    pub fn transmitted(&mut self, count: usize) {
        let Some(wire) = self.wire.as_mut() else { return };
        wire.sent(count);
        if self.state == State::Stopping && wire.is_idle() {
            self.close(Reason::Ours);
        }
    }

    /// It is over: [`Event::Closed`] was or will be given, and the socket can be closed.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.wire.as_ref().map_or(self.counters, Wire::counters)
    }

    /// The server said or did something that ends the session at once.
    fn break_off(&mut self, broken: Broken) {
        let connected = !matches!(self.state, State::Handshake | State::Connecting);
        self.close(match broken {
            Broken::Handshake(error) => Reason::Handshake(error.to_string()),
            _ if self.state == State::Stopping => Reason::Ours,
            broken => Reason::Protocol { broken, connected },
        });
    }

    fn close(&mut self, reason: Reason) {
        if self.state == State::Closed {
            return;
        }
        self.counters = self.counters();
        self.wire = None;
        self.state = State::Closed;
        self.deadline = None;
        self.events.push_back(Event::Closed(reason));
    }
}
