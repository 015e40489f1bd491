//! How good a connection is, in one number: 1 (excellent) to 6 (nothing gets through), 0 without a session.
//!
//! The worst of three figures decides, because a call is as good as its weakest side. The bounds: 100 ms of queue or
//! jitter are noticed by nobody, 200 ms make people interrupt each other, more is a call in turns (ITU-T G.114 draws its
//! lines at 150 and 400 ms one way); a picture in fifty lost is seen, one in seven is a slide show.

use crate::api::status::{PlayStats, PushStats, SessionState};

/// Upper bounds of the levels 1 to 4; what is above the last is level 5.
type Bounds = [f64; 4];

const ROUND_TRIP_MS: Bounds = [100.0, 200.0, 350.0, 600.0];
const QUEUE_MS: Bounds = [50.0, 100.0, 200.0, 400.0];
const JITTER_MS: Bounds = [20.0, 50.0, 100.0, 200.0];
/// Pictures lost of those that were due.
const LOST_SHARE: Bounds = [0.0, 0.02, 0.05, 0.15];
/// Sound that was missing in the last second.
const MISSING_MS: Bounds = [0.0, 20.0, 50.0, 150.0];

/// Judges one way, second after second; keeps what only grows.
#[derive(Debug, Default)]
pub struct Quality {
    level: u8,
    dropped: u64,
    missing_ms: u64,
}

impl Quality {
    /// The level of a session in `state`.
    pub fn level(&self, state: SessionState) -> u8 {
        match state {
            SessionState::Live | SessionState::Paused => self.level,
            SessionState::Stopped | SessionState::Connecting => 0,
            SessionState::Reconnecting | SessionState::Waiting | SessionState::GaveUp => 6,
        }
    }

    /// Another second of the way up; figures of nothing end a session.
    pub fn pushed(&mut self, net: &PushStats) {
        if *net == PushStats::default() {
            *self = Self::default();
            return;
        }
        let lost = share(self.newly_dropped(net.dropped), net.video_fps);
        let levels =
            [step(net.rtt_ms, ROUND_TRIP_MS), step(net.queue_ms.max(net.path_ms), QUEUE_MS), step(lost, LOST_SHARE)];
        self.level = worst(levels, net.net_speed);
    }

    /// Another second of a player, likewise.
    pub fn played(&mut self, net: &PlayStats) {
        if *net == PlayStats::default() {
            *self = Self::default();
            return;
        }
        let lost = share(self.newly_dropped(net.dropped), net.video_fps);
        let missing = net.sound_missing_ms.saturating_sub(self.missing_ms) as f64;
        self.missing_ms = net.sound_missing_ms;
        let levels = [step(net.net_jitter, JITTER_MS), step(missing, MISSING_MS), step(lost, LOST_SHARE)];
        self.level = worst(levels, net.net_speed);
    }

    fn newly_dropped(&mut self, dropped: u64) -> f64 {
        dropped.saturating_sub(std::mem::replace(&mut self.dropped, dropped)) as f64
    }
}

fn share(lost: f64, kept: f64) -> f64 {
    if lost > 0.0 { lost / (lost + kept.max(0.0)) } else { 0.0 }
}

fn step(value: f64, bounds: Bounds) -> u8 {
    bounds.iter().position(|bound| value <= *bound).map_or(5, |place| place as u8 + 1)
}

fn worst(levels: [u8; 3], net_speed: u32) -> u8 {
    if net_speed == 0 { 6 } else { levels.into_iter().max().unwrap_or(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(rtt_ms: f64, queue_ms: f64, dropped: u64, net_speed: u32) -> PushStats {
        PushStats { rtt_ms, queue_ms, dropped, net_speed, video_fps: 28.0, ..PushStats::default() }
    }

    #[test]
    fn the_worst_figure_of_the_way_up_decides() {
        for (rtt, queue, dropped, speed, level) in [
            (5.0, 10.0, 0, 560, 1),
            (150.0, 10.0, 0, 560, 2),
            (5.0, 180.0, 0, 560, 3),
            (5.0, 10.0, 2, 560, 4),
            (700.0, 10.0, 0, 560, 5),
            (5.0, 10.0, 15, 560, 5),
            (5.0, 10.0, 0, 0, 6),
        ] {
            let mut quality = Quality::default();
            quality.pushed(&pushed(rtt, queue, dropped, speed));
            assert_eq!(quality.level(SessionState::Live), level, "{rtt} {queue} {dropped} {speed}");
        }
    }

    #[test]
    fn the_worst_figure_of_the_way_down_decides() {
        for (net_jitter, sound_missing_ms, dropped, net_speed, level) in [
            (20.0, 0, 0, 560, 1),
            (21.0, 0, 0, 560, 2),
            (5.0, 50, 0, 560, 3),
            (5.0, 0, 2, 560, 4),
            (201.0, 0, 0, 560, 5),
            (5.0, 151, 0, 560, 5),
            (5.0, 0, 0, 0, 6),
        ] {
            let mut quality = Quality::default();
            let stats = PlayStats { net_jitter, sound_missing_ms, dropped, net_speed, ..PlayStats::default() };
            quality.played(&PlayStats { video_fps: 28.0, ..stats });
            let told = format!("{net_jitter} {sound_missing_ms} {dropped} {net_speed}");
            assert_eq!(quality.level(SessionState::Live), level, "{told}");
        }
    }

    #[test]
    fn what_was_lost_in_an_earlier_second_is_forgiven() {
        let mut quality = Quality::default();
        quality.pushed(&pushed(5.0, 10.0, 300, 560));
        assert_eq!(quality.level(SessionState::Live), 5);
        quality.pushed(&pushed(5.0, 10.0, 300, 560));
        assert_eq!(quality.level(SessionState::Live), 1);
        let mut player = Quality::default();
        let stats = |sound_missing_ms| PlayStats { sound_missing_ms, net_speed: 500, ..PlayStats::default() };
        player.played(&stats(60));
        assert_eq!(player.level(SessionState::Live), 4);
        player.played(&stats(60));
        assert_eq!(player.level(SessionState::Paused), 1);
    }

    #[test]
    fn a_session_that_is_lost_is_as_bad_as_can_be_and_none_has_no_level() {
        let quality = Quality::default();
        assert_eq!(quality.level(SessionState::Reconnecting), 6);
        assert_eq!(quality.level(SessionState::Stopped), 0);
    }
}
