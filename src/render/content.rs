//! The sound in hand: what was played lately, what is to be played, and when.

use crate::media::{SoundFormat, Span, Time};
use std::collections::VecDeque;

/// What was played is kept for so long, to be repeated.
pub(super) const HISTORY: Span = Span::millis(70);
/// Most that waits; a piece that would make it more is not taken.
pub(super) const MOST: Span = Span::millis(500);
/// Pieces that wait at most, however short.
const PIECES: usize = 256;
/// The times of two pieces tell a speed while they are no further off than this part of the piece's length.
const SLOPE: i64 = 6;
/// Dues may be uneven by this much.
const UNEVEN: Span = Span::millis(4);

/// Interleaved frames, counted from the first that ever came.
pub(super) struct Content {
    format: SoundFormat,
    samples: Vec<i16>,
    /// Number of the first frame that is kept.
    start: u64,
    pieces: VecDeque<Piece>,
    /// The next piece does not go on where the last one ended.
    parted: bool,
}

#[derive(Clone, Copy)]
struct Piece {
    first: u64,
    due: Time,
    parted: bool,
}

impl Content {
    pub(super) fn new(format: SoundFormat) -> Self {
        Self { format, samples: Vec::new(), start: 0, pieces: VecDeque::new(), parted: true }
    }

    pub(super) fn channels(&self) -> usize {
        usize::from(self.format.channels.max(1))
    }

    /// Frames a second.
    pub(super) fn rate(&self) -> u32 {
        self.format.rate
    }

    /// How many frames last `span`.
    pub(super) fn frames(&self, span: Span) -> u64 {
        span.as_samples(self.format.rate).max(0) as u64
    }

    /// How long so many frames last.
    pub(super) fn span(&self, frames: u64) -> Span {
        Span::samples(i64::try_from(frames).unwrap_or(i64::MAX), self.format.rate)
    }

    /// Number of the frame behind the last.
    pub(super) fn end(&self) -> u64 {
        self.start + (self.samples.len() / self.channels()) as u64
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.samples.len()
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Takes a piece; what is held back from `next` on stays bounded. False: there was no room.
    pub(super) fn push(&mut self, samples: &[i16], due: Time, next: u64) -> bool {
        let whole = samples.len() - samples.len() % self.channels();
        let held = self.span(self.end().saturating_sub(next));
        if held >= MOST || self.pieces.len() >= PIECES || self.format.span_of(whole) > MOST {
            return false;
        }
        let (first, leaps) = (self.end(), self.leaps(due));
        self.pieces.push_back(Piece { first, due, parted: std::mem::take(&mut self.parted) || leaps });
        self.samples.extend(samples.iter().take(whole));
        self.forget(next);
        true
    }

    /// A piece that is due then is not due right behind the last one.
    fn leaps(&self, due: Time) -> bool {
        let Some(last) = self.pieces.back() else { return false };
        let length = self.span(self.end() - last.first);
        (due - (last.due + length)).abs() > (length / SLOPE).max(UNEVEN)
    }

    /// Lets go of what lies too far behind `next`; in large steps, because the rest has to be moved.
    fn forget(&mut self, next: u64) {
        let old = next.saturating_sub(self.frames(HISTORY)).saturating_sub(self.start);
        if old > self.frames(HISTORY) {
            self.samples.drain(..old as usize * self.channels());
            self.start += old;
        }
        while self.pieces.get(1).is_some_and(|piece| piece.first <= next) {
            self.pieces.pop_front();
        }
    }

    /// What comes does not go on where the last piece ended.
    pub(super) fn part(&mut self) {
        self.parted = true;
    }

    /// Gives up everything.
    pub(super) fn clear(&mut self) {
        (self.start, self.parted) = (self.end(), true);
        self.samples.clear();
        self.pieces.clear();
    }

    /// How many frames there are from `at` to where the next piece begins.
    pub(super) fn to_next_piece(&self, at: u64) -> u64 {
        let next = self.pieces.iter().find(|piece| piece.first > at);
        next.map_or(u64::MAX, |piece| piece.first - at)
    }

    /// Frame `at` is the first of a piece that does not go on where the one before ended.
    pub(super) fn parts(&self, at: u64) -> bool {
        self.pieces.iter().any(|piece| piece.first == at && piece.parted)
    }

    /// Frames `from .. from + count`, as far as they are kept.
    pub(super) fn slice(&self, from: u64, count: usize) -> &[i16] {
        let place = from.checked_sub(self.start).map(|frames| frames as usize * self.channels());
        let rest = place.and_then(|place| self.samples.get(place..)).unwrap_or_default();
        rest.get(..count * self.channels()).unwrap_or(rest)
    }

    /// One frame in two channels; silence where there is none.
    pub(super) fn frame(&self, number: u64) -> [i32; 2] {
        let frame = self.slice(number, 1);
        let first = frame.first().copied().map_or(0, i32::from);
        [first, frame.get(1).copied().map_or(first, i32::from)]
    }

    /// Frames `from .. from + count` as mono, as far as they are kept.
    pub(super) fn mono(&self, from: u64, count: usize) -> Vec<f32> {
        let channels = self.channels();
        let mean = |frame: &[i16]| frame.iter().map(|&value| f32::from(value)).sum::<f32>() / channels as f32;
        self.slice(from, count).chunks_exact(channels).map(mean).collect()
    }

    /// When frame `number` is to be heard; `None` when there is no such frame.
    pub(super) fn due(&self, number: u64) -> Option<Time> {
        if number >= self.end() {
            return None;
        }
        let place = self.pieces.iter().rposition(|piece| piece.first <= number)?;
        let piece = self.pieces.get(place)?;
        let into = self.span(number - piece.first);
        let Some(next) = self.pieces.get(place + 1) else { return Some(piece.due + into) };
        let (length, apart) = (self.span(next.first - piece.first), next.due - piece.due);
        if (apart - length).abs() * SLOPE > length || length <= Span::ZERO {
            return Some(piece.due + into);
        }
        let part = into.as_micros() as i128 * apart.as_micros() as i128 / length.as_micros() as i128;
        Some(piece.due + Span::micros(part as i64))
    }

    /// The frame that is to be heard at `now`, from `next` on; `None` when it is not there.
    pub(super) fn at(&self, now: Time, next: u64) -> Option<u64> {
        let piece = self.pieces.iter().rfind(|piece| piece.due <= now)?;
        let frame = piece.first.saturating_add(self.frames(now - piece.due)).max(next);
        (frame < self.end()).then_some(frame)
    }
}
