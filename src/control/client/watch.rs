//! `visavisctl watch`: the stream of events as lines.

use super::Failure;
use super::connection::{Connection, lost};
use super::show;
use crate::api::code;
use crate::api::event::Event;
use crate::api::status::{PlayStats, PushStats, Status};
use crate::api::volume::AudioVolume;
use axum::http::Method;
use http_body_util::BodyExt;
use serde_json::Value;
use std::io::Write;

/// The longest line of the stream that is kept.
const LINE: usize = 1 << 20;

/// Prints events, netstatus and, if it is wanted, `volume` until the daemon ends or `out` is closed.
pub async fn watch(daemon: &mut Connection, out: &mut dyn Write, json: bool, volume: bool) -> Result<(), Failure> {
    let path = if volume { "/v1/events?audiovolumenotify=true" } else { "/v1/events" };
    let mut body = daemon.ask(Method::GET, path, "text/event-stream", None).await?.into_body();
    let mut lines = Lines::default();
    let mut name = String::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(lost)?;
        lines.push(frame.data_ref().map_or(&[], |data| data));
        while let Some(line) = lines.next() {
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                let text = if json {
                    format!("{{\"type\":\"{name}\",\"data\":{data}}}\n")
                } else {
                    words(&name, data).unwrap_or_default()
                };
                if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
                    return Ok(());
                }
            }
        }
    }
    Err(Failure::Unreachable("the daemon ended, or this reader was too slow".into()))
}

/// The bytes of the stream as lines.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > LINE {
            self.bytes.clear();
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Option<String> {
        let end = self.bytes.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.bytes.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line[..end]).trim_end_matches('\r').to_owned())
    }
}

fn words(name: &str, data: &str) -> Option<String> {
    match name {
        "state" => Some(show::status(&serde_json::from_str::<Status>(data).ok()?, false) + "\n"),
        "event" => Some(event_line(&serde_json::from_str(data).ok()?)),
        "audiovolumenotify" => Some(volume_line(&serde_json::from_str(data).ok()?)),
        "netstatus" => {
            let value: Value = serde_json::from_str(data).ok()?;
            let object = value["object"].as_str()?.to_owned();
            let line = match object.as_str() {
                "pusher" => show::push_stats(&serde_json::from_value::<PushStats>(value).ok()?),
                _ => show::play_stats(&serde_json::from_value::<PlayStats>(value).ok()?),
            };
            Some(format!("{:12} {object:14} {line}\n", ""))
        }
        _ => None,
    }
}

/// How loud a player is, in one line with a bar.
fn volume_line(it: &AudioVolume) -> String {
    let bar = "#".repeat(it.volume.volume.min(100) as usize / 5);
    let voice = if it.volume.voice { "  voice" } else { "" };
    let (object, volume) = (&it.object, it.volume);
    let levels = format!("{:.1} dBFS, peak {:.1}", volume.rms, volume.peak);
    format!("{:12} {object:14} volume {:>3} {bar:20} {levels}{voice}\n", "", volume.volume)
}

/// An event in one line: time of day, object, number, words, facts.
pub fn event_line(event: &Event) -> String {
    let time = event.time.get(11..23).unwrap_or(&event.time);
    let known = code::ALL.iter().find(|code| code.number == event.code && code.name == event.name);
    let words = known.map_or(event.name.as_str(), |code| code.words);
    let facts = match event.detail.as_object() {
        Some(facts) if !facts.is_empty() => {
            let fact = |(key, value): (&String, &Value)| format!("{key}={}", show::plain(value));
            format!("  ({})", facts.iter().map(fact).collect::<Vec<_>>().join(", "))
        }
        _ => String::new(),
    };
    format!("{time:12} {:14} {:>5}  {words}{facts}\n", event.object, event.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_come_whole_whatever_pieces_the_stream_has() {
        let mut lines = Lines::default();
        lines.push(b"event: a\ndat");
        assert_eq!((lines.next().as_deref(), lines.next()), (Some("event: a"), None));
        lines.push(b"a: {}\r\n\n");
        assert_eq!((lines.next().as_deref(), lines.next().as_deref()), (Some("data: {}"), Some("")));
    }

    #[test]
    fn loudness_is_a_line_with_a_bar() {
        let told = json!({"object": "player:agent", "volume": 62, "rms": -23.0, "peak": -11.5, "voice": true});
        let line = words("audiovolumenotify", &told.to_string()).unwrap();
        assert_eq!(line.trim(), "player:agent   volume  62 ############         -23.0 dBFS, peak -11.5  voice");
    }

    #[test]
    fn an_event_is_a_line_with_its_words() {
        let event = Event {
            seq: 1,
            time: "2026-11-23T03:41:14.123Z".into(),
            monotonic_ms: 0,
            object: "pusher".into(),
            code: 1102,
            name: "PUSH_WARNING_RECONNECT".into(),
            detail: json!({"try": 2}),
            retriable: true,
        };
        let line = event_line(&event);
        assert_eq!(line, "03:41:14.123 pusher          1102  connection lost, trying again  (try=2)\n");
    }
}
