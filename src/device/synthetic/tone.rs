//! The microphone that needs no microphone: a quiet hum and the beeps of [`super::sound_mark`].

use super::pace::Pace;
use super::silence::{PATIENCE, PERIOD, start_period};
use super::sound_mark::beep;
use crate::device::{DeviceError, Microphone, Wake};
use crate::media::{Sound, SoundFormat, Span, Time};

/// 440 Hz repeats after eleven cycles: 1200 samples at 48 kHz.
const HUM_SAMPLES: usize = 1200;
/// Peak of the hum: about -35 dB of full scale.
const HUM_PEAK: f64 = 600.0;

/// Hum and beeps at the pace of time, 48 kHz mono.
pub struct ToneMicrophone {
    pace: Pace,
    losses: (u64, Span),
    hum: Vec<i16>,
    /// The beep that was begun last, and its second.
    beep: Vec<i16>,
    second: i64,
}

impl ToneMicrophone {
    /// Starts at once.
    pub fn open() -> Self {
        let cycle = |n: usize| (n as f64 * std::f64::consts::TAU * 11.0 / HUM_SAMPLES as f64).sin();
        let hum = (0..HUM_SAMPLES).map(|n| (HUM_PEAK * cycle(n)) as i16).collect();
        let pace = Pace::new(PERIOD, PATIENCE);
        Self { pace, losses: (0, Span::ZERO), hum, beep: Vec::new(), second: i64::MIN }
    }

    /// Appends the period that begins at `from`.
    pub(super) fn play(&mut self, from: Time, samples: &mut Vec<i16>) {
        let rate = SoundFormat::CALL.rate;
        let second = from.as_micros().div_euclid(1_000_000);
        if second != self.second {
            (self.second, self.beep) = (second, beep(second, rate));
        }
        // Periods lie on multiples of 10 ms, so a beep begins with a period.
        let first = (from - Time::from_micros(second * 1_000_000)).as_samples(rate).unsigned_abs() as usize;
        samples.extend((first..first + SoundFormat::CALL.values_in(PERIOD)).map(|n| {
            let hum = self.hum[n % HUM_SAMPLES];
            hum.saturating_add(self.beep.get(n).copied().unwrap_or(0))
        }));
    }
}

impl Microphone for ToneMicrophone {
    fn format(&self) -> SoundFormat {
        SoundFormat::CALL
    }

    fn next(&mut self, wake: &Wake, period: &mut Sound) -> Result<bool, DeviceError> {
        let Some(beat) = self.pace.wait(wake) else { return Ok(false) };
        start_period(period, beat, &mut self.losses);
        self.play(beat.at - PERIOD, &mut period.samples);
        Ok(true)
    }

    fn take_losses(&mut self) -> (u64, Span) {
        std::mem::take(&mut self.losses)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sound_mark::SoundMarkReader;
    use super::*;

    #[test]
    fn each_second_holds_a_beep_that_tells_its_capture_time() {
        let mut microphone = ToneMicrophone::open();
        let mut reader = SoundMarkReader::new(SoundFormat::CALL);
        let (start, late) = (Time::from_micros(77_500_000), Span::millis(123));
        let mut marks = Vec::new();
        for n in 0..300 {
            let (from, mut samples) = (start + PERIOD * n, Vec::new());
            microphone.play(from, &mut samples);
            assert_eq!(samples.len(), 480);
            marks.extend(reader.feed(&samples, from + late));
        }
        assert_eq!(marks.len(), 3);
        for (mark, second) in marks.iter().zip([78, 79, 80]) {
            assert_eq!(mark.captured, Time::from_micros(second * 1_000_000));
            assert!((mark.heard - mark.captured - late).abs() < Span::micros(150), "{mark:?}");
        }
    }

    #[test]
    fn periods_lie_on_the_beat_of_the_clock() {
        let (mut microphone, wake) = (ToneMicrophone::open(), Wake::new().unwrap());
        let mut period = Sound::empty(SoundFormat::CALL);
        assert!(microphone.next(&wake, &mut period).unwrap());
        assert_eq!(period.captured.as_micros() % 10_000, 0);
        assert_eq!(period.span(), PERIOD);
    }
}
