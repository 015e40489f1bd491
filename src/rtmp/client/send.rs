//! What a client says: its commands in their order, media, and farewell.

use super::{Client, Event, FAREWELL, Reason, Role, STEP, State};
use crate::flv::amf::Value;
use crate::media::Time;
use crate::rtmp::chunk_writer::Overflow;
use crate::rtmp::message::{self, Command, UserControl};
use bytes::Bytes;

/// Transaction numbers; each command is sent once.
pub(super) mod transaction {
    pub const CONNECT: f64 = 1.0;
    pub const RELEASE_STREAM: f64 = 2.0;
    pub const FC_PUBLISH: f64 = 3.0;
    pub const CREATE_STREAM: f64 = 4.0;
    pub const STREAM: f64 = 5.0;
    pub const FC_UNPUBLISH: f64 = 6.0;
    pub const DELETE_STREAM: f64 = 7.0;
}

/// What encoders of long standing call themselves; some servers treat unknown names as players.
const FLASH_VERSION: &str = "FMLE/3.0 (compatible; visavis)";

/// Window that we grant a server: it acknowledges at least this often.
const WINDOW: u32 = 2_500_000;

/// `play`: a live stream, or a recorded one of that name (spec 7.2.2.1), in the unit of servers of long standing.
const LIVE_OR_RECORDED: f64 = -2000.0;

impl Client {
    /// Sends the stream's metadata, an onMetaData object; false when nothing is being published.
    pub fn send_metadata(&mut self, metadata: Value) -> bool {
        let Some(stream) = self.publishing() else { return false };
        let values = ["@setDataFrame".into(), "onMetaData".into(), metadata];
        self.wire.as_mut().is_some_and(|wire| wire.writer.push_control(message::data(stream, 0, &values)).is_ok())
    }

    /// Publishing, and no picture is on its way: [`Self::send_video`] will take one.
    ///
    /// Until then pictures stay with the caller, who may still throw them away.
    pub fn wants_video(&self) -> bool {
        self.publishing().is_some() && self.wire.as_ref().is_some_and(|wire| wire.writer.wants_video())
    }

    /// Takes an FLV video body; false when it was not taken, see [`Self::wants_video`].
    ///
    /// `timestamp_ms` begins near zero for each session and wraps at 2^32.
    pub fn send_video(&mut self, timestamp_ms: u32, body: Bytes) -> bool {
        let Some(stream) = self.publishing() else { return false };
        let message = message::video(stream, timestamp_ms, body);
        self.wire.as_mut().is_some_and(|wire| wire.writer.push_video(message).is_ok())
    }

    /// Takes an FLV sound body, which overtakes what is left of a picture on its way; false when nothing is being
    /// published or too much sound waits already.
    pub fn send_audio(&mut self, timestamp_ms: u32, body: Bytes) -> bool {
        let Some(stream) = self.publishing() else { return false };
        let message = message::audio(stream, timestamp_ms, body);
        self.wire.as_mut().is_some_and(|wire| wire.writer.push_sound(message).is_ok())
    }

    /// Everything given was handed out by [`Self::poll_transmit`] and taken.
    pub fn is_idle(&self) -> bool {
        self.wire.as_ref().is_none_or(|wire| wire.is_idle())
    }

    /// Bytes given and not yet taken by the socket.
    pub fn backlog(&self) -> usize {
        self.wire.as_ref().map_or(0, |wire| wire.backlog())
    }

    /// Leaves the server properly: the last commands go out, ahead of media on its way, which is given up. Ends
    /// with [`Event::Closed`] once they were sent, or after half a second.
    pub fn stop(&mut self, now: Time) {
        let stream = match self.state {
            State::Active { stream } | State::Requested { stream } | State::Ended { stream } => stream,
            State::Stopping | State::Closed => return,
            State::Handshake | State::Connecting | State::Creating => return self.close(Reason::Ours),
        };
        let key = self.url.key().to_owned();
        let last = match self.role {
            Role::Publish => (Command::new("FCUnpublish", transaction::FC_UNPUBLISH, vec![key.into()]), 0),
            Role::Play => (Command::new("closeStream", 0.0, vec![]), stream),
        };
        let delete = Command::new("deleteStream", transaction::DELETE_STREAM, vec![f64::from(stream).into()]);
        if let Some(wire) = self.wire.as_mut() {
            wire.writer.abandon_media();
        }
        if self.say(&last.0, last.1).and_then(|()| self.say(&delete, 0)).is_err() {
            return self.close(Reason::Ours);
        }
        self.state = State::Stopping;
        self.deadline = Some(now + FAREWELL);
    }

    /// The handshake is over.
    pub(super) fn send_connect(&mut self, now: Time) -> Result<(), Overflow> {
        // Capabilities and codecs in Adobe's numbers: every sound and video codec, seeking left to the server.
        let properties = [
            ("app", self.url.app().into()),
            ("type", "nonprivate".into()),
            ("flashVer", FLASH_VERSION.into()),
            ("swfUrl", self.url.tc_url().into()),
            ("tcUrl", self.url.tc_url().into()),
            ("fpad", false.into()),
            ("capabilities", 15.0.into()),
            ("audioCodecs", 4071.0.into()),
            ("videoCodecs", 252.0.into()),
            ("videoFunction", 1.0.into()),
        ];
        let mut connect = Command::new("connect", transaction::CONNECT, vec![]);
        connect.object = Value::object(properties);
        if let Some(wire) = self.wire.as_mut() {
            wire.set_chunk_size(self.config.chunk_size);
        }
        self.say(&connect, 0)?;
        self.enter(State::Connecting, now);
        Ok(())
    }

    /// The server accepted `connect`. Everything up to `createStream` goes out in one.
    pub(super) fn send_create_stream(&mut self, now: Time) -> Result<(), Overflow> {
        if let Some(wire) = self.wire.as_mut() {
            wire.announce_window(WINDOW)?;
        }
        if self.role == Role::Publish {
            let key = || vec![self.url.key().into()];
            let release = Command::new("releaseStream", transaction::RELEASE_STREAM, key());
            let publish = Command::new("FCPublish", transaction::FC_PUBLISH, key());
            self.say(&release, 0)?;
            self.say(&publish, 0)?;
        }
        self.say(&Command::new("createStream", transaction::CREATE_STREAM, vec![]), 0)?;
        self.enter(State::Creating, now);
        self.events.push_back(Event::Connected);
        Ok(())
    }

    /// The server gave us message stream `stream`. A publisher's time for it goes on running; a player may have to
    /// wait for its publisher, and some servers (nginx-rtmp with `play_restart`) say nothing until it comes.
    pub(super) fn send_request(&mut self, stream: u32) -> Result<(), Overflow> {
        let key = Value::from(self.url.key());
        match self.role {
            Role::Publish => {
                self.say(&Command::new("publish", transaction::STREAM, vec![key, "live".into()]), stream)?
            }
            Role::Play => {
                let arguments = vec![key, LIVE_OR_RECORDED.into()];
                self.say(&Command::new("play", transaction::STREAM, arguments), stream)?;
                let buffer = UserControl::SetBufferLength { stream, milliseconds: self.config.buffer_length_ms };
                if let Some(wire) = self.wire.as_mut() {
                    wire.writer.push_control(buffer.message())?;
                }
                self.deadline = None;
            }
        }
        self.state = State::Requested { stream };
        Ok(())
    }

    fn publishing(&self) -> Option<u32> {
        match (self.role, self.state) {
            (Role::Publish, State::Active { stream }) => Some(stream),
            _ => None,
        }
    }

    fn say(&mut self, command: &Command, stream: u32) -> Result<(), Overflow> {
        self.wire.as_mut().map_or(Ok(()), |wire| wire.writer.push_control(command.message(stream)))
    }

    fn enter(&mut self, state: State, now: Time) {
        self.state = state;
        self.deadline = Some(now + STEP);
    }
}
