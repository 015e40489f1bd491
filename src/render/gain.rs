//! How loud it is: changed without a click, exact at both ends.

use crate::media::{SoundFormat, Span};

/// From silence to full and back in so long.
const RAMP: Span = Span::millis(10);
/// The loudest volume there is: sound as it came.
pub const FULL: u32 = 100;

/// A volume of 0 (silence, exactly) to 100 (untouched, exactly).
#[derive(Debug)]
pub struct Gain {
    step: f32,
    channels: usize,
    /// Factor of now, and where it goes.
    level: f32,
    goal: f32,
}

impl Gain {
    /// Begins in silence.
    pub fn new(format: SoundFormat) -> Self {
        let frames = RAMP.as_samples(format.rate).max(1);
        Self { step: 1.0 / frames as f32, channels: usize::from(format.channels.max(1)), level: 0.0, goal: 0.0 }
    }

    /// Goes to `volume`. Its square is the factor: half the volume is 12 dB less, about half as loud to the ear.
    pub fn set(&mut self, volume: u32) {
        let part = volume.min(FULL) as f32 / FULL as f32;
        self.goal = part * part;
    }

    /// It is silent, and stays so.
    pub fn silent(&self) -> bool {
        self.level == 0.0 && self.goal == 0.0
    }

    /// Applies it to interleaved samples.
    pub fn run(&mut self, samples: &mut [i16]) {
        let mut frames = samples.chunks_mut(self.channels);
        while self.level != self.goal {
            let Some(frame) = frames.next() else { return };
            self.level += (self.goal - self.level).clamp(-self.step, self.step);
            scale(frame, self.level);
        }
        if self.level != 1.0 {
            frames.for_each(|frame| scale(frame, self.level));
        }
    }
}

fn scale(frame: &mut [i16], level: f32) {
    frame.iter_mut().for_each(|sample| *sample = (f32::from(*sample) * level) as i16);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_reached_without_a_step_and_both_ends_are_exact() {
        let mut gain = Gain::new(SoundFormat { rate: 48_000, channels: 2 });
        let mut out = Vec::new();
        for volume in [0, 100, 50, 0, 100] {
            gain.set(volume);
            for _ in 0..10 {
                let mut piece = [20_000_i16; 240];
                gain.run(&mut piece);
                out.extend(piece);
            }
        }
        let at = |place: usize| out[2400 * place + 2399];
        assert_eq!([at(0), at(1), at(2), at(3), at(4)], [0, 20_000, 5000, 0, 20_000]);
        let largest = out.chunks(2).zip(out.chunks(2).skip(1)).map(|(a, b)| (a[0] - b[0]).abs()).max();
        assert!(largest <= Some(20_000 / 480 + 1), "{largest:?}");
        assert!(out.chunks(2).all(|frame| frame[0] == frame[1]));
        gain.set(0);
        assert!(!gain.silent());
        gain.run(&mut [1; 2000]);
        assert!(gain.silent());
    }
}
