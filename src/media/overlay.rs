//! A translucent drawing in shades of grey that lies over pictures.

use super::picture::Rect;

/// See the module's head. Samples are tightly packed, one for each pixel of `rect`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    /// Where on the screen it lies; every number is even.
    pub rect: Rect,
    /// How much of the picture it covers: 0 nothing, 255 all.
    pub cover: Vec<u8>,
    /// Its own light, 0 black to 255 white, already multiplied by the cover: never more than that.
    pub light: Vec<u8>,
}

impl Overlay {
    /// A pane of `rect` that covers as much and is as light everywhere.
    pub fn pane(rect: Rect, cover: u8, light: u8) -> Self {
        let pixels = rect.width as usize * rect.height as usize;
        Self { rect, cover: vec![cover; pixels], light: vec![light.min(cover); pixels] }
    }

    /// Its lines, from above: the cover and the light of each.
    pub fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let width = self.rect.width.max(1) as usize;
        self.cover.chunks_exact(width).zip(self.light.chunks_exact(width)).take(self.rect.height as usize)
    }
}
