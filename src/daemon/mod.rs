//! The program: wiring, signals, and the commands of visavisd.

mod album;
mod boards;
pub mod check;
mod credential;
pub mod demo;
pub mod doctor;
pub mod explain;
mod files;
mod inbox;
pub mod log;
mod memory;
mod net;
mod outside;
mod relay;
pub mod run;
mod signals;
mod sparing;
mod systemd;
mod terminal;
mod vigil;

/// A JSON value as a person reads it: texts without quotes.
fn say_plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Writes `text` to standard output. A reader that went away (`| head`) is no failure: there is nobody to tell.
fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
