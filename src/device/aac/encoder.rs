//! The AAC-LC encoder: raw frames of 1024 samples, constant rate that may change between frames.
//!
//! The afterburner (the library's analysis by synthesis) is on: with it a frame of 21 ms takes 0.08 ms, so there is
//! nothing to save. Tools that add delay belong to the HE profiles and are not used.
#![allow(unsafe_code)]

use super::NAME;
use crate::device::{DeviceError, Fault, SoundEncoder};
use crate::media::SoundFormat;
use fdk_aac_sys as sys;
use std::ffi::{c_int, c_void};
use std::ptr::{null, null_mut};

/// The library's limit of one frame: 6144 bits a channel.
const MAX_FRAME: usize = 768 * 2;
/// Rates the library can meet with LC, bits a second and channel, as a share of the sampling rate: beyond them
/// it refuses.
const MAX_BITS_PER_SAMPLE: u32 = 6;
/// Lowest rate a channel, kbit/s.
const MIN_KBPS: u32 = 8;

/// An encoder for one format.
pub struct FdkEncoder {
    handle: Handle,
    format: SoundFormat,
    kbps: u32,
    config: Vec<u8>,
    frame_len: usize,
    delay: usize,
}

/// Owns the library's encoder; closes it when dropped.
struct Handle(sys::HANDLE_AACENCODER);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle came from aacEncOpen and is closed only here.
        unsafe { sys::aacEncClose(&raw mut self.0) };
    }
}

impl Handle {
    fn set(&mut self, parameter: sys::AACENC_PARAM, value: u32) -> Result<(), DeviceError> {
        // SAFETY: the handle is open; parameters are plain numbers that the library checks.
        check("configure", unsafe { sys::aacEncoder_SetParam(self.0, parameter, value) })
    }
}

impl FdkEncoder {
    /// Builds an AAC-LC encoder for `format` at `kbps`; [`Fault::Unsupported`] for a format LC does not have.
    pub fn new(format: SoundFormat, kbps: u32) -> Result<Self, DeviceError> {
        Self::with_object_type(format, kbps, sys::AUDIO_OBJECT_TYPE_AOT_AAC_LC as u32)
    }

    /// The same for any audio object type (ISO/IEC 14496-3, Table 1.17).
    pub(super) fn with_object_type(format: SoundFormat, kbps: u32, object_type: u32) -> Result<Self, DeviceError> {
        if !matches!(format.channels, 1 | 2) {
            let words = format_args!("can not encode {} channels", format.channels);
            return Err(DeviceError::new(Fault::Unsupported, NAME, words));
        }
        let channels = u32::from(format.channels);
        let mut raw = null_mut();
        // SAFETY: `raw` receives the handle; it is owned by `Handle` from the next line on.
        check("open", unsafe { sys::aacEncOpen(&raw mut raw, 0, channels) })?;
        let mut handle = Handle(raw);
        let kbps = bounded(format, kbps);
        handle.set(sys::AACENC_PARAM_AACENC_AOT, object_type)?;
        handle.set(sys::AACENC_PARAM_AACENC_SAMPLERATE, format.rate)?;
        handle.set(sys::AACENC_PARAM_AACENC_CHANNELMODE, channels)?;
        handle.set(sys::AACENC_PARAM_AACENC_CHANNELORDER, 1)?; // left, right
        handle.set(sys::AACENC_PARAM_AACENC_BITRATEMODE, 0)?; // constant
        handle.set(sys::AACENC_PARAM_AACENC_BITRATE, kbps * 1000)?;
        handle.set(sys::AACENC_PARAM_AACENC_AFTERBURNER, 1)?;
        handle.set(sys::AACENC_PARAM_AACENC_TRANSMUX, 0)?; // raw frames
        // SAFETY: a call without buffers makes the library take the settings (its documented initialisation);
        // the information is plain numbers and arrays, for which all zeroes is a value.
        let info = unsafe {
            check("configure", sys::aacEncEncode(handle.0, null(), null(), null(), null_mut()))?;
            let mut info: sys::AACENC_InfoStruct = std::mem::zeroed();
            check("configure", sys::aacEncInfo(handle.0, &raw mut info))?;
            info
        };
        let config = info.confBuf.get(..info.confSize as usize).unwrap_or_default().to_vec();
        Ok(Self { handle, format, kbps, config, frame_len: info.frameLength as usize, delay: info.nDelay as usize })
    }
}

impl SoundEncoder for FdkEncoder {
    fn config(&self) -> &[u8] {
        &self.config
    }

    fn frame_len(&self) -> usize {
        self.frame_len
    }

    fn delay(&self) -> usize {
        self.delay
    }

    fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), DeviceError> {
        out.clear();
        let wanted = self.frame_len * usize::from(self.format.channels);
        if samples.len() != wanted {
            let words = format_args!("was given {} samples instead of {wanted}", samples.len());
            return Err(DeviceError::new(Fault::Unsupported, NAME, words));
        }
        out.resize(MAX_FRAME * 2, 0);
        let mut input = Place::new(
            sys::AACENC_BufferIdentifier_IN_AUDIO_DATA as c_int,
            samples.as_ptr().cast_mut().cast(),
            wanted * 2,
            2,
        );
        let mut output =
            Place::new(sys::AACENC_BufferIdentifier_OUT_BITSTREAM_DATA as c_int, out.as_mut_ptr().cast(), out.len(), 1);
        let arguments = sys::AACENC_InArgs { numInSamples: wanted as c_int, numAncBytes: 0 };
        // SAFETY: both descriptions point at live buffers of the lengths they state (the library only reads the
        // input) and at locals that outlive the call.
        let (code, results) = unsafe {
            let mut results: sys::AACENC_OutArgs = std::mem::zeroed();
            let (input, output) = (input.describe(), output.describe());
            let code = sys::aacEncEncode(
                self.handle.0,
                &raw const input,
                &raw const output,
                &raw const arguments,
                &raw mut results,
            );
            (code, results)
        };
        out.truncate(usize::try_from(results.numOutBytes).unwrap_or(0));
        if let Err(error) = check("encode", code) {
            out.clear();
            return Err(error);
        }
        if results.numInSamples as usize != wanted || out.is_empty() {
            out.clear();
            return Err(DeviceError::new(Fault::Failed, NAME, "did not give one frame for one frame"));
        }
        Ok(())
    }

    fn set_bitrate(&mut self, kbps: u32) -> Result<(), DeviceError> {
        let kbps = bounded(self.format, kbps);
        if kbps != self.kbps {
            self.handle.set(sys::AACENC_PARAM_AACENC_BITRATE, kbps * 1000)?;
            self.kbps = kbps;
        }
        Ok(())
    }
}

/// One buffer in the form the library wants it: arrays of one.
struct Place {
    identifier: c_int,
    start: *mut c_void,
    size: c_int,
    element: c_int,
}

impl Place {
    /// `len` bytes at `start`, in elements of `element` bytes.
    fn new(identifier: c_int, start: *mut c_void, len: usize, element: c_int) -> Self {
        Self { identifier, start, size: len as c_int, element }
    }

    fn describe(&mut self) -> sys::AACENC_BufDesc {
        sys::AACENC_BufDesc {
            numBufs: 1,
            bufs: &raw mut self.start,
            bufferIdentifiers: &raw mut self.identifier,
            bufSizes: &raw mut self.size,
            bufElSizes: &raw mut self.element,
        }
    }
}

fn bounded(format: SoundFormat, kbps: u32) -> u32 {
    let channels = u32::from(format.channels);
    kbps.clamp(MIN_KBPS * channels, (format.rate * MAX_BITS_PER_SAMPLE / 1000 * channels).max(MIN_KBPS * channels))
}

fn check(doing: &str, code: sys::AACENC_ERROR) -> Result<(), DeviceError> {
    let fault = match code {
        sys::AACENC_ERROR_AACENC_OK => return Ok(()),
        sys::AACENC_ERROR_AACENC_UNSUPPORTED_PARAMETER | sys::AACENC_ERROR_AACENC_INVALID_CONFIG => Fault::Unsupported,
        _ => Fault::Failed,
    };
    Err(DeviceError::new(fault, NAME, format_args!("could not {doing} (code {code:#x})")))
}
