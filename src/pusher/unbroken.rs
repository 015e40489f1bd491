//! A sound track without holes: says when silence is due, and cuts from what comes late what silence has
//! replaced already.

use crate::media::{Sound, SoundFormat, Span, Time};

/// What is encoded, whatever the microphone gives.
pub const FORMAT: SoundFormat = SoundFormat::CALL;
/// Silence is made in pieces of this length.
pub const PERIOD: Span = Span::millis(10);
/// An open microphone may be late by this much; then silence takes its place (a player hears a gap of 100 ms).
const PATIENCE: Span = Span::millis(60);
/// Sound may overlap by this much: capture times jitter.
const OVERLAP: Span = Span::millis(20);
/// A thread that did not run for this long goes on from now instead of catching up.
const HELD_UP: Span = Span::secs(1);

/// How far the track is made.
#[derive(Debug, Default)]
pub struct Unbroken {
    until: Option<Time>,
}

impl Unbroken {
    /// Nothing is sent: the next track begins afresh.
    pub fn stop(&mut self) {
        self.until = None;
    }

    /// When silence is due unless sound comes before. `open`: a microphone is there.
    pub fn due(&mut self, open: bool, now: Time) -> Time {
        let patience = if open { PATIENCE } else { PERIOD };
        *self.until.get_or_insert(now) + patience
    }

    /// Makes a period of silence if one is due; false when it is not.
    pub fn silence(&mut self, open: bool, now: Time, sound: &mut Sound) -> bool {
        if now < self.due(open, now) {
            return false;
        }
        let from = self.until.filter(|until| now - *until < HELD_UP).unwrap_or(now - PERIOD);
        sound.captured = from;
        sound.samples.clear();
        sound.samples.resize(FORMAT.values_in(PERIOD), 0);
        self.until = Some(from + PERIOD);
        true
    }

    /// Takes sound that was heard, cuts what lies before the end of the track, and puts silence where it begins after
    /// it (opening a card took its time); false when nothing is left.
    pub fn heard(&mut self, sound: &mut Sound) -> bool {
        let Some(until) = self.until else { return true };
        let (overlap, hole) = (until - sound.captured, sound.captured - until);
        if overlap > OVERLAP {
            let cut = FORMAT.values_in(overlap).min(sound.samples.len());
            sound.samples.drain(..cut);
            sound.captured += FORMAT.span_of(cut);
        } else if hole > OVERLAP && hole < HELD_UP {
            let silence = std::iter::repeat_n(0, FORMAT.values_in(hole));
            sound.samples.splice(..0, silence);
            sound.captured = until;
        }
        self.until = Some(until.max(sound.captured + FORMAT.span_of(sound.samples.len())));
        !sound.samples.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    fn sound(from: i64, ms: i64) -> Sound {
        let mut sound = Sound::empty(FORMAT);
        sound.captured = at(from);
        sound.samples.resize(FORMAT.values_in(Span::millis(ms)), 7);
        sound
    }

    /// Runs from `from` to `to` without sound; the stretches of silence that were made.
    fn quiet(track: &mut Unbroken, open: bool, from: i64, to: i64) -> Vec<(Time, Time)> {
        let mut made = sound(0, 0);
        let mut out: Vec<(Time, Time)> = Vec::new();
        for now in from..to {
            while track.silence(open, at(now), &mut made) {
                let end = made.captured + made.span();
                match out.last_mut() {
                    Some((_, last)) if *last == made.captured => *last = end,
                    _ => out.push((made.captured, end)),
                }
            }
        }
        out
    }

    #[test]
    fn a_microphone_that_says_nothing_is_silence_after_its_patience_and_without_a_hole() {
        let mut track = Unbroken::default();
        assert_eq!(track.due(true, at(1000)), at(1060));
        assert!(track.heard(&mut sound(1000, 10)));
        assert_eq!(quiet(&mut track, true, 1010, 1070), []);
        assert_eq!(quiet(&mut track, true, 1070, 1500), [(at(1010), at(1440))]);
        // It is closed: silence follows without a wait.
        assert_eq!(quiet(&mut track, false, 1500, 1600), [(at(1440), at(1590))]);
    }

    #[test]
    fn sound_that_comes_after_its_silence_is_cut_to_fit() {
        let mut track = Unbroken::default();
        track.due(true, at(0));
        quiet(&mut track, true, 0, 500);
        let mut late = sound(100, 200);
        assert!(!track.heard(&mut late), "all of it was silence");
        let mut partly = sound(300, 200);
        assert!(track.heard(&mut partly));
        assert_eq!((partly.captured, partly.span()), (at(440), Span::millis(60)));
        let mut next = sound(490, 10);
        assert!(track.heard(&mut next));
        assert_eq!((next.captured, next.span()), (at(490), Span::millis(10)), "jitter is left alone");
    }

    #[test]
    fn sound_that_begins_after_the_end_of_the_track_is_led_up_to_by_silence() {
        let mut track = Unbroken::default();
        track.due(true, at(0));
        let mut first = sound(580, 10);
        assert!(track.heard(&mut first));
        assert_eq!((first.captured, first.span()), (at(0), Span::millis(590)), "the card was opened for so long");
        assert!(first.samples.starts_with(&[0; 1000]) && first.samples.ends_with(&[7; 480]));
        let mut next = sound(605, 10);
        assert!(track.heard(&mut next));
        assert_eq!((next.captured, next.span()), (at(605), Span::millis(10)), "jitter is left alone");
        let mut later = sound(9000, 10);
        assert!(track.heard(&mut later));
        assert_eq!(later.span(), Span::millis(10), "nobody makes up for seconds");
    }

    #[test]
    fn a_thread_that_was_held_up_does_not_make_up_for_it() {
        let mut track = Unbroken::default();
        track.due(false, at(0));
        assert_eq!(quiet(&mut track, false, 5000, 5001), [(at(4990), at(5000))]);
    }
}
