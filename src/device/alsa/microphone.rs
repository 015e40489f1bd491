//! A sound card's input.

use super::pcm::{Card, Recovered};
use crate::device::sample_clock::SampleClock;
use crate::device::{DeviceError, Fault, Microphone, Wake, clock};
use crate::media::{Sound, SoundFormat, Span, Time};
use alsa::Direction;

/// Buffer in periods: a thread that is held up for half a second loses nothing. It costs memory and no delay.
const PERIODS: usize = 50;
/// Silence of a running card.
const STALL: Span = Span::secs(1);
/// Sound of a device without a pace (`null`) is given out at most this long before its time.
const AHEAD: Span = Span::millis(40);
/// A gap longer than this is filled with this much silence: the far end has long given up on it.
const MOST_SILENCE: Span = Span::secs(60);

/// Periods of exactly 10 ms from a card, whatever its own periods are.
pub struct AlsaMicrophone {
    card: Card,
    clock: SampleClock,
    /// Values of the period that is being filled, and how many of them are there.
    period: Vec<i16>,
    filled: usize,
    silence: Span,
    losses: (u64, Span),
    alive: Time,
}

impl AlsaMicrophone {
    /// Opens and starts the PCM `device` ("hw:1,0", "default").
    pub fn open(device: &str) -> Result<Self, DeviceError> {
        let mut card = Card::open(device, Direction::Capture, PERIODS)?;
        // Without this poll would never report anything.
        card.pcm.start().map_err(|error| card.error("start", error))?;
        let clock = SampleClock::new(card.format.rate);
        let values = card.format.rate as usize / 100 * usize::from(card.format.channels);
        let (period, filled) = (vec![0; values], 0);
        Ok(Self { card, clock, period, filled, silence: Span::ZERO, losses: (0, Span::ZERO), alive: clock::now() })
    }

    /// Reads what there is up to a whole period; true when it is whole.
    fn read(&mut self) -> Result<bool, DeviceError> {
        let rest = &mut self.period[self.filled..];
        let read = self.card.pcm.io_i16().and_then(|io| io.readi(rest));
        match read {
            Ok(0) => {}
            Ok(frames) => {
                self.alive = clock::now();
                self.filled += frames * usize::from(self.card.format.channels);
            }
            Err(error) => {
                if let Recovered::AfterLoss = self.card.recover("read", error)? {
                    self.restart()?;
                }
            }
        }
        Ok(self.filled >= self.period.len())
    }

    /// After an xrun: everything from the period that was being filled up to now becomes silence.
    fn restart(&mut self) -> Result<(), DeviceError> {
        match self.card.pcm.start() {
            // A resumed card runs already.
            Ok(()) => {}
            Err(error) if error.errno() == libc::EBADFD => {}
            Err(error) => return Err(self.card.error("restart", error)),
        }
        self.filled = 0;
        // A buffer that ran over is the sign of a card that works.
        self.alive = clock::now();
        let lost = self.clock.restarted(self.alive);
        self.silence += lost;
        self.losses = (self.losses.0 + 1, self.losses.1 + lost);
        Ok(())
    }

    fn give(&mut self, period: &mut Sound) {
        let frames = self.card.frames(self.period.len());
        let waiting = self.card.pcm.delay().map_or(0, |frames| usize::try_from(frames).unwrap_or(0));
        let lost = self.clock.arrived(frames + waiting, clock::now());
        if lost > Span::ZERO {
            self.silence += lost;
            self.losses = (self.losses.0 + 1, self.losses.1 + lost);
        }
        let silence = std::mem::take(&mut self.silence).min(MOST_SILENCE);
        period.format = self.card.format;
        period.captured = self.clock.give(frames) - silence;
        period.samples.clear();
        period.samples.resize(self.card.format.values_in(silence), 0);
        period.samples.extend_from_slice(&self.period);
        self.filled = 0;
    }
}

impl Microphone for AlsaMicrophone {
    fn format(&self) -> SoundFormat {
        self.card.format
    }

    fn next(&mut self, wake: &Wake, period: &mut Sound) -> Result<bool, DeviceError> {
        loop {
            if self.filled >= self.period.len() || self.read()? {
                let due = self.clock.time_of_next() + Span::millis(10) - AHEAD;
                if due > clock::now() && wake.wait(Some(due)) {
                    return Ok(false);
                }
                self.give(period);
                return Ok(true);
            }
            match self.card.wait(wake, Some(self.alive + STALL))? {
                Some(true) => {}
                Some(false) => return Ok(false),
                None => {
                    let words = format_args!("no sound for {STALL}");
                    return Err(DeviceError::new(Fault::Stalled, &self.card.name, words));
                }
            }
        }
    }

    fn take_losses(&mut self) -> (u64, Span) {
        std::mem::take(&mut self.losses)
    }
}
