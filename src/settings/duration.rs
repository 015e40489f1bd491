//! Lengths of time as a person writes them: "12h", "30m", "90s", "2d".

use crate::media::Span;

/// Reads a whole number followed by `s`, `m`, `h` or `d`; from one second to 366 days.
pub fn parse(text: &str) -> Result<Span, String> {
    let wrong = || "a number followed by s, m, h or d is needed (\"12h\"), from 1s to 366d".to_owned();
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let seconds = digits.parse::<i64>().map_err(|_| wrong())?.saturating_mul(unit);
    if (1..=366 * 86_400).contains(&seconds) { Ok(Span::secs(seconds)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("12h", 43_200), ("2d", 172_800)] {
            assert_eq!(parse(text), Ok(Span::secs(seconds)));
        }
        for text in ["", "h", "12", "-1h", "0s", "1.5h", "12 h", "9999999999s", "400d", "1µ", "+1h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
