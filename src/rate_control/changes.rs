//! Which changes of the target are told: those that matter, at most one a second.

use super::Aim;
use crate::media::{Span, Time};

/// Between two words.
const REST: Span = Span::secs(1);
/// A rate that differs by less than this from what was told last is the same, in percent.
const MATTERS: u32 = 10;

/// See the module's head.
#[derive(Clone, Debug)]
pub struct Changes {
    told: Aim,
    at: Time,
}

impl Changes {
    /// `target` needs no telling: a session begins with it.
    pub fn new(target: Aim, now: Time) -> Self {
        Self { told: target, at: now }
    }

    /// The target is `target` now; `Some` with what was told before when it is to be told. `max` is the highest rate:
    /// to reach it matters, however small the step.
    pub fn note(&mut self, target: Aim, max: u32, now: Time) -> Option<Aim> {
        let Aim { kbps, size, .. } = self.told;
        let differs = target.kbps.abs_diff(kbps) * 100 >= kbps * MATTERS || (target.kbps == max && kbps != max);
        if now - self.at < REST || !(differs || target.size != size) {
            return None;
        }
        self.at = now;
        Some(std::mem::replace(&mut self.told, target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Size;

    fn target(kbps: u32, lines: u32) -> Aim {
        Aim { kbps, fps: 30, size: Size::new(lines * 16 / 9, lines) }
    }

    #[test]
    fn small_steps_add_up_and_none_is_told_within_a_second_of_the_last() {
        let mut changes = Changes::new(target(500, 360), Time::default());
        let rates = (0..100).map(|step| (step * 100, 500 - step as u32 * 4));
        let told: Vec<(i64, u32)> = rates
            .filter_map(|(ms, kbps)| {
                changes.note(target(kbps, 360), 500, Time::from_micros(ms * 1000)).map(|_| (ms, kbps))
            })
            .collect();
        assert_eq!(told.len(), 9, "{told:?}");
        assert!(told.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 1000 && pair[0].1 - pair[1].1 >= 10), "{told:?}");
    }

    #[test]
    fn another_size_and_the_highest_rate_are_told_however_small_the_step() {
        let mut changes = Changes::new(target(480, 360), Time::default());
        let at = |s: i64| Time::from_micros(s * 1_000_000);
        assert_eq!(changes.note(target(470, 360), 500, at(2)), None);
        assert_eq!(changes.note(target(470, 270), 500, at(2)), Some(target(480, 360)));
        assert_eq!(changes.note(target(500, 270), 500, at(3)), Some(target(470, 270)));
        assert_eq!(changes.note(target(500, 270), 500, at(9)), None);
    }
}
