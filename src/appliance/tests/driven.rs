//! Terminals whose time is driven, held against their rules after every step, over many seeds.

use super::*;
use std::collections::BTreeSet;

/// A terminal, its time, and what has happened to it.
pub struct Terminal {
    pub appliance: Appliance,
    pub now: Time,
    /// Numbers of the events that were told.
    pub seen: BTreeSet<i32>,
    pub story: Vec<String>,
}

impl Terminal {
    pub fn new(wish: Settings, seed: u64) -> Self {
        let appliance = Appliance::new(wish, &board(), vec![], seed, at(0));
        Self { appliance, now: at(0), seen: BTreeSet::new(), story: vec![] }
    }
}

/// A terminal, and what a test knows of it.
pub trait World {
    fn terminal(&mut self) -> &mut Terminal;

    /// Whose events are judged.
    fn judges(object: &Object) -> bool;

    /// The terminal does something.
    fn effect(&mut self, effect: Effect);

    /// It tells an event: one that may come now.
    fn told(&mut self, told: &Happening);

    /// It has told everything.
    fn heard(&mut self);

    /// What is true after every step.
    fn holds(&mut self);

    fn input(&mut self, input: Input) {
        let it = self.terminal();
        it.story.push(format!("{} {input:?}", it.now.as_millis()));
        it.appliance.handle(input, it.now);
        self.drain();
        // What is due at once is done at once, as by the thread that asks for deadlines.
        let it = self.terminal();
        if it.appliance.deadline().is_some_and(|due| due <= it.now) {
            it.appliance.handle(Input::Time, it.now);
            self.drain();
        }
        self.holds();
        let it = self.terminal();
        assert!(it.appliance.deadline().is_none_or(|due| due > it.now), "what is due was not done");
        // Asked again at the same moment it has nothing to add.
        it.appliance.handle(Input::Time, it.now);
        assert!(it.appliance.poll().is_none(), "not idempotent");
    }

    fn drain(&mut self) {
        while let Some(output) = self.terminal().appliance.poll() {
            match output {
                Output::Effect(effect) => self.effect(effect),
                Output::Happened(told) if Self::judges(&told.object) => {
                    let it = self.terminal();
                    it.seen.insert(told.code.number);
                    it.story.push(format!("    {} {}", told.code.number, told.detail));
                    self.told(&told);
                }
                Output::Happened(_) => {}
            }
        }
        self.heard();
    }

    /// Lets time pass, waking the terminal at each of its deadlines.
    fn pass(&mut self, ms: i64) {
        let to = self.terminal().now + Span::millis(ms);
        while let Some(due) = self.terminal().appliance.deadline().filter(|&due| due <= to) {
            let it = self.terminal();
            it.now = it.now.max(due);
            self.input(Input::Time);
        }
        self.terminal().now = to;
    }
}

/// Plays `worlds` of them, or as many as `VISAVIS_SEEDS` says; the numbers of the events they told.
pub fn over_seeds<W: World>(worlds: u64, new: fn(u64) -> W, play: fn(&mut W, &mut fastrand::Rng)) -> BTreeSet<i32> {
    let worlds = std::env::var("VISAVIS_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(worlds);
    let mut seen = BTreeSet::new();
    for seed in 0..worlds {
        let (mut world, mut random) = (new(seed), fastrand::Rng::with_seed(seed));
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play(&mut world, &mut random)));
        let it = world.terminal();
        if played.is_err() {
            let from = it.story.len().saturating_sub(40);
            panic!("seed {seed}:\n{}", it.story[from..].join("\n"));
        }
        seen.append(&mut it.seen);
    }
    seen
}
