//! Stream positions that run on: a sender's jump in time is taken out once, for sound and pictures alike.

use super::transit;
use crate::media::{Span, Time};

/// A step in stream time that differs from the time that passed by more than this is a jump.
const JUMP: Span = Span::secs(1);
/// Sound and pictures that jump by nearly the same are taken to have jumped together, and keep their offset.
const TOGETHER: Span = Span::secs(1);
/// After this long a jump of the other track is one of its own.
const APART: Span = Span::secs(5);

/// Which of the two tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Track {
    Sound,
    Video,
}

/// Takes jumps out of the positions of both tracks.
#[derive(Clone, Debug, Default)]
pub(super) struct StreamClock {
    tracks: [Line; 2],
    /// The last jump of either track, and when.
    jumped: Option<(Span, Time)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Line {
    last: Option<(Span, Time)>,
    /// The shortest way of a unit so far: its arrival less its running position.
    shortest: Option<Span>,
    /// What is taken off every position.
    shift: Span,
}

impl StreamClock {
    /// The running position of a unit of `track` that says `position` and arrived at `now`; true when a jump was
    /// taken out that no other track had before.
    pub(super) fn place(&mut self, track: Track, position: Span, now: Time) -> (Span, bool) {
        let jumped = self.jumped;
        let other = self.tracks.get(1 - track as usize).map_or(Span::ZERO, |other| other.shift);
        let Some(line) = self.tracks.get_mut(track as usize) else { return (position, false) };
        let Some((last, at)) = line.last.replace((position, now)) else {
            // A track that begins late begins in the time the other one runs in.
            line.shift = other;
            line.shortest = Some(transit(now, position - other));
            return (position - other, false);
        };
        let (step, passed) = (position - last, now - at);
        let way = transit(now, position - line.shift);
        // Behind a unit that was held up, time seems to leap: the way is only as short again as it was before.
        let caught_up = step > passed && line.shortest.is_some_and(|shortest| shortest - way <= JUMP);
        if step.abs() <= JUMP || (step - passed).abs() <= JUMP || caught_up {
            line.shortest = line.shortest.map(|shortest| shortest.min(way));
            return (position - line.shift, false);
        }
        let jump = step - passed;
        let (jump, fresh) = match jumped {
            Some((other, when)) if (other - jump).abs() <= TOGETHER && now - when <= APART => (other, false),
            _ => (jump, true),
        };
        line.shift += jump;
        if fresh {
            self.jumped = Some((jump, now));
        }
        (position - line.shift, fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::Track::{Sound, Video};
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    /// Feeds (track, position, arrival) in milliseconds; returns what came out the same way.
    fn run(units: &[(Track, i64, i64)]) -> Vec<(i64, bool)> {
        let mut clock = StreamClock::default();
        let place = |&(track, position, now): &(Track, i64, i64)| {
            let (placed, jumped) = clock.place(track, Span::millis(position), at(now));
            (placed.as_millis(), jumped)
        };
        units.iter().map(place).collect()
    }

    #[test]
    fn an_even_stream_a_late_burst_and_a_gap_on_both_clocks_pass_untouched() {
        let units = [(Video, 0, 0), (Video, 40, 40), (Video, 80, 5000), (Video, 120, 5000), (Video, 9000, 13_900)];
        assert_eq!(run(&units).iter().map(|placed| placed.1).filter(|&jumped| jumped).count(), 0);
        assert_eq!(run(&units)[4].0, 9000);
    }

    #[test]
    fn a_jump_is_taken_out_once_and_sound_and_picture_keep_their_offset() {
        for jump in [90_000, -90_000, 3_000, -1_500] {
            let units = [
                (Video, 100_000, 0),
                (Sound, 99_960, 0),
                (Video, 100_040 + jump, 40),
                (Sound, 100_000 + jump, 42),
                (Video, 100_080 + jump, 80),
            ];
            let placed = run(&units);
            let jumps = placed.iter().filter(|placed| placed.1).count();
            assert_eq!(jumps, 1, "{jump}: {placed:?}");
            assert_eq!(placed[2].0 - placed[3].0, 40, "{jump}: {placed:?}");
            assert_eq!(placed[4].0 - placed[2].0, 40, "{jump}: {placed:?}");
            assert_eq!(placed[2].0, 100_040, "{jump}: {placed:?}");
        }
    }

    #[test]
    fn what_is_fresh_behind_a_unit_that_was_held_up_is_no_jump() {
        let units = [(Video, 0, 0), (Video, 40, 40), (Video, 80, 3090), (Video, 3120, 3130), (Video, 3160, 3165)];
        let placed: Vec<i64> = run(&units).iter().map(|placed| placed.0).collect();
        assert_eq!(placed, [0, 40, 80, 3120, 3160]);
        assert!(run(&units).iter().all(|placed| !placed.1));
        // A leap that would make the way shorter than it ever was is one.
        assert!(run(&[(Video, 0, 0), (Video, 40, 40), (Video, 80, 3090), (Video, 9000, 3130)])[3].1);
    }

    #[test]
    fn a_track_that_begins_after_a_jump_joins_the_running_time() {
        let placed = run(&[(Video, 0, 0), (Video, 60_040, 40), (Sound, 60_000, 45)]);
        assert_eq!(placed[2], (0, false));
    }
}
