//! Files of every kind, made by other programs, whole and damaged.

use super::*;
use crate::image::to_rgb;
use crate::media::testing::run;
use crate::testing::mutations;
use jpeg_encoder::{ColorType as JpegColour, Encoder as JpegEncoder};

/// Red left, blue right, 64x48, in a format that ffmpeg is told to make.
fn made(how: &str) -> Vec<u8> {
    let source = "color=red:s=32x48[a];color=blue:s=32x48[b];[a][b]hstack,format=rgba";
    run("ffmpeg", &format!("-v error -f lavfi -i {source} -frames:v 1 -f image2pipe {how} -"), &[])
}

fn jpeg(width: u16, height: u16, colour: JpegColour, change: impl FnOnce(&mut JpegEncoder<&mut Vec<u8>>)) -> Vec<u8> {
    let samples = match colour {
        JpegColour::Luma => 1,
        JpegColour::Cmyk => 4,
        _ => 3,
    };
    let pixels = usize::from(width) * usize::from(height) * samples;
    let mut out = Vec::new();
    let mut encoder = JpegEncoder::new(&mut out, 90);
    change(&mut encoder);
    encoder.encode(&vec![200; pixels], width, height, colour).unwrap();
    out
}

fn png(width: u32, height: u32, colour: ColorType, value: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(colour);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![value; width as usize * height as usize * colour.samples()]).unwrap();
    writer.finish().unwrap();
    out
}

fn refusal(bytes: &[u8]) -> String {
    Still::read(bytes).err().expect("it is refused").to_string()
}

/// The colours at the left and at the right.
fn ends(still: &Still) -> [[u8; 3]; 2] {
    let mut rgb = Vec::new();
    let view = still.view().unwrap();
    to_rgb(view, &mut rgb).unwrap();
    let middle = view.size.height as usize / 2 * view.size.width as usize;
    [4, view.size.width as usize - 4].map(|x| rgb.as_chunks::<3>().0[middle + x])
}

fn near(one: [u8; 3], other: [u8; 3]) -> bool {
    one.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 8)
}

#[test]
fn pngs_and_jpegs_of_every_ordinary_kind_are_read() {
    let (red, blue) = ([255, 0, 0], [0, 0, 255]);
    for how in [
        "-c:v png",
        "-c:v png -pix_fmt rgb24 -flags +ildct",
        "-c:v png -pix_fmt rgb48be",
        "-c:v png -pix_fmt rgba64be",
        "-c:v png -pix_fmt rgba -flags +ildct",
        "-c:v mjpeg -pix_fmt yuvj420p -qscale 2",
        "-c:v mjpeg -pix_fmt yuvj444p -qscale 2",
        "-c:v mjpeg -pix_fmt yuvj422p -qscale 2",
    ] {
        let still = Still::read(&made(how)).unwrap_or_else(|error| panic!("{how}: {error}"));
        assert_eq!(still.size, Size::new(64, 48), "{how}");
        let [left, right] = ends(&still);
        assert!(near(left, red) && near(right, blue), "{how}: {left:?} {right:?}");
    }
    for how in
        ["-c:v png -pix_fmt gray", "-c:v png -pix_fmt ya8", "-c:v png -pix_fmt monob", "-c:v png -pix_fmt gray16be"]
    {
        let [left, _] = ends(&Still::read(&made(how)).unwrap_or_else(|error| panic!("{how}: {error}")));
        assert!(left.iter().all(|value| *value == left[0]), "{how}: {left:?}");
    }
    let progressive = jpeg(64, 48, JpegColour::Rgb, |encoder| encoder.set_progressive(true));
    let grey = jpeg(64, 48, JpegColour::Luma, |_| {});
    for bytes in [progressive, grey] {
        assert!(near(ends(&Still::read(&bytes).unwrap())[0], [200; 3]));
    }
}

#[test]
fn what_is_transparent_shows_the_colour_of_the_card() {
    let still = Still::read(&png(64, 48, ColorType::Rgba, 0)).unwrap();
    assert!(near(ends(&still)[0], BACKDROP_RGB));
    assert!(near(ends(&Still::read(&png(64, 48, ColorType::GrayscaleAlpha, 255)).unwrap())[0], [255; 3]));
    let half = Still::read(&png(64, 48, ColorType::Rgba, 128)).unwrap();
    let wanted = BACKDROP_RGB.map(|below| ((128 + u16::from(below)) / 2) as u8);
    assert!(near(ends(&half)[0], wanted), "{:?} {wanted:?}", ends(&half)[0]);
}

#[test]
fn a_large_picture_is_kept_smaller_and_an_odd_one_even() {
    for ((width, height), (kept_width, kept_height)) in
        [((4096, 64), (2048, 32)), ((4095, 33), (2046, 16)), ((2048, 17), (2048, 16)), ((33, 2049), (16, 1024))]
    {
        for bytes in
            [png(width, height, ColorType::Rgb, 90), jpeg(width as u16, height as u16, JpegColour::Rgb, |_| {})]
        {
            let still = Still::read(&bytes).unwrap();
            assert_eq!(still.size, Size::new(width, height));
            assert_eq!(still.view().unwrap().size, Size::new(kept_width, kept_height));
        }
    }
}

#[test]
fn what_can_not_be_used_is_refused_with_its_reason_and_what_is_allowed() {
    let whole = made("-c:v png");
    let photo = made("-c:v mjpeg -pix_fmt yuvj420p");
    // Only the head says that it is so large: nothing is decoded.
    let mut bomb = whole.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0x13, 0x88, 0, 0, 0x13, 0x88]);
    let crc = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    let cmyk = jpeg(64, 48, JpegColour::Cmyk, |_| {});
    let tall = jpeg(16, 5000, JpegColour::Luma, |_| {});
    let heavy = jpeg(2100, 2048, JpegColour::Luma, |encoder| encoder.set_progressive(true));
    let table: [(&[u8], &str); 13] = [
        (b"", "but empty"),
        (b"GIF89a...", "neither PNG nor JPEG but a GIF"),
        (b"\n<!DOCTYPE html>", "a page"),
        (b"RIFF1234WEBP", "WebP"),
        (b"hello", "something else"),
        (&bomb, "5000x5000, allowed are 4096x4096"),
        (&tall, "16x5000, allowed are 4096x4096"),
        (&heavy, "a progressive JPEG of 2100x2048, allowed are 4 megapixels"),
        (&png(8, 8, ColorType::Rgb, 1), "8x8, at least 16x16"),
        (&whole[..whole.len() / 2], "damaged"),
        (&photo[..photo.len() / 2], "cut short"),
        (&cmyk, "CMYK"),
        (&[&whole[..], &vec![0; MOST_BYTES]].concat(), "allowed are 8388608"),
    ];
    for (bytes, words) in table {
        let said = refusal(bytes);
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn damaged_files_are_read_or_refused_and_never_more() {
    let golden = [
        made("-c:v png"),
        made("-c:v png -pix_fmt rgb24 -flags +ildct"),
        png(64, 48, ColorType::Grayscale, 3),
        made("-c:v mjpeg -pix_fmt yuvj420p"),
        jpeg(64, 48, JpegColour::Rgb, |encoder| encoder.set_progressive(true)),
    ];
    let golden: Vec<&[u8]> = golden.iter().map(Vec::as_slice).collect();
    let mut read = 0;
    for bytes in mutations(&golden, 0x5717, 3000) {
        if let Ok(still) = Still::read(&bytes) {
            let kept = still.view().unwrap().size;
            assert!(kept.is_even() && kept.width.max(kept.height) <= KEPT);
            read += 1;
        }
    }
    assert!(read > 0, "some damage is harmless");
}

/// The check sum of a PNG's chunk (ISO/IEC 15948, Annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
