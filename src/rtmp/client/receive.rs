//! What a client makes of the server's messages.

use super::send::transaction;
use super::{Client, Event, Reason, Role, State};
use crate::flv::amf::Value;
use crate::media::Time;
use crate::rtmp::chunk::{Message, kind};
use crate::rtmp::message::{self, Command, Content, UserControl};
use crate::rtmp::wire::{Broken, Incoming};
use bytes::Bytes;

impl Client {
    pub(super) fn receive(&mut self, incoming: Incoming, now: Time) -> Result<(), Broken> {
        let (message, content) = match incoming {
            Incoming::Ready => return Ok(self.send_connect(now)?),
            Incoming::Message(message, content) => (message, content),
        };
        if self.state == State::Stopping {
            return Ok(());
        }
        match content {
            Content::Command(command) => self.receive_command(&command, now)?,
            Content::Data(values) => self.receive_data(values, message.stream),
            Content::Audio(body) | Content::Video(body) => {
                self.receive_media(message.kind, message.stream, message.timestamp, body);
            }
            Content::Aggregate(body) => self.receive_aggregate(&message, &body),
            Content::UserControl(event) => self.receive_event(event),
            _ => {}
        }
        Ok(())
    }

    /// Replies are known by their transaction, statuses by their name. Everything else a server may say is its
    /// own affair: `onBWDone`, `onFCPublish`, replies to the commands that servers need not know.
    fn receive_command(&mut self, command: &Command, now: Time) -> Result<(), Broken> {
        match (command.name.as_str(), self.state) {
            ("_result", State::Connecting) if command.transaction == transaction::CONNECT => {
                match command.info("level") {
                    "error" => self.refuse(command),
                    _ => self.send_create_stream(now)?,
                }
            }
            ("_error", State::Connecting) if command.transaction == transaction::CONNECT => self.refuse(command),
            ("_result", State::Creating) if command.transaction == transaction::CREATE_STREAM => {
                // A stream id is a number of 32 bits; a server that leaves it out can only mean its first one.
                let stream = command.number(0).filter(|id| (0.0..=f64::from(u32::MAX)).contains(id)).unwrap_or(1.0);
                self.send_request(stream as u32)?;
            }
            ("_error", State::Creating) if command.transaction == transaction::CREATE_STREAM => self.refuse(command),
            ("_error", State::Requested { .. }) if command.transaction == transaction::STREAM => self.refuse(command),
            ("onStatus", _) => self.receive_status(command),
            ("close", _) => self.close(Reason::ServerClosed),
            _ => {}
        }
        Ok(())
    }

    fn receive_status(&mut self, status: &Command) {
        let code = status.info("code");
        match code {
            "NetStream.Publish.Start" if self.role == Role::Publish => self.begin(),
            "NetStream.Play.Start" if self.role == Role::Play => self.begin(),
            "NetStream.Play.UnpublishNotify" | "NetStream.Play.Stop" | "NetStream.Play.Complete" => self.end_stream(),
            _ if status.info("level") == "error" || ends_session(code) => self.refuse(status),
            _ => {}
        }
    }

    fn receive_event(&mut self, event: UserControl) {
        match (event, self.state) {
            (UserControl::StreamEof(id), State::Active { stream }) if id == stream => self.end_stream(),
            (UserControl::StreamBegin(id), State::Ended { stream }) if id == stream => self.begin(),
            _ => {}
        }
    }

    /// The stream begins, or begins again. Told once each time, however often the server says so.
    fn begin(&mut self) {
        let stream = match self.state {
            State::Requested { stream } | State::Ended { stream } => stream,
            _ => return,
        };
        self.state = State::Active { stream };
        self.deadline = None;
        self.events.push_back(match self.role {
            Role::Publish => Event::Publishing,
            Role::Play => Event::PlayStarted,
        });
    }

    /// The publisher is gone; the connection waits for the next one as long as the server likes.
    fn end_stream(&mut self) {
        let (Role::Play, State::Active { stream }) = (self.role, self.state) else { return };
        self.state = State::Ended { stream };
        self.heard = false;
        self.deadline = None;
        self.events.push_back(Event::StreamEnded);
    }

    fn receive_data(&mut self, values: Vec<Value>, stream: u32) {
        let mut values = values.into_iter().skip_while(|value| value.as_str() == Some("@setDataFrame"));
        let named = values.next().is_some_and(|name| name.as_str() == Some("onMetaData"));
        match values.next() {
            Some(value) if named && self.plays(stream) => self.events.push_back(Event::Metadata(value)),
            _ => {}
        }
    }

    fn receive_aggregate(&mut self, message: &Message, body: &Bytes) {
        for (kind, timestamp, part) in message::parts(message.timestamp, body) {
            match kind {
                kind::AUDIO | kind::VIDEO => self.receive_media(kind, message.stream, timestamp, part),
                _ => {}
            }
        }
    }

    fn receive_media(&mut self, kind: u8, stream: u32, timestamp: u32, body: Bytes) {
        if body.is_empty() || !self.plays(stream) {
            if let Some(wire) = self.wire.as_mut() {
                wire.counters.ignored_media += 1;
            }
            return;
        }
        self.begin();
        self.heard = true;
        let timestamp_ms = self.timeline.unwrap(timestamp);
        self.events.push_back(match kind {
            kind::AUDIO => Event::Audio { timestamp_ms, body },
            _ => Event::Video { timestamp_ms, body },
        });
    }

    /// Media of message stream `id` is ours: some servers send it on stream 0, whatever `createStream` said.
    fn plays(&self, id: u32) -> bool {
        let (State::Requested { stream } | State::Active { stream } | State::Ended { stream }) = self.state else {
            return false;
        };
        self.role == Role::Play && (id == stream || id == 0)
    }

    /// The server said no. It may leave the connection open; we do not.
    fn refuse(&mut self, command: &Command) {
        let code = match command.info("code") {
            "" => command.name.as_str(),
            code => code,
        };
        self.close(Reason::refused(&self.url.hide(code), &self.url.hide(command.info("description"))));
    }
}

/// Status codes after which nothing good follows, whatever level the server gives them.
fn ends_session(code: &str) -> bool {
    const LAST_WORDS: [&str; 8] =
        ["BadName", "Denied", "Failed", "StreamNotFound", "Unpublish", "Rejected", "InvalidApp", "Closed"];
    code.split('.').any(|part| LAST_WORDS.contains(&part))
}
