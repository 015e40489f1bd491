//! How unevenly a track arrives: relative transit against a slowly rising minimum, and the delay that evens it out.

use crate::media::{Span, Time};
use std::collections::VecDeque;

/// The minimum is taken over this many buckets of a second, so it rises within ten seconds of a longer way.
const BUCKETS: usize = 10;
const BUCKET: Span = Span::secs(1);
/// Relative delays the target is made of: 2.7 s of AAC, 4.3 s of pictures at 30 a second.
const WINDOW: usize = 128;
/// The target is the delay that so many percent of the window do not exceed.
const PERCENT: usize = 95;
/// Part of the surplus that a target which is too high gives up in a second, and the least it gives up.
const FALL: (i64, Span) = (3, Span::millis(10));

/// The shortest way of late: `arrival - pts` at its least over the last ten seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Base {
    buckets: VecDeque<(Time, Span)>,
}

impl Base {
    /// Takes the transit of a unit that arrived at `at` and returns how much longer it was than the minimum
    /// before it: negative when it is the new minimum, zero for the first.
    pub(super) fn note(&mut self, transit: Span, at: Time) -> Span {
        let relative = self.get().map_or(Span::ZERO, |base| transit - base);
        match self.buckets.back_mut() {
            Some((began, least)) if at - *began < BUCKET => *least = transit.min(*least),
            _ => self.buckets.push_back((at, transit)),
        }
        while self.buckets.len() > BUCKETS {
            self.buckets.pop_front();
        }
        relative
    }

    /// The minimum; `None` before the first unit.
    pub(super) fn get(&self) -> Option<Span> {
        self.buckets.iter().map(|&(_, least)| least).min()
    }

    /// The way became longer for good: `transit` is the minimum from here on.
    pub(super) fn restart(&mut self, transit: Span, at: Time) {
        self.buckets.clear();
        self.buckets.push_back((at, transit));
    }
}

/// The delay beyond the minimum that makes all but the latest units be there in time.
#[derive(Clone, Debug)]
pub(super) struct Target {
    recent: VecDeque<Span>,
    target: Span,
    updated: Option<Time>,
    most: Span,
}

impl Target {
    /// A target that never exceeds `most`.
    pub(super) fn new(most: Span) -> Self {
        Self { recent: VecDeque::with_capacity(WINDOW), target: Span::ZERO, updated: None, most }
    }

    /// Takes a unit's relative delay; the target rises at once and falls slowly.
    pub(super) fn note(&mut self, relative: Span, at: Time) {
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(relative.max(Span::ZERO));
        let goal = percentile(&self.recent, PERCENT).min(self.most);
        let elapsed = self.updated.map_or(Span::ZERO, |last| (at - last).max(Span::ZERO).min(Span::secs(1)));
        self.updated = Some(at);
        if goal >= self.target {
            self.target = goal;
            return;
        }
        let surplus = self.target - goal;
        let fall = (surplus.as_micros() * FALL.0 / 10).max(FALL.1.as_micros());
        let fall = Span::micros((fall as i128 * elapsed.as_micros() as i128 / 1_000_000) as i64);
        self.target -= fall.min(surplus);
    }

    /// The target of now.
    pub(super) fn get(&self) -> Span {
        self.target
    }
}

/// The value that `percent` of `values` do not exceed (nearest rank); zero for none.
pub(super) fn percentile(values: &VecDeque<Span>, percent: usize) -> Span {
    let mut sorted: Vec<Span> = values.iter().copied().collect();
    if sorted.is_empty() {
        return Span::ZERO;
    }
    let place = (sorted.len() * percent).div_ceil(100).clamp(1, sorted.len()) - 1;
    *sorted.select_nth_unstable(place).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    /// Feeds relative delays, 20 ms apart, and returns the target after each.
    fn run(delays: impl IntoIterator<Item = i64>) -> Vec<Span> {
        let mut target = Target::new(Span::millis(300));
        let steps = delays.into_iter().enumerate();
        steps
            .map(|(n, delay)| {
                target.note(Span::millis(delay), at(n as i64 * 20));
                target.get()
            })
            .collect()
    }

    #[test]
    fn the_minimum_follows_a_shorter_way_at_once_and_a_longer_one_within_ten_seconds() {
        let mut base = Base::default();
        assert_eq!(base.note(Span::millis(50), at(0)), Span::ZERO);
        assert_eq!(base.note(Span::millis(20), at(20)), Span::millis(-30));
        for n in 2..520 {
            base.note(Span::millis(70), at(n * 20));
        }
        assert_eq!(base.get(), Some(Span::millis(70)));
    }

    #[test]
    fn a_quiet_lan_needs_next_to_no_delay() {
        let steady = run((0..200).map(|n| n % 2));
        assert!(steady.iter().all(|&target| target <= Span::millis(1)), "{steady:?}");
    }

    #[test]
    fn a_single_late_unit_is_no_reason_to_wait_and_a_jittery_way_is() {
        let one_late = run((0..200).map(|n| if n == 150 { 200 } else { 1 }));
        assert_eq!(*one_late.last().unwrap(), Span::millis(1));
        let jittery = run((0..200).map(|n| n * 37 % 60));
        assert!((Span::millis(50)..=Span::millis(60)).contains(jittery.last().unwrap()), "{jittery:?}");
    }

    #[test]
    fn the_target_rises_at_once_falls_slowly_and_has_a_limit() {
        let targets = run((0..700).map(|n| if (100..140).contains(&n) { 900 } else { 0 }));
        assert_eq!(targets[115], Span::millis(300));
        assert!(targets[270] > Span::millis(150), "{}", targets[270]);
        assert!(targets[699] < Span::millis(40), "{}", targets[699]);
        assert!(targets.windows(2).skip(116).all(|pair| pair[0] - pair[1] <= Span::millis(3)));
    }
}
