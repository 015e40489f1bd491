//! Work on single planes of 8-bit samples: copy, turn, mirror and resample a rectangle.

use super::ImageError;
use super::fit::Turn;
use crate::media::Rect;
use fast_image_resize::images::{TypedCroppedImageMut, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

/// From this ratio on a box filter is as good as a bilinear one and costs two thirds.
const BOX_RATIO: f64 = 1.75;
/// Side of the squares that are turned at once: both their lines and their columns stay in the cache.
const TILE: usize = 16;

/// A borrowed plane: `stride` bytes from line to line.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    pub bytes: &'a [u8],
    pub stride: usize,
}

/// A plane to write to.
pub struct PlaneMut<'a> {
    pub bytes: &'a mut [u8],
    pub stride: usize,
}

impl Rect {
    /// The same rectangle on a chroma plane.
    pub(super) fn halved(self) -> Self {
        Self { x: self.x / 2, y: self.y / 2, width: self.width / 2, height: self.height / 2 }
    }
}

impl<'a> Plane<'a> {
    /// The lines of `rect`; fewer when the plane ends before.
    fn lines(self, rect: Rect) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        let (from, to) = (rect.x as usize, (rect.x + rect.width) as usize);
        let rest = self.bytes.get(rect.y as usize * self.stride..).unwrap_or_default();
        rest.chunks(self.stride).take(rect.height as usize).filter_map(move |line| line.get(from..to))
    }

    /// True when every sample of `rect` is there.
    pub fn holds(&self, rect: Rect) -> bool {
        let (right, bottom) = ((rect.x + rect.width) as usize, (rect.y + rect.height) as usize);
        right <= self.stride && bottom > 0 && self.bytes.len() >= (bottom - 1) * self.stride + right
    }
}

impl<'a> PlaneMut<'a> {
    /// Sets every sample to `value`.
    pub fn fill(&mut self, value: u8) {
        self.bytes.fill(value);
    }

    /// Sets every sample of `rect` to `value`.
    pub fn fill_rect(&mut self, rect: Rect, value: u8) {
        self.lines(rect).for_each(|line| line.fill(value));
    }

    fn lines(&mut self, rect: Rect) -> impl DoubleEndedIterator<Item = &mut [u8]> {
        PlaneMut { bytes: &mut *self.bytes, stride: self.stride }.into_lines(rect)
    }

    /// The lines of `rect`; fewer when the plane ends before.
    pub fn into_lines(self, rect: Rect) -> impl DoubleEndedIterator<Item = &'a mut [u8]> {
        let (from, to) = (rect.x as usize, (rect.x + rect.width) as usize);
        let rest = self.bytes.get_mut(rect.y as usize * self.stride..).unwrap_or_default();
        rest.chunks_mut(self.stride.max(1)).take(rect.height as usize).filter_map(move |line| line.get_mut(from..to))
    }
}

/// Copies `from` to the equally large `to` (with sides swapped for a quarter turn), turned clockwise and then
/// mirrored. Samples outside either plane are left alone.
pub fn copy(source: Plane<'_>, from: Rect, target: &mut PlaneMut<'_>, to: Rect, turn: Turn, mirror: bool) {
    // Half a turn is both flips; a mirror after it takes the sideways one back.
    let (upside_down, sideways) = match turn {
        Turn::None => (false, mirror),
        Turn::Half => (true, !mirror),
        Turn::Quarter => return transpose(source, from, target, to, !mirror, false),
        Turn::ThreeQuarters => return transpose(source, from, target, to, mirror, true),
    };
    let put = |(line, source): (&mut [u8], &[u8])| {
        if line.len() != source.len() {
        } else if sideways {
            line.iter_mut().zip(source.iter().rev()).for_each(|(sample, value)| *sample = *value);
        } else {
            line.copy_from_slice(source);
        }
    };
    if upside_down {
        target.lines(to).zip(source.lines(from).rev()).for_each(put);
    } else {
        target.lines(to).zip(source.lines(from)).for_each(put);
    }
}

/// Makes lines of columns: sample (x, y) of `to` is column y (from the right with `last_column`), line x (from
/// the bottom with `last_line`) of `from`.
fn transpose(source: Plane<'_>, from: Rect, target: &mut PlaneMut<'_>, to: Rect, last_line: bool, last_column: bool) {
    if !source.holds(from) || from.width != to.height || from.height != to.width {
        return;
    }
    let (width, height) = (from.width as usize, from.height as usize);
    let start = from.y as usize * source.stride + from.x as usize;
    for top in (0..width).step_by(TILE) {
        let band = Rect { y: to.y + top as u32, height: (width - top).min(TILE) as u32, ..to };
        for left in (0..height).step_by(TILE) {
            for (row, line) in target.lines(band).enumerate() {
                let column = if last_column { width - 1 - (top + row) } else { top + row };
                let tile = line.iter_mut().enumerate().skip(left).take(TILE);
                for (x, sample) in tile {
                    let y = if last_line { height - 1 - x } else { x };
                    *sample = source.bytes[start + y * source.stride + column];
                }
            }
        }
    }
}

/// Resamples `from` into `to`, upright.
pub fn resample(
    resizer: &mut Resizer,
    source: Plane<'_>,
    from: Rect,
    target: &mut PlaneMut<'_>,
    to: Rect,
) -> Result<(), ImageError> {
    let failed = |error: &dyn std::fmt::Display| ImageError::Failed(error.to_string());
    let (bottom, to_bottom) = (from.y + from.height, to.y + to.height);
    let what = "the lines of a plane";
    let input = source.bytes.get(..source.stride * bottom as usize);
    let input = input.ok_or(ImageError::TooShort { what, got: source.bytes.len() })?;
    let got = target.bytes.len();
    let output =
        target.bytes.get_mut(..target.stride * to_bottom as usize).ok_or(ImageError::TooShort { what, got })?;
    // With the kind of pixel in the type only its code is part of the program.
    let input =
        TypedImageRef::<U8>::from_buffer(source.stride as u32, bottom, input).map_err(|error| failed(&error))?;
    let mut output =
        TypedImage::<U8>::from_buffer(target.stride as u32, to_bottom, output).map_err(|error| failed(&error))?;
    let mut output =
        TypedCroppedImageMut::from_ref(&mut output, to.x, to.y, to.width, to.height).map_err(|error| failed(&error))?;
    let ratio = |from: u32, to: u32| f64::from(from) / f64::from(to.max(1));
    let shrinks = ratio(from.width, to.width).min(ratio(from.height, to.height));
    let filter = if shrinks >= BOX_RATIO { FilterType::Box } else { FilterType::Bilinear };
    let options = ResizeOptions::new()
        .crop(from.x.into(), from.y.into(), from.width.into(), from.height.into())
        .resize_alg(ResizeAlg::Convolution(filter));
    resizer.resize_typed(&input, &mut output, &options).map_err(|error| failed(&error))
}
