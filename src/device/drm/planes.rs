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
    /// ARGB8888, its colours multiplied by its cover: what lies over the picture.
    Argb,
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
    /// How high it lies, where the driver says so (the plane property `zpos`).
    pub height: Option<u64>,
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
    let mut ways = Vec::new();
    for kind in [Kind::Primary, Kind::Overlay] {
        for (layout, format) in [(Layout::Yu12, DrmFourcc::Yuv420), (Layout::Nv12, DrmFourcc::Nv12)] {
            let able = planes.iter().enumerate().filter(|(_, plane)| plane.kind == kind && plane.takes(format));
            ways.extend(able.map(|(plane, _)| Way { plane, layout, over: kind == Kind::Overlay }));
        }
    }
    ways
}

/// The plane for what lies over the picture, which is on the plane at `below`: of the overlays that take a translucent
/// drawing and lie higher, the highest. Where the driver says nothing of heights they lie in the order of the list.
pub fn topmost(planes: &[Plane], below: usize) -> Option<usize> {
    let rank = |index: usize| planes.get(index).map(|plane| (plane.height.unwrap_or(0), index));
    let able = planes.iter().enumerate().filter(|(_, plane)| plane.kind == Kind::Overlay);
    let able = able.filter(|(_, plane)| plane.takes(DrmFourcc::Argb8888)).map(|(index, _)| index);
    // An overlay lies over the primary plane whatever the list's order is.
    let base = planes.get(below).is_some_and(|plane| plane.kind == Kind::Primary && plane.height.is_none());
    able.filter(|index| *index != below && (base || rank(*index) > rank(below))).max_by_key(|index| rank(*index))
}

impl Plane {
    fn takes(&self, format: DrmFourcc) -> bool {
        self.formats.contains(&(format as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(kind: Kind, formats: &str) -> Plane {
        let code = |text: &str| u32::from_le_bytes(text.as_bytes().try_into().unwrap());
        Plane { kind, formats: formats.split(' ').map(code).collect(), height: None }
    }

    #[test]
    fn what_lies_over_the_picture_takes_the_highest_overlay_above_it() {
        let at = |kind, height| Plane { height: Some(height), ..plane(kind, "XR24 AR24 YU12") };
        let (primary, overlay, cursor) = (Kind::Primary, Kind::Overlay, Kind::Cursor);
        let plain = |kind| plane(kind, "XR24 AR24");
        let video = plane(overlay, "NV12 YUYV");
        let table: [(Vec<Plane>, usize, Option<usize>); 8] = [
            (vec![plain(primary), plain(overlay), plain(overlay), plain(cursor)], 0, Some(2)),
            // The list begins with an overlay.
            (vec![plain(overlay), plain(primary), plain(cursor)], 1, Some(0)),
            // The picture is on an overlay itself.
            (vec![plain(primary), plain(overlay), plain(overlay)], 1, Some(2)),
            (vec![plain(primary), plain(overlay), plain(overlay)], 2, None),
            (vec![at(primary, 0), at(overlay, 3), at(overlay, 2)], 2, Some(1)),
            (vec![at(primary, 0), at(overlay, 3), at(overlay, 2)], 1, None),
            // None takes a translucent drawing, or there is none.
            (vec![plain(primary), video], 0, None),
            (vec![plain(primary), plain(cursor)], 0, None),
        ];
        for (planes, below, expected) in table {
            assert_eq!(topmost(&planes, below), expected, "{planes:?} over {below}");
        }
    }

    #[test]
    fn the_ways_are_tried_in_this_order() {
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
