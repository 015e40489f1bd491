//! Units of one track that wait, and how they came.

use super::jitter::{MOST_JITTER, Ways};
use super::{MOST_HELD, transit};
use crate::media::{Span, Time};
use std::collections::VecDeque;

/// A server's burst of old units is over when so many in a row were no faster, by that much, than all before.
const BURST: (u32, Span) = (32, Span::millis(10));
/// So long may everything be too late before the way counts as longer for good.
const LONGER_FOR_GOOD: Span = Span::secs(1);
/// Unless it becomes shorter by this much in the meantime.
const CATCHING_UP: Span = Span::millis(100);
/// What waited in a break has come when the way has not become shorter for so long.
const CAUGHT_UP: Span = Span::millis(150);

/// The waiting units of one track.
#[derive(Clone, Debug)]
pub(super) struct Queue<U> {
    pub(super) held: VecDeque<Held<U>>,
    pub(super) bytes: usize,
    pub(super) ways: Ways,
    /// Stream time from one unit to the next.
    pub(super) step: Span,
    pub(super) config: u32,
    last: Option<(Span, Time)>,
    /// Units since the last one that was much faster than all before it.
    usual: u32,
    /// Units were held up by more than any delay would cover, and what waited is still coming: the shortest way since,
    /// and when it was seen.
    stalled: Option<(Span, Time)>,
    /// Since when everything is too late, and the transit then; catching up begins it anew.
    late_since: Option<(Time, Span)>,
}

#[derive(Clone, Debug)]
pub(super) struct Held<U> {
    pub(super) unit: U,
    pub(super) config: u32,
    pub(super) arrival: Time,
    /// Too old to be seen or heard.
    pub(super) stale: bool,
    /// It came right behind the one before it: both were held up, or are old.
    pub(super) follows: bool,
}

/// How a unit came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) stale: bool,
    pub(super) follows: bool,
    /// It tells of the jitter that is to be expected.
    pub(super) counts: bool,
    /// What was known of the ways before is of no use.
    pub(super) anew: bool,
}

impl<U> Queue<U> {
    /// Nothing came yet.
    pub(super) fn new() -> Self {
        Self {
            held: VecDeque::new(),
            bytes: 0,
            ways: Ways::default(),
            step: Span::ZERO,
            config: 0,
            last: None,
            usual: 0,
            stalled: None,
            late_since: None,
        }
    }

    /// Notes an arrival; what is later than the shortest way by more than `limit` is too old.
    pub(super) fn note(&mut self, position: Span, now: Time, limit: Span) -> Arrival {
        let transit = transit(now, position);
        let relative = self.ways.least().map_or(Span::ZERO, |least| transit - least);
        let (mut follows, mut paused) = (false, false);
        if let Some((last, at)) = self.last.replace((position, now)) {
            self.step = (position - last).max(Span::ZERO).min(Span::secs(1));
            follows = (now - at) * 2 < self.step;
            paused = now - at > LONGER_FOR_GOOD / 2;
        }
        if paused {
            // A break says nothing of the way: only what comes behind it does.
            self.late_since = None;
        }
        let burst = relative < -BURST.1 && self.usual < BURST.0;
        self.stalled = match self.stalled {
            _ if relative > MOST_JITTER => Some((transit, now)),
            Some((shortest, _)) if transit < shortest => Some((transit, now)),
            stalled => stalled.filter(|&(_, at)| now - at < CAUGHT_UP),
        };
        let longer = self.longer_for_good(relative, transit, now);
        let anew = burst || longer;
        // What was taken for a longer way may have been a break: then what was held up in it comes as a burst does.
        self.usual = if anew { 0 } else { self.usual.saturating_add(1) };
        let relative = if anew { Span::ZERO } else { relative };
        let counts = anew || self.stalled.is_none();
        if anew {
            self.ways.forget();
            self.stalled = None;
        }
        if counts {
            self.ways.note(transit, now);
        }
        Arrival { stale: relative > limit, follows, counts, anew }
    }

    /// The stream has only begun, or begun anew: what is behind the live edge now may be left out at once.
    pub(super) fn joins(&self) -> bool {
        self.usual < BURST.0
    }

    fn longer_for_good(&mut self, relative: Span, transit: Span, now: Time) -> bool {
        if relative <= MOST_JITTER {
            self.late_since = None;
            return false;
        }
        let (since, then) = *self.late_since.get_or_insert((now, transit));
        if then - transit > CATCHING_UP {
            self.late_since = Some((now, transit));
            return false;
        }
        let longer = now - since >= LONGER_FOR_GOOD;
        if longer {
            self.late_since = None;
        }
        longer
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
