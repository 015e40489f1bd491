//! How loud sound is, and whether somebody speaks.

use crate::api::volume::Volume;
use crate::media::{SoundFormat, Span};

/// A figure is told for this much sound.
const EVERY: Span = Span::millis(200);
/// Speech is sought in frames of this length.
const FRAME: Span = Span::millis(20);
/// Speech is louder than the background by so many dB, and than this.
const ABOVE: f64 = 9.0;
const FAINT: f64 = -50.0;
/// The background follows what is quieter at once, and rises by so many dB a frame: 4 dB a second.
const RISE: f64 = 0.08;
/// Between two syllables speech goes on for so many frames.
const HANG: u32 = 12;
const NOTHING: f64 = -120.0;

/// Measures sound that comes in pieces of any length.
#[derive(Debug)]
pub struct Loudness {
    format: SoundFormat,
    /// Sum of squares and count of values, of the figure and of the frame; and the loudest value.
    whole: Sum,
    frame: Sum,
    peak: u16,
    background: f64,
    hang: u32,
    spoken: bool,
}

#[derive(Debug, Default)]
struct Sum {
    squares: f64,
    count: usize,
}

impl Sum {
    fn decibels(&self) -> f64 {
        decibels((self.squares / self.count.max(1) as f64).sqrt())
    }
}

fn decibels(value: f64) -> f64 {
    (20.0 * (value / 32_768.0).log10()).max(NOTHING)
}

impl Loudness {
    /// Measures interleaved sound in `format`.
    pub fn new(format: SoundFormat) -> Self {
        Self {
            format,
            whole: Sum::default(),
            frame: Sum::default(),
            peak: 0,
            background: FAINT,
            hang: 0,
            spoken: false,
        }
    }

    /// The format it measures.
    pub fn format(&self) -> SoundFormat {
        self.format
    }

    /// Adds samples; a figure whenever 200 ms are complete (the last one, when there are several).
    pub fn add(&mut self, samples: &[i16]) -> Option<Volume> {
        let (every, frame) = (self.format.values_in(EVERY).max(1), self.format.values_in(FRAME).max(1));
        let mut told = None;
        for &sample in samples {
            let square = f64::from(sample).powi(2);
            for sum in [&mut self.whole, &mut self.frame] {
                sum.squares += square;
                sum.count += 1;
            }
            self.peak = self.peak.max(sample.unsigned_abs());
            if self.frame.count >= frame {
                self.listen();
            }
            if self.whole.count >= every {
                told = Some(self.tell());
            }
        }
        told
    }

    /// Is the frame that is complete speech?
    fn listen(&mut self) {
        let level = std::mem::take(&mut self.frame).decibels();
        self.hang = self.hang.saturating_sub(1);
        if level > self.background + ABOVE && level > FAINT {
            self.hang = HANG;
        }
        self.background = level.clamp(NOTHING, self.background + RISE).max(FAINT - ABOVE);
        self.spoken |= self.hang > 0;
    }

    fn tell(&mut self) -> Volume {
        let rms = std::mem::take(&mut self.whole).decibels();
        let volume = ((rms + 60.0) / 0.6).round().clamp(0.0, 100.0) as u32;
        let peak = decibels(f64::from(std::mem::take(&mut self.peak)));
        let tenth = |value: f64| (value * 10.0).round() / 10.0;
        Volume { volume, rms: tenth(rms), peak: tenth(peak), voice: std::mem::take(&mut self.spoken) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: usize, wave: impl Fn(f64) -> f64) -> Vec<Volume> {
        let mut loudness = Loudness::new(SoundFormat::CALL);
        let samples: Vec<i16> = (0..48_000 * seconds).map(|n| wave(n as f64 / 48_000.0) as i16).collect();
        samples.chunks(441).filter_map(|part| loudness.add(part)).collect()
    }

    fn tone(t: f64) -> f64 {
        (t * 300.0 * std::f64::consts::TAU).sin()
    }

    #[test]
    fn level_and_peak_are_those_of_the_sound_five_times_a_second() {
        let told = run(2, |t| 3276.8 * tone(t));
        assert_eq!(told.len(), 10);
        assert!(told.iter().all(|it| (it.rms + 23.0).abs() < 0.1 && (it.peak + 20.0).abs() < 0.1), "{told:?}");
        assert_eq!(told[3].volume, 62);
        assert!(run(1, |_| 0.0).iter().all(|it| *it == Volume::SILENCE));
        assert_eq!(run(1, |_| -32_768.0)[0].volume, 100);
    }

    #[test]
    fn speech_is_told_from_the_hum_of_a_room() {
        let room = |t: f64| 200.0 * tone(t * 0.2) + 60.0 * tone(t * 7.7);
        // Four syllables a second, for two seconds of every five.
        let speech = |t: f64| if t % 5.0 < 2.0 { 6000.0 * tone(t) * (t * 12.5).sin().max(0.0) } else { 0.0 };
        let told = run(15, |t| room(t) + speech(t));
        for (number, it) in told.iter().enumerate().skip(5) {
            match number % 25 {
                1..=9 => assert!(it.voice, "{number}: {it:?}"),
                12..=24 => assert!(!it.voice, "{number}: {it:?}"),
                _ => {}
            }
        }
        assert!(run(10, room).iter().skip(2).all(|it| !it.voice));
    }
}
