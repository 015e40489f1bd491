//! `[pusher]`: every property of the way up.

use serde::{Deserialize, Serialize};

/// Which camera of the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    #[default]
    Front,
    Back,
}

/// What gives way first when the network does: smoothness and sharpness (SD, HD, FHD) or delay (RTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum PushMode {
    SD,
    HD,
    FHD,
    #[default]
    RTC,
}

/// Upright or lying picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Orientation {
    #[default]
    Vertical,
    Horizontal,
}

/// Narrow to wide side of the picture sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Aspect {
    #[default]
    #[serde(rename = "9:16")]
    NineSixteen,
    #[serde(rename = "3:4")]
    ThreeFour,
}

/// Sound quality of the way up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AudioQuality {
    #[default]
    High,
    Low,
}

/// Whether the other side may be heard in the same room: turns echo cancellation on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AudioVolumeType {
    #[default]
    Voicecall,
    Media,
}

/// Whether the self-view is mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LocalMirror {
    #[default]
    Auto,
    Enable,
    Disable,
}

impl LocalMirror {
    /// Whether this terminal shows the picture of the camera at `position` mirrored: by itself the front one's, because
    /// people know themselves from mirrors.
    pub fn mirrors(self, position: Position) -> bool {
        match self {
            LocalMirror::Auto => position == Position::Front,
            LocalMirror::Enable => true,
            LocalMirror::Disable => false,
        }
    }
}

/// What an unattended terminal does after three failed reconnects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnGiveUp {
    #[default]
    Restart,
    Stop,
}

/// Every property of the pusher; names and defaults as documented in the README's table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PusherSettings {
    pub url: Option<String>,
    pub mode: PushMode,
    pub autopush: bool,
    pub muted: bool,
    pub enable_mic: bool,
    pub enable_camera: bool,
    pub auto_focus: bool,
    pub orientation: Orientation,
    pub aspect: Aspect,
    /// Pixels, even; with `video-height` wins over aspect and orientation.
    pub video_width: Option<u32>,
    pub video_height: Option<u32>,
    /// Pictures a second, 1 ..= 30.
    pub fps: u32,
    /// 0 ..= 9.
    pub beauty: u32,
    /// 0 ..= 9.
    pub whiteness: u32,
    pub local_mirror: LocalMirror,
    pub remote_mirror: bool,
    pub zoom: bool,
    pub device_position: Position,
    /// kbit/s of video alone.
    pub min_bitrate: u32,
    /// kbit/s of video alone.
    pub max_bitrate: u32,
    pub audio_quality: AudioQuality,
    pub enable_agc: bool,
    pub enable_ans: bool,
    pub audio_volume_type: AudioVolumeType,
    pub waiting_image: Option<String>,
    pub waiting_image_hash: Option<String>,
    /// Seconds; 0 = for ever.
    pub waiting_image_hold: u32,
    pub background_mute: bool,
    pub debug: bool,
    pub scenario: Option<String>,
    pub on_give_up: OnGiveUp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing: Option<Signing>,
}

/// `[pusher.signing]`: how the URL's `{txSecret}` is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Signing {
    /// Absolute, or relative to the service's credentials directory.
    pub key_file: String,
    /// How long a signature stays valid ("12h", "30m", "90s").
    pub valid_for: String,
    /// What stands for `{stream}` in the URL; without it the stream's name is what the URL's path ends in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

impl Default for PusherSettings {
    fn default() -> Self {
        Self {
            url: None,
            mode: PushMode::default(),
            autopush: false,
            muted: false,
            enable_mic: true,
            enable_camera: true,
            auto_focus: true,
            orientation: Orientation::default(),
            aspect: Aspect::default(),
            video_width: None,
            video_height: None,
            fps: 15,
            beauty: 0,
            whiteness: 0,
            local_mirror: LocalMirror::default(),
            remote_mirror: false,
            zoom: false,
            device_position: Position::default(),
            min_bitrate: 200,
            max_bitrate: 1000,
            audio_quality: AudioQuality::default(),
            enable_agc: false,
            enable_ans: false,
            audio_volume_type: AudioVolumeType::default(),
            waiting_image: None,
            waiting_image_hash: None,
            waiting_image_hold: 180,
            background_mute: false,
            debug: false,
            scenario: None,
            on_give_up: OnGiveUp::default(),
            signing: None,
        }
    }
}
