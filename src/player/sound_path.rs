//! Sound from a coded frame to samples.

use crate::device::{self, DeviceError, SoundDecoder};
use crate::media::{SoundCoding, SoundFormat};

/// Decoder of one stream; it is built when it is first needed.
#[derive(Default)]
pub struct SoundPath {
    coding: Option<SoundCoding>,
    /// `None` after a failure to build one; it is not tried again for the same coding.
    decoder: Option<Box<dyn SoundDecoder>>,
}

impl SoundPath {
    /// Decodes `frame`, which is coded like `coding`. The error is for people; a stream that can not be decoded at all is
    /// an error once and silent (`None`) afterwards.
    pub fn run(&mut self, frame: &[u8], coding: &SoundCoding) -> Result<Option<(Vec<i16>, SoundFormat)>, DeviceError> {
        if self.coding.as_ref() != Some(coding) {
            self.coding = Some(coding.clone());
            self.decoder = None;
            self.decoder = Some(device::sound_decoder(coding)?);
        }
        let Some(decoder) = &mut self.decoder else { return Ok(None) };
        let mut samples = Vec::new();
        let format = decoder.decode(frame, &mut samples)?;
        Ok(Some((samples, format)))
    }
}
