//! Which video encoder is used, and when a failed one is built again.

use crate::api::fault::DeviceError;
use crate::device::{VideoEncoder, VideoEncoderBuilder, VideoEncoderDriver, VideoEncoding};
use crate::flow::choice::{Choice, Switch, Tolerance};
use crate::media::{Span, Time};

/// So many failures within so long are no accident: each costs the viewer a third of a second.
const TOLERANCE: Tolerance = Tolerance { failures: 3, within: Span::secs(10) };
/// A failed encoder is built again after this: the next IDR is due half a second after the failure.
const REBUILD: Span = Span::millis(300);

/// The encoders of the machine, and the one in use.
pub struct EncoderChoice(Choice<VideoEncoderBuilder>);

/// What a failure leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// Nothing is built before.
    pub rebuild_at: Time,
    /// Another encoder takes over.
    pub switch: Option<Switch>,
}

impl EncoderChoice {
    /// Begins with the first of `drivers`.
    pub fn new(drivers: Vec<VideoEncoderDriver>) -> Self {
        Self(Choice::new(drivers, TOLERANCE))
    }

    /// Builds the encoder in use.
    pub fn build(&self, encoding: VideoEncoding) -> Result<Box<dyn VideoEncoder>, DeviceError> {
        (self.0.driver()?.build)(encoding)
    }

    /// It failed `now`, being built or at work.
    pub fn failed(&mut self, now: Time) -> Consequence {
        let switch = self.0.failed(now);
        Consequence { rebuild_at: if switch.is_some() { now } else { now + REBUILD }, switch }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Fault;

    #[test]
    fn an_encoder_that_takes_over_is_built_at_once_and_any_other_after_a_moment() {
        let driver = |name, hardware| {
            let build = move |_| Err(DeviceError::new(Fault::Failed, name, "test"));
            VideoEncoderDriver { name, hardware, build: Box::new(build) }
        };
        let encoding = VideoEncoding { size: crate::media::Size::new(64, 64), fps: 15, bitrate_kbps: 100 };
        let mut choice = EncoderChoice::new(vec![driver("chip", true), driver("code", false)]);
        let built = |choice: &EncoderChoice| choice.build(encoding).err().map(|error| error.device).unwrap_or_default();
        let at = |ms: i64| Time::from_micros(ms * 1000);
        for ms in [0, 300] {
            assert_eq!(choice.failed(at(ms)), Consequence { rebuild_at: at(ms + 300), switch: None });
            assert_eq!(built(&choice), "chip");
        }
        let switch = Some(Switch { from: "chip", to: "code", hardware: true });
        assert_eq!(choice.failed(at(600)), Consequence { rebuild_at: at(600), switch });
        assert_eq!(built(&choice), "code");
        assert_eq!(choice.failed(at(700)).rebuild_at, at(1000));
    }
}
