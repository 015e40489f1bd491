//! From rate to picture: size and pictures a second, with room between going down and coming back.

use crate::media::{Span, Time};
use crate::settings::policy::{GivesWay, Rates, Rung};

/// A smaller picture is taken when the rate is below this part of what suits the present one, in percent: where the
/// frame rate gives way first, and where the size does.
const DOWN: (u32, u32) = (60, 90);
/// A larger one is taken when the rate is over what suits it by so much, in percent, and the last change of size is
/// this long ago.
const UP: u32 = 110;
const REST: Span = Span::secs(5);
/// Fewer pictures a second are no motion any more.
const LEAST_FPS: u32 = 5;
/// The frame rate stays until it is wrong by more than this, in percent.
const TOLERANCE: u32 = 12;

/// See the module's head.
#[derive(Clone, Debug)]
pub struct Ladder {
    place: usize,
    changed: Option<Time>,
    fps: u32,
}

impl Ladder {
    /// Stands where `kbps` belongs.
    pub fn new(rates: &Rates, kbps: u32) -> Self {
        let place = rates.rungs.iter().rposition(|rung| rung.from <= kbps).unwrap_or(0);
        let mut this = Self { place, changed: None, fps: 0 };
        this.fps = this.rate(rates, kbps);
        this
    }

    /// Follows the rate; size and pictures a second that suit it.
    pub fn follow(&mut self, rates: &Rates, kbps: u32, now: Time) -> Rung {
        let down = match rates.policy.first {
            GivesWay::FrameRate => DOWN.0,
            GivesWay::Size => DOWN.1,
        };
        let rested = self.changed.is_none_or(|at| now - at >= REST);
        let before = self.place;
        while self.place > 0 && kbps * 100 < self.rung(rates).from * down {
            self.place -= 1;
        }
        while let Some(next) = rates.rungs.get(self.place + 1)
            && rested
            && (kbps * 100 >= next.from * UP || kbps == rates.max)
        {
            self.place += 1;
        }
        if self.place != before {
            self.changed = Some(now);
        }
        let fps = self.rate(rates, kbps);
        if self.place != before || fps.abs_diff(self.fps) * 100 > self.fps * TOLERANCE || kbps == rates.max {
            self.fps = fps;
        }
        Rung { fps: self.fps, ..self.rung(rates) }
    }

    fn rung(&self, rates: &Rates) -> Rung {
        rates.rungs.get(self.place).copied().unwrap_or_else(|| rates.top())
    }

    fn rate(&self, rates: &Rates, kbps: u32) -> u32 {
        let rung = self.rung(rates);
        match kbps >= rung.from {
            true => rung.fps,
            false => (rung.fps * kbps / rung.from).max(LEAST_FPS).min(rung.fps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::PusherSettings;
    use crate::settings::pusher::{Orientation, PushMode};

    fn rates(mode: PushMode) -> Rates {
        let lying = PusherSettings { mode, orientation: Orientation::Horizontal, fps: 30, ..Default::default() };
        PusherSettings { max_bitrate: 1500, ..lying }.rates()
    }
    fn walk(mode: PushMode, steps: &[(i64, u32)]) -> Vec<(u32, u32)> {
        let rates = rates(mode);
        let mut ladder = Ladder::new(&rates, rates.max);
        let mut told = Vec::new();
        for &(second, kbps) in steps {
            let rung = ladder.follow(&rates, kbps, Time::from_micros(second * 1_000_000));
            told.push((rung.size.height, rung.fps));
        }
        told
    }

    #[test]
    fn in_a_call_the_frame_rate_gives_way_before_the_size() {
        let steps = [(0, 1500), (1, 900), (2, 730), (3, 700), (4, 380), (5, 350), (6, 100), (7, 80)];
        let told = walk(PushMode::RTC, &steps);
        assert_eq!(told, [(720, 30), (720, 22), (720, 18), (540, 30), (540, 19), (360, 30), (270, 10), (240, 10)]);
    }

    #[test]
    fn elsewhere_the_size_gives_way_before_the_frame_rate() {
        let told = walk(PushMode::HD, &[(0, 1500), (1, 1100), (2, 1000), (3, 500), (4, 280), (5, 100)]);
        assert_eq!(told, [(720, 30), (720, 30), (540, 30), (360, 30), (360, 30), (240, 10)]);
    }

    #[test]
    fn a_step_that_was_left_is_not_entered_again_at_the_same_rate_nor_at_once() {
        let told = walk(PushMode::RTC, &[(0, 730), (6, 350), (7, 730), (10, 650), (12, 650), (13, 670)]);
        assert_eq!(told, [(720, 18), (360, 30), (360, 30), (360, 30), (360, 30), (540, 30)]);
    }

    #[test]
    fn a_fixed_size_gives_pictures_only() {
        let fixed = PusherSettings { video_width: Some(640), video_height: Some(360), fps: 30, ..Default::default() };
        let rates = PusherSettings { max_bitrate: 500, ..fixed }.rates();
        let mut ladder = Ladder::new(&rates, 500);
        let told = [500, 300, 285, 157, 30, 500].map(|kbps| ladder.follow(&rates, kbps, Time::default()));
        assert!(told.iter().all(|rung| (rung.size.width, rung.size.height) == (640, 360)));
        assert_eq!(told.map(|rung| rung.fps), [30, 30, 30, 15, 5, 30]);
    }
}
