//! A picture made so small and so coarse that an IDR of it every two seconds is at most 20 kbit/s.
//!
//! 20 kbit/s are 5000 bytes in two seconds; what is left of them for the IDR is [`IDR_BYTES`], because the nine pictures
//! between two of them (210 bytes), stamps (220), messages (170) and packets (520) take the rest. A
//! photograph of 1280x720 takes 6000 to 8000 bytes at the coarsest step there is, and then it is a mosaic: macroblocks
//! alone cost 2700. At a quarter of each side the same bytes are a picture that people recognise. So the size goes down
//! until a step that still looks like something fits; a drawing or a name on a plain ground keeps more of it.

use crate::device::{self, DeviceError, Encoded, Fault};
use crate::image::{Framing, Scaler};
use crate::media::{PictureView, Size, Time};
use std::sync::atomic::{AtomicU64, Ordering};

/// Pictures a second of a card.
pub const STILL_FPS: u32 = 5;
/// Most bytes of an IDR with its parameter sets.
const IDR_BYTES: usize = 3700;
/// The finest step that is of use to anybody, and the coarsest there is.
const FINEST: u8 = 20;
const COARSEST: u8 = 51;

/// What is tried, in this order: the size in eighths of the side that is asked for, by how much detail is taken out
/// (1 = none), and the coarsest step that is good enough.
const TRIES: [(u32, u32, u8); 8] =
    [(8, 1, 36), (6, 1, 36), (4, 1, 36), (3, 1, 36), (2, 1, 42), (2, 2, 46), (2, 4, COARSEST), (2, 8, COARSEST)];
/// No side becomes shorter than this.
const SHORTEST: u32 = 64;

/// Counts the pictures made ready.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// With this quantiser the built-in card is sharp, and of [`card_size`] an IDR of it is within [`IDR_BYTES`].
pub const CARD_STEP: u8 = 32;
/// Macroblocks of the largest built-in card: each costs seven bits even where nothing is.
const CARD_MACROBLOCKS: u32 = 1450;

/// The size in which the built-in card is sent where pictures of `target` size are.
pub fn card_size(target: Size) -> Size {
    let small = |size: &Size| size.width.div_ceil(16) * size.height.div_ceil(16) <= CARD_MACROBLOCKS;
    let mut sizes = (1..=8).rev().map(|eighths| part(target, eighths));
    sizes.find(small).unwrap_or(part(target, 1))
}

/// So many eighths of each side of `size`, even.
fn part(size: Size, eighths: u32) -> Size {
    let side = |side: u32| ((side * eighths / 8).max(SHORTEST.min(side)) / 2 * 2).max(2);
    Size::new(side(size.width), side(size.height))
}

/// A picture ready for the encoder.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// Tells it from every other one; never 0.
    pub number: u64,
    pub size: Size,
    /// Tightly packed I420.
    pub pixels: Vec<u8>,
    /// The quantiser with which it fits.
    pub step: u8,
}

impl Fitted {
    /// Fits `picture` whole onto the card's ground, in the shape of `target` and at most that large.
    pub fn new(picture: PictureView<'_>, target: Size) -> Result<Self, DeviceError> {
        let mut last = None;
        for (eighths, less, worst) in TRIES {
            let size = part(target, eighths);
            let pixels = drawn(picture, size, less)?;
            let mut fitted = Self { number: NUMBER.fetch_add(1, Ordering::Relaxed), size, pixels, step: worst };
            if fitted.idr_bytes()? <= IDR_BYTES {
                fitted.refine()?;
                return Ok(fitted);
            }
            last = Some(fitted);
        }
        last.ok_or_else(|| DeviceError::new(Fault::Unsupported, "waiting image", "there is nothing to send"))
    }

    /// The picture.
    pub fn view(&self) -> Option<PictureView<'_>> {
        PictureView::new(self.size, self.size.width as usize, &self.pixels)
    }

    /// Takes the finest step with which it still fits; the one it has does.
    fn refine(&mut self) -> Result<(), DeviceError> {
        let (mut low, mut high) = (FINEST, self.step.max(FINEST));
        while low < high {
            let middle = (low + high) / 2;
            self.step = middle;
            match self.idr_bytes()? <= IDR_BYTES {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        self.step = high;
        Ok(())
    }

    /// Bytes of its IDR.
    fn idr_bytes(&self) -> Result<usize, DeviceError> {
        let none = || DeviceError::new(Fault::Failed, "waiting image", "it has no picture");
        let mut encoder = device::still_encoder(self.size, STILL_FPS, self.step)?;
        let mut out = Vec::new();
        match encoder.encode(self.view().ok_or_else(none)?, Time::default(), true, &mut out)? {
            Encoded::Unit { .. } => Ok(out.len()),
            Encoded::Skipped => Err(none()),
        }
    }
}

/// `picture` on a ground of `size`; `less`: drawn so many times smaller first.
fn drawn(picture: PictureView<'_>, size: Size, less: u32) -> Result<Vec<u8>, DeviceError> {
    let failed = |error: crate::image::ImageError| DeviceError::new(Fault::Failed, "waiting image", error);
    let small = Size::new((size.width / less / 2 * 2).max(2), (size.height / less / 2 * 2).max(2));
    let (mut first, mut second) = (Scaler::on_card(), Scaler::on_card());
    let view = first.compose(picture, small, Framing::CONTAIN).map_err(failed)?;
    let view = second.compose(view, size, Framing::FILL).map_err(failed)?;
    let mut pixels = vec![0; size.i420_len()];
    view.pack_into(&mut pixels);
    Ok(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::card::{Card, LANGUAGES};
    use crate::device::VideoDecoder as _;
    use crate::media::testing::psnr;

    const HD: Size = Size::new(1280, 720);

    /// Like a photograph: slopes, edges, and finer and finer grain of less and less strength.
    fn photograph(size: Size, seed: u64) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        let (width, height) = (size.width as usize, size.height as usize);
        let mut light = vec![0f32; width * height];
        let mut grid = 256;
        while grid >= 2 {
            let columns = width / grid + 2;
            let knots: Vec<f32> = (0..columns * (height / grid + 2)).map(|_| random.f32() - 0.5).collect();
            let strength = (grid as f32).sqrt() * 9.0;
            for (place, value) in light.iter_mut().enumerate() {
                let (x, y) = (place % width, place / width);
                let (a, b) = ((x % grid) as f32 / grid as f32, (y % grid) as f32 / grid as f32);
                let knot = |dx, dy| knots[(y / grid + dy) * columns + x / grid + dx];
                let (top, low) = (knot(0, 0) * (1.0 - a) + knot(1, 0) * a, knot(0, 1) * (1.0 - a) + knot(1, 1) * a);
                *value += strength * (top * (1.0 - b) + low * b);
            }
            grid /= 2;
        }
        let mut bytes: Vec<u8> = light.iter().map(|value| (125.0 + value).clamp(16.0, 235.0) as u8).collect();
        bytes.resize(size.i420_len(), 128);
        // A dark shape with sharp edges.
        for y in height / 4..height / 2 {
            bytes[y * width + width / 3..y * width + width / 2].fill(30);
        }
        bytes
    }

    fn view(size: Size, bytes: &[u8]) -> PictureView<'_> {
        PictureView::new(size, size.width as usize, bytes).unwrap()
    }

    #[test]
    fn a_photograph_is_sent_smaller_and_stays_recognisable() {
        let bytes = photograph(HD, 7);
        let fitted = Fitted::new(view(HD, &bytes), HD).unwrap();
        assert!(fitted.idr_bytes().unwrap() <= IDR_BYTES);
        assert!(fitted.size.width < HD.width && fitted.size.width >= 320 && fitted.step <= 42, "{fitted:?}");
        let mut decoder = device::openh264::OpenH264Decoder::new(false).unwrap();
        let mut coded = Vec::new();
        let mut encoder = device::still_encoder(fitted.size, STILL_FPS, fitted.step).unwrap();
        encoder.encode(fitted.view().unwrap(), Time::default(), true, &mut coded).unwrap();
        let mut seen = vec![0; fitted.size.i420_len()];
        decoder.decode(&coded, crate::media::Span::ZERO, &mut |view, _| view.pack_into(&mut seen)).unwrap();
        let luma = fitted.size.pixels();
        let quality = psnr(&seen[..luma], &fitted.pixels[..luma]);
        println!("{} step {}: {quality:.1} dB", fitted.size, fitted.step);
        assert!(quality > 27.0, "{quality:.1} dB");
    }

    #[test]
    fn a_plain_drawing_is_sent_larger_and_noise_fits_all_the_same() {
        let mut plain = Vec::new();
        crate::image::draw_card(HD, Card::Ended.text(LANGUAGES[0]).into(), &mut plain).unwrap();
        let fitted = Fitted::new(view(HD, &plain), HD).unwrap();
        assert!(fitted.size == Size::new(960, 540) && fitted.step <= 32, "{} {}", fitted.size, fitted.step);
        let mut random = fastrand::Rng::with_seed(1);
        let noise: Vec<u8> = (0..HD.i420_len()).map(|_| random.u8(16..235)).collect();
        for target in [HD, Size::new(240, 426), Size::new(64, 64)] {
            let fitted = Fitted::new(view(HD, &noise), target).unwrap();
            assert!(fitted.idr_bytes().unwrap() <= IDR_BYTES, "{target}: {} step {}", fitted.size, fitted.step);
        }
    }

    #[test]
    fn the_whole_picture_is_seen_on_the_ground_of_the_card() {
        let (small, upright) = (Size::new(64, 64), Size::new(360, 640));
        let mut bytes = vec![200; small.pixels()];
        bytes.resize(small.i420_len(), 128);
        let fitted = Fitted::new(view(small, &bytes), upright).unwrap();
        assert_eq!(fitted.size, upright);
        let at = |x: usize, y: usize| fitted.pixels[y * 360 + x];
        assert_eq!((at(180, 10), at(180, 320), at(180, 630)), (55, 200, 55));
    }

    #[test]
    fn the_built_in_card_fits_at_any_size_and_keeps_it_where_it_can() {
        for (target, size) in [
            (Size::new(640, 360), Size::new(640, 360)),
            (Size::new(960, 540), Size::new(720, 404)),
            (HD, Size::new(800, 450)),
            (Size::new(1080, 1920), Size::new(404, 720)),
        ] {
            assert_eq!(card_size(target), size);
            for (card, language) in Card::SENT.iter().flat_map(|card| LANGUAGES.map(|language| (card, language))) {
                let (mut pixels, text) = (Vec::new(), card.sent(language));
                crate::image::draw_card(size, text.into(), &mut pixels).unwrap();
                let bytes = Fitted { number: 1, size, pixels, step: CARD_STEP }.idr_bytes().unwrap();
                assert!(bytes <= IDR_BYTES, "{} at {size}: {bytes}", text.words);
            }
        }
    }
}
