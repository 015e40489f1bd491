//! When people are told that the network is too slow for the picture, and when that it no longer is.

use crate::media::{Span, Time};

/// It is told after this long, and taken back after as long without.
const FOR: Span = Span::secs(1);
/// The target counts as held down below this part of the highest rate, and as well again above the second.
const LOW: (f64, f64) = (0.5, 0.67);

/// Turns what is seen at each look into two words: busy, and not busy any more.
#[derive(Clone, Debug, Default)]
pub struct Congestion {
    busy: bool,
    /// The opposite of `busy` has held since.
    since: Option<Time>,
}

impl Congestion {
    /// Nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `over`: something waits for longer than it should, or pictures are lost; `share`: the target rate as a part of
    /// the highest one. A change to tell, if there is one.
    pub fn note(&mut self, over: bool, share: f64, now: Time) -> Option<bool> {
        let other = match self.busy {
            false => over || share < LOW.0,
            true => !over && share > LOW.1,
        };
        if !other {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(now);
        (now - since >= FOR).then(|| {
            (self.busy, self.since) = (!self.busy, None);
            self.busy
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks every 20 ms at what `seen` says for each millisecond; what was told, and when.
    fn told(until: i64, seen: impl Fn(i64) -> (bool, f64)) -> Vec<(i64, bool)> {
        let mut congestion = Congestion::new();
        (0..until)
            .step_by(20)
            .filter_map(|ms| {
                let (over, share) = seen(ms);
                congestion.note(over, share, Time::from_micros(ms * 1000)).map(|busy| (ms, busy))
            })
            .collect()
    }

    #[test]
    fn it_is_told_after_a_second_and_taken_back_after_a_second() {
        assert_eq!(told(6000, |ms| ((1000..3000).contains(&ms), 1.0)), [(2000, true), (4000, false)]);
        assert_eq!(told(6000, |ms| (ms % 1000 > 100, 1.0)), [], "never for a whole second");
    }

    #[test]
    fn a_target_that_is_held_down_is_congestion_although_nothing_waits() {
        let share = |ms| if (1000..5000).contains(&ms) { 0.3 } else { 1.0 };
        assert_eq!(told(8000, |ms| (false, share(ms))), [(2000, true), (6000, false)]);
        // Between the two bounds nothing changes.
        assert_eq!(told(8000, |ms| (false, if ms < 3000 { 0.3 } else { 0.6 })), [(1000, true)]);
    }
}
