//! What a screen shows while there is a picture, and while there is none.

mod support;

use std::time::Instant;
use support::ffmpeg::Ffmpeg;
use support::fifo::Screen;
use support::nginx::Nginx;
use support::picture::{Picture, near};
use support::terminal::{Terminal, player};

const BOARD: &str = "name = \"screen\"\n[speaker.speaker]\ndriver = \"null\"\n\
                     [display]\ndriver = \"pipe\"\npath = \"{folder}/screen\"\nwidth = 320\nheight = 180\n";

/// Publishes white pictures and a tone.
fn publish(server: &Nginx) -> Ffmpeg {
    let source = "-re -f lavfi -i color=white:size=320x180:rate=15 -f lavfi -i sine=frequency=1000:sample_rate=48000";
    let coding = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 15 -c:a aac -ac 1 -f flv";
    Ffmpeg::start(&format!("{source} {coding}"), server.url("live", "agent"))
}

fn white(picture: &Picture) -> bool {
    near(picture.mean(0.0..1.0, 0.0..1.0), [254, 254, 254])
}

/// A calm dark blue.
fn card(picture: &Picture) -> bool {
    let [red, green, blue] = picture.mean(0.0..1.0, 0.0..0.2);
    red < green && green < blue && blue < 110
}

/// Waits until the status names this card, and the screen shows one.
fn see(terminal: &Terminal, screen: &Screen, name: &str, within: f64) {
    terminal.until_status(within, name, |status| status["players"][0]["screen"] == name);
    support::wait::until(2.0, name, || screen.newest().filter(card));
}

#[test]
fn a_card_says_why_there_is_no_picture_and_gives_way_to_the_first_one() {
    let mut server = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    let screen = Screen::open(&folder.path().join("screen"), 320, 180);
    let config = player(&server.url("live", "agent"), "mode = \"RTC\"");
    let mut terminal = Terminal::start_in(folder, &config, BOARD, |_| {});
    let mut events = terminal.events();
    see(&terminal, &screen, "waiting", 5.0);
    let publisher = publish(&server);
    screen.wait(8.0, "the picture", white);
    terminal.until_status(2.0, "its name", |status| status["players"][0]["screen"] == "picture");
    publisher.leave();
    events.wait("player:agent", 2006, 5.0);
    see(&terminal, &screen, "ended", 2.0);

    let _publisher = publish(&server);
    screen.wait(8.0, "the picture again", white);
    server.kill();
    let lost = Instant::now();
    events.wait("player:agent", 2103, 3.0);
    assert!(screen.newest().is_some_and(|picture| white(&picture)), "the last picture stays for a moment");
    see(&terminal, &screen, "no-connection", 8.0);
    assert!(lost.elapsed().as_secs_f64() > 2.5, "and not only for {:?}", lost.elapsed());
    terminal.ask("POST", "/v1/players/agent/stop", "");
    see(&terminal, &screen, "ended", 1.0);
    terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
    see(&terminal, &screen, "standby", 1.0);
    assert_eq!(terminal.stop().code, 0);
}
