//! What is written on the screen: figures over a picture, and cards in the configured language.

mod support;

use serde_json::{Value, json};
use std::path::Path;
use support::ffmpeg::Ffmpeg;
use support::fifo::Screen;
use support::nginx::Nginx;
use support::picture::{Picture, near};
use support::terminal::{Terminal, player};
use support::wait::until;

fn board(width: usize, height: usize) -> String {
    format!(
        "name = \"words\"\n[camera.front]\ndriver = \"pipe\"\npath = \"{{folder}}/camera\"\nwidth = 640\nheight = 360\n\
         fps = 15\n[microphone]\ndriver = \"tone\"\n[speaker.speaker]\ndriver = \"null\"\n[display]\ndriver = \"pipe\"\n\
         path = \"{{folder}}/screen\"\nwidth = {width}\nheight = {height}\n"
    )
}

fn screen(folder: &Path, width: usize, height: usize) -> Screen {
    Screen::open(&folder.join("screen"), width, height)
}

/// A terminal that plays the stream `agent`, and its screen of 640x360.
fn watch(server: &Nginx) -> (Screen, Terminal) {
    let folder = tempfile::tempdir().unwrap();
    let screen = screen(folder.path(), 640, 360);
    let config = player(&server.url("live", "agent"), "mode = \"RTC\"");
    (screen, Terminal::start_in(folder, &config, &board(640, 360), |_| {}))
}

/// Publishes white pictures as the stream `agent`.
fn publish_white(server: &Nginx) -> Ffmpeg {
    let source = "-re -f lavfi -i color=white:size=640x360:rate=15 -c:v libx264 -preset ultrafast -g 15 -f flv";
    Ffmpeg::start(source, server.url("live", "agent"))
}

fn ask(terminal: &Terminal, path: &str, change: Value) {
    terminal.ask("PATCH", path, &change.to_string());
}

fn white(picture: &Picture) -> bool {
    near(picture.mean(0.0..1.0, 0.0..1.0), [254, 254, 254])
}

/// Where letters are: the columns and lines of the smallest rectangle that holds everything light.
fn ink(picture: &Picture) -> Option<[usize; 4]> {
    let light = |place: &(usize, &[u8])| place.1.iter().all(|value| *value > 100);
    let lit: Vec<usize> = picture.rgb.chunks(3).enumerate().filter(light).map(|(place, _)| place).collect();
    let columns = || lit.iter().map(|place| place % picture.width);
    let lines = || lit.iter().map(|place| place / picture.width);
    Some([columns().min()?, columns().max()?, lines().min()?, lines().max()?])
}

#[test]
fn the_figures_of_a_player_lie_on_a_panel_over_its_picture_and_go_without_a_trace() {
    let server = Nginx::start();
    let (screen, terminal) = watch(&server);
    let _publisher = publish_white(&server);
    screen.wait(8.0, "the picture", white);
    ask(&terminal, "/v1/players/agent", json!({ "debug": true }));
    let panel = |picture: &Picture| picture.mean(0.02..0.45, 0.05..0.5)[0] < 130;
    let covered = screen.wait(3.0, "the panel", panel);
    assert!(near(covered.mean(0.55..1.0, 0.0..1.0), [254; 3]), "nothing beside the panel changes");
    assert!(near(covered.mean(0.0..1.0, 0.85..1.0), [254; 3]), "nothing below it either");
    let letters = covered.rgb.chunks(3).enumerate().filter(|(place, pixel)| {
        let (x, y) = (place % 640, place / 640);
        (20..280).contains(&x) && (10..160).contains(&y) && pixel.iter().all(|value| *value > 130)
    });
    assert!(letters.count() > 1000, "there are letters on it");
    ask(&terminal, "/v1/players/agent", json!({ "debug": false }));
    screen.wait(2.0, "the picture alone", white);
}

#[test]
fn a_card_speaks_the_language_that_is_set_and_changes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let screen = screen(folder.path(), 320, 180);
    let config =
        format!("{}[screen]\nlanguage = \"zh\"\n", "[[player]]\nid = \"agent\"\nsrc = \"rtmp://127.0.0.1:9/a/b\"\n");
    let board = board(320, 180);
    let terminal = Terminal::start_in(folder, &config, &board, |_| {});
    let card = |picture: &Picture| ink(picture).is_some() && picture.mean(0.0..1.0, 0.0..0.2)[2] < 110;
    let chinese = until(5.0, "a card", || screen.newest().filter(card));
    ask(&terminal, "/v1/screen", json!({ "language": "en" }));
    let differs = |picture: &Picture| card(picture) && picture.difference(&chinese) > 0.5;
    let english = until(2.0, "another card", || screen.newest().filter(differs));
    for [left, right, top, bottom] in [&chinese, &english].map(|picture| ink(picture).unwrap()) {
        assert!(left.abs_diff(319 - right) < 8 && top.abs_diff(179 - bottom) < 16, "{left}..{right}, {top}..{bottom}");
    }
    let refused = terminal.request("PATCH", "/v1/screen", &json!({ "language": "tlh" }).to_string());
    assert_eq!(refused.status, 422);
    ask(&terminal, "/v1/screen", json!({ "language": "zh" }));
    until(2.0, "the first card", || screen.newest().filter(|picture| picture.difference(&chinese) < 0.01));
}

#[test]
fn full_screen_turns_cards_and_figures_with_the_picture_and_the_orientation_of_a_picture_turns_none() {
    let server = Nginx::start();
    let (screen, terminal) = watch(&server);
    let player = "/v1/players/agent";
    let fill = |direction: i32| {
        let body = json!({ "direction": direction }).to_string();
        terminal.ask("POST", &format!("{player}/request-full-screen"), &body);
    };
    let card = |picture: &Picture| ink(picture).is_some() && picture.mean(0.0..1.0, 0.0..1.0)[2] < 120;
    terminal.until_status(5.0, "waiting", |status| status["players"][0]["screen"] == "waiting");
    let standing = |picture: &Picture| {
        let Some([left, right, top, bottom]) = ink(picture) else { return false };
        card(picture) && bottom - top > 2 * (right - left)
    };
    fill(90);
    let clockwise = until(3.0, "a card that stands", || screen.newest().filter(standing));
    // A card is lighter below: clockwise, that is on the left.
    let light = |x: f64| clockwise.mean(x..x + 0.1, 0.0..1.0)[1];
    assert!(light(0.0) > light(0.9) + 8, "{} and {}", light(0.0), light(0.9));
    fill(0);
    let upright =
        until(3.0, "a card that lies", || screen.newest().filter(|picture| card(picture) && !standing(picture)));
    fill(-90);
    let other = until(3.0, "the other way up", || {
        screen.newest().filter(|picture| standing(picture) && picture.difference(&clockwise) > 1.0)
    });
    let upside_down = Picture { rgb: other.rgb.chunks(3).rev().flatten().copied().collect(), ..other };
    assert!(upside_down.difference(&clockwise) < 1.0, "{}", upside_down.difference(&clockwise));
    ask(&terminal, player, json!({ "orientation": "horizontal" }));
    fill(0);
    until(3.0, "the card as it was", || screen.newest().filter(|picture| picture.difference(&upright) < 1.0));

    let _publisher = publish_white(&server);
    ask(&terminal, player, json!({ "object-fit": "fillCrop" }));
    screen.wait(8.0, "the picture", white);
    fill(90);
    ask(&terminal, player, json!({ "debug": true }));
    let covered = |picture: &Picture, x, y| picture.mean(x, y)[0] < 130;
    let right = screen.wait(3.0, "the panel at the right", |picture| covered(picture, 0.8..0.97, 0.05..0.6));
    assert!(near(right.mean(0.0..0.2, 0.0..1.0), [254; 3]), "and nowhere else");
    fill(-90);
    let left = screen.wait(3.0, "the panel at the left", |picture| covered(picture, 0.03..0.2, 0.4..0.95));
    assert!(near(left.mean(0.8..1.0, 0.0..1.0), [254; 3]), "and nowhere else");
}

#[test]
#[ignore = "makes the pictures of the documents anew"]
fn the_pictures_of_the_documents() {
    let server = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    let screen = screen(folder.path(), 640, 360);
    support::fifo::make(&folder.path().join("camera"));
    let face = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pictures/face.png");
    let film = format!("-re -loop 1 -framerate 15 -i {face} -vf scale=640:360:flags=lanczos,noise=alls=3:allf=t");
    let camera = folder.path().join("camera").display().to_string();
    let _camera = Ffmpeg::start(&format!("{film} -pix_fmt yuv420p -f rawvideo -y"), camera);
    let url = server.url("live", "terminal");
    let up = format!(
        "[pusher]\nurl = \"{url}\"\nautopush = true\norientation = \"horizontal\"\nvideo-width = 640\nvideo-height = 360\n\
         fps = 15\nmin-bitrate = 400\nmax-bitrate = 900\n"
    );
    let config = format!("{up}{}", player(&url, "mode = \"RTC\"\ndebug = true"));
    let board = board(640, 360);
    let terminal = Terminal::start_in(folder, &config, &board, |_| {});
    terminal.until_status(15.0, "a measured call", |status| {
        let net = &status["players"][0]["net"];
        status["players"][0]["screen"] == "picture" && net["latencyEndToEnd"].is_number()
    });
    std::thread::sleep(std::time::Duration::from_secs(6));
    screen.newest().unwrap().keep("screen-debug");
    drop(terminal);

    for language in ["en", "zh"] {
        let folder = tempfile::tempdir().unwrap();
        let screen = self::screen(folder.path(), 640, 360);
        let config = format!("{}[screen]\nlanguage = \"{language}\"\n", player(&server.url("live", "nobody"), ""));
        let board = self::board(640, 360);
        let terminal = Terminal::start_in(folder, &config, &board, |_| {});
        terminal.until_status(5.0, "waiting", |status| status["players"][0]["screen"] == "waiting");
        std::thread::sleep(std::time::Duration::from_secs(1));
        screen.newest().unwrap().keep(&format!("card-{language}"));
    }
}
