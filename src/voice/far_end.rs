//! What one player gives to its loudspeaker, laid on the line of time: the sound an echo in the microphone is made of.
//!
//! Pieces come with the moment at which their first sample is heard, and a frame is taken for the moment at which the
//! microphone heard its own. Both clocks jitter, and those of two sound cards drift apart, so pieces are strung together
//! by counting and the count leans towards their times; what is left of the difference is made up for by a sample left
//! out or doubled, which an echo canceller follows and nobody hears.

use super::Convert;
use crate::media::{SoundFormat, Span, Time};
use std::collections::VecDeque;

/// Everything in here is in this format.
const CALL: SoundFormat = SoundFormat::CALL;
/// Further off than this the count is wrong (a loudspeaker was opened, sound was missing), not the clock.
const JUMP: Span = Span::millis(40);
/// Part of the difference between count and time that is taken over with every piece, and the most of it: a part of the
/// piece's length. No card runs off faster than 200 ppm, and what a pipe is given comes as unevenly as the network's.
const LEAN: (i64, i64) = (256, 5000);
/// So far the microphone's clock may be off before samples are left out or doubled, and until then they are.
const SLIP: (Span, Span) = (Span::micros(60), Span::micros(10));
/// One sample in so many frames, so that an echo canceller can follow.
const SLIP_EVERY: u32 = 4;
/// Sound that waits to be heard, and holes that are filled.
const KEPT: Span = Span::secs(1);

/// A piece of sound that was given to the loudspeaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// Interleaved.
    pub samples: Vec<i16>,
    pub format: SoundFormat,
    /// When its first sample is heard.
    pub heard: Time,
}

/// See the module's head.
pub struct FarEnd {
    convert: Option<(SoundFormat, Convert)>,
    fresh: Vec<i16>,
    queue: VecDeque<i16>,
    /// When the sample behind the queue's last one is heard; `None` before the first piece.
    end: Option<Time>,
    /// Samples for which silence was given out because they were not there yet.
    owed: usize,
    slipping: bool,
    frames: u32,
    /// The last frame had nothing in it: the next one that has is put exactly where it belongs.
    dry: bool,
}

impl Default for FarEnd {
    fn default() -> Self {
        Self {
            convert: None,
            fresh: Vec::new(),
            queue: VecDeque::new(),
            end: None,
            owed: 0,
            slipping: false,
            frames: 0,
            dry: true,
        }
    }
}

impl FarEnd {
    /// Takes in what was given to the loudspeaker.
    pub fn played(&mut self, piece: &Played) {
        if self.convert.as_ref().is_none_or(|(format, _)| *format != piece.format) {
            self.convert = Some((piece.format, Convert::new(piece.format, CALL)));
        }
        let Some((_, convert)) = &mut self.convert else { return };
        let start = piece.heard - convert.delay();
        self.fresh.clear();
        convert.push(&piece.samples, &mut self.fresh);
        let off = self.end.map(|end| start - end);
        let begin = match (self.end, off) {
            (Some(end), Some(off)) if off.abs() <= JUMP => {
                let most = CALL.span_of(self.fresh.len()) / LEAN.1;
                end + (off / LEAN.0).clamp(Span::ZERO - most, most)
            }
            (Some(_), Some(off)) if Span::ZERO < off && off < KEPT => {
                self.queue.extend(std::iter::repeat_n(0, CALL.values_in(off)));
                start
            }
            (Some(_), Some(off)) if off < Span::ZERO && off > Span::ZERO - KEPT => {
                // It is heard instead of what was to be heard then.
                let cut = CALL.values_in(Span::ZERO - off);
                self.queue.truncate(self.queue.len().saturating_sub(cut));
                start
            }
            _ => {
                self.queue.clear();
                self.owed = 0;
                start
            }
        };
        self.queue.extend(&self.fresh);
        self.end = Some(begin + CALL.span_of(self.fresh.len()));
        let surplus = self.queue.len().saturating_sub(CALL.values_in(KEPT));
        self.queue.drain(..surplus);
    }

    /// Fills `frame` with what was heard from `at` on; with silence where nothing was.
    pub fn take(&mut self, at: Time, frame: &mut [i16]) {
        frame.fill(0);
        let Some(end) = self.end else { return };
        if self.dry {
            self.owed = 0;
        }
        let settled = self.owed.min(self.queue.len());
        self.queue.drain(..settled);
        self.owed -= settled;
        let off = at - (end - CALL.span_of(self.queue.len()) + CALL.span_of(self.owed));
        let mut from = 0;
        if self.dry || off.abs() > JUMP {
            self.owed = 0;
            let count = CALL.values_in(off.abs());
            if off > Span::ZERO {
                self.queue.drain(..count.min(self.queue.len()));
            } else {
                from = count.min(frame.len());
            }
        } else {
            self.slipping = off.abs() > if self.slipping { SLIP.1 } else { SLIP.0 };
            self.frames = self.frames.wrapping_add(1);
            let slips = self.slipping && self.frames.is_multiple_of(SLIP_EVERY);
            match self.queue.front() {
                Some(_) if slips && off > Span::ZERO => drop(self.queue.pop_front()),
                Some(&first) if slips => self.queue.push_front(first),
                _ => {}
            }
        }
        let count = (frame.len() - from).min(self.queue.len());
        for (place, sample) in frame.iter_mut().skip(from).zip(self.queue.drain(..count)) {
            *place = sample;
        }
        self.dry = count == 0;
        self.owed += frame.len() - from - count;
    }

    /// Whether all of it was heard long before `at`: whatever comes next has nothing to do with it.
    pub fn is_over(&self, at: Time) -> bool {
        self.end.is_none_or(|end| at - end > KEPT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_us(us: i64) -> Time {
        Time::from_micros(us)
    }

    /// A ramp whose value says which sample it is.
    fn ramp(from: usize, count: usize) -> Vec<i16> {
        (from..from + count).map(|n| (n % 20_000) as i16 + 1).collect()
    }

    fn played(samples: Vec<i16>, us: i64) -> Played {
        Played { samples, format: CALL, heard: at_us(us) }
    }

    fn frame(far: &mut FarEnd, us: i64) -> Vec<i16> {
        let mut frame = vec![7; 480];
        far.take(at_us(us), &mut frame);
        frame
    }

    #[test]
    fn what_is_heard_at_a_moment_is_found_there_and_silence_elsewhere() {
        let mut far = FarEnd::default();
        assert_eq!(frame(&mut far, 0), [0; 480]);
        far.played(&played(ramp(0, 960), 1_000_000));
        assert_eq!(frame(&mut far, 900_000), [0; 480], "not yet");
        let half = frame(&mut far, 995_000);
        assert_eq!((&half[..239], &half[240..480]), (&[0; 239][..], &ramp(0, 240)[..]));
        assert_eq!(frame(&mut far, 1_005_000), ramp(240, 480));
        assert_eq!(frame(&mut far, 2_000_000), [0; 480], "over");
        far.played(&played(ramp(0, 480), 3_000_000));
        assert_eq!(frame(&mut far, 3_000_000), ramp(0, 480), "and again");
    }

    #[test]
    fn sound_that_comes_late_is_put_where_it_belongs() {
        let mut far = FarEnd::default();
        far.played(&played(ramp(0, 480), 0));
        assert_eq!(frame(&mut far, 0), ramp(0, 480));
        assert_eq!(frame(&mut far, 10_000), [0; 480], "it is not there yet");
        far.played(&played(ramp(480, 960), 10_000));
        assert_eq!(frame(&mut far, 20_000), ramp(960, 480));
        far.played(&played(ramp(1440, 300), 30_000));
        assert_eq!(frame(&mut far, 30_000)[..301], [ramp(1440, 300), vec![0]].concat(), "half of it");
        // The rest of that frame comes in two pieces, both too late, and the next in time.
        far.played(&played(ramp(1740, 100), 36_250));
        far.played(&played(ramp(1840, 560), 38_333));
        assert_eq!(frame(&mut far, 40_000), ramp(1920, 480));
    }

    #[test]
    fn a_pause_of_the_loudspeaker_is_silence_and_a_new_one_begins_at_its_own_time() {
        let mut far = FarEnd::default();
        far.played(&played(ramp(0, 480), 0));
        far.played(&played(ramp(0, 480), 100_000));
        frame(&mut far, 0);
        assert!((1..10).all(|n| frame(&mut far, n * 10_000) == [0; 480]));
        assert_eq!(frame(&mut far, 100_000), ramp(0, 480));
        // Another loudspeaker, heard earlier than the old one would have been.
        far.played(&played(ramp(0, 4800), 200_000));
        far.played(&played(ramp(9000, 480), 220_000));
        assert_eq!(frame(&mut far, 210_000), ramp(480, 480));
        assert_eq!(frame(&mut far, 220_000), ramp(9000, 480));
    }

    #[test]
    fn clocks_that_drift_apart_are_followed_sample_by_sample() {
        for ppm in [-150, -50, 50, 150] {
            let (mut far, mut random) = (FarEnd::default(), fastrand::Rng::with_seed(3));
            let (mut next, mut worst) = (0_usize, 0.0_f64);
            for n in 0..6000_i64 {
                let now = n * 10_000;
                // The loudspeaker's sample k is heard at k / 48 kHz, longer or shorter by some ppm.
                while (next as i64 * 1_000_000 / 48_000) * (1_000_000 + ppm) / 1_000_000 < now + 30_000 {
                    let heard = (next as i64 * 1_000_000 / 48_000) * (1_000_000 + ppm) / 1_000_000;
                    far.played(&played(ramp(next, 1024), heard + random.i64(-1500..1500)));
                    next += 1024;
                }
                let first = f64::from(frame(&mut far, now)[0]) - 1.0;
                let truth = now as f64 * 0.048 / (1.0 + ppm as f64 * 1e-6);
                let off = (first - truth).rem_euclid(20_000.0);
                if n > 300 {
                    worst = worst.max(off.min(20_000.0 - off));
                }
            }
            assert!(worst < 120.0, "{ppm} ppm: {worst} samples off");
        }
    }

    #[test]
    fn nonsense_is_bounded() {
        let (mut far, mut random) = (FarEnd::default(), fastrand::Rng::with_seed(9));
        for _ in 0..1000 {
            let format =
                SoundFormat { rate: [0, 8000, 44_100, 48_000, 96_000][random.usize(..5)], channels: random.u16(0..3) };
            let heard = at_us(random.i64(..) >> random.u32(0..63));
            far.played(&Played { samples: vec![1; random.usize(..3000)], format, heard });
            let mut frame = vec![0; random.usize(..1000)];
            far.take(at_us(random.i64(..) >> random.u32(0..63)), &mut frame);
            assert!(far.queue.len() <= 48_000 * 2);
        }
    }
}
