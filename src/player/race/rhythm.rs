//! How an undisturbed stream comes: how quickly, and in which intervals.

use crate::media::{Span, Time};

/// A unit that comes so much later than the quickest ones is at the live edge.
pub const EDGE: Span = Span::millis(300);
/// A stream that has been silent for so long is broken off: sound comes fifty times a second. One whose units come
/// in longer intervals has to be silent for [`SPARSE`] of them.
pub const PATIENCE: Span = Span::millis(400);
const SPARSE: i64 = 3;
/// The interval of a stream's units is the longest within this time at least.
const INTERVALS: Span = Span::secs(5);
/// The quickest way may have become longer by so much of the time that passed: clocks differ.
const DRIFT: i64 = 1000;
/// A way that differs by more than this is another time's.
const JUMP: Span = Span::secs(20);

/// See the module's head.
#[derive(Debug)]
pub struct Rhythm {
    /// The shortest way of a unit, its arrival less its position; and when it was known.
    way: Option<(Span, Time)>,
    /// Longest interval between units of this stretch of time, and of the one before.
    intervals: [Span; 2],
    since: Time,
    unit_at: Option<Time>,
}

impl Rhythm {
    /// Of a stream that begins at `now`.
    pub fn new(now: Time) -> Self {
        Self { way: None, intervals: [Span::ZERO; 2], since: now, unit_at: None }
    }

    /// The unit for `position` came at `now`.
    pub fn note(&mut self, position: Span, now: Time) {
        let way = now - Time::default() - position;
        let known = self.way.map(|(shortest, since)| shortest + (now - since) / DRIFT);
        let shortest = known.filter(|known| (way - *known).abs() <= JUMP).map_or(way, |known| known.min(way));
        self.way = Some((shortest, now));
        if now - self.since >= INTERVALS {
            self.intervals = [Span::ZERO, self.intervals[0]];
            self.since = now;
        }
        // What comes late was held up on its way; what comes in time after a while was sent then.
        if let Some(before) = self.unit_at.replace(now)
            && way - shortest <= EDGE
        {
            self.intervals[0] = self.intervals[0].max(now - before);
        }
    }

    /// What comes next says nothing of an interval.
    pub fn pause(&mut self) {
        self.unit_at = None;
    }

    /// The position that is to come at `now`, when that is known.
    pub fn expected(&self, now: Time) -> Option<Span> {
        self.way.map(|(way, _)| now - Time::default() - way)
    }

    /// After so long a silence it is broken off.
    pub fn patience(&self) -> Span {
        PATIENCE.max(self.intervals[0].max(self.intervals[1]) * SPARSE)
    }
}
