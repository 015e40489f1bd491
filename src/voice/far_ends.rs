//! What all players play, added up: each on the line of time by itself, because each has a format, a delay and a clock
//! of its own.

use super::far_end::{FarEnd, Played};
use crate::media::Time;

/// See the module's head.
#[derive(Default)]
pub struct FarEnds {
    /// Those that were heard lately, with their numbers.
    sounding: Vec<(usize, FarEnd)>,
    sum: Vec<i32>,
}

impl FarEnds {
    /// Takes in what player number `player` gave to its loudspeaker.
    pub fn played(&mut self, player: usize, piece: &Played) {
        if let Some((_, far)) = self.sounding.iter_mut().find(|(number, _)| *number == player) {
            return far.played(piece);
        }
        let mut far = FarEnd::default();
        far.played(piece);
        self.sounding.push((player, far));
    }

    /// Fills `frame` with what was heard from `at` on, of all together; with silence where nothing was. What is too
    /// loud for a sample is cut off, as whatever mixes them in front of one loudspeaker does.
    pub fn take(&mut self, at: Time, frame: &mut [i16]) {
        self.sounding.retain(|(_, far)| !far.is_over(at));
        match self.sounding.as_mut_slice() {
            [] => frame.fill(0),
            [(_, one)] => one.take(at, frame),
            several => {
                self.sum.clear();
                self.sum.resize(frame.len(), 0);
                for (_, far) in several {
                    far.take(at, frame);
                    self.sum.iter_mut().zip(&*frame).for_each(|(sum, sample)| *sum += i32::from(*sample));
                }
                let clipped = |sum: &i32| (*sum).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
                frame.iter_mut().zip(&self.sum).for_each(|(sample, sum)| *sample = clipped(sum));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{SoundFormat, Span};

    fn at_ms(ms: i64) -> Time {
        Time::default() + Span::millis(ms)
    }

    /// A tenth of a second of nothing but `value`, heard from `ms` on.
    fn tenth(value: i16, ms: i64, format: SoundFormat) -> Played {
        Played { samples: vec![value; format.values_in(Span::millis(100))], format, heard: at_ms(ms) }
    }

    /// The sample in the middle of the frame at `ms`.
    fn heard(fars: &mut FarEnds, ms: i64) -> i16 {
        let mut frame = [7; 480];
        fars.take(at_ms(ms), &mut frame);
        frame[240]
    }

    #[test]
    fn what_is_heard_together_is_added_up_each_at_its_own_moment_and_in_its_own_format() {
        let mut fars = FarEnds::default();
        let stereo = SoundFormat { rate: 44_100, channels: 2 };
        fars.played(0, &tenth(1000, 0, SoundFormat::CALL));
        fars.played(3, &tenth(200, 50, stereo));
        fars.played(1, &tenth(30_000, 80, SoundFormat::CALL));
        fars.played(2, &tenth(30_000, 80, SoundFormat::CALL));
        let told: Vec<i16> = (0..20).map(|n| heard(&mut fars, n * 10)).collect();
        assert_eq!(told[..5], [1000; 5]);
        assert!(told[6..8].iter().all(|value| value.abs_diff(1200) < 20), "{told:?}");
        assert_eq!(told[8..14], [i16::MAX; 6], "as loud as it can be");
        assert_eq!(told[18..], [0; 2], "over");
    }

    #[test]
    fn whoever_stops_leaves_nothing_behind_and_may_begin_again() {
        let mut fars = FarEnds::default();
        for n in 0..30 {
            fars.played(0, &tenth(1000, n * 100, SoundFormat::CALL));
            if n < 5 {
                fars.played(1, &tenth(200, n * 100, SoundFormat::CALL));
            }
            let expected = if n < 5 { 1200 } else { 1000 };
            assert!((0..10).all(|part| heard(&mut fars, n * 100 + part * 10) == expected), "tenth {n}");
        }
        assert_eq!(fars.sounding.len(), 1);
        fars.played(1, &tenth(200, 3000, SoundFormat::CALL));
        assert_eq!(heard(&mut fars, 3000), 200);
        assert_eq!((heard(&mut fars, 9000), fars.sounding.len()), (0, 0));
    }
}
