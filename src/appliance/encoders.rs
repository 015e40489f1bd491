//! What failures of the encoders mean: each is told once, until its encoder has worked for a second again.

use crate::api::code::{self, Code};
use crate::api::fault::DeviceError;
use crate::api::status::PushStats;
use serde_json::{Value, json};

/// Which encoders have failed since they last worked.
#[derive(Debug, Default)]
pub struct Encoders {
    video: bool,
    sound: bool,
}

impl Encoders {
    /// The video encoder failed: the event that follows.
    pub fn video_failed(&mut self, error: &DeviceError) -> Option<(&'static Code, Value)> {
        let told = std::mem::replace(&mut self.video, true);
        (!told).then(|| (code::PUSH_ERR_VIDEO_ENCODE_FAIL, json!({ "reason": error.to_string() })))
    }

    /// The sound encoder failed: the event that follows.
    pub fn sound_failed(&mut self, error: &DeviceError) -> Option<(&'static Code, Value)> {
        let told = std::mem::replace(&mut self.sound, true);
        (!told).then(|| (code::PUSH_ERR_AUDIO_ENCODE_FAIL, json!({ "reason": error.to_string() })))
    }

    /// The figures of the last second: what was encoded in it works.
    pub fn worked(&mut self, stats: &PushStats) {
        self.video &= stats.video_fps == 0.0;
        self.sound &= stats.audio_bitrate == 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::fault::Fault;

    #[test]
    fn an_encoder_that_fails_again_and_again_is_told_once_until_it_has_worked() {
        let error = DeviceError::new(Fault::Failed, "openh264", "test");
        let mut encoders = Encoders::default();
        let told = |event: Option<(&'static Code, Value)>| event.map(|(code, _)| code.number);
        assert_eq!(told(encoders.video_failed(&error)), Some(-1303));
        encoders.worked(&PushStats { audio_bitrate: 64, ..PushStats::default() });
        assert_eq!(told(encoders.video_failed(&error)), None);
        assert_eq!(told(encoders.sound_failed(&error)), Some(-1304));
        encoders.worked(&PushStats { video_fps: 15.0, ..PushStats::default() });
        assert_eq!(told(encoders.video_failed(&error)), Some(-1303));
        assert_eq!(told(encoders.sound_failed(&error)), None);
    }
}
