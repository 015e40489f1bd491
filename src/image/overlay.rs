//! Overlays laid over an I420 picture, and taken off again.

use super::fit::Turn;
use super::planes::{Plane, PlaneMut, copy};
use crate::media::{Overlay, Rect, Size};

/// The drawing `overlay` as it lies on a surface of `size` once that is turned.
pub fn turned(overlay: Overlay, turn: Turn, size: Size) -> Overlay {
    if turn == Turn::None {
        return overlay;
    }
    let alone = |rect: Rect| Rect { x: 0, y: 0, ..rect };
    let (from, to) = (overlay.rect, turn.rect(overlay.rect, size));
    let plane = |samples: &[u8]| {
        let mut out = vec![0; samples.len()];
        let source = Plane { bytes: samples, stride: from.width as usize };
        let mut target = PlaneMut { bytes: &mut out, stride: to.width as usize };
        copy(source, alone(from), &mut target, alone(to), turn, false);
        out
    };
    Overlay { rect: to, cover: plane(&overlay.cover), light: plane(&overlay.light) }
}

/// What was under the overlays, so that they can be taken off.
#[derive(Default)]
pub struct Under {
    rects: Vec<Rect>,
    /// The samples of all of them, one behind the other: luma, both chromas.
    samples: Vec<u8>,
}

impl Under {
    /// Forgets what was under: the picture is another one.
    pub fn forget(&mut self) {
        self.rects.clear();
        self.samples.clear();
    }

    /// Lays `overlays` over the tightly packed picture of `size`; what is not inside it is left out.
    pub fn lay(&mut self, picture: &mut [u8], size: Size, overlays: &[Overlay]) {
        for overlay in overlays {
            let Rect { x, y, width, height } = overlay.rect;
            let inside = |from: u32, length: u32, side: u32| from.checked_add(length).is_some_and(|end| end <= side);
            if !inside(x, width, size.width) || !inside(y, height, size.height) {
                continue;
            }
            self.rects.push(overlay.rect);
            let samples = &mut self.samples;
            each_line(picture, size, overlay.rect, |line| samples.extend_from_slice(line));
            blend(picture, size, overlay);
        }
    }

    /// Takes them off again.
    pub fn lift(&mut self, picture: &mut [u8], size: Size) {
        let mut end = self.samples.len();
        // The last lies on top.
        for rect in self.rects.drain(..).rev() {
            let pixels = rect.width as usize * rect.height as usize;
            let begin = end.saturating_sub(pixels + pixels / 2);
            let mut saved = self.samples.get(begin..end).unwrap_or_default();
            each_line(picture, size, rect, |line| {
                if let Some((first, rest)) = saved.split_at_checked(line.len()) {
                    line.copy_from_slice(first);
                    saved = rest;
                }
            });
            end = begin;
        }
        self.samples.clear();
    }
}

/// Calls `work` for the part of each line of each plane that lies in `rect`.
fn each_line(picture: &mut [u8], size: Size, rect: Rect, mut work: impl FnMut(&mut [u8])) {
    let (y, chroma) = picture.split_at_mut(size.pixels().min(picture.len()));
    let (u, v) = chroma.split_at_mut((size.pixels() / 4).min(chroma.len()));
    for (plane, stride, rect) in
        [(y, size.width, rect), (u, size.width / 2, rect.halved()), (v, size.width / 2, rect.halved())]
    {
        let lines = plane.chunks_exact_mut(stride.max(1) as usize).skip(rect.y as usize).take(rect.height as usize);
        for line in lines {
            if let Some(part) = line.get_mut(rect.x as usize..(rect.x + rect.width) as usize) {
                work(part);
            }
        }
    }
}

/// `samples` out of 255 of `old`, and the rest of `new`, rounded.
fn mixed(old: u8, cover: u16, new: u16) -> u8 {
    // At most 235 * 255 + 255 * 128, which is less than 2^17: no sum overflows 32 bits; the shift is a division by 255.
    let sum = u32::from(old) * u32::from(255 - cover) + u32::from(new) + 128;
    ((sum + (sum >> 8)) >> 8) as u8
}

fn blend(picture: &mut [u8], size: Size, overlay: &Overlay) {
    let rect = overlay.rect;
    let (left, width) = (rect.x as usize, rect.width as usize);
    let (y, chroma) = picture.split_at_mut(size.pixels().min(picture.len()));
    let lines = y.chunks_exact_mut(size.width.max(1) as usize).skip(rect.y as usize);
    for (line, (cover, light)) in lines.zip(overlay.lines()) {
        let Some(line) = line.get_mut(left..left + width) else { continue };
        for ((sample, cover), light) in line.iter_mut().zip(cover).zip(light) {
            // Black is 16, white 235 (BT.601, limited range).
            let own = 16 * u16::from(*cover) + 219 * u16::from(*light);
            *sample = mixed(*sample, u16::from(*cover), own);
        }
    }
    let half = rect.halved();
    let (left, width) = (half.x as usize, half.width as usize);
    let (u, v) = chroma.split_at_mut((size.pixels() / 4).min(chroma.len()));
    for plane in [u, v] {
        let lines = plane.chunks_exact_mut((size.width / 2).max(1) as usize).skip(half.y as usize);
        for (line, covers) in lines.zip(overlay.cover.chunks_exact(2 * rect.width.max(1) as usize)) {
            let Some(line) = line.get_mut(left..left + width) else { continue };
            let (upper, lower) = covers.split_at(rect.width as usize);
            for ((sample, upper), lower) in line.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
                let four = [upper, lower].into_iter().flatten().map(|cover| u16::from(*cover)).sum::<u16>();
                let cover = (four + 2) / 4;
                *sample = mixed(*sample, cover, 128 * cover);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(size: Size) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(5);
        (0..size.i420_len()).map(|_| random.u8(16..=235)).collect()
    }

    #[test]
    fn what_is_laid_over_darkens_by_its_cover_and_comes_off_without_a_trace() {
        let size = Size::new(40, 30);
        let before = noise(size);
        let panes = [
            Overlay::pane(Rect { x: 4, y: 6, width: 12, height: 8 }, 178, 8),
            Overlay::pane(Rect { x: 10, y: 10, width: 30, height: 20 }, 255, 255),
        ];
        let (mut picture, mut under) = (before.clone(), Under::default());
        for _ in 0..3 {
            under.lay(&mut picture, size, &panes);
            for (place, (new, old)) in picture.iter().zip(&before).enumerate().take(size.pixels()) {
                let (x, y) = (place as u32 % 40, place as u32 / 40);
                let within =
                    |rect: Rect| x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
                let expected = match (within(panes[1].rect), within(panes[0].rect)) {
                    (true, _) => 235.0,
                    (false, true) => (f64::from(*old) * 77.0 + 16.0 * 178.0 + 8.0 * 219.0) / 255.0,
                    (false, false) => f64::from(*old),
                };
                assert!((f64::from(*new) - expected).abs() <= 0.51, "{x},{y}: {old} became {new}, not {expected}");
            }
            under.lift(&mut picture, size);
            assert_eq!(picture, before);
        }
    }

    #[test]
    fn colour_fades_as_far_as_it_is_covered() {
        let size = Size::new(8, 8);
        let mut picture = vec![100; size.i420_len()];
        picture[size.pixels()..].fill(200);
        let mut pane = Overlay::pane(Rect { x: 0, y: 0, width: 4, height: 8 }, 0, 0);
        for line in pane.cover.chunks_mut(4) {
            line[2..].fill(255);
        }
        Under::default().lay(&mut picture, size, &[pane]);
        assert_eq!(picture[size.pixels()..][..4], [200, 128, 200, 200]);
        assert_eq!(picture[..8], [100, 100, 16, 16, 100, 100, 100, 100]);
    }

    #[test]
    fn what_is_not_inside_is_left_out() {
        let size = Size::new(16, 8);
        let before = noise(size);
        for (x, y, width, height) in [(14, 0, 4, 4), (0, 6, 4, 4), (u32::MAX - 1, 0, 4, 4), (0, 0, 18, 2)] {
            let (mut picture, mut under) = (before.clone(), Under::default());
            under.lay(&mut picture, size, &[Overlay::pane(Rect { x, y, width, height }, 200, 0)]);
            assert_eq!(picture, before);
            under.lift(&mut picture, size);
            under.lay(&mut [], size, &[Overlay::pane(Rect { x: 0, y: 0, width: 4, height: 4 }, 200, 0)]);
            under.lift(&mut [], size);
        }
    }
}
