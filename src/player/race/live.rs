//! Whether what comes over a connection is live, or only what its server had kept of the past.

use crate::media::{Span, Time};

/// What was kept comes faster than it was made: the way becomes shorter, by more than any network's moods make it.
const CAUGHT_UP: Span = Span::millis(100);
/// What comes so long after the last time it did was made meanwhile.
const SETTLED: Span = Span::millis(500);

/// See the module's head.
#[derive(Debug, Default)]
pub struct Edge {
    /// The way of a unit, its arrival less its position, when it had become shorter, and when that was.
    way: Option<(Span, Time)>,
}

impl Edge {
    /// The unit for `position` came at `now`, and nothing for that before; whether it is live.
    pub fn note(&mut self, position: Span, now: Time) -> bool {
        let way = now - Time::default() - position;
        match self.way {
            Some((before, since)) if before - way <= CAUGHT_UP => now - since >= SETTLED,
            _ => {
                self.way = Some((way, now));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the last of these units is live: arrivals and positions in milliseconds.
    fn live(units: impl IntoIterator<Item = (i64, i64)>) -> bool {
        let mut edge = Edge::default();
        let mut note = |(at, position)| edge.note(Span::millis(position), Time::default() + Span::millis(at));
        units.into_iter().fold(false, |_, unit| note(unit))
    }

    #[test]
    fn what_comes_faster_than_it_was_made_is_the_past_and_what_comes_after_it_at_its_pace_is_live() {
        let burst = |at: i64| (0..100).map(move |n| (at + n / 10, n * 20));
        let pace = |from: i64, to: i64| (from..to).step_by(20).map(|at| (at, at + 1990));
        assert!(!live(burst(0)), "all at once");
        assert!(!live(burst(0).chain(pace(10, 400))), "it may still be on its way");
        assert!(live(burst(0).chain(pace(10, 600))));
        assert!(!live((0..100).map(|n| (n * 15, n * 20))), "over a thin line, a third faster than it was made");
        let halves = || burst(0).take(50).chain((50..100).map(|n| (1400 + n / 10, n * 20 + 1500)));
        assert!(!live(halves()), "in two pieces");
        assert!(live([(0, 0), (1000, 1000)]), "one picture a second");
        assert!(live((0..100).map(|n| (n * 20 + n * 37 % 90, n * 20))), "an uneven network");
    }
}
