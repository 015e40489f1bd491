//! Lip sync: when sound is heard against its stream position, and how far a picture may be ahead of it.

use super::jitter::percentile;
use crate::media::{Span, Time};
use std::collections::VecDeque;

/// Furthest a picture may be ahead of its sound in a call, on average: two milliseconds inside the 60 that are
/// promised.
pub const MOST_LEAD: Span = Span::millis(58);
/// Sound may be ahead of its picture by this much before it waits.
pub const EARLY_SOUND: Span = Span::millis(20);
/// Longest that sound waits for a slow picture in a call.
pub const MOST_WAIT: Span = Span::millis(150);
/// A track that gave nothing for so long is not waited for.
const SILENT: Span = Span::secs(1);
/// Half a second of sound, and of pictures: enough for a steady middle, short enough to follow.
const HEARD: usize = 24;
const SEEN: usize = 16;

/// What is known of both tracks' delay. Delays are of the form moment − stream position.
#[derive(Clone, Debug, Default)]
pub(super) struct LipSync {
    heard: VecDeque<Span>,
    heard_at: Option<Time>,
    seen: VecDeque<Span>,
    seen_at: Option<Time>,
    lead: Span,
}

fn push(window: &mut VecDeque<Span>, most: usize, value: Span) {
    if window.len() == most {
        window.pop_front();
    }
    window.push_back(value);
}

impl LipSync {
    /// A sound frame given out at `now` will be heard `delay` after its stream position.
    pub(super) fn heard(&mut self, delay: Span, now: Time) {
        push(&mut self.heard, HEARD, delay);
        self.heard_at = Some(now);
    }

    /// A picture could have been shown `delay` after its stream position.
    pub(super) fn arrived(&mut self, delay: Span, now: Time) {
        push(&mut self.seen, SEEN, delay);
        self.seen_at = Some(now);
    }

    /// A picture is shown `delay` after its stream position.
    pub(super) fn shown(&mut self, delay: Span, now: Time) {
        if let Some(sound) = self.sound(now) {
            self.lead = sound - delay;
        }
    }

    /// Sound so far belonged to a burst of old frames and says nothing.
    pub(super) fn forget_sound(&mut self) {
        self.heard.clear();
        self.heard_at = None;
    }

    /// Pictures so far belonged to a burst of old ones and say nothing.
    pub(super) fn forget_pictures(&mut self) {
        self.seen.clear();
        self.seen_at = None;
    }

    /// The delay sound is heard with; `None` when there is no sound.
    pub(super) fn sound(&self, now: Time) -> Option<Span> {
        let lively = self.heard_at.is_some_and(|at| now - at <= SILENT);
        lively.then(|| percentile(&self.heard, 50))
    }

    /// The delay that nearly all pictures need; `None` when there are no pictures.
    pub(super) fn picture(&self, now: Time) -> Option<Span> {
        let lively = self.seen_at.is_some_and(|at| now - at <= SILENT);
        lively.then(|| percentile(&self.seen, 75))
    }

    /// By how much the last picture was ahead of its sound.
    pub(super) fn lead(&self) -> Span {
        self.lead
    }
}
