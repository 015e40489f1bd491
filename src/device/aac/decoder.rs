//! The AAC decoder: raw frames of LC, HE-AAC and HE-AAC v2 into 16-bit samples.
//!
//! The library's peak limiter is switched off: it delays every sample by 15 ms to soften clipping that a call
//! does not have. Concealment is the kind that adds no frame of delay. More than two channels are mixed down.
#![allow(unsafe_code)]

use super::NAME;
use crate::device::{DeviceError, Fault, SoundDecoder};
use crate::media::SoundFormat;
use fdk_aac_sys as sys;
use std::ffi::c_int;

/// Audio object types taken (ISO/IEC 14496-3, Table 1.17): LC, SBR (HE-AAC), PS (HE-AAC v2).
const OBJECT_TYPES: [u8; 3] = [2, 5, 29];
/// Longest AudioSpecificConfig taken, bytes; real ones have two to seven.
const MAX_CONFIG: usize = 64;
/// Longest frame taken, bytes: 6144 bits a channel, eight channels.
const MAX_FRAME: usize = 6144;
/// Room the library may want: 2048 samples (with SBR) of eight channels.
const ROOM: usize = 2048 * 8;

/// A decoder for one stream.
pub struct FdkDecoder {
    handle: Handle,
}

/// Owns the library's decoder; closes it when dropped.
struct Handle(sys::HANDLE_AACDECODER);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle came from aacDecoder_Open and is closed only here.
        unsafe { sys::aacDecoder_Close(self.0) };
    }
}

impl Handle {
    fn set(&mut self, parameter: sys::AACDEC_PARAM, value: i32) -> sys::AAC_DECODER_ERROR {
        // SAFETY: the handle is open; parameters are plain numbers that the library checks.
        unsafe { sys::aacDecoder_SetParam(self.0, parameter, value) }
    }
}

impl FdkDecoder {
    /// Builds a decoder for the stream whose AudioSpecificConfig is `config`; [`Fault::Unsupported`] for
    /// another codec than LC, HE-AAC or HE-AAC v2.
    pub fn new(config: &[u8]) -> Result<Self, DeviceError> {
        let object_type = config.first().map_or(0, |byte| byte >> 3);
        if !OBJECT_TYPES.contains(&object_type) || config.len() > MAX_CONFIG {
            let words = format_args!("can not decode AAC of object type {object_type}");
            return Err(DeviceError::new(Fault::Unsupported, NAME, words));
        }
        // SAFETY: no preconditions; a null handle is checked below.
        let handle = Handle(unsafe { sys::aacDecoder_Open(sys::TRANSPORT_TYPE_TT_MP4_RAW, 1) });
        if handle.0.is_null() {
            return Err(DeviceError::new(Fault::Failed, NAME, "could not open a decoder"));
        }
        let mut decoder = Self { handle };
        for (parameter, value) in [
            (sys::AACDEC_PARAM_AAC_PCM_LIMITER_ENABLE, 0),
            (sys::AACDEC_PARAM_AAC_PCM_MAX_OUTPUT_CHANNELS, 2),
            (sys::AACDEC_PARAM_AAC_CONCEAL_METHOD, 1),
        ] {
            check("configure", decoder.handle.set(parameter, value))?;
        }
        let (mut start, len) = (config.as_ptr().cast_mut(), config.len() as u32);
        // SAFETY: `start` and `len` name the live slice, which the library only reads.
        let code = unsafe { sys::aacDecoder_ConfigRaw(decoder.handle.0, &raw mut start, &raw const len) };
        if code != sys::AAC_DECODER_ERROR_AAC_DEC_OK {
            let words = format_args!("can not decode this AudioSpecificConfig (code {code:#x})");
            return Err(DeviceError::new(Fault::Unsupported, NAME, words));
        }
        Ok(decoder)
    }

    /// Decodes `frame` into `out`, which has [`ROOM`]; the format and the number of values.
    fn decode_into(&mut self, frame: &[u8], out: &mut [i16]) -> Result<(SoundFormat, usize), DeviceError> {
        let (mut start, len) = (frame.as_ptr().cast_mut(), frame.len() as u32);
        let mut left = len;
        // SAFETY: `start` and `len` name the live slice, which the library copies from.
        check("take a frame", unsafe {
            sys::aacDecoder_Fill(self.handle.0, &raw mut start, &raw const len, &raw mut left)
        })?;
        if left != 0 {
            return Err(DeviceError::new(Fault::Damaged, NAME, "a frame is too long"));
        }
        // SAFETY: `out` is live and as long as stated, in samples.
        check("decode a frame", unsafe {
            sys::aacDecoder_DecodeFrame(self.handle.0, out.as_mut_ptr(), out.len() as c_int, 0)
        })?;
        // SAFETY: the library returns a pointer into the open decoder; it is read before the next call.
        let info = unsafe { sys::aacDecoder_GetStreamInfo(self.handle.0).as_ref() };
        let format = info.and_then(|info| {
            let format =
                SoundFormat { rate: info.sampleRate.try_into().ok()?, channels: info.numChannels.try_into().ok()? };
            let values = usize::try_from(info.frameSize).ok()? * usize::from(format.channels);
            let fine = (8000..=96_000).contains(&format.rate) && matches!(format.channels, 1 | 2);
            (fine && values > 0 && values <= out.len()).then_some((format, values))
        });
        format.ok_or_else(|| DeviceError::new(Fault::Damaged, NAME, "a frame is of no usable format"))
    }
}

impl SoundDecoder for FdkDecoder {
    fn decode(&mut self, frame: &[u8], out: &mut Vec<i16>) -> Result<SoundFormat, DeviceError> {
        out.clear();
        if frame.is_empty() || frame.len() > MAX_FRAME {
            let words = format_args!("a frame of {} bytes is no AAC frame", frame.len());
            return Err(DeviceError::new(Fault::Damaged, NAME, words));
        }
        out.resize(ROOM, 0);
        match self.decode_into(frame, out) {
            Ok((format, values)) => {
                out.truncate(values);
                // What a frame leaves over must not be read as the head of the next one.
                self.handle.set(sys::AACDEC_PARAM_AAC_TPDEC_CLEAR_BUFFER, 1);
                Ok(format)
            }
            Err(error) => {
                out.clear();
                self.handle.set(sys::AACDEC_PARAM_AAC_TPDEC_CLEAR_BUFFER, 1);
                Err(error)
            }
        }
    }
}

fn check(doing: &str, code: sys::AAC_DECODER_ERROR) -> Result<(), DeviceError> {
    match code {
        sys::AAC_DECODER_ERROR_AAC_DEC_OK => Ok(()),
        code => Err(DeviceError::new(Fault::Damaged, NAME, format_args!("could not {doing} (code {code:#x})"))),
    }
}
