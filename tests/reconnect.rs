//! Servers that die, refuse, stall or were never there: the terminal comes back alone and tells it in a legal order.

mod support;

use rustix::process::Signal;
use serde_json::Value;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Instant;
use support::events::Events;
use support::ffmpeg::{self, Ffmpeg};
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, player, pusher};
use support::wait::until;

/// Connected comes before publishing, a loss before a try, and giving up after three tries of one cycle.
fn assert_legal(codes: &[i64]) {
    let (mut connected, mut publishing, mut tries) = (false, false, 0);
    for (place, code) in codes.iter().enumerate() {
        let legal = match code {
            1001 => !std::mem::replace(&mut connected, true),
            1002 => connected && !std::mem::replace(&mut publishing, true),
            1102 => {
                (connected, publishing) = (false, false);
                tries += 1;
                tries <= 3 || codes[..place].contains(&1002)
            }
            -1307 => {
                (connected, publishing) = (false, false);
                std::mem::take(&mut tries) >= 3
            }
            _ => true,
        };
        assert!(legal, "{code} at place {place} of {codes:?}");
    }
}

fn count(events: &Events, object: &str, code: i64) -> usize {
    events.codes(object).iter().filter(|other| **other == code).count()
}

/// A terminal that pushes to `server` and plays its own stream back.
fn mirror(server: &Nginx) -> Terminal {
    let url = server.url("live", "terminal");
    Terminal::start(&(pusher(&url) + &player(&url, "mode = \"RTC\"")), VIRTUAL)
}

/// A port of this machine where nobody listens.
fn nobody() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn a_server_killed_and_started_again_is_found_again_by_both_ways() {
    let mut server = Nginx::start();
    let mut terminal = mirror(&server);
    let (mut pushing, mut playing) = (terminal.events(), terminal.events());
    pushing.wait("pusher", 1002, 5.0);
    playing.wait("player:agent", 2004, 8.0);
    // Good sessions begin a fresh cycle of tries.
    terminal.on_air(2200);

    server.kill();
    let lost = pushing.find(2.0, |event| [3004, 3005].contains(&event.code)).expect("the loss is told");
    let first = pushing.wait("pusher", 1102, 1.0);
    assert!(first.at >= lost.at && first.detail["attempt"] == 1, "{first:?}");
    playing.wait("player:agent", 2103, 2.0);
    // The second try begins about two seconds after the loss.
    let second = pushing.wait("pusher", 1102, 4.0);
    assert_eq!(second.detail["attempt"], 2);
    server.start_again();
    let back = Instant::now();
    pushing.wait("pusher", 1001, 3.0);
    pushing.wait("pusher", 1002, 3.0);
    let on_air = back.elapsed().as_secs_f64();
    playing.wait("player:agent", 2001, 5.0);
    playing.wait("player:agent", 2004, 5.0);
    let shown = back.elapsed().as_secs_f64();
    println!("on the air {on_air:.2} s after the server was back, shown after {shown:.2} s");
    assert!(on_air < 1.5, "on the air only {on_air:.2} s after the server was back");
    assert!(shown < 4.0, "shown only {shown:.2} s after the server was back");

    let status = terminal.on_air(1500);
    assert_eq!(status["pusher"]["reconnects"], 1, "knocking is no reconnect");
    assert_legal(&pushing.codes("pusher"));
    assert!(!pushing.codes("pusher").contains(&-1307), "{}", pushing.story());
    terminal.push("stop");
    until(3.0, "nginx to see it leave", || server.departure());
    // The session after the cut is a whole stream again.
    let recorded = server.recorded("terminal");
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
    let video = ffmpeg::packets(&recorded, "v");
    assert!(video[0].key && video[0].dts < 0.3, "{:?}", video[0]);
    assert!(terminal.runs());
}

/// Ten seconds of a small moving picture.
fn movie() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let source = "-f lavfi -i testsrc=size=160x90:rate=15 -f lavfi -i sine=440 -t 10 -c:v libx264 \
                      -preset ultrafast -pix_fmt yuv420p -g 15 -c:a aac";
        ffmpeg::film("small", source)
    })
}

#[test]
fn a_name_in_use_is_a_refusal_and_is_taken_as_soon_as_it_is_free() {
    let server = Nginx::start();
    let url = server.url("live", "terminal");
    let other = Ffmpeg::publish(movie(), &url);
    until(5.0, "the other one to publish", || server.log().contains("publish: name").then_some(()));
    let mut terminal = Terminal::start(&pusher(&url), VIRTUAL);
    let mut events = terminal.events();
    let refused = events.wait("pusher", 3004, 5.0);
    assert!(refused.detail["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{refused:?}");
    events.wait("pusher", 1102, 1.0);
    assert!(!events.codes("pusher").contains(&1002), "{}", events.story());
    other.leave();
    events.wait("pusher", 1002, 8.0);
    terminal.on_air(1000);
    assert_legal(&events.codes("pusher"));
    assert!(terminal.runs());
}

#[test]
fn a_server_that_says_yes_and_closes_is_given_up_after_three_tries() {
    let server = Nginx::start();
    let mut terminal = Terminal::start(&pusher(&server.url("closed", "terminal")), VIRTUAL);
    let mut events = terminal.events();
    events.wait("pusher", 3004, 5.0);
    let given_up = events.wait("pusher", -1307, 15.0);
    assert_eq!(count(&events, "pusher", 1102), 3, "{}", events.story());
    // Haste does not mend a refusal.
    assert!(given_up.detail["again-in-ms"].as_i64() >= Some(30_000), "{given_up:?}");
    assert_eq!(terminal.status()["pusher"]["state"], "waiting");
    assert_legal(&events.codes("pusher"));
    assert!(terminal.runs());
}

#[test]
fn where_nobody_listens_it_is_told_at_once_and_given_up_after_three_tries() {
    let url = format!("rtmp://127.0.0.1:{}/live/terminal", nobody());
    let config = pusher(&url) + &player(&url, "on-give-up = \"stop\"");
    let mut terminal = Terminal::start(&config, VIRTUAL);
    let (mut pushing, mut playing) = (terminal.events(), terminal.events());
    pushing.wait("pusher", 3002, 1.0);
    playing.wait("player:agent", 3002, 1.0);
    let given_up = pushing.wait("pusher", -1307, 16.0);
    playing.wait("player:agent", -2301, 16.0);
    assert_eq!((count(&pushing, "pusher", 1102), count(&pushing, "player:agent", 2103)), (3, 3), "{}", pushing.story());
    assert!(given_up.detail["again-in-ms"].as_i64() >= Some(5000), "{given_up:?}");
    let status = terminal.status();
    assert_eq!((&status["pusher"]["state"], &status["players"][0]["state"]), (&"waiting".into(), &"gave-up".into()));
    assert!(status["pusher"]["last-end"].as_str().is_some_and(|end| end.contains("refused")), "{status:#}");
    assert_legal(&pushing.codes("pusher"));
    // A person who does not want to wait starts it again.
    terminal.ask("POST", "/v1/players/agent/play", "");
    playing.wait("player:agent", 3002, 1.0);
    assert!(terminal.runs());
}

/// A server that takes every connection and gives it to `treat`, as long as the test runs.
fn scripted(treat: fn(&mut TcpStream)) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            treat(&mut stream);
            kept.push(stream);
        }
    });
    port
}

#[test]
fn what_is_no_rtmp_server_fails_the_handshake() {
    let page = scripted(|stream| drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")));
    let mute = scripted(|_| {});
    let config = |port| pusher(&format!("rtmp://127.0.0.1:{port}/live/terminal"));
    let (garbage, silence) = (Terminal::start(&config(page), VIRTUAL), Terminal::start(&config(mute), VIRTUAL));
    let mut events = garbage.events();
    events.wait("pusher", 3003, 2.0);
    events.wait("pusher", 1102, 1.0);
    let mut events = silence.events();
    // The whole handshake has five seconds.
    events.wait("pusher", 3003, 7.0);
    events.wait("pusher", 1102, 1.0);
    assert_legal(&events.codes("pusher"));
}

/// A camera whose pictures nothing can compress: the target rate is used up.
const NOISE: &str = r#"[camera.front]
driver = "pipe"
command = "exec ffmpeg -nostdin -v error -re -f rawvideo -s 320x180 -r 15 -i /dev/urandom -f rawvideo -"
width = 320
height = 180
fps = 15
"#;

#[test]
fn a_server_that_stops_reading_is_left_and_met_again() {
    let server = Nginx::start();
    let url = server.url("live", "terminal");
    let config = pusher(&url).replace("max-bitrate = 300", "max-bitrate = 1000") + &player(&url, "mode = \"RTC\"");
    let board = VIRTUAL.replace("[camera.front]\ndriver = \"test-card\"\n", NOISE);
    let mut terminal = Terminal::start(&config, &board);
    let (mut pushing, mut playing) = (terminal.events(), terminal.events());
    playing.wait("player:agent", 2004, 8.0);
    terminal.on_air(2200);
    let (memory, files) = (terminal.rss(), terminal.fds());
    server.signal(Signal::STOP);
    pushing.wait("pusher", 1101, 12.0);
    let state = |status: &Value| status["pusher"]["net"]["queueMs"].as_f64().unwrap_or(0.0);
    let queue = state(&terminal.status());
    assert!(queue <= 1000.0, "{queue} ms of media wait");
    playing.wait("player:agent", 2103, 8.0);
    pushing.find(15.0, |event| [3003, 3005].contains(&event.code)).expect("the stall ends the session");
    pushing.wait("pusher", 1102, 1.0);
    server.signal(Signal::CONT);
    pushing.wait("pusher", 1002, 12.0);
    playing.wait("player:agent", 2004, 15.0);
    assert_legal(&pushing.codes("pusher"));
    terminal.on_air(1000);
    assert!(terminal.rss() < memory + 24.0, "{memory} MiB became {}", terminal.rss());
    assert!(terminal.fds() <= files + 2, "{files} files became {}", terminal.fds());
    assert!(terminal.runs());
}

#[test]
fn cycles_of_loss_and_return_leave_every_count_as_it_was() {
    let mut server = Nginx::start();
    let terminal = mirror(&server);
    let mut events = terminal.events();
    let mut playing = terminal.events();
    events.wait("pusher", 1002, 5.0);
    playing.wait("player:agent", 2004, 8.0);
    let mut counts = Vec::new();
    for _ in 0..4 {
        terminal.on_air(2200);
        counts.push((terminal.fds(), terminal.threads()));
        server.kill();
        events.wait("pusher", 1102, 3.0);
        playing.wait("player:agent", 2103, 3.0);
        server.start_again();
        events.wait("pusher", 1002, 5.0);
        playing.wait("player:agent", 2004, 8.0);
    }
    let (first, last) = (counts[0], counts[counts.len() - 1]);
    assert!(last.0 <= first.0 && last.1 <= first.1, "files and threads: {counts:?}");
    assert!(last.0 <= 64 && last.1 <= 24, "files and threads: {counts:?}");
    assert_legal(&events.codes("pusher"));
}
