//! Messages that are odd, damaged or made to hurt, and the small duties of a connection.

use super::support::{Script, T0, command, sound};
use crate::api::notice::Cause;
use crate::flv::amf::{self, Value};
use crate::media::Span;
use crate::rtmp::chunk::{Message, kind};
use crate::rtmp::client::Event;
use crate::rtmp::message::{self, Content, UserControl};
use bytes::Bytes;

fn raw(kind: u8, payload: &[u8]) -> Message {
    Message { csid: 3, timestamp: 0, kind, stream: 0, payload: Bytes::copy_from_slice(payload) }
}

/// The player goes on after `message`; answers how many messages were counted as bad.
fn survives(message: Message) -> u64 {
    let mut script = Script::player();
    script.say(&[message, message::audio(1, 0, sound(1))]);
    assert_eq!(script.events(), [Event::Audio { timestamp_ms: 0, body: sound(1) }]);
    script.client.counters().bad_messages
}

#[test]
fn g5_the_shortest_of_bad_messages_costs_itself_and_no_more() {
    // B1: twelve bytes, a command without a name.
    let mut script = Script::player();
    script.bytes(&[3, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0]);
    script.say(&[message::audio(1, 0, sound(1))]);
    assert_eq!(script.events().len(), 1);
    assert_eq!(script.client.counters().bad_messages, 1);
    for values in [&["onStatus".into()][..], &["onStatus".into(), 0.0.into()], &["_result".into(), 1.0.into()]] {
        assert_eq!(survives(raw(kind::COMMAND_AMF0, &amf::to_bytes(values))), 0);
    }
}

#[test]
fn g5_control_messages_of_a_wrong_length_are_left_out() {
    let mut short = message::acknowledgement(1);
    for kind in [1, 2, 3, 4, 5, 6] {
        (short.kind, short.payload) = (kind, vec![0].into());
        assert_eq!(survives(short.clone()), 1, "type {kind}");
    }
}

#[test]
fn g4_nesting_that_would_end_the_stack_is_refused() {
    // B4: four bytes a level.
    let bomb = [&amf::to_bytes(&["onMetaData".into()])[..], &[3, 0, 1, b'x'].repeat(15_000)].concat();
    assert_eq!(survives(raw(kind::DATA_AMF0, &bomb)), 1);
    let arrays = [&amf::to_bytes(&["onStatus".into(), 0.0.into()])[..], &[10, 0, 0, 0, 1].repeat(12_000)].concat();
    assert_eq!(survives(raw(kind::COMMAND_AMF0, &arrays)), 0, "what stands before is taken");
}

#[test]
fn g4_many_small_values_do_not_grow_in_memory() {
    // B5: a strict array of nulls.
    let crowd = [&amf::to_bytes(&["onMetaData".into()])[..], &[10, 0, 0, 0xEA, 0x60], &[5; 60_000]].concat();
    assert_eq!(survives(raw(kind::DATA_AMF0, &crowd)), 1);
}

#[test]
fn g4_rare_values_and_unknown_events_are_values_not_errors() {
    // B10: date, long string, reference, typed object, unsupported; and a truncated string, which is an error (B18).
    let rare: [&[u8]; 5] =
        [b"\x0b\0\0\0\0\0\0\0\0\0\0", b"\x0c\0\0\0\x01x", b"\x07\0\0", b"\x10\0\x01C\0\0\x09", b"\x0d"];
    for value in rare {
        let bytes = [&amf::to_bytes(&["onCuePoint".into()])[..], value].concat();
        assert_eq!(survives(raw(kind::DATA_AMF0, &bytes)), 0);
    }
    assert_eq!(survives(raw(kind::DATA_AMF0, b"\x02\0\x09short")), 1);
    assert_eq!(survives(raw(kind::DATA_AMF0, b"\x11\x01")), 1);
    for event in [5, 8, 26, 27, 31, 33, 41] {
        assert_eq!(survives(UserControl::Other(event).message()), 0);
    }
    let mut limit = message::set_peer_bandwidth(100_000);
    limit.payload = vec![0, 1, 0, 0, 9].into();
    assert_eq!(survives(limit), 0);
    assert_eq!(survives(raw(kind::COMMAND_AMF3, b"\0\x02\0\x01x")), 0);
    assert_eq!(survives(raw(16, b"x")), 0);
}

#[test]
fn g5_ten_bad_messages_in_a_second_end_the_session_and_fewer_do_not() {
    let bad = raw(kind::DATA_AMF0, b"\x02\0\x09short");
    let mut script = Script::player();
    for second in 0..20 {
        script.now = T0 + Span::millis(1100 * second);
        script.say(&vec![bad.clone(); 9]);
    }
    assert_eq!(script.events(), []);
    script.say(&[bad]);
    let Some(Event::Closed(reason)) = script.events().pop() else { panic!("not closed") };
    assert_eq!(reason.cause(), Cause::Broken);
}

#[test]
fn g12_the_worst_nesting_needs_little_stack() {
    // A tenth of a worker's stack of 2 MiB.
    let worst = || {
        let deep = [[3, 0, 1, b'x'].repeat(16), [10, 0, 0, 0, 1].repeat(12_000).to_vec()].concat();
        let bomb = [&amf::to_bytes(&["onMetaData".into()])[..], &deep].concat();
        survives(raw(kind::DATA_AMF0, &bomb))
    };
    let thread = std::thread::Builder::new().stack_size(200 << 10).spawn(worst).unwrap();
    assert_eq!(thread.join().unwrap(), 1);
}

#[test]
fn g9_acknowledgements_carry_the_running_total_at_half_the_window() {
    // B14.
    let mut script = Script::player();
    script.hear();
    script.say(&[message::window_ack_size(4000)]);
    for number in 0..100 {
        script.say(&[message::audio(1, number, vec![1; 188].into())]);
    }
    let totals: Vec<u32> = script
        .hear()
        .iter()
        .filter_map(|message| {
            if let Ok(Content::Acknowledgement(total)) = message::content(message) { Some(total) } else { None }
        })
        .collect();
    assert!((9..=11).contains(&totals.len()), "{totals:?}");
    assert!(totals.windows(2).all(|pair| (2000..2300).contains(&(pair[1] - pair[0]))), "{totals:?}");
    assert_eq!(u64::from(*totals.last().unwrap()) / 2200, script.client.counters().bytes_in / 2200);
    assert_eq!(message::acknowledgement((1 << 32) + 5), message::acknowledgement(5), "modulo 2^32");
}

#[test]
fn g9_a_peers_bandwidth_is_obeyed_once() {
    let mut script = Script::publisher();
    script.hear();
    script.say(&[message::set_peer_bandwidth(5000), message::set_peer_bandwidth(5000)]);
    assert_eq!(script.hear(), [message::window_ack_size(5000)]);
}

#[test]
fn g9_a_ping_is_answered_ahead_of_media() {
    let mut script = Script::publisher();
    script.hear();
    assert!(script.client.send_video(0, vec![0x17; 60_000].into()));
    assert!(script.client.send_audio(0, sound(1)));
    let count = script.client.poll_transmit(1).len();
    script.client.transmitted(count);
    let mut ping = crate::rtmp::chunk_writer::ChunkWriter::new();
    ping.push_control(UserControl::PingRequest(0x0A0B_0C0D).message()).unwrap();
    script.client.handle_bytes(ping.bytes(100), script.now);
    let next = script.client.poll_transmit(1);
    assert!(next.windows(6).take(15).any(|bytes| bytes == [0, 7, 10, 11, 12, 13]), "{next:?}");
}

#[test]
fn a_command_keeps_its_order_on_the_wire() {
    let values = vec![Value::object([("z", 1.0.into()), ("a", 2.0.into())]), "x".into()];
    let written = command("name", 9.0, 3, values.clone());
    let Ok(Content::Command(read)) = message::content(&written) else { panic!("unread") };
    assert_eq!((read.name.as_str(), read.transaction, read.arguments), ("name", 9.0, values));
}
