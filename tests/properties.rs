//! Every property of both ways and of the screen: set at the start and while it runs, and refused with words when it can
//! not be.

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, player, pusher, visavisd};
use visavis::settings::{PlayerSettings, PusherSettings, ScreenSettings};

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

/// A value for every property of the pusher but `url`; together they contradict nothing.
fn of_pusher() -> Vec<Row> {
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

/// The same for a player, but for `id` and `src`.
fn of_player() -> Vec<Row> {
    let seconds = |name, good: f64| row(name, json!(good), [(json!(-1), "0 to 30"), (json!(31), "0 to 30")]);
    vec![
        word("mode", "live", "live, RTC"),
        flag("autoplay", false),
        flag("muted", true),
        word("orientation", "horizontal", "vertical, horizontal"),
        word("object-fit", "fillCrop", "contain, fillCrop"),
        seconds("min-cache", 0.5),
        seconds("max-cache", 5.0),
        word("sound-mode", "ear", "speaker, ear"),
        whole("speaker-volume", 30, [-1, 101], "0 to 100"),
        whole("ear-volume", 40, [-1, 101], "0 to 100"),
        flag("background-mute", true),
        flag("auto-pause-if-navigate", false),
        flag("auto-pause-if-open-native", false),
        row("picture-in-picture-mode", json!(["push", "pop"]), [(json!("side"), "push, pop"), (json!(7), "push, pop")]),
        flag("enable-auto-rotation", true),
        flag("debug", true),
        word("on-give-up", "stop", "restart, stop"),
    ]
}

/// The same for the screen.
fn of_screen() -> Vec<Row> {
    vec![word("layout", "pip", "full, pip, grid"), word("language", "zh", "en, zh")]
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
    let named = |rows: Vec<Row>, others: &[&'static str]| -> BTreeSet<String> {
        rows.iter().map(|row| row.name).chain(others.iter().copied()).map(str::to_owned).collect()
    };
    let every = |settings: Value| -> BTreeSet<String> { settings.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(named(of_pusher(), &["url"]), every(json!(PusherSettings::default())));
    assert_eq!(named(of_player(), &["id", "src"]), every(json!(PlayerSettings::default())));
    assert_eq!(named(of_screen(), &[]), every(json!(ScreenSettings::default())));
}

/// Changes each property at `path` to what it may not be, which changes nothing, then to what it may be, and back.
fn change_each(terminal: &Terminal, path: &str, rows: &[Row]) {
    let properties = || terminal.ask("GET", path, "")["properties"].clone();
    for row in rows {
        let before = properties();
        for (value, allowed) in &row.bad {
            let mut body = serde_json::Map::new();
            body.insert(row.name.into(), value.clone());
            let answer = terminal.request("PATCH", path, &Value::Object(body).to_string());
            let problem = answer.json();
            assert_eq!((answer.status, problem["field"].as_str()), (422, Some(row.name)), "{value}: {problem}");
            assert!(problem["detail"].as_str().is_some_and(|words| words.contains(allowed)), "{problem}");
        }
        assert_eq!(properties(), before, "{} changed something", row.name);
        let there = change(rows, row.name);
        let answer = terminal.ask("PATCH", path, &there.to_string());
        assert_eq!(answer["properties"][row.name], row.good, "{}", row.name);
        let back: Value = there.as_object().unwrap().keys().map(|key| (key.clone(), before[key].clone())).collect();
        terminal.ask("PATCH", path, &back.to_string());
    }
}

#[test]
fn every_property_changes_while_pictures_are_sent_and_the_connection_stays() {
    let server = Nginx::start();
    let terminal = Terminal::start(&pusher(&server.url("live", "terminal")), VIRTUAL);
    let mut events = terminal.events();
    events.wait("pusher", 1002, 5.0);
    change_each(&terminal, "/v1/pusher", &of_pusher());
    terminal.on_air_longer(600);
    let codes = events.codes("pusher");
    assert_eq!(codes.iter().filter(|code| **code == 1001).count(), 1, "{codes:?}");
    assert!(!codes.iter().any(|code| [1102, 3004, 3005, -1303, -1304].contains(code)), "{codes:?}");
}

#[test]
fn every_property_of_a_player_and_of_the_screen_changes_while_it_plays_and_the_connection_stays() {
    let server = Nginx::start();
    let url = server.url("live", "own");
    let terminal = Terminal::start(&(pusher(&url) + &player(&url, "mode = \"RTC\"")), VIRTUAL);
    let mut events = terminal.events();
    events.wait("player:agent", 2004, 8.0);
    change_each(&terminal, "/v1/players/agent", &of_player());
    change_each(&terminal, "/v1/screen", &of_screen());
    for (change, field) in [
        (json!({"min-cache": 4}), "min-cache"),
        (json!({"max-cache": 0.5, "muted": true}), "min-cache"),
        (json!({"id": "other"}), "id"),
        (json!({"src": "ftp://127.0.0.1/x.flv"}), "src"),
        (json!({"mute": true, "mode": "live"}), "mute"),
    ] {
        let answer = terminal.request("PATCH", "/v1/players/agent", &change.to_string());
        let problem = answer.json();
        assert_eq!((answer.status, problem["field"].as_str()), (422, Some(field)), "{change}: {problem}");
    }
    let status = terminal.until_status(4.0, "pictures", |status| {
        status["players"][0]["state"] == "live" && status["players"][0]["net"]["videoFPS"].as_f64() > Some(10.0)
    });
    assert_eq!(status["players"][0]["muted"], false, "{status:#}");
    let codes = events.codes("player:agent");
    assert_eq!(codes.iter().filter(|code| **code == 2001).count(), 1, "{codes:?}");
    assert!(!codes.iter().any(|code| [2103, 2006, 2101, 2102, 2107].contains(code)), "{codes:?}");
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
    for (table, name, rows) in [
        ("[pusher]", "pusher", of_pusher()),
        ("[[player]]", "player", of_player()),
        ("[screen]", "screen", of_screen()),
    ] {
        let line = |name: &str, value: &Value| format!("{name} = {value}\n");
        let good: String = rows.iter().map(|row| line(row.name, &row.good)).collect();
        let (code, said) = check(&format!("{table}\n{good}"));
        assert_eq!(code, Some(0), "{said}");
        let bad: String = rows.iter().map(|row| line(row.name, &row.bad[0].0)).collect();
        let (code, said) = check(&format!("{table}\n{bad}"));
        assert_eq!(code, Some(78), "{said}");
        for (number, row) in rows.iter().enumerate() {
            let place = format!(":{}: {name}.{}: ", number + 2, row.name);
            let told = said.lines().find(|told| told.contains(&place));
            let told = told.unwrap_or_else(|| panic!("{place} not in\n{said}"));
            assert!(told.contains(row.bad[0].1), "{told}");
        }
    }
}
