//! The terminal's own picture on its own screen: alone, and in a corner of the other side's.

mod support;

use serde_json::json;
use support::ffmpeg::Ffmpeg;
use support::fifo::Screen;
use support::nginx::Nginx;
use support::picture::{Picture, near};
use support::terminal::{Terminal, player};

const BOARD: &str = "name = \"mirror\"\n[camera.front]\ndriver = \"test-card\"\n[camera.back]\ndriver = \"test-card\"\n\
                     variant = 2\n[microphone]\ndriver = \"tone\"\n[speaker.speaker]\ndriver = \"null\"\n\
                     [display]\ndriver = \"pipe\"\npath = \"{folder}/screen\"\nwidth = 320\nheight = 180\n";
const PUSHER: &str = "[pusher]\norientation = \"horizontal\"\nvideo-width = 320\nvideo-height = 180\n";

/// The lower right quarter of the width and height, without the margin around it.
fn corner(picture: &Picture) -> Picture {
    let (width, height) = (80, 44);
    let lines = (131..131 + height).map(|y| &picture.rgb[(y * 320 + 236) * 3..][..width * 3]);
    Picture { width, height, rgb: lines.flatten().copied().collect() }
}

#[test]
fn the_camera_is_seen_here_without_being_sent() {
    let folder = tempfile::tempdir().unwrap();
    let screen = Screen::open(&folder.path().join("screen"), 320, 180);
    let mut terminal = Terminal::start_in(folder, PUSHER, BOARD, |_| {});
    terminal.push("start-preview");
    screen.wait(3.0, "the front camera as a mirror", |picture| picture.mirrored().card() == Some(1));
    let status = terminal.until_status(1.0, "preview", |status| status["pusher"]["camera"]["state"] == "running");
    assert_eq!((&status["pusher"]["preview"], &status["pusher"]["state"]), (&json!(true), &json!("stopped")));
    assert_ne!(status["pusher"]["microphone"]["state"], "running", "nobody listens");
    terminal.patch(json!({"local-mirror": "disable"}));
    screen.wait(2.0, "the front camera as it is", |picture| picture.card() == Some(1));
    terminal.patch(json!({"local-mirror": null}));
    terminal.push("switch-camera");
    screen.wait(2.0, "the back camera as it is", |picture| picture.card() == Some(2));

    let light = |picture: &Picture| picture.mean(0.0..0.3, 0.0..0.2).iter().map(|value| u32::from(*value)).sum::<u32>();
    let plain = light(&screen.newest().unwrap());
    terminal.patch(json!({"debug": true}));
    let figures = screen.wait(2.0, "figures over the picture", |picture| light(picture) < plain * 2 / 3);
    // Through the pane white comes as 85. The letters are nine pixels high, with strokes of 0.8 of a pixel: hardly one
    // is whole, which would be 240; most are about 130, the lightest 228.
    let panel = figures.rgb.chunks(320 * 3).take(176).flat_map(|line| line[..252 * 3].chunks(3));
    let letters: Vec<u8> = panel.filter_map(|pixel| pixel.iter().min().copied()).filter(|value| *value > 100).collect();
    let lightest = letters.iter().max();
    assert!(letters.len() > 1500 && lightest > Some(&200), "{} of letters, at most {lightest:?}", letters.len());
    terminal.patch(json!({"debug": false}));
    screen.wait(2.0, "the picture alone", |picture| light(picture).abs_diff(plain) < plain / 5);

    terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
    terminal.until_status(2.0, "a closed camera", |status| status["pusher"]["camera"]["state"] == "closed");
    terminal.until_status(2.0, "a closed screen", |status| status["display"]["state"] == "closed");
    terminal.ask("POST", "/v1/standby", r#"{"on": false}"#);
    screen.wait(3.0, "the camera again", |picture| picture.card() == Some(2));
    terminal.push("stop-preview");
    terminal.until_status(2.0, "a closed camera", |status| status["pusher"]["camera"]["state"] == "closed");
    terminal.until_status(2.0, "a closed screen", |status| status["display"]["state"] == "closed");
    assert_eq!(terminal.stop().code, 0);
}

#[test]
fn while_somebody_is_seen_the_own_picture_lies_in_a_corner_and_leaves_it_when_told() {
    let server = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    let screen = Screen::open(&folder.path().join("screen"), 320, 180);
    let config = format!("{PUSHER}{}", player(&server.url("live", "agent"), "mode = \"RTC\""));
    let terminal = Terminal::start_in(folder, &config, BOARD, |_| {});
    let source = "-re -f lavfi -i color=white:size=320x180:rate=15 -c:v libx264 -preset ultrafast -g 15 -f flv";
    let _publisher = Ffmpeg::start(source, server.url("live", "agent"));
    let white = |picture: &Picture| near(picture.mean(0.0..0.7, 0.0..1.0), [254, 254, 254]);
    let all_white = |picture: &Picture| near(picture.mean(0.75..1.0, 0.75..1.0), [254, 254, 254]);
    screen.wait(8.0, "the other side", |picture| white(picture) && all_white(picture));
    terminal.push("start-preview");
    screen.wait(3.0, "both", |picture| white(picture) && corner(picture).mirrored().card() == Some(1));
    terminal.push("stop-preview");
    screen.wait(3.0, "the other side alone", |picture| white(picture) && all_white(picture));
}
