//! The event stream of a running terminal, read on a thread and waited for by code.

use super::http;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// An event as it was told.
#[derive(Clone, Debug)]
pub struct Event {
    /// The kind the stream gives it (`event:` line).
    pub kind: String,
    pub object: String,
    /// Zero for what has no code.
    pub code: i64,
    pub detail: Value,
    /// CLOCK_MONOTONIC of the terminal, in milliseconds.
    pub at: i64,
    /// As it came.
    pub data: String,
}

#[derive(Default)]
struct Seen {
    events: Vec<Event>,
    ended: bool,
}

/// What the terminal tells, from its first event on.
pub struct Events {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    /// Events before this one were waited for already.
    next: usize,
}

impl Events {
    /// Listens at `socket`; what happened before is told first.
    pub fn listen(socket: &Path) -> Self {
        Self::listen_to(socket, "/v1/events")
    }

    /// The same at another `path`.
    pub fn listen_to(socket: &Path, path: &str) -> Self {
        let opened = http::open(socket, "GET", path, "Last-Event-ID: 0\r\n", "", None);
        let (status, _, body) = opened.expect("the event stream opens");
        assert_eq!(status, 200, "GET /v1/events");
        let seen = Arc::new((Mutex::new(Seen::default()), Condvar::new()));
        let inside = seen.clone();
        std::thread::spawn(move || {
            read(BufReader::new(body), &inside);
            inside.0.lock().unwrap().ended = true;
            inside.1.notify_all();
        });
        Self { seen, next: 0 }
    }

    /// The next event of `object` with `code` after the one that was waited for last.
    ///
    /// # Panics
    /// It does not come `within` seconds; says what came instead.
    pub fn wait(&mut self, object: &str, code: i64, within: f64) -> Event {
        self.find(within, |event| event.object == object && event.code == code).unwrap_or_else(|| {
            panic!("no {code} of {object} within {within} s after {}\n{}", self.next, self.story());
        })
    }

    /// The next event that `wanted` says yes to, after the one that was waited for last; `None` when it does not come
    /// `within` seconds.
    pub fn find(&mut self, within: f64, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
        let limit = Instant::now() + Duration::from_secs_f64(within);
        let (lock, told) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        let mut from = self.next;
        loop {
            if let Some(place) = seen.events[from..].iter().position(&wanted) {
                self.next = from + place + 1;
                return seen.events.get(from + place).cloned();
            }
            from = seen.events.len();
            let left = limit.saturating_duration_since(Instant::now());
            if seen.ended || left.is_zero() {
                return None;
            }
            seen = told.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// From here on only what happens now is waited for.
    pub fn skip(&mut self) {
        self.next = self.seen.0.lock().unwrap().events.len();
    }

    /// Everything told so far.
    pub fn all(&self) -> Vec<Event> {
        self.seen.0.lock().unwrap().events.clone()
    }

    /// The codes of `object` so far.
    pub fn codes(&self, object: &str) -> Vec<i64> {
        let of_object = |event: &Event| (event.object == object && event.code != 0).then_some(event.code);
        self.all().iter().filter_map(of_object).collect()
    }

    /// Everything that was told, a line each, for whoever has to find out why.
    pub fn story(&self) -> String {
        let line = |event: Event| format!("{:>10} {:<14} {:>6} {}\n", event.at, event.object, event.code, event.detail);
        self.all().into_iter().filter(|event| event.code != 0).map(line).collect()
    }
}

fn read(stream: impl BufRead, seen: &(Mutex<Seen>, Condvar)) {
    let (mut kind, mut data) = (String::new(), String::new());
    for line in stream.lines().map_while(Result::ok) {
        if let Some(value) = line.strip_prefix("event:") {
            value.trim().clone_into(&mut kind);
        } else if let Some(value) = line.strip_prefix("data:") {
            data.push_str(value.trim_start());
        } else if line.is_empty() && !data.is_empty() {
            let value: Value = serde_json::from_str(&data).unwrap_or_default();
            let event = Event {
                kind: std::mem::take(&mut kind),
                object: value["object"].as_str().unwrap_or_default().to_owned(),
                code: value["code"].as_i64().unwrap_or(0),
                detail: value["detail"].clone(),
                at: value["monotonic_ms"].as_i64().unwrap_or(0),
                data: std::mem::take(&mut data),
            };
            seen.0.lock().unwrap().events.push(event);
            seen.1.notify_all();
        }
    }
}
