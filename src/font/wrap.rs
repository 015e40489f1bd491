//! Where a text is broken into lines: Latin at its spaces, Chinese anywhere but at its punctuation.

use super::Letters;

/// What can not begin a line, and what can not end one.
const CLOSING: &str = "，。、！？：；）〉》」』】…,.!?:;)%";
const OPENING: &str = "（〈《「『【(";
/// What stands for the words there was no room for.
const MORE: &str = "…";

/// Breaks `text` into lines of at most `width` pixels and at most `rows` of them, as equally long as can be. What does
/// not fit is left out, which the last line tells with "…".
pub fn wrap(text: &str, letters: &Letters, width: f32, rows: usize) -> Vec<String> {
    let all = lines(text, letters, width);
    if all.len() > rows {
        return shortened(all, letters, width, rows);
    }
    // The narrowest column that needs no more lines: nothing hangs over alone.
    let mut best = all;
    let mut narrower = width * 0.95;
    while best.len() > 1 && narrower > width * 0.4 {
        let next = lines(text, letters, narrower);
        if next.len() > best.len() {
            break;
        }
        best = next;
        narrower -= width * 0.05;
    }
    best
}

/// As many lines as it takes.
fn lines(text: &str, letters: &Letters, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (word, spaced) in words(text) {
        if let Some(line) = lines.last_mut() {
            let joined = if spaced { format!("{line} {word}") } else { format!("{line}{word}") };
            if letters.width(&joined) <= width {
                *line = joined;
                continue;
            }
        }
        // A word that is too long for a line is cut where it ends.
        let mut piece = String::new();
        for letter in word.chars() {
            piece.push(letter);
            if letters.width(&piece) > width && piece.chars().count() > 1 {
                piece.pop();
                lines.push(std::mem::replace(&mut piece, letter.into()));
            }
        }
        lines.push(piece);
    }
    lines
}

/// The pieces that are never broken if they fit, each with whether a space stood before it.
fn words(text: &str) -> Vec<(String, bool)> {
    let mut words: Vec<(String, bool)> = Vec::new();
    for part in text.split_whitespace() {
        let mut last = None;
        for letter in part.chars() {
            let breaks = last.is_none_or(|last| {
                (is_wide(last) || is_wide(letter)) && !CLOSING.contains(letter) && !OPENING.contains(last)
            });
            match words.last_mut().filter(|_| !breaks) {
                Some((word, _)) => word.push(letter),
                None => words.push((letter.into(), last.is_none())),
            }
            last = Some(letter);
        }
    }
    words
}

/// Characters between which a line may be broken without a space: the CJK blocks and their punctuation.
fn is_wide(letter: char) -> bool {
    matches!(letter, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}')
}

fn shortened(mut all: Vec<String>, letters: &Letters, width: f32, rows: usize) -> Vec<String> {
    all.truncate(rows);
    if let Some(last) = all.last_mut() {
        while letters.width(last) + letters.width(MORE) > width && last.chars().count() > 1 {
            last.pop();
        }
        last.push_str(MORE);
    }
    all
}
