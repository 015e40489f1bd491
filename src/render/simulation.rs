//! Hours with two clocks that disagree, and a device whose delay is told in jerks.

use super::*;

/// Telephone sound, so that hours are short.
const NARROW: SoundFormat = SoundFormat { rate: 8000, channels: 1 };
const PIECE: usize = 160;

/// What came of a run.
#[derive(Debug)]
struct Heard {
    /// How far off its moment sound was at most, after the first 15 s.
    worst: Span,
    /// When the difference of the clocks was known to 600 ppm, for good.
    known: Span,
    missing: Span,
    drift: f64,
}

/// A card whose clock is off by `ppm` plays for `length`; its delay is told with up to `jerk` of error.
fn run(ppm: i64, length: Span, jerk: Span) -> Heard {
    let mut random = fastrand::Rng::with_seed(ppm.unsigned_abs());
    let mut render = Render::new(NARROW);
    let mut clock = crate::voice::SampleClock::new(NARROW.rate);
    let start = Time::from_micros(1_000_000);
    let (mut due, mut pulled) = (start, 0_i64);
    // A wave of 200 Hz: each piece goes on where the one before ended.
    let turn = std::f64::consts::TAU / 40.0;
    let wave = |n: usize| 5000.0 * (n as f64 * turn).sin() + 3000.0 * (3.0 * n as f64 * turn).sin();
    let piece: Vec<i16> = (0..PIECE).map(|n| wave(n) as i16).collect();
    let mut heard = Heard { worst: Span::ZERO, known: Span::ZERO, missing: Span::ZERO, drift: 0.0 };
    let mut out = [0; 80];
    loop {
        // The card's sample n is heard when its own clock says so.
        let nominal = Span::samples(pulled, NARROW.rate);
        let truth =
            start + nominal - Span::micros((i128::from(nominal.as_micros()) * i128::from(ppm) / 1_000_000) as i64);
        if truth - start > length {
            heard.drift = render.drift();
            return heard;
        }
        while due - Span::millis(30) <= truth {
            assert!(render.push(&piece, due));
            due += Span::samples(PIECE as i64, NARROW.rate);
        }
        clock.heard(truth + Span::micros(random.i64(0..=jerk.as_micros())));
        render.pull(clock.advance(out.len()), &mut out);
        pulled += out.len() as i64;
        heard.missing += render.take_missing();
        if (render.drift() + ppm as f64).abs() > 600.0 {
            heard.known = truth - start;
        }
        if truth - start > Span::secs(15)
            && let Some(due) = render.due()
        {
            heard.worst = heard.worst.max((truth + Span::millis(10) - due).abs());
        }
    }
}

fn stays(length: Span) {
    for ppm in [-6000, -1000, -100, 0, 100, 1000, 6000] {
        let heard = run(ppm, length, Span::millis(6));
        assert!(heard.worst < Span::millis(10), "{ppm} ppm: {heard:?}");
        assert!(heard.known < Span::secs(12), "{ppm} ppm: {heard:?}");
        assert_eq!(heard.missing, Span::ZERO, "{ppm} ppm");
        assert!((heard.drift + ppm as f64).abs() < 300.0, "{ppm} ppm: {heard:?}");
    }
}

#[test]
fn a_card_whose_clock_is_off_is_followed_within_milliseconds() {
    stays(Span::secs(240));
}

#[test]
#[ignore = "takes minutes: cargo test --release render -- --ignored"]
fn nothing_gathers_within_three_days() {
    stays(Span::secs(72 * 3600));
}
