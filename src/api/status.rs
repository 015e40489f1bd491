//! The state of everything, as the socket tells it.

mod waiting;

pub use waiting::{WaitingFrom, WaitingImageStatus};

use super::command::Transition;
use crate::settings::screen::{Language, Layout};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Everything `GET /v1/status` answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    pub version: String,
    pub board: String,
    /// Seconds since the daemon started.
    pub uptime: i64,
    pub standby: bool,
    /// It was entered with a button of the terminal, and only a button ends it.
    #[serde(default)]
    pub standby_locked: bool,
    /// Words on what is wrong with the configuration in use; empty when nothing is.
    pub degraded: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pusher: Option<PusherStatus>,
    pub players: Vec<PlayerStatus>,
    /// Cameras, microphones and sound cards that the process holds open, by the kernel's word (`/proc/self/fd`).
    #[serde(default)]
    pub open_devices: Vec<String>,
    #[serde(default)]
    pub screen: ScreenStatus,
    pub display: DeviceStatus,
    /// Of several players' loudspeakers the one that is worst off.
    pub speaker: DeviceStatus,
    #[serde(default)]
    pub buttons: Vec<ButtonStatus>,
    #[serde(default)]
    pub lamps: Vec<LampStatus>,
}

/// How the screen is shared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ScreenStatus {
    pub layout: Layout,
    pub language: Language,
    /// What the user interface did last, and the page it named.
    pub scene: Transition,
    pub page: String,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SessionState {
    /// Not asked to run.
    #[default]
    Stopped,
    Connecting,
    /// Publishing or playing.
    Live,
    /// Connected and paused.
    Paused,
    /// Lost, one of the three quick tries is pending.
    Reconnecting,
    /// Three tries failed; the terminal starts over after a longer wait.
    Waiting,
    /// Three tries failed and `on-give-up` is `stop`.
    GaveUp,
}

impl SessionState {
    /// It in words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            SessionState::Stopped => "stopped",
            SessionState::Connecting => "connecting",
            SessionState::Live => "live",
            SessionState::Paused => "paused",
            SessionState::Reconnecting => "reconnecting",
            SessionState::Waiting => "disconnected",
            SessionState::GaveUp => "gave up",
        }
    }
}

/// A device in one word and, if it is not well, why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DeviceStatus {
    pub state: DeviceState,
    /// What is open, or what is wrong.
    pub words: String,
}

/// A device's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// The board has none.
    #[default]
    Absent,
    Closed,
    Opening,
    Running,
    /// Failed or gone; it is being retried.
    Lost,
}

/// A button or switch, by its name in the board profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ButtonStatus {
    pub name: String,
    pub state: ButtonState,
    /// What is open, or what is wrong.
    pub words: String,
}

/// A button's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ButtonState {
    #[default]
    Closed,
    Ready,
    /// Too many edges for a finger: ignored for now.
    Chattering,
    /// Held for too long: ignored until it is released.
    Stuck,
    /// Its line can not be had; it is tried again.
    Lost,
}

impl ButtonState {
    /// Its name in the status.
    pub const fn name(self) -> &'static str {
        match self {
            ButtonState::Closed => "closed",
            ButtonState::Ready => "ready",
            ButtonState::Chattering => "chattering",
            ButtonState::Stuck => "stuck",
            ButtonState::Lost => "lost",
        }
    }
}

/// A lamp, by its name in the board profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LampStatus {
    pub name: String,
    /// `live`, `muted`, `standby` or `fault`.
    pub shows: String,
    /// It is to be lit.
    pub lit: bool,
    pub state: DeviceState,
    /// What is open, or what is wrong.
    pub words: String,
}

/// A property that this build or hardware can not honour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unsupported {
    pub property: String,
    pub reason: String,
}

/// What is in effect of the properties of the picture that is sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ImageStatus {
    /// 1.0 = the whole picture.
    pub zoom: f64,
    /// `lens`, `crop` or `lens and crop`; empty without zoom.
    pub zoom_by: String,
    /// `continuous`, `locked`, or `fixed` when the camera has no control for it; empty while no camera is open.
    pub focus: String,
    /// Levels; less than the properties say where the processor is too slow.
    pub beauty: u32,
    pub whiteness: u32,
}

/// The way up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PusherStatus {
    pub state: SessionState,
    /// Milliseconds in this state.
    pub for_ms: i64,
    /// Without secrets.
    pub url: String,
    /// Nothing of the room is heard on the other side.
    pub muted: bool,
    /// Every reason for it: `muted`, `mute-switch`, `enable-mic`, `standby`, `paused`.
    pub muted_by: Vec<String>,
    /// `camera` or `waiting-image`.
    pub picture: String,
    #[serde(default)]
    pub waiting_image: WaitingImageStatus,
    /// The camera is to be seen on the local screen.
    pub preview: bool,
    pub camera_position: String,
    pub camera: DeviceStatus,
    pub microphone: DeviceStatus,
    /// What is done to its sound: `echo-cancellation`, `noise-suppression`, `automatic-gain`.
    #[serde(default)]
    pub voice: Vec<String>,
    /// What ended the last session.
    pub last_end: String,
    /// Lost connections that were there again without being asked for.
    pub reconnects: u64,
    #[serde(default)]
    pub image: ImageStatus,
    pub unsupported: Vec<Unsupported>,
    pub net: PushStats,
}

/// A player.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PlayerStatus {
    pub id: String,
    pub state: SessionState,
    /// Milliseconds in this state.
    pub for_ms: i64,
    /// Without secrets.
    pub src: String,
    pub muted: bool,
    /// Why it is frozen and silent: `user`, `navigate`, `open-native`.
    #[serde(default)]
    pub paused_by: Vec<String>,
    /// It fills the screen, turned by so many degrees (0, 90, -90).
    #[serde(default)]
    pub full_screen: bool,
    #[serde(default)]
    pub direction: i32,
    /// It is a small picture, because the user interface is on another page.
    #[serde(default)]
    pub picture_in_picture: bool,
    /// The output that plays, `speaker` or `ear`, and its volume, 0 to 100.
    #[serde(default)]
    pub sound_output: String,
    #[serde(default)]
    pub volume: u32,
    /// Nothing left to play.
    pub loading: bool,
    /// What it is heard from.
    #[serde(default)]
    pub speaker: DeviceStatus,
    /// The decoder of pictures in use; empty while there is none.
    #[serde(default)]
    pub decoder: String,
    /// Why none of the stream's pictures can be shown; empty when they can.
    #[serde(default)]
    pub unplayable: String,
    /// What the screen shows: `picture`, or the card's name (`connecting`, `no-connection`, …).
    pub screen: String,
    pub last_end: String,
    /// Lost connections that were there again without being asked for.
    pub reconnects: u64,
    pub unsupported: Vec<Unsupported>,
    pub net: PlayStats,
}

/// Netstatus of the way up, over the last second. Names as in the event `netstatus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushStats {
    /// kbit/s out of the video encoder.
    pub video_bitrate: u32,
    /// kbit/s out of the sound encoder.
    pub audio_bitrate: u32,
    /// Pictures a second encoded.
    #[serde(rename = "videoFPS")]
    pub video_fps: f64,
    /// Seconds between the last two IDR pictures.
    #[serde(rename = "videoGOP")]
    pub video_gop: f64,
    /// kbit/s written to the network.
    pub net_speed: u32,
    /// Milliseconds by which the time a unit needs to leave varies; 0 = none.
    pub net_jitter: f64,
    pub video_width: u32,
    pub video_height: u32,
    /// What the network bears: kbit/s of video, pictures a second, and the size of the next picture.
    pub target_bitrate: u32,
    #[serde(rename = "targetFPS")]
    pub target_fps: u32,
    pub target_width: u32,
    pub target_height: u32,
    /// What keeps the target below `max-bitrate`: `network`, or empty.
    pub limited_by: String,
    /// Age of the oldest unit in the send queue.
    pub queue_ms: f64,
    /// How long the oldest unacknowledged byte waits beyond the shortest way there and back.
    pub path_ms: f64,
    /// Pictures shed since the session began, all causes.
    pub dropped: u64,
    /// Smoothed round trip of the connection (TCP_INFO).
    pub rtt_ms: f64,
    /// Bytes the kernel has not sent yet.
    pub unsent_bytes: u64,
    /// Median of capture to encoder, in ms.
    pub latency_capture: f64,
    /// Median time in the encoder, in ms.
    pub latency_encode: f64,
    /// Median of encoder to kernel, in ms.
    pub latency_queue: f64,
    /// 1 (excellent) to 6 (nothing gets through); 0 without a session.
    pub net_quality_level: u8,
    /// Percent of one processor core that the whole program used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// The machine's highest temperature in °C, where it tells one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Pictures given to the encoder since the daemon started, by source; exact at every moment.
    pub pictures_from_camera: u64,
    pub pictures_from_card: u64,
    /// IDRs that this terminal's players wished for from others, and those that its encoder made because others wished for
    /// them, since the daemon started.
    pub idr_wishes: u64,
    pub idrs_on_request: u64,
    /// Sound lost to overruns and replaced by silence since the start, in ms.
    pub sound_lost_ms: u64,
}

/// Netstatus of a player, over the last second. Names as in the event `netstatus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlayStats {
    pub video_bitrate: u32,
    pub audio_bitrate: u32,
    #[serde(rename = "videoFPS")]
    pub video_fps: f64,
    #[serde(rename = "videoGOP")]
    pub video_gop: f64,
    pub net_speed: u32,
    /// Measured arrival jitter in ms; 0 = none.
    pub net_jitter: f64,
    pub video_width: u32,
    pub video_height: u32,
    /// Age of the oldest unit in the jitter buffer.
    pub queue_ms: f64,
    /// Target delay of the jitter buffer.
    pub jitter_buffer_ms: f64,
    /// Smoothed round trip of the connection (TCP_INFO), as far as something is sent: over HTTP-FLV of its beginning.
    pub rtt_ms: f64,
    /// Lip sync: picture's lead over the sound (positive: the picture is early).
    pub av_play_interval_ms: f64,
    /// Median from the encoder there to the arrival here, in ms: send queue, network and server. Only where the stream
    /// carries the moment of capture and the two clocks agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_net: Option<f64>,
    /// Median of arrival to release from the jitter buffer, in ms.
    pub latency_buffer: f64,
    /// Median time in the decoder, in ms.
    pub latency_decode: f64,
    /// Median of decoded to shown, in ms.
    pub latency_present: f64,
    /// Median from the capture there to the showing here, in ms; as `latencyNet` only where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_end_to_end: Option<f64>,
    /// As of the way up.
    pub net_quality_level: u8,
    /// As of the way up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// As of the way up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Pictures decoded but not shown, since the session began.
    pub dropped: u64,
    /// Sound that was missing when it was due, since the session began, in ms.
    pub sound_missing_ms: u64,
    /// Messages of the server that could not be understood.
    pub bad_messages: u64,
}
