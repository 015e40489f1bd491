//! The player against real servers and real streams, from the wire to the devices.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use support::nginx::Nginx;
use support::rig::{Card, Devices, Rig, Running, caller, screen, tape};
use visavis::api::command::{ImageFormat, SnapshotRequest, SnapshotSource};
use visavis::api::notice::{Cause, DeviceNotice, Notice, PlayNews};
use visavis::api::plan::PlayPlan;
use visavis::device::synthetic::{Faulty, MeteredSpeaker};
use visavis::device::{DeviceError, Display, Fault, clock};
use visavis::media::{Size, Span};
use visavis::settings::player::PlayMode;

const CALL: PlayPlan = PlayPlan { active: true, ..PlayPlan::IDLE };

/// What ffmpeg sends: 720p High with B pictures, AAC stereo at 44.1 kHz.
const HIGH: &str = "-re -f lavfi -i testsrc2=size=1280x720:rate=30 -re -f lavfi -i sine=frequency=440:sample_rate=44100 \
    -c:v libx264 -preset veryfast -profile:v high -bf 2 -g 30 -b:v 1500k -pix_fmt yuv420p -c:a aac -ac 2 -f flv";

fn order(news: &[PlayNews]) -> Vec<&str> {
    let name = |news: &PlayNews| match news {
        PlayNews::Connected => "connected",
        PlayNews::StreamBegin => "begin",
        PlayNews::FirstIdr => "idr",
        PlayNews::DecoderStarted(_) => "decoder",
        PlayNews::Resolution(_) => "resolution",
        PlayNews::PlayBegin => "playing",
        PlayNews::StreamEnded => "stream ended",
        PlayNews::Ended(_) => "ended",
        _ => "other",
    };
    news.iter().map(name).collect()
}

const LEGAL: [&str; 6] = ["connected", "begin", "idr", "decoder", "resolution", "playing"];

/// Loudness and pitch of the second half of what was played.
fn pitch(samples: &[i16]) -> (i16, f64) {
    let half = &samples[samples.len() / 2..];
    let crossings = half.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    (half.iter().copied().max().unwrap_or(0), crossings as f64 * 48_000.0 / half.len() as f64)
}

#[test]
fn a_call_through_nginx_is_seen_and_heard_within_a_few_milliseconds() {
    let server = Nginx::start();
    let mut rig = Rig::start(CALL);
    let url = server.url("live", "call");
    let _pusher = caller(&rig, &url, |_| {});
    rig.player.connect(7, url);
    rig.until("six beeps", |rig| rig.meter.readings().sound.count >= 6);
    let readings = rig.meter.readings();
    let (picture, sound) = (readings.picture.percentile(50).unwrap(), readings.sound.percentile(50).unwrap());
    println!("picture {picture}, sound {sound}; {:#?}", rig.stats.last());
    assert!(picture < Span::millis(25), "picture {picture}");
    assert!(sound < Span::millis(100), "sound {sound}");
    assert!((sound - picture).abs() < Span::millis(75), "picture {picture}, sound {sound}");
    assert_eq!(order(&rig.news)[..6], LEGAL);
    let stats = rig.stats.last().unwrap();
    assert!(stats.video_fps > 24.0 && stats.video_bitrate > 100 && stats.net_speed > 150, "{stats:?}");
    assert_eq!((stats.video_width, stats.bad_messages), (640, 0));
    // The server passes the stamps on, and they say what the marks in the pictures say.
    let (whole, net) = (stats.latency_end_to_end.unwrap(), stats.latency_net.unwrap());
    let worst = readings.picture.percentile(95).unwrap().as_millis_f64();
    assert!(
        (whole - picture.as_millis_f64()).abs() < 5.0 + worst / 2.0,
        "{whole} ms by the stamps, {picture} by the marks"
    );
    assert!(net > 0.0 && net < whole, "{net} ms of {whole} on the network");

    rig.screen.snapshot(0, 5, SnapshotRequest { source: SnapshotSource::Stream, format: ImageFormat::Png });
    rig.until("a snapshot", |rig| rig.others.iter().any(|notice| matches!(notice, Notice::Snapshot { .. })));
    let taken = rig.others.iter().find_map(|notice| match notice {
        Notice::Snapshot { ticket: 5, result } => Some(result.clone().unwrap()),
        _ => None,
    });
    assert_eq!(taken.map(|picture| (picture.width, picture.height)), Some((640, 360)));

    rig.player.disconnect(7);
    rig.until("the end", |rig| matches!(rig.news.last(), Some(PlayNews::Ended(end)) if end.cause == Cause::Ours));
}

#[test]
fn a_sound_card_is_kept_fed_and_lips_stay_in_sync() {
    let server = Nginx::start();
    let underruns = Arc::new(AtomicU64::new(0));
    let counted = underruns.clone();
    let mut rig = Rig::start_with(CALL, |meter, sizes, samples| {
        let (samples, meter_of_card) = (samples.clone(), meter.clone());
        Devices {
            display: screen(meter, sizes),
            speaker: Arc::new(move |_| {
                let card = Box::new(Card::new(&samples, &counted));
                Ok(Box::new(MeteredSpeaker::new(card, meter_of_card.clone())))
            }),
        }
    });
    let url = server.url("live", "card");
    let _pusher = caller(&rig, &url, |_| {});
    rig.player.connect(1, url);
    rig.until("two beeps", |rig| rig.meter.readings().sound.count >= 2);
    let before = (underruns.load(Ordering::Relaxed), rig.samples.lock().unwrap().len(), clock::now());
    rig.until("five more", |rig| rig.meter.readings().sound.count >= 7);
    let passed = (clock::now() - before.2).as_secs_f64();
    let played = (rig.samples.lock().unwrap().len() - before.1) as f64 / 48_000.0;
    // Never faster than the card's pace; slower only as far as this machine was held up.
    assert!((0.93..1.02).contains(&(played / passed)), "{played} s of sound in {passed} s");
    let readings = rig.meter.readings();
    let (picture, sound) = (readings.picture.percentile(50).unwrap(), readings.sound.percentile(50).unwrap());
    let (stats, starved) = (rig.stats.last().unwrap(), underruns.load(Ordering::Relaxed) - before.0);
    println!("picture {picture}, sound {sound}, starved {starved}; {stats:#?}");
    assert!(starved <= 10, "the card had nothing {starved} times");
    assert!((sound - picture).abs() <= Span::millis(70), "picture {picture}, sound {sound}");
    assert!(sound < Span::millis(125), "{sound}");
}

#[test]
fn a_player_whose_thread_failed_says_that_the_stream_is_lost_and_plays_it_in_the_next_session() {
    let server = Nginx::start();
    let mut rig = Rig::start(CALL);
    let url = server.url("live", "lost");
    let _pusher = caller(&rig, &url, |_| {});
    rig.player.connect(1, url.clone());
    rig.until("a picture and a beep", |rig| rig.shown() > 0 && rig.meter.readings().sound.count > 0);
    *rig.failing.lock().unwrap() = Some("play");
    let lost = Notice::StreamLost { player: 0 };
    rig.until("the failure", |rig| rig.others.contains(&Notice::WorkerRestarted { worker: "play" }));
    rig.until("what it cost", |rig| rig.others.contains(&lost));
    rig.player.disconnect(1);
    rig.until("its end", |rig| matches!(rig.news.last(), Some(PlayNews::Ended(_))));
    rig.forget();
    rig.player.connect(2, url);
    // Who joins a running stream may hear it before it is seen.
    rig.until("the next session", |rig| rig.news.contains(&PlayNews::PlayBegin) && rig.shown() > 10);
    let told = order(&rig.news);
    assert!(told[..2] == LEGAL[..2] && LEGAL.iter().all(|news| told.contains(news)), "{told:?}");
}

#[test]
fn a_screen_that_is_lost_comes_back_by_itself_and_the_sound_goes_on() {
    let server = Nginx::start();
    let opened = Arc::new(AtomicU64::new(0));
    let count = opened.clone();
    let mut rig = Rig::start_with(CALL, |meter, sizes, samples| {
        let good = screen(meter, sizes);
        Devices {
            display: Box::new(move || match count.fetch_add(1, Ordering::Relaxed) {
                0 => Err(DeviceError::new(Fault::Missing, "screen", "not there yet")),
                1 => {
                    let lost = DeviceError::new(Fault::Gone, "screen", "unplugged");
                    Ok(Box::new(Faulty::<dyn Display>::new(good()?, 20..u64::MAX, lost)))
                }
                _ => good(),
            }),
            speaker: tape(meter, samples),
        }
    });
    let url = server.url("live", "screen");
    let _pusher = caller(&rig, &url, |_| {});
    rig.player.connect(1, url);
    let lost = |fault| move |notice: &Notice| matches!(notice, Notice::Display(DeviceNotice::Lost(error)) if error.fault == fault);
    rig.until("the loss", |rig| rig.others.iter().any(lost(Fault::Gone)));
    let (shown, heard) = (rig.shown(), rig.samples.lock().unwrap().len());
    rig.until("the return", |rig| rig.shown() > shown + 20);
    assert_eq!(opened.load(Ordering::Relaxed), 3);
    assert_eq!(rig.others.iter().filter(|notice| lost(Fault::Missing)(notice)).count(), 1);
    let heard = rig.samples.lock().unwrap().len() - heard;
    assert!(heard > 48_000, "{heard} samples were played while the screen was away");
}

#[test]
fn a_pause_freezes_picture_and_sound_and_goes_on_at_the_live_edge() {
    let server = Nginx::start();
    let mut rig = Rig::start(CALL);
    let url = server.url("live", "pause");
    let _pusher = caller(&rig, &url, |_| {});
    rig.player.connect(1, url);
    rig.until("pictures", |rig| rig.shown() > 15 && rig.stats.len() > 1);
    rig.player.apply(PlayPlan { paused: true, ..CALL });
    let seconds = rig.stats.len();
    rig.until("the pause", |rig| rig.stats.len() > seconds + 1);
    let (shown, heard) = (rig.shown(), rig.samples.lock().unwrap().len());
    rig.until("a second of it", |rig| rig.stats.len() > seconds + 2);
    assert_eq!((rig.shown(), rig.samples.lock().unwrap().len()), (shown, heard));
    rig.player.apply(CALL);
    rig.until("pictures again", |rig| rig.shown() > shown + 15);
    let latency = rig.meter.readings().picture.last().unwrap();
    assert!(latency < Span::millis(100), "{latency}");
}

#[test]
fn a_stream_with_b_pictures_and_stereo_sound_plays_live_without_a_gap() {
    let server = Nginx::start();
    let mut rig = Rig::start(PlayPlan { mode: PlayMode::Live, ..CALL });
    let url = server.url("live", "film");
    let _ffmpeg = Running::ffmpeg(&format!("{HIGH} {url}"));
    rig.player.connect(1, url);
    rig.until("five seconds", |rig| rig.samples.lock().unwrap().len() > 5 * 48_000);
    // A machine that is held up may say so in between; the order of the rest is the same.
    let mut told = order(&rig.news);
    told.retain(|&name| name != "other");
    assert_eq!(told, LEGAL, "{:?}", rig.news);
    assert!(rig.sizes.lock().unwrap().iter().all(|&size| size == Size::new(1280, 720)));
    let (loudness, pitch) = pitch(&rig.samples.lock().unwrap());
    assert!((435.0..445.0).contains(&pitch) && loudness > 2000, "{pitch} Hz at {loudness}");
    let stats = rig.stats.last().unwrap();
    println!("{stats:#?}");
    assert!((25.0..=32.0).contains(&stats.video_fps), "{stats:?}");
    assert!(stats.jitter_buffer_ms >= 1000.0, "{stats:?}");
    assert!((stats.video_gop - 1.0).abs() < 0.1, "{stats:?}");
}

#[test]
fn the_same_stream_in_a_call_keeps_picture_and_sound_together() {
    let server = Nginx::start();
    let mut rig = Rig::start(CALL);
    let url = server.url("live", "film");
    let _ffmpeg = Running::ffmpeg(&format!("{HIGH} {url}"));
    rig.player.connect(1, url);
    rig.until("five seconds", |rig| rig.samples.lock().unwrap().len() > 5 * 48_000);
    let stats = rig.stats.last().unwrap();
    println!("{stats:#?}");
    assert!(stats.av_play_interval_ms.abs() <= 60.0, "{stats:?}");
    assert!(stats.video_fps > 20.0, "{stats:?}");
    let (_, pitch) = pitch(&rig.samples.lock().unwrap());
    assert!((435.0..445.0).contains(&pitch), "{pitch} Hz");
}

#[test]
fn http_flv_is_played_and_its_end_is_an_end() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/x.flv");
    let _ffmpeg = Running::ffmpeg(&format!(
        "-re -f lavfi -i testsrc2=size=320x240:rate=25 -re -f lavfi -i sine=frequency=440:sample_rate=48000 -t 4 \
         -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -c:a aac -f flv -listen 1 {url}"
    ));
    let mut rig = Rig::start(CALL);
    let mut session = 0;
    // ffmpeg needs a moment until it listens.
    while !rig.news.contains(&PlayNews::Connected) {
        session += 1;
        rig.player.connect(session, url.clone());
        let count = rig.news.len();
        rig.until("an answer", |rig| rig.news.len() > count);
    }
    rig.until("the end", |rig| matches!(rig.news.last(), Some(PlayNews::Ended(_))) && rig.shown() > 60);
    let begun = rig.news.iter().position(|news| *news == PlayNews::Connected).unwrap();
    assert_eq!(order(&rig.news[begun..])[..6], LEGAL);
    assert!(!rig.news.contains(&PlayNews::StreamEnded));
    let Some(PlayNews::Ended(end)) = rig.news.last() else { panic!("the end is last") };
    assert!(matches!(end.cause, Cause::Closed | Cause::Broken), "{end:?}");
}

/// A server that answers everything with `answer`, byte for byte, `times` times.
fn answering(answer: String, times: usize) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for socket in listener.incoming().take(times) {
            let mut socket = socket.unwrap();
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(answer.replace("PORT", &port.to_string()).as_bytes());
        }
    });
    port
}

#[test]
fn answers_that_are_no_stream_end_with_words_that_say_so() {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    let table = [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into(), Cause::Absent, "not there"),
        (format!("{head}Content-Type: text/html\r\n\r\n<html>"), Cause::Handshake, "text/html"),
        (format!("{head}\r\n<!DOCTYPE html>"), Cause::Handshake, "a page"),
        (format!("{head}Content-Encoding: gzip\r\n\r\nxx"), Cause::Handshake, "packed as gzip"),
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:PORT/\r\n\r\n".into(), Cause::Handshake, "more than 5"),
        (format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(20_000)), Cause::Handshake, "no HTTP answer"),
        ("RTMP/1.0 what?\r\n\r\n".into(), Cause::Handshake, "no HTTP answer"),
    ];
    let mut rig = Rig::start(CALL);
    for (session, (answer, cause, words)) in (1..).zip(table) {
        let port = answering(answer, 8);
        rig.player.connect(session, format!("http://127.0.0.1:{port}/live/a.flv"));
        let count = rig.news.len();
        rig.until(words, |rig| matches!(rig.news[count..].last(), Some(PlayNews::Ended(_))));
        let Some(PlayNews::Ended(end)) = rig.news.last() else { unreachable!() };
        assert!(end.cause == cause && end.words.contains(words), "{end:?} is not {words}");
    }
}
