//! When a picture is taken and when it must be an IDR. Pure.

use crate::media::{Span, Time};

/// In the first moments of a session IDR pictures come at these times after its beginning, in milliseconds, so that
/// a player that reconnects a little later than the pusher does not wait a whole GOP for its first picture: densely
/// while a player of the same outage is knocking, too.
const EARLY: [i64; 9] = [0, 150, 300, 500, 1000, 1500, 2000, 2500, 3000];
/// From one IDR of a still picture to the next.
const STILL_GOP: Span = Span::secs(2);

/// Thins pictures out to a rate and says which ones are IDRs.
#[derive(Debug)]
pub struct Pace {
    began: Time,
    next: Time,
    last: Option<Time>,
    /// Mean time between two pictures of the camera; `None` until two were seen.
    interval: Option<Span>,
    last_idr: Option<Time>,
}

impl Pace {
    /// A session begins now; its first picture is an IDR.
    pub fn new(now: Time) -> Self {
        Self { began: now, next: Time::default(), last: None, interval: None, last_idr: None }
    }

    /// Should a picture captured `at` be sent at `fps`? It is taken when no later one would be nearer to its
    /// place on the grid, so a camera at about that rate passes whole, whatever its jitter.
    pub fn takes(&mut self, at: Time, fps: u32) -> bool {
        let period = Span::secs(1) / i64::from(fps.max(1));
        if let Some(last) = self.last.replace(at) {
            let step = (at - last).max(Span::ZERO).min(period);
            self.interval = Some(self.interval.map_or(step, |mean| mean + (step - mean) / 8));
        }
        if at + self.interval.unwrap_or(period) / 2 < self.next {
            return false;
        }
        // On the grid while the camera keeps it; from this picture on after a pause.
        self.next = if at - self.next > period { at + period } else { self.next + period };
        true
    }

    /// Must the picture captured `at` be an IDR by the clock, with at most `gop` between two?
    pub fn idr_due(&self, at: Time, gop: Span) -> bool {
        let Some(last) = self.last_idr else { return true };
        let early = EARLY.map(|ms| self.began + Span::millis(ms));
        // Half a picture early rather than one late.
        let at = at + Span::millis(10);
        at - last >= gop || early.iter().any(|&mark| last + Span::millis(10) < mark && mark <= at)
    }

    /// Must the still picture sent `at` be an IDR by the clock? Nobody waits for longer than [`STILL_GOP`] to see it; to
    /// show it sooner at the beginning would cost more than a still picture may.
    pub fn still_idr_due(&self, at: Time) -> bool {
        self.last_idr.is_none_or(|last| at - last >= STILL_GOP - Span::millis(10))
    }

    /// An IDR was made of the picture captured `at`.
    pub fn idr_made(&mut self, at: Time) {
        self.last_idr = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    #[test]
    fn a_camera_at_the_wanted_rate_passes_whole_despite_its_jitter() {
        let mut pace = Pace::new(at(0));
        let mut random = fastrand::Rng::with_seed(1);
        let passed = (1..=3000).filter(|n| pace.takes(at(n * 100 / 3 + random.i64(-8..=8)), 30)).count();
        assert!(passed >= 2995, "{passed}");
    }

    #[test]
    fn a_faster_camera_is_thinned_out_evenly() {
        let mut pace = Pace::new(at(0));
        let times: Vec<i64> = (1..=600).map(|n| n * 100 / 6).filter(|&ms| pace.takes(at(ms), 15)).collect();
        assert!((149..=152).contains(&times.len()), "{}", times.len());
        let gaps: Vec<i64> = times.windows(2).map(|w| w[1] - w[0]).collect();
        assert!(gaps.iter().all(|gap| (49..=84).contains(gap)), "{gaps:?}");
    }

    #[test]
    fn idrs_come_often_at_first_and_then_once_a_gop() {
        let mut pace = Pace::new(at(0));
        let idrs: Vec<i64> = (0..300)
            .map(|n| n * 100 / 3)
            .filter(|&ms| {
                let due = pace.idr_due(at(ms), Span::secs(2));
                if due {
                    pace.idr_made(at(ms));
                }
                due
            })
            .collect();
        assert_eq!(idrs, [0, 166, 300, 500, 1000, 1500, 2000, 2500, 3000, 5000, 7000, 9000]);
    }
}
