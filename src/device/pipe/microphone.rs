//! A microphone at the other end of a pipe: interleaved 16-bit little-endian samples, no header.

use super::end::End;
use crate::device::held::Announced;
use crate::device::sample_clock::SampleClock;
use crate::device::{DeviceError, Fault, Microphone, Wake, clock};
use crate::media::{Sound, SoundFormat, Span, Time};
use crate::settings::board::PipeEnd;
use rustix::event::PollFlags;

/// Silence of a writer that has written before.
const STALL: Span = Span::secs(1);
/// Sound taken in at once; more than that waits in the pipe.
const MOST_TAKEN_IN: Span = Span::millis(200);
/// Sound is given out at most this long before its time: a file is read at the pace of time.
const AHEAD: Span = Span::millis(40);
/// A gap longer than this is filled with this much silence: the far end has long given up on it.
const MOST_SILENCE: Span = Span::secs(60);
/// A pipe for sound holds this much at most, where the kernel allows it.
const PIPE_BYTES: usize = 64 << 10;

/// Cuts the bytes that come into periods of 10 ms and stamps them by a [`SampleClock`].
pub struct PipeMicrophone {
    _announced: Option<Announced>,
    end: End,
    format: SoundFormat,
    clock: SampleClock,
    /// Bytes taken in and not yet given out.
    bytes: Vec<u8>,
    silence: Span,
    losses: (u64, Span),
    alive: Option<Time>,
}

impl PipeMicrophone {
    /// Opens a source of sound in `format`.
    pub fn open(end: &PipeEnd, format: SoundFormat) -> Result<Self, DeviceError> {
        if !(8000..=96_000).contains(&format.rate) || !(1..=2).contains(&format.channels) {
            let words = format_args!("{} Hz with {} channels is not supported", format.rate, format.channels);
            return Err(DeviceError::new(Fault::Unsupported, "pipe microphone", words));
        }
        let mut end = End::reader(end)?;
        let _announced = end.announce();
        end.enlarge(PIPE_BYTES);
        end.discard_old(frame_bytes(format))?;
        let clock = SampleClock::new(format.rate);
        let bytes = Vec::new();
        Ok(Self { _announced, end, format, clock, bytes, silence: Span::ZERO, losses: (0, Span::ZERO), alive: None })
    }

    fn period_bytes(&self) -> usize {
        self.format.rate as usize / 100 * frame_bytes(self.format)
    }

    /// Takes in what there is, up to the bound.
    fn take_in(&mut self) -> Result<(), DeviceError> {
        let most = self.format.values_in(MOST_TAKEN_IN) * 2;
        let had = self.bytes.len();
        if had >= most {
            return Ok(());
        }
        self.bytes.resize(most, 0);
        let read = self.end.read(&mut self.bytes[had..]);
        self.bytes.truncate(had + *read.as_ref().ok().and_then(|count| count.as_ref()).unwrap_or(&0));
        if read?.is_none() {
            return Ok(());
        }
        let now = clock::now();
        self.alive = Some(now);
        let ahead = (self.bytes.len() + self.end.held()) / frame_bytes(self.format);
        let lost = self.clock.arrived(ahead, now);
        if lost > Span::ZERO {
            self.silence += lost;
            self.losses = (self.losses.0 + 1, self.losses.1 + lost);
        }
        Ok(())
    }

    fn give(&mut self, period: &mut Sound) {
        let silence = std::mem::take(&mut self.silence).min(MOST_SILENCE);
        period.format = self.format;
        period.captured = self.clock.give(self.period_bytes() / frame_bytes(self.format)) - silence;
        period.samples.clear();
        period.samples.resize(self.format.values_in(silence), 0);
        let whole = self.period_bytes().min(self.bytes.len());
        period.samples.extend(self.bytes[..whole].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        self.bytes.drain(..whole);
    }
}

fn frame_bytes(format: SoundFormat) -> usize {
    2 * usize::from(format.channels)
}

impl Microphone for PipeMicrophone {
    fn format(&self) -> SoundFormat {
        self.format
    }

    fn next(&mut self, wake: &Wake, period: &mut Sound) -> Result<bool, DeviceError> {
        loop {
            while self.bytes.len() >= self.period_bytes() {
                // Its last sample is 10 ms younger than its first.
                let due = self.clock.time_of_next() + Span::millis(10) - AHEAD;
                if due <= clock::now() {
                    self.give(period);
                    return Ok(true);
                }
                if wake.wait(Some(due)) {
                    return Ok(false);
                }
            }
            match self.end.wait(wake, PollFlags::IN, self.alive.map(|at| at + STALL))? {
                Some(false) => return Ok(false),
                None => {
                    let words = format_args!("no sound for {STALL}");
                    return Err(DeviceError::new(Fault::Stalled, self.end.name(), words));
                }
                Some(true) => self.take_in()?,
            }
        }
    }

    fn take_losses(&mut self) -> (u64, Span) {
        std::mem::take(&mut self.losses)
    }
}
