//! What lies over the picture, on a plane of its own: drawn when it changes, and the picture never touched.

use super::buffer::Buffer;
use super::card::Card;
use super::output::{Layer, whole};
use super::path::layer;
use super::planes::Layout;
use crate::media::{Overlay, Placement, Rect, Size};
use drm::control::plane;
use std::io;
use std::rc::Rc;

/// See the module's head.
pub struct Veil {
    /// The part of the screen that holds everything.
    rect: Rect,
    /// One is seen while the other is drawn.
    buffers: [Buffer; 2],
    /// What is drawn, by its number.
    pub drawn: Option<u64>,
}

impl Veil {
    /// An empty one over the part `rect` of the screen.
    pub fn new(card: &Rc<Card>, rect: Rect) -> io::Result<Self> {
        let size = Size::new(rect.width, rect.height);
        let buffer = || Buffer::new(card, size, Layout::Argb);
        Ok(Self { rect, buffers: [buffer()?, buffer()?], drawn: None })
    }

    /// Whether it lies over just this part.
    pub fn fits(&self, rect: Rect) -> bool {
        self.rect == rect
    }

    /// Draws `overlays`, which have the number `changes`.
    pub fn draw(&mut self, overlays: &[Overlay], changes: u64) {
        self.buffers.swap(0, 1);
        let [_, drawn] = &mut self.buffers;
        drawn.overlay(self.rect, overlays);
        self.drawn = Some(changes);
    }

    /// The layer that shows it.
    pub fn layer(&self, plane: plane::Handle) -> Layer {
        let [_, drawn] = &self.buffers;
        let crop = whole(Size::new(self.rect.width, self.rect.height));
        layer(Some(plane), drawn, Placement { crop, placed: self.rect }, false)
    }
}

/// The part of a screen of `size` that holds all of `overlays`; `None` where there are none, or one is not inside.
pub fn bounds(overlays: &[Overlay], size: Size) -> Option<Rect> {
    let edges = |rect: Rect| Some((rect.x.checked_add(rect.width)?, rect.y.checked_add(rect.height)?));
    let mut all: Option<(u32, u32, u32, u32)> = None;
    for rect in overlays.iter().map(|overlay| overlay.rect) {
        let (right, bottom) = edges(rect).filter(|(right, bottom)| *right <= size.width && *bottom <= size.height)?;
        let (x, y, most_right, most_bottom) = all.unwrap_or((rect.x, rect.y, right, bottom));
        all = Some((x.min(rect.x), y.min(rect.y), most_right.max(right), most_bottom.max(bottom)));
    }
    let (x, y, right, bottom) = all?;
    Some(Rect { x, y, width: right - x, height: bottom - y }).filter(|rect| rect.width > 0 && rect.height > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_the_screen_holds_every_overlay_and_nothing_that_is_outside() {
        let size = Size::new(640, 360);
        let at = |x, y| Overlay::pane(Rect { x, y, width: 100, height: 50 }, 178, 8);
        let rect = |x, y, width, height| Some(Rect { x, y, width, height });
        assert_eq!(bounds(&[], size), None);
        assert_eq!(bounds(&[at(6, 8)], size), rect(6, 8, 100, 50));
        assert_eq!(bounds(&[at(6, 300), at(320, 8)], size), rect(6, 8, 414, 342));
        assert_eq!(bounds(&[at(6, 8), at(600, 8)], size), None);
        assert_eq!(bounds(&[at(u32::MAX - 10, 8)], size), None);
    }
}
