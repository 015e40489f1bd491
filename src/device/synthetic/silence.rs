//! A microphone in a silent room.

use super::pace::Pace;
use crate::device::{DeviceError, Microphone, Wake};
use crate::media::{Sound, SoundFormat, Span};

/// Length of a period, and how far a thread that did not run may fall behind before its sound counts as lost.
pub(super) const PERIOD: Span = Span::millis(10);
pub(super) const PATIENCE: Span = Span::millis(200);

/// Periods of zeroes at the pace of time, 48 kHz mono.
#[derive(Debug)]
pub struct SilentMicrophone {
    pace: Pace,
    losses: (u64, Span),
}

impl SilentMicrophone {
    /// Starts at once.
    pub fn open() -> Self {
        Self { pace: Pace::new(PERIOD, PATIENCE), losses: (0, Span::ZERO) }
    }
}

impl Microphone for SilentMicrophone {
    fn format(&self) -> SoundFormat {
        SoundFormat::CALL
    }

    fn next(&mut self, wake: &Wake, period: &mut Sound) -> Result<bool, DeviceError> {
        let Some(beat) = self.pace.wait(wake) else { return Ok(false) };
        let lost = start_period(period, beat, &mut self.losses);
        period.samples.resize(self.format().values_in(lost + PERIOD), 0);
        Ok(true)
    }

    fn take_losses(&mut self) -> (u64, Span) {
        std::mem::take(&mut self.losses)
    }
}

/// Empties `period` for the 10 ms that ended at `beat`, begins it with the silence of what was missed, and
/// returns how long that is.
pub(super) fn start_period(period: &mut Sound, beat: super::pace::Beat, losses: &mut (u64, Span)) -> Span {
    // A thread may be frozen for days; silence of a minute is as good.
    let lost = PERIOD * i64::try_from(beat.missed).unwrap_or(i64::MAX).min(6000);
    if lost > Span::ZERO {
        *losses = (losses.0 + 1, losses.1 + lost);
    }
    period.format = SoundFormat::CALL;
    period.captured = beat.at - PERIOD - lost;
    period.samples.clear();
    period.samples.resize(period.format.values_in(lost), 0);
    lost
}

#[cfg(test)]
mod tests {
    use super::super::pace::Beat;
    use super::*;
    use crate::media::Time;

    #[test]
    fn periods_follow_each_other_without_gap() {
        let (mut microphone, wake) = (SilentMicrophone::open(), Wake::new().unwrap());
        let mut period = Sound::empty(SoundFormat::CALL);
        assert!(microphone.next(&wake, &mut period).unwrap());
        assert_eq!((period.span(), period.samples.iter().any(|&sample| sample != 0)), (PERIOD, false));
        let end = period.captured + period.span();
        assert!(microphone.next(&wake, &mut period).unwrap());
        assert_eq!(period.captured, end);
        wake.ring();
        assert!(!microphone.next(&wake, &mut period).unwrap());
    }

    #[test]
    fn time_that_was_slept_through_comes_back_as_silence_and_is_counted() {
        let (mut period, mut losses) = (Sound::empty(SoundFormat::CALL), (0, Span::ZERO));
        let at = Time::from_micros(5_000_000);
        let lost = start_period(&mut period, Beat { at, missed: 30 }, &mut losses);
        assert_eq!((lost, losses), (Span::millis(300), (1, Span::millis(300))));
        assert_eq!(period.captured, at - Span::millis(310));
        assert_eq!(period.samples, vec![0; 48 * 300]);
    }
}
