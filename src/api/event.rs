//! Events: what happened, to whom, when.

use super::code::Code;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// What an event or a command is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    Pusher,
    /// By its `id`.
    Player(String),
    Screen,
    Device,
    Daemon,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Object::Pusher => f.write_str("pusher"),
            Object::Player(id) => write!(f, "player:{id}"),
            Object::Screen => f.write_str("screen"),
            Object::Device => f.write_str("device"),
            Object::Daemon => f.write_str("daemon"),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An event as the appliance decides it; sequence and time of day are added where it is published.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    pub object: Object,
    pub code: &'static Code,
    /// Facts for programs and people; an object, possibly empty. Never holds a secret.
    pub detail: serde_json::Value,
}

/// An event as it is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Event {
    /// Counts from 1 without gaps for as long as the daemon runs.
    pub seq: u64,
    /// Wall-clock time, RFC 3339 in UTC.
    pub time: String,
    /// CLOCK_MONOTONIC in milliseconds.
    pub monotonic_ms: i64,
    /// `pusher`, `player:ID`, `device` or `daemon`.
    pub object: String,
    pub code: i32,
    pub name: String,
    pub detail: serde_json::Value,
    /// The terminal goes on trying by itself.
    pub retriable: bool,
}
