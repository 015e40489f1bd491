//! Sound from a coded frame to the loudspeaker's format.

use crate::device::{self, DeviceError, SoundDecoder};
use crate::media::{SoundCoding, SoundFormat};
use crate::voice::Convert;

/// Decoder and converter of one stream; both are built when they are first needed.
#[derive(Default)]
pub struct SoundPath {
    coding: Option<SoundCoding>,
    /// `None` after a failure to build one; it is not tried again for the same coding.
    decoder: Option<Box<dyn SoundDecoder>>,
    convert: Option<(SoundFormat, SoundFormat, Convert)>,
    decoded: Vec<i16>,
}

impl SoundPath {
    /// Decodes `frame`, which is coded like `coding`, and converts it to `target`. The error is for people;
    /// a stream that can not be decoded at all is an error once and silent afterwards.
    pub fn run(&mut self, frame: &[u8], coding: &SoundCoding, target: SoundFormat) -> Result<Vec<i16>, DeviceError> {
        if self.coding.as_ref() != Some(coding) {
            self.coding = Some(coding.clone());
            self.decoder = None;
            self.decoder = Some(device::sound_decoder(coding)?);
        }
        let mut out = Vec::new();
        let Some(decoder) = &mut self.decoder else { return Ok(out) };
        let format = decoder.decode(frame, &mut self.decoded)?;
        if format == target {
            out.extend_from_slice(&self.decoded);
            return Ok(out);
        }
        let fits = self.convert.as_ref().is_some_and(|(from, to, _)| (*from, *to) == (format, target));
        if !fits {
            self.convert = Some((format, target, Convert::new(format, target)));
        }
        if let Some((_, _, convert)) = &mut self.convert {
            convert.push(&self.decoded, &mut out);
        }
        Ok(out)
    }
}
