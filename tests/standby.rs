//! Standby and pause, provably: what is open, what is encoded, and what the other side gets to see.

mod support;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use support::ffmpeg::{self, Ffmpeg};
use support::fifo;
use support::nginx::Nginx;
use support::picture::near;
use support::pipes;
use support::terminal::{Terminal, pusher};
use support::wait::until;

/// Red pictures and a tone for both pipes, until dropped.
fn room(terminal: &Terminal) -> [Ffmpeg; 2] {
    let at = |name: &str| terminal.folder().join(name);
    [pipes::camera(&at("camera"), "red"), pipes::microphone(&at("microphone"))]
}

fn from_camera(status: &Value) -> u64 {
    status["pusher"]["net"]["picturesFromCamera"].as_u64().unwrap()
}

fn from_card(status: &Value) -> u64 {
    status["pusher"]["net"]["picturesFromCard"].as_u64().unwrap()
}

/// Waits until the other side has been sent `more` cards; the status then.
fn cards(terminal: &Terminal, more: u64) -> Value {
    let now = from_card(&terminal.status());
    terminal.until_status(4.0, "cards to be sent", |status| from_card(status) >= now + more)
}

/// How many pictures of the recording in a row are red, or are not, in turn.
fn runs(recorded: &Path) -> Vec<(bool, u64)> {
    let mut runs: Vec<(bool, u64)> = Vec::new();
    for picture in ffmpeg::every_picture(recorded, 64, 36) {
        let red = near(picture.mean(0.0..1.0, 0.0..1.0), [254, 0, 0]);
        match runs.last_mut() {
            Some((same, count)) if *same == red => *count += 1,
            _ => runs.push((red, 1)),
        }
    }
    runs
}

#[test]
fn after_the_answer_nothing_of_the_room_is_open_encoded_or_sent() {
    let server = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = ["camera", "microphone"].map(|name| folder.path().join(name)).to_vec();
    paths.iter().for_each(|path| fifo::make(path));
    let config = pusher(&server.url("live", "terminal")) + "background-mute = true\n";
    let terminal = Terminal::start_in(folder, &config, pipes::BOARD, |_| {});
    let mut events = terminal.events();
    let first = room(&terminal);
    events.wait("pusher", 1007, 5.0);
    let status = terminal.on_air_longer(800);
    assert_eq!(status["open-devices"], json!(paths));

    let answer = terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
    let encoded = from_camera(&answer);
    assert!(encoded > 5);
    assert_eq!(terminal.request("POST", "/v1/pusher/snapshot", "").status, 409);
    let closed = |status: &Value| status["open-devices"] == json!([]);
    terminal.until_status(1.0, "every device to be closed", closed);
    assert!(terminal.open_files().iter().all(|file| !paths.contains(file)), "the kernel says otherwise");
    assert_eq!(from_camera(&cards(&terminal, 6)), encoded, "a picture was encoded after the answer");
    let metrics = terminal.request("GET", "/metrics", "").text();
    assert!(metrics.contains(&format!("pictures_encoded_total{{source=\"camera\"}} {encoded}")), "{metrics}");

    terminal.ask("POST", "/v1/standby", r#"{"on": false}"#);
    drop(first);
    let _second = room(&terminal);
    terminal.until_status(5.0, "the camera", |status| from_camera(status) > encoded + 5);
    assert_eq!(terminal.status()["open-devices"], json!(paths));
    // A pause keeps the devices, and sends as little.
    let paused = from_camera(&json!({"pusher": terminal.push("pause")["status"]}));
    let status = cards(&terminal, 6);
    assert_eq!(from_camera(&status), paused);
    assert_eq!(status["open-devices"], json!(paths));
    terminal.push("resume");
    terminal.until_status(2.0, "the camera", |status| from_camera(status) > paused + 3);
    terminal.push("stop");
    until(3.0, "nginx to see it leave", || server.departure());
    let mut runs = runs(&server.recorded("terminal"));
    // Until the camera's first picture the card is sent.
    runs.drain(..usize::from(!runs[0].0));
    let [(true, before), (false, _), (true, between), (false, _), (true, _)] = runs[..] else { panic!("{runs:?}") };
    assert!(before <= encoded, "{before} pictures of the room were received, {encoded} had been encoded");
    assert!(before + between <= paused, "{before} and {between} were received, {paused} had been encoded");
    assert_eq!(ffmpeg::complaints(server.recorded("terminal"), 60), "");
}

#[test]
fn standby_on_and_off_in_a_moment_leaves_a_stream_that_can_be_decoded() {
    let server = Nginx::start();
    let terminal = Terminal::start(&pusher(&server.url("live", "terminal")), support::terminal::VIRTUAL);
    terminal.on_air(600);
    for _ in 0..4 {
        terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
        terminal.ask("POST", "/v1/standby", r#"{"on": false}"#);
        terminal.push("pause");
        terminal.push("resume");
    }
    terminal.on_air_longer(600);
    terminal.push("stop");
    until(3.0, "nginx to see it leave", || server.departure());
    assert_eq!(ffmpeg::complaints(server.recorded("terminal"), 60), "");
    let last = ffmpeg::every_picture(&server.recorded("terminal"), 160, 90).pop().unwrap();
    assert_eq!(last.card(), Some(1));
}
