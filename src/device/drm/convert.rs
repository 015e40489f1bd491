//! I420 into what a screen scans out.

use crate::media::{Overlay, PictureView, Rect};
use std::io;
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv420_to_bgra};

/// Writes blue, green, red, filler (XRGB8888 in little-endian memory) with `stride` bytes a line, from BT.601 in
/// limited range. Fails when `out` does not hold the picture.
pub fn to_bgrx(picture: PictureView<'_>, out: &mut [u8], stride: usize) -> io::Result<()> {
    let number = |number: usize| u32::try_from(number).map_err(io::Error::other);
    let planes = YuvPlanarImage {
        y_plane: picture.y,
        y_stride: number(picture.y_stride)?,
        u_plane: picture.u,
        u_stride: number(picture.uv_stride)?,
        v_plane: picture.v,
        v_stride: number(picture.uv_stride)?,
        width: picture.size.width,
        height: picture.size.height,
    };
    yuv420_to_bgra(&planes, out, number(stride)?, YuvRange::Limited, YuvStandardMatrix::Bt601).map_err(io::Error::other)
}

/// Copies the planes one behind the other: `height` lines of luma with `pitch` bytes each, then both chromas with
/// half of both. What does not fit is left out.
pub fn to_yu12(picture: PictureView<'_>, out: &mut [u8], pitch: usize, height: usize) {
    let (luma, chroma) = out.split_at_mut((pitch * height).min(out.len()));
    let (u, v) = chroma.split_at_mut((pitch / 2 * (height / 2)).min(chroma.len()));
    let (width, half) = (picture.size.width as usize, picture.size.width.div_ceil(2) as usize);
    copy(picture.y, picture.y_stride, luma, pitch, width);
    copy(picture.u, picture.uv_stride, u, pitch / 2, half);
    copy(picture.v, picture.uv_stride, v, pitch / 2, half);
}

/// Like [`to_yu12`], with both chromas by turns in lines of `pitch` bytes.
pub fn to_nv12(picture: PictureView<'_>, out: &mut [u8], pitch: usize, height: usize) {
    let (luma, chroma) = out.split_at_mut((pitch * height).min(out.len()));
    copy(picture.y, picture.y_stride, luma, pitch, picture.size.width as usize);
    let half = picture.size.width.div_ceil(2) as usize;
    let stride = picture.uv_stride.max(1);
    let sources = picture.u.chunks(stride).zip(picture.v.chunks(stride));
    for (line, (u, v)) in chroma.chunks_exact_mut(pitch.max(1)).zip(sources) {
        for (pair, (u, v)) in line.chunks_exact_mut(2).zip(u.iter().zip(v)).take(half) {
            pair.copy_from_slice(&[*u, *v]);
        }
    }
}

/// Writes blue, green, red, cover (premultiplied ARGB8888) of what lies in the part `rect` of the screen, with `pitch`
/// bytes a line; where nothing lies it becomes transparent.
pub fn to_bgra(overlays: &[Overlay], rect: Rect, out: &mut [u8], pitch: usize) {
    out.fill(0);
    for overlay in overlays {
        let (left, top) = (overlay.rect.x.wrapping_sub(rect.x), overlay.rect.y.wrapping_sub(rect.y));
        let inside = left <= rect.width && top <= rect.height && overlay.rect.width <= rect.width - left;
        let rows = out.chunks_exact_mut(pitch.max(1)).take(rect.height as usize).skip(top as usize);
        for (line, (cover, light)) in rows.zip(overlay.lines()).filter(|_| inside) {
            let pixels = line.chunks_exact_mut(4).skip(left as usize);
            for (pixel, (cover, light)) in pixels.zip(cover.iter().zip(light)) {
                pixel.copy_from_slice(&[*light, *light, *light, *cover]);
            }
        }
    }
}

fn copy(from: &[u8], stride: usize, to: &mut [u8], pitch: usize, width: usize) {
    for (line, from) in to.chunks_exact_mut(pitch.max(1)).zip(from.chunks(stride.max(1))) {
        let width = width.min(line.len()).min(from.len());
        line[..width].copy_from_slice(&from[..width]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Size;

    #[test]
    fn colours_are_those_of_the_standard_within_rounding() {
        let size = Size::new(8, 4);
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..2000 {
            let (luma, u, v) = (rng.u8(16..=235), rng.u8(16..=240), rng.u8(16..=240));
            let planes = [vec![luma; 32], vec![u; 8], vec![v; 8]].concat();
            let mut out = vec![0; 40 * 4];
            to_bgrx(PictureView::new(size, 8, &planes).unwrap(), &mut out, 40).unwrap();
            // ITU-R BT.601-7, 2.5, solved for R, G and B.
            let (y, cb, cr) = (f64::from(luma) - 16.0, f64::from(u) - 128.0, f64::from(v) - 128.0);
            let exact = [
                y * 1.164_383 + cb * 2.017_232,
                y * 1.164_383 - cb * 0.391_762 - cr * 0.812_968,
                y * 1.164_383 + cr * 1.596_027,
            ];
            for line in out.chunks(40) {
                for (value, exact) in line[28..31].iter().zip(exact) {
                    assert!((f64::from(*value) - exact.clamp(0.0, 255.0)).abs() <= 1.5, "{luma} {u} {v}: {line:?}");
                }
                assert_eq!(line[32..], [0; 8], "nothing is written behind a line");
            }
        }
        let planes = vec![128; size.i420_len()];
        assert!(to_bgrx(PictureView::new(size, 8, &planes).unwrap(), &mut [0; 100], 40).is_err());
    }

    #[test]
    fn overlays_lie_where_they_belong_and_between_them_nothing_does() {
        let at = |x, y, cover| Overlay::pane(Rect { x, y, width: 2, height: 2 }, cover, 9);
        let part = Rect { x: 10, y: 20, width: 6, height: 4 };
        let mut out = vec![77; 28 * 5];
        to_bgra(&[at(10, 20, 100), at(14, 22, 255)], part, &mut out, 28);
        let pixel = |x: usize, y: usize| &out[y * 28 + x * 4..][..4];
        assert_eq!([pixel(0, 0), pixel(1, 1), pixel(5, 3)], [[9, 9, 9, 100], [9, 9, 9, 100], [9, 9, 9, 255]]);
        assert_eq!([pixel(2, 0), pixel(3, 2), pixel(6, 0), pixel(0, 4)], [[0; 4]; 4]);
        let whole = out.clone();
        // What is outside is left out.
        to_bgra(&[at(10, 20, 100), at(14, 22, 255), at(8, 20, 1), at(16, 20, 1), at(0, 0, 1)], part, &mut out, 28);
        assert_eq!(out, whole);
        for length in 0..100 {
            to_bgra(&[at(10, 20, 100)], part, &mut vec![0; length], 28);
        }
    }

    #[test]
    fn planes_keep_their_samples_and_the_gaps_stay_untouched() {
        let size = Size::new(6, 4);
        let bytes: Vec<u8> = (1..=48).collect();
        let picture = PictureView::new(size, 8, &bytes).unwrap();
        let mut out = vec![0; 10 * 6];
        to_yu12(picture, &mut out, 10, 4);
        assert_eq!(out[..12], [1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 9, 10]);
        assert_eq!(out[40..], [33, 34, 35, 0, 0, 37, 38, 39, 0, 0, 41, 42, 43, 0, 0, 45, 46, 47, 0, 0]);
        let mut out = vec![0; 10 * 6];
        to_nv12(picture, &mut out, 10, 4);
        assert_eq!(out[30..36], [25, 26, 27, 28, 29, 30]);
        assert_eq!(out[40..], [33, 41, 34, 42, 35, 43, 0, 0, 0, 0, 37, 45, 38, 46, 39, 47, 0, 0, 0, 0]);
        // A buffer that is too small takes what fits.
        for length in 0..60 {
            to_yu12(picture, &mut vec![0; length], 10, 4);
            to_nv12(picture, &mut vec![0; length], 10, 4);
        }
    }
}
