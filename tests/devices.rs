//! Devices that are missing, go away and come back, judged from the outside: named pipes and ALSA's own null devices.

mod support;

use serde_json::Value;
use std::path::Path;
use support::ffmpeg;
use support::fifo::{self, Sink};
use support::nginx::Nginx;
use support::picture::near;
use support::pipes::{BOARD, camera, microphone};
use support::sound;
use support::terminal::{Terminal, VIRTUAL, player, pusher};
use support::wait::until;

/// Loudspeaker and screen at named pipes, too.
const OUTPUTS: &str = r#"
[speaker.speaker]
driver = "pipe"
path = "{folder}/speaker"
rate = 48000
channels = 1
[display]
driver = "pipe"
path = "{folder}/display"
width = 320
height = 180
"#;

fn pipes(server: &Nginx, made: &[&str]) -> Terminal {
    let folder = tempfile::tempdir().unwrap();
    made.iter().for_each(|name| fifo::make(&folder.path().join(name)));
    let url = server.url("live", "terminal");
    Terminal::start_in(folder, &(pusher(&url) + &player(&url, "mode = \"RTC\"")), &(BOARD.to_owned() + OUTPUTS), |_| {})
}

/// Ends the push; the recording of it.
fn recorded(terminal: &Terminal, server: &Nginx) -> std::path::PathBuf {
    terminal.push("stop");
    until(3.0, "nginx to see it leave", || server.departure());
    server.recorded("terminal")
}

/// Whether red was seen in a recording, or anything else, in turn.
fn reds(recorded: &Path) -> Vec<bool> {
    let pictures = ffmpeg::pictures(recorded, 10, 64, 36);
    let mut red: Vec<bool> =
        pictures.iter().map(|picture| near(picture.mean(0.0..1.0, 0.0..1.0), [254, 0, 0])).collect();
    red.dedup();
    red
}

/// The sound begins with the session and has no hole. (A machine that does not get round to us for a moment makes
/// one of its own: a tenth of a second is the bound where it does.)
fn assert_unbroken(recorded: &Path) {
    assert!(ffmpeg::packets(recorded, "a")[0].dts < 0.4);
    for pair in ffmpeg::packets(recorded, "a").windows(2) {
        assert!(
            (0.0..0.1).contains(&(pair[1].dts - pair[0].dts)),
            "{} s after {:?}",
            pair[1].dts - pair[0].dts,
            pair[0]
        );
    }
}

fn device<'a>(status: &'a Value, name: &str) -> (&'a str, &'a str) {
    let device = match name {
        "camera" | "microphone" => &status["pusher"][name],
        _ => &status[name],
    };
    (device["state"].as_str().unwrap_or_default(), device["words"].as_str().unwrap_or_default())
}

#[test]
fn a_terminal_none_of_whose_devices_is_there_is_on_the_air_all_the_same_and_says_so() {
    let server = Nginx::start();
    let mut terminal = pipes(&server, &[]);
    let mut events = terminal.events();
    let camera = events.wait("pusher", -1301, 3.0);
    assert!(camera.detail["device"].as_str().is_some_and(|name| name.ends_with("/camera")), "{camera:?}");
    let status = terminal.on_air(2500);
    for name in ["camera", "microphone", "speaker", "display"] {
        let (state, words) = device(&status, name);
        assert!(state == "lost" && words.contains(name), "{name}: {state}, {words}");
    }
    assert_eq!(status["pusher"]["picture"], "waiting-image");
    let count = |code: i64| events.codes("pusher").iter().filter(|other| **other == code).count();
    assert_eq!((count(-1301), count(-1302)), (1, 1), "each is told once: {}", events.story());
    let recorded = recorded(&terminal, &server);
    assert!(ffmpeg::pictures(&recorded, 2, 160, 90).iter().all(|picture| picture.card().is_none()));
    let packets = ffmpeg::packets(&recorded, "v").len();
    assert!(packets >= 8, "the card is sent at least four times a second, there are {packets} pictures");
    let heard = ffmpeg::sound(&recorded);
    assert!(heard.len() > 96_000 && sound::level(&heard) < -80.0, "exact silence keeps the track");
    assert!(terminal.runs());
}

#[test]
fn a_camera_that_goes_away_and_returns_is_told_and_the_session_goes_on() {
    let server = Nginx::start();
    let terminal = pipes(&server, &["camera", "microphone"]);
    let mut events = terminal.events();
    let status = terminal.on_air(1200);
    assert_eq!(status["pusher"]["picture"], "waiting-image", "nobody writes yet");
    let path = terminal.folder().join("camera");
    let mut first = None;
    for round in 0..3 {
        let writer = camera(&path, "red");
        if round > 0 {
            events.wait("pusher", 1010, 5.0);
        }
        events.wait("pusher", 1003, 5.0);
        events.wait("pusher", 1007, 1.0);
        terminal.until_status(2.0, "its picture", |status| status["pusher"]["picture"] == "camera");
        terminal.on_air_longer(400);
        drop(writer);
        let gone = events.wait("pusher", 1009, 2.0);
        assert!(gone.detail["reason"].as_str().is_some_and(|reason| reason.contains("writer")), "{gone:?}");
        terminal.until_status(1.0, "the card", |status| status["pusher"]["picture"] == "waiting-image");
        let count = || (terminal.fds(), terminal.threads());
        let first = *first.get_or_insert_with(count);
        assert!(count() <= first, "{first:?} files and threads became {:?}", count());
    }
    terminal.on_air_longer(500);
    assert_eq!(events.codes("pusher").iter().filter(|code| **code == 1001).count(), 1, "{}", events.story());
    let recorded = recorded(&terminal, &server);
    let red = reds(&recorded);
    assert_eq!(red, [false, true, false, true, false, true, false]);
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
    assert_unbroken(&recorded);
}

#[test]
fn a_microphone_that_goes_away_leaves_silence_and_is_heard_when_it_returns() {
    let server = Nginx::start();
    let terminal = pipes(&server, &["camera", "microphone"]);
    let mut events = terminal.events();
    let _camera = camera(&terminal.folder().join("camera"), "green");
    let path = terminal.folder().join("microphone");
    let running = |status: &Value| device(status, "microphone").0 == "running";
    // Nobody writes yet: the track begins all the same.
    terminal.on_air(700);
    let first = microphone(&path);
    terminal.until_status(5.0, "the microphone", running);
    terminal.on_air_longer(1200);
    drop(first);
    events.wait("pusher", -1302, 3.0);
    terminal.on_air_longer(1800);
    assert_eq!(device(&terminal.status(), "microphone").0, "lost");
    let _second = microphone(&path);
    terminal.until_status(5.0, "the microphone again", running);
    terminal.on_air_longer(1200);
    let recorded = recorded(&terminal, &server);
    assert_unbroken(&recorded);
    let heard = ffmpeg::sound(&recorded);
    let mut loud: Vec<bool> = sound::levels(&heard, 48_000, 200).iter().map(|level| *level > -40.0).collect();
    loud.dedup();
    assert_eq!(loud, [false, true, false, true]);
    let end = &heard[heard.len() - 48_000..heard.len() - 14_400];
    assert!(sound::share(end, 48_000, 1000.0) > 0.9);
}

#[test]
fn a_speaker_and_a_screen_nobody_looks_at_hold_nothing_up_and_work_as_soon_as_somebody_does() {
    let server = Nginx::start();
    let terminal = pipes(&server, &["camera", "microphone", "speaker", "display"]);
    let mut events = terminal.events();
    let (camera, _microphone) = (terminal.folder().join("camera"), microphone(&terminal.folder().join("microphone")));
    let _camera = support::pipes::camera(&camera, "blue");
    terminal.on_air(1500);
    let status = terminal.status();
    assert_eq!((device(&status, "speaker").0, device(&status, "display").0), ("lost", "lost"), "{status:#}");
    let speaker = Sink::open(&terminal.folder().join("speaker"), 48_000, 4);
    let screen = fifo::Screen::open(&terminal.folder().join("display"), 320, 180);
    screen.wait(6.0, "the camera's own picture", |picture| near(picture.mean(0.1..0.9, 0.1..0.9), [0, 0, 254]));
    let samples = |bytes: &[u8]| -> Vec<i16> {
        bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
    };
    speaker.wait(6.0, "half a second of the tone", |bytes| sound::purity(&samples(bytes), 48_000, 1000.0) > 0.9);
    // Both go away again: the pictures sent do not suffer.
    drop((speaker, screen));
    terminal.until_status(4.0, "the loss", |status| device(status, "speaker").0 == "lost");
    events.skip();
    let status = terminal.on_air_longer(1500);
    let fps = status["pusher"]["net"]["videoFPS"].as_f64().unwrap_or(0.0);
    assert!(fps > 12.0, "{fps} pictures a second are sent");
}

#[test]
fn standby_closes_the_camera_and_ends_as_it_began() {
    let server = Nginx::start();
    let terminal = pipes(&server, &["camera", "microphone"]);
    let path = terminal.folder().join("camera").canonicalize().unwrap();
    let first = camera(&path, "red");
    let mut events = terminal.events();
    events.wait("pusher", 1007, 5.0);
    terminal.on_air_longer(600);
    assert!(terminal.open_files().contains(&path));
    terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
    let status = terminal.until_status(2.0, "standby", |status| device(status, "camera").0 == "closed");
    assert_eq!((&status["standby"], &status["pusher"]["picture"]), (&true.into(), &"waiting-image".into()));
    until(1.0, "the camera's descriptor to be closed", || (!terminal.open_files().contains(&path)).then_some(()));
    // Figures are brought up to date once a second.
    let status = terminal.on_air_longer(1100);
    let before = status["pusher"]["net"]["picturesFromCamera"].clone();
    let refused = terminal.request("POST", "/v1/pusher/snapshot", "");
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    let cards = |status: &Value| status["pusher"]["net"]["picturesFromCard"].as_u64().unwrap_or(0);
    let shown = cards(&status);
    let status = terminal.on_air_longer(1300);
    assert_eq!(status["pusher"]["net"]["picturesFromCamera"], before);
    assert!(cards(&status) > shown, "no card is sent: {status:#}");
    terminal.ask("POST", "/v1/standby", r#"{"on": false}"#);
    // Nobody read it any more: the first writer has ended, another one is needed.
    drop(first);
    let _second = camera(&path, "red");
    events.wait("pusher", 1007, 5.0);
    terminal.until_status(3.0, "the camera again", |status| status["pusher"]["picture"] == "camera");
    terminal.on_air_longer(800);
    let recorded = recorded(&terminal, &server);
    let red = reds(&recorded);
    assert_eq!(red.strip_prefix(&[false]).unwrap_or(&red), [true, false, true]);
}

#[test]
fn what_the_board_does_not_have_is_absent_and_not_lost() {
    let server = Nginx::start();
    let url = server.url("live", "terminal");
    let board = "name = \"bare\"\n[camera.front]\ndriver = \"test-card\"\n";
    let terminal = Terminal::start(&(pusher(&url) + &player(&url, "mode = \"RTC\"")), board);
    let mut events = terminal.events();
    events.wait("player:agent", 2003, 8.0);
    let status = terminal.on_air(1500);
    for name in ["microphone", "speaker", "display"] {
        assert_eq!(device(&status, name).0, "absent", "{name}: {status:#}");
    }
    assert!(!events.codes("pusher").contains(&-1302), "{}", events.story());
    assert_unbroken(&recorded(&terminal, &server));
}

/// ALSA's own null device under two names, and a device that does not exist.
const ASOUNDRC: &str = "pcm.deaf { type null }\nctl.deaf { type null }\n";

#[test]
fn alsa_devices_are_opened_by_name_and_a_missing_one_is_told() {
    let server = Nginx::start();
    let url = server.url("live", "terminal");
    let alsa = |microphone: &str| {
        let board = VIRTUAL
            .replace(
                "[microphone]\ndriver = \"tone\"",
                &format!("[microphone]\ndriver = \"alsa\"\ndevice = \"{microphone}\""),
            )
            .replace("[speaker.speaker]\ndriver = \"null\"", "[speaker.speaker]\ndriver = \"alsa\"\ndevice = \"deaf\"");
        let folder = tempfile::tempdir().unwrap();
        let rc = folder.path().join("asoundrc");
        std::fs::write(&rc, format!("</usr/share/alsa/alsa.conf>\n{ASOUNDRC}")).unwrap();
        let config = pusher(&url) + &player(&url, "mode = \"RTC\"");
        Terminal::start_in(folder, &config, &board, |command| {
            command.env("ALSA_CONFIG_PATH", &rc);
        })
    };
    let terminal = alsa("no-such-card");
    let mut events = terminal.events();
    let told = events.wait("pusher", -1302, 3.0);
    assert!(told.detail.to_string().contains("no-such-card"), "{told:?}");
    terminal.on_air(1500);
    let status = terminal.until_status(6.0, "the speaker", |status| device(status, "speaker").0 == "running");
    assert_eq!(device(&status, "microphone").0, "lost");
    drop(terminal);
    let terminal = alsa("deaf");
    terminal.until_status(6.0, "the microphone", |status| device(status, "microphone").0 != "lost");
    terminal.on_air(1000);
}
