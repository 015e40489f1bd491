//! The watchdog's rule: it is fed only after every thread has gone round since it was last asked to.
//!
//! A thread that waits for a picture, a sound or an order that does not come sleeps rightly and is not hung. So
//! none is judged by how long it was quiet: each is asked, which wakes it, and has to go round its loop. One that
//! is stuck in a driver, a lock or a loop does not, and then the service manager hears nothing any more.

use crate::media::{Span, Time};

/// From one question to the next, if the watchdog leaves so much time.
const ROUND: Span = Span::secs(3);
/// A thread that was asked this long ago is worth a line in the log.
const WORRY: Span = Span::secs(5);

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Every thread is to be asked.
    pub ask: bool,
    /// All have answered: the watchdog is to be fed.
    pub feed: bool,
    /// This one has not answered for long; said once.
    pub silent: Option<&'static str>,
}

/// See the module's head.
#[derive(Debug)]
pub struct Vigil {
    round: Span,
    /// The question that is not yet answered by all.
    open: Option<Time>,
    next: Time,
    told: bool,
}

impl Vigil {
    /// Begins at `now`. The service manager waits for `limit` between two feedings, if it waits at all.
    pub fn new(limit: Option<Span>, now: Time) -> Self {
        let round = limit.map_or(ROUND, |limit| ROUND.min(limit / 4));
        Self { round, open: None, next: now, told: false }
    }

    /// Looks at when each thread last went round.
    pub fn turn(&mut self, threads: impl IntoIterator<Item = (&'static str, Time)>, now: Time) -> Turn {
        let mut turn = Turn::default();
        if let Some(asked) = self.open {
            match threads.into_iter().find(|(_, last)| *last < asked) {
                None => (turn.feed, self.open, self.told) = (true, None, false),
                Some((name, _)) if now - asked >= WORRY && !self.told => {
                    (turn.silent, self.told) = (Some(name), true);
                }
                Some(_) => {}
            }
        }
        if self.open.is_none() && self.next <= now {
            (turn.ask, self.open, self.next) = (true, Some(now), now + self.round);
        }
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    /// Ten threads for `seconds`, looked at every 200 ms; `answers(thread, asked)` says when each goes round after
    /// a question. Gives the times of feeding and who was told of.
    fn watch(seconds: i64, answers: impl Fn(usize, i64) -> Option<i64>) -> (Vec<i64>, Vec<&'static str>) {
        const NAMES: [&str; 10] = ["cam", "venc", "mic", "play", "vdec", "show", "spk", "net", "a", "b"];
        let mut vigil = Vigil::new(Some(Span::secs(15)), at(0));
        let mut beats: Vec<Vec<i64>> = vec![vec![0]; NAMES.len()];
        let (mut fed, mut told) = (Vec::new(), Vec::new());
        for now in (0..seconds * 1000).step_by(200) {
            let last = |beats: &Vec<i64>| beats.iter().copied().filter(|beat| *beat <= now).max().unwrap_or(0);
            let threads: Vec<_> = NAMES.into_iter().zip(beats.iter().map(|beats| at(last(beats)))).collect();
            let turn = vigil.turn(threads, at(now));
            if turn.feed {
                fed.push(now);
            }
            told.extend(turn.silent);
            if turn.ask {
                for (number, beats) in beats.iter_mut().enumerate() {
                    beats.extend(answers(number, now).map(|delay| now + delay));
                }
            }
        }
        (fed, told)
    }

    #[test]
    fn threads_that_answer_keep_the_watchdog_fed_however_quiet_they_are() {
        let (fed, told) = watch(600, |thread, _| Some(thread as i64 * 20));
        let gaps = fed.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.max().is_some_and(|gap| gap <= 4000) && fed.len() >= 150, "{fed:?}");
        assert_eq!(told, [""; 0]);
    }

    #[test]
    fn one_thread_that_hangs_starves_the_watchdog_and_is_named_once() {
        let (fed, told) = watch(120, |thread, asked| (thread != 4 || asked < 30_000).then_some(0));
        assert!(fed.iter().all(|at| *at <= 31_000) && fed.len() >= 9, "{fed:?}");
        assert_eq!(told, ["vdec"]);
    }

    #[test]
    fn a_thread_that_is_slow_and_comes_back_is_forgiven() {
        // Eight seconds in a driver: told of, and the watchdog of 15 s is fed before it bites.
        let slow = |thread, asked| Some(if thread == 0 && asked == 30_000 { 8000 } else { 0 });
        let (fed, told) = watch(120, slow);
        assert!(fed.windows(2).all(|pair| pair[1] - pair[0] < 15_000), "{fed:?}");
        assert_eq!((told, fed.last().is_some_and(|at| *at > 110_000)), (vec!["cam"], true));
    }

    #[test]
    fn a_short_watchdog_is_fed_in_time_too() {
        let mut vigil = Vigil::new(Some(Span::secs(2)), at(0));
        let mut fed = vec![0];
        for now in (0..20_000).step_by(100) {
            if vigil.turn([("cam", at(now))], at(now)).feed {
                fed.push(now);
            }
        }
        assert!(fed.windows(2).all(|pair| pair[1] - pair[0] <= 1000), "{fed:?}");
    }
}
