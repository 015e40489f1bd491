//! The picture path with real pictures, judged by PSNR against ffmpeg and against arithmetic.

use super::*;
use crate::media::testing::{moving, packed, psnr, run};
use crate::media::{PictureView, PixelFormat, RawPicture, Size, Time};

const SMALL: Size = Size::new(640, 360);

fn raw(format: PixelFormat, size: Size, stride: usize, bytes: Vec<u8>) -> RawPicture {
    RawPicture { format, size, stride, bytes: bytes.into(), captured: Time::default() }
}

fn i420(size: Size, bytes: Vec<u8>) -> RawPicture {
    raw(PixelFormat::I420, size, size.width as usize, bytes)
}

/// A smooth picture, brighter to the right and below, bluer to the right, redder below.
fn slope(size: Size) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size.i420_len());
    let at = |place: u32, length: u32, span: f64| (f64::from(place) + 0.5) / f64::from(length) * span;
    for y in 0..size.height {
        bytes.extend((0..size.width).map(|x| (20.0 + at(x, size.width, 120.0) + at(y, size.height, 80.0)) as u8));
    }
    let (width, height) = (size.width / 2, size.height / 2);
    for _ in 0..height {
        bytes.extend((0..width).map(|x| (40.0 + at(x, width, 160.0)) as u8));
    }
    for y in 0..height {
        bytes.extend((0..width).map(|_| (40.0 + at(y, height, 160.0)) as u8));
    }
    bytes
}

/// The picture turned clockwise and mirrored, sample by sample.
fn turned(bytes: &[u8], size: Size, turn: Turn, mirror: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    for plane in 0..3 {
        let half = if plane == 0 { 1 } else { 2 };
        let (w, h) = (size.width as usize / half, size.height as usize / half);
        let (samples, after) = rest.split_at(w * h);
        rest = after;
        let (tw, th) = if turn.swaps() { (h, w) } else { (w, h) };
        for y in 0..th {
            for x in 0..tw {
                let x = if mirror { tw - 1 - x } else { x };
                let (sx, sy) = match turn {
                    Turn::None => (x, y),
                    Turn::Quarter => (y, h - 1 - x),
                    Turn::Half => (w - 1 - x, h - 1 - y),
                    Turn::ThreeQuarters => (w - 1 - y, x),
                };
                out.push(samples[sy * w + sx]);
            }
        }
    }
    out
}

/// One picture made by ffmpeg in `format`.
fn made(size: Size, format: &str) -> Vec<u8> {
    let source = format!("-v error -f lavfi -i testsrc2=size={size}:rate=1,noise=alls=4 -frames:v 1");
    // Through one 4:2:2 original, so that all formats show the same picture.
    run("ffmpeg", &format!("{source} -vf format=yuv422p,{format} -"), &[])
}

#[test]
fn a_picture_that_fits_is_lent_without_a_copy() {
    let mut scaler = Scaler::new();
    let picture = i420(SMALL, moving(SMALL, 1));
    for framing in [Framing::CONTAIN, Framing::FILL] {
        let view = scaler.scale(&picture, SMALL, framing).unwrap();
        assert_eq!(view.y.as_ptr(), picture.bytes.as_ptr());
    }
    let view = scaler.compose(picture.view().unwrap(), SMALL, Framing::CONTAIN).unwrap();
    assert_eq!(view.y.as_ptr(), picture.bytes.as_ptr());
}

#[test]
fn scaled_slopes_stay_slopes() {
    let mut scaler = Scaler::new();
    let sizes = [(1280, 720), (640, 360), (1920, 1080), (320, 180), (426, 240), (960, 540), (854, 480)];
    for source in sizes.map(|(width, height)| Size::new(width, height)) {
        let picture = i420(source, slope(source));
        for target in sizes.map(|(width, height)| Size::new(width, height)) {
            let view = scaler.scale(&picture, target, Framing::FILL).unwrap();
            let quality = psnr(&packed(view), &slope(target));
            assert!(quality > 45.0, "{source} to {target}: {quality:.1} dB");
        }
    }
}

#[test]
fn every_turn_and_mirror_moves_each_sample_to_its_place() {
    let mut scaler = Scaler::new();
    let mut rng = fastrand::Rng::with_seed(8);
    for size in [Size::new(64, 36), Size::new(38, 70), Size::new(2, 2)] {
        let bytes: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(size.i420_len()).collect();
        let picture = i420(size, bytes);
        for turn in [Turn::None, Turn::Quarter, Turn::Half, Turn::ThreeQuarters] {
            for mirror in [false, true] {
                let target = if turn.swaps() { size.turned() } else { size };
                let view = scaler.scale(&picture, target, Framing { turn, mirror, ..Framing::FILL }).unwrap();
                assert!(packed(view) == turned(&picture.bytes, size, turn, mirror), "{size} {turn:?} {mirror}");
            }
        }
    }
}

#[test]
fn a_turned_picture_is_scaled_as_well() {
    let mut scaler = Scaler::new();
    let source = Size::new(1280, 720);
    let framing = Framing { turn: Turn::Quarter, mirror: true, ..Framing::FILL };
    let picture = i420(source, slope(source));
    let view = scaler.scale(&picture, Size::new(360, 640), framing).unwrap();
    let quality = psnr(&packed(view), &turned(&slope(SMALL), SMALL, Turn::Quarter, true));
    assert!(quality > 45.0, "{quality:.1} dB");
}

#[test]
fn bars_are_black_and_follow_the_shape() {
    let mut scaler = Scaler::new();
    let wide = i420(SMALL, vec![200; SMALL.i420_len()]);
    let tall = i420(Size::new(360, 640), vec![200; SMALL.i420_len()]);
    let target = Size::new(400, 400);
    for picture in [&wide, &tall, &wide] {
        let lying = picture.size == SMALL;
        let view = scaler.scale(picture, target, Framing::CONTAIN).unwrap();
        for y in (0..400).step_by(7) {
            for x in (0..400).step_by(7) {
                let across = if lying { y } else { x };
                let (luma, chroma) = (view.y[y * 400 + x], view.u[y / 2 * 200 + x / 2]);
                let expected = if (87..311).contains(&across) { (200, 200) } else { (16, 128) };
                assert!((luma, chroma) == expected || (84..90).contains(&across) || (308..316).contains(&across));
            }
        }
    }
}

#[test]
fn zoom_shows_the_middle() {
    let mut scaler = Scaler::new();
    let mut bytes = vec![50; SMALL.i420_len()];
    for y in 90..270 {
        bytes[y * 640 + 160..y * 640 + 480].fill(180);
    }
    let picture = i420(SMALL, bytes);
    let view = scaler.scale(&picture, SMALL, Framing { zoom: 2.0, ..Framing::FILL }).unwrap();
    let inner = view.y.chunks(640).skip(4).take(352).flat_map(|line| &line[4..636]);
    assert!(inner.copied().all(|sample| sample == 180));
    assert!(view.y.iter().all(|sample| *sample > 110));
}

#[test]
fn camera_formats_become_what_ffmpeg_makes_of_them() {
    let mut scaler = Scaler::new();
    let reference = made(SMALL, "format=yuv420p -f rawvideo");
    for (format, name, stride) in [(PixelFormat::Yuyv, "yuyv422", 1280), (PixelFormat::Nv12, "nv12", 640)] {
        let bytes = made(SMALL, &format!("format={name} -f rawvideo"));
        let view = raw(format, SMALL, stride, bytes.clone());
        let plain = packed(scaler.scale(&view, SMALL, Framing::FILL).unwrap());
        let (luma, chroma) = (SMALL.pixels(), psnr(&plain[SMALL.pixels()..], &reference[SMALL.pixels()..]));
        assert!(plain[..luma] == reference[..luma] && chroma > 34.0, "{name}: chroma {chroma:.1} dB");
        // The same picture in longer lines.
        let padded: Vec<u8> =
            bytes.chunks(stride).flat_map(|line| line.iter().copied().chain([9; 64]).collect::<Vec<_>>()).collect();
        let picture = raw(format, SMALL, stride + 64, padded);
        assert!(packed(scaler.scale(&picture, SMALL, Framing::FILL).unwrap()) == plain, "{name}");
        // And too few bytes.
        let picture = raw(format, SMALL, stride, bytes[..bytes.len() - 1].to_vec());
        assert!(matches!(scaler.scale(&picture, SMALL, Framing::FILL), Err(ImageError::TooShort { .. })));
    }
}

/// The image without its Huffman tables, as a USB camera sends it.
fn without_tables(jpeg: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (jpeg[..2].to_vec(), &jpeg[2..]);
    loop {
        let length = 2 + usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        match rest[1] {
            0xda => return [out, rest.to_vec()].concat(),
            0xc4 => {}
            _ => out.extend_from_slice(&rest[..length]),
        }
        rest = &rest[length..];
    }
}

#[test]
fn motion_jpeg_is_decoded_with_and_without_its_tables() {
    let mut scaler = Scaler::new();
    let reference = made(SMALL, "format=yuv420p -f rawvideo");
    for format in ["yuvj422p", "yuvj420p"] {
        let jpeg =
            made(SMALL, &format!("scale=out_range=full,format={format} -c:v mjpeg -q:v 2 -huffman default -f mjpeg"));
        let bare = without_tables(&jpeg);
        assert!(bare.len() < jpeg.len());
        let mut pictures = [jpeg.clone(), bare].map(|bytes| {
            let picture = raw(PixelFormat::Mjpeg, SMALL, 0, bytes);
            packed(scaler.scale(&picture, SMALL, Framing::FILL).unwrap())
        });
        assert!(pictures[0] == pictures[1]);
        let luma = psnr(&pictures[0][..SMALL.pixels()], &reference[..SMALL.pixels()]);
        let chroma = psnr(&pictures[0].split_off(SMALL.pixels()), &reference[SMALL.pixels()..]);
        assert!(luma > 36.0 && chroma > 30.0, "{format}: {luma:.1} and {chroma:.1} dB");
    }
}

#[test]
fn damaged_jpeg_is_refused_and_never_stops_the_decoder() {
    let mut scaler = Scaler::new();
    let jpeg = made(SMALL, "scale=out_range=full,format=yuvj422p -c:v mjpeg -q:v 8 -f mjpeg");
    let mut refused = |bytes: &[u8], size| {
        let picture = raw(PixelFormat::Mjpeg, size, 0, bytes.to_vec());
        scaler.scale(&picture, SMALL, Framing::FILL).is_err()
    };
    assert!(!refused(&jpeg, SMALL));
    assert!(!refused(&[&jpeg[..], &[0; 500]].concat(), SMALL), "padding behind the end is usual");
    for cut in [0, 1, 2, 3, 20, 100, 400, 700, jpeg.len() / 2, jpeg.len() - 2] {
        assert!(refused(&jpeg[..cut], SMALL), "cut at {cut}");
    }
    assert!(refused(&jpeg, Size::new(1280, 720)), "another size than was negotiated");
    let mut rng = fastrand::Rng::with_seed(12);
    for _ in 0..400 {
        let mut bytes = jpeg.clone();
        for _ in 0..rng.usize(1..6) {
            let end = if rng.bool() { 700.min(bytes.len()) } else { bytes.len() };
            bytes[rng.usize(0..end)] = rng.u8(..);
        }
        if rng.u8(0..4) == 0 {
            bytes.truncate(rng.usize(0..bytes.len()));
        }
        refused(&bytes, SMALL);
    }
}

#[test]
fn snapshots_show_the_picture() {
    // Pale enough that no colour leaves RGB's range.
    let mut bytes = slope(SMALL);
    bytes[SMALL.pixels()..].iter_mut().for_each(|sample| *sample = 96 + *sample / 4);
    let view = PictureView::new(SMALL, 640, &bytes).unwrap();
    for (image, codec) in [(to_png(view).unwrap(), "png"), (to_jpeg(view, 92).unwrap(), "mjpeg")] {
        let back = "-vf scale=in_color_matrix=bt601:out_color_matrix=bt601:out_range=tv,format=yuv420p -f rawvideo -";
        let pixels = run("ffmpeg", &format!("-v error -f image2pipe -c:v {codec} -i - {back}"), &image);
        let quality = psnr(&pixels, &bytes);
        assert!(quality > 36.0, "{codec}: {quality:.1} dB");
    }
}

#[test]
fn colours_come_out_in_the_order_an_image_wants() {
    // BT.601 limited range: red is (81, 90, 240), white is (235, 128, 128).
    let size = Size::new(4, 2);
    for (yuv, rgb) in [([81, 90, 240], [255, 0, 0]), ([235, 128, 128], [255; 3]), ([16, 128, 128], [0; 3])] {
        let bytes: Vec<u8> = [vec![yuv[0]; 8], vec![yuv[1]; 2], vec![yuv[2]; 2]].concat();
        let view = PictureView::new(size, 4, &bytes).unwrap();
        let near = |given: u8, wanted: u8| given.abs_diff(wanted) <= 2;
        let mut pixels = Vec::new();
        to_rgb(view, &mut pixels).unwrap();
        assert!(pixels.len() == 24 && (0..3).all(|channel| near(pixels[channel], rgb[channel])), "{pixels:?}");
    }
}
