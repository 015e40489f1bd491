//! When to try again: three quick tries, then a long breath, for ever.
//!
//! A try is a stretch of time, not one packet: a server that refuses TCP at once (it is being restarted) is
//! knocked at every tenth of a second until the next try would begin, so that a call is back within a
//! fraction of a second of its server.

use crate::media::{Span, Time};

/// Delay before each of the three tries.
const TRIES: [Span; 3] = [Span::millis(500), Span::millis(1500), Span::millis(3000)];
/// Each delay is varied by up to this part of it, so that a thousand terminals do not return in step.
const SPREAD: f64 = 0.25;
/// How long the last try knocks.
const LAST_TRY: Span = Span::secs(4);
/// Between two knocks within one try: two packets of 60 bytes and no work for either side.
const KNOCK: Span = Span::millis(100);
/// The long breath after three failed tries: full jitter between the first figure and the second, which
/// doubles with every cycle up to the third.
const BREATH: (Span, Span, Span) = (Span::secs(5), Span::secs(10), Span::secs(60));
/// Shortest breath after a refusal: the name is in use or the signature is wrong, and haste will not mend it.
const REFUSED_BREATH: Span = Span::secs(30);
/// The breath while nobody sends: a twentieth of the time that was waited already, between these.
const ABSENT_BREATH: (i64, Span, Span) = (20, Span::secs(2), Span::secs(10));
/// The breath after a silence: whoever speaks again is to be heard at once, and listening in vain takes seconds by itself.
const SILENT_BREATH: Span = Span::millis(500);
/// A running session may be silent for so long. Given up for silence it is listened to for twice as long each time, up
/// to the second figure: its server is well, and to come again means to be given the same past again.
pub const PATIENCE: (Span, Span) = (Span::secs(5), Span::secs(60));

/// What kind of end a session came to, as far as trying again is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// TCP was refused: cheap to try again.
    NoConnection,
    /// The server understood and said no.
    Refused,
    /// The way was lost and another one is there: the first try is at once.
    Moved,
    /// The server is well, and nobody sends yet: who comes is to be seen soon.
    Absent,
    /// The server is well and gave what it had kept; its sender is silent.
    Silent,
    /// Anything else.
    Lost,
}

/// What to do after a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same try goes on at this time.
    Knock { at: Time },
    /// Try number `attempt` (1..=3) is at this time.
    Try { at: Time, attempt: u32 },
    /// Three tries failed; a new cycle may begin at this time.
    GiveUp { again: Time },
    /// Given up before for a refusal, an absence or a silence, and met with the same again: one try more is at this time.
    Wait { again: Time },
}

/// Counts tries and draws delays; seeded, so that a simulation repeats.
#[derive(Clone, Debug)]
pub struct Retry {
    attempt: u32,
    cycle: u32,
    /// The running try knocks until then.
    until: Option<Time>,
    /// What the last cycle was given up for and when, if it was a refusal, an absence or a silence: until something else
    /// happens, one try at a time is enough.
    given_up: Option<(Ending, Time)>,
    /// Sessions in a row that were silent since then.
    listened: u32,
    random: fastrand::Rng,
}

impl Retry {
    /// No failure yet. `seed` varies the delays.
    pub fn new(seed: u64) -> Self {
        Self { attempt: 0, cycle: 0, until: None, given_up: None, listened: 0, random: fastrand::Rng::with_seed(seed) }
    }

    /// The session proved good: the next failure is a first one.
    pub fn established(&mut self) {
        (self.attempt, self.cycle, self.until, self.given_up, self.listened) = (0, 0, None, None, 0);
    }

    /// How long the next session may be silent, once something came, before it is taken for lost.
    pub fn patience(&self) -> Span {
        let (first, longest) = PATIENCE;
        (first * (1 << self.listened.min(8))).min(longest)
    }

    /// A session, or the attempt at one, ended at `now`.
    pub fn ended(&mut self, ending: Ending, now: Time) -> Verdict {
        if let Some((_, since)) = self.given_up.filter(|(what, _)| *what == ending) {
            self.listened += u32::from(ending == Ending::Silent);
            return Verdict::Wait { again: now + self.breath(ending, now - since) };
        }
        (self.given_up, self.listened) = (None, 0);
        if let (Ending::NoConnection, Some(until)) = (ending, self.until) {
            if now + KNOCK < until {
                return Verdict::Knock { at: now + KNOCK };
            }
            if let Some(verdict) = self.next_try(until.max(now)) {
                return verdict;
            }
        } else if let Some(&delay) = TRIES.get(self.attempt as usize) {
            let at_once = ending == Ending::Moved && self.attempt == 0;
            let at = if at_once { now } else { now + self.vary(delay) };
            if let Some(verdict) = self.next_try(at) {
                return verdict;
            }
        }
        self.give_up(ending, now)
    }

    fn next_try(&mut self, at: Time) -> Option<Verdict> {
        if self.attempt as usize >= TRIES.len() {
            return None;
        }
        self.attempt += 1;
        let lasts = TRIES.get(self.attempt as usize).map_or(LAST_TRY, |&next| self.vary(next));
        self.until = Some(at + lasts);
        Some(Verdict::Try { at, attempt: self.attempt })
    }

    fn give_up(&mut self, ending: Ending, now: Time) -> Verdict {
        let patient = matches!(ending, Ending::Refused | Ending::Absent | Ending::Silent);
        (self.attempt, self.until, self.given_up) = (0, None, patient.then_some((ending, now)));
        self.listened = u32::from(ending == Ending::Silent);
        Verdict::GiveUp { again: now + self.breath(ending, Span::ZERO) }
    }

    /// How long to wait after an `ending` that has been so for `since`.
    fn breath(&mut self, ending: Ending, since: Span) -> Span {
        match ending {
            Ending::Silent => return self.vary(SILENT_BREATH),
            Ending::Absent => {
                let (part, shortest, longest) = ABSENT_BREATH;
                let span = Span::micros(since.as_micros() / part).max(shortest).min(longest);
                return self.vary(span);
            }
            _ => {}
        }
        let (shortest, first, longest) = BREATH;
        let bound = (first * (1 << self.cycle.min(8))).min(longest);
        let floor = if ending == Ending::Refused { REFUSED_BREATH } else { shortest };
        let span = Span::micros(self.random.i64(floor.as_micros()..=bound.max(floor * 2).as_micros()));
        self.cycle += 1;
        span.min(longest)
    }

    fn vary(&mut self, span: Span) -> Span {
        let factor = 1.0 + SPREAD * (2.0 * self.random.f64() - 1.0);
        Span::micros((span.as_micros() as f64 * factor) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::RangeInclusive;

    /// Plays endings that come at once until the rule gives up; returns the moments of tries and knocks in ms.
    fn play(retry: &mut Retry, ending: Ending) -> (Vec<(i64, u32)>, usize, i64, i64) {
        let (mut now, mut tries, mut knocks) = (Time::default(), Vec::new(), 0);
        loop {
            match retry.ended(ending, now) {
                Verdict::Knock { at } => (now, knocks) = (at, knocks + 1),
                Verdict::Try { at, attempt } => {
                    tries.push((at.as_millis(), attempt));
                    now = at;
                }
                Verdict::GiveUp { again } | Verdict::Wait { again } => {
                    return (tries, knocks, now.as_millis(), (again - now).as_millis());
                }
            }
        }
    }

    #[test]
    fn a_lost_link_is_tried_three_times_with_growing_varied_delays() {
        for seed in 0..1000 {
            let (tries, knocks, _, breath) = play(&mut Retry::new(seed), Ending::Lost);
            assert_eq!(tries.iter().map(|t| t.1).collect::<Vec<_>>(), [1, 2, 3]);
            let gaps = [tries[0].0, tries[1].0 - tries[0].0, tries[2].0 - tries[1].0];
            for (gap, nominal) in gaps.iter().zip([500, 1500, 3000]) {
                assert!((nominal * 3 / 4 - 1..=nominal * 5 / 4 + 1).contains(gap), "seed {seed}: {gaps:?}");
            }
            assert_eq!(knocks, 0);
            assert!((5_000..=10_000).contains(&breath), "{breath}");
        }
    }

    #[test]
    fn a_refusing_port_is_knocked_at_so_that_its_return_is_noticed_within_a_tenth_of_a_second() {
        for seed in 0..1000 {
            let (tries, knocks, last, _) = play(&mut Retry::new(seed), Ending::NoConnection);
            assert_eq!(tries.len(), 3);
            assert!((6_500..=10_500).contains(&last), "{last}");
            assert!((60..=105).contains(&knocks), "{knocks}");
        }
    }

    #[test]
    fn a_device_with_another_address_tries_at_once_and_then_like_everybody() {
        let (tries, ..) = play(&mut Retry::new(3), Ending::Moved);
        assert_eq!((tries[0], tries.len()), ((0, 1), 3));
        assert!(tries[1].0 > 1000, "{tries:?}");
    }

    #[test]
    fn breaths_grow_to_a_minute_and_never_end() {
        let mut retry = Retry::new(7);
        let breaths: Vec<i64> = (0..200).map(|_| play(&mut retry, Ending::Lost).3).collect();
        assert!(breaths.iter().all(|b| (5_000..=60_000).contains(b)), "{breaths:?}");
        assert!(breaths[10..].iter().any(|&b| b > 50_000));
    }

    /// Three tries, and then one at a time with a breath of so many ms; another trouble is met as ever, with a breath
    /// `after` it.
    fn is_met_with_patience(ending: Ending, breaths: RangeInclusive<i64>, after: RangeInclusive<i64>) {
        for seed in 0..100 {
            let mut retry = Retry::new(seed);
            for tries in [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] {
                let (tried, _, _, breath) = play(&mut retry, ending);
                assert!(tried.len() == tries && breaths.contains(&breath), "{tried:?} {breath}");
            }
            let (tried, _, _, breath) = play(&mut retry, Ending::Lost);
            assert!(tried.len() == 3 && after.contains(&breath), "{tried:?} {breath}");
            assert_eq!(retry.patience(), PATIENCE.0);
        }
    }

    #[test]
    fn a_refusal_is_met_with_patience_three_tries_and_then_two_a_minute_at_most() {
        is_met_with_patience(Ending::Refused, 30_000..=60_000, 5_000..=60_000);
    }

    #[test]
    fn who_is_absent_is_looked_for_every_two_seconds_at_first_and_every_ten_in_the_end() {
        is_met_with_patience(Ending::Absent, 1_500..=2_500, 5_000..=10_000);
        let (mut retry, mut now, mut waits) = (Retry::new(5), Time::default(), Vec::new());
        while waits.len() < 200 {
            let at = match retry.ended(Ending::Absent, now) {
                Verdict::Try { at, .. } | Verdict::Knock { at } => at,
                Verdict::GiveUp { again } | Verdict::Wait { again } => {
                    waits.push((again - now).as_millis());
                    again
                }
            };
            now = at;
        }
        assert!(waits[..15].iter().all(|wait| (1_500..=2_500).contains(wait)), "{waits:?}");
        assert!(waits[100..].iter().all(|wait| (7_500..=12_500).contains(wait)), "{waits:?}");
    }

    #[test]
    fn a_silence_is_tried_three_times_and_then_listened_to_without_a_long_breath() {
        is_met_with_patience(Ending::Silent, 375..=625, 5_000..=10_000);
    }

    #[test]
    fn a_good_session_wipes_the_slate() {
        let mut retry = Retry::new(1);
        play(&mut retry, Ending::Lost);
        retry.ended(Ending::Lost, Time::default());
        retry.established();
        assert!(matches!(retry.ended(Ending::Lost, Time::default()), Verdict::Try { attempt: 1, .. }));
    }
}
