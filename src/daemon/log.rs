//! The log: one sentence for each change of state, for the technician; its facts as fields, for programs.
//!
//! Under systemd it goes to the journal, where the fields of an event are OBJECT, CODE, NAME and DETAIL
//! (`journalctl -u visavisd CODE=-1301`); else to standard error, without them, because the sentence tells them too.

use super::say_plain;
use crate::api::event::Happening;
use std::io::IsTerminal;
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::fmt::format;
use tracing_subscriber::{EnvFilter, prelude::*};

/// Fields that only programs need.
const FOR_PROGRAMS: [&str; 4] = ["object", "code", "name", "detail"];

/// Starts logging from `level` ("info") on. The environment variable `VISAVIS_LOG` chooses another one ("debug").
pub fn start(level: &str) {
    let filter = EnvFilter::try_from_env("VISAVIS_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    if let Some(journal) = journal() {
        return tracing_subscriber::registry().with(filter).with(journal).init();
    }
    let fields = format::debug_fn(|writer, field, value| match field.name() {
        "message" => write!(writer, "{value:?}"),
        name if FOR_PROGRAMS.contains(&name) => Ok(()),
        name => write!(writer, " {name}={value:?}"),
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .fmt_fields(fields)
        .init();
}

/// The journal, when standard error is connected to it: systemd says so in `JOURNAL_STREAM` (systemd.exec(5)).
fn journal() -> Option<tracing_journald::Layer> {
    let stream = std::env::var("JOURNAL_STREAM").ok()?;
    let file = rustix::fs::fstat(std::io::stderr()).ok()?;
    if stream != format!("{}:{}", file.st_dev, file.st_ino) {
        return None;
    }
    let priorities = PriorityMappings {
        info: Priority::Informational,
        debug: Priority::Debug,
        trace: Priority::Debug,
        ..PriorityMappings::new()
    };
    let journal = tracing_journald::layer().ok()?.with_field_prefix(None).with_priority_mappings(priorities);
    Some(journal.with_syslog_identifier("visavisd".into()))
}

/// Writes an event down, and that it happened `more` times unwritten.
pub fn happening(it: &Happening, more: u32) {
    let (object, code, name) = (&it.object, it.code.number, it.code.name);
    let sentence = sentence(it, more);
    tracing::info!(%object, code, name, detail = %it.detail, "{sentence}");
}

/// An event in a sentence.
fn sentence(it: &Happening, more: u32) -> String {
    let facts = it.detail.as_object().into_iter().flatten();
    let facts: Vec<String> = facts.map(|(key, value)| format!("{key} {}", say_plain(value))).collect();
    let colon = if facts.is_empty() { "" } else { ": " };
    let more = if more > 0 { format!(" (and {more} times more just before)") } else { String::new() };
    format!("{}: {} ({}){colon}{}{more}", it.object, it.code.words, it.code.number, facts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{code, event::Object};
    use serde_json::json;

    #[test]
    fn an_event_is_a_sentence_with_its_facts() {
        let detail = json!({ "error": "the camera is not connected", "held-s": 3 });
        let it = Happening { object: Object::Pusher, code: code::PUSH_ERR_OPEN_CAMERA_FAIL, detail };
        let words = "pusher: the camera can not be opened (-1301): error the camera is not connected, held-s 3";
        assert_eq!(sentence(&it, 0), words);
        let it = Happening { detail: json!({}), ..it };
        let words = "pusher: the camera can not be opened (-1301) (and 2 times more just before)";
        assert_eq!(sentence(&it, 2), words);
    }
}
