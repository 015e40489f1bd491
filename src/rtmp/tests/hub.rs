//! Our client against our relay.

use super::support::{T0, drain, events, idr, inter, sound, sound_header, url, video_header};
use crate::flv::amf::Value;
use crate::rtmp::client::{Client, Config, Event, Reason};
use crate::rtmp::relay::{Hub, Id, Options};
use bytes::Bytes;

/// Clients wired to one hub; bytes cross in pieces of `piece`.
struct Loopback {
    hub: Hub,
    clients: Vec<(Id, Client)>,
    piece: usize,
}

impl Loopback {
    fn new(options: Options, piece: usize) -> Self {
        Self { hub: Hub::new(options), clients: Vec::new(), piece }
    }

    fn publish(&mut self) -> usize {
        self.add(Client::publish(&url(), T0, Config::default()))
    }

    fn play(&mut self) -> usize {
        self.add(Client::play(&url(), T0, Config::default()))
    }

    fn add(&mut self, client: Client) -> usize {
        self.clients.push((self.hub.connect().unwrap(), client));
        self.exchange();
        self.clients.len() - 1
    }

    fn client(&mut self, index: usize) -> &mut Client {
        &mut self.clients[index].1
    }

    fn video(&mut self, index: usize, timestamp: u32, body: Bytes) {
        assert!(self.client(index).send_video(timestamp, body));
        self.exchange();
    }

    fn audio(&mut self, index: usize, timestamp: u32, body: Bytes) {
        assert!(self.client(index).send_audio(timestamp, body));
        self.exchange();
    }

    fn events(&mut self, index: usize) -> Vec<Event> {
        events(self.client(index))
    }

    /// Moves bytes until nobody has any.
    fn exchange(&mut self) {
        while (0..self.clients.len()).filter(|&index| self.turn(index)).count() > 0 {}
    }

    /// One connection's bytes, both ways.
    fn turn(&mut self, index: usize) -> bool {
        let (id, client) = &mut self.clients[index];
        let up = drain(client, self.piece);
        up.chunks(self.piece).for_each(|piece| self.hub.handle_bytes(*id, piece));
        let mut moved = !up.is_empty();
        loop {
            let down = self.hub.poll_transmit(*id, 2000);
            let count = down.len().min(self.piece);
            if count == 0 {
                return moved;
            }
            client.handle_bytes(&down[..count], T0);
            self.hub.transmitted(*id, count);
            moved = true;
        }
    }
}

fn metadata() -> Value {
    Value::object([("width", 640.0.into()), ("height", 360.0.into())])
}

fn video_event(timestamp_ms: i64, body: Bytes) -> Event {
    Event::Video { timestamp_ms, body }
}

fn audio_event(timestamp_ms: i64, body: Bytes) -> Event {
    Event::Audio { timestamp_ms, body }
}

fn begin_stream(net: &mut Loopback) -> usize {
    let up = net.publish();
    assert_eq!(net.events(up), [Event::Connected, Event::Publishing]);
    assert!(net.client(up).send_metadata(metadata()));
    net.audio(up, 0, sound_header());
    net.video(up, 0, video_header());
    up
}

#[test]
fn a_stream_crosses_the_relay_whole_however_bytes_are_split() {
    for piece in [1, 2, 3, 7, 100, 1536, 5000, 1 << 20] {
        let mut net = Loopback::new(Options::default(), piece);
        let up = begin_stream(&mut net);
        let down = net.play();
        net.video(up, 40, idr(1, 10_000));
        net.audio(up, 41, sound(2));
        net.video(up, 80, inter(3));
        let expected = [
            Event::Connected,
            Event::PlayStarted,
            Event::Metadata(metadata()),
            audio_event(0, sound_header()),
            video_event(0, video_header()),
            video_event(40, idr(1, 10_000)),
            audio_event(41, sound(2)),
            video_event(80, inter(3)),
        ];
        assert_eq!(net.events(down), expected, "in pieces of {piece}");
    }
}

#[test]
fn a_player_that_comes_later_gets_headers_and_begins_at_the_next_idr() {
    let mut net = Loopback::new(Options::default(), 1000);
    let up = begin_stream(&mut net);
    net.video(up, 40, idr(1, 10));
    let down = net.play();
    net.video(up, 80, inter(2));
    net.video(up, 120, idr(3, 10));
    let pictures: Vec<Event> =
        net.events(down).into_iter().filter(|event| matches!(event, Event::Video { .. })).collect();
    assert_eq!(pictures, [video_event(40, video_header()), video_event(120, idr(3, 10))]);
}

#[test]
fn with_a_cached_gop_a_player_begins_at_the_last_idr() {
    let mut net = Loopback::new(Options { gop_cache: 100_000, ..Options::default() }, 1000);
    let up = begin_stream(&mut net);
    net.video(up, 40, idr(1, 10));
    net.video(up, 80, inter(2));
    let down = net.play();
    let pictures: Vec<Event> =
        net.events(down).into_iter().filter(|event| matches!(event, Event::Video { .. })).collect();
    assert_eq!(pictures, [video_event(40, video_header()), video_event(40, idr(1, 10)), video_event(80, inter(2))]);
}

#[test]
fn a_stream_ends_and_begins_again_on_the_same_connection() {
    let mut net = Loopback::new(Options::default(), 1000);
    let down = net.play();
    assert_eq!(net.events(down), [Event::Connected]);
    let up = begin_stream(&mut net);
    net.video(up, 40, idr(1, 10));
    net.client(up).stop(T0);
    net.exchange();
    assert_eq!(net.events(up), [Event::Closed(Reason::Ours)]);
    let again = begin_stream(&mut net);
    net.video(again, 20, idr(2, 10));
    let told: Vec<Event> = net.events(down).into_iter().filter(|event| !matches!(event, Event::Audio { .. })).collect();
    let expected = [
        Event::PlayStarted,
        Event::Metadata(metadata()),
        video_event(0, video_header()),
        video_event(40, idr(1, 10)),
        Event::StreamEnded,
        Event::PlayStarted,
        Event::Metadata(metadata()),
        video_event(0, video_header()),
        video_event(20, idr(2, 10)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_name_in_use_is_refused_and_free_again_when_its_publisher_is_gone() {
    let mut net = Loopback::new(Options::default(), 1000);
    let up = net.publish();
    let second = net.publish();
    let Some(Event::Closed(reason)) = net.events(second).pop() else { panic!("not refused") };
    assert!(matches!(&reason, Reason::Refused { code, .. } if code == "NetStream.Publish.BadName"), "{reason}");
    let id = net.clients[up].0;
    net.hub.disconnect(id);
    let third = net.publish();
    assert_eq!(net.events(third), [Event::Connected, Event::Publishing]);
}

#[test]
fn a_player_that_does_not_read_loses_pictures_up_to_an_idr_and_costs_bounded_memory() {
    let mut net = Loopback::new(Options { queue: 100_000, ..Options::default() }, 1000);
    let up = begin_stream(&mut net);
    let down = net.play();
    net.events(down);
    let (_, reader) = net.clients.pop().unwrap();
    let id = down as Id + 1;
    for number in 0..95_u32 {
        let body = if number % 10 == 0 {
            idr(number as u8, 9000)
        } else {
            [0x27, 1, 0, 0, 0, number as u8].repeat(1000).into()
        };
        net.video(up, number * 40, body);
    }
    net.clients.push((id, reader));
    net.exchange();
    let told = net.events(down);
    let bytes: usize =
        told.iter().map(|event| if let Event::Video { body, .. } = event { body.len() } else { 0 }).sum();
    assert!(bytes < 100_000, "{bytes}");
    let first = told.iter().find_map(|event| if let Event::Video { body, .. } = event { Some(body[0]) } else { None });
    assert_eq!(first, Some(0x17), "begins with an IDR");
    assert_eq!(told.last(), Some(&video_event(94 * 40, [0x27, 1, 0, 0, 0, 94].repeat(1000).into())));
}

#[test]
fn there_are_no_more_connections_than_allowed() {
    let mut hub = Hub::new(Options { connections: 2, ..Options::default() });
    let first = hub.connect().unwrap();
    assert!(hub.connect().is_some());
    assert!(hub.connect().is_none());
    hub.disconnect(first);
    assert!(hub.connect().is_some());
}
