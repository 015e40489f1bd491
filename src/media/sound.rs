//! Sound: interleaved 16-bit samples and their format.

use super::time::{Span, Time};

/// Sampling rate and channel count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SoundFormat {
    /// Samples a second and channel (8000 ..= 96000).
    pub rate: u32,
    /// 1 or 2.
    pub channels: u16,
}

impl SoundFormat {
    /// What the way up encodes: 48 kHz mono.
    pub const CALL: SoundFormat = SoundFormat { rate: 48_000, channels: 1 };

    /// How long `values` interleaved sample values last.
    pub fn span_of(self, values: usize) -> Span {
        Span::samples((values / self.channels.max(1) as usize) as i64, self.rate)
    }

    /// How many interleaved values `span` holds.
    pub fn values_in(self, span: Span) -> usize {
        span.as_samples(self.rate).max(0) as usize * self.channels as usize
    }
}

/// A piece of sound. `samples` are interleaved; `captured` is the moment of the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    pub format: SoundFormat,
    pub samples: Vec<i16>,
    pub captured: Time,
}

impl Sound {
    /// Nothing yet, in `format`.
    pub fn empty(format: SoundFormat) -> Self {
        Self { format, samples: Vec::new(), captured: Time::default() }
    }

    /// How long it lasts.
    pub fn span(&self) -> Span {
        self.format.span_of(self.samples.len())
    }
}
