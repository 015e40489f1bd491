//! One way through the sound in hand: frame by frame, and where nothing follows, the last periods again and again
//! until they have faded away.

use super::align::align;
use super::content::Content;
use crate::media::Span;

/// A voice's periods, from 400 Hz down to 67: what is repeated or left out is as long as one or more of them.
pub(super) const PERIOD: (Span, Span) = (Span::micros(2500), Span::millis(15));
/// So much of the sound is compared to find a period.
pub(super) const WINDOW: Span = Span::millis(10);
/// Sound that ends without an end is extended for so long.
const EXTENDED: Span = Span::millis(60);
/// What is left of a step at a joint falls to nothing in so long.
const MENDED: Span = Span::millis(4);
/// One period repeated for long would buzz: the first time one is repeated, then two, then three.
const MOST_PERIODS: u64 = 3;

/// A reader of the content.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The frame that comes next.
    pub(super) at: u64,
    /// From here on there is nothing for it, whatever may come.
    until: u64,
    tail: Option<Tail>,
}

/// What is heard behind the end.
#[derive(Clone, Debug)]
struct Tail {
    /// The frame behind the last one that was true.
    end: u64,
    /// Frames a period; 0: too little is known to repeat anything.
    period: u64,
    times: u64,
    /// Where the repetition is.
    at: u64,
    /// What has to be added to hide a joint, and for how many frames.
    step: [i32; 2],
    mending: u64,
    played: u64,
}

impl Line {
    /// Reads from `at` on.
    pub(super) fn new(at: u64) -> Self {
        Self { at, until: u64::MAX, tail: None }
    }

    /// Reads nothing from `end` on.
    pub(super) fn bound(&mut self, end: u64) {
        self.until = self.until.min(end.max(self.at));
    }

    /// It has left what is true.
    pub(super) fn extends(&self) -> bool {
        self.tail.is_some()
    }

    /// The frame with which the true sound would go on.
    pub(super) fn next(&self) -> u64 {
        self.tail.as_ref().map_or(self.at, |tail| tail.end)
    }

    /// Nothing of it is left to be heard.
    pub(super) fn over(&self, content: &Content) -> bool {
        self.tail.as_ref().is_some_and(|tail| tail.played >= content.frames(EXTENDED))
    }

    /// How many frames can be copied as they are.
    pub(super) fn true_frames(&self, content: &Content) -> u64 {
        if self.extends() { 0 } else { content.end().min(self.until).saturating_sub(self.at) }
    }

    /// The next frame.
    pub(super) fn step(&mut self, content: &Content) -> [i32; 2] {
        if self.true_frames(content) > 0 {
            self.at += 1;
            return content.frame(self.at - 1);
        }
        let end = self.at;
        self.tail.get_or_insert_with(|| Tail::new(end, content)).step(content)
    }

    /// What it would give next, as mono; it stays where it is.
    pub(super) fn ahead(&self, content: &Content, count: usize) -> Vec<f32> {
        let mut scout = self.clone();
        let mut mono = || {
            let [left, right] = scout.step(content);
            (left + right) as f32 / 2.0
        };
        (0..count).map(|_| mono()).collect()
    }
}

impl Tail {
    fn new(end: u64, content: &Content) -> Self {
        let (least, most) = (content.frames(PERIOD.0), content.frames(PERIOD.1));
        let window = content.frames(WINDOW);
        let known = end.saturating_sub(content.start());
        let most = most.min(known.saturating_sub(window));
        let mut period = 0;
        if most > least {
            let template = content.mono(end - window, window as usize);
            let region = content.mono(end - window - most, (window + most - least) as usize);
            period = align(&template, &region, content.rate()).map_or(0, |fit| most - fit.offset as u64);
        }
        Self { end, period, times: 0, at: end, step: [0; 2], mending: 0, played: 0 }
    }

    fn step(&mut self, content: &Content) -> [i32; 2] {
        let (length, mended) = (content.frames(EXTENDED).max(1), content.frames(MENDED).max(1));
        if self.at >= self.end && (self.period > 0 || self.times == 0) {
            self.turn(content, mended);
        }
        let level = length.saturating_sub(self.played) as i64;
        self.played += 1;
        let frame = if self.period > 0 { content.frame(self.at) } else { [0; 2] };
        self.at += 1;
        self.mending = self.mending.saturating_sub(1);
        let mending = self.mending as i64;
        let mix = |value: i32, step: i32| {
            let whole = i64::from(value) + i64::from(step) * mending / mended as i64;
            (whole * level / length as i64) as i32
        };
        [mix(frame[0], self.step[0]), mix(frame[1], self.step[1])]
    }

    /// Goes back by one period or more. What follows the last frame then is what followed the frame before the
    /// repetition; the difference in height is made good bit by bit.
    fn turn(&mut self, content: &Content, mended: u64) {
        self.times = (self.times + 1).min(MOST_PERIODS);
        let known = self.end.saturating_sub(content.start()).saturating_sub(1);
        let fitting = known.checked_div(self.period).unwrap_or(0).min(self.times);
        let back = self.period * fitting;
        if fitting == 0 {
            self.period = 0;
        }
        let last = if self.end > content.start() { content.frame(self.end - 1) } else { [0; 2] };
        let before = if back > 0 { content.frame(self.end - back - 1) } else { [0; 2] };
        let left = |step: i32| (i64::from(step) * self.mending as i64 / mended as i64) as i32;
        self.step = [last[0] - before[0] + left(self.step[0]), last[1] - before[1] + left(self.step[1])];
        self.mending = mended;
        self.at = self.end - back;
    }
}
