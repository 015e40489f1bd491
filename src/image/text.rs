//! Words drawn into a luma plane: an 8x8 font, enlarged by whole numbers so that its edges stay sharp.

use crate::media::Size;
use font8x8::legacy::BASIC_LEGACY;

/// Pixels a character takes each way at scale 1.
const CELL: u32 = 8;

/// The pixels that `text` takes on one line at `scale`.
pub fn text_size(text: &str, scale: u32) -> Size {
    let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    Size::new(characters.saturating_mul(CELL).saturating_mul(scale), CELL.saturating_mul(scale))
}

/// Draws `text` with its upper left corner at (`x`, `y`) into the luma plane of a picture of `size`, in samples of
/// `value`. What reaches over an edge is left out; a character that is not ASCII becomes a question mark.
pub fn draw_text(luma: &mut [u8], stride: usize, size: Size, (x, y): (i32, i32), scale: u32, value: u8, text: &str) {
    let (width, height) = (i64::from(size.width), i64::from(size.height));
    let step = i64::from(CELL) * i64::from(scale);
    for (index, character) in text.chars().enumerate() {
        let left = i64::from(x) + index as i64 * step;
        if left >= width {
            break;
        }
        let glyph = BASIC_LEGACY.get(character as usize).unwrap_or(&BASIC_LEGACY['?' as usize]);
        for row in 0..step {
            let line = i64::from(y) + row;
            let bits = glyph[(row / i64::from(scale)) as usize % 8];
            if bits == 0 || !(0..height).contains(&line) {
                continue;
            }
            for column in 0..step {
                let place = left + column;
                let lit = bits >> (column / i64::from(scale)) & 1 == 1;
                if lit
                    && (0..width).contains(&place)
                    && let Some(sample) = luma.get_mut(line as usize * stride + place as usize)
                {
                    *sample = value;
                }
            }
        }
    }
}

/// Breaks `words` into lines of at most `columns` characters, at spaces where there are any, and at most `rows`
/// lines; what does not fit is left out.
pub fn wrap(words: &str, columns: usize, rows: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        while !rest.is_empty() {
            let room = lines.last().map_or(0, |line| columns.saturating_sub(line.chars().count() + 1));
            if rest.len() <= room
                && let Some(line) = lines.last_mut()
            {
                line.push(' ');
                line.extend(rest.drain(..));
            } else if lines.len() == rows {
                return lines;
            } else {
                lines.push(rest.drain(..rest.len().min(columns)).collect());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_at_spaces_and_clipped() {
        let table: [(&str, usize, usize, &[&str]); 6] = [
            ("the camera is off", 10, 3, &["the camera", "is off"]),
            ("the camera is off", 10, 1, &["the camera"]),
            ("incomprehensible", 6, 3, &["incomp", "rehens", "ible"]),
            ("a incomprehensible b", 6, 9, &["a", "incomp", "rehens", "ible b"]),
            ("  ", 6, 3, &[]),
            ("no room", 0, 2, &["n", "o"]),
        ];
        for (words, columns, rows, lines) in table {
            assert_eq!(wrap(words, columns, rows), lines, "{words}");
        }
    }

    #[test]
    fn text_stays_inside_its_picture() {
        let size = Size::new(32, 20);
        for corner in [(0, 0), (-5, -5), (28, 12), (500, 3), (i32::MIN, i32::MIN), (i32::MAX, i32::MAX)] {
            let mut luma = vec![0; 32 * 20];
            draw_text(&mut luma, 32, size, corner, 2, 200, "a\u{e9}");
            let lit = luma.iter().filter(|sample| **sample == 200).count();
            assert_eq!(lit > 0, corner.0.unsigned_abs() < 30, "{corner:?}");
        }
        assert_eq!(text_size("abc", 2), Size::new(48, 16));
    }
}
