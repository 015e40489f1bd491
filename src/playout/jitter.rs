//! How unevenly a track arrives: the ways of its units over the last seconds, the shortest of them, and the one that
//! nearly all of them keep within.

use crate::media::{Span, Time};
use std::collections::VecDeque;

/// Ways are looked at over this long: a delay that was needed is kept until then, and the shortest way rises as soon
/// as it is that old.
const WINDOW: Span = Span::secs(10);
/// Most delay that jitter may cost in a call; what is later was held up by something that no delay would cover.
pub(super) const MOST_JITTER: Span = Span::millis(300);
/// Most ways that are kept: more than ten seconds of AAC at 48 kHz, or of pictures at 50 a second.
const MOST: usize = 512;

/// The ways of one track: arrival less stream position.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways {
    recent: VecDeque<(Time, Span)>,
    sorted: Vec<Span>,
}

impl Ways {
    /// Takes the way of a unit that arrived at `at`.
    pub(super) fn note(&mut self, way: Span, at: Time) {
        while self.recent.front().is_some_and(|&(then, _)| at - then > WINDOW || self.recent.len() >= MOST) {
            if let Some((_, old)) = self.recent.pop_front()
                && let Ok(place) = self.sorted.binary_search(&old)
            {
                self.sorted.remove(place);
            }
        }
        self.recent.push_back((at, way));
        let place = self.sorted.partition_point(|&other| other < way);
        self.sorted.insert(place, way);
    }

    /// The shortest; `None` before the first unit.
    pub(super) fn least(&self) -> Option<Span> {
        self.sorted.first().copied()
    }

    /// The one that so many per mille do not exceed (nearest rank), of those that a delay would cover.
    pub(super) fn share(&self, per_mille: usize) -> Option<Span> {
        let most = self.least()? + MOST_JITTER;
        let covered = self.sorted.partition_point(|&way| way <= most);
        let place = (covered * per_mille).div_ceil(1000).saturating_sub(1);
        self.sorted.get(place).copied()
    }

    /// What was seen says nothing about what comes.
    pub(super) fn forget(&mut self) {
        self.recent.clear();
        self.sorted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ways after so many units, 20 ms apart.
    fn noted(ways: impl IntoIterator<Item = i64>) -> Ways {
        let mut noted = Ways::default();
        for (n, way) in ways.into_iter().enumerate() {
            noted.note(Span::millis(way), Time::from_micros(n as i64 * 20_000));
        }
        noted
    }

    #[test]
    fn the_shortest_way_falls_at_once_and_rises_within_ten_seconds() {
        assert_eq!(noted([50, 20]).least(), Some(Span::millis(20)));
        assert_eq!(noted((0..490).map(|n| if n == 0 { 20 } else { 70 })).least(), Some(Span::millis(20)));
        assert_eq!(noted((0..520).map(|n| if n == 0 { 20 } else { 70 })).least(), Some(Span::millis(70)));
    }

    #[test]
    fn a_share_is_what_so_many_keep_within() {
        let mixed = noted((0..400).map(|n| n * 37 % 100));
        for (per_mille, most) in [(0, 0), (10, 0), (500, 49), (970, 96), (1000, 99)] {
            assert_eq!(mixed.share(per_mille), Some(Span::millis(most)), "{per_mille}");
        }
        assert_eq!(noted([]).share(970), None);
    }

    #[test]
    fn what_is_kept_is_bounded_and_its_two_orders_hold_the_same() {
        let mut ways = Ways::default();
        for n in 0..5000 {
            ways.note(Span::millis(n * 7919 % 300), Time::from_micros(n));
            assert!(ways.recent.len() <= MOST && ways.recent.len() == ways.sorted.len());
        }
        ways.forget();
        assert_eq!(ways.least(), None);
    }
}
