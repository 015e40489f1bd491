//! What a player tells of a stream that stalls or leaps, and that its last picture stays meanwhile.

mod support;

use serde_json::Value;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::film::Film;
use support::terminal::{Terminal, VIRTUAL, player};
use support::web::{FLV, Web};

fn film() -> Film {
    let video = "-c:v libx264 -preset ultrafast -profile:v baseline -pix_fmt yuv420p -g 25";
    Film::of("http", "320x240", 25, 3.0, video, "-c:a aac -ar 48000 -ac 1 -b:a 64k")
}

#[test]
fn a_stall_is_loading_with_the_last_picture_on_the_screen_and_a_leap_is_told_once() {
    let (begin, end) = (film(), film().first(1500));
    let film = begin.then(end, 60_000).paused(1500, 2000);
    let asked = AtomicBool::new(false);
    // Whoever asks again meanwhile hears nothing: it is the server that stalls, not one connection to it.
    let server = Web::start(move |_, socket| {
        if asked.swap(true, Ordering::Relaxed) {
            std::thread::sleep(Duration::from_secs(10));
            return Ok(());
        }
        socket.write_all(FLV.as_bytes())?;
        film.play(socket)
    });
    let live = "mode = \"live\"\nmin-cache = 0.2\nmax-cache = 1.5";
    let terminal = Terminal::start(&player(&server.url("/live/film.flv"), live), VIRTUAL);
    let mut events = terminal.events();
    events.wait("player:agent", 2004, 5.0);
    events.wait("player:agent", 2007, 4.0);
    let screen = |status: &Value| status["players"][0]["screen"] == "picture";
    let stalled = terminal.until_status(0.5, "loading", |status| status["players"][0]["loading"] == true);
    assert!(screen(&stalled), "{stalled:#}");
    events.wait("player:agent", 2004, 4.0);
    let told = events.all();
    let after = |code: i64| told.iter().any(|event| event.object == "player:agent" && event.code == code);
    assert!(screen(&terminal.status()) && !after(2103) && !after(2006), "{}", events.story());
    events.wait("player:agent", 2107, 6.0);
    let codes = events.codes("player:agent");
    let count = |code| codes.iter().filter(|other| **other == code).count();
    assert_eq!((count(2007), count(2104), count(2107), count(2009)), (1, 1, 1, 1), "{codes:?}");
}
