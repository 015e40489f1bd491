//! The time code in a picture: 96 black or white cells that tell when it was captured and which one it was.
//!
//! Four lines of 24 cells: 56 bits of CLOCK_MONOTONIC in microseconds, 16 bits of picture number, 24 bits of
//! checksum, most significant first. The block's place is a fraction of the picture (at 640x360 a cell is one
//! macroblock, which costs an encoder least), so that scaling moves it along; it lies so far inside that a
//! centre crop between 4:3 and 16:9 leaves it whole.

use crate::media::{PictureView, Size, Time};

/// Cells a line, and lines.
const COLUMNS: usize = 24;
const LINES: usize = 4;
/// The block in fractions of the picture: cells are 1/40 of the width and 2/45 of the height.
const LEFT: (f64, f64) = (8.0, 40.0);
const TOP: (f64, f64) = (15.0, 22.5);
/// Luma of the cells: inside the nominal range, so that no conversion clips them.
const BLACK: u8 = 24;
const WHITE: u8 = 224;
/// Darkest and brightest cell are at least this far apart, or there is no code.
const CONTRAST: u32 = 40;
/// Shapes a source may have had before it was fitted into, or cropped to, the picture that is read.
const ASPECTS: [f64; 5] = [16.0 / 9.0, 4.0 / 3.0, 1.0, 3.0 / 4.0, 9.0 / 16.0];

/// What a picture's code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeMark {
    pub captured: Time,
    /// Counts pictures, modulo 65536.
    pub number: u16,
}

/// Where the whole source picture lies in the picture that is read, in pixels; may reach over its edges.
#[derive(Clone, Copy)]
struct Area {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// Draws `mark` into the luma plane of a picture of `size` with `stride` bytes a line.
/// A plane too short for that, or cells smaller than a pixel, leave the picture as it is.
pub fn write(luma: &mut [u8], stride: usize, size: Size, mark: TimeMark) {
    let (width, height) = (size.width as usize, size.height as usize);
    if stride < width || luma.len() < stride.saturating_mul(height) || width < 40 || height < 23 {
        return;
    }
    let column = |number: usize| width * (8 + number) / 40;
    let line = |number: usize| height * (30 + 2 * number) / 45;
    let bits = bits_of(mark);
    for row in 0..LINES {
        for y in line(row)..line(row + 1) {
            for cell in 0..COLUMNS {
                let bit = bits >> (COLUMNS * LINES - 1 - row * COLUMNS - cell) & 1;
                let value = if bit == 1 { WHITE } else { BLACK };
                luma[y * stride + column(cell)..y * stride + column(cell + 1)].fill(value);
            }
        }
    }
}

/// Reads the code of a picture that was scaled, fitted between bars or cropped about its centre since it was
/// written; `None` when there is none or it does not survive its checksum.
pub fn read(picture: &PictureView<'_>) -> Option<TimeMark> {
    let (width, height) = (f64::from(picture.size.width), f64::from(picture.size.height));
    let whole = Area { left: 0.0, top: 0.0, width, height };
    read_area(picture, whole).or_else(|| {
        ASPECTS.iter().find_map(|aspect| {
            let (narrow, wide) = ((height * aspect).min(width), (height * aspect).max(width));
            // Fitted between bars, then cropped.
            [narrow, wide].into_iter().find_map(|wide| {
                let high = wide / aspect;
                let area = Area { left: (width - wide) / 2.0, top: (height - high) / 2.0, width: wide, height: high };
                ((wide - width).abs() > 1.0 || (high - height).abs() > 1.0).then(|| read_area(picture, area))?
            })
        })
    })
}

fn read_area(picture: &PictureView<'_>, area: Area) -> Option<TimeMark> {
    let mut cells = [0_u32; COLUMNS * LINES];
    for (number, cell) in cells.iter_mut().enumerate() {
        let (column, line) = ((number % COLUMNS) as f64, (number / COLUMNS) as f64);
        let x = |part: f64| area.left + (LEFT.0 + column + part) * area.width / LEFT.1;
        let y = |part: f64| area.top + (TOP.0 + line + part) * area.height / TOP.1;
        // The middle of a cell is what blur and block edges leave alone.
        *cell = mean(picture, (x(0.25), x(0.75)), (y(0.25), y(0.75)))?;
    }
    let (dark, bright) = (*cells.iter().min()?, *cells.iter().max()?);
    if bright - dark < CONTRAST {
        return None;
    }
    let threshold = (dark + bright) / 2;
    let bits = cells.iter().fold(0_u128, |bits, &cell| bits << 1 | u128::from(cell > threshold));
    mark_of(bits)
}

/// Mean luma between two columns and two lines, at least one pixel; `None` outside of the picture.
fn mean(picture: &PictureView<'_>, columns: (f64, f64), lines: (f64, f64)) -> Option<u32> {
    let span = |(from, to): (f64, f64), most: u32| {
        let from = from.round();
        let to = to.round().max(from + 1.0);
        (from >= 0.0 && to <= f64::from(most)).then_some(from as usize..to as usize)
    };
    let (columns, lines) = (span(columns, picture.size.width)?, span(lines, picture.size.height)?);
    let count = (columns.len() * lines.len()) as u32;
    let mut sum = 0;
    for line in lines {
        let start = line * picture.y_stride;
        sum += picture.y.get(start + columns.start..start + columns.end)?.iter().map(|&y| u32::from(y)).sum::<u32>();
    }
    Some(sum / count)
}

fn bits_of(mark: TimeMark) -> u128 {
    let time = mark.captured.as_micros() as u128 & ((1 << 56) - 1);
    let body = time << 16 | u128::from(mark.number);
    body << 24 | u128::from(checksum(body))
}

fn mark_of(bits: u128) -> Option<TimeMark> {
    let body = bits >> 24;
    let mark = TimeMark { captured: Time::from_micros((body >> 16) as i64), number: body as u16 };
    (checksum(body) == bits as u32 & 0xFF_FFFF).then_some(mark)
}

/// CRC-24 of the 72 bits of `body` (polynomial and start value of RFC 4880, 6.1).
fn checksum(body: u128) -> u32 {
    (0..72).rev().fold(0xB7_04CE, |crc: u32, bit| {
        let out = ((crc >> 23) ^ (body >> bit) as u32) & 1;
        ((crc << 1) ^ (out * 0x86_4CFB)) & 0xFF_FFFF
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: TimeMark = TimeMark { captured: Time::from_micros(0x12_3456_789A_BCDE), number: 54_321 };

    fn plane(size: Size, mark: TimeMark) -> Vec<u8> {
        let mut bytes = vec![90; size.i420_len()];
        write(&mut bytes, size.width as usize, size, mark);
        bytes
    }

    fn read_plane(size: Size, bytes: &[u8]) -> Option<TimeMark> {
        read(&PictureView::new(size, size.width as usize, bytes).unwrap())
    }

    /// The luma at a place of `from`, bilinear; what lies outside is black.
    fn sample(from: Size, bytes: &[u8], x: f64, y: f64) -> f64 {
        let at = |x: i64, y: i64| {
            let inside = x >= 0 && y >= 0 && x < i64::from(from.width) && y < i64::from(from.height);
            if inside { f64::from(bytes[y as usize * from.width as usize + x as usize]) } else { 16.0 }
        };
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy, l, t) = (x - left, y - top, left as i64, top as i64);
        (at(l, t) * (1.0 - fx) + at(l + 1, t) * fx) * (1.0 - fy)
            + (at(l, t + 1) * (1.0 - fx) + at(l + 1, t + 1) * fx) * fy
    }

    /// `from` drawn with `scale` about the centre of a picture of size `to`.
    fn resize(from: Size, bytes: &[u8], to: Size, scale: f64) -> Vec<u8> {
        let mut out = vec![128; to.i420_len()];
        let middle = |of: u32| f64::from(of) / 2.0;
        for y in 0..to.height {
            for x in 0..to.width {
                let from_x = (f64::from(x) + 0.5 - middle(to.width)) / scale + middle(from.width) - 0.5;
                let from_y = (f64::from(y) + 0.5 - middle(to.height)) / scale + middle(from.height) - 0.5;
                out[(y * to.width + x) as usize] = sample(from, bytes, from_x, from_y) as u8;
            }
        }
        out
    }

    #[test]
    fn what_is_written_is_read_at_every_size() {
        for (width, height) in [(160, 90), (256, 144), (426, 240), (640, 360), (640, 480), (360, 640), (1280, 720)] {
            let size = Size::new(width, height);
            assert_eq!(read_plane(size, &plane(size, MARK)), Some(MARK), "{size}");
        }
    }

    #[test]
    fn a_scaled_picture_is_read() {
        let from = Size::new(640, 360);
        for (width, height) in [(1280, 720), (960, 540), (480, 270), (320, 180)] {
            let scaled = resize(from, &plane(from, MARK), Size::new(width, height), f64::from(width) / 640.0);
            assert_eq!(read_plane(Size::new(width, height), &scaled), Some(MARK), "{width}x{height}");
        }
    }

    #[test]
    fn a_picture_between_bars_or_cropped_about_its_centre_is_read() {
        let wide = Size::new(640, 360);
        let narrow = Size::new(640, 480);
        for (from, to, scale) in [
            (wide, Size::new(640, 480), 1.0),
            (wide, Size::new(480, 360), 1.0),
            (wide, Size::new(1024, 768), 768.0 / 360.0),
            (narrow, Size::new(1280, 720), 1.5),
            (narrow, Size::new(1280, 720), 2.0),
        ] {
            let shown = resize(from, &plane(from, MARK), to, scale);
            assert_eq!(read_plane(to, &shown), Some(MARK), "{from} times {scale} on {to}");
        }
    }

    #[test]
    fn blur_noise_and_faded_contrast_are_survived() {
        let size = Size::new(640, 360);
        let clean = plane(size, MARK);
        let mut random = fastrand::Rng::with_seed(3);
        for round in 0..20 {
            let small = resize(size, &clean, Size::new(128, 72), 0.2);
            let blurred = resize(Size::new(128, 72), &small, size, 5.0);
            let spoiled: Vec<u8> = blurred
                .iter()
                .map(|&y| (f64::from(y) * 0.5 + 80.0 + random.f64() * 50.0 - 25.0).clamp(0.0, 255.0) as u8)
                .collect();
            assert_eq!(read_plane(size, &spoiled), Some(MARK), "round {round}");
        }
    }

    #[test]
    fn a_damaged_code_or_none_at_all_is_not_read() {
        let size = Size::new(640, 360);
        let clean = plane(size, MARK);
        assert_eq!(read_plane(size, &vec![90; size.i420_len()]), None);
        let mut random = fastrand::Rng::with_seed(8);
        for _ in 0..200 {
            let mut bytes = clean.clone();
            let (cell, line) = (random.usize(..COLUMNS), random.usize(..LINES));
            for y in 240 + line * 16..256 + line * 16 {
                for value in &mut bytes[y * 640 + 128 + cell * 16..][..16] {
                    *value = 248 - *value;
                }
            }
            assert_eq!(read_plane(size, &bytes), None);
        }
        for _ in 0..2000 {
            let noise: Vec<u8> = (0..Size::new(80, 45).i420_len()).map(|_| random.u8(..)).collect();
            assert_eq!(read_plane(Size::new(80, 45), &noise), None);
        }
    }

    #[test]
    fn a_picture_too_small_for_cells_is_left_alone() {
        let size = Size::new(32, 18);
        assert_eq!(plane(size, MARK), vec![90; size.i420_len()]);
        write(&mut [0; 10], 640, Size::new(640, 360), MARK);
    }
}
