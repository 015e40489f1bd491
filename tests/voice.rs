//! What the other side hears of a terminal: its voice without echo and noise, or exactly nothing.

mod support;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;
use support::events::Events;
use support::ffmpeg::{self, Ffmpeg, Packet};
use support::fifo;
use support::nginx::Nginx;
use support::room::{Room, talk};
use support::sound;
use support::terminal::{Terminal, VIRTUAL, player, pusher};
use support::wait::until;

const RATE: u32 = 48_000;

/// Ends the push as a user does; the recording of it.
fn stop(terminal: &Terminal, server: &Nginx) -> PathBuf {
    terminal.push("stop");
    assert!(until(3.0, "nginx to see it leave", || server.departure()), "it closed without a word");
    server.recorded("terminal")
}

/// The track goes on: each frame follows the last one within `most` seconds.
fn assert_unbroken(audio: &[Packet], most: f64) {
    for pair in audio.windows(2) {
        let step = pair[1].pts - pair[0].pts;
        assert!(step > 0.0 && step <= most, "{step} s after {:?}", pair[0]);
    }
}

fn publishes_once(events: &Events) {
    assert_eq!(events.codes("pusher").iter().filter(|code| **code == 1001).count(), 1, "{}", events.story());
}

#[test]
fn every_reason_for_silence_sends_exact_zeroes_and_the_track_goes_on() {
    let server = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    fifo::make(&folder.path().join("switch"));
    let switch =
        "\n[[button]]\nname = \"privacy\"\ndriver = \"scripted\"\npath = \"{folder}/switch\"\nswitch = \"mute\"\n";
    let config = pusher(&server.url("live", "terminal")) + "background-mute = true\n";
    let terminal = Terminal::start_in(folder, &config, &(VIRTUAL.to_owned() + switch), |_| {});
    let events = terminal.events();
    terminal.on_air(800);
    let turn = |position: &str| std::fs::write(terminal.folder().join("switch"), position).unwrap();
    let standby = |on: bool| drop(terminal.ask("POST", "/v1/standby", &json!({ "on": on }).to_string()));
    type Act<'a> = (&'a str, Box<dyn Fn(bool) + 'a>);
    let reasons: [Act; 5] = [
        ("muted", Box::new(|on| drop(terminal.patch(json!({ "muted": on }))))),
        ("enable-mic", Box::new(|on| drop(terminal.patch(json!({ "enable-mic": !on }))))),
        ("mute-switch", Box::new(|on| turn(if on { "press\n" } else { "release\n" }))),
        ("standby", Box::new(standby)),
        ("paused", Box::new(|on| drop(terminal.push(if on { "pause" } else { "resume" })))),
    ];
    for (name, act) in &reasons {
        act(true);
        let closed = ["enable-mic", "standby"].contains(name);
        terminal.until_status(2.0, name, |status| {
            let pusher = &status["pusher"];
            pusher["muted-by"] == json!([name])
                && pusher["muted"] == true
                && (pusher["microphone"]["state"] == "closed") == closed
        });
        sleep(Duration::from_millis(600));
        act(false);
        terminal.until_status(2.0, "sound", |status| status["pusher"]["muted"] == false);
        sleep(Duration::from_millis(500));
    }
    let recorded = stop(&terminal, &server);
    publishes_once(&events);
    let heard = ffmpeg::sound(&recorded);
    // Exact zeroes into the coder are exact zeroes out of it.
    let mut stretches: Vec<(bool, usize)> = Vec::new();
    for silent in heard.chunks_exact(480).map(|piece| piece.iter().all(|sample| *sample == 0)) {
        match stretches.last_mut() {
            Some((same, long)) if *same == silent => *long += 1,
            _ => stretches.push((silent, 1)),
        }
    }
    let silences = stretches.iter().filter(|(silent, long)| *silent && *long >= 40).count();
    assert_eq!(silences, reasons.len(), "{stretches:?}");
    let audio = ffmpeg::packets(&recorded, "a");
    assert_unbroken(&audio, 0.06);
    let (long, frames) = (audio.last().unwrap().pts - audio[0].pts, audio.len() as f64 - 1.0);
    assert!((long - frames * 1024.0 / 48_000.0).abs() < 0.06, "{frames} frames in {long} s");
}

#[test]
fn the_rate_of_speech_changes_on_air_without_a_hole_or_a_new_connection() {
    let server = Nginx::start();
    let config = pusher(&server.url("live", "terminal")) + "mode = \"HD\"\n";
    let terminal = Terminal::start(&config, VIRTUAL);
    let events = terminal.events();
    terminal.on_air(1500);
    terminal.patch(json!({"audio-quality": "low"}));
    let slow = |status: &Value| (10..40).contains(&status["pusher"]["net"]["audioBitrate"].as_u64().unwrap_or(0));
    terminal.until_status(4.0, "24 kbit/s", slow);
    let joined = ffmpeg::streams(server.url("live", "terminal"));
    assert_eq!((joined.audio.as_str(), joined.rate, joined.channels), ("aac", 16_000, 1), "who joins now");
    terminal.patch(json!({"mode": "RTC"}));
    terminal.on_air_longer(1200);
    let recorded = stop(&terminal, &server);
    publishes_once(&events);
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
    let audio = ffmpeg::packets(&recorded, "a");
    assert_unbroken(&audio, 0.1);
    let steps: Vec<u32> = audio.windows(2).map(|pair| ((pair[1].pts - pair[0].pts) * 1000.0).round() as u32).collect();
    let place = |from: usize, range: std::ops::RangeInclusive<u32>| {
        steps[from..].windows(5).position(|steps| steps.iter().all(|ms| range.contains(ms))).map(|place| place + from)
    };
    let slow = place(0, 60..=68).unwrap_or_else(|| panic!("no frames of 64 ms: {steps:?}"));
    assert!(place(0, 20..=23) < Some(slow) && place(slow, 20..=23).is_some(), "{steps:?}");
    // The hum is there all the time; a decoder that begins anew fades in.
    let levels = sound::levels(&ffmpeg::sound(&recorded), RATE, 100);
    let quiet: Vec<usize> = (3..levels.len() - 1).filter(|place| levels[*place] < -55.0).collect();
    assert!(quiet.is_empty(), "silence at {quiet:?} tenths of a second: {levels:.0?}");
}

/// Who speaks to the terminal, and how high.
const SPEAKERS: [(&str, f64); 2] = [("agent", 150.0), ("interpreter", 210.0)];

/// A terminal in a room: its microphone hears the two outputs that its two players play to.
fn in_a_room(server: &Nginx) -> (Terminal, Room) {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::open(folder.path());
    let pipe = |name: &str| format!("driver = \"pipe\"\npath = \"{{folder}}/{name}\"\nrate = 48000\nchannels = 1");
    let output =
        |name: &str| (format!("[speaker.{name}]\ndriver = \"null\""), format!("[speaker.{name}]\n{}", pipe(name)));
    let [(speaker, loud), (ear, quiet)] = ["speaker", "ear"].map(output);
    let board =
        VIRTUAL.replace("driver = \"tone\"", &pipe("microphone")).replace(&speaker, &loud).replace(&ear, &quiet);
    let [agent, interpreter] = SPEAKERS.map(|(name, _)| server.url("live", name));
    let other = player(&interpreter, "mode = \"RTC\"\nsound-mode = \"ear\"").replace("\"agent\"", "\"interpreter\"");
    let config = pusher(&server.url("live", "terminal")).replace("\"media\"", "\"voicecall\"")
        + &player(&agent, "mode = \"RTC\"")
        + &other;
    (Terminal::start_in(folder, &config, &board, |_| {}), room)
}

fn speak(folder: &Path, server: &Nginx, (name, pitch): (&str, f64)) -> Ffmpeg {
    let file = folder.join(name);
    std::fs::write(&file, talk(pitch, 12)).unwrap();
    let input = format!("-re -f s16le -ar 48000 -ac 1 -i {} -c:a aac -b:a 96k -f flv", file.display());
    Ffmpeg::start(&input, server.url("live", name))
}

#[test]
fn who_speaks_to_the_terminal_does_not_hear_himself() {
    let server = Nginx::start();
    let talking = tempfile::tempdir().unwrap();
    let _speakers = SPEAKERS.map(|speaker| speak(talking.path(), &server, speaker));
    for (name, _) in SPEAKERS {
        let publishes = format!("publish: name='{name}'");
        until(3.0, "somebody to talk", || server.log().contains(&publishes).then_some(()));
    }
    let (terminal, room) = in_a_room(&server);
    let events = terminal.events();
    for (name, _) in SPEAKERS {
        let told = || events.codes(&format!("player:{name}")).contains(&2004).then_some(());
        until(8.0, "both to be heard", told);
    }
    let status = terminal.status();
    assert_eq!(status["pusher"]["voice"], json!(["echo-cancellation"]));
    assert!(!status["pusher"]["unsupported"].to_string().contains("audio-volume-type"), "{status:#}");
    sleep(Duration::from_millis(4500));
    terminal.patch(json!({"audio-volume-type": "media"}));
    let status = terminal.on_air_longer(2500);
    assert_eq!(status["pusher"]["voice"], json!([]));
    let recorded = stop(&terminal, &server);
    drop(room);

    let levels = sound::levels(&ffmpeg::sound(&recorded), RATE, 500);
    println!("{levels:.0?} dBFS in each half second");
    // Half a second in which this machine held everything up tells nothing.
    let median = |levels: &[f64]| {
        let mut sorted = levels.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let switched = levels.len() - 7;
    let (without, with_echo) = (median(&levels[2..switched]), median(&levels[switched + 2..]));
    assert!(with_echo > -40.0, "no echo in the room: {with_echo} dBFS");
    assert!(with_echo - without > 15.0, "{with_echo} dBFS of echo became {without}");
    assert_unbroken(&ffmpeg::packets(&recorded, "a"), 0.1);
}
