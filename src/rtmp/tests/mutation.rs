//! Damaged bytes through the chunk reader, the whole client and the relay: nothing panics, nothing grows.

use super::support::{Script, T0, chunks, command, drain, events, idr, inter, sound, status, url};
use crate::flv::amf::Value;
use crate::rtmp::chunk::kind;
use crate::rtmp::chunk_reader::{BUDGET, ChunkReader};
use crate::rtmp::client::{Client, Config, Event};
use crate::rtmp::message::{self, UserControl};
use crate::rtmp::relay::{Hub, Options};
use crate::testing::mutations;

/// What a server says to a player after the handshake, from `connect` to the end of the stream.
fn server_side() -> Vec<u8> {
    let info = Value::object([("level", "status".into()), ("code", "NetConnection.Connect.Success".into())]);
    let metadata = Value::EcmaArray(vec![("width".into(), 640.0.into()), ("encoder".into(), "x".into())]);
    let mut aggregate = message::video(1, 90, [&[8, 0, 0, 3, 0, 0, 9, 0, 0, 0, 0][..], &sound(1)].concat().into());
    aggregate.kind = kind::AGGREGATE;
    let mut chunk_size = message::window_ack_size(200);
    chunk_size.kind = kind::SET_CHUNK_SIZE;
    chunks(&[
        message::window_ack_size(2000),
        message::set_peer_bandwidth(5000),
        command("_result", 1.0, 0, vec![info]),
        command("onBWDone", 0.0, 0, vec![8192.0.into()]),
        command("_result", 4.0, 0, vec![1.0.into()]),
        UserControl::StreamBegin(1).message(),
        status("status", "NetStream.Play.Start"),
        message::data(1, 0, &["onMetaData".into(), metadata]),
        message::video(1, 40, idr(1, 300)),
        message::audio(1, 41, sound(2)),
        UserControl::PingRequest(5).message(),
        message::video(1, 0x100_0000, inter(3)),
        aggregate,
        status("status", "NetStream.Play.UnpublishNotify"),
        UserControl::StreamEof(1).message(),
    ])
}

/// What a publisher says, handshake included.
fn client_side() -> Vec<u8> {
    let mut hub = Hub::new(Options::default());
    let id = hub.connect().unwrap();
    let mut client = Client::publish(&url(), T0, Config::default());
    let mut said = Vec::new();
    for _ in 0..6 {
        let up = drain(&mut client, usize::MAX);
        hub.handle_bytes(id, &up);
        said.extend(up);
        let down = hub.poll_transmit(id, usize::MAX).to_vec();
        hub.transmitted(id, down.len());
        client.handle_bytes(&down, T0);
        client.send_metadata(Value::object([("width", 640.0.into())]));
        client.send_video(0, idr(1, 1500));
        client.send_audio(0, sound(1));
    }
    said
}

#[test]
fn damaged_chunks_never_panic_nor_hold_more_than_their_budget() {
    let golden = server_side();
    for (number, bytes) in mutations(&[&golden], 0x0c40_0001, 20_000).enumerate() {
        let mut reader = ChunkReader::new();
        for piece in bytes.chunks(number % 700 + 1) {
            let mut input = piece;
            let whole = loop {
                match reader.read(&mut input) {
                    Ok(Some(message)) => assert!(message.payload.len() <= 2 << 20),
                    Ok(None) => break true,
                    Err(_) => break false,
                }
            };
            assert!(!whole || reader.held() <= BUDGET);
            if !whole {
                break;
            }
        }
    }
}

#[test]
fn a_client_survives_damaged_servers() {
    let golden = server_side();
    let mut ended = 0;
    for (number, bytes) in mutations(&[&golden], 0x0c40_0002, 20_000).enumerate() {
        let client = match number % 2 {
            0 => Client::play(&url(), T0, Config::default()),
            _ => Client::publish(&url(), T0, Config::default()),
        };
        let mut script = Script::new(client);
        let mut told = Vec::new();
        for piece in bytes.chunks(number % 900 + 1) {
            script.client.handle_bytes(piece, T0);
            drain(&mut script.client, usize::MAX);
            told.extend(events(&mut script.client));
            assert!(script.client.backlog() < 64 << 10);
        }
        let closed = told.iter().position(|event| matches!(event, Event::Closed(_)));
        assert!(closed.is_none_or(|at| at + 1 == told.len()), "nothing follows the end");
        assert_eq!(closed.is_some(), script.client.is_closed());
        ended += usize::from(closed.is_some());
    }
    assert!(ended > 0, "some damage is found");
}

#[test]
fn a_client_survives_damaged_handshakes() {
    let mut server = crate::rtmp::handshake::Handshake::server();
    let mut answer = Vec::new();
    let mut client = Client::play(&url(), T0, Config::default());
    let first = drain(&mut client, usize::MAX);
    server.read(&mut &first[..], &mut answer).unwrap();
    let golden = [answer, server_side()].concat();
    for bytes in mutations(&[&golden, b"HTTP/1.1 200 OK\r\n\r\n"], 0x0c40_0003, 500) {
        let mut client = Client::play(&url(), T0, Config::default());
        client.handle_bytes(&bytes, T0);
        drain(&mut client, usize::MAX);
    }
}

#[test]
fn a_relay_survives_damaged_clients() {
    let golden = client_side();
    let mut hub = Hub::new(Options { connections: 4, ..Options::default() });
    // Digests of the handshake cost most of the time.
    for bytes in mutations(&[&golden], 0x0c40_0004, 2_000) {
        let id = hub.connect().unwrap();
        hub.handle_bytes(id, &bytes);
        hub.poll_transmit(id, 1 << 20);
        hub.disconnect(id);
        assert!(hub.take_woken().is_empty());
    }
}
