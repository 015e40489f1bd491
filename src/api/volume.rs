//! How loud something is: the event `audiovolumenotify`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Loudness of 200 ms of sound, as it leaves the loudspeaker: after volume and mute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// 0 (at −60 dBFS or below, and muted) to 100 (full scale): the root mean square in steps of 0.6 dB.
    pub volume: u32,
    /// Root mean square in dB of full scale; −120 for silence.
    pub rms: f64,
    /// Loudest sample in dB of full scale; −120 for silence.
    pub peak: f64,
    /// Somebody seems to speak: it is louder than the steady background.
    pub voice: bool,
}

impl Volume {
    /// Nothing is heard.
    pub const SILENCE: Volume = Volume { volume: 0, rms: -120.0, peak: -120.0, voice: false };
}

/// What an `audiovolumenotify` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AudioVolume {
    /// `player:ID`.
    pub object: String,
    #[serde(flatten)]
    pub volume: Volume,
}
