//! Which plane takes a picture as it was decoded, so that the hardware converts, scales and places it.

use drm::buffer::DrmFourcc;

/// How the bytes of a buffer are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// XRGB8888: what every driver takes.
    Rgb,
    /// Three planes: the decoder's own.
    Yu12,
    /// Luma, then both chromas by turns.
    Nv12,
}

/// What a plane is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Primary,
    Overlay,
    Cursor,
}

/// One plane of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    pub kind: Kind,
    /// Four-character codes of the formats it takes.
    pub formats: Vec<u32>,
}

/// A way to show a decoded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Position of the plane.
    pub plane: usize,
    pub layout: Layout,
    /// It lies over the primary plane, which shows black.
    pub over: bool,
}

/// Every way worth trying, the best first: the primary plane alone is one layer to read for the hardware, and the
/// decoder's own layout is copied line by line. The driver has the last word on each.
pub fn ways(planes: &[Plane]) -> Vec<Way> {
    let takes = |plane: &Plane, format: DrmFourcc| plane.formats.contains(&(format as u32));
    let mut ways = Vec::new();
    for kind in [Kind::Primary, Kind::Overlay] {
        for (layout, format) in [(Layout::Yu12, DrmFourcc::Yuv420), (Layout::Nv12, DrmFourcc::Nv12)] {
            let able = planes.iter().enumerate().filter(|(_, plane)| plane.kind == kind && takes(plane, format));
            ways.extend(able.map(|(plane, _)| Way { plane, layout, over: kind == Kind::Overlay }));
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_are_tried_in_this_order() {
        let code = |text: &str| u32::from_le_bytes(text.as_bytes().try_into().unwrap());
        let plane = |kind, formats: &str| Plane { kind, formats: formats.split(' ').map(code).collect() };
        let way = |plane, layout, over| Way { plane, layout, over };
        // A Raspberry Pi: everything everywhere.
        let everywhere = "XR24 YU12 NV12";
        let pi = [Kind::Overlay, Kind::Primary, Kind::Overlay, Kind::Cursor].map(|kind| plane(kind, everywhere));
        let expected = [
            way(1, Layout::Yu12, false),
            way(1, Layout::Nv12, false),
            way(0, Layout::Yu12, true),
            way(2, Layout::Yu12, true),
            way(0, Layout::Nv12, true),
            way(2, Layout::Nv12, true),
        ];
        assert_eq!(ways(&pi), expected);
        // One overlay for video, as on many boards.
        let video = [plane(Kind::Primary, "XR24 AR24"), plane(Kind::Overlay, "NV12 YUYV")];
        assert_eq!(ways(&video), [way(1, Layout::Nv12, true)]);
        // A virtual screen.
        assert_eq!(ways(&[plane(Kind::Primary, "XR24"), plane(Kind::Cursor, "AR24 YU12")]), []);
    }
}
