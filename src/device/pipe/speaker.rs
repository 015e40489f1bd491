//! A loudspeaker at the other end of a pipe: interleaved 16-bit little-endian samples at the moment they are played.

use super::end::End;
use crate::device::{DeviceError, Fault, Speaker, Wake};
use crate::media::{SoundFormat, Span, Time};
use crate::settings::board::PipeEnd;
use rustix::event::PollFlags;
use std::io::IoSlice;

/// Sound the reader may leave unread; what comes then is lost, because late sound is worth nothing in a call.
const MOST_UNREAD: Span = Span::millis(200);

/// Writes sound as it comes. It has no pace of its own, and a slow reader never holds its caller up.
pub struct PipeSpeaker {
    end: End,
    format: SoundFormat,
    bytes: Vec<u8>,
    /// The rest of a sample frame that was cut by a full pipe; goes first, so that channels stay in order.
    owed: Vec<u8>,
    losing: bool,
}

impl PipeSpeaker {
    /// Opens a sink of sound in `format`. A FIFO nobody reads is [`Fault::Missing`].
    pub fn open(end: &PipeEnd, format: SoundFormat) -> Result<Self, DeviceError> {
        if !(8000..=96_000).contains(&format.rate) || !(1..=2).contains(&format.channels) {
            let words = format_args!("{} Hz with {} channels is not supported", format.rate, format.channels);
            return Err(DeviceError::new(Fault::Unsupported, "pipe speaker", words));
        }
        let end = End::writer(end)?;
        Ok(Self { end, format, bytes: Vec::new(), owed: Vec::new(), losing: false })
    }

    fn unread(&self) -> Span {
        self.format.span_of(self.end.held() / 2)
    }

    fn note_loss(&mut self, losing: bool) {
        if losing && !self.losing {
            tracing::debug!(speaker = self.end.name(), "its reader is slow, sound is lost");
        }
        self.losing = losing;
    }
}

impl Speaker for PipeSpeaker {
    fn format(&self) -> SoundFormat {
        self.format
    }

    /// Takes everything; what does not fit is lost.
    fn write(&mut self, samples: &[i16]) -> Result<usize, DeviceError> {
        if self.unread() >= MOST_UNREAD {
            self.note_loss(true);
            return Ok(samples.len());
        }
        self.bytes.clear();
        self.bytes.append(&mut self.owed);
        let owed = self.bytes.len();
        self.bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        if self.bytes.is_empty() {
            return Ok(0);
        }
        let sent = self.end.write(&[IoSlice::new(&self.bytes)])?;
        let frame = 2 * usize::from(self.format.channels);
        // Frames begin `owed` bytes in; a cut inside one leaves its rest to be sent first next time.
        let whole = match sent < owed {
            true => owed,
            false => owed + (sent - owed).next_multiple_of(frame).min(self.bytes.len() - owed),
        };
        self.owed.extend_from_slice(&self.bytes[sent..whole]);
        self.note_loss(whole < self.bytes.len());
        Ok(samples.len())
    }

    fn wait(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<(), DeviceError> {
        self.end.wait(wake, PollFlags::OUT, deadline).map(drop)
    }

    fn delay(&mut self) -> Result<Span, DeviceError> {
        Ok(self.unread())
    }

    fn clocked(&self) -> bool {
        false
    }

    fn take_underruns(&mut self) -> u64 {
        0
    }
}
