//! Joins each stream's publisher with its players.
//!
//! The owner of the sockets gives every connection an [`Id`], hands its bytes in, and after each call lets the
//! connections of [`Hub::take_woken`] write. The hub keeps metadata and sequence headers for players that come
//! later; they get these at once and pictures from the next IDR on.

use super::flv_kind::{VideoKind, is_sound_header, video_kind};
use super::queue::{Picture, Queue};
use super::session::{Session, SessionEvent};
use crate::flv::amf::Value;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// Names a connection for as long as the hub lives.
pub type Id = u64;

/// What can be chosen about a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Connections at a time.
    pub connections: usize,
    /// Bytes of pictures that may wait for one player.
    pub queue: usize,
    /// Bytes of the present GOP kept for players that come in the middle of it; 0 lets them wait for the next IDR.
    pub gop_cache: usize,
}

impl Default for Options {
    /// 64 connections, 1 MiB for a slow player, no cached GOP.
    fn default() -> Self {
        Self { connections: 64, queue: 1 << 20, gop_cache: 0 }
    }
}

/// All connections and streams.
#[derive(Debug, Default)]
pub struct Hub {
    options: Options,
    peers: BTreeMap<Id, Peer>,
    streams: BTreeMap<String, Stream>,
    woken: BTreeSet<Id>,
    next: Id,
}

#[derive(Debug)]
struct Peer {
    session: Session,
    /// The stream it publishes or plays.
    stream: Option<String>,
    queue: Queue,
}

/// A stream by name; exists while anybody publishes or plays it.
#[derive(Debug, Default)]
struct Stream {
    publisher: Option<Id>,
    players: BTreeSet<Id>,
    metadata: Option<Value>,
    video_header: Option<Bytes>,
    sound_header: Option<Bytes>,
    /// The newest IDR and what followed, while it fits the cache.
    gop: Vec<Picture>,
    gop_bytes: usize,
    newest: u32,
}

impl Hub {
    /// A hub without connections.
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// A client connected; `None` when there are too many already.
    pub fn connect(&mut self) -> Option<Id> {
        if self.peers.len() >= self.options.connections {
            return None;
        }
        self.next += 1;
        let queue = Queue::new(self.options.queue);
        self.peers.insert(self.next, Peer { session: Session::new(), stream: None, queue });
        Some(self.next)
    }

    /// Takes bytes that came on connection `id`.
    pub fn handle_bytes(&mut self, id: Id, bytes: &[u8]) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.session.handle_bytes(bytes);
        self.woken.insert(id);
        while let Some(event) = self.peers.get_mut(&id).and_then(|peer| peer.session.poll_event()) {
            self.handle_event(id, event);
        }
    }

    /// Connection `id` is gone: forgets it.
    pub fn disconnect(&mut self, id: Id) {
        self.leave(id);
        self.peers.remove(&id);
        self.woken.remove(&id);
    }

    /// The bytes to write next on connection `id`, about `budget` of them; empty when there are none.
    pub fn poll_transmit(&mut self, id: Id, budget: usize) -> &[u8] {
        let Some(peer) = self.peers.get_mut(&id) else { return &[] };
        if peer.session.wants_video()
            && let Some((timestamp, body)) = peer.queue.take()
        {
            peer.session.send_video(timestamp, body);
        }
        peer.session.poll_transmit(budget)
    }

    /// `count` of those bytes were taken by the socket.
    pub fn transmitted(&mut self, id: Id, count: usize) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.session.transmitted(count);
        }
    }

    /// The hub has no more to do with connection `id`: close its socket and call [`Self::disconnect`].
    pub fn is_closed(&self, id: Id) -> bool {
        self.peers.get(&id).is_none_or(|peer| peer.session.is_closed())
    }

    /// Connections that may have bytes to write, or are to be closed, since the last call.
    pub fn take_woken(&mut self) -> BTreeSet<Id> {
        std::mem::take(&mut self.woken)
    }

    fn handle_event(&mut self, id: Id, event: SessionEvent) {
        match event {
            SessionEvent::Publish { app, key } => self.publish(id, name(&app, &key)),
            SessionEvent::Play { app, key } => self.play(id, name(&app, &key)),
            SessionEvent::Metadata(value) => {
                let newest = self.stream_of(id).map_or(0, |stream| stream.newest);
                self.forward(id, |peer| peer.session.send_metadata(newest, &value));
                self.stream_of(id).into_iter().for_each(|stream| stream.metadata = Some(value.clone()));
            }
            SessionEvent::Video { timestamp, body } => {
                self.forward(id, |peer| peer.queue.put(timestamp, body.clone()));
                let cache = self.options.gop_cache;
                self.stream_of(id).into_iter().for_each(|stream| stream.keep(timestamp, &body, cache));
            }
            SessionEvent::Audio { timestamp, body } => {
                self.forward(id, |peer| peer.session.send_audio(timestamp, body.clone()));
                let Some(stream) = self.stream_of(id) else { return };
                stream.newest = timestamp;
                if is_sound_header(&body) {
                    stream.sound_header = Some(body);
                }
            }
            SessionEvent::Ended | SessionEvent::Closed => self.leave(id),
        }
    }

    fn publish(&mut self, id: Id, name: String) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let stream = self.streams.entry(name.clone()).or_default();
        if stream.publisher.is_some() {
            return peer.session.refuse("NetStream.Publish.BadName", "the stream is being published already");
        }
        stream.publisher = Some(id);
        peer.stream = Some(name);
        peer.session.accept_publish();
        self.forward(id, |peer| peer.session.stream_began());
    }

    fn play(&mut self, id: Id, name: String) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let stream = self.streams.entry(name.clone()).or_default();
        stream.players.insert(id);
        peer.stream = Some(name);
        peer.session.accept_play(stream.publisher.is_some());
        if let Some(metadata) = &stream.metadata {
            peer.session.send_metadata(stream.newest, metadata);
        }
        if let Some(header) = &stream.sound_header {
            peer.session.send_audio(stream.newest, header.clone());
        }
        if let Some(header) = &stream.video_header {
            let timestamp = stream.gop.first().map_or(stream.newest, |(timestamp, _)| *timestamp);
            peer.queue.put(timestamp, header.clone());
        }
        for (timestamp, body) in &stream.gop {
            peer.queue.put(*timestamp, body.clone());
        }
    }

    /// Connection `id` publishes or plays no more.
    fn leave(&mut self, id: Id) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.queue.clear();
        let Some(name) = peer.stream.take() else { return };
        let Some(stream) = self.streams.get_mut(&name) else { return };
        stream.players.remove(&id);
        if stream.publisher == Some(id) {
            let players = std::mem::take(&mut stream.players);
            for player in &players {
                if let Some(peer) = self.peers.get_mut(player) {
                    peer.queue.clear();
                    peer.session.stream_ended();
                }
            }
            self.woken.extend(&players);
            *stream = Stream { players, ..Stream::default() };
        }
        if stream.publisher.is_none() && stream.players.is_empty() {
            self.streams.remove(&name);
        }
    }

    /// Does something to every player of the stream that `id` publishes.
    fn forward(&mut self, id: Id, mut action: impl FnMut(&mut Peer)) {
        let Some(name) = self.peers.get(&id).and_then(|peer| peer.stream.as_ref()) else { return };
        let Some(stream) = self.streams.get(name).filter(|stream| stream.publisher == Some(id)) else { return };
        for player in &stream.players {
            if let Some(peer) = self.peers.get_mut(player) {
                action(peer);
                self.woken.insert(*player);
            }
        }
    }

    fn stream_of(&mut self, id: Id) -> Option<&mut Stream> {
        let name = self.peers.get(&id)?.stream.as_ref()?;
        self.streams.get_mut(name)
    }
}

impl Stream {
    /// Keeps what players that come later will need.
    fn keep(&mut self, timestamp: u32, body: &Bytes, cache: usize) {
        self.newest = timestamp;
        match video_kind(body) {
            VideoKind::SequenceHeader => {
                self.video_header = Some(body.clone());
                return self.forget_gop();
            }
            VideoKind::Idr => self.forget_gop(),
            VideoKind::Other if self.gop.is_empty() => return,
            VideoKind::Other => {}
        }
        self.gop_bytes += body.len();
        if self.gop_bytes > cache {
            return self.forget_gop();
        }
        self.gop.push((timestamp, body.clone()));
    }

    fn forget_gop(&mut self) {
        self.gop.clear();
        self.gop_bytes = 0;
    }
}

/// Application and stream name without query: signatures differ between publisher and players.
fn name(app: &str, key: &str) -> String {
    format!("{app}/{}", key.split('?').next().unwrap_or_default())
}
