//! What servers say in the middle of a session.

use super::support::{Script, command, sound, status};
use crate::api::notice::Cause;
use crate::flv::amf::Value;
use crate::rtmp::client::{Event, Reason};
use crate::rtmp::message::{self, UserControl};
use bytes::Bytes;

fn refusal(mut script: Script, code: &str, level: &str) -> Option<Reason> {
    script.say(&[status(level, code)]);
    script.events().pop().map(|event| match event {
        Event::Closed(reason) => reason,
        other => panic!("{other:?}"),
    })
}

#[test]
fn g10_a_refusal_in_the_middle_ends_the_session_with_its_code() {
    let table = [
        ("error", "NetStream.Whatever"),
        ("status", "NetStream.Publish.BadName"),
        ("warning", "NetStream.Publish.Denied"),
        ("status", "NetStream.Play.Failed"),
        ("status", "NetStream.Play.StreamNotFound"),
        ("status", "NetStream.Unpublish.Success"),
        ("status", "NetConnection.Connect.Rejected"),
    ];
    for (level, code) in table {
        for script in [Script::publisher(), Script::player()] {
            let reason = refusal(script, code, level).unwrap();
            assert_eq!(reason, Reason::Refused { code: code.into(), words: "words".into() });
            let absent = code == "NetStream.Play.StreamNotFound";
            assert_eq!(reason.end().cause, if absent { Cause::Absent } else { Cause::Refused });
            assert!(reason.end().words.contains(code));
        }
    }
    for code in ["NetStream.Play.Reset", "NetStream.Play.PublishNotify", "NetStream.Data.Start", ""] {
        assert_eq!(refusal(Script::player(), code, "status"), None);
    }
}

#[test]
fn a_server_that_closes_with_nothing_of_the_stream_sent_is_taken_to_have_nobody_who_sends_it() {
    let close = |mut script: Script| {
        script.client.handle_close(script.now);
        script.events().pop()
    };
    let mut heard = Script::player();
    heard.say(&[message::audio(1, 0, sound(1))]);
    let table = [
        (Script::player(), Reason::NothingSent, Cause::Absent),
        (heard, Reason::ServerClosed, Cause::Closed),
        (Script::publisher(), Reason::ServerClosed, Cause::Closed),
    ];
    for (script, reason, cause) in table {
        assert_eq!(close(script), Some(Event::Closed(reason.clone())));
        assert_eq!(reason.cause(), cause);
    }
}

#[test]
fn g10_a_servers_words_are_clipped_and_hold_no_secret() {
    let mut script = Script::publisher();
    let words = format!("rtmp://me:pw@h/live/door?txSecret=s3cret expired {}", "é".repeat(5000));
    let info = [("level", "error".into()), ("code", "X".into()), ("description", words.into())];
    script.say(&[command("onStatus", 0.0, 1, vec![Value::Null, Value::object(info)])]);
    let Some(Event::Closed(reason)) = script.events().pop() else { panic!("not closed") };
    let Reason::Refused { words, .. } = &reason else { panic!("{reason:?}") };
    assert!(words.len() <= 256 && words.starts_with("rtmp://***@h/live/door?txSecret=*** expired é"), "{words}");
}

#[test]
fn g10_connect_refused_by_error_or_by_a_result_that_is_one() {
    for name in ["_error", "_result"] {
        let mut script = super::support::connecting();
        let info = [("level", "error".into()), ("code", "NetConnection.Connect.InvalidApp".into())];
        script.say(&[command(name, 1.0, 0, vec![Value::object(info)])]);
        let expected = Reason::Refused { code: "NetConnection.Connect.InvalidApp".into(), words: String::new() };
        assert_eq!(script.events(), [Event::Closed(expected)]);
    }
}

#[test]
fn g8_start_said_again_changes_nothing() {
    // B11: nginx-rtmp with play_restart says Play.Start each time the publisher comes.
    for (mut script, code) in
        [(Script::player(), "NetStream.Play.Start"), (Script::publisher(), "NetStream.Publish.Start")]
    {
        script.say(&[status("status", code), status("status", code)]);
        assert_eq!(script.events(), []);
        assert!(!script.client.is_closed());
    }
}

#[test]
fn an_ended_stream_is_told_once_and_begins_again_by_any_sign() {
    let ends = [
        status("status", "NetStream.Play.UnpublishNotify"),
        status("status", "NetStream.Play.Stop"),
        UserControl::StreamEof(1).message(),
    ];
    let begins = [
        status("status", "NetStream.Play.Start"),
        UserControl::StreamBegin(1).message(),
        message::audio(1, 0, sound(1)),
    ];
    for begin in begins {
        let mut script = Script::player();
        script.say(&ends);
        assert_eq!(script.events(), [Event::StreamEnded]);
        script.say(&[begin]);
        assert_eq!(script.events()[0], Event::PlayStarted);
    }
    let mut script = Script::player();
    script.say(&[UserControl::StreamEof(9).message(), UserControl::StreamDry(1).message()]);
    assert_eq!(script.events(), [], "another stream's end is not ours");
}

#[test]
fn metadata_comes_in_both_wrappings_and_other_data_is_left_out() {
    let mut script = Script::player();
    let value = Value::object([("width", 640.0.into())]);
    script.say(&[
        message::data(1, 0, &["onMetaData".into(), value.clone()]),
        message::data(1, 0, &["@setDataFrame".into(), "onMetaData".into(), value.clone()]),
        message::data(1, 0, &["|RtmpSampleAccess".into(), true.into(), true.into()]),
        message::data(1, 0, &["onMetaData".into()]),
        message::data(1, 0, &[]),
    ]);
    assert_eq!(script.events(), [Event::Metadata(value.clone()), Event::Metadata(value)]);
}

#[test]
fn aggregated_media_is_taken_apart() {
    let part = |kind: u8, stamp: u8, body: &[u8]| {
        let head = [kind, 0, 0, body.len() as u8, 0, 0, stamp, 0, 0, 0, 0];
        [&head[..], body, &[0, 0, 0, 11 + body.len() as u8]].concat()
    };
    let mut payload = [part(8, 10, &[0xAF, 1, 5]), part(18, 10, &[5]), part(9, 50, &[0x27, 1])].concat();
    payload.extend([8, 0, 0, 9, 0]);
    let mut script = Script::player();
    let mut aggregate = message::video(1, 1000, Bytes::from(payload));
    aggregate.kind = 22;
    script.say(&[aggregate]);
    let expected = [
        Event::Audio { timestamp_ms: 1000, body: sound(5) },
        Event::Video { timestamp_ms: 1040, body: vec![0x27, 1].into() },
    ];
    assert_eq!(script.events(), expected);
}

#[test]
fn g7_media_time_stamps_never_wrap_whether_the_server_counts_32_bits_or_31() {
    for top in [u32::MAX, u32::MAX >> 1] {
        let mut script = Script::player();
        script.say(&[top - 9, 30, top, 70].map(|stamp| message::audio(1, stamp, sound(1))));
        let first = i64::from(top) - 9;
        let stamps = script.events().into_iter().filter_map(|event| match event {
            Event::Audio { timestamp_ms, .. } => Some(timestamp_ms - first),
            _ => None,
        });
        assert_eq!(stamps.collect::<Vec<_>>(), [0, 40, 9, 80]);
    }
}
