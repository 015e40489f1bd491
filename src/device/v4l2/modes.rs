//! Which of a camera's modes comes nearest to what is wanted.

use crate::media::{PixelFormat, Size};

/// One mode a camera offers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    pub format: PixelFormat,
    pub size: Size,
    /// The highest rate at this size.
    pub fps: f64,
}

/// Cameras say 29.97 and mean 30.
const NEARLY: f64 = 0.97;

/// How much a lower rate is worse than another size: half the rate counts like a quarter of the pixels.
const RATE_WEIGHT: f64 = 2.0;

/// The best of `offers` for pictures of `wanted` size at `fps`; `None` when there are none.
///
/// First the exact size at full rate without compression (I420, then NV12, then YUYV: in order of what is left to
/// convert), then the exact size as MJPEG, then the smallest larger size at full rate, then whatever is nearest.
pub fn choose(offers: &[Offer], wanted: Size, fps: u32) -> Option<Offer> {
    let keys = offers.iter().filter(|offer| !offer.size.is_empty()).map(|offer| (key(offer, wanted, fps), offer));
    keys.min_by(|(one, _), (other, _)| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal)).map(|(_, o)| *o)
}

/// Smaller is better: class, distance within the class, format.
fn key(offer: &Offer, wanted: Size, fps: u32) -> (u8, f64, u8) {
    let full_rate = offer.fps >= f64::from(fps) * NEARLY;
    let larger = offer.size.width >= wanted.width && offer.size.height >= wanted.height;
    let ratio = (offer.size.pixels() as f64 / wanted.pixels().max(1) as f64).ln().abs();
    let format = match offer.format {
        PixelFormat::I420 => 0,
        PixelFormat::Nv12 => 1,
        PixelFormat::Yuyv => 2,
        PixelFormat::Mjpeg => 3,
    };
    if full_rate && offer.size == wanted {
        (u8::from(offer.format == PixelFormat::Mjpeg), 0.0, format)
    } else if full_rate && larger {
        (2, ratio, format)
    } else {
        let slowness = (f64::from(fps) / offer.fps.max(0.1)).ln().max(0.0);
        (3, ratio + RATE_WEIGHT * slowness, format)
    }
}

/// The size nearest to `wanted` that a range of sizes allows: from `min` to `max` in steps of `step` pixels.
pub fn nearest_in_range(wanted: Size, min: Size, max: Size, step: Size) -> Size {
    let nearest = |wanted: u32, min: u32, max: u32, step: u32| {
        let (max, step) = (max.max(min), step.max(1));
        min + (wanted.clamp(min, max) - min) / step * step
    };
    Size::new(
        nearest(wanted.width, min.width, max.width, step.width),
        nearest(wanted.height, min.height, max.height, step.height),
    )
}

#[cfg(test)]
mod tests {
    use super::PixelFormat::*;
    use super::*;

    fn offer(format: PixelFormat, width: u32, height: u32, fps: f64) -> Offer {
        Offer { format, size: Size::new(width, height), fps }
    }

    /// What a usual USB camera offers.
    fn webcam() -> Vec<Offer> {
        vec![
            offer(Yuyv, 640, 480, 30.0),
            offer(Yuyv, 640, 360, 30.0),
            offer(Yuyv, 1280, 720, 10.0),
            offer(Mjpeg, 640, 480, 30.0),
            offer(Mjpeg, 1280, 720, 30.0),
            offer(Mjpeg, 1920, 1080, 30.0),
        ]
    }

    #[test]
    fn a_webcams_modes_are_chosen_by_size_then_format() {
        for (width, height, fps, expected) in [
            (640, 360, 30, offer(Yuyv, 640, 360, 30.0)),
            (640, 480, 15, offer(Yuyv, 640, 480, 30.0)),
            (1280, 720, 30, offer(Mjpeg, 1280, 720, 30.0)),
            (1280, 720, 10, offer(Yuyv, 1280, 720, 10.0)),
            (960, 540, 30, offer(Mjpeg, 1280, 720, 30.0)),
            (320, 180, 30, offer(Yuyv, 640, 360, 30.0)),
            (2560, 1440, 30, offer(Mjpeg, 1920, 1080, 30.0)),
        ] {
            assert_eq!(choose(&webcam(), Size::new(width, height), fps), Some(expected), "{width}x{height} at {fps}");
        }
    }

    #[test]
    fn of_equal_modes_the_one_with_least_to_convert_wins() {
        let mut offers = vec![offer(Mjpeg, 640, 360, 30.0)];
        for format in [Yuyv, Nv12, I420] {
            offers.insert(0, offer(format, 640, 360, 29.97));
            assert_eq!(choose(&offers, Size::new(640, 360), 30).unwrap().format, format);
        }
    }

    #[test]
    fn a_camera_that_is_too_slow_or_too_small_still_gives_its_best() {
        let offers = [offer(Yuyv, 640, 480, 5.0), offer(Yuyv, 320, 240, 30.0)];
        assert_eq!(choose(&offers, Size::new(640, 480), 30), Some(offers[1]));
        assert_eq!(choose(&offers[..1], Size::new(640, 480), 30), Some(offers[0]));
        assert_eq!(choose(&[], Size::new(640, 480), 30), None);
        assert_eq!(choose(&[offer(Yuyv, 0, 0, f64::NAN)], Size::new(640, 480), 30), None);
    }

    #[test]
    fn a_range_of_sizes_is_met_at_its_nearest_step() {
        let (min, max) = (Size::new(32, 32), Size::new(1920, 1080));
        let step = Size::new(16, 2);
        assert_eq!(nearest_in_range(Size::new(640, 360), min, max, step), Size::new(640, 360));
        assert_eq!(nearest_in_range(Size::new(650, 361), min, max, step), Size::new(640, 360));
        assert_eq!(nearest_in_range(Size::new(4000, 8), min, max, step), Size::new(1920, 32));
        assert_eq!(nearest_in_range(Size::new(5, 5), max, min, Size::default()), Size::new(1920, 1080));
    }
}
