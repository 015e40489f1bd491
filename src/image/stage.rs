//! A surface on which several pictures are put, each into a rectangle of its own, the later over the earlier.

use super::fit::{Framing, place};
use super::overlay::Under;
use super::planes::{Plane, PlaneMut};
use super::scaler::{BLACK, draw};
use super::{ImageError, MAX_SIDE};
use crate::media::{Overlay, PictureView, Rect, Size};
use fast_image_resize::Resizer;

/// An I420 picture that is put together. Keeps its buffers: after the first one of a size nothing is allocated.
#[derive(Default)]
pub struct Stage {
    resizer: Resizer,
    upright: Vec<u8>,
    size: Size,
    out: Vec<u8>,
    under: Under,
}

impl Stage {
    /// Makes it `size` large; a new size begins black, the same one keeps what was put on it.
    /// [`ImageError::Size`] for odd sides, none, or more than [`MAX_SIDE`].
    pub fn set_size(&mut self, size: Size) -> Result<(), ImageError> {
        if size.is_empty() || !size.is_even() || size.width.max(size.height) > MAX_SIDE {
            return Err(ImageError::Size(size));
        }
        if self.size != size {
            self.size = size;
            self.under.forget();
            self.out.clear();
            self.out.resize(size.pixels(), BLACK[0]);
            self.out.resize(size.i420_len(), BLACK[1]);
        }
        Ok(())
    }

    /// Fits a picture into `rect`, with black bars where it does not reach; everything else stays.
    /// [`ImageError::Size`] when `rect` is not inside, or either can not be worked on.
    pub fn put(&mut self, picture: PictureView<'_>, rect: Rect, framing: Framing) -> Result<(), ImageError> {
        let area = Size::new(rect.width, rect.height);
        let placement = place(picture.size, area, framing)?;
        let inside = |from: u32, length: u32, side: u32| from.checked_add(length).is_some_and(|end| end <= side);
        if !inside(rect.x, rect.width, self.size.width) || !inside(rect.y, rect.height, self.size.height) {
            return Err(ImageError::Size(area));
        }
        let placed = Rect { x: rect.x + placement.placed.x, y: rect.y + placement.placed.y, ..placement.placed };
        let (width, luma) = (self.size.width as usize, self.size.pixels());
        let (y, chroma) = self.out.split_at_mut(luma);
        let (u, v) = chroma.split_at_mut(luma / 4);
        let planes = [
            (Plane { bytes: picture.y, stride: picture.y_stride }, PlaneMut { bytes: y, stride: width }),
            (Plane { bytes: picture.u, stride: picture.uv_stride }, PlaneMut { bytes: u, stride: width / 2 }),
            (Plane { bytes: picture.v, stride: picture.uv_stride }, PlaneMut { bytes: v, stride: width / 2 }),
        ];
        for (index, (source, mut target)) in planes.into_iter().enumerate() {
            let halve = |rect: Rect| if index == 0 { rect } else { rect.halved() };
            let (from, to) = (halve(placement.crop), halve(placed));
            if !source.holds(from) {
                return Err(ImageError::TooShort { what: "the planes of a picture", got: source.bytes.len() });
            }
            if placed != rect {
                target.fill_rect(halve(rect), BLACK[index]);
            }
            draw(&mut self.resizer, &mut self.upright, source, from, &mut target, to, framing)?;
        }
        Ok(())
    }

    /// Lays drawings over what was put together; it shows through where they cover only a part. What reaches over an
    /// edge is left out whole.
    pub fn lay(&mut self, overlays: &[Overlay]) {
        self.under.lay(&mut self.out, self.size, overlays);
    }

    /// Takes off every drawing that was laid over it.
    pub fn lift(&mut self) {
        self.under.lift(&mut self.out, self.size);
    }

    /// Makes all of it black.
    pub fn clear(&mut self) {
        let (y, chroma) = self.out.split_at_mut(self.size.pixels());
        y.fill(BLACK[0]);
        chroma.fill(BLACK[1]);
    }

    /// Copies what is in `rect` into `bytes`, for [`Stage::restore`].
    pub fn keep(&mut self, rect: Rect, bytes: &mut Vec<u8>) {
        bytes.clear();
        self.lines(rect).for_each(|line| bytes.extend_from_slice(line));
    }

    /// Puts back into `rect` what was kept of it.
    pub fn restore(&mut self, rect: Rect, bytes: &[u8]) {
        let mut rest = bytes;
        for line in self.lines(rect) {
            let Some((kept, after)) = rest.split_at_checked(line.len()) else { return };
            line.copy_from_slice(kept);
            rest = after;
        }
    }

    /// The lines of `rect` in all three planes.
    fn lines(&mut self, rect: Rect) -> impl Iterator<Item = &mut [u8]> {
        let (width, luma) = (self.size.width as usize, self.size.pixels());
        let (y, chroma) = self.out.split_at_mut(luma);
        let (u, v) = chroma.split_at_mut(luma / 4);
        let planes = [(y, width, rect), (u, width / 2, rect.halved()), (v, width / 2, rect.halved())];
        planes.into_iter().flat_map(|(bytes, stride, rect)| PlaneMut { bytes, stride }.into_lines(rect))
    }

    /// What was put together so far; `None` before a size was set.
    pub fn view(&self) -> Option<PictureView<'_>> {
        PictureView::new(self.size, self.size.width as usize, &self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(size: Size, luma: u8) -> Vec<u8> {
        let mut bytes = vec![luma; size.pixels()];
        bytes.resize(size.i420_len(), 90);
        bytes
    }

    fn put(stage: &mut Stage, size: Size, luma: u8, rect: Rect) -> Result<(), ImageError> {
        let bytes = flat(size, luma);
        stage.put(PictureView::new(size, size.width as usize, &bytes).unwrap(), rect, Framing::CONTAIN)
    }

    #[test]
    fn a_small_picture_lies_over_a_large_one_and_nothing_around_it_changes() {
        let mut stage = Stage::default();
        assert!(stage.view().is_none());
        stage.set_size(Size::new(64, 48)).unwrap();
        put(&mut stage, Size::new(64, 48), 100, Rect { x: 0, y: 0, width: 64, height: 48 }).unwrap();
        let corner = Rect { x: 40, y: 30, width: 20, height: 12 };
        put(&mut stage, Size::new(10, 12), 200, corner).unwrap();
        let view = stage.view().unwrap();
        for y in 0..48 {
            for x in 0..64 {
                let inside = (40..60).contains(&x) && (30..42).contains(&y);
                // A picture of 10x12 stands in the middle of its 20x12, with bars beside it.
                let expected = match inside {
                    true if (45..55).contains(&(x / 2 * 2 + 1)) && (44..54).contains(&x) => 200,
                    true => 16,
                    false => 100,
                };
                let got = view.y[y * view.y_stride + x];
                assert_eq!(got, expected, "{x},{y}");
            }
        }
        // The same size keeps what is there.
        stage.set_size(Size::new(64, 48)).unwrap();
        assert_eq!(stage.view().unwrap().y[0], 100);
    }

    #[test]
    fn a_drawing_lies_over_what_was_put_together_until_it_is_lifted() {
        let mut stage = Stage::default();
        stage.set_size(Size::new(64, 48)).unwrap();
        let pane = [Overlay::pane(Rect { x: 8, y: 8, width: 16, height: 8 }, 255, 0)];
        let bytes = |stage: &Stage| stage.view().unwrap().y.to_vec();
        put(&mut stage, Size::new(64, 48), 100, Rect { x: 0, y: 0, width: 64, height: 48 }).unwrap();
        stage.lay(&pane);
        assert_eq!(bytes(&stage).iter().filter(|luma| **luma == 16).count(), 16 * 8);
        stage.lift();
        assert!(bytes(&stage).iter().all(|luma| *luma == 100));
        stage.lay(&pane);
        stage.set_size(Size::new(32, 32)).unwrap();
        put(&mut stage, Size::new(32, 32), 50, Rect { x: 0, y: 0, width: 32, height: 32 }).unwrap();
        stage.lift();
        assert!(bytes(&stage).iter().all(|luma| *luma == 50), "what was under it is of another size");
    }

    #[test]
    fn what_was_kept_of_a_corner_comes_back_over_what_changed_under_it() {
        let mut stage = Stage::default();
        stage.set_size(Size::new(64, 48)).unwrap();
        let (all, corner) = (Rect { x: 0, y: 0, width: 64, height: 48 }, Rect { x: 40, y: 30, width: 20, height: 12 });
        put(&mut stage, Size::new(64, 48), 100, all).unwrap();
        put(&mut stage, Size::new(20, 12), 200, corner).unwrap();
        let (before, mut kept) = (stage.view().unwrap().y.to_vec(), Vec::new());
        stage.keep(corner, &mut kept);
        assert_eq!(kept.len(), 20 * 12 * 3 / 2);
        stage.clear();
        assert!(stage.view().unwrap().y.iter().all(|luma| *luma == 16));
        put(&mut stage, Size::new(64, 48), 100, all).unwrap();
        stage.restore(corner, &kept);
        assert!(stage.view().unwrap().y == before);
    }

    #[test]
    fn a_place_outside_is_refused_and_changes_nothing() {
        let mut stage = Stage::default();
        assert!(stage.set_size(Size::new(63, 48)).is_err());
        stage.set_size(Size::new(64, 48)).unwrap();
        for rect in [(60, 0, 8, 8), (0, 44, 8, 8), (u32::MAX - 1, 0, 8, 8)] {
            let rect = Rect { x: rect.0, y: rect.1, width: rect.2, height: rect.3 };
            assert!(put(&mut stage, Size::new(8, 8), 200, rect).is_err());
        }
        assert!(stage.view().unwrap().y.iter().all(|&luma| luma == 16));
    }
}
