//! Counts a camera's damaged pictures and says when there are too many to go on.

use crate::media::{Span, Time};
use std::collections::VecDeque;

/// Pictures are judged over this long.
const WINDOW: Span = Span::secs(5);
/// Fewer pictures than this say nothing.
const LEAST: usize = 10;
/// More than any camera delivers in the window.
const MOST: usize = 2048;

/// The newest pictures, good and bad.
#[derive(Debug, Default)]
pub struct Health {
    pictures: VecDeque<(Time, bool)>,
}

impl Health {
    /// Notes a picture of `now`; false when more than half of the last five seconds' were bad.
    pub fn note(&mut self, good: bool, now: Time) -> bool {
        self.pictures.push_back((now, good));
        while self.pictures.len() > MOST || self.pictures.front().is_some_and(|(at, _)| now - *at > WINDOW) {
            self.pictures.pop_front();
        }
        let bad = self.pictures.iter().filter(|(_, good)| !good).count();
        self.pictures.len() < LEAST || bad * 2 <= self.pictures.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    #[test]
    fn more_bad_than_good_pictures_of_five_seconds_are_too_many() {
        let mut health = Health::default();
        assert!((0..150).all(|n| health.note(n % 2 == 0, at(n * 33))), "half of them bad");
        let verdicts: Vec<bool> = (150..300).map(|n| health.note(n % 3 == 0, at(n * 33))).collect();
        assert!(verdicts.contains(&false), "two thirds of them bad");
    }

    #[test]
    fn a_few_bad_pictures_at_the_start_or_long_ago_do_no_harm() {
        let mut health = Health::default();
        assert!((0..9).all(|n| health.note(false, at(n * 33))));
        assert!((0..100).all(|n| health.note(true, at(6000 + n * 33))));
        assert_eq!(health.pictures.len(), 100);
    }
}
