//! When was this sample heard? Counting samples is smooth but drifts; arrival times are true but jitter.
//! This counts, and leans gently towards the arrival times.

use crate::media::{Span, Time};

/// Further off than this the count is wrong (sound was lost, the device was changed), not the clock.
const JUMP: Span = Span::millis(40);
/// Part of the difference that is taken over with every period: 1/64 follows ±500 ppm within 0.4 ms.
const LEAN: i64 = 64;

/// Tells the capture time of consecutive samples at a nominal rate.
#[derive(Debug)]
pub struct SampleClock {
    rate: u32,
    /// Capture time of the next sample, in nanoseconds so that 1/48000 s adds up; `None` before the first.
    next_ns: Option<i64>,
}

impl SampleClock {
    /// A clock for `rate` samples a second that has not heard anything.
    pub fn new(rate: u32) -> Self {
        Self { rate: rate.max(1), next_ns: None }
    }

    /// The next sample was captured about `at`.
    pub fn heard(&mut self, at: Time) {
        let at_ns = at.as_micros() * 1000;
        self.next_ns = Some(match self.next_ns {
            Some(next) if (at_ns - next).abs() <= JUMP.as_micros() * 1000 => next + (at_ns - next) / LEAN,
            _ => at_ns,
        });
    }

    /// The capture time of the next sample; then moves on by `samples`.
    pub fn advance(&mut self, samples: usize) -> Time {
        let next = self.next_ns.unwrap_or_default();
        self.next_ns = Some(next + samples as i64 * 1_000_000_000 / i64::from(self.rate));
        Time::from_micros(next.div_euclid(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrival_jitter_is_smoothed_and_a_crooked_device_clock_is_followed() {
        let mut random = fastrand::Rng::with_seed(4);
        let mut clock = SampleClock::new(48_000);
        let mut worst = 0;
        for n in 0..60_000_i64 {
            // A sound card that runs 500 ppm fast, heard with up to 8 ms of jitter.
            let truth = n * 10_000 - n * 5;
            clock.heard(Time::from_micros(truth + random.i64(0..8000)));
            let said = clock.advance(480).as_micros();
            if n > 1000 {
                worst = worst.max((said - truth - 4000).abs());
            }
        }
        assert!(worst < 2000, "{worst} us");
    }

    #[test]
    fn lost_sound_moves_the_clock_at_once() {
        let mut clock = SampleClock::new(48_000);
        clock.heard(Time::from_micros(0));
        clock.advance(480);
        clock.heard(Time::from_micros(210_000));
        assert_eq!(clock.advance(480), Time::from_micros(210_000));
    }
}
