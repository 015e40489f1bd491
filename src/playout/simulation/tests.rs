//! A thousand networks, and twenty of them for three days: a few in every run, all of them where `VISAVIS_NETWORKS`
//! says how many. `--nocapture` prints what they are like.

use super::listener::{Heard, listen};
use super::network::{Network, Shape};
use crate::media::Span;
use crate::playout::{Config, Playout};
use crate::settings::player::PlayMode;

const CALL: Config = Config { mode: PlayMode::RTC, min_cache: Span::ZERO, max_cache: Span::ZERO };
const LIVE: Config = Config { mode: PlayMode::Live, min_cache: Span::secs(1), max_cache: Span::secs(3) };
/// Networks in a run that was not asked for more, and the hours that two of them are listened to.
const FEW: u64 = 60;
const SHORT: i64 = 1;

fn asked() -> Option<u64> {
    std::env::var("VISAVIS_NETWORKS").ok()?.parse().ok()
}

fn minute_over(config: Config, count: u64) -> Vec<Heard> {
    (0..count).map(|seed| listen(&mut Playout::new(config), Network::random(seed), Span::secs(65))).collect()
}

/// A figure of all networks, printed and held: a half, nine tenths and all of them are within `most`.
fn within(all: &[Heard], what: &str, most: [f64; 3], figure: impl Fn(&Heard) -> f64) {
    let mut values: Vec<f64> = all.iter().map(figure).collect();
    values.sort_unstable_by(f64::total_cmp);
    let found = [50, 90, 100].map(|per_cent| values[(values.len() - 1) * per_cent / 100]);
    println!("{what:52} p50 {:8.2}  p90 {:8.2}  max {:8.2}", found[0], found[1], found[2]);
    assert!(found.iter().zip(most).all(|(found, most)| *found <= most), "{what}: {found:?} of {most:?}");
}

fn per_mille(part: u64, of: u64) -> f64 {
    1000.0 * part as f64 / of.max(1) as f64
}

#[test]
fn over_a_thousand_networks_a_call_stays_close_to_what_foresight_would_do() {
    let all = minute_over(CALL, asked().unwrap_or(FEW));
    println!("{} networks, a minute of a call over each", all.len());
    within(&all, "sound, capture to ear, ms", [200.0, 300.0, 450.0], Heard::delay);
    within(&all, "more than the least constant delay, ms", [0.0, 5.0, 25.0], |heard| {
        heard.delay() - heard.clairvoyant()
    });
    within(&all, "sound that was missing, per mille", [15.0, 50.0, 130.0], Heard::missing);
    within(&all, "sound left out, per mille", [0.0, 50.0, 130.0], |heard| per_mille(heard.left_out, heard.frames));
    within(&all, "sound stretched by more than a hundredth, per mille", [120.0, 500.0, 600.0], |heard| {
        per_mille(heard.stretched, heard.frames)
    });
    within(&all, "mean stretch, per mille", [6.0, 15.0, 21.0], |heard| heard.stretch as f64 / heard.frames as f64);
    within(&all, "pictures more than 100 ms apart, a minute", [0.0, 6.0, 15.0], |heard| heard.freezes as f64);
    // Two stalls may come as one.
    within(&all, "longest freeze, ms: what a stall costs", [100.0, 1700.0, 2400.0], |heard| {
        heard.frozen.as_millis_f64()
    });
    within(&all, "pictures more than 60 ms ahead, per mille", [0.1, 1.0, 4.0], |heard| {
        per_mille(heard.ahead_of(Span::millis(61)), heard.pictures)
    });
}

#[test]
fn live_over_a_thousand_networks_is_unbroken_once_its_cache_has_grown_and_lips_are_in_sync() {
    let all = minute_over(LIVE, asked().unwrap_or(FEW / 2));
    println!("{} networks, a minute of live over each", all.len());
    within(&all, "sound, capture to ear, ms", [1250.0, 1700.0, 3100.0], Heard::delay);
    within(&all, "sound that was missing, per mille", [0.0, 20.0, 40.0], Heard::missing);
    within(&all, "sound stretched by more than a hundredth, per mille", [50.0, 400.0, 450.0], |heard| {
        per_mille(heard.stretched, heard.frames)
    });
    within(&all, "pictures more than 100 ms apart, a minute", [0.0, 3.0, 6.0], |heard| heard.freezes as f64);
    within(&all, "pictures more than 20 ms ahead, per mille", [0.0, 0.0, 1.0], |heard| {
        per_mille(heard.ahead_of(Span::millis(20)), heard.pictures)
    });
}

#[test]
fn over_a_link_that_becomes_narrow_again_and_again_pictures_and_sound_go_on() {
    let way = Network { shape: Shape::Wobble, jitter: Span::ZERO, stalls: 0, burst: Span::ZERO, ..Network::random(1) };
    let mut heard = listen(&mut Playout::new(CALL), way, Span::secs(65));
    heard.seen.sort_unstable();
    let middle = heard.seen[heard.seen.len() / 2];
    println!(
        "pictures {middle} after their capture, at most {} apart; sound {:.0} ms after its own, silent for {} at most",
        heard.frozen,
        heard.delay(),
        heard.silent
    );
    assert!(middle <= Span::millis(150) && heard.frozen <= Span::millis(75) && heard.silent <= Span::millis(100));
}

#[test]
fn over_days_the_delay_has_no_slope_whatever_the_clocks() {
    let (count, hours) = asked().map_or((2, SHORT), |_| (20, 72));
    for seed in 0..count {
        let network = Network::random(1_000_000 + seed);
        let heard = listen(&mut Playout::new(CALL), network, Span::secs(3600 * hours + 60));
        let Network { shape, jitter, drift, speaker, .. } = network;
        let (delay, range, slope) = (heard.delay(), heard.range(), heard.slope());
        let words = format!(
            "{hours} h, sender {drift:+5} ppm, loudspeaker {speaker:+5} ppm, {shape:?} {jitter}: \
             delay {delay:.1} ms, its means of ten minutes within {range:.1} ms, slope {slope:+.2} ms a day"
        );
        println!("{words}");
        assert!(range <= 20.0, "{words}");
        assert!(hours == SHORT || slope.abs() <= 5.0, "{words}");
    }
}
