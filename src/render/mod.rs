//! Exactly as much sound as a loudspeaker asks for, out of pieces that each have their moment.
//!
//! A piece comes with the moment at which its first frame is to be heard ([`Render::push`]); a device asks for frames
//! and says when the first of them will be heard ([`Render::pull`]). All there is between the two is going over from one
//! place of the sound to another within a crossfade:
//!
//! * one frame further or back, over [`SLIP`], hides that two clocks differ ([`steer`]);
//! * one or more periods of the voice further or back, where the sound is most like itself ([`align`]), plays up to a
//!   tenth faster or slower with its pitch kept. Nothing is delayed for it;
//! * back to the last periods and into silence, where sound is late ([`line`]); and over to the true sound when it comes;
//! * to the place that is due, where that is further off than [`LEAP`].

mod align;
mod content;
mod gain;
mod line;
mod steer;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use gain::Gain;

use crate::media::{SoundFormat, Span, Time};
use align::align;
use content::Content;
use line::{Line, PERIOD, WINDOW};
use steer::Steer;

/// It is looked where to go this often.
const LOOK: Span = Span::micros(2500);
/// One frame is left out or put in over so much sound: a shift of the pitch by less than a hundredth.
const SLIP: Span = Span::micros(2500);
/// A joint that is as good as any takes this long, silence and sound the same.
const FADE: Span = Span::millis(8);
/// Sound is hurried, or held back, by whole periods from this lateness on.
const HURRY: Span = Span::millis(5);
/// Until then, only where it is like itself by so much.
const LIKE: f32 = 0.6;
const URGENT: Span = Span::millis(15);
/// After a change by a period nothing changes for so many of its lengths: a tenth faster or slower and a bit.
const REST: u64 = 8;
/// Two changes by a period nearer than this are no matter of clocks: the moments themselves run faster or slower.
const CALM: Span = Span::millis(300);
/// Further off its moment than this, sound goes there at once.
const LEAP: Span = Span::millis(60);
/// So long after the last piece silence is no missing sound: there is none.
const MISSED: Span = Span::millis(500);

/// See the module's head.
pub struct Render {
    content: Content,
    /// What is heard; `None` is silence.
    line: Option<Line>,
    /// What was heard until now and fades: `done` frames of `length`.
    fade: Option<Fade>,
    /// The frame with which sound goes on after silence.
    next: u64,
    steer: Steer,
    /// Frames since sound went to another place, and how many of them there have to be before it does so again.
    steady: u64,
    wanted: u64,
    /// Frames heard since it was last looked at the clocks.
    unsteered: u64,
    /// Frames since the last piece came.
    alone: u64,
    /// Frames that were missing.
    missing: u64,
}

struct Fade {
    from: Option<Line>,
    done: u64,
    length: u64,
}

impl Render {
    /// Silence in `format`.
    pub fn new(format: SoundFormat) -> Self {
        Self {
            content: Content::new(format),
            line: None,
            fade: None,
            next: 0,
            steer: Steer::default(),
            steady: 0,
            wanted: 0,
            unsteered: 0,
            alone: u64::MAX,
            missing: 0,
        }
    }

    /// Takes interleaved samples whose first is to be heard at `due`. False when they were left out, because there is
    /// half a second in hand already.
    pub fn push(&mut self, samples: &[i16], due: Time) -> bool {
        let next = self.line.as_ref().map_or(self.next, Line::next);
        self.alone = 0;
        self.content.push(samples, due, next)
    }

    /// How much of what came is still to be heard.
    pub fn held(&self) -> Span {
        let next = self.line.as_ref().map_or(self.next, Line::next);
        self.content.span(self.content.end().saturating_sub(next))
    }

    /// When the next frame that is to be heard is due; `None` when there is none.
    pub fn due(&self) -> Option<Time> {
        self.content.due(self.line.as_ref().map_or(self.next, Line::next))
    }

    /// Nothing is heard, and nothing fades.
    pub fn silent(&self) -> bool {
        self.line.is_none() && self.fade.is_none()
    }

    /// By how many parts in a million the sound's clock and the device's differ, as far as that is known.
    pub fn drift(&self) -> f64 {
        self.steer.drift()
    }

    /// How long sound was missing since the last call.
    pub fn take_missing(&mut self) -> Span {
        self.content.span(std::mem::take(&mut self.missing))
    }

    /// What comes does not go on where the last piece ended: another stream, or another part of it.
    pub fn part(&mut self) {
        self.content.part();
    }

    /// Gives up everything at once; to be called in silence, or a click is heard.
    pub fn clear(&mut self) {
        self.content.clear();
        self.rest();
        self.alone = u64::MAX;
    }

    /// Stops at once and keeps what is in hand; to be called in silence. It begins anew with what is due then.
    pub fn rest(&mut self) {
        self.next = self.line.as_ref().map_or(self.next, Line::next).clamp(self.content.start(), self.content.end());
        (self.line, self.fade) = (None, None);
    }

    /// Fills `out` with whole frames, of which the first is heard at `at`.
    pub fn pull(&mut self, at: Time, out: &mut [i16]) {
        let channels = self.content.channels();
        let frames = out.len() / channels;
        let look = self.content.frames(LOOK).max(1) as usize;
        let mut done = 0;
        while done < frames {
            let now = at + self.content.span(done as u64);
            let count = self.look(now, look.min(frames - done)).clamp(1, frames - done);
            let Some(part) = out.get_mut(done * channels..(done + count) * channels) else { return };
            self.fill(part);
            done += count;
        }
    }

    /// Decides where to go at `now`; for how many frames, at most `frames`, that holds.
    fn look(&mut self, now: Time, frames: usize) -> usize {
        if let Some(fade) = &self.fade {
            return frames.min((fade.length - fade.done) as usize);
        }
        match self.line.as_ref().filter(|line| !line.extends()).map(|line| line.at) {
            Some(at) => self.playing(at, now, frames),
            None => self.waiting(now, frames),
        }
    }

    /// Nothing true is heard: begins when there is something, and it is due.
    fn waiting(&mut self, now: Time, frames: usize) -> usize {
        let extended = self.line.as_ref().map(Line::next);
        let next = extended.unwrap_or(self.next);
        if let Some(line) = &self.line
            && line.over(&self.content)
        {
            (self.line, self.next) = (None, next);
        }
        let Some(due) = self.content.due(next) else { return frames };
        if now < due {
            return frames.min(self.content.frames(due - now).max(1) as usize);
        }
        let mut begin = next;
        if self.line.is_none() || now - due > LEAP {
            begin = self.content.at(now, next).unwrap_or(next);
        }
        if self.line.is_some() {
            // It is late already: a few milliseconds of it for a joint that is not heard.
            let most = self.content.frames(WINDOW).min(self.content.frames(now - due));
            begin = self.fitting(begin, begin + most).map_or(begin, |(place, _)| place);
        }
        self.steer.begin();
        (self.steady, self.wanted, self.unsteered, self.next) = (0, 0, 0, begin);
        self.go(Some(Line::new(begin)), self.content.frames(FADE));
        frames.min(self.content.frames(FADE) as usize)
    }

    /// Sound is heard and goes on with frame `at`: on in it, or elsewhere.
    fn playing(&mut self, at: u64, now: Time, frames: usize) -> usize {
        // Without a due nothing is there: the line goes into its extension.
        let Some(due) = self.content.due(at) else { return frames };
        let late = now - due;
        if late < Span::ZERO - LEAP || (self.content.parts(at) && self.next != at) {
            self.next = at;
            self.line.iter_mut().for_each(|line| line.bound(at));
            return frames;
        }
        if late > LEAP
            && let Some(place) = self.content.at(now, at)
        {
            let around = self.content.frames(PERIOD.1);
            let place = self.fitting(place, place + around).map_or(place, |(place, _)| place);
            self.leap(place);
            return frames;
        }
        if late.abs() > HURRY && self.steady >= self.wanted && self.by_periods(at, late) {
            return frames;
        }
        let elapsed = std::mem::take(&mut self.unsteered);
        if self.steady >= self.content.frames(CALM) {
            self.steer.note(late, elapsed, self.content.rate());
        }
        match self.steer.take() {
            0 => {}
            slip => self.go(Some(Line::new(at.saturating_add_signed(slip))), self.content.frames(SLIP)),
        }
        let true_frames = self.line.as_ref().map_or(0, |line| line.true_frames(&self.content));
        frames.min(true_frames.min(self.content.to_next_piece(at)).max(1) as usize)
    }

    /// Goes on by one or more periods, if there is a place that is like this one and nearer to what is due.
    fn by_periods(&mut self, at: u64, late: Span) -> bool {
        let (least, most) = (self.content.frames(PERIOD.0), self.content.frames(PERIOD.1));
        let most = most.min(self.content.frames(late.abs()) * 8 / 5);
        let found = match late > Span::ZERO {
            true => self.fitting(at + least, at + most),
            false => self.fitting(at.saturating_sub(most).max(self.content.start()), at.saturating_sub(least)),
        };
        let Some((place, likeness)) = found.filter(|&(place, _)| place != at) else { return false };
        if likeness < LIKE && late.abs() < URGENT {
            return false;
        }
        self.leap(place);
        self.wanted = REST * place.abs_diff(at);
        true
    }

    /// The place between `from` and `to` that goes on most as what is heard would.
    fn fitting(&self, from: u64, to: u64) -> Option<(u64, f32)> {
        let window = self.content.frames(WINDOW);
        let to = to.min(self.content.end().saturating_sub(window));
        let line = self.line.as_ref().filter(|_| from <= to)?;
        let template = line.ahead(&self.content, window as usize);
        let region = self.content.mono(from, (to - from + window) as usize);
        align(&template, &region, self.content.rate()).map(|fit| (from + fit.offset as u64, fit.likeness))
    }

    fn leap(&mut self, to: u64) {
        self.steer.begin();
        (self.steady, self.wanted) = (0, 0);
        self.go(Some(Line::new(to)), self.content.frames(FADE));
    }

    /// Lets what is heard fade, and `line` come.
    fn go(&mut self, line: Option<Line>, length: u64) {
        self.fade = Some(Fade { from: std::mem::replace(&mut self.line, line), done: 0, length: length.max(1) });
    }

    fn fill(&mut self, out: &mut [i16]) {
        let channels = self.content.channels();
        let frames = (out.len() / channels) as u64;
        self.count(frames);
        if self.fade.is_none() {
            let Some(line) = &mut self.line else { return out.fill(0) };
            if line.true_frames(&self.content) >= frames {
                out.copy_from_slice(self.content.slice(line.at, frames as usize));
                line.at += frames;
                return;
            }
        }
        for frame in out.chunks_exact_mut(channels) {
            let values = self.step();
            for (sample, value) in frame.iter_mut().zip(values) {
                *sample = value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
            }
        }
    }

    fn step(&mut self) -> [i32; 2] {
        let new = self.line.as_mut().map_or([0; 2], |line| line.step(&self.content));
        let Some(fade) = &mut self.fade else { return new };
        let old = fade.from.as_mut().map_or([0; 2], |line| line.step(&self.content));
        let (done, length) = (fade.done as i64, fade.length as i64);
        fade.done += 1;
        if fade.done >= fade.length {
            self.fade = None;
        }
        let mix = |new: i32, old: i32| ((i64::from(new) * done + i64::from(old) * (length - done)) / length) as i32;
        [mix(new[0], old[0]), mix(new[1], old[1])]
    }

    /// Counts what is missing: nothing is there although something came lately.
    fn count(&mut self, frames: u64) {
        let lacking = self.held() == Span::ZERO && self.line.as_ref().is_none_or(Line::extends);
        if lacking && self.alone < self.content.frames(MISSED) {
            self.missing += frames;
        }
        self.alone = self.alone.saturating_add(frames);
        self.steady = self.steady.saturating_add(frames);
        self.unsteered = self.unsteered.saturating_add(frames);
    }
}
