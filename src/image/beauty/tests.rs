//! Beauty and whiteness, judged by what they must and must not change.

use super::*;
use crate::media::Size;
use crate::media::testing::packed;

/// Chroma of skin, and of a grey wall.
const SKIN: [u8; 2] = [110, 150];
const GREY: [u8; 2] = [128, 128];

fn picture(size: Size, chroma: [u8; 2], mut luma: impl FnMut(usize, usize) -> u8) -> Vec<u8> {
    let width = size.width as usize;
    let mut bytes: Vec<u8> = (0..size.pixels()).map(|place| luma(place % width, place / width)).collect();
    chroma.iter().for_each(|value| bytes.extend(std::iter::repeat_n(*value, size.pixels() / 4)));
    bytes
}

fn looks(beauty: u32, whiteness: u32) -> Looks {
    Looks { beauty, whiteness }
}

fn applied(size: Size, bytes: &[u8], looks: Looks) -> Vec<u8> {
    let view = PictureView::new(size, size.width as usize, bytes).unwrap();
    packed(Beautifier::new().apply(view, looks))
}

/// About normal noise of deviation `sigma` around `middle`.
fn noise(rng: &mut fastrand::Rng, middle: u8, sigma: f64) -> u8 {
    let sum: f64 = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
    (f64::from(middle) + sum * sigma).round().clamp(0.0, 255.0) as u8
}

fn deviation(samples: &[u8]) -> f64 {
    let mean = samples.iter().map(|sample| f64::from(*sample)).sum::<f64>() / samples.len() as f64;
    (samples.iter().map(|sample| (f64::from(*sample) - mean).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
}

#[test]
fn without_both_the_picture_is_lent_as_it_is() {
    let size = Size::new(64, 36);
    let bytes = picture(size, SKIN, |x, y| (x * 3 + y) as u8);
    let view = PictureView::new(size, 64, &bytes).unwrap();
    assert_eq!(Beautifier::new().apply(view, Looks::PLAIN).y.as_ptr(), bytes.as_ptr());
    let odd = Size::new(63, 36);
    let view = PictureView::new(odd, 64, &bytes).unwrap();
    assert_eq!(Beautifier::new().apply(view, looks(9, 9)).y.as_ptr(), bytes.as_ptr());
}

#[test]
fn what_is_even_stays_even_at_any_size_and_level() {
    let mut rng = fastrand::Rng::with_seed(21);
    let sizes = [(2, 2), (2, 64), (64, 2), (130, 6), (258, 146), (640, 360), (360, 640)];
    for (width, height) in sizes {
        let size = Size::new(width, height);
        for level in 1..=9 {
            let value = rng.u8(..);
            let flat = picture(size, SKIN, |_, _| value);
            assert!(applied(size, &flat, looks(level, 0)) == flat, "{size}, beauty {level}");
            let light = applied(size, &flat, looks(level, level));
            let planes = [&light[..size.pixels()], &light[size.pixels()..size.pixels() * 5 / 4]];
            assert!(planes.iter().all(|plane| plane.iter().all(|sample| *sample == plane[0])), "{size}, {level}");
        }
    }
}

#[test]
fn what_is_no_skin_keeps_every_bit() {
    let size = Size::new(322, 182);
    let mut rng = fastrand::Rng::with_seed(22);
    for chroma in [GREY, [90, 120], [150, 100], [84, 197], [118, 190]] {
        let bytes = picture(size, chroma, |_, _| rng.u8(..));
        for level in 1..=9 {
            assert!(applied(size, &bytes, looks(level, level)) == bytes, "{chroma:?}, level {level}");
        }
    }
    // Beside skin, too: from the third sample of chroma on, which the soft edge of the mask does not reach.
    let mut bytes = picture(size, GREY, |_, _| rng.u8(..));
    let (luma, chroma) = bytes.split_at_mut(size.pixels());
    for (plane, value) in chroma.chunks_mut(size.pixels() / 4).zip(SKIN) {
        plane.chunks_mut(161).for_each(|line| line[..80].fill(value));
    }
    let before: Vec<u8> = luma.to_vec();
    let after = applied(size, &bytes, looks(9, 9));
    let right = |luma: &[u8]| luma.chunks(322).flat_map(|line| line[166..].to_vec()).collect::<Vec<u8>>();
    assert!(right(&after[..size.pixels()]) == right(&before));
    assert!(after[..size.pixels()] != before);
}

#[test]
fn noise_on_skin_falls_and_falls_more_with_each_level() {
    for (width, height) in [(640, 360), (1280, 720), (240, 426)] {
        let size = Size::new(width, height);
        let mut rng = fastrand::Rng::with_seed(23);
        let bytes = picture(size, SKIN, |_, _| noise(&mut rng, 140, 4.0));
        let before = deviation(&bytes[..size.pixels()]);
        let left = |level| deviation(&applied(size, &bytes, looks(level, 0))[..size.pixels()]) / before;
        let left = [1, 3, 5, 7, 9].map(left);
        assert!(left.windows(2).all(|pair| pair[1] < pair[0]), "{size}: {left:.2?}");
        assert!(left[2] < 0.5 && left[4] < 0.2, "{size}: {left:.2?} of the noise is left");
    }
}

/// The step between two evenly lit halves of skin, across the middle: how much of it is left at the edge itself and
/// between any two places beside it.
fn contrast_left(size: Size, level: u32, (low, high): (u8, u8), slope: f64) -> f64 {
    let (width, middle) = (size.width as usize, size.height as usize / 2);
    let side = |x: usize, y: usize| x as f64 - width as f64 / 2.0 + slope * (y as f64 - middle as f64) >= 0.0;
    let bytes = picture(size, SKIN, |x, y| if side(x, y) { high } else { low });
    let after = applied(size, &bytes, looks(level, 0));
    let mut least = f64::MAX;
    for y in middle - 20..middle + 20 {
        let line = &after[y * width..][..width];
        let edge = (0..width).position(|x| side(x, y)).unwrap();
        for away in 1..20 {
            let step = f64::from(line[edge + away - 1]) - f64::from(line[edge - away]);
            least = least.min(step / (f64::from(high) - f64::from(low)));
        }
    }
    least
}

#[test]
fn strong_edges_keep_their_contrast() {
    // Edges between two samples of the half-size picture and through one, at every radius a call has.
    for (width, height) in [(320, 180), (322, 362), (722, 722)] {
        for level in [1, 4, 5, 9] {
            for ends in [(60, 124), (40, 140), (16, 235)] {
                for slope in [0.0, 0.4, -3.0] {
                    let left = contrast_left(Size::new(width, height), level, ends, slope);
                    assert!(left >= 0.95, "{width}x{height}, level {level}, {ends:?}, slope {slope}: {left:.3}");
                }
            }
        }
    }
}

#[test]
fn thin_dark_lines_on_skin_stay_dark() {
    let size = Size::new(320, 180);
    for thick in [1, 2, 3] {
        let bytes = picture(size, SKIN, |x, _| if (160..160 + thick).contains(&x) { 70 } else { 150 });
        let after = applied(size, &bytes, looks(9, 0));
        let line = &after[90 * 320..][..320];
        let darkest = line[160..160 + thick].iter().copied().max().unwrap();
        assert!(darkest <= 72 && line[157].abs_diff(150) <= 4, "{thick}: {:?}", &line[150..172]);
    }
}

#[test]
fn whitening_lifts_skin_in_order_and_never_clips() {
    let size = Size::new(512, 32);
    let ramp = picture(size, SKIN, |x, _| (x / 2) as u8);
    let mut before: Vec<u8> = ramp[..512].to_vec();
    for whiteness in 1..=9 {
        let after = applied(size, &ramp, looks(0, whiteness));
        let line = &after[16 * 512..][..512];
        assert!(line.windows(2).all(|pair| pair[0] <= pair[1]), "whiteness {whiteness} keeps the order");
        for (luma, value) in line.iter().enumerate().map(|(x, value)| ((x / 2) as u8, *value)) {
            let wanted = if (16..=235).contains(&luma) { luma..=235 } else { luma..=luma };
            assert!(wanted.contains(&value), "whiteness {whiteness}: {luma} becomes {value}");
        }
        assert!(line.iter().zip(&before).all(|(now, before)| now >= before), "and each level lifts further");
        before = line.to_vec();
        let chroma = &after[size.pixels()..];
        let (u, v) = (chroma[1000], chroma[size.pixels() / 4 + 1000]);
        assert!((SKIN[0]..128).contains(&u) && (129..=SKIN[1]).contains(&v), "towards grey: {u} {v}");
    }
    assert!((26..=31).contains(&(before[252] - 126)), "the middle is lifted by {}", before[252] - 126);
}

#[test]
fn lines_may_have_gaps_between_them_and_any_bytes_are_a_picture() {
    let mut rng = fastrand::Rng::with_seed(24);
    let mut kept = Beautifier::new();
    for round in 0..60 {
        let size = Size::new(2 * rng.u32(1..150), 2 * rng.u32(1..80));
        let stride = size.width as usize + 2 * rng.usize(0..40);
        let bytes: Vec<u8> =
            std::iter::repeat_with(|| rng.u8(..)).take(stride * size.height as usize * 3 / 2).collect();
        let view = PictureView::new(size, stride, &bytes).unwrap();
        let looks = looks(rng.u32(0..12), rng.u32(0..12));
        let tight = packed(view);
        assert!(packed(kept.apply(view, looks)) == applied(size, &tight, looks), "round {round}: {size} in {stride}");
    }
}
