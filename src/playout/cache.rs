//! The cache of live mode: how far behind the shortest way everything is played, and longer after a stall.

use crate::media::{Span, Time};

/// A server's burst of old units is over by then, and what is late has a reason.
const SETTLING: Span = Span::secs(1);
/// What is added to the delay a late unit needed.
const MARGIN: Span = Span::millis(250);
/// The cache shrinks after so long without a late unit, by one part in so many of real time.
const CALM: (Span, i64) = (Span::secs(30), 20);

/// The cache of live mode.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    min: Span,
    max: Span,
    size: Span,
    began: Option<Time>,
    calm_since: Time,
    noted: Time,
}

impl Cache {
    /// A cache that begins at `min` and never exceeds `max`; a `max` below `min` counts as `min`.
    pub(super) fn new(min: Span, max: Span) -> Self {
        let min = min.max(Span::ZERO);
        let (calm_since, noted) = (Time::default(), Time::default());
        Self { min, max: max.max(min), size: min, began: None, calm_since, noted }
    }

    /// How much it holds back at present.
    pub(super) fn size(&self) -> Span {
        self.size
    }

    /// How much it may ever hold back.
    pub(super) fn most(&self) -> Span {
        self.max
    }

    /// A unit came `relative` later than the quickest; true when the cache ran empty and became larger.
    pub(super) fn note(&mut self, relative: Span, now: Time) -> bool {
        let passed = (now - self.noted).max(Span::ZERO).min(Span::secs(1));
        self.noted = now;
        let began = *self.began.get_or_insert(now);
        if now - began <= SETTLING || relative > self.size {
            self.calm_since = now;
        }
        if now - self.calm_since > CALM.0 {
            self.size = (self.size - passed / CALM.1).max(self.min);
        }
        if now - began <= SETTLING || relative <= self.size {
            return false;
        }
        let before = std::mem::replace(&mut self.size, (relative + MARGIN).min(self.max));
        self.size > before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes in milliseconds after each of `arrivals` (moment and lateness, in milliseconds).
    fn sizes(min: i64, max: i64, arrivals: impl IntoIterator<Item = (i64, i64)>) -> Vec<i64> {
        let mut cache = Cache::new(Span::millis(min), Span::millis(max));
        let note = |(at, late)| {
            cache.note(Span::millis(late), Time::from_micros(at * 1000));
            cache.size().as_millis()
        };
        arrivals.into_iter().map(note).collect()
    }

    #[test]
    fn it_grows_by_what_was_missing_and_a_margin_up_to_its_limit() {
        let table = [(0, 1500, 1000), (1100, 900, 1000), (1200, 1200, 1450), (1300, 1400, 1450), (1400, 2900, 3000)];
        let sized = sizes(1000, 3000, table.map(|(at, late, _)| (at, late)));
        assert_eq!(sized, table.map(|row| row.2));
        assert_eq!(sizes(1000, 1000, [(0, 0), (5000, 4000)]), [1000, 1000], "a fixed one never");
    }

    #[test]
    fn it_shrinks_after_a_calm_half_minute_by_a_twentieth_of_time_down_to_its_least() {
        let calm = (0..4000).map(|n| (2000 + n * 20, if n == 0 { 2000 } else { 0 }));
        let sized = sizes(1000, 3000, [(0, 0)].into_iter().chain(calm));
        assert_eq!((sized[1], sized[1490], sized[4000]), (2250, 2250, 1000));
        assert!((1745..=1755).contains(&sized[2001]), "{} after ten more seconds", sized[2001]);
    }
}
