//! When a picture may be given to the driver, when it is seen, and when the driver counts as stuck.

use crate::media::{Span, Time};

/// The driver says that a picture is on the screen within this time, or it is asked again, and then given up.
const PATIENCE: Span = Span::secs(1);

/// What to do about a picture the driver has not yet shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// None is under way: the next may be given.
    Free,
    /// Wait for the driver, until then.
    Wait(Time),
    /// Give it again.
    Again,
    /// The driver is stuck.
    Stuck,
}

/// The rhythm of one screen.
///
/// A driver with vertical blanks tells with each picture when it was drawn, and counts. One without (a virtual
/// screen) takes a picture at once and counts nothing: there the rhythm of the mode is kept here, so that no more
/// pictures are drawn than anybody could see.
#[derive(Debug)]
pub struct Pace {
    period: Span,
    /// When the last picture was seen.
    last: Option<Time>,
    /// The driver has vertical blanks.
    counts: bool,
    /// When the picture under way was given, and whether it was given twice.
    given: Option<(Time, bool)>,
}

impl Pace {
    /// For a mode that draws `rate` pictures a second, in thousandths.
    pub fn new(rate: u32) -> Self {
        let period = Span::micros(1_000_000_000 / i64::from(rate.max(1000)));
        Self { period, last: None, counts: false, given: None }
    }

    /// When the next picture may be given to the driver, once none is under way.
    pub fn next(&self, now: Time) -> Time {
        let earliest = self.last.filter(|_| !self.counts).map_or(now, |last| last + self.period);
        // A clock or a stamp that jumped must not hold pictures back.
        if earliest - now > self.period { now } else { earliest.max(now) }
    }

    /// When a picture given at `now` is seen.
    pub fn visible(&self, now: Time) -> Time {
        match self.last.filter(|last| self.counts && *last <= now) {
            Some(last) => {
                let periods = (now - last).as_micros() / self.period.as_micros().max(1) + 1;
                last + Span::micros(periods * self.period.as_micros())
            }
            None => now,
        }
    }

    /// A picture was given to the driver at `now`.
    pub fn given(&mut self, now: Time) {
        self.given = Some((now, self.given.is_some()));
    }

    /// The driver says at `now` that it was seen at `at`, as picture number `count` (0: it does not count).
    pub fn seen(&mut self, at: Time, count: u32, now: Time) {
        self.given = None;
        self.counts = count != 0;
        // A driver without vertical blanks may give no time, or a strange one.
        let believable = at <= now && now - at <= PATIENCE;
        self.last = Some(if believable { at } else { now });
    }

    /// What to do about the picture under way.
    pub fn verdict(&self, now: Time) -> Verdict {
        match self.given {
            None => Verdict::Free,
            Some((at, _)) if now < at + PATIENCE => Verdict::Wait(at + PATIENCE),
            Some((_, false)) => Verdict::Again,
            Some((_, true)) => Verdict::Stuck,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Span = Span::micros(16_666);

    fn at(ms: i64) -> Time {
        Time::default() + Span::secs(1000) + Span::millis(ms)
    }

    /// A simulated screen: pictures come every `every`, the driver shows at vertical blanks or at once. Returns how
    /// many were seen, how old each was when it was, and the shortest time between two.
    fn run(every: Span, vblank: bool) -> (usize, Span, Span) {
        let (mut pace, end) = (Pace::new(60_000), at(2000));
        let (mut now, mut newest, mut drawn) = (at(0), None, None::<Time>);
        let (mut made, mut seen, mut oldest) = (at(0), Vec::new(), Span::ZERO);
        while now < end {
            if made <= now {
                newest = Some(made);
                made += every;
            }
            if let Some(shown) = drawn.filter(|shown| *shown <= now) {
                pace.seen(shown, u32::from(vblank), now);
                drawn = None;
            }
            if pace.verdict(now) == Verdict::Free
                && pace.next(now) <= now
                && let Some(picture) = newest.take()
            {
                let blank = (now - at(0)).as_micros() / PERIOD.as_micros() + 1;
                let shown = if vblank { at(0) + Span::micros(blank * PERIOD.as_micros()) } else { now };
                if pace.last.is_some() {
                    assert!((pace.visible(now) - shown).as_micros().abs() <= 1, "it is known beforehand");
                }
                pace.given(now);
                drawn = Some(shown);
                oldest = oldest.max(shown - picture);
                seen.push(shown);
            }
            now += Span::micros(250);
        }
        let gaps = seen.windows(2).map(|pair| pair[1] - pair[0]);
        (seen.len(), oldest, gaps.min().unwrap_or_default())
    }

    #[test]
    fn no_more_is_shown_than_the_screen_draws_and_the_newest_wins() {
        for (every, vblank, expected) in [
            (Span::micros(33_333), true, 58..=61),
            (Span::micros(33_333), false, 58..=61),
            (Span::micros(4_000), true, 115..=121),
            (Span::micros(4_000), false, 115..=121),
            (Span::micros(16_600), false, 115..=121),
        ] {
            let (count, oldest, gap) = run(every, vblank);
            assert!(expected.contains(&count), "{count} at {every:?}, {vblank}");
            assert!(gap >= PERIOD - Span::micros(1), "{gap:?} at {every:?}, {vblank}");
            // Under way for a blank at most, and never waited behind another.
            assert!(oldest <= PERIOD + PERIOD + Span::millis(1), "{oldest:?} at {every:?}, {vblank}");
        }
    }

    #[test]
    fn a_silent_driver_is_asked_again_and_then_given_up() {
        let mut pace = Pace::new(60_000);
        assert_eq!(pace.verdict(at(0)), Verdict::Free);
        pace.given(at(0));
        assert_eq!(pace.verdict(at(999)), Verdict::Wait(at(1000)));
        assert_eq!(pace.verdict(at(1000)), Verdict::Again);
        pace.given(at(1000));
        assert_eq!(pace.verdict(at(1999)), Verdict::Wait(at(2000)));
        assert_eq!(pace.verdict(at(2000)), Verdict::Stuck);
        pace.seen(at(2001), 7, at(2001));
        assert_eq!(pace.verdict(at(2001)), Verdict::Free);
        pace.given(at(2002));
        assert_eq!(pace.verdict(at(3002)), Verdict::Again, "an answer makes good");
    }

    #[test]
    fn stamps_that_can_not_be_are_not_believed() {
        for stamp in [Time::default(), at(5000), at(-2000)] {
            let mut pace = Pace::new(0);
            pace.seen(stamp, 0, at(0));
            assert_eq!(pace.last, Some(at(0)));
            assert!(pace.next(at(0)) - at(0) <= Span::secs(1));
            assert_eq!(pace.next(at(-9000)), at(-9000), "a clock that stepped back");
        }
    }
}
