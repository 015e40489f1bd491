//! Delays that change without a step: by the speed at which a track is played.

use crate::media::Span;
use crate::settings::player::PlayMode;

/// A delay that is off by more than this leaps; by less it is brought there by the speed.
pub(super) const LEAP: Span = Span::millis(300);
/// A delay that is to grow, and one that is to shrink, does so by its full speed while it is off by more than a tenth
/// of this, and slower the nearer it is.
const GROW: Span = Span::millis(300);
const SHRINK: Span = Span::millis(600);

/// Part of the stream's time by which a delay may change: a tenth in a call, a twentieth live.
const fn most(mode: PlayMode) -> i64 {
    match mode {
        PlayMode::RTC => 10,
        PlayMode::Live => 20,
    }
}

/// By how much a delay that is short of where it should be by `missing` changes while `passed` of the stream is played.
pub(super) fn change(missing: Span, passed: Span, mode: PlayMode) -> Span {
    let within = if missing > Span::ZERO { GROW } else { SHRINK };
    let passed = passed.max(Span::ZERO).min(Span::secs(1));
    let most = passed / most(mode);
    let share = (missing.as_micros() as i128 * passed.as_micros() as i128 / within.as_micros() as i128) as i64;
    Span::micros(share).min(most).max(-most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_bounded_and_gentle_near_the_goal() {
        let frame = Span::millis(20);
        for (missing, mode, change_us) in [
            (200, PlayMode::RTC, 2000),
            (-200, PlayMode::RTC, -2000),
            (-200, PlayMode::Live, -1000),
            (3, PlayMode::RTC, 200),
            (-6, PlayMode::RTC, -200),
            (0, PlayMode::RTC, 0),
        ] {
            assert_eq!(change(Span::millis(missing), frame, mode), Span::micros(change_us), "{missing} {mode:?}");
        }
        assert_eq!(change(Span::secs(9), Span::millis(-5), PlayMode::RTC), Span::ZERO, "time that runs back");
    }
}
