//! Buttons: edges with the kernel's time stamps in, gestures out, one for each press.
//!
//! A finger is slow and clear; a contact bounces, wears out and picks up noise. What holds for every line:
//!
//! - A level counts once it has been quiet for 30 ms; a shorter one never was.
//! - A press counts when the line has rested for 250 ms before it, so a contact that opens under the finger,
//!   a doubled click and a chattering line make one action at most.
//! - A button with a long operation acts after 3 s, still held (its release then does nothing), or at its
//!   release before that. A button without one acts as soon as it is pressed.
//! - More than 10 edges in a second are no finger: the line is ignored until it has been calmer for 5 s. Edges
//!   less than 30 ms apart count once, because a bouncing contact makes dozens of them.
//! - Held for more than 10 s it is stuck, and does nothing until it is released.
//! - Active when it is opened is no press: a button acts only when it was seen at rest first.
//! - Every line stands for itself. Two buttons pressed at once do what each of them does alone, so that a
//!   privacy button is never held up by its neighbour.
//!
//! Times are the stamps of the edges, so a thread that reads them late decides as one that is prompt.

mod line;
#[cfg(test)]
mod tests;

use crate::api::notice::Gesture;
use crate::media::{Span, Time};
use line::Line;
use std::collections::VecDeque;

/// A level that was quiet for so long is one.
pub const DEBOUNCE: Span = Span::millis(30);
/// A line rests at least so long before a press of it counts.
pub const REFRACTORY: Span = Span::millis(250);
/// A press of so long is a long one.
pub const LONG: Span = Span::secs(3);
/// A press of so long is none: the button is stuck.
pub const STUCK: Span = Span::secs(10);
/// More edges than this within [`CHATTER_WINDOW`] are no finger.
pub const CHATTER_EDGES: usize = 10;
/// See [`CHATTER_EDGES`].
pub const CHATTER_WINDOW: Span = Span::secs(1);
/// A line that chattered is ignored for so long after it last did.
pub const CHATTER_IGNORED: Span = Span::secs(5);

/// What is at a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A button; `long`: a long press means something else than a short one.
    Button { long: bool },
    /// A switch that rests in both positions: its level is what counts, and it is never stuck.
    Switch,
}

/// What a line did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Position of the line in what [`Gestures::new`] was given.
    pub button: usize,
    pub gesture: Gesture,
    /// The edge that decided it, or the moment a hold became long.
    pub at: Time,
}

/// All lines of a terminal.
#[derive(Debug)]
pub struct Gestures {
    lines: Vec<Line>,
    signs: VecDeque<Sign>,
}

impl Gestures {
    /// Lines at rest.
    pub fn new(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { lines: kinds.into_iter().map(Line::new).collect(), signs: VecDeque::new() }
    }

    /// Line `button` was opened and found at this level. Nothing it was in the middle of counts any longer.
    pub fn opened(&mut self, button: usize, active: bool, now: Time) {
        self.with(button, |line, say| line.opened(active, now, say));
    }

    /// Line `button` was lost: nothing happens there until it is opened again.
    pub fn closed(&mut self, button: usize) {
        self.with(button, |line, _| line.closed());
    }

    /// An edge of line `button` to this level, stamped `at`. Edges of a line come in their order; one stamped
    /// before something that was decided already counts as happening then.
    pub fn edge(&mut self, button: usize, active: bool, at: Time) {
        self.with(button, |line, say| line.edge(active, at, say));
    }

    /// Time has come to `now`, and no edge stamped before it is still to be told.
    pub fn tick(&mut self, now: Time) {
        for button in 0..self.lines.len() {
            self.with(button, |line, say| line.advance(now, say));
        }
    }

    /// When [`Gestures::tick`] is due.
    pub fn deadline(&self) -> Option<Time> {
        self.lines.iter().filter_map(Line::due).min()
    }

    /// Whether line `button` chatters, so that its edges need no haste: it is enough to tell the newest ones often
    /// enough to see that it still does.
    pub fn ignores(&self, button: usize) -> bool {
        self.lines.get(button).is_some_and(Line::ignored)
    }

    /// The next thing a line did; each line's in order.
    pub fn poll(&mut self) -> Option<Sign> {
        self.signs.pop_front()
    }

    fn with(&mut self, button: usize, act: impl FnOnce(&mut Line, &mut dyn FnMut(Gesture, Time))) {
        let signs = &mut self.signs;
        if let Some(line) = self.lines.get_mut(button) {
            act(line, &mut |gesture, at| signs.push_back(Sign { button, gesture, at }));
        }
    }
}
