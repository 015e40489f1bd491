//! A sound card's output.

use super::pcm::{Card, Recovered};
use crate::device::{DeviceError, Fault, Speaker, Wake, clock};
use crate::media::{SoundFormat, Span, Time};
use alsa::Direction;

/// Buffer in periods: with two there are xruns, with four the delay is 10 ms longer for nothing.
const PERIODS: usize = 3;
/// A running card that takes nothing for so long is stuck.
const STALL: Span = Span::secs(1);
/// How much more than its buffer a device may take at once before it is held to have no pace of its own.
const LEASH: Span = Span::millis(50);

/// Sound to a card, which sets the pace.
pub struct AlsaSpeaker {
    card: Card,
    underruns: u64,
    leash: Leash,
}

/// Gives a pace to devices that have none (`null`, `file`): they are never full, so fullness is computed.
///
/// Only what a device swallowed counts. One that holds some of what it was given plays it at its own pace, and is never
/// held back, however much faster its crystal is than the computer's clock.
#[derive(Debug)]
struct Leash {
    length: Span,
    /// When all that was taken has been played.
    played: Time,
}

impl Leash {
    fn swallowed(&mut self, span: Span, now: Time) {
        self.played = self.played.max(now) + span;
    }
    fn holds(&mut self, now: Time) {
        self.played = now;
    }
    /// When there is room again; `None`: now.
    fn due(&self, now: Time) -> Option<Time> {
        let due = self.played - self.length;
        (due > now).then_some(due)
    }
}

impl AlsaSpeaker {
    /// Opens the PCM `device` ("hw:0,0", "default"). It starts with the first sample that is written.
    pub fn open(device: &str) -> Result<Self, DeviceError> {
        let card = Card::open(device, Direction::Playback, PERIODS)?;
        let length = Span::samples(card.buffer as i64, card.format.rate) + LEASH;
        Ok(Self { card, underruns: 0, leash: Leash { length, played: clock::now() } })
    }
}

impl Speaker for AlsaSpeaker {
    fn format(&self) -> SoundFormat {
        self.card.format
    }

    fn write(&mut self, samples: &[i16]) -> Result<usize, DeviceError> {
        if self.leash.due(clock::now()).is_some() {
            return Ok(0);
        }
        // Pieces of a period, so that one call can not outrun the leash.
        let piece = self.card.period * usize::from(self.card.format.channels);
        let samples = &samples[..samples.len().min(piece)];
        if self.card.frames(samples.len()) == 0 {
            return Ok(0);
        }
        for _ in 0..2 {
            let written = self.card.pcm.io_i16().and_then(|io| io.writei(samples));
            match written {
                Ok(frames) => {
                    let values = frames * usize::from(self.card.format.channels);
                    match self.card.pcm.delay() {
                        Ok(1..) => self.leash.holds(clock::now()),
                        _ => self.leash.swallowed(self.card.format.span_of(values), clock::now()),
                    }
                    return Ok(values);
                }
                Err(error) => match self.card.recover("write", error)? {
                    Recovered::AfterLoss => self.underruns += 1,
                    Recovered::TryLater => {
                        self.leash.holds(clock::now());
                        return Ok(0);
                    }
                },
            }
        }
        Ok(0)
    }

    fn wait(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<(), DeviceError> {
        let now = clock::now();
        if let Some(due) = self.leash.due(now) {
            wake.wait(Some(deadline.map_or(due, |deadline| deadline.min(due))));
            return Ok(());
        }
        let stalled = now + STALL;
        match self.card.wait(wake, Some(deadline.map_or(stalled, |deadline| deadline.min(stalled))))? {
            None if deadline.is_none_or(|deadline| deadline > stalled) => {
                Err(DeviceError::new(Fault::Stalled, &self.card.name, format_args!("took no sound for {STALL}")))
            }
            _ => Ok(()),
        }
    }

    fn delay(&mut self) -> Result<Span, DeviceError> {
        match self.card.pcm.delay() {
            Ok(frames) => Ok(Span::samples(frames.max(0), self.card.format.rate)),
            // An xrun: nothing waits. The next write counts and mends it.
            Err(error) if matches!(error.errno(), libc::EPIPE | libc::ESTRPIPE) => Ok(Span::ZERO),
            Err(error) => Err(self.card.error("ask its delay", error)),
        }
    }

    fn clocked(&self) -> bool {
        true
    }

    fn take_underruns(&mut self) -> u64 {
        std::mem::take(&mut self.underruns)
    }
}

#[cfg(test)]
mod leash_tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(1_000_000 + ms * 1000)
    }

    #[test]
    fn a_device_that_takes_everything_is_held_to_the_pace_of_time() {
        let mut leash = Leash { length: Span::millis(80), played: at(0) };
        let mut taken = 0;
        for ms in 0..1000 {
            while leash.due(at(ms)).is_none() {
                leash.swallowed(Span::millis(10), at(ms));
                taken += 10;
            }
        }
        assert!((1079..=1090).contains(&taken), "{taken} ms");
    }

    #[test]
    fn a_card_with_a_fast_crystal_is_never_held_back_although_it_is_never_full() {
        let mut leash = Leash { length: Span::millis(80), played: at(0) };
        for ms in (0..100_000).step_by(10) {
            // It takes 10.1 ms of sound each 10 ms; now and then it ran dry, and has swallowed what it was given.
            assert_eq!(leash.due(at(ms)), None);
            match ms % 500 {
                0 => leash.swallowed(Span::micros(10_100), at(ms)),
                _ => leash.holds(at(ms)),
            }
        }
    }
}
