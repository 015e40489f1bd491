//! One sound format into another: channels mixed first, then the rate resampled with a low-delay filter.

use crate::media::{SoundFormat, Span};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction};

/// Taps of the filter: 64 cost 0.7 ms of delay at 44.1 kHz and keep speech and music clean up to 18 kHz.
const TAPS: usize = 64;
/// The resampler works on pieces of this length, so that little sound waits inside it.
const PIECE: Span = Span::micros(2500);

/// Converts a stream of interleaved samples piece by piece; sizes of the pieces do not matter.
pub struct Convert {
    from: SoundFormat,
    to: SoundFormat,
    /// `None` when only channels differ, or nothing.
    resampler: Option<Stage>,
}

struct Stage {
    inner: Async<f32>,
    /// Mixed input that does not fill a piece yet.
    waiting: Vec<f32>,
    output: Vec<f32>,
}

impl Convert {
    /// From `from` to `to`. Rates the resampler can not take (zero) are passed through unconverted.
    pub fn new(from: SoundFormat, to: SoundFormat) -> Self {
        let channels = usize::from(to.channels.max(1));
        let resampler = (from.rate != to.rate).then(|| {
            let parameters = SincInterpolationParameters::new(TAPS, WindowFunction::BlackmanHarris2)
                .oversampling_factor(128)
                .interpolation(SincInterpolationType::Linear);
            let ratio = f64::from(to.rate) / f64::from(from.rate);
            let piece = (PIECE.as_samples(from.rate).max(1)) as usize;
            let inner = Async::new_sinc(ratio, 1.1, &parameters, piece, channels, FixedAsync::Input).ok()?;
            let output = vec![0.0; inner.output_frames_max() * channels];
            Some(Stage { inner, waiting: Vec::with_capacity(piece * channels * 2), output })
        });
        Self { from, to, resampler: resampler.flatten() }
    }

    /// How much later a sound comes out than it went in.
    pub fn delay(&self) -> Span {
        self.resampler.as_ref().map_or(Span::ZERO, |stage| {
            Span::samples(stage.inner.output_delay() as i64, self.to.rate)
                + Span::samples((stage.waiting.len() / usize::from(self.to.channels.max(1))) as i64, self.from.rate)
        })
    }

    /// Converts `input` (interleaved, in the format given) and appends to `output`.
    pub fn push(&mut self, input: &[i16], output: &mut Vec<i16>) {
        let (from, to) = (usize::from(self.from.channels.max(1)), usize::from(self.to.channels.max(1)));
        match &mut self.resampler {
            None if from == to => output.extend_from_slice(input),
            None => mix(input, from, to, |sample| output.push(sample)),
            Some(stage) => {
                mix(input, from, to, |sample| stage.waiting.push(f32::from(sample)));
                stage.drain(to, output);
            }
        }
    }
}

impl Stage {
    fn drain(&mut self, channels: usize, output: &mut Vec<i16>) {
        let mut used = 0;
        loop {
            let frames = self.inner.input_frames_next();
            let Some(piece) = self.waiting.get(used..used + frames * channels) else { break };
            let space = self.output.len() / channels;
            let (Ok(source), Ok(mut sink)) = (
                InterleavedSlice::new(piece, channels, frames),
                InterleavedSlice::new_mut(&mut self.output, channels, space),
            ) else {
                break;
            };
            let Ok((_, made)) = self.inner.process_into_buffer(&source, &mut sink, None) else { break };
            used += frames * channels;
            output.extend(self.output.iter().take(made * channels).map(|&sample| sample.round() as i16));
        }
        self.waiting.drain(..used);
    }
}

/// Mono to several channels by copying, several to mono by the mean, else by the nearest channel.
fn mix(input: &[i16], from: usize, to: usize, mut put: impl FnMut(i16)) {
    for frame in input.chunks_exact(from) {
        if to == 1 {
            let sum: i32 = frame.iter().map(|&sample| i32::from(sample)).sum();
            put((sum / from as i32) as i16);
        } else {
            (0..to).for_each(|channel| put(frame[channel.min(from - 1)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(rate: u32, channels: u16) -> SoundFormat {
        SoundFormat { rate, channels }
    }

    /// A 997 Hz sine of half amplitude, `seconds` long.
    fn sine(format: SoundFormat, seconds: f64) -> Vec<i16> {
        let count = (f64::from(format.rate) * seconds) as usize;
        (0..count)
            .flat_map(|n| {
                let value = 16384.0 * (std::f64::consts::TAU * 997.0 * n as f64 / f64::from(format.rate)).sin();
                std::iter::repeat_n(value as i16, format.channels.into())
            })
            .collect()
    }

    #[test]
    fn a_tone_keeps_its_pitch_level_and_length_through_every_rate() {
        for rate in [8000, 16_000, 44_100, 48_000, 96_000] {
            let (from, to) = (format(rate, 2), format(48_000, 1));
            let mut convert = Convert::new(from, to);
            let (input, mut output) = (sine(from, 2.0), Vec::new());
            for piece in input.chunks(2 * 1024) {
                convert.push(piece, &mut output);
            }
            let expected = 96_000;
            assert!((expected - 600..=expected).contains(&output.len()), "{rate}: {}", output.len());
            let middle = &output[24_000..72_000];
            let crossings = middle.windows(2).filter(|w| (w[0] < 0) != (w[1] < 0)).count();
            assert!((1992..=1996).contains(&crossings), "{rate}: {crossings}");
            let rms = (middle.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / middle.len() as f64).sqrt();
            assert!((rms - 11_585.0).abs() < 120.0, "{rate}: {rms}");
        }
    }

    #[test]
    fn an_impulse_comes_out_when_the_delay_says() {
        let (from, to) = (format(44_100, 1), format(48_000, 1));
        let mut convert = Convert::new(from, to);
        let mut input = vec![0i16; 8820];
        input[4410] = 30_000;
        let mut output = Vec::new();
        convert.push(&input, &mut output);
        let peak = (0..output.len()).max_by_key(|&n| output[n].unsigned_abs()).unwrap();
        let late = Span::samples(peak as i64, 48_000) - Span::millis(100);
        assert!((late - convert.delay()).abs() < Span::millis(3) && late < Span::millis(4), "{late}");
    }

    #[test]
    fn equal_formats_pass_untouched_and_channels_are_mixed() {
        let mut output = Vec::new();
        Convert::new(format(48_000, 1), format(48_000, 1)).push(&[1, -2, 3], &mut output);
        Convert::new(format(48_000, 2), format(48_000, 1)).push(&[100, 200, -5, -7], &mut output);
        Convert::new(format(48_000, 1), format(48_000, 2)).push(&[9], &mut output);
        assert_eq!(output, [1, -2, 3, 150, -6, 9, 9]);
    }
}
