//! One line: from a bouncing level to presses and troubles.

use super::{CHATTER_EDGES, CHATTER_IGNORED, CHATTER_WINDOW, DEBOUNCE, Kind, LONG, REFRACTORY, STUCK};
use crate::api::notice::Gesture;
use crate::media::Time;
use std::collections::VecDeque;

/// Where a line says what it did, and when that was.
type Say<'a> = &'a mut dyn FnMut(Gesture, Time);

/// A press that has not ended.
#[derive(Clone, Copy, Debug)]
struct Press {
    since: Time,
    /// It has an action to its credit.
    armed: bool,
}

/// See the module's head.
#[derive(Debug)]
pub struct Line {
    kind: Kind,
    /// As the last edge left it.
    raw: bool,
    /// As it was when it was last quiet.
    level: bool,
    /// The edges that are too close for quiet between them: first and last.
    train: Option<(Time, Time)>,
    press: Option<Press>,
    /// The end of the last press.
    rested: Option<Time>,
    /// The newest edges that are a debounce apart.
    counted: VecDeque<Time>,
    ignored_until: Option<Time>,
    stuck: bool,
    /// Nothing happens before it any more.
    now: Time,
}

impl Line {
    /// A line at rest.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            raw: false,
            level: false,
            train: None,
            press: None,
            rested: None,
            counted: VecDeque::with_capacity(CHATTER_EDGES + 1),
            ignored_until: None,
            stuck: false,
            now: Time::default(),
        }
    }

    /// See [`super::Gestures::opened`].
    pub fn opened(&mut self, active: bool, now: Time, say: Say) {
        *self = Self { now, ..Self::new(self.kind) };
        self.found(active, now, say);
    }

    /// See [`super::Gestures::closed`].
    pub fn closed(&mut self) {
        *self = Self::new(self.kind);
    }

    /// See [`super::Gestures::edge`].
    pub fn edge(&mut self, active: bool, at: Time, say: Say) {
        let at = at.max(self.now);
        self.advance(at, say);
        self.raw = active;
        self.train = Some(match self.train {
            Some((first, last)) if at - last < DEBOUNCE => (first, at),
            _ => (at, at),
        });
        self.count(at, say);
    }

    /// Everything that is due until `to` happens.
    pub fn advance(&mut self, to: Time, say: Say) {
        while let Some(due) = self.due().filter(|&due| due <= to) {
            self.happen(due, say);
        }
        self.now = self.now.max(to);
    }

    /// When [`Line::advance`] has something to do.
    pub fn due(&self) -> Option<Time> {
        if self.ignored_until.is_some() {
            return self.ignored_until;
        }
        if self.raw != self.level {
            return self.train.map(|(_, last)| last + DEBOUNCE);
        }
        let press = self.press?;
        let long = press.armed.then(|| press.since + LONG);
        let stuck = (!self.stuck).then(|| press.since + STUCK);
        long.into_iter().chain(stuck).min()
    }

    /// See [`super::Gestures::ignores`].
    pub fn ignored(&self) -> bool {
        self.ignored_until.is_some()
    }

    fn happen(&mut self, at: Time, say: Say) {
        if self.ignored_until.take().is_some() {
            say(Gesture::Well, at);
            self.rested = self.train.map(|(_, last)| last);
            self.found(self.raw, at, say);
        } else if self.raw != self.level {
            self.settle(say);
        } else if let Some(press) = &mut self.press {
            if std::mem::take(&mut press.armed) {
                say(Gesture::Long, at);
            } else {
                self.stuck = true;
                say(Gesture::Stuck, at);
            }
        }
    }

    /// The level is known without an edge that led to it: a press is none.
    fn found(&mut self, active: bool, at: Time, say: Say) {
        (self.raw, self.level) = (active, active);
        match self.kind {
            Kind::Switch => say(Gesture::Switched(active), at),
            Kind::Button { .. } => self.press = active.then_some(Press { since: at, armed: false }),
        }
    }

    /// The line has been quiet at another level.
    fn settle(&mut self, say: Say) {
        let Some((first, last)) = self.train else { return };
        self.level = self.raw;
        match (self.kind, self.level) {
            (Kind::Switch, level) => say(Gesture::Switched(level), first),
            (Kind::Button { long }, true) => {
                let counts = self.rested.is_none_or(|rested| first - rested >= REFRACTORY);
                self.press = Some(Press { since: first, armed: counts && long });
                if counts && !long {
                    say(Gesture::Short, first);
                }
            }
            (Kind::Button { .. }, false) => {
                self.rested = Some(last);
                if self.press.take().is_some_and(|press| press.armed) {
                    say(Gesture::Short, first);
                }
                if std::mem::take(&mut self.stuck) {
                    say(Gesture::Well, first);
                }
            }
        }
    }

    fn count(&mut self, at: Time, say: Say) {
        if self.counted.back().is_some_and(|&last| at - last < DEBOUNCE) {
            return;
        }
        self.counted.push_back(at);
        if self.counted.len() <= CHATTER_EDGES {
            return;
        }
        if self.counted.pop_front().is_some_and(|first| at - first <= CHATTER_WINDOW) {
            if self.ignored_until.replace(at + CHATTER_IGNORED).is_none() {
                say(Gesture::Chattering, at);
            }
            self.stuck = false;
        }
    }
}
