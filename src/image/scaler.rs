//! The scaler: any camera's picture into the encoder's size, a decoded picture into a surface.

use super::card::BACKDROP;
use super::convert::planar_mut;
use super::fit::{Framing, Turn, place};
use super::planes::{Plane, PlaneMut, copy, resample};
use super::{ImageError, mjpeg};
use crate::media::{PictureView, PixelFormat, RawPicture, Rect, Size};
use fast_image_resize::Resizer;
use yuv::{YuvPackedImage, yuyv422_to_yuv420};

/// Black in limited range: luma, then both chroma planes.
pub(super) const BLACK: [u8; 3] = [16, 128, 128];

/// Converts, crops, scales, turns and mirrors pictures. Keeps its buffers: after the first picture of a size
/// nothing is allocated.
#[derive(Default)]
pub struct Scaler {
    unpacked: Vec<u8>,
    jpeg: mjpeg::Unpacker,
    canvas: Canvas,
}

impl Scaler {
    /// A scaler without buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// A scaler whose pictures have bars of the waiting card's colour.
    pub fn on_card() -> Self {
        Self { canvas: Canvas { bars: Some(BACKDROP), ..Canvas::default() }, ..Self::default() }
    }

    /// The I420 picture of `target` size that `framing` makes of `picture`. An I420 picture that fits as it is
    /// comes back itself, without a copy.
    ///
    /// YUYV, NV12 and MJPEG are taken to be BT.601; MJPEG's full range is brought to limited range.
    pub fn scale<'a>(
        &'a mut self,
        picture: &'a RawPicture,
        target: Size,
        framing: Framing,
    ) -> Result<PictureView<'a>, ImageError> {
        let size = picture.size;
        // Before anything is allocated.
        place(size, target, framing)?;
        let what = "a camera's picture";
        let short = ImageError::TooShort { what, got: picture.bytes.len() };
        if picture.format == PixelFormat::I420 {
            return self.canvas.compose(picture.view().ok_or(short)?, target, framing);
        }
        if !size.is_even() {
            return Err(ImageError::Size(size));
        }
        if picture.format == PixelFormat::Mjpeg {
            self.jpeg.unpack(&picture.bytes, size, &mut self.unpacked)?;
        } else {
            self.unpacked.resize(size.i420_len(), 0);
            let lines = match picture.format {
                PixelFormat::Nv12 => size.height as usize * 3 / 2,
                _ => size.height as usize,
            };
            let bytes = picture.stride.checked_mul(lines).and_then(|len| picture.bytes.get(..len)).ok_or(short)?;
            match picture.format {
                PixelFormat::Nv12 => unpack_nv12(bytes, picture.stride, size, &mut self.unpacked)?,
                _ => unpack_yuyv(bytes, picture.stride, size, &mut self.unpacked)?,
            }
        }
        let view = PictureView::new(size, size.width as usize, &self.unpacked);
        self.canvas.compose(view.ok_or(ImageError::Size(size))?, target, framing)
    }

    /// Fits a picture into a surface of `target` size; black bars where it does not reach. A picture that fits as
    /// it is comes back itself, without a copy.
    pub fn compose<'a>(
        &'a mut self,
        picture: PictureView<'a>,
        target: Size,
        framing: Framing,
    ) -> Result<PictureView<'a>, ImageError> {
        self.canvas.compose(picture, target, framing)
    }
}

/// The surface a picture is placed on.
#[derive(Default)]
struct Canvas {
    resizer: Resizer,
    out: Vec<u8>,
    /// A plane already scaled, not yet turned.
    upright: Vec<u8>,
    /// Luma and chroma of the bars, if they are not black.
    bars: Option<[u8; 3]>,
    /// What the bars of `out` were drawn for.
    drawn: Option<(Size, Rect)>,
}

impl Canvas {
    fn compose<'a>(
        &'a mut self,
        picture: PictureView<'a>,
        target: Size,
        framing: Framing,
    ) -> Result<PictureView<'a>, ImageError> {
        let placement = place(picture.size, target, framing)?;
        let (crop, placed) = (placement.crop, placement.placed);
        let still = framing.turn == Turn::None && !framing.mirror;
        if still && picture.size == target && crop == placed {
            return Ok(picture);
        }
        let sources = [
            Plane { bytes: picture.y, stride: picture.y_stride },
            Plane { bytes: picture.u, stride: picture.uv_stride },
            Plane { bytes: picture.v, stride: picture.uv_stride },
        ];
        self.out.resize(target.i420_len(), 0);
        let (width, luma) = (target.width as usize, target.pixels());
        let (y, chroma) = self.out.split_at_mut(luma);
        let (u, v) = chroma.split_at_mut(luma / 4);
        let targets = [
            PlaneMut { bytes: y, stride: width },
            PlaneMut { bytes: u, stride: width / 2 },
            PlaneMut { bytes: v, stride: width / 2 },
        ];
        let redraw = self.drawn != Some((target, placed));
        self.drawn = None;
        for (index, (source, mut target)) in sources.into_iter().zip(targets).enumerate() {
            if redraw {
                target.fill(self.bars.unwrap_or(BLACK)[index]);
            }
            let (from, to) = if index == 0 { (crop, placed) } else { (crop.halved(), placed.halved()) };
            if !source.holds(from) {
                return Err(ImageError::TooShort { what: "the planes of a picture", got: source.bytes.len() });
            }
            draw(&mut self.resizer, &mut self.upright, source, from, &mut target, to, framing)?;
        }
        self.drawn = Some((target, placed));
        PictureView::new(target, width, &self.out).ok_or(ImageError::Size(target))
    }
}

/// Brings one plane's rectangle to its place: scaled where sizes differ, turned and mirrored on the way.
pub(super) fn draw(
    resizer: &mut Resizer,
    upright: &mut Vec<u8>,
    source: Plane<'_>,
    from: Rect,
    target: &mut PlaneMut<'_>,
    to: Rect,
    framing: Framing,
) -> Result<(), ImageError> {
    let (width, height) = if framing.turn.swaps() { (to.height, to.width) } else { (to.width, to.height) };
    if (from.width, from.height) == (width, height) {
        copy(source, from, target, to, framing.turn, framing.mirror);
        return Ok(());
    }
    if framing.turn == Turn::None && !framing.mirror {
        return resample(resizer, source, from, target, to);
    }
    let scaled = Rect { x: 0, y: 0, width, height };
    upright.resize(width as usize * height as usize, 0);
    let stride = width as usize;
    resample(resizer, source, from, &mut PlaneMut { bytes: upright, stride }, scaled)?;
    copy(Plane { bytes: upright, stride }, scaled, target, to, framing.turn, framing.mirror);
    Ok(())
}

/// YUYV with `stride` bytes a line into tightly packed I420; chroma is averaged over pairs of lines.
fn unpack_yuyv(bytes: &[u8], stride: usize, size: Size, out: &mut [u8]) -> Result<(), ImageError> {
    let Size { width, height } = size;
    let packed = YuvPackedImage { yuy: bytes, yuy_stride: stride as u32, width, height };
    yuyv422_to_yuv420(&mut planar_mut(size, out), &packed).map_err(|error| ImageError::Failed(error.to_string()))
}

/// NV12 with `stride` bytes a line in both planes into tightly packed I420.
fn unpack_nv12(bytes: &[u8], stride: usize, size: Size, out: &mut [u8]) -> Result<(), ImageError> {
    let (width, height) = (size.width as usize, size.height as usize);
    if stride < width {
        return Err(ImageError::Size(size));
    }
    let (luma, interleaved) = bytes.split_at(stride * height);
    let (y, chroma) = out.split_at_mut(width * height);
    let (u, v) = chroma.split_at_mut(width * height / 4);
    for (line, source) in y.chunks_exact_mut(width).zip(luma.chunks_exact(stride)) {
        line.copy_from_slice(&source[..width]);
    }
    let lines = u.chunks_exact_mut(width / 2).zip(v.chunks_exact_mut(width / 2));
    for ((u, v), source) in lines.zip(interleaved.chunks_exact(stride)) {
        for ((u, v), pair) in u.iter_mut().zip(v).zip(source.chunks_exact(2)) {
            (*u, *v) = (pair[0], pair[1]);
        }
    }
    Ok(())
}
