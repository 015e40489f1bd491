//! Which of the machine's coders is used: the best one until it fails too often, then the next.

use crate::device::{CoderDriver, DeviceError, Fault};
use crate::media::{Span, Time};

/// The coders of the machine, the best first, and the one in use.
pub struct Choice<B: ?Sized> {
    drivers: Vec<CoderDriver<B>>,
    tolerance: Tolerance,
    current: usize,
    /// When it failed lately.
    failures: Vec<Time>,
    /// When it took over from another one.
    since: Option<Time>,
}

/// How many failures within how long make the next coder take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    pub failures: usize,
    pub within: Span,
}

/// One coder takes over from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    pub from: &'static str,
    pub to: &'static str,
    /// The one that failed is hardware.
    pub hardware: bool,
}

impl<B: ?Sized> Choice<B> {
    /// Begins with the first of `drivers`.
    pub fn new(drivers: Vec<CoderDriver<B>>, tolerance: Tolerance) -> Self {
        Self { drivers, tolerance, current: 0, failures: Vec::new(), since: None }
    }

    /// The one in use; an error where the machine has none.
    pub fn driver(&self) -> Result<&CoderDriver<B>, DeviceError> {
        self.drivers.get(self.current).ok_or_else(|| DeviceError::new(Fault::Missing, "coder", "this machine has none"))
    }

    /// There is one to take over.
    pub fn has_next(&self) -> bool {
        self.current + 1 < self.drivers.len()
    }

    /// It failed `now`, being built or at work: who takes over. The last one never gives way.
    pub fn failed(&mut self, now: Time) -> Option<Switch> {
        self.failures.retain(|at| now - *at < self.tolerance.within);
        self.failures.push(now);
        let (from, to) = self.drivers.get(self.current).zip(self.drivers.get(self.current + 1))?;
        if self.failures.len() < self.tolerance.failures {
            return None;
        }
        let switch = Switch { from: from.name, to: to.name, hardware: from.hardware };
        (self.current, self.since) = (self.current + 1, Some(now));
        self.failures.clear();
        Some(switch)
    }

    /// Something new begins: the best one gets another chance when its failure is longer ago than `rest`.
    pub fn renew(&mut self, rest: Span, now: Time) {
        if self.since.is_some_and(|since| now - since > rest) {
            (self.current, self.since) = (0, None);
            self.failures.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Nothing = dyn Fn() + Send;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    fn choice(names: &[&'static str], failures: usize) -> Choice<Nothing> {
        let driver = |&name| CoderDriver { name, hardware: name == "chip", build: Box::new(|| {}) as Box<Nothing> };
        Choice::new(names.iter().map(driver).collect(), Tolerance { failures, within: Span::secs(10) })
    }

    fn used(choice: &Choice<Nothing>) -> &'static str {
        choice.driver().map_or("none", |driver| driver.name)
    }

    #[test]
    fn three_failures_in_ten_seconds_bring_the_next_one_and_the_last_is_tried_for_ever() {
        let mut choice = choice(&["chip", "code"], 3);
        for ms in [0, 9_000, 18_000] {
            assert_eq!(choice.failed(at(ms)), None, "no three of them are within ten seconds");
        }
        assert!(used(&choice) == "chip" && choice.has_next());
        assert_eq!(choice.failed(at(18_500)), Some(Switch { from: "chip", to: "code", hardware: true }));
        for ms in (20_000..100_000).step_by(300) {
            assert_eq!((used(&choice), choice.failed(at(ms)), choice.has_next()), ("code", None, false));
            assert!(choice.failures.len() < 40, "what is long ago is forgotten");
        }
    }

    #[test]
    fn where_one_failure_is_too_many_the_next_takes_over_at_once_and_the_best_has_another_chance_later() {
        let mut choice = choice(&["chip", "other", "code"], 1);
        assert_eq!(choice.failed(at(0)).map(|switch| switch.to), Some("other"));
        assert_eq!(choice.failed(at(1)).map(|switch| (switch.to, switch.hardware)), Some(("code", false)));
        choice.renew(Span::secs(60), at(60_000));
        assert_eq!(used(&choice), "code", "not long enough ago");
        choice.renew(Span::secs(60), at(60_002));
        assert_eq!(used(&choice), "chip");
    }

    #[test]
    fn a_machine_without_any_says_so() {
        let mut choice = choice(&[], 1);
        assert_eq!(choice.driver().err().map(|error| error.fault), Some(Fault::Missing));
        assert_eq!(choice.failed(at(0)), None);
    }
}
