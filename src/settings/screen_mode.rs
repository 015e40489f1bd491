//! A screen's mode as a person writes it: "1280x720" or "1280x720@60".

use serde::{Deserialize, Serialize};
use std::fmt;

/// The size a screen is to be driven at, and how often a second it is drawn when that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScreenMode {
    pub width: u32,
    pub height: u32,
    /// Hz; absent = the highest the screen offers at this size.
    pub refresh: Option<u32>,
}

/// Reads "WIDTHxHEIGHT" or "WIDTHxHEIGHT@HZ": sides from 16 to 4096, 1 to 240 Hz.
pub fn parse(text: &str) -> Result<ScreenMode, String> {
    let number = |text: &str, range: std::ops::RangeInclusive<u32>| {
        let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| plain && range.contains(number))
    };
    let read = || {
        let (size, refresh) = match text.split_once('@') {
            Some((size, refresh)) => (size, Some(number(refresh, 1..=240)?)),
            None => (text, None),
        };
        let (width, height) = size.split_once('x')?;
        Some(ScreenMode { width: number(width, 16..=4096)?, height: number(height, 16..=4096)?, refresh })
    };
    read().ok_or_else(|| {
        "a size such as \"1280x720\" or \"1280x720@60\" is needed: sides from 16 to 4096, 1 to 240 Hz".into()
    })
}

impl TryFrom<String> for ScreenMode {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        parse(&text)
    }
}

impl From<ScreenMode> for String {
    fn from(mode: ScreenMode) -> Self {
        mode.to_string()
    }
}

impl fmt::Display for ScreenMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)?;
        self.refresh.map_or(Ok(()), |refresh| write!(f, "@{refresh}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_a_size_and_perhaps_a_rate() {
        let mode = |width, height, refresh| Ok(ScreenMode { width, height, refresh });
        assert_eq!(parse("1280x720"), mode(1280, 720, None));
        assert_eq!(parse("1920x1080@50"), mode(1920, 1080, Some(50)));
        assert_eq!(parse("1920x1080@50").unwrap().to_string(), "1920x1080@50");
        let bad = ["", "720p", "1280", "1280x", "x720", "1280x720@", "1280x720@0", "1280x720@241", "1280x720p60"];
        for text in bad.into_iter().chain(["8x720", "1280x99999", "+1280x720", "1280 x 720", "1280X720"]) {
            assert!(parse(text).unwrap_err().contains("1280x720@60"), "{text}");
        }
    }
}
