//! A sound card's output.

use super::pcm::{Card, Recovered};
use crate::device::{DeviceError, Fault, Speaker, Wake, clock};
use crate::media::{SoundFormat, Span, Time};
use alsa::Direction;

/// Buffer in periods: with two there are xruns, with four the delay is 10 ms longer for nothing.
const PERIODS: usize = 3;
/// A card that plays nothing of what waits in it for so long is stuck: far longer than a period of any.
const STALL: Span = Span::secs(1);
/// How much more than its buffer a device may take at once before it is held to have no pace of its own.
const LEASH: Span = Span::millis(50);

/// Sound to a card, which sets the pace.
pub struct AlsaSpeaker {
    card: Card,
    underruns: u64,
    leash: Leash,
    standstill: Standstill,
}

/// Tells a card whose place stands still from one that tells its place in steps of a period.
#[derive(Debug, Default)]
struct Standstill {
    /// Frames that waited in it when it was asked, and since when it is so many, with nothing written meanwhile.
    held: Option<(i64, Time)>,
}

impl Standstill {
    /// It was given something: however much waits now is no sign.
    fn written(&mut self) {
        self.held = None;
    }

    /// It says that `frames` wait; true when it is stuck. One in which nothing waits has nothing to play.
    fn stuck(&mut self, frames: i64, now: Time) -> bool {
        match self.held {
            Some((held, since)) if held == frames && frames > 0 => now - since >= STALL,
            _ => {
                self.held = Some((frames, now));
                false
            }
        }
    }
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
        Ok(Self {
            card,
            underruns: 0,
            leash: Leash { length, played: clock::now() },
            standstill: Standstill::default(),
        })
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
                    self.standstill.written();
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
        self.card.wait(wake, deadline)?;
        // One that has no room is not asked otherwise.
        self.delay().map(drop)
    }

    fn delay(&mut self) -> Result<Span, DeviceError> {
        match self.card.pcm.delay() {
            Ok(frames) if self.standstill.stuck(frames, clock::now()) => {
                let words = format_args!("it played nothing of what waits in it for {STALL}");
                Err(DeviceError::new(Fault::Stalled, &self.card.name, words))
            }
            Ok(frames) => Ok(Span::samples(frames.max(0), self.card.format.rate)),
            // An xrun: nothing waits. The next write counts and mends it.
            Err(error) if matches!(error.errno(), libc::EPIPE | libc::ESTRPIPE) => {
                self.standstill = Standstill::default();
                Ok(Span::ZERO)
            }
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
mod tests {
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

    /// What is done to a card at a moment, in milliseconds.
    enum Did {
        /// It is asked every so many milliseconds until then, and says that so many frames wait.
        Says(i64, i64, i64),
        Written,
    }

    #[test]
    fn a_card_is_stuck_when_what_waits_in_it_stays_the_same_for_a_second_with_nothing_written() {
        use Did::*;
        let table: [(&str, &[Did], bool); 8] = [
            ("stands still", &[Says(1000, 5, 480)], true),
            ("nearly a second", &[Says(995, 5, 480)], false),
            ("plays in the end", &[Says(995, 5, 480), Says(1990, 5, 240)], false),
            ("stands still after it has played", &[Says(500, 5, 480), Says(1600, 5, 240)], true),
            ("nothing waits", &[Says(9000, 5, 0)], false),
            ("less than nothing waits", &[Says(9000, 5, -96)], false),
            ("was given something", &[Says(900, 5, 480), Written, Says(1800, 5, 480)], false),
            ("asked rarely", &[Says(400, 400, 480), Written, Says(1600, 400, 480)], false),
        ];
        for (name, story, expected) in table {
            let (mut standstill, mut now, mut stuck) = (Standstill::default(), 0, false);
            for did in story {
                match *did {
                    Says(until, every, frames) => {
                        while now <= until {
                            stuck |= standstill.stuck(frames, at(now));
                            now += every;
                        }
                    }
                    Written => standstill.written(),
                }
            }
            assert_eq!(stuck, expected, "{name}");
        }
    }

    #[test]
    fn a_card_that_tells_its_place_in_steps_is_never_taken_for_stuck() {
        let (mut standstill, mut held) = (Standstill::default(), 1024);
        for ms in 0..60_000 {
            // A period of 21 ms at 48 kHz, as a mixer of several programs has.
            if ms % 21 == 0 {
                held -= 1008;
                if held < 384 {
                    standstill.written();
                    held += 1008;
                }
            }
            assert!(!standstill.stuck(held, at(ms)), "{ms}");
        }
    }
}
