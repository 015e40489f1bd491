//! The crate rml_rtmp as an independent peer: its reader and server against our writer and client.
//!
//! It can not read interleaved messages, so interleaving is off towards it.

use super::support::{T0, drain, events, idr, inter, read_all, sound, url};
use crate::flv::amf::Value;
use crate::rtmp::chunk::Message;
use crate::rtmp::chunk_reader::ChunkReader;
use crate::rtmp::chunk_writer::ChunkWriter;
use crate::rtmp::client::{Client, Config, Event};
use crate::rtmp::message;
use bytes::Bytes;
use rml_rtmp::chunk_io::{ChunkDeserializer, ChunkSerializer};
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::messages::MessagePayload;
use rml_rtmp::sessions::{ServerSession, ServerSessionConfig, ServerSessionEvent, ServerSessionResult};
use rml_rtmp::time::RtmpTimestamp;

/// A server that accepts everything.
struct Peer {
    handshake: Option<Handshake>,
    session: ServerSession,
    shaken: Vec<u8>,
    out: Vec<u8>,
    events: Vec<ServerSessionEvent>,
}

impl Peer {
    fn new() -> Self {
        let (session, results) = ServerSession::new(ServerSessionConfig::new()).unwrap();
        let handshake = Some(Handshake::new(PeerType::Server));
        let mut peer = Self { handshake, session, shaken: Vec::new(), out: Vec::new(), events: Vec::new() };
        peer.take(results);
        peer
    }

    fn handle(&mut self, bytes: &[u8]) {
        let Some(handshake) = &mut self.handshake else { return self.chunks(bytes) };
        match handshake.process_bytes(bytes).unwrap() {
            HandshakeProcessResult::InProgress { response_bytes } => self.shaken.extend(response_bytes),
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                self.shaken.extend(response_bytes);
                self.handshake = None;
                self.chunks(&remaining_bytes);
            }
        }
    }

    /// What it has to send; chunks wait until the handshake is over.
    fn drain(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.shaken);
        if self.handshake.is_none() {
            bytes.append(&mut self.out);
        }
        bytes
    }

    fn chunks(&mut self, bytes: &[u8]) {
        let results = self.session.handle_input(bytes).unwrap();
        self.take(results);
    }

    fn take(&mut self, results: Vec<ServerSessionResult>) {
        for result in results {
            match result {
                ServerSessionResult::OutboundResponse(packet) => self.out.extend(packet.bytes),
                ServerSessionResult::RaisedEvent(event) => {
                    if let ServerSessionEvent::ConnectionRequested { request_id, .. }
                    | ServerSessionEvent::ReleaseStreamRequested { request_id, .. }
                    | ServerSessionEvent::PublishStreamRequested { request_id, .. }
                    | ServerSessionEvent::PlayStreamRequested { request_id, .. } = &event
                        && let Ok(results) = self.session.accept_request(*request_id)
                    {
                        self.take(results);
                    }
                    self.events.push(event);
                }
                ServerSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
    }
}

fn exchange(client: &mut Client, peer: &mut Peer, piece: usize) {
    loop {
        let up = drain(client, piece);
        up.chunks(piece).for_each(|piece| peer.handle(piece));
        let down = peer.drain();
        down.chunks(piece).for_each(|piece| client.handle_bytes(piece, T0));
        if up.is_empty() && down.is_empty() {
            return;
        }
    }
}

fn config() -> Config {
    Config { interleave: false, ..Config::default() }
}

#[test]
fn an_independent_server_hears_what_our_publisher_sends() {
    for piece in [17, 1 << 20] {
        let (mut client, mut peer) = (Client::publish(&url(), T0, config()), Peer::new());
        exchange(&mut client, &mut peer, piece);
        assert_eq!(events(&mut client), [Event::Connected, Event::Publishing]);
        client.send_metadata(Value::object([("width", 640.0.into()), ("framerate", 15.0.into())]));
        let pictures = [(0, idr(1, 9000)), (0xFF_FFFF, inter(2)), (40, inter(3))];
        for (timestamp, body) in pictures.clone() {
            client.send_audio(timestamp, sound(9));
            assert!(client.send_video(timestamp, body));
            exchange(&mut client, &mut peer, piece);
        }
        client.stop(T0);
        exchange(&mut client, &mut peer, piece);
        let mut heard = peer.events.iter();
        let published = |event: &&ServerSessionEvent| {
            matches!(event, ServerSessionEvent::PublishStreamRequested { app_name, stream_key, .. }
                if app_name == "live" && stream_key == url().key())
        };
        assert!(heard.any(|event| published(&event)));
        let is_metadata = |event: &ServerSessionEvent| matches!(event, ServerSessionEvent::StreamMetadataChanged { metadata, .. } if metadata.video_width == Some(640));
        assert!(heard.any(is_metadata));
        let media: Vec<(u32, Bytes)> = peer
            .events
            .iter()
            .filter_map(|event| match event {
                ServerSessionEvent::VideoDataReceived { data, timestamp, .. } => Some((timestamp.value, data.clone())),
                _ => None,
            })
            .collect();
        assert_eq!(media, pictures);
        let sounds = peer.events.iter().filter(|event| matches!(event, ServerSessionEvent::AudioDataReceived { .. }));
        assert_eq!(sounds.count(), 3);
        assert!(matches!(peer.events.last(), Some(ServerSessionEvent::PublishStreamFinished { .. })));
    }
}

#[test]
fn our_player_hears_what_an_independent_server_sends() {
    for piece in [17, 1 << 20] {
        let (mut client, mut peer) = (Client::play(&url(), T0, config()), Peer::new());
        exchange(&mut client, &mut peer, piece);
        assert_eq!(events(&mut client), [Event::Connected, Event::PlayStarted]);
        let (ping, _) = peer.session.send_ping_request().unwrap();
        peer.out.extend(ping.bytes);
        for (stamp, body) in [(0xFF_FFF0, idr(1, 9000)), (0x100_0010, inter(2)), (0x100_0038, inter(3))] {
            let packet = peer.session.send_video_data(1, body, RtmpTimestamp::new(stamp), false).unwrap();
            peer.out.extend(packet.bytes);
            let packet = peer.session.send_audio_data(1, sound(9), RtmpTimestamp::new(stamp), false).unwrap();
            peer.out.extend(packet.bytes);
        }
        exchange(&mut client, &mut peer, piece);
        let told = events(&mut client);
        let stamps: Vec<i64> = told
            .iter()
            .filter_map(|event| if let Event::Video { timestamp_ms, .. } = event { Some(*timestamp_ms) } else { None })
            .collect();
        assert_eq!(stamps, [0xFF_FFF0, 0x100_0010, 0x100_0038]);
        assert_eq!(told[0], Event::Video { timestamp_ms: 0xFF_FFF0, body: idr(1, 9000) });
        assert_eq!(told.len(), 6);
        assert!(peer.events.iter().any(|event| matches!(event, ServerSessionEvent::PingResponseReceived { .. })));
    }
}

/// Messages of random length, kind and time, as seeds give them.
fn random_messages(rng: &mut fastrand::Rng) -> Vec<Message> {
    let mut timestamp = rng.u32(..);
    (0..rng.usize(1..40))
        .map(|_| {
            timestamp = timestamp.wrapping_add(rng.u32(0..60));
            let payload = Bytes::from(vec![rng.u8(..); rng.usize(1..3000)]);
            if rng.bool() { message::audio(1, timestamp, payload) } else { message::video(1, timestamp, payload) }
        })
        .collect()
}

#[test]
fn writer_and_reader_agree_with_an_independent_pair() {
    for seed in 0..200 {
        let messages = random_messages(&mut fastrand::Rng::with_seed(seed));
        let (mut writer, mut theirs) = (ChunkWriter::new().without_interleaving(), ChunkDeserializer::new());
        for message in &messages {
            writer.push_control(message.clone()).unwrap();
            let bytes = writer.bytes(usize::MAX).to_vec();
            writer.sent(bytes.len());
            let read = theirs.get_next_message(&bytes).unwrap().unwrap();
            assert_eq!(
                (read.timestamp.value, read.type_id, &read.data),
                (message.timestamp, message.kind, &message.payload)
            );
        }

        let (mut serializer, mut reader) = (ChunkSerializer::new(), ChunkReader::new());
        for Message { timestamp, kind, stream, payload, .. } in messages {
            let timestamp = RtmpTimestamp::new(timestamp);
            let message = MessagePayload { timestamp, type_id: kind, message_stream_id: stream, data: payload.clone() };
            let packet = serializer.serialize(&message, false, false).unwrap();
            let [read] = &read_all(&mut reader, &packet.bytes)[..] else { panic!("one message") };
            assert_eq!((read.timestamp, read.kind, &read.payload), (timestamp.value, kind, &payload));
        }
    }
}
