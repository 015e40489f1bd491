//! The way down, judged by what comes out of screen and loudspeaker: ffmpeg publishes, a terminal plays.

mod support;

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Instant;
use support::ffmpeg::{self, Ffmpeg};
use support::fifo::Screen;
use support::nginx::Nginx;
use support::picture::{Colour, Picture, near};
use support::sound;
use support::terminal::{Terminal, player};
use support::wait::until;

/// The seven bars ffmpeg's `smptebars` has in its upper two thirds.
const BARS: [Colour; 7] =
    [[180, 180, 180], [180, 180, 16], [16, 180, 180], [16, 180, 16], [180, 16, 180], [180, 16, 16], [16, 16, 180]];

/// Bars, a white box that runs along the lower edge once in two seconds, and a tone of 1 kHz.
fn movie(name: &str, size: &str, video: &str, audio: &str) -> PathBuf {
    let source = format!(
        "-f lavfi -i smptebars=size={size}:rate=25 -f lavfi -i color=white:size=64x48:rate=25 \
         -f lavfi -i sine=frequency=1000:sample_rate=44100 -filter_complex \
         [0][1]overlay=x=mod(t/2\\,1)*W:y=H*0.8 -t 20 {video} -g 25 {audio} -b:a 96k"
    );
    ffmpeg::film(name, &source)
}

/// What a studio sends: High profile with B pictures, 720p, stereo at 44.1 kHz.
fn studio() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    let video = "-c:v libx264 -preset veryfast -profile:v high -bf 2 -pix_fmt yuv420p -b:v 1200k";
    FILE.get_or_init(|| movie("studio", "1280x720", video, "-c:a aac -ar 44100 -ac 2"))
}

/// What a simple sender makes: Baseline, 360p, mono at 44.1 kHz.
fn simple() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    let video = "-c:v libx264 -preset veryfast -profile:v baseline -pix_fmt yuv420p -b:v 400k";
    FILE.get_or_init(|| movie("simple", "640x360", video, "-c:a aac -ar 44100 -ac 1"))
}

/// A board with a screen of this size at a named pipe, and two loudspeakers that write down what is heard.
fn board(width: usize, height: usize) -> String {
    format!(
        "name = \"screen\"\n[speaker.speaker]\ndriver = \"wav\"\npath = \"{{folder}}/heard.wav\"\n\
         [speaker.ear]\ndriver = \"wav\"\npath = \"{{folder}}/ear.wav\"\n\
         [display]\ndriver = \"pipe\"\npath = \"{{folder}}/screen\"\nwidth = {width}\nheight = {height}\n"
    )
}

/// A terminal that plays `src`, and its screen.
fn terminal(src: &str, more: &str, width: usize, height: usize) -> (Terminal, Screen) {
    let folder = tempfile::tempdir().unwrap();
    let screen = Screen::open(&folder.path().join("screen"), width, height);
    let config = player(src, more);
    (Terminal::start_in(folder, &config, &board(width, height), |_| {}), screen)
}

/// All seven bars where they belong when the whole picture fills the screen.
fn has_bars(picture: &Picture) -> bool {
    BARS.iter().enumerate().all(|(number, bar)| {
        let middle = (number as f64 + 0.5) / 7.0;
        near(picture.mean(middle - 0.03..middle + 0.03, 0.1..0.5), *bar)
    })
}

/// The last second that was heard in `name`.
fn last_second(terminal: &Terminal, name: &str) -> Vec<i16> {
    let heard = sound::wav(&terminal.folder().join(name));
    heard[heard.len().saturating_sub(48_000)..].to_vec()
}

/// Waits until the last second heard in `name` is nothing but the tone, at its pitch: at the beginning sound may be
/// played a little faster or slower.
fn hear_the_tone(terminal: &Terminal, name: &str, within: f64) {
    until(within, "a second of the tone", || {
        let heard = last_second(terminal, name);
        let pure = heard.len() == 48_000 && sound::purity(&heard, 48_000, 1000.0) > 0.9;
        (pure && (sound::frequency(&heard, 48_000) - 1000.0).abs() < 5.0).then_some(())
    });
}

/// Waits until nothing has been heard in `name` for a second: silence was written, or nothing at all.
fn hear_nothing(terminal: &Terminal, name: &str, within: f64) {
    let mut quiet = (Instant::now(), 0);
    until(within, "a second of silence", || {
        let heard = sound::wav(&terminal.folder().join(name));
        if sound::level(&heard[quiet.1.min(heard.len())..]) > -80.0 {
            quiet = (Instant::now(), heard.len());
        }
        (quiet.0.elapsed().as_secs_f64() > 1.0).then_some(())
    });
}

/// Waits until the box has moved on the screen.
fn see_it_move(screen: &Screen) {
    let first = screen.wait(5.0, "a picture", |_| true);
    screen.wait(3.0, "a moving picture", |picture| picture.difference(&first) > 0.5);
}

fn order(terminal: &Terminal, order: &str) -> Value {
    terminal.ask("POST", &format!("/v1/players/agent/{order}"), "")
}

#[test]
fn a_studios_stream_is_seen_and_heard() {
    let server = Nginx::start();
    let _publisher = Ffmpeg::publish(studio(), &server.url("live", "agent"));
    let (terminal, screen) = terminal(&server.url("live", "agent"), "mode = \"RTC\"", 320, 180);
    let mut events = terminal.events();
    for code in [2001, 2002, 2004] {
        events.wait("player:agent", code, 8.0);
    }
    screen.wait(4.0, "the seven bars", has_bars);
    see_it_move(&screen);
    hear_the_tone(&terminal, "heard.wav", 6.0);
    let codes = events.codes("player:agent");
    let place =
        |code| codes.iter().position(|other| *other == code).unwrap_or_else(|| panic!("no {code} in {codes:?}"));
    assert!(place(2001) < place(2002) && place(2002) < place(2003) && place(2003) < place(2004), "{codes:?}");
    assert!(place(2008) < place(2004) && codes.contains(&2009), "{codes:?}");
    let net = |status: &Value| {
        status["players"][0]["net"]["videoWidth"] == 1280 && status["players"][0]["net"]["videoHeight"] == 720
    };
    let status = terminal.until_status(3.0, "the stream's size", net);
    assert_eq!(status["players"][0]["state"], "live");
}

#[test]
fn a_simple_stream_is_seen_and_heard_in_live_mode() {
    let server = Nginx::start();
    let _publisher = Ffmpeg::publish(simple(), &server.url("live", "agent"));
    let (terminal, screen) = terminal(&server.url("live", "agent"), "mode = \"live\"", 320, 180);
    terminal.events().wait("player:agent", 2004, 8.0);
    screen.wait(4.0, "the seven bars", has_bars);
    see_it_move(&screen);
    hear_the_tone(&terminal, "heard.wav", 6.0);
}

#[test]
fn a_stream_over_http_is_seen_and_heard_and_its_end_is_a_lost_connection() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/live/x.flv");
    let server = Ffmpeg::start(&format!("-re -i {} -c copy -listen 1 -f flv", studio().display()), &url);
    let (mut terminal, screen) = terminal(&url, "mode = \"RTC\"", 320, 180);
    let mut events = terminal.events();
    events.wait("player:agent", 2004, 8.0);
    screen.wait(4.0, "the seven bars", has_bars);
    hear_the_tone(&terminal, "heard.wav", 6.0);
    drop(server);
    events.wait("player:agent", 2103, 2.0);
    events.wait("player:agent", -2301, 14.0);
    let codes = events.codes("player:agent");
    assert!(!codes.contains(&2006), "a stream over HTTP has no end of its own: {codes:?}");
    assert!(terminal.runs());
}

#[test]
fn a_publisher_that_leaves_ends_the_stream_and_is_welcomed_back() {
    let server = Nginx::start();
    let publisher = Ffmpeg::publish(simple(), &server.url("live", "agent"));
    let (terminal, screen) = terminal(&server.url("live", "agent"), "mode = \"RTC\"", 320, 180);
    let mut events = terminal.events();
    events.wait("player:agent", 2004, 8.0);
    see_it_move(&screen);
    publisher.leave();
    events.wait("player:agent", 2006, 3.0);
    let status = terminal.until_status(3.0, "loading", |status| status["players"][0]["loading"] == true);
    assert_ne!(status["players"][0]["state"], "stopped");
    let _publisher = Ffmpeg::publish(simple(), &server.url("live", "agent"));
    for code in [2002, 2003, 2008, 2004] {
        events.wait("player:agent", code, 8.0);
    }
    terminal.until_status(1.0, "playing", |status| status["players"][0]["loading"] == false);
    see_it_move(&screen);
    hear_the_tone(&terminal, "heard.wav", 6.0);
}

/// An HTTP server that answers everybody with `head` and closes.
fn answering(head: &'static str) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(head.as_bytes());
        }
    });
    port
}

#[test]
fn a_wrong_address_is_told_with_its_reason_and_never_ends_the_program() {
    let server = Nginx::start();
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let missing = answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let page = answering(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>",
    );
    let (mut terminal, _screen) = terminal(&server.url("unknown", "agent"), "", 320, 180);
    let mut events = terminal.events();
    events.wait("player:agent", 2103, 8.0);
    for (src, code, words) in [
        (format!("rtmp://127.0.0.1:{nobody}/live/agent"), 3002, "refused"),
        (format!("http://127.0.0.1:{missing}/live/x.flv"), 2103, "404"),
        (format!("http://127.0.0.1:{page}/live/x.flv"), 2103, "FLV"),
        ("rtmp://no-such-host.invalid/live/x".into(), 3001, "no-such-host.invalid"),
    ] {
        events.skip();
        terminal.ask("PATCH", "/v1/players/agent", &json!({"src": src}).to_string());
        events.wait("player:agent", code, 8.0);
        let told = |status: &Value| status["players"][0]["last-end"].as_str().is_some_and(|end| end.contains(words));
        terminal.until_status(2.0, words, told);
    }
    assert!(terminal.runs());
    // The right address heals it at once.
    let _publisher = Ffmpeg::publish(simple(), &server.url("live", "agent"));
    events.skip();
    terminal.ask("PATCH", "/v1/players/agent", &json!({"src": server.url("live", "agent")}).to_string());
    events.wait("player:agent", 2004, 8.0);
}

#[test]
fn a_picture_of_another_shape_is_fitted_with_bars_or_cropped() {
    let server = Nginx::start();
    let _publisher = Ffmpeg::publish(simple(), &server.url("live", "agent"));
    let (terminal, screen) =
        terminal(&server.url("live", "agent"), "mode = \"RTC\"\nobject-fit = \"contain\"", 320, 240);
    let black = |colour: Colour| colour.iter().all(|value| *value < 24);
    // 16:9 on 4:3: an eighth of the height is black above and below.
    screen.wait(8.0, "the whole picture between bars", |picture| {
        let edges = [picture.mean(0.0..1.0, 0.0..0.11), picture.mean(0.0..1.0, 0.89..1.0)];
        edges.into_iter().all(black) && near(picture.mean(0.05..0.08, 0.2..0.5), BARS[0])
    });
    terminal.ask("PATCH", "/v1/players/agent", r#"{"object-fit": "fillCrop"}"#);
    // An eighth of the width is cut off left and right: the first bar is nearly gone.
    screen.wait(3.0, "the middle of the picture without bars", |picture| {
        near(picture.mean(0.05..0.08, 0.01..0.5), BARS[1]) && near(picture.mean(0.47..0.53, 0.01..0.5), BARS[3])
    });
    terminal.ask("PATCH", "/v1/players/agent", r#"{"object-fit": "contain", "orientation": "horizontal"}"#);
    // Turned by 90°: the bars lie one above the other, and black is left and right of them.
    screen.wait(3.0, "the picture turned", |picture| {
        black(picture.mean(0.0..0.25, 0.0..1.0)) && near(picture.mean(0.5..0.6, 0.04..0.1), BARS[0])
    });
}

#[test]
fn a_pause_freezes_and_silences_and_muting_only_silences() {
    let server = Nginx::start();
    let _publisher = Ffmpeg::publish(simple(), &server.url("live", "agent"));
    let (terminal, screen) = terminal(&server.url("live", "agent"), "mode = \"RTC\"", 320, 180);
    let events = terminal.events();
    hear_the_tone(&terminal, "heard.wav", 10.0);
    order(&terminal, "mute");
    hear_nothing(&terminal, "heard.wav", 4.0);
    see_it_move(&screen);
    order(&terminal, "unmute");
    hear_the_tone(&terminal, "heard.wav", 8.0);
    order(&terminal, "pause");
    let state = |wanted: &'static str| move |status: &Value| status["players"][0]["state"] == wanted;
    terminal.until_status(2.0, "pause", state("paused"));
    hear_nothing(&terminal, "heard.wav", 4.0);
    let frozen = screen.newest().unwrap();
    hear_nothing(&terminal, "heard.wav", 4.0);
    assert!(screen.newest().unwrap().difference(&frozen) < 0.5, "the picture goes on");
    order(&terminal, "resume");
    see_it_move(&screen);
    hear_the_tone(&terminal, "heard.wav", 8.0);
    assert_eq!(events.codes("player:agent").iter().filter(|code| **code == 2001).count(), 1, "{}", events.story());
}

#[test]
fn the_sound_moves_to_the_ear() {
    let server = Nginx::start();
    let _publisher = Ffmpeg::publish(simple(), &server.url("live", "agent"));
    let (terminal, _screen) = terminal(&server.url("live", "agent"), "mode = \"RTC\"", 320, 180);
    hear_the_tone(&terminal, "heard.wav", 10.0);
    terminal.ask("PATCH", "/v1/players/agent", r#"{"sound-mode": "ear"}"#);
    hear_the_tone(&terminal, "ear.wav", 5.0);
    let before = sound::wav(&terminal.folder().join("heard.wav")).len();
    hear_the_tone(&terminal, "ear.wav", 1.0);
    assert_eq!(sound::wav(&terminal.folder().join("heard.wav")).len(), before, "the loudspeaker goes on");
}

#[test]
fn sound_alone_is_heard_and_a_picture_alone_is_seen() {
    let server = Nginx::start();
    let publish = |what: &str, name: &str| {
        let arguments = format!("-re -stream_loop -1 -i {} {what} -c copy -f flv", simple().display());
        Ffmpeg::start(&arguments, server.url("live", name))
    };
    let (_sound, _picture) = (publish("-vn", "sound"), publish("-an", "picture"));
    let (deaf, screen) = terminal(&server.url("live", "picture"), "mode = \"RTC\"", 320, 180);
    let (blind, _screen) = terminal(&server.url("live", "sound"), "mode = \"RTC\"", 320, 180);
    deaf.events().wait("player:agent", 2004, 8.0);
    screen.wait(4.0, "the seven bars", has_bars);
    see_it_move(&screen);
    let mut events = blind.events();
    events.wait("player:agent", 2004, 8.0);
    hear_the_tone(&blind, "heard.wav", 6.0);
    assert!(!events.codes("player:agent").contains(&2003), "{}", events.story());
}

#[test]
fn a_stopped_player_may_be_started_again_and_a_snapshot_shows_the_stream() {
    let server = Nginx::start();
    let _publisher = Ffmpeg::publish(simple(), &server.url("live", "agent"));
    let (terminal, screen) = terminal(&server.url("live", "agent"), "mode = \"RTC\"", 320, 180);
    let mut events = terminal.events();
    events.wait("player:agent", 2004, 8.0);
    let answer = terminal.request("POST", "/v1/players/agent/snapshot", r#"{"source": "stream"}"#);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/png")), "{}", answer.text());
    let file = terminal.folder().join("snapshot.png");
    std::fs::write(&file, &answer.body).unwrap();
    let picture = support::ffmpeg::image(&file);
    assert_eq!((picture.width, picture.height), (640, 360));
    assert!(has_bars(&picture));
    order(&terminal, "stop");
    assert_eq!(terminal.status()["players"][0]["state"], "stopped");
    order(&terminal, "play");
    events.wait("player:agent", 2004, 8.0);
    see_it_move(&screen);
    let answer = terminal.request("POST", "/v1/players/nobody/play", "");
    assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/problem+json")));
}
