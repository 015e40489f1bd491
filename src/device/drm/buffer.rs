#![allow(unsafe_code)]
//! Memory that is scanned out: a dumb buffer, its mapping and its name for the driver.

use super::card::Card;
use super::convert;
use super::planes::Layout;
use crate::media::{Overlay, PictureView, Rect, Size};
use drm::buffer::{Buffer as _, DrmFourcc, DrmModifier, Handle, PlanarBuffer};
use drm::control::dumbbuffer::{DumbBuffer, DumbMapping};
use drm::control::{Device as _, FbCmd2Flags, framebuffer};
use std::io;
use std::rc::Rc;

/// A picture the hardware can show; black until something is drawn.
pub struct Buffer {
    map: Option<DumbMapping<'static>>,
    dumb: DumbBuffer,
    layout: Layout,
    /// Lines of luma.
    height: usize,
    pub framebuffer: framebuffer::Handle,
    card: Rc<Card>,
}

impl Buffer {
    /// A black picture of `size`, whose sides are even for any layout but [`Layout::Rgb`].
    pub fn new(card: &Rc<Card>, size: Size, layout: Layout) -> io::Result<Self> {
        let (code, bits, lines) = match layout {
            Layout::Rgb => (DrmFourcc::Xrgb8888, 32, size.height),
            Layout::Argb => (DrmFourcc::Argb8888, 32, size.height),
            Layout::Yu12 => (DrmFourcc::Yuv420, 8, size.height.div_ceil(2) * 3),
            Layout::Nv12 => (DrmFourcc::Nv12, 8, size.height.div_ceil(2) * 3),
        };
        let mut dumb = card.create_dumb_buffer((size.width, lines), code, bits)?;
        let luma = dumb.pitch() as usize * size.height as usize;
        let mapped = card.map_dumb_buffer(&mut dumb).map(|mut map| {
            let luma = luma.min(map.len());
            let (first, rest) = map.split_at_mut(luma);
            let packed = matches!(layout, Layout::Rgb | Layout::Argb);
            first.fill(if packed { 0 } else { 16 });
            rest.fill(128);
            // SAFETY: the mapping borrows nothing of `dumb`, whose lifetime it only carries as a mark: it is memory
            // of its own, unmapped when it is dropped, which `Drop` below does before the buffer is destroyed.
            unsafe { std::mem::transmute::<DumbMapping<'_>, DumbMapping<'static>>(map) }
        });
        let named = mapped.and_then(|map| {
            let framebuffer = match layout {
                Layout::Rgb => card.add_framebuffer(&dumb, 24, 32)?,
                _ => card.add_planar_framebuffer(&Planes::new(&dumb, size, layout), FbCmd2Flags::empty())?,
            };
            Ok((map, framebuffer))
        });
        match named {
            Ok((map, framebuffer)) => {
                let height = size.height as usize;
                Ok(Self { map: Some(map), dumb, layout, height, framebuffer, card: card.clone() })
            }
            Err(error) => {
                let _ = card.destroy_dumb_buffer(dumb);
                Err(error)
            }
        }
    }

    /// Draws `overlays` as they lie in the part `rect` of the screen; what is between them stays transparent.
    pub fn overlay(&mut self, rect: Rect, overlays: &[Overlay]) {
        let pitch = self.dumb.pitch() as usize;
        if let Some(map) = &mut self.map {
            convert::to_bgra(overlays, rect, map, pitch);
        }
    }

    /// Draws a picture into its upper left corner.
    pub fn draw(&mut self, picture: PictureView<'_>) -> io::Result<()> {
        let pitch = self.dumb.pitch() as usize;
        let Some(map) = &mut self.map else { return Ok(()) };
        match self.layout {
            Layout::Rgb | Layout::Argb => return convert::to_bgrx(picture, map, pitch),
            Layout::Yu12 => convert::to_yu12(picture, map, pitch, self.height),
            Layout::Nv12 => convert::to_nv12(picture, map, pitch, self.height),
        }
        Ok(())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.map = None;
        // A card that is gone has taken both with it.
        let _ = self.card.destroy_framebuffer(self.framebuffer);
        let _ = self.card.destroy_dumb_buffer(self.dumb);
    }
}

/// Where the planes of a picture lie in one dumb buffer.
struct Planes {
    size: Size,
    code: DrmFourcc,
    handles: [Option<Handle>; 4],
    pitches: [u32; 4],
    offsets: [u32; 4],
}

impl Planes {
    fn new(dumb: &DumbBuffer, size: Size, layout: Layout) -> Self {
        let (pitch, handle) = (dumb.pitch(), Some(dumb.handle()));
        let luma = pitch.saturating_mul(size.height);
        let chroma = (pitch / 2).saturating_mul(size.height / 2);
        let (handles, pitches, offsets) = match layout {
            Layout::Nv12 => ([handle, handle, None, None], [pitch, pitch, 0, 0], [0, luma, 0, 0]),
            Layout::Rgb | Layout::Argb => ([handle, None, None, None], [pitch, 0, 0, 0], [0; 4]),
            Layout::Yu12 => {
                let pitches = [pitch, pitch / 2, pitch / 2, 0];
                ([handle, handle, handle, None], pitches, [0, luma, luma.saturating_add(chroma), 0])
            }
        };
        Self { size, code: dumb.format(), handles, pitches, offsets }
    }
}

impl PlanarBuffer for Planes {
    fn size(&self) -> (u32, u32) {
        (self.size.width, self.size.height)
    }
    fn format(&self) -> DrmFourcc {
        self.code
    }
    fn modifier(&self) -> Option<DrmModifier> {
        None
    }
    fn pitches(&self) -> [u32; 4] {
        self.pitches
    }
    fn handles(&self) -> [Option<Handle>; 4] {
        self.handles
    }
    fn offsets(&self) -> [u32; 4] {
        self.offsets
    }
}
