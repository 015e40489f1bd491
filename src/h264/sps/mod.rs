//! Sequence parameter sets (ITU-T H.264, 7.3.2.1.1): what a stream is, before a decoder is asked to take it.

mod vui;

#[cfg(test)]
mod tests;

use super::bits::{Bits, OutOfBits};
use super::nal::NalKind;
use crate::media::Size;
use std::fmt;
use vui::Vui;

/// The longer side that is played, in coded pixels, whichever way the picture stands.
pub const MAX_SIDE: u32 = 1920;
/// Coded pixels of one picture that is played: 1920x1088, which is 1080p in whole macroblocks.
pub const MAX_PIXELS: usize = 1920 * 1088;
/// The highest `level_idc` that is played: level 4.2.
pub const MAX_LEVEL: u8 = 42;
/// The longest side that a parameter set may claim and still be read: 1024 macroblocks.
const MAX_MACROBLOCKS: u32 = 1024;

/// `chroma_format_idc` (table 6-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    Monochrome,
    Yuv420,
    Yuv422,
    Yuv444,
}

/// What a sequence parameter set says, as far as a sender or player asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Sps {
    /// `profile_idc`: 66 baseline, 77 main, 100 high.
    pub profile: u8,
    /// The byte of constraint flags behind the profile, `constraint_set0_flag` in its highest bit.
    pub constraints: u8,
    /// `level_idc`: ten times the level.
    pub level: u8,
    pub chroma: Chroma,
    /// Bits a luma sample.
    pub luma_depth: u8,
    /// Bits a chroma sample.
    pub chroma_depth: u8,
    /// Pictures may be coded as fields.
    pub interlaced: bool,
    /// What is shown: the coded size after cropping.
    pub size: Size,
    /// What is decoded: whole macroblocks.
    pub coded: Size,
    /// How many pictures at most precede any picture in decoding order and follow it in output order.
    /// Where the stream does not say, as many as its level could hold.
    pub reorder_depth: u32,
    /// Pictures a second by the timing information, where there is any and it makes sense.
    pub fps: Option<f64>,
}

/// Why bytes are no sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpsError {
    #[error("not a sequence parameter set")]
    NotAnSps,
    #[error("the sequence parameter set ends too early")]
    Truncated,
    #[error("{0} is out of its range in the sequence parameter set")]
    OutOfRange(&'static str),
}

impl From<OutOfBits> for SpsError {
    fn from(_: OutOfBits) -> Self {
        Self::Truncated
    }
}

/// Why a stream that was understood is not played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The coded size is over [`MAX_SIDE`] or [`MAX_PIXELS`].
    Size(Size),
    /// Over [`MAX_LEVEL`].
    Level(u8),
    Interlaced,
    /// Other than 4:2:0.
    Chroma(Chroma),
    /// More than eight bits a sample.
    Depth(u8),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(size) => write!(f, "picture of {size}, at most 1920x1088 is played"),
            Self::Level(level) => {
                write!(
                    f,
                    "H.264 level {}.{}, at most {}.{} is played",
                    level / 10,
                    level % 10,
                    MAX_LEVEL / 10,
                    MAX_LEVEL % 10
                )
            }
            Self::Interlaced => f.write_str("interlaced video is not played"),
            Self::Chroma(chroma) => write!(f, "chroma format {chroma:?} is not played"),
            Self::Depth(depth) => write!(f, "{depth} bits a sample are not played"),
        }
    }
}

impl Sps {
    /// Reads a whole NAL unit, header byte included.
    pub fn parse(nal: &[u8]) -> Result<Self, SpsError> {
        let Some((_, payload)) = nal.split_first().filter(|_| NalKind::of(nal) == Some(NalKind::Sps)) else {
            return Err(SpsError::NotAnSps);
        };
        let mut bits = Bits::of_nal(payload);
        let profile = bits.bits(8)? as u8;
        let constraints = bits.bits(8)? as u8;
        let level = bits.bits(8)? as u8;
        at_most(bits.unsigned()?, 31, "seq_parameter_set_id")?;
        let format = Format::parse(&mut bits, profile)?;

        at_most(bits.unsigned()?, 12, "log2_max_frame_num")?;
        let order_type = bits.unsigned()?;
        skip_order_count(&mut bits, order_type)?;
        at_most(bits.unsigned()?, 16, "max_num_ref_frames")?;
        bits.skip(1)?; // gaps_in_frame_num_value_allowed_flag

        let width = at_most(bits.unsigned()?, MAX_MACROBLOCKS - 1, "width")? + 1;
        let map_units = at_most(bits.unsigned()?, MAX_MACROBLOCKS - 1, "height")? + 1;
        let interlaced = !bits.flag()?;
        if interlaced {
            bits.skip(1)?; // mb_adaptive_frame_field_flag
        }
        bits.skip(1)?; // direct_8x8_inference_flag
        let field_factor = 1 + u32::from(interlaced);
        let coded = Size::new(width * 16, map_units * field_factor * 16);
        let size = if bits.flag()? { crop(&mut bits, coded, format.chroma, field_factor)? } else { coded };
        let vui = if bits.flag()? { Vui::parse(&mut bits)? } else { Vui::default() };

        let mut sps = Self {
            profile,
            constraints,
            level,
            chroma: format.chroma,
            luma_depth: format.luma_depth,
            chroma_depth: format.chroma_depth,
            interlaced,
            size,
            coded,
            reorder_depth: 0,
            fps: vui.fps,
        };
        let in_order = order_type == 2 || sps.forbids_reordering();
        sps.reorder_depth = vui.reorder_depth.unwrap_or(if in_order { 0 } else { sps.frames_at_level() });
        Ok(sps)
    }

    /// Whether pictures may be shown in another order than they are decoded: a decoder must hold some back.
    pub fn reorders(&self) -> bool {
        self.reorder_depth > 0
    }

    /// Why this stream is not played, the first reason that applies; `None` when it is.
    pub fn refusal(&self) -> Option<Refusal> {
        let coded = self.coded;
        let depth = self.luma_depth.max(self.chroma_depth);
        if coded.width.max(coded.height) > MAX_SIDE || coded.pixels() > MAX_PIXELS {
            Some(Refusal::Size(self.size))
        } else if self.level > MAX_LEVEL {
            Some(Refusal::Level(self.level))
        } else if self.interlaced {
            Some(Refusal::Interlaced)
        } else if self.chroma != Chroma::Yuv420 {
            Some(Refusal::Chroma(self.chroma))
        } else {
            (depth > 8).then_some(Refusal::Depth(depth))
        }
    }

    /// Profiles without B pictures: baseline, and the intra-only ones of the high family (A.2).
    fn forbids_reordering(&self) -> bool {
        let intra_only = self.constraints & 0x10 != 0 && matches!(self.profile, 44 | 86 | 100 | 110 | 122 | 244);
        self.profile == 66 || intra_only
    }

    /// `MaxDpbFrames` (A.3.1): how many frames of this size a decoder of this level keeps.
    fn frames_at_level(&self) -> u32 {
        let macroblocks = match self.level {
            0..=10 => 396,
            11 => 900,
            12 | 13 | 20 => 2376,
            21 => 4752,
            22 | 30 => 8100,
            31 => 18_000,
            32 => 20_480,
            33..=41 => 32_768,
            42 => 34_816,
            43..=50 => 110_400,
            51 | 52 => 184_320,
            _ => 696_320,
        };
        (macroblocks * 256 / self.coded.pixels().max(1) as u32).clamp(1, 16)
    }
}

struct Format {
    chroma: Chroma,
    luma_depth: u8,
    chroma_depth: u8,
}

impl Format {
    /// The part of the syntax that only the high family of profiles has.
    fn parse(bits: &mut Bits<'_>, profile: u8) -> Result<Self, SpsError> {
        if !matches!(profile, 44 | 83 | 86 | 100 | 110 | 118 | 122 | 128 | 134 | 135 | 138 | 139 | 244) {
            return Ok(Self { chroma: Chroma::Yuv420, luma_depth: 8, chroma_depth: 8 });
        }
        let chroma = match bits.unsigned()? {
            0 => Chroma::Monochrome,
            1 => Chroma::Yuv420,
            2 => Chroma::Yuv422,
            3 => Chroma::Yuv444,
            _ => return Err(SpsError::OutOfRange("chroma_format_idc")),
        };
        if chroma == Chroma::Yuv444 {
            bits.skip(1)?; // separate_colour_plane_flag
        }
        let luma_depth = 8 + at_most(bits.unsigned()?, 6, "bit_depth_luma")? as u8;
        let chroma_depth = 8 + at_most(bits.unsigned()?, 6, "bit_depth_chroma")? as u8;
        bits.skip(1)?; // qpprime_y_zero_transform_bypass_flag
        if bits.flag()? {
            let lists = if chroma == Chroma::Yuv444 { 12 } else { 8 };
            for list in 0..lists {
                if bits.flag()? {
                    skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
        Ok(Self { chroma, luma_depth, chroma_depth })
    }
}

/// `scaling_list` (7.3.2.1.1.1): a scale of zero ends the deltas.
fn skip_scaling_list(bits: &mut Bits<'_>, len: usize) -> Result<(), SpsError> {
    let mut scale = 8;
    for _ in 0..len {
        let delta = bits.signed()?;
        if !(-128..=127).contains(&delta) {
            return Err(SpsError::OutOfRange("delta_scale"));
        }
        scale = (scale + delta).rem_euclid(256);
        if scale == 0 {
            break;
        }
    }
    Ok(())
}

/// Passes over the fields of `pic_order_cnt_type` (8.2.1).
fn skip_order_count(bits: &mut Bits<'_>, order_type: u32) -> Result<(), SpsError> {
    match order_type {
        0 => drop(at_most(bits.unsigned()?, 12, "log2_max_pic_order_cnt_lsb")?),
        1 => {
            bits.skip(1)?; // delta_pic_order_always_zero_flag
            bits.signed()?; // offset_for_non_ref_pic
            bits.signed()?; // offset_for_top_to_bottom_field
            for _ in 0..at_most(bits.unsigned()?, 255, "num_ref_frames_in_pic_order_cnt_cycle")? {
                bits.signed()?; // offset_for_ref_frame
            }
        }
        2 => {}
        _ => return Err(SpsError::OutOfRange("pic_order_cnt_type")),
    }
    Ok(())
}

/// The size that is left of `coded` inside the frame cropping rectangle (equations 7-19 to 7-22).
fn crop(bits: &mut Bits<'_>, coded: Size, chroma: Chroma, field_factor: u32) -> Result<Size, SpsError> {
    let (unit_x, unit_y) = match chroma {
        Chroma::Yuv420 => (2, 2),
        Chroma::Yuv422 => (2, 1),
        Chroma::Monochrome | Chroma::Yuv444 => (1, 1),
    };
    let (left, right) = (bits.unsigned()?, bits.unsigned()?);
    let (top, bottom) = (bits.unsigned()?, bits.unsigned()?);
    let inside = |whole: u32, near: u32, far: u32, unit: u32| {
        let cut = near.checked_add(far)?.checked_mul(unit)?;
        whole.checked_sub(cut).filter(|&left| left > 0)
    };
    let width = inside(coded.width, left, right, unit_x);
    let height = inside(coded.height, top, bottom, unit_y * field_factor);
    width.zip(height).map(|(width, height)| Size::new(width, height)).ok_or(SpsError::OutOfRange("frame cropping"))
}

/// `value`, unless it is over `max`.
fn at_most(value: u32, max: u32, what: &'static str) -> Result<u32, SpsError> {
    if value <= max { Ok(value) } else { Err(SpsError::OutOfRange(what)) }
}
