//! The way up, judged by nginx-rtmp and ffmpeg: test card and tone of a running terminal.

mod support;

use serde_json::{Value, json};
use std::path::PathBuf;
use support::ffmpeg::{self, Packet};
use support::nginx::Nginx;
use support::picture::{BARS, Picture, near};
use support::sound;
use support::terminal::{Terminal, VIRTUAL, pusher};
use support::wait::until;

const SIZE: (u64, u64) = (320, 180);

fn terminal(server: &Nginx) -> Terminal {
    Terminal::start(&pusher(&server.url("live", "terminal")), VIRTUAL)
}

/// Ends the push as a user does; the recording of it.
fn stop(terminal: &Terminal, server: &Nginx) -> PathBuf {
    terminal.push("stop");
    assert!(until(3.0, "nginx to see it leave", || server.departure()), "it closed without a word");
    server.recorded("terminal")
}

/// Which cards are seen one after the other; `None` stands for the waiting card.
fn cards(pictures: &[Picture]) -> Vec<Option<u32>> {
    let mut seen: Vec<Option<u32>> = pictures.iter().map(Picture::card).collect();
    seen.dedup();
    seen
}

/// Levels of each tenth of a second as stretches of sound (true) and silence (false), with their length in seconds.
fn stretches(levels: &[f64]) -> Vec<(bool, f64)> {
    let mut out: Vec<(bool, f64)> = Vec::new();
    for level in levels {
        // Between the two lies what is half one and half the other.
        let loud = *level > -60.0;
        assert!(loud || *level < -80.0 || out.last().is_some(), "neither sound nor silence: {level}");
        match out.last_mut() {
            Some((same, long)) if *same == loud => *long += 0.1,
            _ => out.push((loud, 0.1)),
        }
    }
    out
}

/// Time goes on in each track, without a hole longer than `most` seconds.
fn assert_steady(packets: &[Packet], most: f64) {
    for pair in packets.windows(2) {
        let step = pair[1].dts - pair[0].dts;
        assert!(step > 0.0 && step <= most, "{step} s after {:?}", pair[0]);
        assert!(pair[1].pts >= pair[1].dts);
    }
}

#[test]
fn what_is_sent_is_what_every_player_understands() {
    let server = Nginx::start();
    let terminal = terminal(&server);
    let mut events = terminal.events();
    events.wait("pusher", 1002, 5.0);
    terminal.on_air(4000);
    let recorded = stop(&terminal, &server);
    let streams = ffmpeg::streams(&recorded);
    assert_eq!((streams.video.as_str(), streams.profile.as_str()), ("h264", "Constrained Baseline"));
    assert_eq!(streams.size, SIZE);
    assert_eq!((streams.audio.as_str(), streams.rate, streams.channels), ("aac", 48_000, 1));
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
    let stamped = ffmpeg::stamped(&recorded).len();
    assert!((6..=25).contains(&stamped), "{stamped} pictures say when they were captured");

    let (video, audio) = (ffmpeg::packets(&recorded, "v"), ffmpeg::packets(&recorded, "a"));
    assert!(video[0].key && video[0].dts < 0.3 && audio[0].dts < 0.3, "{:?} {:?}", video[0], audio[0]);
    assert_steady(&video, 0.4);
    assert_steady(&audio, 0.3);
    let long = video.last().unwrap().dts - video[0].dts;
    assert!(long > 3.5, "{long} s recorded");
    let fps = (video.len() - 1) as f64 / long;
    assert!((13.5..=15.5).contains(&fps), "{fps} pictures a second");
    let keys: Vec<f64> = video.iter().filter(|packet| packet.key).map(|packet| packet.dts).collect();
    assert!(keys.windows(2).all(|pair| pair[1] - pair[0] <= 2.2), "IDR pictures at {keys:?}");
    assert_eq!(cards(&ffmpeg::pictures(&recorded, 5, 160, 90)), [Some(1)]);

    let codes = events.codes("pusher");
    let place =
        |code| codes.iter().position(|other| *other == code).unwrap_or_else(|| panic!("no {code} in {codes:?}"));
    assert!(place(1001) < place(1002) && place(1003) <= place(1007), "{codes:?}");
    assert!(codes.iter().all(|code| *code > 0 && *code < 1100), "no warning and no error: {codes:?}");
}

#[test]
fn the_target_rate_is_kept() {
    let server = Nginx::start();
    let terminal = terminal(&server);
    terminal.on_air(5000);
    let recorded = stop(&terminal, &server);
    let long = ffmpeg::packets(&recorded, "v").last().unwrap().dts;
    let bytes = std::fs::metadata(&recorded).unwrap().len() as f64;
    let kbps = bytes * 8.0 / 1000.0 / long;
    assert!((100.0..=300.0 + 64.0 + 60.0).contains(&kbps), "{kbps} kbit/s for 300 of video and 64 of sound");
}

#[test]
fn muting_silences_the_sound_and_keeps_its_track() {
    let server = Nginx::start();
    let terminal = terminal(&server);
    terminal.on_air(1500);
    assert_eq!(terminal.patch(json!({"muted": true}))["properties"]["muted"], true);
    let status = terminal.on_air_longer(1200);
    assert_eq!(status["pusher"]["muted-by"], json!(["muted"]));
    // One reason goes, another one is there: still silent.
    terminal.patch(json!({"enable-mic": false}));
    terminal.patch(json!({"muted": false}));
    let status = terminal.on_air_longer(800);
    assert_eq!((&status["pusher"]["muted"], &status["pusher"]["muted-by"]), (&json!(true), &json!(["enable-mic"])));
    assert_eq!(status["pusher"]["microphone"]["state"], "closed");
    terminal.patch(json!({"enable-mic": true}));
    terminal.on_air_longer(1500);
    let recorded = stop(&terminal, &server);
    assert_steady(&ffmpeg::packets(&recorded, "a"), 0.3);
    let heard = stretches(&sound::levels(&ffmpeg::sound(&recorded), 48_000, 100));
    let [(true, before), (false, silent), (true, after)] = heard[..] else { panic!("{heard:?}") };
    assert!(before > 1.0 && silent > 1.5 && after > 1.0, "{heard:?}");
}

#[test]
fn switching_or_closing_the_camera_changes_the_picture_and_nothing_else() {
    let server = Nginx::start();
    let terminal = terminal(&server);
    let events = terminal.events();
    terminal.on_air(1500);
    terminal.push("switch-camera");
    let status = terminal.on_air_longer(1500);
    assert_eq!(status["pusher"]["camera-position"], "back");
    terminal.patch(json!({"enable-camera": false}));
    let status = terminal.on_air_longer(1500);
    assert_eq!(status["pusher"]["camera"]["state"], "closed");
    assert_eq!(status["pusher"]["picture"], "waiting-image");
    let from_camera = status["pusher"]["net"]["picturesFromCamera"].clone();
    let status = terminal.on_air_longer(1100);
    assert_eq!(status["pusher"]["net"]["picturesFromCamera"], from_camera, "pictures of a closed camera are sent");
    terminal.patch(json!({"enable-camera": true}));
    terminal.on_air_longer(1200);
    let recorded = stop(&terminal, &server);
    assert_eq!(cards(&ffmpeg::pictures(&recorded, 5, 160, 90)), [Some(1), Some(2), None, Some(2)]);
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
    assert_steady(&ffmpeg::packets(&recorded, "v"), 0.8);
    assert_steady(&ffmpeg::packets(&recorded, "a"), 0.3);
    assert_eq!(events.codes("pusher").iter().filter(|code| **code == 1001).count(), 1, "{}", events.story());
}

#[test]
fn a_pause_shows_the_card_in_silence_and_resume_goes_on_with_an_idr() {
    let server = Nginx::start();
    let terminal = terminal(&server);
    terminal.on_air(1500);
    terminal.push("pause");
    let paused = |status: &Value| status["pusher"]["state"] == "paused" && status["pusher"]["muted"] == true;
    terminal.until_status(2.0, "pause", paused);
    let sent = |status: &Value| status["pusher"]["net"]["picturesFromCard"].as_u64() >= Some(5);
    terminal.until_status(5.0, "cards to be sent", sent);
    terminal.push("resume");
    terminal.on_air_longer(1500);
    let recorded = stop(&terminal, &server);
    assert_eq!(server.log().matches("publish: name").count(), 1, "the connection is kept");
    assert_eq!(cards(&ffmpeg::pictures(&recorded, 5, 160, 90)), [Some(1), None, Some(1)]);
    let heard = stretches(&sound::levels(&ffmpeg::sound(&recorded), 48_000, 100));
    let [(true, _), (false, silent), (true, _)] = heard[..] else { panic!("{heard:?}") };
    assert!(silent > 0.5, "{heard:?}");
    // The camera's first pictures come 15 a second again, and the first of them is an IDR.
    let video = ffmpeg::packets(&recorded, "v");
    let slow = video.windows(2).rposition(|pair| pair[1].dts - pair[0].dts > 0.15).expect("the card is sent slowly");
    assert!(video[slow..(slow + 4).min(video.len())].iter().any(|packet| packet.key), "no IDR after the pause");
    let first = video.windows(2).position(|pair| pair[1].dts - pair[0].dts > 0.15).unwrap_or(slow);
    let paused = (video[first].pts * 1000.0) as i64 + 1..(video[slow].pts * 1000.0) as i64;
    let stamped = ffmpeg::stamped(&recorded);
    assert!(stamped.iter().any(|at| paused.contains(at)), "no card in {paused:?} says when it was sent: {stamped:?}");
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
}

#[test]
fn a_size_changed_on_air_is_sent_in_the_same_session() {
    let server = Nginx::start();
    let terminal = terminal(&server);
    let mut events = terminal.events();
    terminal.on_air(1200);
    let answer = terminal.patch(json!({"video-width": 256, "video-height": 256}));
    let size = |name: &str| answer["properties"][name].as_u64();
    assert_eq!((size("video-width"), size("video-height")), (Some(256), Some(256)));
    let event = events.wait("pusher", 1005, 2.0);
    assert_eq!(event.detail, json!({"width": 256, "height": 256, "from": "320x180", "to": "256x256"}));
    terminal.on_air_longer(1500);
    let recorded = stop(&terminal, &server);
    let mut sizes = ffmpeg::sizes(&recorded);
    sizes.dedup();
    assert_eq!(sizes, [SIZE, (256, 256)]);
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
    assert_eq!(events.codes("pusher").iter().filter(|code| **code == 1001).count(), 1);
}

/// The middle half of the first test card: four of its eight bars. The ball may hide one.
fn zoomed(picture: &Picture) -> bool {
    let bar = |number: &usize| {
        let middle = (*number as f64 + 0.5) / 4.0;
        near(picture.mean(middle - 0.06..middle + 0.06, 0.05..0.45), BARS[2 + number])
    };
    (0..4).filter(bar).count() >= 3
}

#[test]
fn mirror_zoom_and_orientation_show_in_what_is_sent() {
    let server = Nginx::start();
    // No size of its own: 140 kbit/s are enough for 240 lines.
    let config = pusher(&server.url("live", "terminal"))
        .replace("video-width = 320\nvideo-height = 180\n", "")
        .replace("max-bitrate = 300", "max-bitrate = 140");
    let terminal = Terminal::start(&config, VIRTUAL);
    terminal.on_air(1300);
    for change in [json!({"remote-mirror": true}), json!({"remote-mirror": false, "zoom": true})] {
        terminal.patch(change);
        terminal.on_air_longer(1300);
    }
    terminal.patch(json!({"zoom": false, "orientation": "vertical"}));
    terminal.on_air_longer(1300);
    let recorded = stop(&terminal, &server);
    let mut sizes = ffmpeg::sizes(&recorded);
    sizes.dedup();
    assert_eq!(sizes, [(426, 240), (240, 426)]);
    let mut seen: Vec<&str> = ffmpeg::pictures(&recorded, 4, 160, 90)
        .iter()
        .map(|picture| match (picture.card(), picture.mirrored().card()) {
            (Some(1), _) => "plain",
            (_, Some(1)) => "mirrored",
            _ if zoomed(picture) => "zoomed",
            _ => "?",
        })
        .collect();
    seen.dedup();
    assert_eq!(seen, ["plain", "mirrored", "zoomed", "plain"]);
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
}

#[test]
fn a_bad_change_is_refused_whole_with_what_is_allowed() {
    let server = Nginx::start();
    let terminal = terminal(&server);
    terminal.on_air(0);
    let before = terminal.ask("GET", "/v1/pusher", "")["properties"].clone();
    for (change, named) in [
        (json!({"fps": 31, "muted": true}), "fps"),
        (json!({"fpss": 20}), "fpss"),
        (json!({"min-bitrate": 5000}), "min-bitrate"),
        (json!({"url": "http://127.0.0.1/x"}), "url"),
        (json!({"video-width": 641}), "video-width"),
        (json!([1]), ""),
    ] {
        let answer = terminal.request("PATCH", "/v1/pusher", &change.to_string());
        assert!((400..500).contains(&answer.status), "{change}: {}", answer.status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{change}");
        assert!(answer.text().contains(named), "{change}: {}", answer.text());
    }
    assert_eq!(terminal.ask("GET", "/v1/pusher", "")["properties"], before);
    let long = format!("{{\"url\": \"{}\"}}", "x".repeat(70_000));
    assert_eq!(terminal.request("PATCH", "/v1/pusher", &long).status, 413);
    assert_eq!(terminal.request("POST", "/v1/pusher/dance", "").status, 404);
    assert_eq!(terminal.request("PATCH", "/v1/pusher", "{").status, 400);
}

#[test]
fn a_snapshot_is_the_picture_that_is_sent() {
    let server = Nginx::start();
    let terminal = terminal(&server);
    let mut events = terminal.events();
    terminal.on_air(800);
    for (format, kind) in [("png", "image/png"), ("jpeg", "image/jpeg")] {
        let answer = terminal.request("POST", "/v1/pusher/snapshot", &json!({"format": format}).to_string());
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{}", answer.text());
        let file = terminal.folder().join(format!("snapshot.{format}"));
        std::fs::write(&file, &answer.body).unwrap();
        let picture = ffmpeg::image(&file);
        assert_eq!((picture.width as u64, picture.height as u64), SIZE);
        assert_eq!(picture.card(), Some(1), "{format}");
        let event = events.wait("pusher", 1012, 1.0);
        assert_eq!((&event.detail["width"], &event.detail["height"]), (&json!(320), &json!(180)));
    }
    assert_eq!(terminal.request("POST", "/v1/pusher/snapshot", r#"{"format": "gif"}"#).status / 100, 4);
    terminal.push("stop");
    let answer = terminal.request("POST", "/v1/pusher/snapshot", "");
    assert!((400..500).contains(&answer.status), "without a picture: {}", answer.status);
}

#[test]
fn every_order_may_be_repeated() {
    let server = Nginx::start();
    let terminal = terminal(&server);
    let events = terminal.events();
    terminal.on_air(300);
    for order in ["start", "start", "pause", "pause", "resume", "resume", "start"] {
        terminal.push(order);
    }
    terminal.on_air(500);
    for order in ["stop", "stop", "pause", "resume", "stop"] {
        terminal.push(order);
    }
    assert_eq!(terminal.status()["pusher"]["state"], "stopped");
    assert_eq!(events.codes("pusher").iter().filter(|code| **code == 1001).count(), 1, "{}", events.story());
    terminal.push("start");
    terminal.on_air(300);
    assert_eq!(events.codes("pusher").iter().filter(|code| **code == 1001).count(), 2, "{}", events.story());
}

#[test]
fn a_terminal_asked_to_end_leaves_its_server_and_exits_with_zero() {
    let server = Nginx::start();
    let mut terminal = terminal(&server);
    terminal.on_air(500);
    let ended = terminal.stop();
    assert_eq!((ended.code, ended.signal), (0, None), "{}", ended.output);
    assert!(ended.took.as_secs_f64() < 3.0, "{:?}", ended.took);
    assert_eq!(server.departure(), Some(true), "it closed without a word");
    assert!(!terminal.socket().exists(), "the socket is left behind");
}
