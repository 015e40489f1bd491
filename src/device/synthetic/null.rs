//! A loudspeaker and a screen that accept everything and forget it.

use crate::device::{DeviceError, Display, Speaker, Wake, clock};
use crate::media::{PictureView, Size, SoundFormat, Span, Time};

/// A loudspeaker nobody hears. It has no pace of its own.
#[derive(Debug, Default)]
pub struct NullSpeaker;

/// A screen nobody sees.
#[derive(Debug, Default)]
pub struct NullDisplay;

impl Speaker for NullSpeaker {
    fn format(&self) -> SoundFormat {
        SoundFormat::CALL
    }
    fn write(&mut self, samples: &[i16]) -> Result<usize, DeviceError> {
        Ok(samples.len())
    }
    /// There is always room.
    fn wait(&mut self, _: &Wake, _: Option<Time>) -> Result<(), DeviceError> {
        Ok(())
    }
    fn delay(&mut self) -> Result<Span, DeviceError> {
        Ok(Span::ZERO)
    }
    fn clocked(&self) -> bool {
        false
    }
    fn take_underruns(&mut self) -> u64 {
        0
    }
}

impl Display for NullDisplay {
    fn size(&self) -> Option<Size> {
        None
    }
    fn show(&mut self, _: PictureView<'_>, _: &Wake) -> Result<Option<Time>, DeviceError> {
        Ok(Some(clock::now()))
    }
}
