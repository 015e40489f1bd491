//! Video usability information (H.264, Annex E): frame rate and how far pictures are reordered.

use super::{Bits, SpsError, at_most};

/// Frame rates that a stream may claim; timing information outside of this is taken for garbage.
const CREDIBLE_FPS: std::ops::RangeInclusive<f64> = 0.5..=300.0;

#[derive(Default)]
pub struct Vui {
    pub fps: Option<f64>,
    /// `max_num_reorder_frames`.
    pub reorder_depth: Option<u32>,
}

impl Vui {
    /// Reads `vui_parameters` (E.1.1).
    pub fn parse(bits: &mut Bits<'_>) -> Result<Self, SpsError> {
        let mut vui = Self::default();
        const EXTENDED_SAR: u32 = 255;
        if bits.flag()? && bits.bits(8)? == EXTENDED_SAR {
            bits.skip(32)?; // sar_width, sar_height
        }
        if bits.flag()? {
            bits.skip(1)?; // overscan_appropriate_flag
        }
        if bits.flag()? {
            bits.skip(4)?; // video_format, video_full_range_flag
            if bits.flag()? {
                bits.skip(24)?; // colour_primaries, transfer_characteristics, matrix_coefficients
            }
        }
        if bits.flag()? {
            bits.unsigned()?; // chroma_sample_loc_type_top_field
            bits.unsigned()?; // chroma_sample_loc_type_bottom_field
        }
        if bits.flag()? {
            let (tick, scale) = (bits.bits(32)?, bits.bits(32)?);
            bits.skip(1)?; // fixed_frame_rate_flag
            // A tick is the time of a field: two make a frame.
            let fps = f64::from(scale) / (2.0 * f64::from(tick));
            vui.fps = Some(fps).filter(|fps| CREDIBLE_FPS.contains(fps));
        }
        let nal_hrd = bits.flag()?;
        if nal_hrd {
            skip_hrd(bits)?;
        }
        let vcl_hrd = bits.flag()?;
        if vcl_hrd {
            skip_hrd(bits)?;
        }
        if nal_hrd || vcl_hrd {
            bits.skip(1)?; // low_delay_hrd_flag
        }
        bits.skip(1)?; // pic_struct_present_flag
        if bits.flag()? {
            bits.skip(1)?; // motion_vectors_over_pic_boundaries_flag
            for _ in 0..4 {
                bits.unsigned()?; // max_bytes_per_pic_denom … log2_max_mv_length_vertical
            }
            let depth = at_most(bits.unsigned()?, 16, "max_num_reorder_frames")?;
            let buffered = at_most(bits.unsigned()?, 16, "max_dec_frame_buffering")?;
            vui.reorder_depth = Some(depth.min(buffered));
        }
        Ok(vui)
    }
}

/// `hrd_parameters` (E.1.2).
fn skip_hrd(bits: &mut Bits<'_>) -> Result<(), SpsError> {
    let count = at_most(bits.unsigned()?, 31, "cpb_cnt")? + 1;
    bits.skip(8)?; // bit_rate_scale, cpb_size_scale
    for _ in 0..count {
        bits.unsigned()?; // bit_rate_value
        bits.unsigned()?; // cpb_size_value
        bits.skip(1)?; // cbr_flag
    }
    Ok(bits.skip(20)?) // three lengths of delays, time_offset_length
}
