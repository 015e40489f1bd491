//! `[[player]]`: every property of the way down.

use super::pusher::{OnGiveUp, Orientation};
use serde::{Deserialize, Serialize};

/// Smooth (live) or immediate (RTC) playing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum PlayMode {
    #[default]
    #[serde(rename = "live")]
    Live,
    RTC,
}

/// How a picture fills a surface of another shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum ObjectFit {
    /// The whole picture, black bars.
    #[default]
    #[serde(rename = "contain")]
    Contain,
    /// The surface filled, the rest cropped.
    #[serde(rename = "fillCrop")]
    FillCrop,
}

/// Which of the board's two sound outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SoundMode {
    #[default]
    Speaker,
    Ear,
}

impl SoundMode {
    /// Its name in settings and status.
    pub const fn name(self) -> &'static str {
        match self {
            SoundMode::Speaker => "speaker",
            SoundMode::Ear => "ear",
        }
    }
}

/// A page change that shrinks the player to its small rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PictureInPicture {
    Push,
    Pop,
}

/// One page change, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum PictureInPictureMode {
    One(PictureInPicture),
    Many(Vec<PictureInPicture>),
}

impl PictureInPictureMode {
    /// Whether this page change is one of them.
    pub fn contains(&self, change: PictureInPicture) -> bool {
        match self {
            Self::One(one) => *one == change,
            Self::Many(many) => many.contains(&change),
        }
    }
}

/// Every property of a player; names and defaults as documented in the README's table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PlayerSettings {
    /// Names the player in the API and in events; letters, digits, `-` and `_`.
    pub id: String,
    pub src: Option<String>,
    pub mode: PlayMode,
    pub autoplay: bool,
    pub muted: bool,
    pub orientation: Orientation,
    pub object_fit: ObjectFit,
    /// Seconds; live mode only.
    pub min_cache: f64,
    /// Seconds; live mode only.
    pub max_cache: f64,
    pub sound_mode: SoundMode,
    /// Volume of each output, 0 to 100; absent: what the board profile says.
    pub speaker_volume: Option<u32>,
    pub ear_volume: Option<u32>,
    pub background_mute: bool,
    pub auto_pause_if_navigate: bool,
    pub auto_pause_if_open_native: bool,
    pub picture_in_picture_mode: Option<PictureInPictureMode>,
    pub enable_auto_rotation: bool,
    pub debug: bool,
    pub on_give_up: OnGiveUp,
}

impl Default for PlayerSettings {
    fn default() -> Self {
        Self {
            id: "player".into(),
            src: None,
            mode: PlayMode::default(),
            autoplay: false,
            muted: false,
            orientation: Orientation::default(),
            object_fit: ObjectFit::default(),
            min_cache: 1.0,
            max_cache: 3.0,
            sound_mode: SoundMode::default(),
            speaker_volume: None,
            ear_volume: None,
            background_mute: false,
            auto_pause_if_navigate: true,
            auto_pause_if_open_native: true,
            picture_in_picture_mode: None,
            enable_auto_rotation: false,
            debug: false,
            on_give_up: OnGiveUp::default(),
        }
    }
}
