//! Geometry: which part of a picture is seen, and where on the surface it is placed.

use super::{ImageError, MAX_SIDE};
use crate::media::{Placement, Rect, Size};
use crate::settings::player::ObjectFit;

/// A quarter turn or several, clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Turn {
    #[default]
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Turn {
    const ALL: [Turn; 4] = [Turn::None, Turn::Quarter, Turn::Half, Turn::ThreeQuarters];

    /// The turn of `degrees` clockwise (negative: the other way); `None` when it is no multiple of 90.
    pub fn from_degrees(degrees: i32) -> Option<Self> {
        Some(match degrees.rem_euclid(360) {
            0 => Self::None,
            90 => Self::Quarter,
            180 => Self::Half,
            270 => Self::ThreeQuarters,
            _ => return None,
        })
    }

    /// Both, one after the other.
    pub fn and(self, other: Self) -> Self {
        Self::ALL[(self as usize + other as usize) % 4]
    }

    /// The turn that takes this one back.
    pub fn back(self) -> Self {
        Self::ALL[(4 - self as usize) % 4]
    }

    /// What becomes of a size.
    pub fn of(self, size: Size) -> Size {
        if self.swaps() { size.turned() } else { size }
    }

    /// Where `rect` of a surface of `size` lies once that is turned.
    pub fn rect(self, rect: Rect, size: Size) -> Rect {
        let Rect { x, y, width, height } = rect;
        let right = size.width.saturating_sub(x.saturating_add(width));
        let below = size.height.saturating_sub(y.saturating_add(height));
        match self {
            Self::None => rect,
            Self::Quarter => Rect { x: below, y: x, width: height, height: width },
            Self::Half => Rect { x: right, y: below, width, height },
            Self::ThreeQuarters => Rect { x: y, y: right, width: height, height: width },
        }
    }

    /// True when width and height change places.
    pub fn swaps(self) -> bool {
        matches!(self, Self::Quarter | Self::ThreeQuarters)
    }
}

/// How a picture is to be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    pub fit: ObjectFit,
    pub turn: Turn,
    /// Left and right change places, after the turn.
    pub mirror: bool,
    /// Centre crop, 1.0 (everything) ..= 4.0; other values count as the nearest of these.
    pub zoom: f32,
}

impl Framing {
    /// The whole picture upright, bars where the shapes differ.
    pub const CONTAIN: Framing = Framing { fit: ObjectFit::Contain, turn: Turn::None, mirror: false, zoom: 1.0 };
    /// The surface filled, the overhang cut off: what a camera's picture is sent as.
    pub const FILL: Framing = Framing { fit: ObjectFit::FillCrop, turn: Turn::None, mirror: false, zoom: 1.0 };
}

/// Places a picture of `source` size on a surface of `target` size.
///
/// Coordinates are even, so that chroma planes follow with half of them; shapes that differ by less than a pair
/// of pixels count as equal, so that no picture is cut or resampled for a rounding error. [`ImageError::Size`]
/// when either has a side below 2 or above [`MAX_SIDE`], or `target` an odd one.
pub fn place(source: Size, target: Size, framing: Framing) -> Result<Placement, ImageError> {
    for size in [source, target] {
        if size.width.min(size.height) < 2 || size.width.max(size.height) > MAX_SIDE {
            return Err(ImageError::Size(size));
        }
    }
    if !target.is_even() {
        return Err(ImageError::Size(target));
    }
    let zoom = f64::from(if framing.zoom.is_nan() { 1.0 } else { framing.zoom.clamp(1.0, 4.0) });
    // From here on `seen` is measured as the viewer sees it, turned.
    let whole = framing.turn.of(source);
    let mut seen = Size::new(pairs(f64::from(whole.width) / zoom), pairs(f64::from(whole.height) / zoom));
    let mut placed = target;
    let scale_x = f64::from(target.width) / f64::from(seen.width);
    let scale_y = f64::from(target.height) / f64::from(seen.height);
    match framing.fit {
        ObjectFit::Contain => {
            let scale = scale_x.min(scale_y);
            placed.width = near(f64::from(seen.width) * scale, target.width);
            placed.height = near(f64::from(seen.height) * scale, target.height);
        }
        ObjectFit::FillCrop => {
            let scale = scale_x.max(scale_y);
            seen.width = near(f64::from(target.width) / scale, seen.width);
            seen.height = near(f64::from(target.height) / scale, seen.height);
        }
    }
    let crop = framing.turn.of(seen);
    Ok(Placement { crop: centred(crop, source), placed: centred(placed, target) })
}

/// The even number at or below `length`, at least 2.
fn pairs(length: f64) -> u32 {
    (length as u32 & !1).max(2)
}

/// The even number nearest to `length`; `limit` when that is less than a pair away.
fn near(length: f64, limit: u32) -> u32 {
    let rounded = ((length / 2.0).round() as u32 * 2).max(2);
    if rounded + 2 > limit { limit & !1 } else { rounded }
}

fn centred(inner: Size, outer: Size) -> Rect {
    let start = |inner: u32, outer: u32| (outer.saturating_sub(inner) / 2) & !1;
    Rect {
        x: start(inner.width, outer.width),
        y: start(inner.height, outer.height),
        width: inner.width,
        height: inner.height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn rect(x: u32, y: u32, width: u32, height: u32) -> Rect {
        Rect { x, y, width, height }
    }

    #[test]
    fn pictures_are_placed_as_the_table_says() {
        let (contain, fill) = (Framing::CONTAIN, Framing::FILL);
        let turned = |framing: Framing, turn| Framing { turn, ..framing };
        let zoomed = |framing: Framing, zoom| Framing { zoom, ..framing };
        let table = [
            // Equal shapes: everything, without bars.
            ((640, 360), (640, 360), contain, rect(0, 0, 640, 360), rect(0, 0, 640, 360)),
            ((1280, 720), (640, 360), fill, rect(0, 0, 1280, 720), rect(0, 0, 640, 360)),
            ((1920, 1080), (256, 144), contain, rect(0, 0, 1920, 1080), rect(0, 0, 256, 144)),
            // 854x480 is 16:9 but for a rounding: neither bars nor a cut.
            ((854, 480), (1280, 720), contain, rect(0, 0, 854, 480), rect(0, 0, 1280, 720)),
            ((854, 480), (1280, 720), fill, rect(0, 0, 854, 480), rect(0, 0, 1280, 720)),
            // Other shapes.
            ((640, 480), (640, 360), contain, rect(0, 0, 640, 480), rect(80, 0, 480, 360)),
            ((640, 480), (640, 360), fill, rect(0, 60, 640, 360), rect(0, 0, 640, 360)),
            ((640, 360), (360, 640), contain, rect(0, 0, 640, 360), rect(0, 218, 360, 202)),
            ((640, 360), (360, 640), fill, rect(218, 0, 202, 360), rect(0, 0, 360, 640)),
            // Turned cameras.
            ((640, 360), (360, 640), turned(fill, Turn::Quarter), rect(0, 0, 640, 360), rect(0, 0, 360, 640)),
            ((640, 480), (360, 640), turned(fill, Turn::ThreeQuarters), rect(0, 60, 640, 360), rect(0, 0, 360, 640)),
            ((640, 480), (640, 360), turned(contain, Turn::Quarter), rect(0, 0, 640, 480), rect(184, 0, 270, 360)),
            ((640, 480), (640, 360), turned(fill, Turn::Half), rect(0, 60, 640, 360), rect(0, 0, 640, 360)),
            // Zoom cuts from the centre.
            ((640, 360), (640, 360), zoomed(fill, 2.0), rect(160, 90, 320, 180), rect(0, 0, 640, 360)),
            ((640, 360), (640, 360), zoomed(fill, 99.0), rect(240, 134, 160, 90), rect(0, 0, 640, 360)),
            ((640, 360), (640, 360), zoomed(contain, 0.0), rect(0, 0, 640, 360), rect(0, 0, 640, 360)),
            ((640, 360), (640, 360), zoomed(contain, f32::NAN), rect(0, 0, 640, 360), rect(0, 0, 640, 360)),
            // Extremes keep at least a pair.
            ((4096, 2), (640, 360), contain, rect(0, 0, 4096, 2), rect(0, 178, 640, 2)),
            ((5, 3), (640, 360), fill, rect(0, 0, 4, 2), rect(0, 0, 640, 360)),
        ];
        for (source, target, framing, crop, placed) in table {
            let (source, target) = (Size::new(source.0, source.1), Size::new(target.0, target.1));
            let given = place(source, target, framing).unwrap();
            assert_eq!(given, Placement { crop, placed }, "{source} on {target} {framing:?}");
        }
    }

    #[test]
    fn every_placement_is_even_and_inside() {
        let mut rng = fastrand::Rng::with_seed(5);
        for _ in 0..20_000 {
            let mut side = || rng.u32(2..=MAX_SIDE);
            let (source, target) = (Size::new(side(), side()), Size::new(side() & !1, side() & !1));
            let framing = Framing {
                fit: *rng.choice([ObjectFit::Contain, ObjectFit::FillCrop].iter()).unwrap(),
                turn: Turn::from_degrees(rng.i32(-4..4) * 90).unwrap(),
                mirror: rng.bool(),
                zoom: rng.f32() * 5.0,
            };
            let Placement { crop, placed } = place(source, target, framing).unwrap();
            for (inner, outer) in [(crop, source), (placed, target)] {
                let numbers = [inner.x, inner.y, inner.width, inner.height];
                assert!(numbers.iter().all(|number| number % 2 == 0), "{inner:?}");
                assert!(inner.width >= 2 && inner.height >= 2);
                assert!(inner.x + inner.width <= outer.width && inner.y + inner.height <= outer.height);
            }
        }
    }

    #[test]
    fn a_rectangle_of_a_surface_is_found_again_when_that_is_turned_and_turned_back() {
        let (size, upper_left) = (Size::new(640, 360), rect(20, 10, 100, 40));
        let table = [
            (Turn::None, rect(20, 10, 100, 40)),
            (Turn::Quarter, rect(310, 20, 40, 100)),
            (Turn::Half, rect(520, 310, 100, 40)),
            (Turn::ThreeQuarters, rect(10, 520, 40, 100)),
        ];
        for (turn, lies) in table {
            assert_eq!(turn.rect(upper_left, size), lies, "{turn:?}");
            assert_eq!(turn.back().rect(lies, turn.of(size)), upper_left, "{turn:?}");
            assert_eq!(turn.and(turn.back()), Turn::None);
        }
    }

    #[test]
    fn sizes_that_are_none_are_refused() {
        let fine = Size::new(640, 360);
        for bad in [Size::new(0, 360), Size::new(640, 1), Size::new(5000, 360)] {
            assert_eq!(place(bad, fine, Framing::FILL), Err(ImageError::Size(bad)));
            assert_eq!(place(fine, bad, Framing::FILL), Err(ImageError::Size(bad)));
        }
        assert!(place(fine, Size::new(641, 360), Framing::FILL).is_err());
        assert_eq!(Turn::from_degrees(-90), Some(Turn::ThreeQuarters));
        assert_eq!(Turn::from_degrees(45), None);
    }
}
