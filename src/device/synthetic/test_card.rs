//! The camera that needs no camera: colour bars, a ball, a clock, and the time code of [`super::mark`].

use super::mark::{self, TimeMark};
use super::pace::Pace;
use crate::device::{Camera, CameraMode, DeviceError, Fault, Wake, clock};
use crate::font::{Letters, Sheet};
use crate::media::{Pool, RawPicture, Size, Span, Time};

/// Pictures in flight: one here, one in a lane, one with the encoder, one to spare.
const SPARE_PICTURES: usize = 4;
/// Smallest and largest side.
const SIDES: std::ops::RangeInclusive<u32> = 64..=4096;

/// A colour as Y, Cb, Cr (BT.601, limited range).
type Colour = [u8; 3];

/// The eight bars at 75 %: white, yellow, cyan, green, magenta, red, blue, black.
const BARS: [Colour; 8] = [
    [180, 128, 128],
    [162, 44, 142],
    [131, 156, 44],
    [112, 72, 58],
    [84, 184, 198],
    [65, 100, 212],
    [35, 212, 114],
    [16, 128, 128],
];
const PANEL: Colour = [36, 134, 122];
/// Luma of what is written.
const INK: u8 = 210;
/// The ball of each variant.
const BALLS: [Colour; 4] = [[150, 54, 172], [120, 178, 80], [140, 90, 70], [130, 150, 190]];

/// A moving test card at an honest pace.
///
/// What stands still is drawn once; a picture is a copy of that plus ball, clock and code.
pub struct TestCard {
    canvas: Canvas,
    /// Width and height that no wish changes.
    fixed: (Option<u32>, Option<u32>),
    still: Vec<u8>,
    /// Of the clock.
    digits: Letters,
    variant: u32,
    fps: u32,
    pace: Pace,
    pool: Pool,
    number: u16,
    began: Time,
    lost: u64,
}

impl TestCard {
    /// A card of `size` (made even) at `fps`; `variant` chooses its colours.
    pub fn open(variant: u32, size: Size, fps: u32) -> Result<Self, DeviceError> {
        let size = Size::new(size.width & !1, size.height & !1);
        if !SIDES.contains(&size.width) || !SIDES.contains(&size.height) || !(1..=120).contains(&fps) {
            let words = format_args!("can not draw {size} at {fps}: 64x64 to 4096x4096, 1 to 120 a second");
            return Err(DeviceError::new(Fault::Unsupported, "test-card", words));
        }
        let canvas = Canvas { size };
        let pace = Pace::new(Span::micros(1_000_000 / i64::from(fps)), Span::micros(1_000_000 / i64::from(fps)));
        let (still, pool) = (still(canvas, variant), Pool::new(SPARE_PICTURES));
        let digits = Letters::new(8 * (size.height / 80).min(size.width / 100).max(1));
        Ok(Self {
            canvas,
            fixed: (None, None),
            still,
            digits,
            variant,
            fps,
            pace,
            pool,
            number: 0,
            began: clock::now(),
            lost: 0,
        })
    }

    /// The same, `width` and `height` of which (where given) no wish changes: opened anew it would have them, too.
    pub fn fixed(self, width: Option<u32>, height: Option<u32>) -> Self {
        Self { fixed: (width, height), ..self }
    }

    /// Draws picture `number`, captured at `captured`, into `bytes`, which are as long as the still card.
    pub(super) fn draw(&mut self, bytes: &mut [u8], captured: Time, number: u16) {
        bytes.copy_from_slice(&self.still);
        let size = self.canvas.size;
        let running = captured - self.began;
        self.canvas.ball(bytes, running, BALLS[self.variant as usize % BALLS.len()]);
        let tenths = running.as_millis().max(0) / 100;
        let (hours, minutes) = (tenths / 36_000 % 100, tenths / 600 % 60);
        let words = format!("{hours:02}:{minutes:02}:{:02}.{}", tenths / 10 % 60, tenths % 10);
        self.canvas.text(bytes, &mut self.digits, &words, size.height * 88 / 100);
        mark::write(bytes, size.width as usize, size, TimeMark { captured, number });
    }
}

#[cfg(test)]
impl TestCard {
    /// When its clock began.
    pub(super) fn began(&self) -> Time {
        self.began
    }
}

impl Camera for TestCard {
    fn mode(&self) -> CameraMode {
        let words = format!("test card {} at {}", self.canvas.size, self.fps);
        CameraMode { size: self.canvas.size, fps: f64::from(self.fps), words }
    }

    fn next(&mut self, wake: &Wake) -> Result<Option<RawPicture>, DeviceError> {
        let Some(beat) = self.pace.wait(wake) else { return Ok(None) };
        self.lost += beat.missed;
        self.number = self.number.wrapping_add(1).wrapping_add(beat.missed as u16);
        let captured = clock::now();
        let mut bytes = self.pool.take(self.still.len());
        self.draw(&mut bytes, captured, self.number);
        Ok(RawPicture::i420(self.canvas.size, bytes, captured))
    }

    fn take_losses(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    fn would_differ(&self, wanted: Size, fps: u32) -> bool {
        let (width, height) = (self.fixed.0.unwrap_or(wanted.width), self.fixed.1.unwrap_or(wanted.height));
        self.canvas.size != Size::new(width & !1, height & !1) || self.fps < fps
    }
}

/// What never moves: the bars, the panel with its fading edge and the title.
fn still(canvas: Canvas, variant: u32) -> Vec<u8> {
    let size = canvas.size;
    let (width, height) = (size.width as usize, size.height as usize);
    let mut bytes = vec![128; size.i420_len()];
    canvas.fill(&mut bytes, 0..width, 0..height, PANEL);
    let bars = height * 56 / 100;
    for (number, bar) in BARS.iter().enumerate() {
        let place = (number + 3 * (variant.max(1) as usize - 1)) % BARS.len();
        canvas.fill(&mut bytes, width * place / 8..width * (place + 1) / 8, 0..bars, *bar);
    }
    for step in 0..16 {
        let shade = [16 + 14 * step as u8, 128, 128];
        canvas.fill(&mut bytes, width * step / 16..width * (step + 1) / 16, bars..height * 60 / 100, shade);
    }
    let mut letters = Letters::new(8 * (size.height / 180).min(size.width / 200).max(1));
    canvas.text(&mut bytes, &mut letters, &format!("visavis {size} card {variant}"), size.height * 615 / 1000);
    bytes
}

/// Draws into the bytes of a tightly packed I420 picture of even size.
#[derive(Clone, Copy)]
struct Canvas {
    size: Size,
}

impl Canvas {
    /// Colours a rectangle; its edges fall on even pixels and inside the picture.
    fn fill(self, bytes: &mut [u8], columns: std::ops::Range<usize>, lines: std::ops::Range<usize>, colour: Colour) {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let (left, right) = (columns.start.min(width) & !1, columns.end.min(width) & !1);
        let (top, bottom) = (lines.start.min(height) & !1, lines.end.min(height) & !1);
        if left >= right || top >= bottom {
            return;
        }
        let (luma, chroma) = bytes.split_at_mut(width * height);
        for line in top..bottom {
            luma[line * width + left..line * width + right].fill(colour[0]);
        }
        let (u, v) = chroma.split_at_mut(width / 2 * (height / 2));
        for line in top / 2..bottom / 2 {
            let row = line * (width / 2) + left / 2..line * (width / 2) + right / 2;
            u[row.clone()].fill(colour[1]);
            v[row].fill(colour[2]);
        }
    }

    /// A ball on its way across the bars, two seconds a crossing.
    fn ball(self, bytes: &mut [u8], running: Span, colour: Colour) {
        let (width, height) = (f64::from(self.size.width), f64::from(self.size.height));
        let radius = (height.min(width) * 0.11).max(2.0);
        let swing = |seconds: f64| 0.5 - 0.5 * (std::f64::consts::TAU * running.as_secs_f64() / seconds).cos();
        let x = radius + (width - 2.0 * radius) * swing(4.0);
        let y = radius + (height * 0.56 - 2.0 * radius) * swing(2.6);
        let mut line = (y - radius).max(0.0) as usize & !1;
        while (line as f64) < y + radius {
            let up = (line as f64 + 1.0 - y) / radius;
            let half = radius * (1.0 - up * up).max(0.0).sqrt();
            let shade = [(f64::from(colour[0]) - 40.0 * up) as u8, colour[1], colour[2]];
            self.fill(bytes, (x - half).max(0.0) as usize..(x + half).max(0.0) as usize, line..line + 2, shade);
            line += 2;
        }
    }

    /// Writes one line in the middle, its letters reaching down from line `top`.
    fn text(self, bytes: &mut [u8], letters: &mut Letters, words: &str, top: u32) {
        let x = (self.size.width as f32 - letters.width(words)) / 2.0;
        let stands = top as f32 + letters.ascent();
        let mut luma = Sheet { samples: bytes, stride: self.size.width as usize, size: self.size };
        letters.write(words, (x, stands as i32), &mut luma, INK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(card: &mut TestCard) -> RawPicture {
        card.next(&Wake::new().unwrap()).unwrap().unwrap()
    }

    #[test]
    fn pictures_carry_their_capture_time_and_are_numbered() {
        let mut card = TestCard::open(1, Size::new(320, 180), 100).unwrap();
        let first = next(&mut card);
        card.take_losses();
        let second = next(&mut card);
        let read = |picture: &RawPicture| mark::read(&picture.view().unwrap()).unwrap();
        assert_eq!(read(&first).captured, first.captured);
        assert_eq!(read(&second).captured, second.captured);
        let numbers = u64::from(read(&second).number - read(&first).number);
        assert_eq!(numbers, 1 + card.take_losses());
    }

    #[test]
    fn variants_differ_and_pictures_move() {
        let size = Size::new(320, 180);
        let (mut one, two) = (TestCard::open(1, size, 30).unwrap(), TestCard::open(2, size, 30).unwrap());
        assert_ne!(one.still, two.still);
        let (mut early, mut late) = (one.still.clone(), one.still.clone());
        one.draw(&mut early, one.began, 0);
        one.draw(&mut late, one.began + Span::millis(500), 0);
        assert_ne!(early, late);
    }

    #[test]
    fn every_size_is_drawn_and_impossible_ones_are_refused() {
        for (width, height) in [(64, 64), (65, 99), (64, 4096), (4096, 64), (360, 640), (1280, 720)] {
            let mut card = TestCard::open(3, Size::new(width, height), 120).unwrap();
            assert_eq!(next(&mut card).size, Size::new(width & !1, height & !1));
        }
        for (size, fps) in [(Size::new(0, 0), 30), (Size::new(62, 64), 30), (Size::new(640, 360), 0)] {
            assert_eq!(TestCard::open(1, size, fps).err().unwrap().fault, Fault::Unsupported);
        }
    }
}
