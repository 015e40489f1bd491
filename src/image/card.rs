//! The waiting card: what the other side sees while there is no camera picture, and this side while none comes.

use super::text::{draw_text, text_size, wrap};
use super::{ImageError, MAX_SIDE};
use crate::media::Size;

/// The name on the card.
const NAME: &str = "visavis";
/// Luma of the background, above and below: dark enough not to dazzle in a dim room.
const BACKGROUND: (u32, u32) = (44, 66);
/// Chroma of the background: a calm blue.
const BLUE: (u8, u8) = (140, 120);
/// The background's colour in the middle as red, green and blue, and as luma and chroma: what lies around and below a
/// picture that does not fill its surface.
pub const BACKDROP_RGB: [u8; 3] = [33, 47, 70];
pub const BACKDROP: [u8; 3] = [55, BLUE.0, BLUE.1];
/// Luma of the name and of the words.
const INK: (u8, u8) = (200, 160);

/// Draws the card into `out` as a tightly packed I420 picture of `size`: a calm background, the product's name and
/// `words` below it. The same arguments give the same bytes, and hardly any of them change a coded picture, so a
/// stream of cards costs next to nothing. [`ImageError::Size`] for odd sides or none.
pub fn draw_card(size: Size, words: &str, out: &mut Vec<u8>) -> Result<(), ImageError> {
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
    // The name takes about a third of the width, the words half its scale.
    let large = (width / (3 * text_size(NAME, 1).width)).clamp(1, height.div_ceil(32).max(1));
    let small = (large / 2).max(1);
    let lines = wrap(words, (width / (8 * small)) as usize, (height / (3 * 8 * small)) as usize);
    let leading = 10 * small as i32;
    let block = 8 * large as i32 + lines.len() as i32 * leading + leading;
    let mut y = (height as i32 - block) / 2;
    let mut write = |text: &str, scale: u32, ink: u8, y: i32| {
        let x = (i64::from(width) - i64::from(text_size(text, scale).width)) / 2;
        draw_text(luma, width as usize, size, (x as i32, y), scale, ink, text);
    };
    write(NAME, large, INK.0, y);
    y += 8 * large as i32 + leading;
    for line in &lines {
        write(line, small, INK.1, y);
        y += leading;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_calm_deterministic_and_shows_its_words() {
        for (width, height) in [(2, 2), (16, 16), (240, 426), (640, 360), (1280, 720)] {
            let size = Size::new(width, height);
            let (mut one, mut two, mut bare) = (Vec::new(), vec![7; 9], Vec::new());
            draw_card(size, "the camera is off for a moment", &mut one).unwrap();
            draw_card(size, "the camera is off for a moment", &mut two).unwrap();
            draw_card(size, "", &mut bare).unwrap();
            assert_eq!(one.len(), size.i420_len());
            assert_eq!(one, two);
            let lit = |card: &[u8], ink| card[..size.pixels()].iter().filter(|sample| **sample == ink).count();
            if width > 200 {
                assert!(lit(&one, INK.1) > 100 && lit(&bare, INK.1) == 0 && lit(&bare, INK.0) > 100, "{size}");
            }
            assert!(lit(&one, INK.0) + lit(&one, INK.1) <= size.pixels() / 2);
        }
        assert!(draw_card(Size::new(3, 2), "", &mut Vec::new()).is_err());
        assert!(draw_card(Size::new(0, 0), "", &mut Vec::new()).is_err());
    }
}
