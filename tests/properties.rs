//! Every property of the way up: set at the start and while it runs, and refused with words when it can not be.

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, pusher, visavisd};
use visavis::settings::PusherSettings;

/// What a property may be, and what it may not, each with a word of the answer.
struct Row {
    name: &'static str,
    good: Value,
    bad: Vec<(Value, &'static str)>,
}

fn row<const N: usize>(name: &'static str, good: Value, bad: [(Value, &'static str); N]) -> Row {
    Row { name, good, bad: bad.into() }
}

fn flag(name: &'static str, good: bool) -> Row {
    row(name, json!(good), [(json!(1), "true or false"), (json!("yes"), "true or false")])
}

fn word(name: &'static str, good: &str, allowed: &'static str) -> Row {
    row(name, json!(good), [(json!("elsewise"), allowed), (json!(7), allowed)])
}

fn whole(name: &'static str, good: u32, bad: [i64; 2], allowed: &'static str) -> Row {
    row(name, json!(good), [(json!(bad[0]), allowed), (json!(bad[1]), allowed), (json!("5"), allowed)])
}

/// A value for every property but `url`; together they contradict nothing.
fn rows() -> Vec<Row> {
    vec![
        word("mode", "HD", "SD, HD, FHD, RTC"),
        flag("autopush", false),
        flag("muted", true),
        flag("enable-mic", false),
        flag("enable-camera", false),
        flag("auto-focus", false),
        word("orientation", "vertical", "vertical, horizontal"),
        word("aspect", "3:4", "9:16, 3:4"),
        whole("fps", 20, [0, 31], "1 to 30"),
        whole("beauty", 3, [-1, 10], "0 to 9"),
        whole("whiteness", 4, [-1, 10], "0 to 9"),
        word("local-mirror", "enable", "auto, enable, disable"),
        flag("remote-mirror", true),
        flag("zoom", true),
        word("device-position", "back", "front, back"),
        whole("min-bitrate", 150, [29, 8001], "30 to 8000"),
        whole("max-bitrate", 900, [0, 100_000], "30 to 8000"),
        word("audio-quality", "low", "high, low"),
        flag("enable-agc", true),
        flag("enable-ans", true),
        word("audio-volume-type", "voicecall", "voicecall, media"),
        row("waiting-image", json!("/nowhere/card.png"), [(json!(""), "1 to 1024"), (json!(3), "text")]),
        row("waiting-image-hash", json!("0123456789abcdef0123456789abcdef"), [(json!("0123"), "32 hexadecimal")]),
        whole("waiting-image-hold", 30, [-1, 90_000], "0 to 86400"),
        flag("background-mute", true),
        flag("debug", true),
        word("scenario", "meeting-guest", "sd-live"),
        word("on-give-up", "stop", "restart, stop"),
        whole("video-width", 480, [63, 1921], "even numbers from 64 to 1920"),
        whole("video-height", 270, [0, 2000], "even numbers from 64 to 1920"),
    ]
}

/// Properties that only make sense beside another one.
const TOGETHER: [&[&str]; 2] = [&["video-width", "video-height"], &["waiting-image", "waiting-image-hash"]];

fn change(rows: &[Row], name: &str) -> Value {
    let names = TOGETHER.iter().find(|names| names.contains(&name)).copied();
    let values = rows.iter().filter(|row| names.map_or(row.name == name, |names| names.contains(&row.name)));
    Value::Object(values.map(|row| (row.name.to_owned(), row.good.clone())).collect())
}

#[test]
fn every_property_has_its_row() {
    let every: Value = serde_json::to_value(PusherSettings::default()).unwrap();
    let every: BTreeSet<String> = every.as_object().unwrap().keys().cloned().collect();
    let mut told: BTreeSet<String> = rows().iter().map(|row| row.name.to_owned()).collect();
    told.insert("url".into());
    assert_eq!(told, every);
}

#[test]
fn every_property_changes_while_pictures_are_sent_and_the_connection_stays() {
    let server = Nginx::start();
    let terminal = Terminal::start(&pusher(&server.url("live", "terminal")), VIRTUAL);
    let mut events = terminal.events();
    events.wait("pusher", 1002, 5.0);
    let rows = rows();
    for row in &rows {
        let before = terminal.ask("GET", "/v1/pusher", "")["properties"].clone();
        for (value, allowed) in &row.bad {
            let mut body = serde_json::Map::new();
            body.insert(row.name.into(), value.clone());
            let answer = terminal.request("PATCH", "/v1/pusher", &Value::Object(body).to_string());
            let problem = answer.json();
            assert_eq!((answer.status, problem["field"].as_str()), (422, Some(row.name)), "{value}: {problem}");
            assert!(problem["detail"].as_str().is_some_and(|words| words.contains(allowed)), "{problem}");
        }
        assert_eq!(terminal.ask("GET", "/v1/pusher", "")["properties"], before, "{} changed something", row.name);
        let answer = terminal.patch(change(&rows, row.name));
        assert_eq!(answer["properties"][row.name], row.good, "{}", row.name);
        let back: Value =
            change(&rows, row.name).as_object().unwrap().keys().map(|key| (key.clone(), before[key].clone())).collect();
        terminal.patch(back);
    }
    terminal.on_air_longer(600);
    let codes = events.codes("pusher");
    assert_eq!(codes.iter().filter(|code| **code == 1001).count(), 1, "{codes:?}");
    assert!(!codes.iter().any(|code| [1102, 3004, 3005, -1303, -1304].contains(code)), "{codes:?}");
}

#[test]
fn contradictions_are_refused_at_the_property_that_was_changed_and_change_nothing() {
    let terminal = Terminal::start(&pusher("rtmp://127.0.0.1:9/live/x").replace("autopush = true\n", ""), VIRTUAL);
    let before = terminal.ask("GET", "/v1/pusher", "")["properties"].clone();
    let table = [
        (json!({"min-bitrate": 700}), "min-bitrate"),
        (json!({"max-bitrate": 50}), "min-bitrate"),
        (json!({"video-width": null}), "video-height"),
        (json!({"video-width": 1920, "video-height": 1920}), "video-height"),
        (json!({"waiting-image-hash": "0123456789abcdef0123456789abcdef"}), "waiting-image-hash"),
        (json!({"url": "http://127.0.0.1/live/x"}), "url"),
        (json!({"fps": 20, "muted": "loudly"}), "muted"),
        (json!({"fpss": 20}), "fpss"),
    ];
    for (change, field) in table {
        let answer = terminal.request("PATCH", "/v1/pusher", &change.to_string());
        let problem = answer.json();
        assert_eq!((answer.status, problem["field"].as_str()), (422, Some(field)), "{change}: {problem}");
        assert_eq!(terminal.ask("GET", "/v1/pusher", "")["properties"], before, "{change} changed something");
    }
}

/// `visavisd check -` with this text: its status and what it said.
fn check(text: &str) -> (Option<i32>, String) {
    let mut command = visavisd();
    let mut child = command
        .args(["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout),
    )
}

#[test]
fn a_file_with_every_property_is_accepted_and_one_with_every_one_wrong_is_told_line_by_line() {
    let line = |name: &str, value: &Value| format!("{name} = {value}\n");
    let good: String = rows().iter().map(|row| line(row.name, &row.good)).collect();
    let (code, said) = check(&format!("[pusher]\nurl = \"rtmp://host/live/x\"\n{good}"));
    assert_eq!(code, Some(0), "{said}");
    let bad: String = rows().iter().map(|row| line(row.name, &row.bad[0].0)).collect();
    let (code, said) = check(&format!("[pusher]\n{bad}"));
    assert_eq!(code, Some(78), "{said}");
    for (number, row) in rows().iter().enumerate() {
        let place = format!(":{}: pusher.{}: ", number + 2, row.name);
        let told = said.lines().find(|told| told.contains(&place)).unwrap_or_else(|| panic!("{place} not in\n{said}"));
        assert!(told.contains(row.bad[0].1), "{told}");
    }
}
