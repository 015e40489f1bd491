//! What comes out of loudspeaker and ear of a running terminal: switching, volume, silence, and what is told of it.

mod support;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use serde_json::json;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use support::events::Events;
use support::ffmpeg::Ffmpeg;
use support::nginx::Nginx;
use support::terminal::{Terminal, player};
use support::wait::until;
use support::{fifo, sound};

/// ffmpeg's sine: an eighth of full scale.
const PEAK: f64 = 4096.0;
/// From one sample of the tone to the next at most, and a little for the coder.
const STEP: i32 = 600;

const BOARD: &str = "name = \"sound\"\n[display]\ndriver = \"none\"\n\
    [speaker.speaker]\ndriver = \"pipe\"\npath = \"{folder}/speaker\"\nrate = 48000\nchannels = 1\n\
    [speaker.ear]\ndriver = \"pipe\"\npath = \"{folder}/ear\"\nrate = 48000\nchannels = 1\nvolume = 50\n";

/// Pieces, each with the moment it came.
type Heard = Arc<Mutex<Vec<(Instant, Vec<i16>)>>>;

/// Everything that comes out of a pipe.
struct Tape {
    heard: Heard,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Tape {
    fn open(path: &Path) -> Self {
        if !path.exists() {
            fifo::make(path);
        }
        let pipe = File::from(open(path, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).unwrap());
        let (heard, stop) = (Heard::default(), Arc::new(AtomicBool::new(false)));
        let (inside, stopped) = (heard.clone(), stop.clone());
        let reader = std::thread::spawn(move || {
            let mut bytes = vec![0; 64 << 10];
            while !stopped.load(Ordering::Acquire) {
                let patience = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
                let _ = poll(&mut [PollFd::new(&pipe, PollFlags::IN)], Some(&patience));
                let count = (&pipe).read(&mut bytes).unwrap_or(0);
                let samples: Vec<i16> =
                    bytes[..count].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
                if !samples.is_empty() {
                    inside.lock().unwrap().push((Instant::now(), samples));
                }
            }
        });
        Self { heard, stop, reader: Some(reader) }
    }

    /// Everything heard so far.
    fn samples(&self) -> Vec<i16> {
        self.heard.lock().unwrap().iter().flat_map(|(_, samples)| samples.clone()).collect()
    }

    fn last(&self, count: usize) -> Vec<i16> {
        let samples = self.samples();
        samples[samples.len().saturating_sub(count)..].to_vec()
    }

    /// When a piece with (true) or without sound in it came last, or first after `after`.
    fn first(&self, after: Instant, loud: bool) -> Option<Instant> {
        let heard = self.heard.lock().unwrap();
        let is = |samples: &[i16]| samples.iter().any(|&value| value != 0) == loud;
        heard.iter().find(|(at, samples)| *at > after && is(samples)).map(|(at, _)| *at)
    }

    fn last_loud(&self) -> Option<Instant> {
        let heard = self.heard.lock().unwrap();
        heard.iter().rfind(|(_, samples)| samples.iter().any(|&value| value != 0)).map(|(at, _)| *at)
    }

    /// Waits for a fifth of a second of the tone with this peak, from now on.
    fn hear_the_tone(&self, within: f64, peak: f64) {
        let before = self.samples().len();
        until(within, "the tone", || {
            let heard = self.samples().split_off(before);
            let last = &heard[heard.len().saturating_sub(9600)..];
            let level = last.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / last.len().max(1) as f64;
            let close = (level.sqrt() * std::f64::consts::SQRT_2 / peak - 1.0).abs() < 0.1;
            (last.len() == 9600 && close && sound::purity(last, 48_000, 1000.0) > 0.9).then_some(())
        });
    }

    /// Waits for a fifth of a second of zeros.
    fn hear_zeros(&self, within: f64) {
        until(within, "silence", || {
            let last = self.last(9600);
            (last.len() == 9600 && last.iter().all(|&value| value == 0)).then_some(())
        });
    }

    /// Waits until no sound came for three tenths of a second, from now on: zeros, or nothing at all.
    fn hear_nothing(&self, within: f64) {
        let asked = Instant::now();
        until(within, "a silent pipe", || {
            let since = self.last_loud().map_or(asked, |last| last.max(asked));
            (since.elapsed() > Duration::from_millis(300)).then_some(())
        });
    }

    /// From sample number `from` on.
    fn largest_step(&self, from: usize) -> i32 {
        let samples = self.samples();
        let steps = samples[from..].windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs());
        steps.max().unwrap_or(0)
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.reader.take().map(JoinHandle::join);
    }
}

/// Somebody who sends a tone of 1 kHz, a terminal that plays it, and what is heard of it.
struct Room {
    terminal: Terminal,
    speaker: Tape,
    ear: Tape,
    /// Samples heard before the tone was steady: a coder has to begin, too.
    begun: usize,
    _server: Nginx,
    _sender: Ffmpeg,
}

impl Room {
    fn start() -> Self {
        let server = Nginx::start();
        let url = server.url("live", "agent");
        let sender = Ffmpeg::start(
            "-re -f lavfi -i color=size=160x90:rate=10 -re -f lavfi -i sine=frequency=1000:sample_rate=48000 \
             -c:v libx264 -preset ultrafast -tune zerolatency -g 10 -c:a aac -b:a 128k -f flv",
            &url,
        );
        let folder = tempfile::tempdir().unwrap();
        let (speaker, ear) = (Tape::open(&folder.path().join("speaker")), Tape::open(&folder.path().join("ear")));
        let terminal = Terminal::start_in(folder, &player(&url, "mode = \"RTC\""), BOARD, |_| {});
        speaker.hear_the_tone(10.0, PEAK);
        let begun = speaker.samples().len();
        Self { terminal, speaker, ear, begun, _server: server, _sender: sender }
    }

    fn patch(&self, change: serde_json::Value) -> serde_json::Value {
        self.terminal.ask("PATCH", "/v1/players/agent", &change.to_string())
    }
}

#[test]
fn ear_and_loudspeaker_are_switched_within_a_tenth_of_a_second_without_a_click_each_with_its_volume() {
    let room = Room::start();
    let ordered = Instant::now();
    let state = room.patch(json!({ "sound-mode": "ear" }));
    assert_eq!((&state["status"]["sound-output"], &state["status"]["volume"]), (&json!("ear"), &json!(50)));
    // Half the volume is a quarter of the amplitude.
    room.ear.hear_the_tone(2.0, PEAK / 4.0);
    let (from, to) = (room.speaker.last_loud().unwrap(), room.ear.first(ordered, true).unwrap());
    println!("ear after {:?}, loudspeaker silent after {:?}", to - ordered, from.saturating_duration_since(ordered));
    assert!(to - ordered < Duration::from_millis(100), "{:?}", to - ordered);
    assert!(from.saturating_duration_since(ordered) < Duration::from_millis(100));
    let state = room.patch(json!({ "ear-volume": 100 }));
    assert_eq!(state["status"]["volume"], 100);
    room.ear.hear_the_tone(2.0, PEAK);
    let ordered = Instant::now();
    room.patch(json!({ "sound-mode": "speaker", "speaker-volume": 71 }));
    room.speaker.hear_the_tone(2.0, PEAK * 0.71 * 0.71);
    assert!(room.speaker.first(ordered, true).unwrap() - ordered < Duration::from_millis(100));
    let refused = room.terminal.request("PATCH", "/v1/players/agent", r#"{"ear-volume": 101}"#);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("ear-volume") && refused.text().contains("allowed 0 to 100"), "{}", refused.text());
    for (name, step) in [("speaker", room.speaker.largest_step(room.begun)), ("ear", room.ear.largest_step(0))] {
        assert!(step < STEP, "{name}: a step of {step}");
    }
}

#[test]
fn mute_every_pause_and_a_muted_standby_are_exact_silence_and_come_and_go_without_a_click() {
    let room = Room::start();
    let order = |path: &str, body: &str| room.terminal.ask("POST", path, body);
    order("/v1/players/agent/mute", "");
    room.speaker.hear_zeros(2.0);
    order("/v1/players/agent/unmute", "");
    room.speaker.hear_the_tone(2.0, PEAK);
    room.patch(json!({ "background-mute": true }));
    order("/v1/standby", r#"{"on": true}"#);
    room.speaker.hear_zeros(2.0);
    order("/v1/standby", r#"{"on": false}"#);
    room.speaker.hear_the_tone(2.0, PEAK);
    order("/v1/players/agent/pause", "");
    room.speaker.hear_nothing(2.0);
    order("/v1/players/agent/resume", "");
    room.speaker.hear_the_tone(2.0, PEAK);
    // So does the user interface, for as long as another page is in front.
    let page = |transition: &str| {
        let status = order("/v1/scene", &json!({ "transition": transition }).to_string());
        status["players"][0]["paused-by"].clone()
    };
    for (transition, reason) in [("push", "navigate"), ("native", "open-native"), ("pop", "navigate")] {
        assert_eq!(page(transition), json!([reason]));
        room.speaker.hear_nothing(2.0);
        assert_eq!(page("return"), json!([]));
        room.speaker.hear_the_tone(2.0, PEAK);
    }
    room.patch(json!({ "auto-pause-if-navigate": false }));
    assert_eq!(page("push"), json!([]));
    let from = room.speaker.samples().len();
    std::thread::sleep(Duration::from_millis(500));
    let on = room.speaker.samples().split_off(from);
    assert!(on.len() > 20_000 && on.chunks(480).all(|part| part.iter().any(|value| *value != 0)), "it is heard on");
    room.patch(json!({ "auto-pause-if-navigate": true }));
    room.speaker.hear_nothing(2.0);
    page("return");
    room.speaker.hear_the_tone(2.0, PEAK);
    let mut events = room.terminal.events();
    events.wait("player:agent", 2004, 2.0);
    let story = events.story();
    assert!(!["2103", "2107"].iter().any(|code| story.contains(code)), "the connection stays: {story}");
    let step = room.speaker.largest_step(room.begun);
    assert!(step < STEP, "a step of {step}");
}

#[test]
fn a_loudspeaker_that_is_lost_is_told_and_comes_back_by_itself_while_the_picture_goes_on() {
    let Room { terminal, speaker, _server, _sender, .. } = Room::start();
    let path = terminal.folder().join("speaker");
    drop(speaker);
    let lost = |status: &serde_json::Value| status["players"][0]["speaker"]["state"] == "lost";
    let status = terminal.until_status(2.0, "the loss", lost);
    assert!(status["players"][0]["speaker"]["words"].as_str().unwrap().contains("reader"), "{status:#}");
    let plays =
        |status: &serde_json::Value| lost(status) && status["players"][0]["net"]["videoFPS"].as_f64() > Some(7.0);
    terminal.until_status(3.0, "pictures without sound", plays);
    let speaker = Tape::open(&path);
    let begun = Instant::now();
    speaker.hear_the_tone(3.0, PEAK);
    assert!(begun.elapsed() < Duration::from_millis(1800), "{:?}", begun.elapsed());
    assert_eq!(terminal.status()["players"][0]["speaker"]["state"], "running");
}

#[test]
fn who_asks_is_told_five_times_a_second_how_loud_it_is_and_nobody_else() {
    let room = Room::start();
    let mut asked = Events::listen_to(room.terminal.socket(), "/v1/events?audiovolumenotify=true");
    let mut others = room.terminal.events();
    let mut told = || asked.find(2.0, |event| event.kind == "audiovolumenotify").expect("it is told");
    told();
    let begun = Instant::now();
    let levels: Vec<serde_json::Value> = (0..5).map(|_| serde_json::from_str(&told().data).unwrap()).collect();
    let took = begun.elapsed();
    assert!((Duration::from_millis(800)..Duration::from_millis(1300)).contains(&took), "{took:?}");
    let last = &levels[4];
    assert_eq!(last["object"], "player:agent");
    // An eighth of full scale is −18.1 dBFS, a sine's root mean square 3 dB less.
    assert!((last["peak"].as_f64().unwrap() + 18.1).abs() < 0.7 && (last["rms"].as_f64().unwrap() + 21.1).abs() < 0.7);
    assert_eq!(last["volume"], 65);
    room.terminal.ask("POST", "/v1/players/agent/mute", "");
    until(2.0, "silence to be told", || {
        let value: serde_json::Value = serde_json::from_str(&told().data).unwrap();
        (value["volume"] == 0 && value["rms"] == -120.0 && value["voice"] == false).then_some(())
    });
    assert!(others.find(0.3, |event| event.kind == "audiovolumenotify").is_none());
    let refused = room.terminal.request("GET", "/v1/events?audiovolumenotify=loud", "");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("audiovolumenotify=true"), "{}", refused.text());
}
