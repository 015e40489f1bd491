//! The RTMP client against nginx-rtmp, with ffmpeg at the other end.

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use support::drive::Drive;
use support::nginx::Nginx;
use visavis::api::notice::Cause;
use visavis::device::clock;
use visavis::flv::{Reader, Tag, TagKind};
use visavis::rtmp::{Client, Config, Event, RtmpUrl};

/// Two seconds of picture and sound to `target`; `pace` is `-re` for as fast as a camera.
fn ffmpeg(target: &str, pace: &[&str]) -> Child {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    command.args(pace).args(["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25"]);
    command.args(pace).args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]);
    command.args("-t 2 -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -b:v 800k -c:a aac -f flv".split(' '));
    command.arg(target).stdout(Stdio::null()).spawn().expect("ffmpeg is not installed")
}

fn session(server: &Nginx, app: &str, key: &str, make: fn(&RtmpUrl, visavis::media::Time, Config) -> Client) -> Drive {
    let url = RtmpUrl::parse(&server.url(app, key)).unwrap();
    Drive::new(make(&url, clock::now(), Config::default()), server.address())
}

fn cause(events: &[Event]) -> Cause {
    match events.last() {
        Some(Event::Closed(reason)) => reason.cause(),
        other => panic!("not closed: {other:?}"),
    }
}

fn is_closed(event: &Event) -> bool {
    matches!(event, Event::Closed(_))
}

#[test]
fn our_player_follows_a_publisher_that_stops_and_comes_back() {
    let server = Nginx::start();
    let mut player = session(&server, "live", "door?token=abc", Client::play);
    player.until(|event| *event == Event::Connected);
    for _ in 0..2 {
        let mut publisher = ffmpeg(&server.url("live", "door"), &["-re"]);
        let told = player.until(|event| *event == Event::StreamEnded);
        assert!(publisher.wait().unwrap().success());
        let metadata =
            told.iter().find_map(|event| if let Event::Metadata(value) = event { Some(value) } else { None });
        let width = metadata.and_then(|value| value.get("width")).and_then(|width| width.as_number());
        assert_eq!(width, Some(320.0));
        let video: Vec<_> = told
            .iter()
            .filter_map(|event| {
                if let Event::Video { timestamp_ms, body } = event { Some((*timestamp_ms, body)) } else { None }
            })
            .collect();
        assert_eq!(video[0].1[..2], [0x17, 0], "the sequence header is first");
        assert_eq!(video[1].1[..2], [0x17, 1], "then an IDR");
        assert!(video.len() > 45, "{} pictures", video.len());
        assert!(video.windows(2).all(|pair| (0..200).contains(&(pair[1].0 - pair[0].0))));
        let sounds = told.iter().filter(|event| matches!(event, Event::Audio { .. })).count();
        assert!(sounds > 85, "{sounds} frames of sound");
    }
    assert_eq!(player.client.counters().bad_messages, 0);
    player.client.stop(clock::now());
    assert_eq!(cause(&player.until(is_closed)), Cause::Ours);
}

fn tags(path: &Path) -> Vec<Tag> {
    let bytes = std::fs::read(path).unwrap();
    let (mut reader, mut input) = (Reader::new(), &bytes[..]);
    std::iter::from_fn(|| reader.read(&mut input).unwrap()).collect()
}

/// What ffprobe finds: kind, time and hash of each packet, sorted.
fn packets(path: &Path) -> Vec<String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_data_hash", "md5", "-show_packets", "-of", "json"]).arg(path);
    let out = command.output().expect("ffprobe is not installed");
    assert!(out.status.success() && out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let packets = found["packets"].as_array().unwrap().iter();
    let mut lines: Vec<String> = packets
        .map(|packet| format!("{} {} {}", packet["codec_type"], packet["pts_time"], packet["data_hash"]))
        .collect();
    lines.sort();
    lines
}

#[test]
fn what_our_publisher_sends_arrives_byte_for_byte_and_in_time() {
    let server = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.flv");
    assert!(ffmpeg(source.to_str().unwrap(), &[]).wait().unwrap().success());

    let mut publisher =
        session(&server, "live", "terminal?txSecret=f85a2ab363fe4deaffef9754d79da6fe&txTime=5C271099", Client::publish);
    publisher.until(|event| *event == Event::Publishing);
    let tags = tags(&source);
    // Each picture is begun with one chunk, so that the sound after it is put between its chunks.
    for tag in tags.iter().filter(|tag| tag.kind != TagKind::Script) {
        match tag.kind {
            TagKind::Audio => assert!(publisher.client.send_audio(tag.timestamp, tag.body.clone())),
            _ => {
                while !publisher.client.wants_video() {
                    publisher.flush();
                }
                assert!(publisher.client.send_video(tag.timestamp, tag.body.clone()));
                let count = publisher.client.poll_transmit(1).len();
                assert!(count > 0);
            }
        }
    }
    publisher.flush();
    publisher.client.stop(clock::now());
    assert_eq!(cause(&publisher.until(is_closed)), Cause::Ours);
    drop(publisher);

    let recorded = server.recorded("terminal");
    // nginx serves one connection after the other: when it answers this one, the recording is closed.
    session(&server, "live", "other", Client::publish).until(|event| *event == Event::Publishing);
    assert_eq!(packets(&recorded), packets(&source));
    assert!(packets(&source).len() > 140);
}

#[test]
fn nginx_refuses_a_name_in_use_and_we_close() {
    let server = Nginx::start();
    let mut first = session(&server, "live", "door", Client::publish);
    first.until(|event| *event == Event::Publishing);
    let mut second = session(&server, "live", "door", Client::publish);
    let told = second.until(is_closed);
    assert_eq!(cause(&told), Cause::Refused);
    assert!(format!("{told:?}").contains("NetStream.Publish.BadName"));
}

#[test]
fn nginx_closes_without_a_word_where_publishing_is_denied_or_the_application_unknown() {
    let server = Nginx::start();
    for app in ["closed", "unknown"] {
        let told = session(&server, app, "door", Client::publish).until(is_closed);
        assert_eq!(cause(&told), Cause::Closed, "{app}: {told:?}");
    }
}
