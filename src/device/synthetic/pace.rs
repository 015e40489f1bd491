//! The beat of a device that has no hardware to give it one.

use crate::device::{Wake, clock};
use crate::media::{Span, Time};

/// Waits for moments that are a whole number of periods apart, without drifting.
#[derive(Debug)]
pub struct Pace {
    period: Span,
    due: Time,
    /// How late a moment may be taken before it counts as missed.
    patience: Span,
}

/// A moment of the beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    pub at: Time,
    /// Moments skipped before this one because the thread did not run.
    pub missed: u64,
}

impl Pace {
    /// The first moment is the first whole multiple of `period` from now on. A period is at least a microsecond.
    pub fn new(period: Span, patience: Span) -> Self {
        let period = period.max(Span::micros(1));
        let beats = clock::now().as_micros() / period.as_micros() + 1;
        Self { period, due: Time::from_micros(beats.saturating_mul(period.as_micros())), patience }
    }

    /// Sleeps until the next moment; `None` when the bell rang first.
    pub fn wait(&mut self, wake: &Wake) -> Option<Beat> {
        (!wake.wait(Some(self.due))).then(|| self.beat(clock::now()))
    }

    fn beat(&mut self, now: Time) -> Beat {
        let late = now - self.due;
        let missed = if late > self.patience { late.as_micros() / self.period.as_micros() } else { 0 };
        let at = self.due + self.period * missed;
        self.due = at + self.period;
        Beat { at, missed: missed.unsigned_abs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_lateness_is_caught_up_and_large_lateness_is_missed() {
        let mut pace = Pace::new(Span::millis(10), Span::millis(30));
        let start = pace.due;
        assert_eq!(pace.beat(start + Span::millis(25)), Beat { at: start, missed: 0 });
        let second = start + Span::millis(10);
        assert_eq!(pace.beat(start + Span::millis(26)), Beat { at: second, missed: 0 });
        let after = start + Span::millis(20);
        assert_eq!(pace.beat(after + Span::millis(57)), Beat { at: after + Span::millis(50), missed: 5 });
        assert_eq!(pace.beat(after + Span::millis(60)).missed, 0);
    }

    #[test]
    fn a_bell_ends_the_wait_and_keeps_the_beat() {
        let mut pace = Pace::new(Span::secs(3600), Span::ZERO);
        let (due, wake) = (pace.due, Wake::new().unwrap());
        wake.ring();
        assert_eq!(pace.wait(&wake), None);
        assert_eq!(pace.due, due);
    }
}
