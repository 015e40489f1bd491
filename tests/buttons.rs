//! Hands at the terminal: buttons that are FIFOs and lamps that are files, through the real program.

mod support;

use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::fifo;
use support::terminal::{Terminal, VIRTUAL, pusher};
use support::wait::until;

/// A mute button, a camera button, and lamps for mute and standby.
const PANEL: &str = r#"
[[button]]
name = "mute"
driver = "scripted"
path = "{folder}/mute"
short = "toggle-mute"
long = "standby"
[[button]]
name = "camera"
driver = "scripted"
path = "{folder}/camera"
short = "switch-camera"
[[lamp]]
name = "muted"
driver = "file"
path = "{folder}/lamp-muted"
shows = "muted"
[[lamp]]
name = "standby"
driver = "file"
path = "{folder}/lamp-standby"
shows = "standby"
"#;

/// A terminal that pushes nowhere, with its panel; the camera button's FIFO is left out when it is to be missing.
fn kiosk(camera: bool) -> Terminal {
    kiosk_of(camera, |_| {})
}

fn kiosk_of(camera: bool, change: impl FnOnce(&mut Command)) -> Terminal {
    let folder = tempfile::tempdir().unwrap();
    fifo::make(&folder.path().join("mute"));
    if camera {
        fifo::make(&folder.path().join("camera"));
    }
    for lamp in ["lamp-muted", "lamp-standby"] {
        fs::write(folder.path().join(lamp), "").unwrap();
    }
    let config = pusher("rtmp://127.0.0.1:1/live/nobody").replace("autopush = true", "autopush = false");
    Terminal::start_in(folder, &config, &(VIRTUAL.to_owned() + PANEL), change)
}

fn button(terminal: &Terminal, name: &str) -> PathBuf {
    terminal.folder().join(name)
}

fn lamp(terminal: &Terminal, name: &str, lit: bool) {
    let wanted = if lit { "255\n" } else { "0\n" };
    let file = terminal.folder().join(name);
    until(2.0, &format!("{name} to be {wanted}"), || (fs::read_to_string(&file).unwrap() == wanted).then_some(()));
}

#[test]
fn a_short_press_mutes_a_long_one_is_standby_and_lamps_tell_both() {
    let mut terminal = kiosk(true);
    lamp(&terminal, "lamp-muted", false);
    terminal.press("mute", 100);
    terminal.until_status(2.0, "silence", |it| it["pusher"]["muted-by"] == json!(["muted"]));
    lamp(&terminal, "lamp-muted", true);
    terminal.press("mute", 100);
    terminal.until_status(2.0, "sound", |it| it["pusher"]["muted"] == false);
    lamp(&terminal, "lamp-muted", false);

    fs::write(button(&terminal, "mute"), "press\n").unwrap();
    let since = Instant::now();
    terminal.until_status(5.0, "standby while it is held", |it| it["standby"] == true);
    assert!(since.elapsed() >= Duration::from_secs(3), "{:?}", since.elapsed());
    lamp(&terminal, "lamp-standby", true);
    fs::write(button(&terminal, "mute"), "release\n").unwrap();
    let refused = terminal.request("POST", "/v1/standby", r#"{"on": false}"#);
    assert_eq!((refused.status, refused.json()["type"].as_str()), (409, Some("urn:visavis:problem:locked")));
    assert!(terminal.status()["standby"] == true && terminal.status()["pusher"]["muted"] == false);
    sleep(Duration::from_millis(300));
    terminal.press("mute", 3300);
    terminal.until_status(2.0, "the end of standby", |it| it["standby"] == false);

    terminal.press("camera", 100);
    terminal.until_status(2.0, "the other camera", |it| it["pusher"]["camera-position"] == "back");
    let log = terminal.log();
    for line in ["button mute: short press, toggle-mute (after ", "button mute: long press, standby (after "] {
        assert_eq!(log.matches(line).count(), 2, "{line} in\n{log}");
    }
    terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
    lamp(&terminal, "lamp-standby", true);
    assert_eq!(terminal.stop().code, 0);
    lamp(&terminal, "lamp-standby", false);
}

#[test]
fn a_restart_does_not_end_the_standby_that_a_hand_entered() {
    let state = tempfile::tempdir().unwrap();
    let start = || {
        kiosk_of(true, |command| {
            command.env("STATE_DIRECTORY", state.path());
        })
    };
    let mut terminal = start();
    terminal.press("mute", 3300);
    terminal.until_status(2.0, "standby", |it| it["standby-locked"] == true);
    terminal.stop();
    let mut terminal = start();
    let status = terminal.status();
    assert!(status["standby"] == true && status["standby-locked"] == true, "{status:#}");
    terminal.press("mute", 3300);
    terminal.until_status(2.0, "the end of standby", |it| it["standby"] == false);
    terminal.stop();
    assert_eq!(start().status()["standby"], false);
}

#[test]
fn two_uses_of_a_line_are_an_error_of_the_profile_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("board.toml");
    let gpio = "driver = \"gpio\"\nchip = \"pinctrl-bcm2711\"\nline = 17\n";
    let button = format!("[[button]]\nname = \"mute\"\nshort = \"toggle-mute\"\n{gpio}");
    fs::write(&file, format!("name = \"a\"\n{button}[[lamp]]\nname = \"live\"\nshows = \"live\"\n{gpio}")).unwrap();
    let judged = Command::new(env!("CARGO_BIN_EXE_visavisd")).arg("check").arg(&file).output().unwrap();
    assert_eq!(judged.status.code(), Some(78));
    let words = "board.toml:13: lamp.line: line 17 of pinctrl-bcm2711 is used by button \"mute\" already";
    let said = String::from_utf8(judged.stderr).unwrap();
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_missing_button_is_told_of_and_used_when_it_comes() {
    let terminal = kiosk(false);
    let lost = terminal.until_status(2.0, "the missing button", |it| it["buttons"][1]["state"] == "lost");
    assert!(lost["degraded"][0].as_str().unwrap().contains("mkfifo"), "{lost:#}");
    assert_eq!(lost["buttons"][0]["state"], "ready", "the others work");
    let shown = Command::new(env!("CARGO_BIN_EXE_visavisctl"))
        .arg("--socket")
        .arg(terminal.socket())
        .arg("status")
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("button mute ready") && shown.contains("button camera lost"), "{shown}");
    fifo::make(&button(&terminal, "camera"));
    terminal.until_status(2.0, "the button", |it| it["buttons"][1]["state"] == "ready" && it["degraded"] == json!([]));
    terminal.press("camera", 100);
    terminal.until_status(2.0, "the other camera", |it| it["pusher"]["camera-position"] == "back");
}

#[test]
fn a_chattering_button_is_ignored_and_heard_again_when_it_is_calm() {
    let terminal = kiosk(true);
    let chatter = Instant::now();
    until(10.0, "the terminal to notice", || {
        for _ in 0..10 {
            fs::write(button(&terminal, "camera"), "press\n").unwrap();
            sleep(Duration::from_millis(35));
            fs::write(button(&terminal, "camera"), "release\n").unwrap();
            sleep(Duration::from_millis(35));
        }
        (terminal.status()["buttons"][1]["state"] == "chattering").then_some(())
    });
    println!("noticed after {:?}", chatter.elapsed());
    let acted = terminal.log().matches("button camera: short press").count();
    assert!(acted <= 1, "{}", terminal.log());
    terminal.press("camera", 100);
    assert_eq!(terminal.log().matches("button camera: short press").count(), acted, "it is ignored");
    terminal.until_status(8.0, "calm", |it| it["buttons"][1]["state"] == "ready");
    terminal.press("camera", 100);
    assert_eq!(terminal.log().matches("button camera: short press").count(), acted + 1);
}
