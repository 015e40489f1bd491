//! Calls over simulated links: plans by table, and links by seed (`VISAVIS_LINKS=1000` runs a thousand of them).

mod call;
mod link;
mod peers;

use super::{RateControl, Sample};
use crate::media::{Span, Time};
use crate::settings::PusherSettings;
use crate::settings::policy::Rates;
use crate::settings::pusher::{Orientation, PushMode};
use call::{call, quantile};
use link::Plan;
use peers::Ruler;

fn rates(mode: PushMode, min: u32, max: u32) -> Rates {
    let fixed = PusherSettings { video_width: Some(640), video_height: Some(360), fps: 30, mode, ..Default::default() };
    let lying = PusherSettings { orientation: Orientation::Horizontal, min_bitrate: min, max_bitrate: max, ..fixed };
    lying.rates()
}

fn plan(rtt: i64, rates: &[(i64, u32)]) -> Plan {
    Plan { rates: rates.to_vec(), rtt, queue: 64 << 10, losses: vec![], delayed_acks: false }
}

/// 2 Mbit/s, 250 kbit/s from 10 s to 30 s, 2 Mbit/s again.
fn drop_of(rtt: i64, delayed_acks: bool) -> Plan {
    Plan { delayed_acks, ..plan(rtt, &[(0, 2000), (10_000, 250), (30_000, 2000)]) }
}

#[test]
fn a_fall_to_an_eighth_costs_a_moment_of_delay_and_the_picture_is_whole_again_soon_after() {
    for (rtt, delayed) in [(2, false), (2, true), (20, false), (20, true), (100, false), (100, true), (250, true)] {
        let outcome = call(Ruler::ours(&rates(PushMode::RTC, 100, 500)), &drop_of(rtt, delayed), 42_000, 1);
        let told = format!("rtt {rtt}, delayed acks {delayed}");
        assert_eq!(outcome.target(10_000), (500, 30), "{told}: nothing gives way on a wide link");
        assert!(outcome.wait(95, 5_000, 10_000) <= 30, "{told}");
        // From a second after the fall to its end.
        let waits = [50, 95, 100].map(|percent| outcome.wait(percent, 11_000, 30_000));
        let (gap, kbps) = (outcome.gap(10_000, 40_000), outcome.kbps(11_000, 30_000));
        println!("{told}: waits {waits:?} ms, sound gap {gap} ms, {kbps:.0} of 250 kbit/s");
        assert!(waits[0] <= 100 && waits[1] <= 300 && waits[2] <= 800, "{told}: waits {waits:?}");
        assert!(gap <= 300, "{told}: {gap} ms without sound");
        assert!(outcome.gap(12_000, 30_000) <= 120, "{told}: {} ms", outcome.gap(12_000, 30_000));
        assert!(kbps >= 0.85 * 250.0, "{told}: {kbps} kbit/s");
        assert_eq!(outcome.target(40_000), (500, 30), "{told}: ten seconds after the rise");
        assert!(outcome.wait(100, 30_500, 42_000) <= 200, "{told}: {}", outcome.wait(100, 30_500, 42_000));
    }
}

#[test]
fn where_the_picture_comes_first_it_may_wait_and_the_rate_moves_slowly() {
    for (rtt, delayed) in [(2, true), (20, false), (100, true)] {
        let outcome = call(Ruler::ours(&rates(PushMode::HD, 100, 500)), &drop_of(rtt, delayed), 45_000, 1);
        assert_eq!(outcome.target(10_000), (500, 30));
        let (wait, kbps) = (outcome.wait(95, 13_000, 30_000), outcome.kbps(11_000, 30_000));
        println!("rtt {rtt}: p95 {wait} ms, {kbps:.0} of 250 kbit/s, gap {}", outcome.gap(12_000, 30_000));
        assert!(wait <= 500 && kbps >= 0.85 * 250.0, "rtt {rtt}: {wait} ms, {kbps} kbit/s");
        assert!(outcome.gap(12_000, 30_000) <= 200, "rtt {rtt}: {}", outcome.gap(12_000, 30_000));
        assert_eq!(outcome.target(45_000), (500, 30), "rtt {rtt}: 15 s after the rise");
    }
}

#[test]
fn a_fixed_rate_and_the_rule_by_round_trip_wait_several_times_as_long() {
    let plan = drop_of(20, false);
    let wait = |ruler| call(ruler, &plan, 30_000, 1).wait(95, 11_000, 30_000);
    let ours = wait(Ruler::ours(&rates(PushMode::RTC, 100, 500)));
    let (fixed, by_round_trip) = (wait(Ruler::fixed(500)), wait(Ruler::by_round_trip(100, 500)));
    println!("p95 of waiting: {ours} ms, fixed rate {fixed} ms, by round trip {by_round_trip} ms");
    assert!(ours * 3 < by_round_trip && ours * 10 < fixed, "{ours}, {by_round_trip}, {fixed}");
}

#[test]
fn where_not_even_the_lowest_rate_fits_pictures_are_left_out_and_sound_goes_on() {
    // 93 kbit/s of sound, heads included, and 200 of picture at least.
    for (kbps, pictures) in [(160, 30), (110, 1)] {
        let outcome = call(Ruler::ours(&rates(PushMode::RTC, 200, 500)), &plan(30, &[(0, kbps)]), 20_000, 1);
        // What the highest rate had written is gone by then.
        let from = 6_000;
        let arrived = outcome.pictures.iter().filter(|it| it.0 > from).count();
        let late = quantile(outcome.sound.iter().filter(|it| it.0 > from).map(|it| it.1), 95);
        let gap = outcome.gap(from, 20_000);
        println!("{kbps} kbit/s: {arrived} pictures in 14 s, sound {late} ms late, gap {gap} ms");
        assert!(arrived >= pictures, "{kbps} kbit/s: {arrived} pictures");
        assert!(late <= 250 && gap <= 150, "{kbps} kbit/s: sound {late} ms late, gap {gap} ms");
    }
}

#[test]
fn a_longer_way_is_no_congestion_for_long() {
    // Everything that waits does so on a way that is 120 ms longer from the start than what was seen before.
    let rates = rates(PushMode::RTC, 100, 500);
    let mut control = RateControl::new(&rates, Time::default());
    let at = |ms: i64| Time::from_micros(ms * 1000);
    let mut written: Vec<(i64, u64)> = vec![(0, 0)];
    let (mut total, mut least) = (0, 500);
    for ms in 0..30_000 {
        if ms % 33 == 0 && control.admits() {
            total += u64::from(control.target().kbps) * 1000 / 8 / u64::from(control.target().fps);
            control.picture(at(ms));
        }
        if ms % 21 == 0 {
            total += 182;
        }
        written.push((ms, total));
        let way = if ms < 5000 { 20 } else { 140 };
        let acked = written.iter().rev().find(|it| it.0 <= ms - way).map_or(0, |it| it.1);
        if ms % 7 == 0 {
            let rtt = Span::millis(way);
            control.look(Sample { written: total, acked, rtt, ..Sample::default() }, at(ms));
        }
        least = least.min(control.target().kbps);
    }
    println!("down to {least} kbit/s on the longer way");
    assert_eq!(control.target().kbps, 500);
}

#[test]
fn other_bounds_are_obeyed_at_once_and_what_is_known_of_the_path_stays() {
    let mut control = RateControl::new(&rates(PushMode::RTC, 100, 500), Time::default());
    control.configure(&rates(PushMode::HD, 100, 900));
    control.look(Sample::default(), Time::default());
    assert_eq!(control.target().kbps, 900, "it was at its highest rate");
    control.configure(&rates(PushMode::RTC, 50, 120));
    control.look(Sample::default(), Time::default());
    assert_eq!((control.target().kbps, control.limited()), (120, false));
}

/// A call over a path of a millisecond on which nothing passes from the fifth second on, until `back`; the break is
/// noticed after `noticed` more milliseconds. When the first picture was let through after it, and the lowest rate of
/// the first second.
fn broken_call(seed: u64, noticed: i64, back: i64) -> (i64, u32) {
    let mut random = fastrand::Rng::with_seed(seed);
    let at = |ms: i64| Time::from_micros(ms * 1000);
    let mut control = RateControl::new(&rates(PushMode::RTC, 100, 500), Time::default());
    let (mut total, mut acked, mut before, mut first, mut least) = (0, 0, None, i64::MAX, u32::MAX);
    let (picture, sound, ack) = (random.i64(0..33), random.i64(0..21), random.i64(1..40));
    for ms in 0..back + 1000 {
        let stands = (5000..back).contains(&ms);
        let silent = (5000 + noticed..back).contains(&ms);
        if ms % 33 == picture && control.admits() && control.room(at(ms)) != Some(0) && !silent {
            let mean = u64::from(control.target().kbps) * 125 / u64::from(control.target().fps);
            total += if ms % 1980 < 33 { mean * 4 } else { mean };
            control.picture(at(ms));
            first = if ms > back { first.min(ms) } else { first };
        }
        if ms % 21 == sound && control.takes_sound(at(ms)) && !silent {
            total += 182;
        }
        if !stands && (ms % 40 == ack || ms % 33 == (picture + 1) % 33) {
            acked = total;
        }
        // A packet or two get through before nothing does.
        if stands && ms < 5000 + noticed && random.u32(0..400) == 0 {
            acked += (total - acked).min(300);
        }
        let sample = Sample { written: total, acked, segment: 1448, rtt: Span::millis(1), ..Sample::default() };
        match (silent, before.is_some()) {
            (true, false) => before = Some(control.clone()),
            (true, true) => {}
            (false, true) => {
                control = before.take().unwrap();
                control.resume(sample, at(ms));
            }
            (false, false) => control.look(sample, at(ms)),
        }
        least = if ms > back { least.min(control.target().kbps) } else { least };
    }
    (first - back, least)
}

#[test]
fn after_a_break_the_picture_goes_on_at_once_whenever_the_break_was_noticed() {
    for seed in 0..30 {
        let (first, least) = broken_call(seed, 180 + (seed as i64 * 7) % 400, 6000);
        assert!(first < 100 && least == 500, "seed {seed}: after {first} ms, down to {least} kbit/s");
    }
}

#[test]
fn within_a_machine_a_whole_picture_that_is_not_acknowledged_for_40_ms_is_one_segment_and_no_queue() {
    let refused = |segment: u64| {
        let mut control = RateControl::new(&rates(PushMode::RTC, 100, 500), Time::default());
        let (mut total, mut acked, mut refused) = (0, 0, 0);
        for ms in 0..20_000 {
            if ms % 33 == 0 {
                refused += u32::from(!control.admits());
                total += if ms % 1980 == 0 { 9000 } else { 1900 };
                control.picture(Time::from_micros(ms * 1000));
            }
            // The receiver answers every other picture at once, and the large one 40 ms late.
            if ms % 66 == 34 || ms % 1980 == 40 {
                acked = total;
            }
            let rtt = Span::micros(200);
            control.look(
                Sample { written: total, acked, segment, rtt, ..Sample::default() },
                Time::from_micros(ms * 1000),
            );
        }
        refused
    };
    assert_eq!(refused(65_483), 0);
    assert!(refused(1448) > 0, "on an Ethernet that is a queue");
}

/// What a link of a seed is like: a steady rate, a step, a stall, losses in bursts, or a rate that wobbles.
fn seeded(seed: u64) -> (Plan, &'static str) {
    let mut random = fastrand::Rng::with_seed(seed);
    let between = |random: &mut fastrand::Rng, low: f64, high: f64| low * (high / low).powf(random.f64());
    let kbps = |random: &mut fastrand::Rng| between(random, 100.0, 5000.0) as u32;
    let first = kbps(&mut random);
    let mut plan = Plan {
        rates: vec![(0, first)],
        rtt: between(&mut random, 5.0, 300.0) as i64,
        queue: between(&mut random, 16e3, 256e3) as u64,
        losses: vec![],
        delayed_acks: random.bool(),
    };
    let kind = match random.u32(0..5) {
        0 => "steady",
        1 => {
            plan.rates.extend([(6_000, kbps(&mut random)), (14_000, first)]);
            "steps"
        }
        2 => {
            plan.rates.extend([(8_000, 0), (8_000 + random.i64(300..3000), first)]);
            "stall"
        }
        3 => {
            plan.losses.extend((0..6).map(|n| (3_000 * n + 1500, 3_000 * n + 1500 + random.i64(50..400), 20)));
            "losses"
        }
        _ => {
            plan.rates.extend((1..40).map(|n| (n * 500, (f64::from(first) * (0.6 + 0.8 * random.f64())) as u32)));
            "wobble"
        }
    };
    (plan, kind)
}

/// Sums over many links.
#[derive(Default)]
struct Sums {
    median: Vec<i64>,
    most: Vec<i64>,
    used: Vec<i64>,
    gaps: Vec<i64>,
}

#[test]
fn over_links_of_all_kinds_little_waits_much_is_used_and_sound_goes_on() {
    let count = std::env::var("VISAVIS_LINKS").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let mut waits = Vec::new();
    let mut sums = Sums::default();
    for seed in 0..count {
        let (plan, kind) = seeded(seed);
        let outcome = call(Ruler::ours(&rates(PushMode::RTC, 100, 800)), &plan, 20_000, seed);
        let from = 2_000;
        waits.extend(outcome.pictures.iter().filter(|it| it.0 >= from).map(|it| it.2));
        sums.median.push(outcome.wait(50, from, 20_000));
        sums.most.push(outcome.wait(95, from, 20_000));
        // What the link bears and the highest rate can use, with sound and every head.
        let bears = (from..20_000).map(|ms| f64::from(plan.kbps(ms)).min(900.0)).sum::<f64>() / 18_000.0;
        if kind != "losses" {
            sums.used.push((outcome.kbps(from, 20_000) / bears * 100.0) as i64);
        }
        if !["stall", "losses"].contains(&kind) {
            sums.gaps.push(outcome.gap(from, 20_000));
        }
    }
    let of = |values: &[i64]| [5, 50, 95, 100].map(|percent| quantile(values.iter().copied(), percent));
    println!("{count} links; 5 %, median, 95 %, most:");
    println!("  wait of every picture, ms       {:?}", of(&waits));
    println!("  median wait of each link, ms    {:?}", of(&sums.median));
    println!("  95th percentile of each, ms     {:?}", of(&sums.most));
    println!("  part of the link used, percent  {:?}", of(&sums.used));
    println!("  longest gap in the sound, ms    {:?}", of(&sums.gaps));
    let [_, median, high, _] = of(&waits);
    assert!(median <= 40 && high <= 200, "waits: {median} ms, {high} ms");
    assert!(quantile(sums.most.iter().copied(), 50) <= 120);
    assert!(quantile(sums.used.iter().copied(), 50) >= 85 && quantile(sums.used.iter().copied(), 5) >= 50);
    assert!(quantile(sums.gaps.iter().copied(), 50) <= 110 && quantile(sums.gaps.iter().copied(), 95) <= 400);
}

#[test]
fn the_same_seed_gives_the_same_call() {
    let once = || {
        let (plan, _) = seeded(7);
        let outcome = call(Ruler::ours(&rates(PushMode::RTC, 100, 800)), &plan, 5_000, 7);
        (outcome.pictures, outcome.targets)
    };
    assert_eq!(once(), once());
}
