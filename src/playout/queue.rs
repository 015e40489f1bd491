//! Units of one track that wait, and how they came.

use super::jitter::{Base, Target};
use super::{MOST_HELD, transit};
use crate::media::{Span, Time};
use std::collections::VecDeque;

/// Most delay that jitter may cost in a call.
const MOST_JITTER: Span = Span::millis(300);
/// A unit that is faster than any before it by this much belongs to a burst of old ones.
const BURST: Span = Span::millis(10);
/// So long may everything be too late before the way counts as longer for good.
const LONGER_FOR_GOOD: Span = Span::secs(1);
/// Unless it becomes shorter by this much in the meantime.
const CATCHING_UP: Span = Span::millis(100);

/// The waiting units of one track.
#[derive(Clone, Debug)]
pub(super) struct Queue<U> {
    pub(super) held: VecDeque<Held<U>>,
    pub(super) bytes: usize,
    pub(super) base: Base,
    pub(super) target: Target,
    /// Since when everything is too late, and the transit then; catching up begins it anew.
    pub(super) late_since: Option<(Time, Span)>,
    pub(super) last: Option<(Span, Time)>,
    /// Stream time from one unit to the next.
    pub(super) step: Span,
    pub(super) config: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Held<U> {
    pub(super) unit: U,
    pub(super) config: u32,
    pub(super) arrival: Time,
    /// Too old to be seen or heard.
    pub(super) stale: bool,
}

/// How a unit came.
pub(super) struct Arrival {
    /// Its transit less the shortest before it.
    pub(super) relative: Span,
    pub(super) stale: bool,
    /// It came right behind another one that was held up.
    pub(super) catching_up: bool,
}

impl<U> Queue<U> {
    /// Nothing came yet.
    pub(super) fn new() -> Self {
        Self {
            held: VecDeque::new(),
            bytes: 0,
            base: Base::default(),
            target: Target::new(MOST_JITTER),
            late_since: None,
            last: None,
            step: Span::ZERO,
            config: 0,
        }
    }

    /// Notes an arrival. `limit`: from which relative delay on a unit is too old; `bursts`: so is one that comes
    /// in a burst.
    pub(super) fn note(&mut self, position: Span, now: Time, (limit, bursts): (Span, bool)) -> Arrival {
        let transit = transit(now, position);
        let first = self.base.get().is_none();
        let relative = self.base.note(transit, now);
        let mut catching_up = false;
        if let Some((last, at)) = self.last.replace((position, now)) {
            self.step = (position - last).max(Span::ZERO).min(Span::secs(1));
            catching_up = (now - at) * 2 < self.step;
        }
        if relative <= limit {
            self.late_since = None;
            // What comes right behind a late unit was held up by the same thing: it counts once.
            if !catching_up {
                self.target.note(relative, now);
            }
            return Arrival { relative, stale: bursts && !first && relative < -BURST, catching_up };
        }
        let (since, then) = *self.late_since.get_or_insert((now, transit));
        if then - transit > CATCHING_UP {
            self.late_since = Some((now, transit));
        }
        if then - transit > CATCHING_UP || now - since < LONGER_FOR_GOOD {
            return Arrival { relative, stale: true, catching_up };
        }
        self.base.restart(transit, now);
        self.late_since = None;
        Arrival { relative: Span::ZERO, stale: false, catching_up }
    }

    /// More stream time is held than may be.
    pub(super) fn over(&self, position: impl Fn(&U) -> Span) -> bool {
        let ends = self.held.front().zip(self.held.back());
        // Units without distance in time are bounded by their number.
        ends.is_some_and(|(first, last)| position(&last.unit) - position(&first.unit) > MOST_HELD.0)
            || self.held.len() > 2048
            || self.bytes > MOST_HELD.1
    }
}
