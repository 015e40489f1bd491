//! The time code in sound: a beep at each whole second of the clock, and its reader.
//!
//! A beep is a rising chirp of 20 ms, whose beginning a matched filter finds to a fraction of a millisecond, and a
//! pair of tones of 40 ms that tells which second it is, modulo 64. Both lie in 700 to 3600 Hz, where every
//! codec for speech is at its best.

use crate::media::{SoundFormat, Span, Time};
use std::collections::VecDeque;
use std::f64::consts::TAU;

const CHIRP: Span = Span::millis(20);
const PAIR: Span = Span::millis(40);
/// Chirp from and to, in Hz.
const SWEEP: (f64, f64) = (900.0, 3600.0);
/// Peak value of chirp and pair.
const LOUD: f64 = 9000.0;
/// A block of a millisecond louder than this (RMS) after a quiet time begins a beep.
const THRESHOLD: f64 = 2500.0;
const QUIET_BLOCKS: u32 = 100;
/// How far around the first loud block the chirp is sought.
const SEARCH: Span = Span::millis(6);
/// What begins a beep is a chirp by at least this correlation; noise has about 0.1.
const LIKENESS: f64 = 0.6;
/// Seconds that can be told apart.
const CODES: i64 = 64;

fn low(code: i64) -> f64 {
    700.0 + 100.0 * (code % 8) as f64
}

fn high(code: i64) -> f64 {
    2000.0 + 200.0 * (code / 8) as f64
}

/// A beep that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundMark {
    /// The whole second at which it was captured.
    pub captured: Time,
    /// When its first sample was heard.
    pub heard: Time,
}

/// The beep for the whole second `second` of the clock, mono at `rate`.
pub fn beep(second: i64, rate: u32) -> Vec<i16> {
    let code = second.rem_euclid(CODES);
    let pair_len = PAIR.as_samples(rate);
    let pair = (0..pair_len).map(|n| {
        let t = n as f64 / f64::from(rate);
        let fade = (n.min(pair_len - n) as f64 / (f64::from(rate) * 0.003)).min(1.0);
        fade * LOUD / 2.0 * ((TAU * low(code) * t).sin() + (TAU * high(code) * t).sin())
    });
    chirp(rate).into_iter().map(|value| value * LOUD).chain(pair).map(|value| value as i16).collect()
}

/// The chirp with peak 1; its edges fade within a millisecond.
fn chirp(rate: u32) -> Vec<f64> {
    let len = CHIRP.as_samples(rate);
    let (from, to) = SWEEP;
    let seconds = CHIRP.as_secs_f64();
    let value = |n: i64| {
        let t = n as f64 / f64::from(rate);
        let fade = (n.min(len - n) as f64 / (f64::from(rate) * 0.001)).min(1.0);
        fade * (TAU * (from * t + (to - from) * t * t / (2.0 * seconds))).sin()
    };
    (0..len).map(value).collect()
}

/// Finds beeps in sound that comes in pieces of any length.
#[derive(Debug)]
pub struct SoundMarkReader {
    format: SoundFormat,
    template: Vec<f64>,
    /// The newest samples (first channel), and the number of the oldest of them.
    kept: VecDeque<f64>,
    first: u64,
    /// For each piece that may still matter: number of its first sample, and when that was heard.
    pieces: VecDeque<(u64, Time)>,
    /// Next block to be measured.
    block: u64,
    quiet: u32,
    /// The first loud block of a beep that is not yet whole.
    onset: Option<u64>,
}

impl SoundMarkReader {
    /// A reader of interleaved sound in `format`.
    pub fn new(format: SoundFormat) -> Self {
        Self {
            format,
            template: chirp(format.rate),
            kept: VecDeque::new(),
            first: 0,
            pieces: VecDeque::new(),
            block: 0,
            quiet: 0,
            onset: None,
        }
    }

    /// Takes samples whose first is heard at `at`; returns the beeps that are whole now (rarely more than one).
    pub fn feed(&mut self, samples: &[i16], at: Time) -> Vec<SoundMark> {
        self.pieces.push_back((self.first + self.kept.len() as u64, at));
        self.kept.extend(samples.iter().step_by(self.format.channels.max(1).into()).map(|&sample| f64::from(sample)));
        let mut marks = Vec::new();
        while let Some(loud) = self.next_block() {
            if loud && self.onset.is_none() && self.quiet >= QUIET_BLOCKS {
                self.onset = Some(self.block);
            }
            self.quiet = if loud { 0 } else { self.quiet.saturating_add(1) };
            self.block += self.block_len();
            if let Some(onset) = self.onset
                && self.block >= onset + self.samples(CHIRP + PAIR + SEARCH)
            {
                self.onset = None;
                marks.extend(self.read_beep(onset));
            }
        }
        self.forget();
        marks
    }

    fn samples(&self, span: Span) -> u64 {
        span.as_samples(self.format.rate).unsigned_abs()
    }

    fn block_len(&self) -> u64 {
        self.samples(Span::millis(1)).max(1)
    }

    /// Whether the next block is loud; `None` when it is not there yet.
    fn next_block(&self) -> Option<bool> {
        let from = (self.block - self.first) as usize;
        let to = from + self.block_len() as usize;
        let power =
            (self.kept.len() >= to).then(|| self.kept.range(from..to).map(|value| value * value).sum::<f64>())?;
        Some((power / self.block_len() as f64).sqrt() > THRESHOLD)
    }

    fn read_beep(&self, onset: u64) -> Option<SoundMark> {
        let search = self.samples(SEARCH);
        let start = (onset.saturating_sub(search)..=onset + search)
            .max_by(|&one, &other| self.likeness(one).abs().total_cmp(&self.likeness(other).abs()))?;
        let energy = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
        let heard = energy(&mut self.from(start).take(self.template.len()));
        let wanted = energy(&mut self.template.iter().copied());
        if self.likeness(start).abs() < LIKENESS * (heard * wanted).sqrt() {
            return None;
        }
        let code = self.code(start + self.samples(CHIRP))?;
        let heard = self.time_of(start)?;
        // A reading is a little off, and must not fall into the second before.
        let second = (heard + SEARCH).as_micros().div_euclid(1_000_000);
        let captured = second - (second - code).rem_euclid(CODES);
        Some(SoundMark { captured: Time::from_micros(captured * 1_000_000), heard })
    }

    /// Samples from number `from` on, as far as they are kept.
    fn from(&self, from: u64) -> impl Iterator<Item = f64> {
        let from = from.saturating_sub(self.first).min(self.kept.len() as u64) as usize;
        self.kept.range(from..).copied()
    }

    fn likeness(&self, start: u64) -> f64 {
        self.from(start).zip(&self.template).map(|(value, wanted)| value * wanted).sum()
    }

    /// Which pair of tones begins at `start`; `None` when no pair stands out.
    fn code(&self, start: u64) -> Option<i64> {
        // The middle of the pair: away from the chirp's echo and from the end.
        let (skip, len) = (self.samples(PAIR / 8), self.samples(PAIR * 3 / 4));
        let power = |hertz: f64| {
            let (mut sine, mut cosine) = (0.0, 0.0);
            for (n, value) in self.from(start + skip).take(len as usize).enumerate() {
                let window = 0.5 - 0.5 * (TAU * n as f64 / len as f64).cos();
                let angle = TAU * hertz * n as f64 / f64::from(self.format.rate);
                sine += value * window * angle.sin();
                cosine += value * window * angle.cos();
            }
            sine.hypot(cosine)
        };
        let strongest = |powers: [f64; 8]| {
            let best = (0..8).max_by(|&one, &other| powers[one].total_cmp(&powers[other]))?;
            let second = (0..8).filter(|&n| n != best).map(|n| powers[n]).fold(0.0, f64::max);
            (powers[best] > 1.5 * second).then_some(best as i64)
        };
        let lows = strongest(std::array::from_fn(|n| power(low(n as i64))))?;
        let highs = strongest(std::array::from_fn(|n| power(high(8 * n as i64))))?;
        Some(highs * 8 + lows)
    }

    fn time_of(&self, number: u64) -> Option<Time> {
        let (first, at) = *self.pieces.iter().rfind(|piece| piece.0 <= number).or(self.pieces.front())?;
        Some(at + Span::samples(number as i64 - first as i64, self.format.rate))
    }

    /// Drops what no beep can need any more.
    fn forget(&mut self) {
        let oldest = self.onset.unwrap_or(self.block).saturating_sub(self.samples(SEARCH * 2));
        while self.first < oldest && self.kept.pop_front().is_some() {
            self.first += 1;
        }
        while self.pieces.len() > 1 && self.pieces[1].0 <= self.first {
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two seconds and a half of hum, noise and two beeps, from `start` on the clock.
    fn sound(rate: u32, start: Time, noise: f64) -> Vec<i16> {
        let mut random = fastrand::Rng::with_seed(4);
        let mut samples: Vec<f64> = (0..rate as usize * 5 / 2)
            .map(|n| 500.0 * (n as f64 * TAU * 440.0 / f64::from(rate)).sin() + noise * (random.f64() - 0.5))
            .collect();
        let first = start.as_micros().div_euclid(1_000_000) + 1;
        for second in [first, first + 1] {
            let at = (Time::from_micros(second * 1_000_000) - start).as_samples(rate) as usize;
            for (sample, value) in samples[at..].iter_mut().zip(beep(second, rate)) {
                *sample += f64::from(value);
            }
        }
        samples.into_iter().map(|sample| sample.clamp(-32768.0, 32767.0) as i16).collect()
    }

    fn read(format: SoundFormat, samples: &[i16], start: Time, piece: usize) -> Vec<SoundMark> {
        let mut reader = SoundMarkReader::new(format);
        let channels = usize::from(format.channels);
        let mut marks = Vec::new();
        for (number, part) in samples.chunks(piece * channels).enumerate() {
            let at = start + Span::samples((number * piece) as i64, format.rate);
            marks.extend(reader.feed(part, at));
            assert!(reader.kept.len() < format.rate as usize / 5 + piece, "what is kept is bounded");
        }
        marks
    }

    #[test]
    fn a_beep_is_found_to_a_tenth_of_a_millisecond_at_every_rate_and_piece_length() {
        let start = Time::from_micros(1_234_567_890);
        let late = Span::micros(217_300);
        for rate in [16_000, 44_100, 48_000] {
            for piece in [7, 441, 480, 1024] {
                let format = SoundFormat { rate, channels: 1 };
                let marks = read(format, &sound(rate, start, 300.0), start + late, piece);
                assert_eq!(marks.len(), 2, "{rate} Hz in pieces of {piece}");
                for (mark, second) in marks.iter().zip([1235, 1236]) {
                    assert_eq!(mark.captured, Time::from_micros(second * 1_000_000));
                    assert!((mark.heard - mark.captured - late).abs() < Span::micros(150), "{mark:?}");
                }
            }
        }
    }

    #[test]
    fn every_second_of_a_minute_is_told_from_the_others() {
        for second in 0..64 {
            let start = Time::from_micros(second * 1_000_000 - 300_000 + 64_000_000);
            let marks = read(SoundFormat::CALL, &sound(48_000, start, 0.0), start + Span::secs(40), 480);
            let captured = marks.iter().map(|mark| mark.captured.as_micros() / 1_000_000).collect::<Vec<_>>();
            assert_eq!(captured, [second + 64, second + 65]);
        }
    }

    #[test]
    fn both_channels_of_stereo_count_once() {
        let start = Time::from_micros(9_700_000);
        let mono = sound(48_000, start, 0.0);
        let stereo: Vec<i16> = mono.iter().flat_map(|&sample| [sample, sample]).collect();
        let format = SoundFormat { rate: 48_000, channels: 2 };
        let marks = read(format, &stereo, start, 480);
        assert_eq!(marks.len(), 2);
        assert!((marks[0].heard - marks[0].captured).abs() < Span::micros(150));
    }

    #[test]
    fn speech_like_noise_and_silence_hold_no_beeps() {
        let mut random = fastrand::Rng::with_seed(6);
        let noise: Vec<i16> =
            (0..48_000 * 4).map(|n| if n % 9000 < 4000 { random.i16(-12000..12000) } else { 0 }).collect();
        assert_eq!(read(SoundFormat::CALL, &noise, Time::from_micros(0), 480), []);
        assert_eq!(read(SoundFormat::CALL, &vec![0; 48_000], Time::from_micros(0), 480), []);
    }
}
