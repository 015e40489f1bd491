//! The board profile: which driver is which device. The program knows no board's name.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A whole board profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Board {
    pub name: String,
    /// Device-tree `compatible` strings of the boards it is for; empty = chosen by `--board` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compatible: Vec<String>,
    #[serde(default)]
    pub camera: Cameras,
    pub microphone: Option<MicrophoneDriver>,
    #[serde(default)]
    pub speaker: Speakers,
    pub display: Option<DisplayDriver>,
    #[serde(default, rename = "button")]
    pub buttons: Vec<ButtonProfile>,
    #[serde(default, rename = "lamp")]
    pub lamps: Vec<LampProfile>,
}

/// `[camera.front]` and `[camera.back]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cameras {
    pub front: Option<CameraDriver>,
    pub back: Option<CameraDriver>,
}

/// `[speaker.speaker]` and `[speaker.ear]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speakers {
    pub speaker: Option<SpeakerDriver>,
    pub ear: Option<SpeakerDriver>,
}

/// Where a pipe's bytes come from or go to: a path (FIFO or file) or a child command's standard output or input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PipeEnd {
    Path(PathBuf),
    /// Run by `sh -c`.
    Command(String),
}

/// How a camera is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "driver", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum CameraDriver {
    V4l2 {
        /// Stable path (`/dev/v4l/by-path/…`), never a number that can change.
        path: PathBuf,
        /// Degrees clockwise by which the camera is mounted: 0, 90, 180, 270.
        #[serde(default)]
        mount_rotation: u32,
    },
    Pipe {
        #[serde(flatten)]
        end: PipeEnd,
        width: u32,
        height: u32,
        fps: u32,
        #[serde(default = "i420")]
        format: String,
        #[serde(default)]
        mount_rotation: u32,
    },
    TestCard {
        /// Tells one test card from another by its colours.
        #[serde(default = "one")]
        variant: u32,
        /// Size and rate it makes; absent = what is asked for.
        width: Option<u32>,
        height: Option<u32>,
        #[serde(default)]
        mount_rotation: u32,
    },
}

fn i420() -> String {
    "I420".into()
}

fn one() -> u32 {
    1
}

/// How a microphone is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "driver", rename_all = "kebab-case")]
pub enum MicrophoneDriver {
    Alsa {
        device: String,
    },
    Pipe {
        #[serde(flatten)]
        end: PipeEnd,
        rate: u32,
        channels: u16,
    },
    /// A tone with a mark each second.
    Tone,
    Silence,
}

/// How a loudspeaker is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "driver", rename_all = "kebab-case")]
pub enum SpeakerDriver {
    Alsa {
        device: String,
    },
    Pipe {
        #[serde(flatten)]
        end: PipeEnd,
        rate: u32,
        channels: u16,
    },
    Wav {
        path: PathBuf,
    },
    Null,
}

/// How the screen is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "driver", rename_all = "kebab-case")]
pub enum DisplayDriver {
    Drm {
        /// Driver name ("vc4") or device path; absent = the first with a connected screen.
        card: Option<String>,
        connector: Option<String>,
    },
    Pipe {
        #[serde(flatten)]
        end: PipeEnd,
        width: u32,
        height: u32,
    },
    /// Writes the newest picture as PNG, at most once a second.
    Png {
        path: PathBuf,
    },
    None,
}

/// `[[button]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ButtonProfile {
    pub name: String,
    pub driver: String,
    pub chip: Option<String>,
    pub line: Option<LineName>,
    pub active: Option<String>,
    pub bias: Option<String>,
    /// Operation of a short press.
    pub short: Option<String>,
    /// Operation of a press held for three seconds.
    pub long: Option<String>,
}

/// `[[lamp]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LampProfile {
    pub name: String,
    pub driver: String,
    pub chip: Option<String>,
    pub line: Option<LineName>,
    pub active: Option<String>,
    /// live, muted, standby or fault.
    pub shows: String,
}

/// A GPIO line by number or by the name the chip gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LineName {
    Number(u32),
    Name(String),
}
