//! States in words, for the technician at the kiosk.

use crate::api::status::{
    ButtonState, DeviceState, DeviceStatus, PlayStats, PlayerStatus, PushStats, PusherStatus, SessionState, Status,
};
use serde_json::Value;
use std::fmt::Write;

/// How a line is marked: told apart by shape first, by colour where there is one.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Well,
    Trying,
    Broken,
    Off,
}

struct Table {
    text: String,
    colours: bool,
}

impl Table {
    fn line(&mut self, mark: Mark, name: &str, words: &str) {
        let (sign, colour) = match mark {
            Mark::Well => ("●", "32"),
            Mark::Trying => ("◐", "33"),
            Mark::Broken => ("✖", "31"),
            Mark::Off => ("○", "90"),
        };
        let sign = if self.colours { format!("\x1b[{colour}m{sign}\x1b[0m") } else { sign.into() };
        let _ = writeln!(self.text, "{sign} {name:<11} {words}");
    }

    fn below(&mut self, words: &str) {
        if !words.is_empty() {
            let _ = writeln!(self.text, "{:13} {words}", "");
        }
    }
}

/// The whole status as a table.
pub fn status(status: &Status, colours: bool) -> String {
    let mut table = Table { text: String::new(), colours };
    let up = length(status.uptime.saturating_mul(1000));
    let _ = writeln!(table.text, "visavis {} on {}, up {up}", status.version, status.board);
    for words in &status.degraded {
        table.line(Mark::Broken, "settings", words);
    }
    if status.standby {
        let end = if status.standby_locked { "a button of the terminal ends it" } else { "visavisctl standby off" };
        table.line(Mark::Trying, "standby", &format!("the camera is closed, a waiting card is sent ({end})"));
        let open = if status.open_devices.is_empty() { "none".into() } else { status.open_devices.join(", ") };
        table.below(&format!("open cameras and sound cards: {open}"));
    }
    let mut without_effect = 0;
    if let Some(it) = &status.pusher {
        without_effect += it.unsupported.len();
        pusher(&mut table, it, status.standby);
    }
    for it in &status.players {
        without_effect += it.unsupported.len();
        player(&mut table, it);
    }
    if !status.players.is_empty() {
        device(&mut table, "speaker", &status.speaker, "");
        device(&mut table, "screen", &status.display, "");
    }
    for it in &status.buttons {
        let mark = match it.state {
            ButtonState::Closed => Mark::Off,
            ButtonState::Ready => Mark::Well,
            ButtonState::Chattering | ButtonState::Stuck | ButtonState::Lost => Mark::Broken,
        };
        table.line(mark, &format!("button {}", it.name), &format!("{}, {}", it.state.name(), it.words));
    }
    for it in &status.lamps {
        let lit = if it.lit { "lit" } else { "dark" };
        let lamp = DeviceStatus { state: it.state, words: it.words.clone() };
        device(&mut table, &format!("lamp {}", it.name), &lamp, &format!(" ({}, {lit})", it.shows));
    }
    if status.pusher.is_none() && status.players.is_empty() {
        table.line(Mark::Off, "idle", "the configuration has neither [pusher] nor [[player]]");
    }
    if without_effect > 0 {
        let _ = writeln!(
            table.text,
            "{without_effect} properties have no effect here: see `visavisctl pusher show`, `visavisctl player show`"
        );
    }
    table.text
}

fn pusher(table: &mut Table, it: &PusherStatus, standby: bool) {
    let (mark, mut words) = session(it.state, it.for_ms, "visavisctl pusher start");
    if it.state == SessionState::Live {
        words = format!("{words}, {}", push_stats(&it.net));
    }
    table.line(mark, "pusher", &words);
    table.below(&it.url);
    if mark != Mark::Well && !it.last_end.is_empty() {
        table.below(&format!("last end: {}", it.last_end));
    }
    let card = if it.picture == "waiting-image" && !standby { ", the waiting card is sent" } else { "" };
    let seen = if it.preview { ", on the local screen" } else { "" };
    device(table, "camera", &it.camera, &format!(" ({}{card}{seen})", it.camera_position));
    if it.image.zoom > 1.0 {
        table.below(&format!("zoomed in {:.1}-fold ({})", it.image.zoom, it.image.zoom_by));
    }
    for short in it.unsupported.iter().filter(|short| ["beauty", "whiteness"].contains(&short.property.as_str())) {
        table.below(&format!("{}: {}", short.property, short.reason));
    }
    if !it.waiting_image.problem.is_empty() {
        let words = format!("{} ({} is sent instead)", it.waiting_image.problem, it.waiting_image.words());
        table.line(Mark::Broken, "waiting", &words);
    }
    let muted = if it.muted { format!(" (silent: {})", it.muted_by.join(", ")) } else { String::new() };
    let treated = it.microphone.state == DeviceState::Running && !it.voice.is_empty();
    let voice = if treated { format!(", with {}", it.voice.join(", ")) } else { String::new() };
    device(table, "microphone", &it.microphone, &(voice + &muted));
}

fn player(table: &mut Table, it: &PlayerStatus) {
    let (mut mark, mut words) = session(it.state, it.for_ms, "visavisctl player play");
    if it.state == SessionState::Live {
        words = format!("{words}, {}", play_stats(&it.net));
    }
    if it.loading && mark == Mark::Well {
        mark = Mark::Trying;
        words.push_str(", waiting for data");
    }
    if !it.paused_by.is_empty() {
        words = format!("{words} by {}", it.paused_by.join(", "));
    }
    let marks =
        [(it.muted, " (muted)"), (it.full_screen, " (full screen)"), (it.picture_in_picture, " (small picture)")];
    words.extend(marks.iter().filter(|(holds, _)| *holds).map(|(_, words)| *words));
    table.line(mark, &it.id, &words);
    table.below(&it.src);
    if !matches!(it.screen.as_str(), "" | "picture") {
        table.below(&format!("the screen shows a card: {}", it.screen));
    }
    if mark != Mark::Well && !it.last_end.is_empty() {
        table.below(&format!("last end: {}", it.last_end));
    }
}

fn device(table: &mut Table, name: &str, device: &DeviceStatus, more: &str) {
    let (mark, words) = match device.state {
        DeviceState::Absent => (Mark::Off, "the board has none".to_owned()),
        DeviceState::Closed => (Mark::Off, "closed".to_owned()),
        DeviceState::Opening => (Mark::Trying, "opening".to_owned()),
        DeviceState::Running if device.words.is_empty() => (Mark::Well, "running".to_owned()),
        DeviceState::Running => (Mark::Well, device.words.clone()),
        DeviceState::Lost => (Mark::Broken, device.words.clone()),
    };
    table.line(mark, name, &format!("{words}{more}"));
    if device.state == DeviceState::Lost {
        table.below("it is tried again; `visavisd doctor` shows what is connected and why it can not be used");
    }
}

fn session(state: SessionState, for_ms: i64, cure: &str) -> (Mark, String) {
    let since = length(for_ms);
    match state {
        SessionState::Stopped => (Mark::Off, format!("stopped ({cure})")),
        SessionState::Connecting => (Mark::Trying, format!("connecting for {since}")),
        SessionState::Live => (Mark::Well, format!("live for {since}")),
        SessionState::Paused => (Mark::Well, format!("paused for {since}")),
        SessionState::Reconnecting => (Mark::Trying, format!("reconnecting for {since}")),
        SessionState::Waiting => {
            (Mark::Broken, format!("disconnected for {since}, tries again by itself: check network and server"))
        }
        SessionState::GaveUp => (Mark::Broken, format!("gave up {since} ago ({cure})")),
    }
}

/// Netstatus of the way up in one line.
pub fn push_stats(net: &PushStats) -> String {
    let mut line =
        stats(net.video_bitrate.saturating_add(net.audio_bitrate), net.video_fps, net.video_width, net.video_height);
    let _ = write!(line, ", queue {:.0} ms", net.queue_ms);
    if !net.limited_by.is_empty() {
        let _ = write!(line, ", held at {} kbit/s by the {}", net.target_bitrate, net.limited_by);
    }
    if net.dropped > 0 {
        let _ = write!(line, ", {} pictures shed", net.dropped);
    }
    line
}

/// Netstatus of a player in one line.
pub fn play_stats(net: &PlayStats) -> String {
    let mut line =
        stats(net.video_bitrate.saturating_add(net.audio_bitrate), net.video_fps, net.video_width, net.video_height);
    let _ = write!(line, ", buffer {:.0} ms", net.jitter_buffer_ms);
    if let Some(ms) = net.latency_end_to_end {
        let _ = write!(line, ", {ms:.0} ms from camera to screen");
    }
    if net.sound_missing_ms > 0 {
        let _ = write!(line, ", {} ms of sound missing", net.sound_missing_ms);
    }
    line
}

fn stats(kbps: u32, fps: f64, width: u32, height: u32) -> String {
    format!("{kbps} kbit/s, {fps:.0} fps, {width}x{height}")
}

/// A pusher, player or screen: all properties, what has no effect, and the state.
pub fn object(state: &Value) -> String {
    let mut text: String = state["properties"].as_object().into_iter().flatten().map(|(k, v)| property(k, v)).collect();
    for it in state["status"]["unsupported"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "no effect: {}: {}", plain(&it["property"]), plain(&it["reason"]));
    }
    text + &self::state(state)
}

/// The state of a pusher, player or screen in one line.
pub fn state(state: &Value) -> String {
    if let Some(display) = state.get("display") {
        return format!("the screen is {} ({})\n", plain(&display["state"]), plain(&display["words"]))
            .replace(" ()", "");
    }
    line(state["properties"]["id"].as_str().unwrap_or("pusher"), &state["status"])
}

/// Every player of a status in one line.
pub fn players(status: &Value) -> String {
    let players = status["players"].as_array().into_iter().flatten();
    players.map(|it| line(it["id"].as_str().unwrap_or_default(), it)).collect()
}

/// "agent is paused (navigate), muted".
fn line(name: &str, status: &Value) -> String {
    let reasons: Vec<String> = status["paused-by"].as_array().into_iter().flatten().map(plain).collect();
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    let more = [("full-screen", ", full screen"), ("picture-in-picture", ", a small picture"), ("muted", ", muted")];
    let more: String = more.iter().filter(|(key, _)| status[*key] == true).map(|(_, words)| *words).collect();
    format!("{name} is {}{why}{more}\n", plain(&status["state"]))
}

/// A property as a line of the configuration file.
pub fn property(key: &str, value: &Value) -> String {
    if value.is_null() { format!("{key} is not set\n") } else { format!("{key} = {value}\n") }
}

/// A value without quotes.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A length of time in its two largest units.
fn length(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::status::{ImageStatus, Unsupported};

    #[test]
    fn a_glance_tells_what_runs_and_what_to_do_about_the_rest() {
        let net = PushStats {
            video_bitrate: 434,
            audio_bitrate: 64,
            video_fps: 29.97,
            video_width: 640,
            video_height: 360,
            ..Default::default()
        };
        let pusher = PusherStatus {
            state: SessionState::Live,
            for_ms: 7_980_000,
            url: "rtmp://host/live/a".into(),
            camera: DeviceStatus { state: DeviceState::Running, words: "YUYV 640x360 at 30".into() },
            camera_position: "front".into(),
            microphone: DeviceStatus { state: DeviceState::Lost, words: "hw:1: missing".into() },
            voice: vec!["echo-cancellation".into()],
            image: ImageStatus { zoom: 2.5, zoom_by: "crop".into(), ..Default::default() },
            unsupported: vec![Unsupported { property: "beauty".into(), reason: "too much".into() }],
            net,
            ..Default::default()
        };
        let player = PlayerStatus { id: "agent".into(), last_end: "refused".into(), ..Default::default() };
        let whole = Status { pusher: Some(pusher), players: vec![player], ..Default::default() };
        let text = status(&whole, false);
        for line in [
            "● pusher      live for 2 h 13 min, 498 kbit/s, 30 fps, 640x360, queue 0 ms",
            "              rtmp://host/live/a",
            "● camera      YUYV 640x360 at 30 (front)",
            "              zoomed in 2.5-fold (crop)",
            "              beauty: too much",
            "✖ microphone  hw:1: missing",
            "○ agent       stopped (visavisctl player play)",
            "              last end: refused",
            "○ screen      the board has none",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
        }
        assert!(text.contains("visavisd doctor") && !text.contains('\x1b'));
        let microphone = DeviceStatus { state: DeviceState::Running, words: "48000 Hz".into() };
        let pusher = PusherStatus { microphone, voice: vec!["echo-cancellation".into()], ..Default::default() };
        let text = status(&Status { pusher: Some(pusher), ..Default::default() }, false);
        assert!(text.contains("● microphone  48000 Hz, with echo-cancellation\n"), "{text}");
        let net = PlayStats { latency_end_to_end: Some(71.4), ..Default::default() };
        assert!(play_stats(&net).ends_with(", 71 ms from camera to screen"), "{}", play_stats(&net));
        assert!(status(&whole, true).contains("\x1b[32m●"));
    }
}
