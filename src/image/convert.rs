//! I420 into RGB, for PNG images.

use super::ImageError;
use crate::media::PictureView;
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv420_to_rgb};

/// Replaces `out`'s content with red, green, blue triples, tightly packed.
pub fn to_rgb(picture: PictureView<'_>, out: &mut Vec<u8>) -> Result<(), ImageError> {
    let stride = picture.size.width * 3;
    out.resize(picture.size.pixels() * 3, 0);
    yuv420_to_rgb(&planar(&picture)?, out, stride, YuvRange::Limited, YuvStandardMatrix::Bt601).map_err(failed)
}

fn planar<'a>(picture: &PictureView<'a>) -> Result<YuvPlanarImage<'a, u8>, ImageError> {
    Ok(YuvPlanarImage {
        y_plane: picture.y,
        y_stride: u32::try_from(picture.y_stride).map_err(failed)?,
        u_plane: picture.u,
        u_stride: u32::try_from(picture.uv_stride).map_err(failed)?,
        v_plane: picture.v,
        v_stride: u32::try_from(picture.uv_stride).map_err(failed)?,
        width: picture.size.width,
        height: picture.size.height,
    })
}

fn failed(error: impl std::fmt::Display) -> ImageError {
    ImageError::Failed(error.to_string())
}
