//! The board profile: which driver is which device. The program knows no board's name.

use super::operation::Operation;
use super::screen_mode::ScreenMode;
use crate::media::PixelFormat;
use serde::{Deserialize, Serialize};
use std::fmt;
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
    pub speaker: Option<SpeakerProfile>,
    pub ear: Option<SpeakerProfile>,
}

/// A sound output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SpeakerProfile {
    #[serde(flatten)]
    pub driver: SpeakerDriver,
    /// Volume while the player sets none, 0 to 100.
    #[serde(default = "full")]
    pub volume: u32,
}

impl From<SpeakerDriver> for SpeakerProfile {
    fn from(driver: SpeakerDriver) -> Self {
        Self { driver, volume: full() }
    }
}

fn full() -> u32 {
    100
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
        /// The only format to take (I420, NV12, YUYV, MJPEG); absent = the best one the camera offers.
        format: Option<PixelFormat>,
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
        /// "HDMI-A-1"; absent = the first with a screen.
        connector: Option<String>,
        /// Absent = the mode the screen prefers.
        mode: Option<ScreenMode>,
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

/// `[[button]]`: a button (`short`, `long` or both), or a switch that rests in both positions (`switch`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ButtonProfile {
    pub name: String,
    #[serde(flatten)]
    pub driver: ButtonDriver,
    /// Operation of a short press.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short: Option<Operation>,
    /// Operation of a press held for three seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long: Option<Operation>,
    /// What holds while the switch is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<Switch>,
}

/// How a button is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "driver", rename_all = "kebab-case")]
pub enum ButtonDriver {
    Gpio {
        /// The chip's label ("pinctrl-bcm2835"), name ("gpiochip0") or path.
        chip: String,
        line: LineName,
        /// The level of a pressed button.
        #[serde(default = "low")]
        active: Level,
        /// Absent = towards the level of a button at rest.
        #[serde(skip_serializing_if = "Option::is_none")]
        bias: Option<Bias>,
    },
    /// A FIFO whose lines `press` and `release` are the edges.
    Scripted { path: PathBuf },
}

/// What a switch does while it is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// Silence on the way up that nothing else can end.
    Mute,
}

/// `[[lamp]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LampProfile {
    pub name: String,
    #[serde(flatten)]
    pub driver: LampDriver,
    pub shows: Shows,
}

/// How a lamp is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "driver", rename_all = "kebab-case")]
pub enum LampDriver {
    Gpio {
        /// As a button's.
        chip: String,
        line: LineName,
        /// The level at which the lamp is lit.
        #[serde(default = "high")]
        active: Level,
    },
    /// A file that is given `255` when the lamp is to be lit and `0` when not, such as
    /// `/sys/class/leds/NAME/brightness`.
    File { path: PathBuf },
}

/// When a lamp is lit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shows {
    /// Picture or sound of the room goes out; without a pusher, a player is live.
    Live,
    /// Nothing of the room is heard on the other side.
    Muted,
    Standby,
    /// Something needs a technician.
    Fault,
}

impl Shows {
    /// Its name in a board profile.
    pub const fn name(self) -> &'static str {
        match self {
            Shows::Live => "live",
            Shows::Muted => "muted",
            Shows::Standby => "standby",
            Shows::Fault => "fault",
        }
    }
}

/// A level of a line, as a meter would show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Low,
    High,
}

fn low() -> Level {
    Level::Low
}

fn high() -> Level {
    Level::High
}

/// The resistor inside the chip that holds a line nobody drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bias {
    PullUp,
    PullDown,
    /// Switched off.
    None,
    /// Left as the firmware set it.
    AsIs,
}

/// A GPIO line by number or by the name the chip gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LineName {
    Number(u32),
    Name(String),
}

impl fmt::Display for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineName::Number(number) => write!(f, "{number}"),
            LineName::Name(name) => write!(f, "{name:?}"),
        }
    }
}
