//! Between I420 and what other kinds of pictures are made of.

use super::ImageError;
use crate::media::{PictureView, Size};
use yuv::{BufferStoreMut, YuvPlanarImage, YuvPlanarImageMut, YuvRange, YuvStandardMatrix, yuv420_to_rgb};

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

/// The planes of `out`, which holds a tightly packed I420 picture of `size` exactly.
pub(super) fn planar_mut(size: Size, out: &mut [u8]) -> YuvPlanarImageMut<'_, u8> {
    let Size { width, height } = size;
    let (y, chroma) = out.split_at_mut(size.pixels());
    let (u, v) = chroma.split_at_mut(size.pixels() / 4);
    YuvPlanarImageMut {
        y_plane: BufferStoreMut::Borrowed(y),
        y_stride: width,
        u_plane: BufferStoreMut::Borrowed(u),
        u_stride: width / 2,
        v_plane: BufferStoreMut::Borrowed(v),
        v_stride: width / 2,
        width,
        height,
    }
}

fn failed(error: impl std::fmt::Display) -> ImageError {
    ImageError::Failed(error.to_string())
}
