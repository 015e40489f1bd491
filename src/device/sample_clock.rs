//! When was this sample captured? A steady answer although its bytes arrive in jerks.

use crate::media::{Span, Time};

/// Sound arrives late by this much, and stays late: time was lost.
const LOST: Span = Span::millis(20);
/// So long lateness must hold to be a loss: a burst that catches up ends it before.
const LOST_WINDOW: Span = Span::millis(50);
/// So long lateness must hold to be a slow crystal and not the writer's jitter.
const DRIFT_WINDOW: Span = Span::secs(1);
/// Largest correction of one arrival towards earlier: periods of 10 ms keep their order.
const STEP_EARLIER: Span = Span::millis(1);
/// The same when sound comes faster than time runs (a file sent through `cat`): it is held back instead.
const STEP_TOO_EARLY: Span = Span::micros(50);
/// Largest correction of one drift window towards later: 500 ppm, more than a crystal is off.
const STEP_LATER: Span = Span::micros(500);

/// Maps counted samples to time, anchored by their arrivals.
///
/// A sample can not arrive before it was captured, but any time after. So the earliest arrivals tell the
/// truth: an early one pulls the clock towards earlier at once, late ones push it only when a whole window of
/// them was late; when all of them were late by [`LOST`], the difference is time that was lost.
#[derive(Debug)]
pub struct SampleClock {
    rate: u32,
    /// Time of sample 0; `None` before the first arrival.
    anchor: Option<Time>,
    /// Samples a channel given out.
    given: i64,
    loss: Window,
    drift: Window,
}

/// The least lateness since a moment.
#[derive(Debug, Default)]
struct Window(Option<(Time, Span)>);

impl Window {
    /// Adds an arrival; the least lateness, when that ends the window.
    fn add(&mut self, late: Span, now: Time, length: Span) -> Option<Span> {
        let (since, least) = self.0.map_or((now, late), |(since, least)| (since, least.min(late)));
        let over = now - since >= length;
        self.0 = (!over).then_some((since, least));
        over.then_some(least)
    }
}

impl SampleClock {
    /// A clock for `rate` samples a second.
    pub fn new(rate: u32) -> Self {
        Self { rate, anchor: None, given: 0, loss: Window::default(), drift: Window::default() }
    }

    /// Says that at `now` there are `ahead` samples not yet given out. Returns time found to be lost: the caller
    /// gives out silence of that length before the next samples.
    pub fn arrived(&mut self, ahead: usize, now: Time) -> Span {
        let newest = self.given + ahead as i64;
        let Some(anchor) = self.anchor else {
            self.anchor = Some(now - Span::samples(newest, self.rate));
            return Span::ZERO;
        };
        let late = now - (anchor + Span::samples(newest, self.rate));
        if late < Span::ZERO {
            let step = if late < -LOST { STEP_TOO_EARLY } else { STEP_EARLIER };
            self.anchor = Some(anchor - (-late).min(step));
            (self.loss, self.drift) = (Window::default(), Window::default());
            return Span::ZERO;
        }
        if let Some(lost) = self.loss.add(late, now, LOST_WINDOW)
            && lost > LOST
        {
            self.anchor = Some(anchor + lost);
            self.drift = Window::default();
            return lost;
        }
        if let Some(slow) = self.drift.add(late, now, DRIFT_WINDOW) {
            self.anchor = Some(anchor + slow.min(STEP_LATER));
        }
        Span::ZERO
    }

    /// Says that the device lost all sound up to `now` and starts afresh; returns how long that is.
    pub fn restarted(&mut self, now: Time) -> Span {
        let lost = self.anchor.map_or(Span::ZERO, |_| (now - self.time_of_next()).max(Span::ZERO));
        self.anchor = self.anchor.map(|anchor| anchor + lost);
        (self.loss, self.drift) = (Window::default(), Window::default());
        lost
    }

    /// Gives out `count` samples; returns the time of the first.
    pub fn give(&mut self, count: usize) -> Time {
        let at = self.time_of_next();
        self.given += count as i64;
        at
    }

    /// The time of the sample that is given out next.
    pub fn time_of_next(&self) -> Time {
        self.anchor.unwrap_or_default() + Span::samples(self.given, self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Span = Span::millis(10);

    fn at(ms: i64) -> Time {
        Time::from_micros(1_000_000) + Span::millis(ms)
    }

    /// Gives one period out for each arrival; returns lost time and the period's time.
    fn step(clock: &mut SampleClock, now: Time) -> (Span, Time) {
        (clock.arrived(480, now), clock.give(480))
    }

    #[test]
    fn jitter_of_the_writer_does_not_wobble_the_clock() {
        let mut clock = SampleClock::new(48_000);
        let mut random = fastrand::Rng::with_seed(5);
        let mut before = step(&mut clock, at(10)).1;
        for n in 2..2000 {
            let late = Span::micros(random.i64(0..8000));
            let (lost, time) = step(&mut clock, at(10 * n) + late);
            assert_eq!(lost, Span::ZERO);
            assert!((time - before - PERIOD).abs() <= Span::millis(1), "{:?} after {before:?}", time);
            if n > 100 {
                assert!((time - at(10 * n - 10)).abs() < Span::millis(1), "{n}: {:?}", time - at(10 * n - 10));
            }
            before = time;
        }
    }

    #[test]
    fn a_first_arrival_that_was_late_is_corrected_by_earlier_ones() {
        let mut clock = SampleClock::new(48_000);
        step(&mut clock, at(25));
        for n in 2..30 {
            step(&mut clock, at(10 * n));
        }
        assert_eq!(clock.time_of_next(), at(290));
    }

    #[test]
    fn a_writer_that_paused_owes_the_pause_as_silence() {
        let mut clock = SampleClock::new(48_000);
        let lost: Span = (1..100).map(|n| step(&mut clock, at(if n < 50 { 10 * n } else { 10 * n + 300 })).0).sum();
        assert_eq!(lost, Span::millis(300));
        assert_eq!(clock.time_of_next(), at(99 * 10 + 300));
    }

    #[test]
    fn a_device_that_restarts_owes_the_time_until_then() {
        let mut clock = SampleClock::new(48_000);
        assert_eq!(clock.restarted(at(5)), Span::ZERO, "nothing was due yet");
        step(&mut clock, at(10));
        assert_eq!(clock.restarted(at(260)), Span::millis(250));
        assert_eq!(step(&mut clock, at(270)), (Span::ZERO, at(260)));
    }

    #[test]
    fn a_burst_that_catches_up_loses_nothing() {
        let mut clock = SampleClock::new(48_000);
        for n in 1..100 {
            // Periods 50..=60 all come at the time of the last of them.
            let now = if (50..=60).contains(&n) { at(600) } else { at(10 * n) };
            assert_eq!(step(&mut clock, now).0, Span::ZERO);
        }
        assert_eq!(clock.time_of_next(), at(990));
    }

    #[test]
    fn a_crystal_that_is_off_is_followed_both_ways() {
        for ppm in [-300, 300] {
            let mut clock = SampleClock::new(48_000);
            for n in 1..6000_i64 {
                let now = at(0) + Span::micros(n * 10_000 + n * ppm / 100);
                let (lost, time) = step(&mut clock, now);
                assert_eq!(lost, Span::ZERO);
                assert!((now - PERIOD - time).abs() < Span::millis(1), "{ppm} ppm, period {n}");
            }
        }
    }
}
