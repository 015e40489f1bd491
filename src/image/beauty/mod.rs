//! Beauty and whiteness: calms the noise and the small unevenness of skin and lightens it, and leaves the rest alone.
//!
//! ```text
//!  chroma ─▶ skin mask ──────────────┐
//!  luma ─▶ half size ─▶ local mean ──┼─▶ weight ─▶ one pass over the whole picture: luma towards its local
//!                └─▶ local contrast ─┘             mean where the weight is, then up a curve; chroma towards grey
//! ```
//! What is looked at is looked at in half size, which is the size of the chroma planes; what is changed is changed
//! in full size. Three things keep edges: no pixel whose local mean reaches over an edge has a weight; what differs
//! much from its local mean (an eyelash) is left as it is; and eyes, brows and most hair are no skin.
//! Whole numbers of 8 and 16 bits throughout, in rows and blocks of fixed size, so that a compiler makes vectors of
//! it.

mod blend;
mod plane;
mod skin;

use crate::api::plan::Looks;
use crate::media::PictureView;
use plane::{box_mean, box_most, halve};

/// The highest level of both.
const MOST: u32 = 9;

/// Up to this level smoothing looks at a smaller neighbourhood and costs less.
pub const LIGHT: u32 = 4;

/// Applies [`Looks`] to pictures. Keeps its buffers: after the first picture of a size nothing is allocated.
#[derive(Default)]
pub struct Beautifier {
    out: Vec<u8>,
    small: Vec<u8>,
    skin: Vec<u8>,
    mean: Vec<u8>,
    weight: Vec<u8>,
    spare: Vec<u8>,
    sums: plane::Sums,
    rows: blend::Rows,
}

/// What smoothing does at a level.
#[derive(Clone, Copy, Debug)]
struct Smoothing {
    /// Reach of the local mean in pixels of the half-size picture.
    radius: usize,
    /// Weight on plain skin, 256 = luma becomes its local mean.
    strength: u16,
    /// Local contrast (the greatest distance from a local mean near by) where the weight begins to fall, and where
    /// it is zero. An edge of 64 steps has 19 at least, at any radius.
    contrast: (u16, u16),
    /// A pixel further than this from its local mean is left as it is.
    reach: u16,
}

impl Smoothing {
    /// What level 1 ..= 9 does in a picture whose shorter side is `side` pixels.
    fn of(level: u32, side: u32) -> Self {
        let level = level.min(MOST);
        // A ninetieth of the picture to either side.
        let radius = (side as usize / if level > LIGHT { 180 } else { 300 }).clamp(2, plane::MOST_RADIUS);
        let level = level as u16;
        Self { radius, strength: 24 * level + 24, contrast: (6 + level / 3, 10 + 2 * level / 3), reach: 14 + 2 * level }
    }
}

impl Beautifier {
    /// One without buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// The picture with `looks` applied; itself, untouched and uncopied, when both levels are 0 or a side is odd.
    /// Levels above 9 count as 9.
    pub fn apply<'a>(&'a mut self, picture: PictureView<'a>, looks: Looks) -> PictureView<'a> {
        let size = picture.size;
        if looks == Looks::PLAIN || !size.is_even() {
            return picture;
        }
        let (width, height) = (size.width as usize / 2, size.height as usize / 2);
        let half = width * height;
        self.skin.resize(half, 0);
        self.spare.resize(half, 0);
        skin::mask(picture, &mut self.spare);
        box_mean(&self.spare, width, 1, &mut self.sums, &mut self.skin);
        let mut smoothing = None;
        if looks.beauty > 0 {
            let how = Smoothing::of(looks.beauty, size.width.min(size.height));
            for plane in [&mut self.small, &mut self.mean, &mut self.weight] {
                plane.resize(half, 0);
            }
            halve(picture.y, picture.y_stride, width, &mut self.small);
            box_mean(&self.small, width, how.radius, &mut self.sums, &mut self.mean);
            for ((out, small), mean) in self.spare.iter_mut().zip(&self.small).zip(&self.mean) {
                *out = small.abs_diff(*mean);
            }
            box_most(&self.spare, width, how.radius + 1, &mut self.small, &mut self.weight);
            weigh(&mut self.weight, &self.skin, how);
            smoothing = Some(blend::Smooth { mean: &self.mean, weight: &self.weight, reach: how.reach });
        }
        self.out.resize(size.i420_len(), 0);
        let (luma, chroma) = self.out.split_at_mut(size.pixels());
        blend::luma(picture, smoothing, &self.skin, looks.whiteness.min(MOST), &mut self.rows, luma);
        let (u, v) = chroma.split_at_mut(half);
        for (plane, out) in [(picture.u, u), (picture.v, v)] {
            blend::chroma(plane, picture.uv_stride, &self.skin, width, looks.whiteness.min(MOST), out);
        }
        PictureView::new(size, size.width as usize, &self.out).unwrap_or(picture)
    }
}

/// Makes weights of local contrasts: full on plain skin, none at edges.
fn weigh(weight: &mut [u8], skin: &[u8], how: Smoothing) {
    let (low, high) = how.contrast;
    let slope = how.strength / (high - low).max(1);
    for (weight, skin) in weight.iter_mut().zip(skin) {
        let calm = high.saturating_sub(u16::from(*weight)).saturating_mul(slope).min(how.strength.min(255));
        *weight = ((calm * u16::from(*skin) + 128) >> 8) as u8;
    }
}

#[cfg(test)]
mod tests;
