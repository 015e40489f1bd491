//! The H.264 decoder: pictures come out as early as their order allows, and damaged ones never.
//!
//! The library holds pictures of every profile but baseline back to sort them, one even where nothing is ever
//! reordered. For a stream that does not reorder it is therefore emptied after each unit, so every picture comes
//! out with its own unit; emptying it in a stream with B pictures would spoil their order, so there it is left to
//! sort. Each picture carries its own position through the library.
//!
//! Concealment is off: after damage or loss every unit is refused until an IDR picture arrives, because a frozen
//! picture is better than a smeared face.
#![allow(unsafe_code)]

use super::NAME;
use super::guard;
use crate::device::{DeviceError, Fault, PictureSink, VideoDecoder};
use crate::media::{PictureView, Size, Span};
use openh264::OpenH264API;
use openh264::decoder::{Decoder, DecoderConfig, Flush};
use openh264_sys2::{DECODER_OPTION_NUM_OF_FRAMES_REMAINING_IN_BUFFER, SBufferInfo, dsErrorFree};
use std::ptr::{null, null_mut};

/// Pictures the library may hold back in a stream that reorders. Three B pictures between references, used as
/// references themselves, need two; what it holds beyond this is taken out, so that delay can not pile up.
const MAX_HELD: i32 = 4;
/// Largest access unit taken, bytes: an IDR picture of 1080p at the finest quantiser stays below.
const MAX_UNIT: usize = 8 << 20;

/// A decoder for one stream.
pub struct OpenH264Decoder {
    decoder: Decoder,
    reorders: bool,
    /// Something was lost or damaged: only an IDR picture helps.
    broken: bool,
}

impl OpenH264Decoder {
    /// Builds a decoder. `reorders`: the stream's SPS allows another order of presentation than of decoding.
    pub fn new(reorders: bool) -> Result<Self, DeviceError> {
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let decoder = Decoder::with_api_config(OpenH264API::from_source(), config)
            .map_err(|reason| DeviceError::new(Fault::Failed, NAME, reason))?;
        Ok(Self { decoder, reorders, broken: true })
    }

    /// One call of the library: `bytes` of a unit, or `None` to say that the unit is complete.
    fn feed(&mut self, bytes: Option<&[u8]>, pts: Span, sink: PictureSink<'_>) -> Result<(), DeviceError> {
        let mut planes = [null_mut::<u8>(); 3];
        let mut info = SBufferInfo { uiInBsTimeStamp: pts.as_micros() as u64, ..SBufferInfo::default() };
        let (start, len) = bytes.map_or((null(), 0), |bytes| (bytes.as_ptr(), bytes.len() as i32));
        // SAFETY: `start` and `len` name a live slice no longer than MAX_UNIT, which the library copies; `planes`
        // and `info` live across the call. Bytes of a stream reach it only after `guard::inspect`.
        let state = unsafe { self.decoder.raw_api().decode_frame2(start, len, planes.as_mut_ptr(), &raw mut info) };
        if state != dsErrorFree {
            return Err(damaged(format_args!("could not decode a unit (state {state:#x})")));
        }
        give_out(planes, &info, sink)
    }

    /// Takes pictures out until the library holds no more than `keep`.
    fn drain(&mut self, keep: i32, sink: PictureSink<'_>) -> Result<(), DeviceError> {
        loop {
            let mut held = 0i32;
            let (mut planes, mut info) = ([null_mut::<u8>(); 3], SBufferInfo::default());
            // SAFETY: the option is an int; `planes` and `info` live across the calls.
            unsafe {
                let api = self.decoder.raw_api();
                api.get_option(DECODER_OPTION_NUM_OF_FRAMES_REMAINING_IN_BUFFER, (&raw mut held).cast());
                if held <= keep {
                    return Ok(());
                }
                api.flush_frame(planes.as_mut_ptr(), &raw mut info);
            }
            if info.iBufferStatus != 1 {
                return Ok(());
            }
            give_out(planes, &info, sink)?;
        }
    }
}

impl VideoDecoder for OpenH264Decoder {
    fn decode(&mut self, annex_b: &[u8], pts: Span, sink: PictureSink<'_>) -> Result<(), DeviceError> {
        if annex_b.len() > MAX_UNIT {
            self.broken = true;
            return Err(damaged(format_args!("a unit of {} bytes is too large", annex_b.len())));
        }
        let contents = guard::inspect(annex_b).map_err(|reason| {
            self.broken = true;
            DeviceError::new(Fault::Damaged, NAME, reason)
        })?;
        if self.broken && contents.picture && !contents.idr {
            return Err(damaged(format_args!("waits for an IDR picture")));
        }
        let fed = self.feed(Some(annex_b), pts, sink);
        // Without this the library keeps the unit until it sees the head of the next one.
        let closed = self.feed(None, pts, sink);
        let result = fed.and(closed);
        if contents.picture {
            self.broken = result.is_err();
        }
        self.drain(if self.reorders { MAX_HELD } else { 0 }, sink)?;
        result
    }

    fn flush(&mut self, sink: PictureSink<'_>) -> Result<(), DeviceError> {
        self.drain(0, sink)
    }
}

/// Shows the picture the library points at, if it does.
fn give_out(planes: [*mut u8; 3], info: &SBufferInfo, sink: PictureSink<'_>) -> Result<(), DeviceError> {
    if info.iBufferStatus != 1 || planes.iter().any(|plane| plane.is_null()) {
        return Ok(());
    }
    // SAFETY: the union's only member, filled in whenever iBufferStatus is 1.
    let buffer = unsafe { info.UsrData.sSystemBuffer };
    let (Ok(width), Ok(height)) = (u32::try_from(buffer.iWidth), u32::try_from(buffer.iHeight)) else {
        return Err(damaged(format_args!("gave a picture of no size")));
    };
    let (Ok(y_stride), Ok(uv_stride)) = (usize::try_from(buffer.iStride[0]), usize::try_from(buffer.iStride[1])) else {
        return Err(damaged(format_args!("gave a picture of no size")));
    };
    let size = Size::new(width, height);
    if size.is_empty() || y_stride < width as usize || uv_stride < width.div_ceil(2) as usize {
        return Err(damaged(format_args!("gave a picture of no size")));
    }
    let (luma, chroma) = (y_stride * height as usize, uv_stride * height.div_ceil(2) as usize);
    // SAFETY: the planes belong to a picture buffer that the library keeps until its next call, which can not
    // happen while `sink` borrows them. They are `height` lines of `stride` bytes that start inside the picture
    // (the guard refused cropping that leaves it); the library surrounds every picture with 32 initialised lines,
    // so the last line's full stride is inside the buffer too.
    let (y, u, v) = unsafe {
        (
            std::slice::from_raw_parts(planes[0], luma),
            std::slice::from_raw_parts(planes[1], chroma),
            std::slice::from_raw_parts(planes[2], chroma),
        )
    };
    sink(PictureView { size, y, u, v, y_stride, uv_stride }, Span::micros(info.uiOutYuvTimeStamp as i64));
    Ok(())
}

fn damaged(words: std::fmt::Arguments<'_>) -> DeviceError {
    DeviceError::new(Fault::Damaged, NAME, words)
}
