//! What the font can draw, and where its letters fall.

use super::*;
use crate::api::card::{Card, LANGUAGES};

/// Writes `text` in the middle of a plane and returns the columns and lines that hold ink.
fn ink(letters: &mut Letters, text: &str, x: f32) -> Option<((usize, usize), (usize, usize))> {
    let size = Size::new(600, 120);
    let mut samples = vec![0; size.pixels()];
    letters.write(text, (x, 80), &mut Sheet { samples: &mut samples, stride: 600, size }, 255);
    let lit = || samples.iter().enumerate().filter(|(_, sample)| **sample > 60).map(|(place, _)| place);
    let columns = (lit().map(|place| place % 600).min()?, lit().map(|place| place % 600).max()?);
    Some((columns, (lit().min()? / 600, lit().max()? / 600)))
}

#[test]
fn every_text_of_every_language_can_be_drawn() {
    let texts = Card::ALL.into_iter().flat_map(|card| {
        let texts = LANGUAGES.map(|language| card.text(language));
        texts.into_iter().flat_map(|text| [text.words, text.hint])
    });
    for text in texts {
        let missing: String = text.chars().filter(|letter| !has(*letter)).collect();
        assert!(missing.is_empty(), "assets/font/subset has to be run: the font has no {missing:?} for {text:?}");
    }
    assert!((' '..='~').chain('\u{a0}'..='\u{ff}').chain([UNKNOWN, '…', '·', '−']).all(has));
    assert!(!has('\u{1f600}') && !has('\u{e000}'));
}

#[test]
fn the_font_is_small_enough_to_be_carried_along() {
    assert!(FILE.len() < 150_000, "{} bytes", FILE.len());
}

#[test]
fn letters_stand_on_their_line_between_ascent_and_descent_and_take_the_width_they_say() {
    for px in [9, 14, 40] {
        let mut letters = Letters::new(px);
        for text in ["Hxgj", "中文字", "8", "Änderung"] {
            let ((left, right), (top, bottom)) = ink(&mut letters, text, 20.0).unwrap();
            let width = letters.width(text);
            assert!(left >= 19 && right as f32 <= 21.0 + width, "{text} of {px}: {left}..{right}, {width} wide");
            assert!(right as f32 >= 20.0 + width * 0.75, "{text} of {px}: {left}..{right}, {width} wide");
            assert!(top as f32 >= 79.0 - letters.ascent() && bottom <= 80 + px as usize / 3, "{text}: {top}..{bottom}");
        }
    }
}

#[test]
fn digits_keep_their_columns() {
    let mut letters = Letters::new(13);
    let wide = letters.width("0000");
    for number in [1111, 4711, 9999, 1024] {
        assert_eq!(letters.width(&number.to_string()), wide);
    }
    // The same digit at the same place is the same ink, whatever stands before it.
    let mut last_digit = |text: &str| {
        let size = Size::new(100, 20);
        let mut samples = vec![0; size.pixels()];
        let x = 90.0 - letters.width(text);
        letters.write(text, (x, 15), &mut Sheet { samples: &mut samples, stride: 100, size }, 255);
        samples.chunks(100).flat_map(|line| line[84..].to_vec()).collect::<Vec<u8>>()
    };
    assert_eq!(last_digit("17"), last_digit("20187"));
}

#[test]
fn what_reaches_over_an_edge_is_left_out_and_what_the_font_lacks_is_a_box() {
    let mut letters = Letters::new(20);
    assert_eq!(letters.width("\u{1f600}"), letters.width("□"));
    let size = Size::new(16, 16);
    for corner in [(0.0, 0), (-8.0, 12), (12.0, 20), (5e9, 3), (-5e9, i32::MIN), (f32::NAN, i32::MAX)] {
        let mut samples = vec![7; 20 * 16];
        letters.write("W中\u{1f600}", corner, &mut Sheet { samples: &mut samples, stride: 20, size }, 200);
        let outside = samples.chunks(20).flat_map(|line| &line[16..]);
        assert!(outside.copied().all(|sample| sample == 7), "{corner:?}");
    }
    letters.write("W", (0.0, 12), &mut Sheet { samples: &mut [], stride: 20, size }, 200);
}

#[test]
fn a_letter_that_was_drawn_is_not_drawn_again() {
    let mut letters = Letters::new(20);
    ink(&mut letters, "0123456789", 20.0);
    let (coverage, drawn) = (letters.coverage.len(), letters.drawn.len());
    for _ in 0..3 {
        ink(&mut letters, "0123456789", 20.0);
    }
    assert_eq!((letters.coverage.len(), letters.drawn.len()), (coverage, drawn));
}

#[test]
fn words_are_wrapped_at_spaces_and_between_chinese_characters_and_never_before_punctuation() {
    let letters = Letters::new(20);
    let em = |count: usize| 20.2 * count as f32;
    let table: [(&str, f32, usize, &[&str]); 10] = [
        ("the camera is off", 500.0, 3, &["the camera is off"]),
        ("Waiting for the other side", 150.0, 3, &["Waiting for", "the other side"]),
        ("Waiting for the other side", 150.0, 1, &["Waiting for th…"]),
        ("incomprehensible", 60.0, 3, &["incom", "prehe", "nsible"]),
        ("正在等待对方", em(6), 2, &["正在等待对方"]),
        ("正在等待对方", em(5), 2, &["正在等", "待对方"]),
        ("无法连接，请稍候", em(4), 3, &["无法连", "接，请", "稍候"]),
        ("摄像头 off 了", em(4), 3, &["摄像头", "off 了"]),
        ("  ", 60.0, 3, &[]),
        ("ab", 0.0, 3, &["a", "b"]),
    ];
    for (words, width, rows, lines) in table {
        assert_eq!(wrap(words, &letters, width, rows), lines, "{words}");
    }
}

#[test]
fn a_wrapped_line_is_never_wider_than_its_room() {
    let mut random = fastrand::Rng::with_seed(3);
    let pieces = ["the", "camera", "摄像头没有画面", "，", "（", "）", "3002", "W", "…", "incomprehensibilities"];
    for _ in 0..2000 {
        let letters = Letters::new(random.u32(8..40));
        let text: Vec<&str> = (0..random.usize(0..9)).map(|_| pieces[random.usize(0..pieces.len())]).collect();
        let (width, rows) = (random.f32() * 400.0 + 40.0, random.usize(1..5));
        let lines = wrap(&text.join(" "), &letters, width, rows);
        assert!(lines.len() <= rows);
        assert!(
            lines.iter().all(|line| letters.width(line) <= width || line.trim_end_matches('…').chars().count() <= 1),
            "{lines:?}"
        );
    }
}
