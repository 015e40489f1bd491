//! The card: what is seen, here or on the other side, while there is no picture.

use super::{ImageError, MAX_SIDE};
use crate::api::card::Text;
use crate::font::{Letters, Sheet, wrap};
use crate::media::Size;

/// Luma of the background, above and below: dark enough not to dazzle in a dim room.
const BACKGROUND: (u32, u32) = (44, 66);
/// Chroma of the background: a calm blue.
const BLUE: (u8, u8) = (140, 120);
/// The background's colour in the middle as red, green and blue, and as luma and chroma: what lies around and below a
/// picture that does not fill its surface.
pub const BACKDROP_RGB: [u8; 3] = [33, 47, 70];
pub const BACKDROP: [u8; 3] = [55, BLUE.0, BLUE.1];
/// Luma of the words, of the hint below them and of the number below that.
const INK: [u8; 3] = [224, 168, 128];

/// The words are one part in so many of the card's width and height, within these bounds; a hint has this part of it.
const SHARE: (u32, u32) = (18, 12);
const LARGEST: u32 = 96;
/// Below this nobody reads a letter.
const SMALLEST: u32 = 10;
const HINT: (u32, u32) = (11, 20);
/// The part of the card's width that lines may take.
const COLUMN: f32 = 0.86;
/// Lines of words and of the hint.
const ROWS: (usize, usize) = (3, 2);
/// From line to line, and from the words to the hint, in ems.
const LEADING: f32 = 1.35;
const GAP: f32 = 0.5;

/// What stands on a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CardText {
    pub text: Text,
    /// The number of the event that led to it, for the technician.
    pub event: Option<i32>,
}

impl From<Text> for CardText {
    fn from(text: Text) -> Self {
        Self { text, event: None }
    }
}

/// A line, the size of its letters and its ink.
struct Line {
    words: String,
    px: u32,
    ink: u8,
    /// Free space above it.
    above: f32,
}

/// Draws the card into `out` as a tightly packed I420 picture of `size`: a calm background and what stands on it in its
/// middle, the smaller lines only where there is room for them. The same arguments give the same bytes, and hardly any
/// of them change a coded picture, so a stream of cards costs next to nothing. [`ImageError::Size`] for odd sides or none.
pub fn draw_card(size: Size, text: CardText, out: &mut Vec<u8>) -> Result<(), ImageError> {
    let Size { width, height } = size;
    if size.is_empty() || !size.is_even() || width.max(height) > MAX_SIDE {
        return Err(ImageError::Size(size));
    }
    out.resize(size.i420_len(), 0);
    let (luma, chroma) = out.split_at_mut(size.pixels());
    let (u, v) = chroma.split_at_mut(size.pixels() / 4);
    u.fill(BLUE.0);
    v.fill(BLUE.1);
    for (row, line) in luma.chunks_exact_mut(width as usize).enumerate() {
        line.fill((BACKGROUND.0 + (BACKGROUND.1 - BACKGROUND.0) * row as u32 / height) as u8);
    }
    let lines = lines(size, text);
    let mut y = (height as f32 - lines.iter().map(Line::height).sum::<f32>()) / 2.0;
    let mut sheet = Sheet { samples: luma, stride: width as usize, size };
    for line in &lines {
        let mut letters = Letters::new(line.px);
        // The ink of a Chinese comma is at its left: the line would seem to stand beside the middle.
        let hangs = if line.words.ends_with(['，', '。']) { line.px as f32 / 2.0 } else { 0.0 };
        let x = (width as f32 - letters.width(&line.words) + hangs) / 2.0;
        // Letters stand in the middle of their line: capitals and Chinese characters are about 0.74 em high.
        let stands = y + line.above + line.px as f32 * (LEADING + 0.74) / 2.0;
        letters.write(&line.words, (x, stands.round() as i32), &mut sheet, line.ink);
        y += line.height();
    }
    Ok(())
}

impl Line {
    fn height(&self) -> f32 {
        self.above + self.px as f32 * LEADING
    }
}

/// As much of it as there is room for.
fn lines(size: Size, CardText { text, event }: CardText) -> Vec<Line> {
    let share = (size.width / SHARE.0).min(size.height / SHARE.1);
    let large = share.clamp(SMALLEST, LARGEST);
    let small = (large * HINT.0 / HINT.1).max(SMALLEST);
    let number = event.map_or(String::new(), |event| event.to_string().replace('-', "−"));
    let pieces = [
        (text.words, large, ROWS.0, 0.0),
        (text.hint, small, ROWS.1, GAP),
        (number.as_str(), (small * 4 / 5).max(SMALLEST), 1, GAP * 2.0),
    ];
    let mut lines: Vec<Line> = Vec::new();
    for ((piece, px, rows, gap), ink) in pieces.into_iter().zip(INK) {
        let above = |row: usize| if row == 0 { gap * px as f32 } else { 0.0 };
        let wrapped = wrap(piece, &Letters::new(px), size.width as f32 * COLUMN, rows).into_iter().enumerate();
        let more: Vec<Line> = wrapped.map(|(row, words)| Line { words, px, ink, above: above(row) }).collect();
        // The first lines give way last.
        if lines.iter().chain(&more).map(Line::height).sum::<f32>() > size.height as f32 * COLUMN {
            break;
        }
        lines.extend(more);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::card::{Card, LANGUAGES};

    const SIZES: [(u32, u32); 9] = [
        (102, 180),
        (160, 90),
        (240, 426),
        (320, 180),
        (640, 360),
        (960, 540),
        (1280, 720),
        (1920, 1080),
        (1080, 1920),
    ];

    /// The rectangle that holds everything lighter than the background: left, right, top, bottom.
    fn inked(size: Size, card: &[u8]) -> Option<[usize; 4]> {
        let width = size.width as usize;
        let lit = || card[..size.pixels()].iter().enumerate().filter(|(_, luma)| **luma > 80).map(|(place, _)| place);
        let columns = || lit().map(|place| place % width);
        Some([columns().min()?, columns().max()?, lit().min()? / width, lit().max()? / width])
    }

    fn drawn(size: Size, text: CardText) -> Vec<u8> {
        let mut out = vec![7; 9];
        draw_card(size, text, &mut out).unwrap();
        out
    }

    #[test]
    fn every_card_stands_in_the_middle_at_every_size_and_in_every_language() {
        for (width, height) in SIZES {
            let size = Size::new(width, height);
            for (card, language) in Card::ALL.iter().flat_map(|card| LANGUAGES.map(|language| (card, language))) {
                let text = CardText { text: card.text(language), event: Some(3002) };
                let [left, right, top, bottom] = inked(size, &drawn(size, text)).unwrap();
                let (width, height) = (width as usize, height as usize);
                let words = format!("{} at {size}: {left}..{right}, {top}..{bottom}", text.text.words);
                assert!(left.abs_diff(width - 1 - right) <= 2 + width / 100, "{words}");
                assert!(top.abs_diff(height - 1 - bottom) <= 4 + height / 25, "{words}");
                assert!(left * 100 >= width * 6 && top * 100 >= height * 6, "{words}");
                assert!(right - left > width / 20 && bottom - top >= 6, "{words}");
            }
        }
    }

    #[test]
    fn a_small_card_keeps_its_words_and_a_large_one_has_the_hint_and_the_number_as_well() {
        let text = CardText { text: Card::NoConnection.text(LANGUAGES[0]), event: Some(-2301) };
        let written = |width, height| lines(Size::new(width, height), text).into_iter().map(|line| line.words);
        let large: Vec<String> = written(1280, 720).collect();
        assert_eq!(large, ["No connection", "If this stays, please tell the staff", "−2301"]);
        let small: Vec<String> = written(160, 90).collect();
        assert_eq!(small[0], "No connection");
        assert_eq!(written(64, 24).collect::<Vec<_>>(), Vec::<String>::new(), "there is no room for any");
        for (width, height) in SIZES {
            assert!(!written(width, height).any(|line| line.ends_with('…')), "{width}x{height}");
        }
    }

    #[test]
    fn the_words_are_light_on_dark_and_larger_than_the_hint() {
        for (width, height) in SIZES {
            let lines = lines(Size::new(width, height), Card::Waiting.text(LANGUAGES[1]).into());
            assert!(lines.windows(2).all(|pair| pair[0].px >= pair[1].px && pair[0].ink >= pair[1].ink));
            // Contrast of at least 4.5 between ink and ground, as readable text has (luma stands for lightness here).
            let light = |luma: u8| ((f64::from(luma) - 16.0) / 219.0).powf(2.2) + 0.05;
            assert!(lines.iter().all(|line| light(line.ink) / light(BACKGROUND.1 as u8) > 4.5 || line.ink == INK[2]));
        }
    }

    #[test]
    fn the_same_card_is_the_same_bytes_and_impossible_sizes_are_refused() {
        for (width, height) in [(2, 2), (16, 16), (640, 360)] {
            let size = Size::new(width, height);
            let card = drawn(size, Card::Ended.text(LANGUAGES[0]).into());
            assert_eq!(card.len(), size.i420_len());
            assert_eq!(card, drawn(size, Card::Ended.text(LANGUAGES[0]).into()));
            let bare = drawn(size, CardText::default());
            assert_eq!(inked(size, &bare), None);
        }
        assert!(draw_card(Size::new(3, 2), CardText::default(), &mut Vec::new()).is_err());
        assert!(draw_card(Size::new(0, 0), CardText::default(), &mut Vec::new()).is_err());
    }
}
