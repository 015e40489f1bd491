//! A hundred thousand presses of bad contacts: each does exactly one thing.

use super::*;
use fastrand::Rng;

const TRACES: u64 = 100_000;

/// A trace under construction, in microseconds.
struct Trace {
    rng: Rng,
    now: i64,
    edges: Vec<(bool, i64)>,
}

impl Trace {
    /// The contact goes to `active` with up to ten bounces within 25 ms.
    fn bounce(&mut self, active: bool) {
        let bounces = self.rng.usize(0..=10);
        let mut stamps: Vec<i64> = (0..bounces * 2).map(|_| self.rng.i64(1..25_000)).collect();
        stamps.push(0);
        stamps.sort_unstable();
        for (number, after) in stamps.iter().enumerate() {
            self.edges.push((active == (number % 2 == 0), self.now + after));
        }
        self.now += stamps.last().copied().unwrap_or_default();
    }

    /// Time passes at this level, now and then with a spike shorter than the debounce in its middle.
    fn stay(&mut self, active: bool, ms: std::ops::Range<i64>) {
        let length = self.rng.i64(ms) * 1000 + self.rng.i64(0..1000);
        if self.rng.u8(0..3) == 0 {
            let spike = self.now + length / 2;
            self.edges.push((!active, spike));
            self.edges.push((active, spike + self.rng.i64(1..29_000)));
        }
        self.now += length;
    }
}

/// Feeds the trace to a thread that is never punctual: it reads edges and the clock up to 40 ms late.
fn play(gestures: &mut Gestures, trace: &mut Trace) -> Vec<Gesture> {
    let mut edges = std::mem::take(&mut trace.edges).into_iter().peekable();
    let mut now = 0;
    while now < trace.now {
        now += trace.rng.i64(100..40_000);
        while let Some((active, stamp)) = edges.next_if(|(_, stamp)| *stamp <= now) {
            gestures.edge(0, active, Time::from_micros(stamp));
        }
        gestures.tick(Time::from_micros(now));
    }
    std::iter::from_fn(|| gestures.poll()).map(|sign| sign.gesture).collect()
}

#[test]
fn exactly_one_action_a_press_in_a_hundred_thousand_bad_contacts() {
    for seed in 0..TRACES {
        let mut trace = Trace { rng: Rng::with_seed(seed), now: 1000, edges: Vec::new() };
        let kind = if trace.rng.bool() { BOTH } else { PLAIN };
        let mut expected = Vec::new();
        for _ in 0..trace.rng.usize(1..=2) {
            trace.bounce(true);
            if kind == BOTH && trace.rng.u8(0..8) == 0 {
                trace.stay(true, 3100..9500);
                expected.push(Gesture::Long);
            } else {
                trace.stay(true, 120..2900);
                expected.push(Gesture::Short);
            }
            trace.bounce(false);
            trace.stay(false, 450..2000);
        }
        let mut gestures = Gestures::new([kind]);
        gestures.opened(0, false, Time::default());
        assert_eq!(play(&mut gestures, &mut trace), expected, "seed {seed}");
        assert_eq!(gestures.deadline(), None, "seed {seed}: nothing is owed");
    }
}
