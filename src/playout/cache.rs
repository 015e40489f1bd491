//! The delay of live mode: from the first unit on behind the stream by the cache, longer after a stall.

use crate::media::{Span, Time};

/// A server's burst of old units is over by then; until then the delay follows the shortest way.
const SETTLING: Span = Span::secs(1);
/// What is added to the delay a late unit needed.
const MARGIN: Span = Span::millis(250);
/// The cache shrinks after so long without a late unit, by one part in so many of real time.
const CALM: (Span, i64) = (Span::secs(30), 20);
/// The way changed so much that the delay is set anew.
const ANOTHER_WAY: Span = Span::secs(1);

/// The cache of live mode.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    min: Span,
    max: Span,
    size: Span,
    /// Moment less stream position at which units are played.
    delay: Option<Span>,
    began: Option<Time>,
    calm_since: Time,
    noted: Time,
}

impl Cache {
    /// A cache that begins at `min` and never exceeds `max`; a `max` below `min` counts as `min`.
    pub(super) fn new(min: Span, max: Span) -> Self {
        let min = min.max(Span::ZERO);
        let (calm_since, noted) = (Time::default(), Time::default());
        Self { min, max: max.max(min), size: min, delay: None, began: None, calm_since, noted }
    }

    /// Moment less stream position at which a unit is played; `None` before the first one.
    pub(super) fn delay(&self) -> Option<Span> {
        self.delay
    }

    /// How much it holds back at present.
    pub(super) fn size(&self) -> Span {
        self.size
    }

    /// How much it may ever hold back.
    pub(super) fn most(&self) -> Span {
        self.max
    }

    /// A unit came `relative` later than the quickest, whose transit is `base`; true when the cache ran empty.
    pub(super) fn note(&mut self, base: Span, relative: Span, has_sound: bool, now: Time) -> bool {
        let passed = (now - self.noted).max(Span::ZERO);
        self.noted = now;
        let began = *self.began.get_or_insert(now);
        let wanted = base + self.size;
        let Some(delay) = self.delay.filter(|_| now - began > SETTLING) else {
            self.delay = Some(wanted);
            self.calm_since = now;
            return false;
        };
        if (delay - wanted).abs() > ANOTHER_WAY {
            self.delay = Some(wanted);
        } else if base + relative > delay {
            self.calm_since = now;
            let size = (relative + MARGIN).min(self.max).max(self.size);
            let grown = size > self.size;
            self.size = size;
            self.delay = Some(base + size);
            return grown;
        } else if !has_sound && now - self.calm_since > CALM.0 {
            let shorter = (delay - passed.min(Span::secs(1)) / CALM.1).max(base + self.min);
            self.delay = Some(shorter.min(delay));
            self.size = (shorter - base).max(self.min).min(self.size);
        }
        false
    }
}
