//! Carries a command out and prints what came of it.

use super::cli::{Action, Cli, PlayerAction, PusherAction, ScreenAction, Snapshot, Switch};
use super::connection::{self, Connection};
use super::{Failure, show, watch};
use crate::api::command::SnapshotRequest;
use crate::api::event::Event;
use crate::api::status::Status;
use axum::http::Method;
use serde_json::{Map, Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Runs `cli` and writes its result to `out`; `colours`: marks may be coloured.
/// A reader of `out` that goes away ends the command without an error.
pub fn run(cli: &Cli, out: &mut dyn Write, colours: bool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Unreachable(error.to_string()))?;
    runtime.block_on(carry_out(cli, out, colours))
}

async fn carry_out(cli: &Cli, out: &mut dyn Write, colours: bool) -> Result<(), Failure> {
    let mut daemon = Connection::open(&cli.socket).await?;
    match &cli.action {
        Action::Watch { volume } => watch::watch(&mut daemon, out, cli.json, *volume).await,
        Action::Metrics => {
            let response = daemon.ask(Method::GET, "/metrics", "*/*", None).await?;
            print(out, &String::from_utf8_lossy(&connection::bytes(response).await?))
        }
        Action::Status => {
            let status: Value = daemon.json(Method::GET, "/v1/status", None).await?;
            told(out, cli.json, &status, |status| {
                Some(show::status(&serde_json::from_value::<Status>(status.clone()).ok()?, colours))
            })
        }
        Action::Events => {
            let events: Value = daemon.json(Method::GET, "/v1/events", None).await?;
            told(out, cli.json, &events, |events| {
                let events: Vec<Event> = serde_json::from_value(events.clone()).ok()?;
                Some(events.iter().map(watch::event_line).collect())
            })
        }
        Action::Screen { action } => {
            let (operation, change) = match action {
                ScreenAction::Show => ("", None),
                ScreenAction::Set { changes } => ("set", Some(properties(changes)?)),
            };
            order(&mut daemon, "/v1/screen", operation, change, cli.json, out).await
        }
        Action::Scene { transition, page } => {
            let body = json!({ "transition": transition, "page": page });
            let status: Value = daemon.json(Method::POST, "/v1/scene", Some(&body)).await?;
            told(out, cli.json, &status, |status| Some(show::players(status)))
        }
        Action::Standby { on } => {
            let body = json!({ "on": *on == Switch::On });
            let status: Value = daemon.json(Method::POST, "/v1/standby", Some(&body)).await?;
            let words = if *on == Switch::On { "in standby\n" } else { "not in standby\n" };
            told(out, cli.json, &status, |_| Some(words.into()))
        }
        Action::Pusher { action } => {
            let change = |key: &str, value: bool| Some(Map::from_iter([(key.to_owned(), json!(value))]));
            let (operation, change) = match action {
                PusherAction::Snapshot(wanted) => {
                    return snapshot(&mut daemon, "/v1/pusher", "pusher", wanted, cli.json, out).await;
                }
                PusherAction::Show => ("", None),
                PusherAction::Start => ("start", None),
                PusherAction::Stop => ("stop", None),
                PusherAction::Pause => ("pause", None),
                PusherAction::Resume => ("resume", None),
                PusherAction::SwitchCamera => ("switch-camera", None),
                PusherAction::StartPreview => ("start-preview", None),
                PusherAction::StopPreview => ("stop-preview", None),
                PusherAction::SetZoom { zoom } => {
                    ("set-zoom", Some(Map::from_iter([("zoom".to_owned(), json!(zoom))])))
                }
                PusherAction::Set { changes } => ("set", Some(properties(changes)?)),
                PusherAction::Mute => ("set", change("muted", true)),
                PusherAction::Unmute => ("set", change("muted", false)),
                PusherAction::Camera { on } => ("set", change("enable-camera", *on == Switch::On)),
                PusherAction::Mic { on } => ("set", change("enable-mic", *on == Switch::On)),
            };
            order(&mut daemon, "/v1/pusher", operation, change, cli.json, out).await
        }
        Action::Player { id, action } => {
            let id = match id {
                Some(id) => id.clone(),
                None => only_player(&mut daemon).await?,
            };
            let path = format!("/v1/players/{id}");
            let (operation, change) = match action {
                PlayerAction::Snapshot(wanted) => {
                    return snapshot(&mut daemon, &path, &id, wanted, cli.json, out).await;
                }
                PlayerAction::Show => ("", None),
                PlayerAction::Play => ("play", None),
                PlayerAction::Stop => ("stop", None),
                PlayerAction::Pause => ("pause", None),
                PlayerAction::Resume => ("resume", None),
                PlayerAction::Mute => ("mute", None),
                PlayerAction::Unmute => ("unmute", None),
                PlayerAction::RequestFullScreen { direction } => {
                    ("request-full-screen", Some(Map::from_iter([("direction".to_owned(), json!(direction))])))
                }
                PlayerAction::ExitFullScreen => ("exit-full-screen", None),
                PlayerAction::ExitPictureInPicture => ("exit-picture-in-picture", None),
                PlayerAction::Set { changes } => ("set", Some(properties(changes)?)),
            };
            order(&mut daemon, &path, operation, change, cli.json, out).await
        }
    }
}

/// An operation (with `change` as its body), a change of properties (`set`), or a look (no operation) at the object at `path`.
async fn order(
    daemon: &mut Connection,
    path: &str,
    operation: &str,
    change: Option<Map<String, Value>>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let keys: Vec<String> = change.iter().flat_map(|change| change.keys().cloned()).collect();
    let change = change.map(Value::Object);
    let state: Value = match operation {
        "" => daemon.json(Method::GET, path, None).await?,
        "set" => daemon.json(Method::PATCH, path, change.as_ref()).await?,
        operation => daemon.json(Method::POST, &format!("{path}/{operation}"), change.as_ref()).await?,
    };
    told(out, json, &state, |state| {
        Some(match operation {
            "" => show::object(state),
            "set" => keys.iter().map(|key| show::property(key, &state["properties"][key])).collect(),
            "set-zoom" => show::property("zoom", &state["status"]["image"]["zoom"]),
            _ => show::state(state),
        })
    })
}

async fn only_player(daemon: &mut Connection) -> Result<String, Failure> {
    let players: Vec<Value> = daemon.json(Method::GET, "/v1/players", None).await?;
    let ids: Vec<&str> = players.iter().filter_map(|player| player["properties"]["id"].as_str()).collect();
    match ids.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => Err(Failure::Usage("the configuration has no [[player]]".into())),
        ids => Err(Failure::Usage(format!("which player? There are {}", ids.join(", ")))),
    }
}

async fn snapshot(
    daemon: &mut Connection,
    path: &str,
    name: &str,
    wanted: &Snapshot,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let format = wanted.format();
    let body = json!(SnapshotRequest { source: wanted.source, format });
    let response = daemon.ask(Method::POST, &format!("{path}/snapshot"), format.media_type(), Some(&body)).await?;
    let kept = response.headers().get("snapshot-path").and_then(|path| path.to_str().ok()).map(str::to_owned);
    let image = connection::bytes(response).await?;
    if wanted.output.as_deref() == Some(Path::new("-")) {
        // Whoever reads may have read enough.
        let _ = out.write_all(&image);
        return Ok(());
    }
    let file = wanted.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.{}", format.ending())));
    write_whole(&file, &image)
        .map_err(|error| Failure::Usage(format!("{} can not be written: {error}", file.display())))?;
    let told = json!({ "file": file, "bytes": image.len(), "snapshot-path": kept });
    let kept = kept.map(|path| format!(", kept on the terminal as {path}")).unwrap_or_default();
    self::told(out, json, &told, |_| Some(format!("{} ({} KB){kept}\n", file.display(), image.len().div_ceil(1000))))
}

/// Nobody ever sees half a file: it is written beside its place and moved there.
fn write_whole(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".part");
    fs::write(&beside, bytes)?;
    fs::rename(&beside, file)
}

/// KEY=VALUE words as properties; a value is JSON where it can be read as such, else a text.
fn properties(words: &[String]) -> Result<Map<String, Value>, Failure> {
    let pair = |word: &String| match word.split_once('=') {
        Some((key, value)) if !key.is_empty() => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            Ok((key.to_owned(), value))
        }
        _ => Err(Failure::Usage(format!("{word}: KEY=VALUE is needed, for example fps=25"))),
    };
    words.iter().map(pair).collect()
}

/// Prints `answer` as JSON, or in words where it has some.
fn told(
    out: &mut dyn Write,
    json: bool,
    answer: &Value,
    words: impl Fn(&Value) -> Option<String>,
) -> Result<(), Failure> {
    match if json { None } else { words(answer) } {
        Some(words) => print(out, &words),
        None => print(out, &format!("{answer:#}\n")),
    }
}

fn print(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Ok(())
}
