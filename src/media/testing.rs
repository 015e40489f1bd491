//! What tests of pictures and codecs share: moving pictures, PSNR, and ffmpeg as an independent judge.

use super::{PictureView, Size};
use std::io::Write;
use std::process::{Command, Stdio};

/// Picture `index` of a moving gradient with fine noise, I420, tightly packed.
pub fn moving(size: Size, index: usize) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(index as u64);
    let mut bytes = vec![0; size.i420_len()];
    let (width, height) = (size.width as usize, size.height as usize);
    let (luma, chroma) = bytes.split_at_mut(width * height);
    for (row, line) in luma.chunks_exact_mut(width).enumerate() {
        for (column, pixel) in line.iter_mut().enumerate() {
            let (x, y) = ((column + 3 * index) as f32, (row + index) as f32);
            let wave = (x / 37.0).sin() * 50.0 + (y / 23.0).cos() * 40.0;
            *pixel = (126.0 + wave + rng.f32() * 6.0) as u8;
        }
    }
    for (place, value) in chroma.iter_mut().enumerate() {
        *value = (100 + (place / (width / 2) + index) % 64) as u8;
    }
    bytes
}

/// The tightly packed bytes of a view.
pub fn packed(view: PictureView<'_>) -> Vec<u8> {
    let (width, height) = (view.size.width as usize, view.size.height as usize);
    let mut bytes = Vec::with_capacity(view.size.i420_len());
    bytes.extend(view.y.chunks(view.y_stride).take(height).flat_map(|line| &line[..width]));
    for plane in [view.u, view.v] {
        bytes.extend(plane.chunks(view.uv_stride).take(height.div_ceil(2)).flat_map(|line| &line[..width.div_ceil(2)]));
    }
    bytes
}

/// Peak signal to noise ratio of two equally long planes, dB (99 for equal ones).
pub fn psnr(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let squares: f64 = one.iter().zip(other).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    if squares == 0.0 { 99.0 } else { 10.0 * (255.0 * 255.0 * one.len() as f64 / squares).log10() }
}

/// Runs a program of the ffmpeg family on `input` and returns what it prints.
pub fn run(program: &str, arguments: &str, input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("ffmpeg is installed by board/run-tests");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{program} {arguments}");
    output.stdout
}
