//! Playing over breaks and bursts: what was held up, and what a server sends of the past.

use super::*;

#[test]
fn after_a_stall_a_call_is_live_again_within_a_second() {
    for seed in 0..20 {
        let mut playout = Playout::new(CALL);
        let clocked = seed % 2 == 0;
        playout.set_speaker(clocked, Span::ZERO);
        let weather = Weather { stall: Some((4000, 7000)), jitter: Span::millis(4), ..CALM };
        let done = play(&mut playout, &weather, 12, seed);
        assert!(most(&shown(&done, Span::ZERO, 7100, 12_000)) < Span::millis(100), "seed {seed}");
        assert!(most(&heard(&done, Span::ZERO, 8000, 12_000)) < Span::millis(400), "seed {seed}");
        let told = news(&done);
        let stalled = |told: &(i64, News)| told.1 == News::Loading(true) && (4400..4700).contains(&told.0);
        assert!(told.iter().any(stalled) && told.contains(&(7000, News::Loading(false))), "{told:?}");
    }
}

#[test]
fn a_break_that_was_taken_for_a_longer_way_leaves_no_delay_behind_it() {
    type Late = fn(i64) -> Option<i64>;
    // Two seconds of pictures come three seconds late, as quickly as they were taken, and then what is fresh.
    let left_out: Late = |n| match n {
        250..300 => Some(3000),
        300..375 => None,
        _ => Some(0),
    };
    // A few come late, then nothing for a second, then all that was held up, a picture each five milliseconds.
    let drained: Late = |n| match n {
        0..250 => Some(0),
        250..253 => Some(3000),
        _ => Some((4000 - 35 * (n - 250)).max(0)),
    };
    // All that was held up comes three times as quickly as it was taken, with a hiccup now and then.
    let narrow: Late = |n| match n {
        0..250 => Some(0),
        _ => Some((3000 - 28 * (n - 250) + if n % 8 == 0 { 25 } else { 0 }).max(0)),
    };
    // One comes late already, then nothing for three seconds, and then the rest of what was held up.
    let trickled: Late = |n| match n {
        0..250 => Some(0),
        250 => Some(400),
        _ => Some((3400 - 28 * (n - 250)).max(0)),
    };
    for (late, catches_up) in [(left_out, false), (drained, true), (narrow, true), (trickled, true)] {
        let mut playout = Playout::new(CALL);
        let mut shown = Vec::new();
        for n in 0..500 {
            let Some(late) = late(n) else { continue };
            let (pts, now) = (Span::millis(40 * n), Time::default() + Span::millis(40 * n + late));
            let unit = VideoUnit { data: Bytes::new(), idr: n % 50 == 0, dts: pts, pts };
            playout.handle_video(unit, now);
            while let Some(output) = playout.poll(now) {
                if let Output::Video { unit, show: Show::At(at), .. } = output {
                    let delay = transit(at, unit.pts);
                    assert!(!catches_up || delay <= BEHIND, "picture {n} is shown {delay} late");
                    if n >= 375 {
                        shown.push(delay);
                    }
                }
            }
        }
        assert!(shown.len() > 115 && most(&shown) < Span::millis(100), "{} shown, {}", shown.len(), most(&shown));
    }
}

#[test]
fn a_way_that_becomes_longer_for_good_is_accepted_after_a_second() {
    let mut playout = Playout::new(CALL);
    let unit = |n: i64| VideoUnit {
        data: Bytes::from_static(&[0; 100]),
        idr: n == 0,
        dts: Span::millis(40 * n),
        pts: Span::millis(40 * n),
    };
    let shows: Vec<bool> = (0..200)
        .map(|n| {
            let now = Time::default() + Span::millis(40 * n + if n < 100 { 0 } else { 900 });
            playout.handle_video(unit(n), now);
            std::iter::from_fn(|| playout.poll(now))
                .any(|output| matches!(output, Output::Video { show: Show::At(_), .. }))
        })
        .collect();
    assert!(shows[2..100].iter().all(|&shown| shown));
    assert!(!shows[105] && shows[130..].iter().all(|&shown| shown));
}

#[test]
fn a_link_that_recovers_slowly_shows_nothing_stale_while_it_catches_up() {
    let mut playout = Playout::new(CALL);
    let mut stale = 0;
    for n in 0..300 {
        let dts = Span::millis(40 * n);
        // Four seconds of nothing, then three times as fast as the camera until it is caught up.
        let late = if n < 100 { Span::ZERO } else { (Span::secs(4) - Span::millis(27) * (n - 100)).max(Span::ZERO) };
        let now = Time::default() + dts + late;
        playout.handle_video(VideoUnit { data: Bytes::new(), idr: n % 50 == 0, dts, pts: dts }, now);
        while let Some(output) = playout.poll(now) {
            let shown = matches!(output, Output::Video { show: Show::At(_), .. });
            stale += u32::from(shown && late > BEHIND);
        }
    }
    assert_eq!(stale, 0);
}

#[test]
fn a_burst_that_comes_in_pieces_leaves_nothing_behind_the_live_edge() {
    let mut playout = Playout::new(CALL);
    let (mut at_once, mut delays) = (0, Vec::new());
    // Two seconds of the past, the last 220 ms of them a little later.
    for ms in 0..4000 {
        let now = Time::default() + Span::millis(ms);
        let until = match ms {
            0..45 => 1780,
            _ => 2000 + ms,
        };
        for position in (at_once..until).filter(|position| position % 20 == 0).map(Span::millis) {
            playout.handle_sound(SoundUnit { data: Bytes::new(), pts: position }, now);
            if position.as_millis() % 40 == 0 {
                let idr = position.as_millis() % 2000 == 0;
                playout.handle_video(VideoUnit { data: Bytes::new(), idr, dts: position, pts: position }, now);
            }
        }
        at_once = until;
        while let Some(output) = playout.poll(now) {
            delays.extend(match output {
                Output::Sound { unit, due, .. } => Some((ms, transit(due, unit.pts))),
                Output::Video { unit, show: Show::At(at), .. } => Some((ms, transit(at, unit.pts))),
                _ => None,
            });
        }
    }
    let after = |from: i64| {
        delays.iter().filter(|&&(ms, _)| ms >= from).map(|&(_, delay)| delay + Span::secs(2)).collect::<Vec<_>>()
    };
    assert!(after(0).len() > 200 && most(&after(500)) < Span::millis(60), "{}", most(&after(500)));
}
