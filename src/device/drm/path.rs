//! The way of pictures of one size onto the screen: plane, layout, place and buffers.

use super::buffer::Buffer;
use super::card::Card;
use super::output::{Layer, Output, whole};
use super::planes::Layout;
use crate::media::{PictureView, Placement, Size};
use drm::control::plane;
use std::io;
use std::rc::Rc;

/// See the module's head.
pub struct Path {
    source: Size,
    placement: Placement,
    plane: Option<plane::Handle>,
    layout: Layout,
    /// What lies below: black, where the plane is an overlay.
    under: Option<(Layer, Buffer)>,
    /// One is seen while the other is drawn; the first is to be drawn next.
    buffers: [Buffer; 2],
}

impl Path {
    /// Pictures of `source` size in the upper left corner of the `screen`, converted on the way.
    pub fn plain(card: &Rc<Card>, output: &Output, screen: Size, source: Size) -> io::Result<Self> {
        let (placement, buffers) = (whole_of(screen), pair(card, screen, Layout::Rgb)?);
        Ok(Self { source, placement, plane: output.primary, layout: Layout::Rgb, under: None, buffers })
    }

    /// Pictures as they are decoded, which the hardware converts, scales and places; `None` when the driver refuses.
    pub fn direct(
        card: &Rc<Card>,
        output: &mut Output,
        screen: Size,
        source: Size,
        placement: Placement,
    ) -> Option<Self> {
        for (way, plane) in output.ways() {
            let Ok(buffers) = pair(card, source, way.layout) else { continue };
            let under = match way.over.then(|| Buffer::new(card, screen, Layout::Rgb)) {
                Some(Err(_)) => continue,
                Some(Ok(buffer)) => Some((layer(output.primary, &buffer, whole_of(screen), false), buffer)),
                None => None,
            };
            let path = Self { source, placement, plane: Some(plane), layout: way.layout, under, buffers };
            let [first, _] = &path.buffers;
            if output.can_show(&path.layers(first)) {
                return Some(path);
            }
        }
        None
    }

    /// Whether it is for pictures of this size, placed like this.
    pub fn fits(&self, source: Size, placement: Placement) -> bool {
        self.source == source && self.placement == placement
    }

    /// Whether it takes pictures of this size.
    pub fn takes(&self, size: Size) -> bool {
        self.source == size
    }

    /// Whether the hardware converts.
    pub fn is_direct(&self) -> bool {
        self.layout != Layout::Rgb
    }

    /// The plane its pictures are on.
    pub fn plane(&self) -> Option<plane::Handle> {
        self.plane
    }

    /// Draws a picture; returns the layers that show it.
    pub fn draw(&mut self, picture: PictureView<'_>) -> io::Result<Vec<Layer>> {
        self.buffers.swap(0, 1);
        let [_, drawn] = &mut self.buffers;
        drawn.draw(picture)?;
        let [_, drawn] = &self.buffers;
        Ok(self.layers(drawn))
    }

    fn layers(&self, buffer: &Buffer) -> Vec<Layer> {
        let top = layer(self.plane, buffer, self.placement, self.is_direct());
        self.under.iter().map(|(layer, _)| *layer).chain([top]).collect()
    }
}

/// All of a picture on all of a screen of its size.
pub const fn whole_of(screen: Size) -> Placement {
    Placement { crop: whole(screen), placed: whole(screen) }
}

fn pair(card: &Rc<Card>, size: Size, layout: Layout) -> io::Result<[Buffer; 2]> {
    Ok([Buffer::new(card, size, layout)?, Buffer::new(card, size, layout)?])
}

pub fn layer(plane: Option<plane::Handle>, buffer: &Buffer, placement: Placement, yuv: bool) -> Layer {
    let Placement { crop, placed } = placement;
    Layer { plane, framebuffer: buffer.framebuffer, crop, placed, yuv }
}
