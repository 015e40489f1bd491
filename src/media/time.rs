//! One line of time for the whole program: CLOCK_MONOTONIC in microseconds.
//!
//! The kernel stamps pictures (V4L2), sound (ALSA), button edges (GPIO) and page flips (DRM) on this
//! clock, so all of them become a [`Time`] without conversion, and a test can write one as a literal.
//! Nothing here reads a clock: that is [`crate::device::clock`]'s job.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};
use std::time::Duration;

/// A moment on CLOCK_MONOTONIC, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A signed length of time in microseconds; also a position in a stream whose beginning is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

/// The clocks of a machine at one moment: what a moment of another machine is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    pub now: Time,
    /// UTC, microseconds since 1970.
    pub utc_us: i64,
    /// The time of day is kept right by a time service.
    pub synchronised: bool,
}

impl Clocks {
    /// The time of day at `at`, in microseconds since 1970.
    pub fn utc_at(&self, at: Time) -> i64 {
        self.utc_us.saturating_sub((self.now - at).as_micros())
    }
}

impl Time {
    /// The moment `us` microseconds after the clock's zero.
    pub const fn from_micros(us: i64) -> Self {
        Self(us)
    }
    /// Microseconds since the clock's zero.
    pub const fn as_micros(self) -> i64 {
        self.0
    }
    /// Milliseconds since the clock's zero, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// `us` microseconds.
    pub const fn micros(us: i64) -> Self {
        Self(us)
    }
    /// `ms` milliseconds.
    pub const fn millis(ms: i64) -> Self {
        Self(ms * 1000)
    }
    /// `s` seconds.
    pub const fn secs(s: i64) -> Self {
        Self(s * 1_000_000)
    }
    /// The time `count` samples last at `rate` samples a second, rounded down; zero for a zero rate.
    pub const fn samples(count: i64, rate: u32) -> Self {
        if rate == 0 {
            return Self(0);
        }
        Self((count as i128 * 1_000_000 / rate as i128) as i64)
    }
    /// The length in microseconds.
    pub const fn as_micros(self) -> i64 {
        self.0
    }
    /// The length in milliseconds, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }
    /// The length in milliseconds as a fraction, for people and metrics.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
    /// The length in seconds as a fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
    /// How many samples at `rate` samples a second fit, rounded down.
    pub const fn as_samples(self, rate: u32) -> i64 {
        (self.0 as i128 * rate as i128).div_euclid(1_000_000) as i64
    }
    /// The distance from zero.
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }
    /// The same length for the standard library; negative becomes zero.
    pub const fn to_std(self) -> Duration {
        Duration::from_micros(if self.0 < 0 { 0 } else { self.0 as u64 })
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}
impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}
impl Sub for Time {
    type Output = Span;
    fn sub(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}
impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}
impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}
impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}
impl AddAssign for Span {
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}
impl SubAssign for Span {
    fn sub_assign(&mut self, other: Span) {
        *self = *self - other;
    }
}
impl Neg for Span {
    type Output = Span;
    fn neg(self) -> Span {
        Span(self.0.saturating_neg())
    }
}
impl Mul<i64> for Span {
    type Output = Span;
    fn mul(self, factor: i64) -> Span {
        Span(self.0.saturating_mul(factor))
    }
}
impl Div<i64> for Span {
    type Output = Span;
    fn div(self, divisor: i64) -> Span {
        Span(self.0 / divisor)
    }
}
impl Sum for Span {
    fn sum<I: Iterator<Item = Span>>(spans: I) -> Span {
        spans.fold(Span::ZERO, Add::add)
    }
}
impl From<Duration> for Span {
    fn from(duration: Duration) -> Span {
        Span(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.abs() {
            us if us < 10_000 => write!(f, "{:.1} ms", self.as_millis_f64()),
            us if us < 10_000_000 => write!(f, "{} ms", self.as_millis()),
            _ => write!(f, "{:.1} s", self.as_secs_f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_spans_convert_both_ways() {
        assert_eq!(Span::samples(480, 48_000), Span::millis(10));
        assert_eq!(Span::millis(10).as_samples(44_100), 441);
        assert_eq!(Span::micros(-1).as_samples(48_000), -1);
        assert_eq!(Span::samples(1, 0), Span::ZERO);
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Time::from_micros(i64::MAX) + Span::secs(1), Time::from_micros(i64::MAX));
        assert_eq!(Span::micros(-5).to_std(), Duration::ZERO);
    }
}
