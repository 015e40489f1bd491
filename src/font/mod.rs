//! Letters: one embedded font, rasterised once for each size, and set into lines.
//!
//! The font is the part of Noto Sans CJK SC that the program's own texts need (`assets/font`). Its digits are all
//! equally wide, so that figures keep their columns. Who writes keeps his [`Letters`]: after a letter was drawn once,
//! drawing it again allocates nothing.

mod wrap;

pub use wrap::wrap;

use crate::media::Size;
use ab_glyph::{Font as _, FontRef, GlyphId, PxScale, ScaleFont as _, point};
use std::collections::HashMap;
use std::sync::OnceLock;

static FILE: &[u8] = include_bytes!("../../assets/font/visavis-sans.otf");
/// What is drawn for a character the font lacks.
const UNKNOWN: char = '□';
/// Places between two pixels at which a letter is rasterised.
const STEPS: f32 = 4.0;

/// The font; `None` would be a damaged program.
fn font() -> Option<&'static FontRef<'static>> {
    static FONT: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
    FONT.get_or_init(|| FontRef::try_from_slice(FILE).ok()).as_ref()
}

/// Whether the font has this character.
pub fn has(character: char) -> bool {
    font().is_some_and(|font| font.glyph_id(character) != GlyphId(0))
}

/// A plane of 8-bit samples to write on, `stride` bytes from line to line.
#[derive(Debug)]
pub struct Sheet<'a> {
    pub samples: &'a mut [u8],
    pub stride: usize,
    pub size: Size,
}

impl Sheet<'_> {
    /// Brings the sample at (`x`, `y`) as far to `value` as `coverage` of 255 says; outside nothing happens.
    fn blend(&mut self, (x, y): (i32, i32), value: u8, coverage: u8) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        if x >= self.size.width || y >= self.size.height {
            return;
        }
        if let Some(sample) = self.samples.get_mut(y as usize * self.stride + x as usize) {
            let (old, new, part) = (i32::from(*sample), i32::from(value), i32::from(coverage));
            *sample = (old + ((new - old) * part + (new - old).signum() * 127) / 255) as u8;
        }
    }
}

/// The letters of one size.
#[derive(Debug)]
pub struct Letters {
    px: u32,
    /// By character and place between two pixels.
    drawn: HashMap<(char, u8), Drawn>,
    /// The coverage of all that were drawn.
    coverage: Vec<u8>,
}

/// A rasterised letter: where its coverage begins, and where it lies relative to the pen.
#[derive(Clone, Copy, Debug, Default)]
struct Drawn {
    start: usize,
    width: usize,
    height: usize,
    left: i32,
    top: i32,
}

impl Letters {
    /// Letters of `px` pixels an em, the height of a Chinese character.
    pub fn new(px: u32) -> Self {
        Self { px, drawn: HashMap::new(), coverage: Vec::new() }
    }

    /// Pixels of an em.
    pub fn px(&self) -> u32 {
        self.px
    }

    /// How far the tallest letters reach above the line they stand on: a Latin capital with its accent, a Chinese character.
    pub fn ascent(&self) -> f32 {
        self.px as f32 * 0.92
    }

    /// The scale in the units of the rasteriser, which counts from the highest to the lowest point of the font.
    fn scale(&self, font: &FontRef<'_>) -> PxScale {
        PxScale::from(self.px as f32 * font.height_unscaled() / font.units_per_em().unwrap_or(1000.0))
    }

    /// The pixels that `text` takes on one line.
    pub fn width(&self, text: &str) -> f32 {
        let Some(font) = font() else { return 0.0 };
        let scaled = font.as_scaled(self.scale(font));
        text.chars().map(|letter| scaled.h_advance(font.glyph_id(known(letter)))).sum()
    }

    /// Writes `text` on one line that begins at `x` and stands on `line`, in samples of `value`.
    pub fn write(&mut self, text: &str, (x, line): (f32, i32), sheet: &mut Sheet<'_>, value: u8) {
        let Some(font) = font() else { return };
        let scale = self.scale(font);
        let mut pen = x;
        for letter in text.chars().map(known) {
            let steps = (pen * STEPS).round();
            let (whole, part) = ((steps / STEPS).floor(), steps.rem_euclid(STEPS) as u8);
            let drawn = match self.drawn.get(&(letter, part)) {
                Some(drawn) => *drawn,
                None => self.draw(font, scale, letter, part),
            };
            let (left, top) = ((whole as i32).saturating_add(drawn.left), line.saturating_add(drawn.top));
            let coverage = self.coverage.get(drawn.start..).unwrap_or_default();
            for (row, samples) in coverage.chunks_exact(drawn.width.max(1)).take(drawn.height).enumerate() {
                for (column, covered) in samples.iter().enumerate().filter(|(_, covered)| **covered > 0) {
                    let place = (left.saturating_add(column as i32), top.saturating_add(row as i32));
                    sheet.blend(place, value, *covered);
                }
            }
            pen += font.as_scaled(scale).h_advance(font.glyph_id(letter));
        }
    }

    /// Rasterises a letter that begins `part` steps right of a pixel's edge.
    fn draw(&mut self, font: &FontRef<'_>, scale: PxScale, letter: char, part: u8) -> Drawn {
        let glyph = font.glyph_id(letter).with_scale_and_position(scale, point(f32::from(part) / STEPS, 0.0));
        let mut drawn = Drawn { start: self.coverage.len(), ..Drawn::default() };
        if let Some(outline) = font.outline_glyph(glyph) {
            let bounds = outline.px_bounds();
            (drawn.left, drawn.top) = (bounds.min.x as i32, bounds.min.y as i32);
            (drawn.width, drawn.height) = (bounds.width() as usize, bounds.height() as usize);
            self.coverage.resize(drawn.start + drawn.width * drawn.height, 0);
            let samples = self.coverage.get_mut(drawn.start..).unwrap_or_default();
            outline.draw(|x, y, covered| {
                if let Some(sample) = samples.get_mut(y as usize * drawn.width + x as usize) {
                    *sample = (covered * 255.0).round() as u8;
                }
            });
        }
        self.drawn.insert((letter, part), drawn);
        drawn
    }
}

/// The character that is drawn for `letter`.
fn known(letter: char) -> char {
    if has(letter) { letter } else { UNKNOWN }
}

#[cfg(test)]
mod tests;
