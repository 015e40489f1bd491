//! How much beauty the processor can afford: skin gives way before pictures do. Pure.
//!
//! Once a second the time spent between taking a picture and its coded bytes is held against the time that passed.
//! Beyond its share, or when the camera's pictures are overtaken unread, beauty and whiteness are reduced by one step;
//! they come back a step at a time when there was room for it for ten seconds.

use crate::api::plan::Looks;
use crate::image::beauty::LIGHT;
use crate::media::{Span, Time};

/// All, light, no smoothing, nothing.
const STEPS: usize = 4;
/// Percent of the time that may be spent, and that may be after a step back.
const SHARE: i64 = 70;
const ROOM: i64 = 60;
/// One picture in this many may be overtaken.
const OVERTAKEN: u64 = 10;
/// Figures are judged this often.
const WINDOW: Span = Span::secs(1);
/// There must have been room for this long before a step back; twice as long, up to the most, after one that failed
/// within that time.
const PATIENCE: Span = Span::secs(10);
const MOST_PATIENCE: Span = Span::secs(160);

/// What one picture took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// From taking the raw picture to its coded bytes, beauty and whiteness included.
    pub all: Span,
    /// Beauty and whiteness alone.
    pub looks: Span,
    /// Raw pictures that were replaced unread meanwhile.
    pub overtaken: u64,
}

/// Decides which levels are in effect.
#[derive(Debug)]
pub struct Budget {
    wanted: Looks,
    step: usize,
    /// What each step cost when it was last in effect, in thousandths of everything else.
    cost: [i64; STEPS],
    window: Option<Window>,
    /// Since when there has been room for the step before.
    room_since: Option<Time>,
    /// When the last step back and the last reduction were made.
    back_at: Option<Time>,
    reduced_at: Option<Time>,
    patience: Span,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Time,
    pictures: u64,
    spent: Spent,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            wanted: Looks::PLAIN,
            step: 0,
            cost: [0; STEPS],
            window: None,
            room_since: None,
            back_at: None,
            reduced_at: None,
            patience: PATIENCE,
        }
    }
}

impl Budget {
    /// What of `wanted` is in effect now. A wish for nothing forgets what was found out.
    pub fn allowed(&mut self, wanted: Looks) -> Looks {
        if wanted == Looks::PLAIN {
            *self = Self::default();
        }
        self.wanted = wanted;
        self.at(self.step)
    }

    /// Takes in what a picture took that was encoded at `now`.
    pub fn note(&mut self, spent: Spent, now: Time) {
        if self.wanted == Looks::PLAIN {
            return;
        }
        let begin = Window { since: now - spent.all, pictures: 0, spent: Spent::default() };
        let window = self.window.get_or_insert(begin);
        window.pictures += 1;
        window.spent.all += spent.all;
        window.spent.looks += spent.looks;
        window.spent.overtaken += spent.overtaken;
        let Window { since, pictures, spent } = *window;
        if now - since >= WINDOW {
            self.window = None;
            self.judge(spent, pictures, (now - since).as_micros(), now);
        }
    }

    /// Judges what `pictures` took of `passed` microseconds.
    fn judge(&mut self, spent: Spent, pictures: u64, passed: i64, now: Time) {
        let (all, looks) = (spent.all.as_micros(), spent.looks.as_micros());
        let rest = (all - looks).max(1);
        self.cost[self.step] = looks.saturating_mul(1000) / rest;
        if all * 100 > passed * SHARE || spent.overtaken * OVERTAKEN > pictures {
            self.room_since = None;
            self.reduce(now);
            return;
        }
        let Some(before) = (0..self.step).rev().find(|step| self.at(*step) != self.at(self.step)) else { return };
        let expected = rest + rest.saturating_mul(self.cost[before]) / 1000;
        if expected * 100 > passed * ROOM || spent.overtaken > 0 {
            self.room_since = None;
        } else if now - *self.room_since.get_or_insert(now) >= self.patience {
            (self.step, self.room_since, self.back_at) = (before, None, Some(now));
        }
    }

    /// One step less, if there is one that changes anything.
    fn reduce(&mut self, now: Time) {
        let Some(next) = (self.step + 1..STEPS).find(|step| self.at(*step) != self.at(self.step)) else { return };
        if self.back_at.take().is_some_and(|at| now - at < self.patience) {
            self.patience = (self.patience * 2).min(MOST_PATIENCE);
        } else if self.reduced_at.is_none_or(|at| now - at > MOST_PATIENCE) {
            self.patience = PATIENCE;
        }
        (self.step, self.reduced_at) = (next, Some(now));
    }

    fn at(&self, step: usize) -> Looks {
        let Looks { beauty, whiteness } = self.wanted;
        match step {
            0 => self.wanted,
            1 => Looks { beauty: beauty.min(LIGHT), whiteness },
            2 => Looks { beauty: 0, whiteness },
            _ => Looks::PLAIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A processor that needs these milliseconds for encoding and for each level of looks.
    struct Machine {
        budget: Budget,
        now: Time,
        encode: f64,
        told: Vec<(i64, Looks)>,
    }

    const FPS: i64 = 30;

    fn looks(beauty: u32, whiteness: u32) -> Looks {
        Looks { beauty, whiteness }
    }

    fn ms(ms: f64) -> Span {
        Span::micros((ms * 1000.0) as i64)
    }

    impl Machine {
        fn new(encode: f64) -> Self {
            Self { budget: Budget::default(), now: Time::from_micros(1_000_000), encode, told: Vec::new() }
        }

        /// Runs for some seconds; what was in effect is written down with the second at which it changed.
        fn run(&mut self, wanted: Looks, seconds: i64, overtaken: u64) -> Looks {
            let period = Span::secs(1) / FPS;
            let begun = self.now;
            for picture in 0..seconds * FPS {
                let now = self.budget.allowed(wanted);
                if self.told.last().is_none_or(|(_, last)| *last != now) {
                    self.told.push(((self.now - begun).as_micros() / 1_000_000, now));
                }
                let smoothing = [0.0, 4.0, 8.0][usize::from(now.beauty > 0) + usize::from(now.beauty > LIGHT)];
                let looks = smoothing + if now.whiteness > 0 { 2.0 } else { 0.0 };
                let overtaken = if picture % 5 == 0 { overtaken } else { 0 };
                self.now += period;
                self.budget.note(Spent { all: ms(self.encode + looks), looks: ms(looks), overtaken }, self.now);
            }
            self.told.last().map(|(_, last)| *last).unwrap()
        }
    }

    #[test]
    fn a_fast_machine_keeps_what_was_asked_for() {
        let mut machine = Machine::new(8.0);
        assert_eq!(machine.run(looks(9, 9), 120, 0), looks(9, 9));
        assert_eq!(machine.told.len(), 1);
    }

    #[test]
    fn smoothing_goes_first_and_step_by_step_until_the_picture_is_in_time() {
        for (encode, wanted, left) in [
            (17.0, looks(9, 0), looks(4, 0)),
            (20.0, looks(9, 5), looks(0, 5)),
            (22.5, looks(9, 5), Looks::PLAIN),
            (40.0, looks(9, 9), Looks::PLAIN),
            (15.0, looks(3, 0), looks(3, 0)),
            (22.5, looks(0, 9), Looks::PLAIN),
        ] {
            let mut machine = Machine::new(encode);
            assert_eq!(machine.run(wanted, 60, 0), left, "{encode} ms, {wanted:?}: {:?}", machine.told);
            assert!(machine.told.iter().all(|(second, _)| *second <= 5), "{:?}", machine.told);
        }
    }

    #[test]
    fn what_was_reduced_comes_back_step_by_step_after_ten_seconds_of_room() {
        let mut machine = Machine::new(25.0);
        assert_eq!(machine.run(looks(9, 9), 10, 0), Looks::PLAIN);
        machine.encode = 8.0;
        machine.told.clear();
        assert_eq!(machine.run(looks(9, 9), 60, 0), looks(9, 9));
        let steps: Vec<Looks> = machine.told.iter().map(|(_, looks)| *looks).collect();
        assert_eq!(steps, [Looks::PLAIN, looks(0, 9), looks(4, 9), looks(9, 9)]);
        assert!(machine.told.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 10), "{:?}", machine.told);
    }

    #[test]
    fn a_machine_at_its_limit_does_not_swing() {
        // Level 9 needs 25 of 33 ms, which is too much; level 4 leaves room that 9 is known not to fit into.
        let mut machine = Machine::new(17.0);
        machine.run(looks(9, 0), 600, 0);
        assert_eq!(machine.told.len(), 2, "{:?}", machine.told);
        // One whose figures lie: each step back fails, and is tried less and less often.
        let mut machine = Machine::new(8.0);
        for _ in 0..600 {
            let overtaken = u64::from(machine.budget.step == 0);
            machine.run(looks(9, 0), 1, overtaken);
        }
        assert!((8..=20).contains(&machine.told.len()), "{:?}", machine.told);
    }

    #[test]
    fn pictures_that_are_overtaken_count_whatever_the_clock_says() {
        let mut machine = Machine::new(5.0);
        assert_eq!(machine.run(looks(9, 0), 20, 1), Looks::PLAIN);
    }

    #[test]
    fn one_who_asks_for_nothing_and_then_again_begins_anew() {
        let mut machine = Machine::new(25.0);
        assert_eq!(machine.run(looks(9, 9), 10, 0), Looks::PLAIN);
        machine.encode = 5.0;
        machine.run(Looks::PLAIN, 1, 0);
        assert_eq!(machine.run(looks(7, 0), 1, 0), looks(7, 0));
    }

    #[test]
    fn a_machine_that_manages_a_picture_in_two_seconds_is_told_from_one_that_is_given_no_more() {
        let mut budget = Budget::default();
        budget.allowed(looks(9, 9));
        for picture in 1..=6 {
            let spent = Spent { all: ms(2000.0), looks: ms(1500.0), overtaken: 0 };
            budget.note(spent, Time::from_micros(picture * 2_000_000));
        }
        assert_eq!(budget.allowed(looks(9, 9)), Looks::PLAIN);
    }

    #[test]
    fn a_pause_is_no_shortage() {
        let mut budget = Budget::default();
        assert_eq!(budget.allowed(looks(9, 9)), looks(9, 9));
        for second in 0..20 {
            let spent = Spent { all: ms(30.0), looks: ms(2.0), overtaken: 0 };
            budget.note(spent, Time::from_micros(second * 5_000_000));
        }
        assert_eq!(budget.allowed(looks(9, 9)), looks(9, 9));
    }
}
