//! Orders: every button, socket request and signal becomes one of these.

use super::event::Object;
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Joins a command to its answer.
pub type Ticket = u64;

/// Something the terminal is told to do. Every one is idempotent.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Pusher(PusherCommand),
    /// The player with this `id`.
    Player(String, PlayerCommand),
    /// Change properties of the screen: keys as in the configuration file.
    Screen(Map<String, Value>),
    /// The user interface changed its page, to the one of this name (empty: it does not say).
    Scene(Transition, String),
    Standby {
        on: bool,
    },
    /// The settings file was read again: its settings, or words on what is wrong with it.
    Reload(Result<Box<Settings>, String>),
    /// End of the program: leave every server properly.
    Shutdown,
}

/// Orders for the way up.
#[derive(Clone, Debug, PartialEq)]
pub enum PusherCommand {
    Start,
    Stop,
    Pause,
    Resume,
    SwitchCamera,
    /// Show the camera's picture on the local screen, whether it is sent or not.
    StartPreview,
    StopPreview,
    /// Zoom in by this factor, 1.0 ..= 4.0.
    SetZoom(f64),
    Snapshot(SnapshotRequest),
    /// Change properties: keys as in the configuration file.
    Patch(Map<String, Value>),
}

/// What the user interface did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Transition {
    /// It opened another page over the one with the players.
    Push,
    /// It left the page with the players.
    Pop,
    /// It opened a component of the system over everything.
    Native,
    /// The page with the players is in front.
    #[default]
    Return,
}

impl Transition {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Transition::Push => "push",
            Transition::Pop => "pop",
            Transition::Native => "native",
            Transition::Return => "return",
        }
    }
}

/// How a picture that fills the screen is turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// 0: as it is.
    #[default]
    Upright,
    /// 90: clockwise, for a screen that hangs turned the other way.
    Clockwise,
    /// -90.
    CounterClockwise,
}

impl Direction {
    /// The direction of so many degrees: 0, 90 or -90.
    pub const fn from_degrees(degrees: i64) -> Option<Self> {
        Some(match degrees {
            0 => Self::Upright,
            90 => Self::Clockwise,
            -90 => Self::CounterClockwise,
            _ => return None,
        })
    }

    /// In degrees clockwise.
    pub const fn degrees(self) -> i32 {
        match self {
            Self::Upright => 0,
            Self::Clockwise => 90,
            Self::CounterClockwise => -90,
        }
    }
}

/// Orders for one way down.
#[derive(Clone, Debug, PartialEq)]
pub enum PlayerCommand {
    Play,
    Stop,
    Pause,
    Resume,
    Mute,
    Unmute,
    /// Fill the screen, over everything else.
    RequestFullScreen(Direction),
    ExitFullScreen,
    /// Close the small picture.
    ExitPictureInPicture,
    Snapshot(SnapshotRequest),
    /// Change properties: keys as in the configuration file.
    Patch(Map<String, Value>),
}

/// Which picture a snapshot shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotSource {
    /// As it is sent or received.
    #[default]
    Stream,
    /// As the local screen shows it.
    View,
}

/// File format of a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ImageFormat {
    #[default]
    Png,
    Jpeg,
}

impl ImageFormat {
    /// What files of it end in.
    pub const fn ending(self) -> &'static str {
        match self {
            ImageFormat::Png => "png",
            ImageFormat::Jpeg => "jpg",
        }
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            ImageFormat::Png => "image/png",
            ImageFormat::Jpeg => "image/jpeg",
        }
    }
}

/// What snapshot is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SnapshotRequest {
    pub source: SnapshotSource,
    pub format: ImageFormat,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Done,
    Snapshot(Picture),
    Refused(Refusal),
}

/// Why there is no snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct NoSnapshot {
    /// Stable name for programs: `no-picture`, or what is wrong with the place it is kept at (`storage-full`, …).
    pub kind: &'static str,
    /// For people; no trailing full stop.
    pub words: String,
}

/// An encoded snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub format: ImageFormat,
    pub width: u32,
    pub height: u32,
    pub bytes: bytes::Bytes,
    /// Where it was also written, when a snapshot directory exists.
    pub path: Option<std::path::PathBuf>,
}

/// Why a command changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable name for programs ("invalid-property", "invalid-body", "unknown-player", "no-picture", "no-display",
    /// "not-configured", "standby").
    pub kind: &'static str,
    /// The property or parameter at fault; empty when there is none.
    pub field: String,
    /// What is wrong and what is allowed; no trailing full stop.
    pub words: String,
    pub object: Object,
}
