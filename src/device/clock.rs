//! The only place that reads the monotonic clock. Engines never do: they are told the time.

use crate::media::Time;
use rustix::time::{ClockId, clock_gettime};

/// The moment it is, on CLOCK_MONOTONIC.
pub fn now() -> Time {
    let at = clock_gettime(ClockId::Monotonic);
    Time::from_micros(at.tv_sec * 1_000_000 + at.tv_nsec / 1000)
}
