//! Which video encoder is used: the best of the machine until it fails again and again, then the next.

use crate::api::fault::DeviceError;
use crate::device::{VideoEncoder, VideoEncoderDriver, VideoEncoding};
use crate::media::{Span, Time};

/// So many failures within so long are no accident: each costs the viewer a third of a second.
const FAILURES: usize = 3;
const WITHIN: Span = Span::secs(10);
/// A failed encoder is built again after this: the next IDR is due half a second after the failure.
const REBUILD: Span = Span::millis(300);

/// The encoders of the machine, the best first, and the one in use.
pub struct EncoderChoice {
    drivers: Vec<VideoEncoderDriver>,
    current: usize,
    /// When it failed lately.
    failures: Vec<Time>,
}

/// What a failure leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// Nothing is built before.
    pub rebuild_at: Time,
    /// Another encoder takes over.
    pub switch: Option<Switch>,
}

/// One encoder takes over from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    pub from: &'static str,
    pub to: &'static str,
    /// The one that failed is hardware.
    pub hardware: bool,
}

impl EncoderChoice {
    /// Begins with the first of `drivers`.
    pub fn new(drivers: Vec<VideoEncoderDriver>) -> Self {
        Self { drivers, current: 0, failures: Vec::new() }
    }

    /// Builds the encoder in use.
    pub fn build(&self, encoding: VideoEncoding) -> Result<Box<dyn VideoEncoder>, DeviceError> {
        let none = || DeviceError::new(crate::device::Fault::Missing, "encoder", "this machine has none");
        (self.drivers.get(self.current).ok_or_else(none)?.build)(encoding)
    }

    /// It failed `now`, being built or at work.
    pub fn failed(&mut self, now: Time) -> Consequence {
        self.failures.retain(|at| now - *at < WITHIN);
        self.failures.push(now);
        let next = self.drivers.get(self.current).zip(self.drivers.get(self.current + 1));
        let Some((from, to)) = next.filter(|_| self.failures.len() >= FAILURES) else {
            return Consequence { rebuild_at: now + REBUILD, switch: None };
        };
        let switch = Switch { from: from.name, to: to.name, hardware: from.hardware };
        self.current += 1;
        self.failures.clear();
        Consequence { rebuild_at: now, switch: Some(switch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Fault;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    fn driver(name: &'static str, hardware: bool) -> VideoEncoderDriver {
        let build = move |_| Err(DeviceError::new(Fault::Failed, name, "test"));
        VideoEncoderDriver { name, hardware, build: Box::new(build) }
    }

    fn built(choice: &EncoderChoice) -> String {
        let encoding = VideoEncoding { size: crate::media::Size::new(64, 64), fps: 15, bitrate_kbps: 100 };
        choice.build(encoding).err().map(|error| error.device).unwrap_or_default()
    }

    #[test]
    fn three_failures_in_ten_seconds_bring_the_next_encoder_and_the_last_one_is_tried_for_ever() {
        let mut choice = EncoderChoice::new(vec![driver("chip", true), driver("code", false)]);
        let again = |ms| Consequence { rebuild_at: at(ms + 300), switch: None };
        for ms in [0, 9_000, 18_000] {
            assert_eq!(choice.failed(at(ms)), again(ms), "no three of them are within ten seconds");
        }
        assert_eq!(built(&choice), "chip");
        assert_eq!(choice.failed(at(18_500)).switch, Some(Switch { from: "chip", to: "code", hardware: true }));
        for ms in (20_000..100_000).step_by(300) {
            assert_eq!((built(&choice).as_str(), choice.failed(at(ms))), ("code", again(ms)));
            assert!(choice.failures.len() < 40, "what is long ago is forgotten");
        }
    }

    #[test]
    fn a_machine_without_an_encoder_says_so() {
        let mut choice = EncoderChoice::new(vec![]);
        assert_eq!(built(&choice), "encoder");
        assert_eq!(choice.failed(at(0)), Consequence { rebuild_at: at(300), switch: None });
    }
}
