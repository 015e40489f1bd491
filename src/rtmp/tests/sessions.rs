//! The client's steps, deadlines and what it survives.

use super::support::{Script, T0, chunks, command, drain, events, sound, status, url};
use crate::api::notice::Cause;
use crate::flv::amf::Value;
use crate::media::Span;
use crate::rtmp::chunk::{Message, kind};
use crate::rtmp::client::{Client, Config, Event, Reason, Step};
use crate::rtmp::handshake::Handshake;
use crate::rtmp::message::{self, Content, UserControl};

fn publish() -> Client {
    Client::publish(&url(), T0, Config::default())
}

fn closed(events: &[Event]) -> &Reason {
    match events.last() {
        Some(Event::Closed(reason)) => reason,
        other => panic!("not closed: {other:?}"),
    }
}

#[test]
fn g15_a_publisher_says_what_encoders_of_long_standing_say() {
    let mut script = Script::new(publish());
    let connect = script.commands().remove(0);
    assert_eq!((connect.name.as_str(), connect.transaction), ("connect", 1.0));
    let property = |name: &str| connect.object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!(property("app"), "live");
    assert_eq!(property("type"), "nonprivate");
    assert!(property("flashVer").starts_with("FMLE/3.0 (compatible; "));
    assert_eq!([property("tcUrl"), property("swfUrl")], ["rtmp://127.0.0.1/live"; 2]);
    assert!(connect.object.get("capabilities").is_some() && connect.object.get("videoCodecs").is_some());

    script.connected();
    let names = |script: &mut Script| script.commands().into_iter().map(|command| command.name).collect::<Vec<_>>();
    assert_eq!(names(&mut script), ["releaseStream", "FCPublish", "createStream"], "in one, without waiting");
    let chatter = ["onBWDone", "onFCPublish", "_checkbw", "whatever"].map(|name| command(name, 0.0, 0, vec![]));
    script.say(&chatter);
    script.say(&[command("_error", 2.0, 0, vec![]), command("_result", 3.0, 0, vec![])]);
    script.say(&[command("_result", 4.0, 0, vec![7.0.into()])]);
    let [publish] = &script.commands()[..] else { panic!("publish alone") };
    assert_eq!(publish.arguments, [url().key().into(), "live".into()]);
    script.say(&[status("status", "NetStream.Publish.Start")]);
    assert_eq!(script.events(), [Event::Connected, Event::Publishing]);
    assert_eq!(script.client.deadline(), None);
}

#[test]
fn a_player_in_a_call_asks_for_a_small_buffer() {
    let mut script = Script::new(Client::play(&url(), T0, Config::default()));
    script.connected();
    script.say(&[command("_result", 4.0, 0, vec![3.0.into()])]);
    let heard = script.hear();
    let buffer = heard.iter().map(|message| message::content(message).unwrap());
    let expected = Content::UserControl(UserControl::SetBufferLength { stream: 3, milliseconds: 100 });
    assert_eq!(buffer.filter(|content| *content == expected).count(), 1);
    assert_eq!(heard.iter().find(|message| message.stream == 3).unwrap().kind, kind::COMMAND_AMF0);
}

#[test]
fn g11_every_step_has_its_deadline() {
    let mut client = publish();
    drain(&mut client, 100);
    client.handle_bytes(&[3], T0 + Span::millis(4900));
    assert_eq!(client.deadline(), Some(T0 + Span::secs(5)), "a trickle does not prolong the handshake");
    client.handle_timeout(T0 + Span::millis(4999));
    assert_eq!(events(&mut client), []);
    client.handle_timeout(T0 + Span::secs(5));
    assert_eq!(events(&mut client), [Event::Closed(Reason::Timeout(Step::Handshake))]);

    let mut script = Script::new(publish());
    script.client.handle_timeout(T0 + Span::secs(5));
    assert_eq!(closed(&script.events()), &Reason::Timeout(Step::Connect));

    let mut script = Script::new(publish());
    script.now = T0 + Span::secs(4);
    script.connected();
    script.now = T0 + Span::secs(8);
    script.say(&[command("_result", 4.0, 0, vec![1.0.into()])]);
    script.client.handle_timeout(T0 + Span::millis(8999));
    assert!(!script.client.is_closed());
    script.client.handle_timeout(T0 + Span::secs(9));
    assert_eq!(closed(&script.events()), &Reason::Timeout(Step::Stream));
    assert_eq!(script.client.deadline(), None);
}

#[test]
fn g11_a_server_may_not_talk_long_before_the_stream_begins() {
    let mut script = Script::new(publish());
    let chatter = chunks(&[message::data(0, 0, &["x".repeat(15_000).into()])]);
    for _ in 0..5 {
        script.client.handle_bytes(&chatter, T0);
    }
    let events = script.events();
    let reason = closed(&events);
    assert_eq!((reason.cause(), reason.to_string().contains("65536 bytes")), (Cause::Handshake, true));
}

#[test]
fn g11_what_follows_the_handshake_in_the_same_bytes_is_read() {
    let mut client = publish();
    let first = drain(&mut client, usize::MAX);
    let mut answer = Vec::new();
    Handshake::server().read(&mut &first[..], &mut answer).unwrap();
    answer.extend(chunks(&[UserControl::PingRequest(77).message()]));
    client.handle_bytes(&answer, T0);
    let sent = drain(&mut client, usize::MAX);
    assert!(sent[1536..].windows(6).any(|bytes| bytes == [0, 7, 0, 0, 0, 77]), "the ping is answered");
}

#[test]
fn a_server_that_speaks_something_else_is_told_from_one_that_is_silent() {
    for (answer, words) in [(&b"HTTP/1.1 400 Bad Request\r\n"[..], "HTTP"), (&[6; 1600], "handshake")] {
        let mut client = publish();
        client.handle_bytes(answer, T0);
        let events = events(&mut client);
        let reason = closed(&events);
        assert_eq!(reason.cause(), Cause::Handshake);
        assert!(reason.to_string().contains(words), "{reason}");
    }
    let mut client = publish();
    client.handle_close(T0);
    assert_eq!(closed(&events(&mut client)).cause(), Cause::Handshake);
    let mut script = Script::new(publish());
    script.client.handle_close(T0);
    assert_eq!(closed(&script.events()), &Reason::ServerClosed);
}

#[test]
fn g5_a_bad_chunk_header_ends_the_session() {
    for (mut script, cause) in [(Script::new(publish()), Cause::Handshake), (Script::publisher(), Cause::Broken)] {
        script.bytes(&[0xC9]);
        assert_eq!(closed(&script.events()).cause(), cause);
        assert!(script.client.poll_transmit(100).is_empty());
    }
}

#[test]
fn g8_media_counts_from_our_stream_and_from_stream_0() {
    // B13: some servers send all media on message stream 0.
    let mut script = Script::player();
    script.say(&[0, 1, 2].map(|stream| message::audio(stream, 40, sound(stream as u8))));
    let bodies: Vec<_> = script
        .events()
        .into_iter()
        .map(|event| if let Event::Audio { body, .. } = event { body[2] } else { 99 })
        .collect();
    assert_eq!(bodies, [0, 1]);
    assert_eq!(script.client.counters().ignored_media, 1);
}

#[test]
fn g8_media_may_come_before_the_status_of_play() {
    let mut script = Script::new(Client::play(&url(), T0, Config::default()));
    script.connected();
    script.say(&[message::audio(1, 0, sound(1)), command("_result", 4.0, 0, vec![1.0.into()])]);
    script.say(&[message::audio(0, 0, sound(2))]);
    script.say(&[status("status", "NetStream.Play.Start")]);
    let expected = [Event::Connected, Event::PlayStarted, Event::Audio { timestamp_ms: 0, body: sound(2) }];
    assert_eq!(script.events(), expected);
}

#[test]
fn g8_media_after_our_own_stop_is_ignored() {
    // B12.
    let mut script = Script::player();
    script.client.stop(T0);
    script.client.handle_bytes(&chunks(&[message::audio(1, 0, sound(1))]), T0);
    assert_eq!(script.events(), []);
    let names: Vec<_> = script.commands().into_iter().map(|command| command.name).collect();
    assert_eq!(names[names.len() - 2..], ["closeStream", "deleteStream"]);
    assert_eq!(script.events(), [Event::Closed(Reason::Ours)]);
}

#[test]
fn stopping_leaves_properly_and_within_half_a_second() {
    let mut script = Script::publisher();
    assert!(script.client.send_video(0, vec![0x17; 100_000].into()));
    script.client.stop(T0);
    let names: Vec<_> = script.commands().into_iter().map(|command| command.name).collect();
    assert_eq!(names[names.len() - 2..], ["FCUnpublish", "deleteStream"]);
    assert_eq!(script.events(), [Event::Closed(Reason::Ours)]);
    assert!(script.client.counters().bytes_out < 10_000, "the picture on its way is given up");

    let mut script = Script::publisher();
    script.client.stop(T0);
    assert_eq!(script.client.deadline(), Some(T0 + Span::millis(500)), "a server that does not read");
    script.client.handle_timeout(T0 + Span::millis(500));
    assert_eq!(script.events(), [Event::Closed(Reason::Ours)]);

    let mut client = publish();
    client.stop(T0);
    assert_eq!(events(&mut client), [Event::Closed(Reason::Ours)]);
}

#[test]
fn a_player_waits_for_its_publisher_as_long_as_the_server_lives() {
    let mut script = Script::new(Client::play(&url(), T0, Config::default()));
    script.connected();
    script.client.handle_timeout(T0 + Span::millis(4999));
    assert_eq!(script.client.deadline(), Some(T0 + Span::secs(5)), "createStream is answered at once or never");
    script.say(&[command("_result", 4.0, 0, vec![1.0.into()])]);
    assert_eq!(script.client.deadline(), None);
    for minute in 0..10_000 {
        script.say(&[UserControl::PingRequest(minute).message()]);
    }
    script.say(&[status("status", "NetStream.Play.Start")]);
    assert_eq!(script.events(), [Event::Connected, Event::PlayStarted]);
}

#[test]
fn a_player_that_hears_nothing_any_more_gives_up_and_one_that_waits_does_not() {
    let mut script = Script::player();
    assert_eq!(script.client.deadline(), None, "the publisher may not be there yet");
    script.now = T0 + Span::secs(60);
    script.say(&[message::audio(1, 0, sound(1))]);
    assert_eq!(script.client.deadline(), Some(T0 + Span::secs(65)));
    script.say(&[status("status", "NetStream.Play.UnpublishNotify")]);
    assert_eq!(script.client.deadline(), None);
    script.say(&[message::audio(1, 0, sound(1))]);
    script.client.handle_timeout(T0 + Span::secs(65));
    assert_eq!(closed(&script.events()), &Reason::Timeout(Step::Media));
}

#[test]
fn g14_the_same_bytes_at_the_same_time_give_the_same_session() {
    let hear = || {
        let mut script = Script::publisher();
        script.client.send_metadata(Value::object([("b", 1.0.into()), ("a", 2.0.into())]));
        script.client.send_audio(23, sound(1));
        script.hear()
    };
    let once: Vec<Message> = hear();
    assert_eq!(once, hear());
    assert!(once.iter().all(|message| [0, 23].contains(&message.timestamp)), "no clock but the media's");
}
