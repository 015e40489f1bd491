//! How much faster or slower sound has to run so that it stays at its moments: two clocks are never the same.

use crate::media::Span;

/// Frames in a million that are left out (or put in) for each second of lateness: half of it is gone in 0.7 s.
const PULL: f64 = 1.0e6;
/// The same for each second of it and each second of time, so that nothing is left of a steady difference; a quarter
/// of the pull's square, which comes to rest without swinging.
const LEARN: f64 = 0.25e6;
/// Lateness beyond this is made good by whole periods: nothing is learnt from more.
const MOST: f64 = 0.004;
/// Frames in a million at most: further apart than this no two clocks are.
const LIMIT: f64 = 7500.0;
/// Lateness is judged by its mean over so many seconds.
const SMOOTH: f64 = 0.3;

/// A regulator (proportional and integral) of the reading speed.
#[derive(Debug, Default)]
pub(super) struct Steer {
    late: f64,
    /// What was learnt of the clocks, in frames in a million.
    drift: f64,
    /// Frames that should have been left out (positive) or put in.
    debt: f64,
}

impl Steer {
    /// So `late` is what is played, and it is played for `frames` at `rate`.
    pub(super) fn note(&mut self, late: Span, frames: u64, rate: u32) {
        let seconds = frames as f64 / f64::from(rate.max(1));
        self.late += (late.as_secs_f64() - self.late) * (seconds / SMOOTH).min(1.0);
        let late = self.late.clamp(-MOST, MOST);
        self.drift = (self.drift + late * LEARN * seconds).clamp(-LIMIT, LIMIT);
        let speed = (self.drift + late * PULL).clamp(-LIMIT, LIMIT);
        self.debt += speed * frames as f64 / 1e6;
    }

    /// A frame to be left out (1) or put in (−1) now; called when that can be done.
    pub(super) fn take(&mut self) -> i64 {
        let whole = self.debt.trunc().clamp(-1.0, 1.0);
        self.debt = (self.debt - whole).clamp(-2.0, 2.0);
        whole as i64
    }

    /// Sound begins, or went to another place; what was learnt of the clocks is kept.
    pub(super) fn begin(&mut self) {
        (self.late, self.debt) = (0.0, 0.0);
    }

    /// By how many parts in a million the clocks differ.
    pub(super) fn drift(&self) -> f64 {
        self.drift
    }
}
