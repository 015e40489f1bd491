//! Beauty and whiteness on a real photograph: how much noise of the skin goes, and how much of the edges stays.
//!
//! With `VISAVIS_PICTURES=DIR` the picture of `docs/picture.md` is written there, too.

mod support;

use support::picture::Picture;
use visavis::api::plan::Looks;
use visavis::image::beauty::Beautifier;
use visavis::image::{Framing, Scaler, to_jpeg};
use visavis::media::{PictureView, Size};

/// Part of a portrait of the astronaut Eileen Collins by NASA, in the public domain (docs/picture.md).
const FACE: &[u8] = include_bytes!("pictures/face.png");
const SIZE: Size = Size::new(640, 360);

/// Places in the photograph, in pixels of `SIZE`: left, top, width, height.
type Place = (usize, usize, usize, usize);
/// Forehead, both cheeks, chin.
const SKIN: [Place; 4] = [(292, 172, 32, 14), (232, 232, 30, 30), (334, 240, 30, 30), (284, 332, 34, 14)];
/// Both eyes with their brows, mouth, hair line, collar.
const EDGES: [Place; 5] =
    [(226, 174, 58, 46), (326, 176, 60, 46), (250, 276, 104, 44), (200, 120, 200, 40), (128, 300, 90, 50)];

/// The photograph as a camera of `SIZE` would give it, with the noise of a cheap sensor: deviations of `sigma` in
/// luma and half of it in chroma.
fn photograph(sigma: f64) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(FACE)).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    let small = Picture { width: info.width as usize, height: info.height as usize, rgb }.to_i420();
    let size = Size::new(info.width, info.height);
    let mut scaler = Scaler::new();
    let view = PictureView::new(size, info.width as usize, &small).unwrap();
    let mut bytes = vec![0; SIZE.i420_len()];
    scaler.compose(view, SIZE, Framing::FILL).unwrap().pack_into(&mut bytes);
    let mut rng = fastrand::Rng::with_seed(7);
    for (place, sample) in bytes.iter_mut().enumerate() {
        let sigma = if place < SIZE.pixels() { sigma } else { sigma / 2.0 };
        let normal: f64 = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
        *sample = (f64::from(*sample) + normal * sigma).round().clamp(16.0, 240.0) as u8;
    }
    bytes
}

fn applied(bytes: &[u8], looks: Looks) -> Vec<u8> {
    let mut out = vec![0; SIZE.i420_len()];
    Beautifier::new().apply(view(bytes), looks).pack_into(&mut out);
    out
}

fn view(bytes: &[u8]) -> PictureView<'_> {
    PictureView::new(SIZE, SIZE.width as usize, bytes).unwrap()
}

fn places(spots: &[Place]) -> impl Iterator<Item = (usize, usize)> + '_ {
    spots
        .iter()
        .flat_map(|&(x, y, width, height)| (y..y + height).flat_map(move |y| (x..x + width).map(move |x| (x, y))))
}

fn luma(bytes: &[u8], x: usize, y: usize) -> f64 {
    f64::from(bytes[y * SIZE.width as usize + x])
}

/// Deviation of luma from the mean of the nine by nine pixels around, over the patches of skin.
fn noise(bytes: &[u8]) -> f64 {
    let rough = |(x, y): (usize, usize)| {
        let around: f64 = (y - 4..=y + 4).flat_map(|y| (x - 4..=x + 4).map(move |x| luma(bytes, x, y))).sum();
        (luma(bytes, x, y) - around / 81.0).powi(2)
    };
    (places(&SKIN).map(rough).sum::<f64>() / places(&SKIN).count() as f64).sqrt()
}

/// Mean slope of luma, over two pixels, of the steepest twentieth of the edges' places in `reference`.
fn sharpness(bytes: &[u8], reference: &[u8]) -> f64 {
    let slope = |bytes: &[u8], (x, y): (usize, usize)| {
        let across = luma(bytes, x + 1, y) - luma(bytes, x - 1, y);
        let down = luma(bytes, x, y + 1) - luma(bytes, x, y - 1);
        across.hypot(down)
    };
    let mut steepest: Vec<(usize, usize)> = places(&EDGES).collect();
    steepest.sort_by(|one, other| slope(reference, *other).total_cmp(&slope(reference, *one)));
    steepest.truncate(steepest.len() / 20);
    steepest.iter().map(|place| slope(bytes, *place)).sum::<f64>() / steepest.len() as f64
}

#[test]
fn a_noisy_face_becomes_calm_and_stays_sharp() {
    let mut figures = String::new();
    for (sigma, most_left) in [(0.0, [0.97, 0.8, 0.62]), (4.0, [0.97, 0.72, 0.42])] {
        // Edges are looked for where there is no noise to be taken for one.
        let (clean, plain) = (photograph(0.0), photograph(sigma));
        for (beauty, most) in [1, 5, 9].into_iter().zip(most_left) {
            let calm = applied(&plain, Looks { beauty, whiteness: 0 });
            let (before, after) = (noise(&plain), noise(&calm));
            let kept = sharpness(&calm, &clean) / sharpness(&plain, &clean);
            figures += &format!(
                "noise of {sigma} added, beauty {beauty}: {before:.2} becomes {after:.2} on skin, {:.1} % of the edges' slope kept\n",
                kept * 100.0
            );
            assert!(after < before * most && kept > 0.97, "{figures}");
        }
    }
    println!("{figures}");
}

#[test]
fn before_and_after_are_drawn_side_by_side() {
    let plain = photograph(4.0);
    let looks = [0, 5, 9].map(|level| applied(&plain, Looks { beauty: level, whiteness: level }));
    // The middle 320 pixels of each, in one line.
    let whole = Size::new(960, 340);
    let mut bytes = vec![0; whole.i420_len()];
    let mut out = bytes.iter_mut();
    let starts = [0, SIZE.pixels(), SIZE.pixels() * 5 / 4];
    for (plane, half) in starts.into_iter().zip([1, 2, 2]) {
        for y in 10 / half..350 / half {
            for picture in &looks {
                let line = &picture[plane + y * 640 / half..][120 / half + 24 / half..][..320 / half];
                out.by_ref().zip(line).for_each(|(out, sample)| *out = *sample);
            }
        }
    }
    let image = to_jpeg(PictureView::new(whole, 960, &bytes).unwrap(), 88).unwrap();
    assert!((20_000..120_000).contains(&image.len()), "{} bytes", image.len());
    if let Some(folder) = std::env::var_os("VISAVIS_PICTURES") {
        std::fs::write(std::path::Path::new(&folder).join("beauty.jpg"), image).unwrap();
    }
    // It is lighter from left to right, and no third is burnt out.
    let light = looks
        .map(|picture| places(&SKIN).map(|(x, y)| luma(&picture, x, y)).sum::<f64>() / places(&SKIN).count() as f64);
    assert!(light[0] + 5.0 < light[1] && light[1] + 5.0 < light[2] && light[2] < 232.0, "{light:?}");
}

/// A program that is not optimised is a processor that is too slow.
#[cfg(debug_assertions)]
#[test]
fn a_slow_processor_gives_up_beauty_and_keeps_the_picture_in_time() {
    let server = support::nginx::Nginx::start();
    let config = support::terminal::pusher(&server.url("live", "terminal"))
        .replace("= 320", "= 960")
        .replace("= 180", "= 540")
        .replace("fps = 15", "fps = 30\nbeauty = 9\nwhiteness = 9");
    let terminal = support::terminal::Terminal::start(&config, support::terminal::VIRTUAL);
    let reduced = |status: &serde_json::Value| status["pusher"]["image"]["beauty"].as_u64() < Some(9);
    let status = terminal.until_status(10.0, "less beauty", reduced);
    let listed = status["pusher"]["unsupported"].as_array().unwrap();
    let row = listed.iter().find(|row| row["property"] == "beauty").unwrap_or_else(|| panic!("{status:#}"));
    assert!(row["reason"].as_str().unwrap().contains("too slow"), "{row}");
    assert!(terminal.log().contains("the processor is too slow"), "{}", terminal.log());
    assert_eq!(terminal.ask("GET", "/v1/pusher", "")["properties"]["beauty"], 9, "the wish stays");
}
