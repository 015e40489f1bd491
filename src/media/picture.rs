//! Pictures: raw pixels, as a camera gives them and as codecs and screens want them.

use super::pool::Buffer;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl Rect {
    /// Both have a part in common.
    pub fn overlaps(self, other: Rect) -> bool {
        let meet =
            |a: u32, length: u32, b: u32, other: u32| a < b.saturating_add(other) && b < a.saturating_add(length);
        meet(self.x, self.width, other.x, other.width) && meet(self.y, self.height, other.y, other.height)
    }
}

impl Size {
    /// `width` × `height` pixels.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }
    /// The size turned by a quarter.
    pub const fn turned(self) -> Self {
        Self { width: self.height, height: self.width }
    }
    /// Number of pixels.
    pub const fn pixels(self) -> usize {
        self.width as usize * self.height as usize
    }
    /// Bytes of a tightly packed I420 picture; chroma planes are rounded up for odd sizes.
    pub const fn i420_len(self) -> usize {
        let chroma = self.width.div_ceil(2) as usize * self.height.div_ceil(2) as usize;
        self.pixels() + 2 * chroma
    }
    /// Both sides are even, so that 4:2:0 chroma planes have exactly half of each.
    pub const fn is_even(self) -> bool {
        (self.width | self.height) & 1 == 0
    }
    /// No pixels at all.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A rectangle in pixels; every number is even.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// Where what goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The part of the source that is seen, before turning.
    pub crop: Rect,
    /// Where it is placed on the target; the rest is black.
    pub placed: Rect,
}

/// How the bytes of a [`RawPicture`] are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PixelFormat {
    /// Planar 4:2:0: Y, then U, then V (V4L2 `YU12`).
    I420,
    /// Y plane, then interleaved UV (V4L2 `NV12`).
    Nv12,
    /// Packed 4:2:2 Y U Y V (V4L2 `YUYV`).
    Yuyv,
    /// One JPEG image (V4L2 `MJPG`), possibly without Huffman tables.
    Mjpeg,
}

impl PixelFormat {
    /// Its name in board profiles and for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::I420 => "I420",
            Self::Nv12 => "NV12",
            Self::Yuyv => "YUYV",
            Self::Mjpeg => "MJPEG",
        }
    }
}

/// A picture as a camera gave it: not yet converted, because it may never be needed.
#[derive(Debug)]
pub struct RawPicture {
    pub format: PixelFormat,
    pub size: Size,
    /// Bytes from one line to the next in the first plane; chroma planes of I420 use half of it. 0 for MJPEG.
    pub stride: usize,
    /// At least what `format`, `size` and `stride` ask for; a driver checks this before it hands a picture out.
    pub bytes: Buffer,
    /// When the light fell on the sensor, as near as the driver knows.
    pub captured: Time,
}

impl RawPicture {
    /// A tightly packed I420 picture; `None` when `bytes` is too short for `size`.
    pub fn i420(size: Size, bytes: Buffer, captured: Time) -> Option<Self> {
        (bytes.len() >= size.i420_len() && !size.is_empty()).then_some(Self {
            format: PixelFormat::I420,
            size,
            stride: size.width as usize,
            bytes,
            captured,
        })
    }

    /// The planes, when the picture already is I420 with all its bytes there; `None` otherwise.
    pub fn view(&self) -> Option<PictureView<'_>> {
        if self.format != PixelFormat::I420 {
            return None;
        }
        PictureView::new(self.size, self.stride, &self.bytes)
    }
}

/// Three borrowed planes of an I420 picture. Every line named by `size` is inside its slice.
#[derive(Clone, Copy, Debug)]
pub struct PictureView<'a> {
    pub size: Size,
    pub y: &'a [u8],
    pub u: &'a [u8],
    pub v: &'a [u8],
    /// Bytes from line to line in `y`.
    pub y_stride: usize,
    /// Bytes from line to line in `u` and `v`.
    pub uv_stride: usize,
}

impl<'a> PictureView<'a> {
    /// Views `bytes` as I420 planes with `stride` bytes a luma line and half of it a chroma line;
    /// `None` when they do not hold `size`.
    pub fn new(size: Size, stride: usize, bytes: &'a [u8]) -> Option<Self> {
        let (width, height) = (size.width as usize, size.height as usize);
        let uv_stride = stride.div_ceil(2);
        let luma = stride.checked_mul(height)?;
        let chroma = uv_stride.checked_mul(height.div_ceil(2))?;
        if size.is_empty() || stride < width || bytes.len() < luma.checked_add(chroma.checked_mul(2)?)? {
            return None;
        }
        let (y, rest) = bytes.split_at(luma);
        let (u, rest) = rest.split_at(chroma);
        Some(Self { size, y, u, v: &rest[..chroma], y_stride: stride, uv_stride })
    }
}

impl PictureView<'_> {
    /// Copies the planes one after another without gaps between the lines, as [`PictureView::new`] reads them
    /// with a stride of the width; `out` is as long as [`Size::i420_len`] says, or gets less.
    pub fn pack_into(&self, out: &mut [u8]) {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let chroma = (width.div_ceil(2), height.div_ceil(2));
        let planes = [
            (self.y, self.y_stride, width, height),
            (self.u, self.uv_stride, chroma.0, chroma.1),
            (self.v, self.uv_stride, chroma.0, chroma.1),
        ];
        let mut rest = out;
        for (source, stride, width, height) in planes {
            let (plane, behind) = rest.split_at_mut((width * height).min(rest.len()));
            for (line, from) in plane.chunks_exact_mut(width).zip(source.chunks(stride)) {
                line.copy_from_slice(&from[..width]);
            }
            rest = behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_needs_every_byte_it_names() {
        let size = Size::new(6, 4);
        assert_eq!(size.i420_len(), 24 + 12);
        assert!(PictureView::new(size, 6, &[0; 36]).is_some());
        assert!(PictureView::new(size, 6, &[0; 35]).is_none());
        assert!(PictureView::new(size, 5, &[0; 36]).is_none());
        assert!(PictureView::new(Size::new(0, 4), 6, &[0; 36]).is_none());
        assert!(PictureView::new(Size::new(u32::MAX, u32::MAX), usize::MAX, &[0; 36]).is_none());
    }

    #[test]
    fn packing_leaves_out_the_gaps_between_the_lines() {
        let padded: Vec<u8> = (0..60).collect();
        let view = PictureView::new(Size::new(6, 4), 10, &padded).unwrap();
        let mut packed = vec![0; 36];
        view.pack_into(&mut packed);
        assert_eq!(packed[..8], [0, 1, 2, 3, 4, 5, 10, 11]);
        assert_eq!(packed[24..30], [40, 41, 42, 45, 46, 47]);
        assert_eq!(packed[30..], [50, 51, 52, 55, 56, 57]);
        view.pack_into(&mut packed[..7]);
    }
}
