//! Playing in all weathers, told as what somebody in the call would notice.

mod breaks;

use super::simulation::{CALM, Weather, heard, news, play, shown};
use super::*;
use bytes::Bytes;

const CALL: Config = Config { mode: PlayMode::RTC, min_cache: Span::ZERO, max_cache: Span::ZERO };
const LIVE: Config = Config { mode: PlayMode::Live, min_cache: Span::secs(1), max_cache: Span::secs(3) };

fn median(mut spans: Vec<Span>) -> Span {
    spans.sort_unstable();
    spans[spans.len() / 2]
}

fn most(spans: &[Span]) -> Span {
    spans.iter().copied().max().expect("something was played")
}

#[test]
fn on_a_quiet_lan_a_call_shows_and_plays_everything_at_once() {
    let mut playout = Playout::new(CALL);
    let done = play(&mut playout, &CALM, 10, 1);
    let pictures = shown(&done, Span::ZERO, 0, 10_000);
    assert_eq!((pictures.len(), most(&pictures[1..])), (300, CALM.way));
    assert!(pictures[0] <= CALM.way + Span::millis(15), "the first waits a moment for a burst: {}", pictures[0]);
    assert!(most(&heard(&done, Span::ZERO, 1000, 10_000)) <= CALM.way + CALM.sound_way + Span::millis(1));
    assert_eq!(playout.figures().dropped, 0);
    assert!(matches!(news(&done)[..], [(10_500..10_560, News::Loading(true))]), "{:?}", news(&done));
}

#[test]
fn a_picture_is_held_when_it_would_be_too_far_ahead_of_its_sound() {
    let mut playout = Playout::new(CALL);
    let weather = Weather { sound_way: Span::millis(120), ..CALM };
    let done = play(&mut playout, &weather, 10, 1);
    let lead = Span::millis(123) - FRAME_HALF - median(shown(&done, Span::ZERO, 2000, 10_000));
    assert!((lead - MOST_LEAD).abs() <= Span::millis(1), "{lead}");
}

const FRAME_HALF: Span = Span::micros(10_666);

#[test]
fn sound_waits_for_a_slow_picture_but_not_for_ever() {
    for (slow, waits) in [(100, 80), (400, 150)] {
        let mut playout = Playout::new(CALL);
        playout.set_speaker(true, Span::ZERO);
        let weather = Weather { way: Span::millis(slow), sound_way: Span::millis(-slow), ..CALM };
        let done = play(&mut playout, &weather, 10, 1);
        let sound = median(heard(&done, Span::ZERO, 4000, 10_000));
        assert!((sound - Span::millis(waits)).abs() <= Span::millis(2), "{slow}: {sound}");
    }
}

#[test]
fn a_paced_loudspeaker_is_fed_late_enough_for_the_jitter() {
    let mut playout = Playout::new(CALL);
    playout.set_speaker(true, Span::millis(20));
    let weather = Weather { jitter: Span::millis(60), ..CALM };
    let done = play(&mut playout, &weather, 20, 3);
    let sound = heard(&done, Span::ZERO, 5000, 20_000);
    let even = sound.iter().filter(|&&delay| (delay - median(sound.clone())).abs() < Span::millis(8)).count();
    assert!(even * 100 >= sound.len() * 90, "{even} of {}", sound.len());
    let pictures = shown(&done, Span::ZERO, 5000, 20_000);
    let lead = median(sound) - median(pictures);
    assert!(lead <= MOST_LEAD + Span::millis(2), "{lead}");
}

#[test]
fn a_servers_burst_of_old_pictures_is_decoded_and_not_shown() {
    let mut playout = Playout::new(CALL);
    let weather = Weather { burst: Span::millis(1500), ..CALM };
    let done = play(&mut playout, &weather, 5, 1);
    let pictures = shown(&done, weather.burst, 0, 5000);
    assert!(pictures.iter().all(|&latency| latency <= Span::millis(18)), "{:?}", &pictures[..4]);
    assert!(most(&heard(&done, weather.burst, 2000, 5000)) <= Span::millis(50));
    assert!(playout.figures().dropped >= 40);
}

#[test]
fn live_shows_its_first_picture_at_once_and_then_keeps_its_cache() {
    for burst in [0, 2000] {
        let mut playout = Playout::new(LIVE);
        let weather = Weather { burst: Span::millis(burst), jitter: Span::millis(200), ..CALM };
        let done = play(&mut playout, &weather, 10, 5);
        let pictures = shown(&done, weather.burst, 0, 10_000);
        assert!(pictures[0] <= weather.burst + Span::millis(210), "{burst}");
        for latency in shown(&done, weather.burst, 3000, 10_000) {
            assert!((Span::millis(990)..Span::millis(1300)).contains(&latency), "{burst}: {latency}");
        }
        let sound = heard(&done, weather.burst, 7000, 10_000);
        let spread = most(&sound) - sound.iter().copied().min().unwrap();
        assert!(spread < Span::millis(15), "{burst}: {spread}");
        assert_eq!(news(&done).iter().filter(|told| told.0 < 10_000).count(), 0, "{burst}: {:?}", news(&done));
    }
}

#[test]
fn live_grows_its_cache_after_a_stall_up_to_its_limit_and_a_fixed_one_never() {
    for (max, expected) in [(3, 1900), (2, 1900), (1, 1000)] {
        let mut playout = Playout::new(Config { max_cache: Span::secs(max), ..LIVE });
        let weather = Weather { stall: Some((5000, 6600)), ..CALM };
        let done = play(&mut playout, &weather, 14, 7);
        let latency = median(shown(&done, Span::ZERO, 10_000, 14_000));
        let size = playout.figures().buffer;
        assert!((size - Span::millis(expected)).abs() <= Span::millis(120), "max {max}: {size}");
        assert!((latency - size).abs() < Span::millis(120), "max {max}: {latency} with a cache of {size}");
        assert_eq!(news(&done).iter().any(|told| told.1 == News::DataLag), max > 1, "max {max}");
    }
}

#[test]
fn another_mode_and_another_cache_are_obeyed_while_it_plays() {
    let fixed = |secs| Config { mode: PlayMode::Live, min_cache: Span::secs(secs), max_cache: Span::secs(secs) };
    let mut playout = Playout::new(CALL);
    let mut from = Time::default();
    // Each for ten seconds: the delay it leads to, from three seconds on.
    for (config, delay) in [(CALL, 50), (fixed(3), 3000), (fixed(1), 1000), (LIVE, 1000), (CALL, 50)] {
        playout.configure(config);
        let (mut seen, mut heard) = (Vec::new(), Vec::new());
        for n in 0..500 {
            let now = from + Span::millis(20 * n);
            let pts = now - Time::default();
            let data = Bytes::new();
            if n % 2 == 0 {
                playout.handle_video(VideoUnit { data: data.clone(), idr: n % 50 == 0, dts: pts, pts }, now);
            }
            playout.handle_sound(SoundUnit { data, pts }, now);
            while let Some(output) = playout.poll(now) {
                match output {
                    Output::Video { unit, show: Show::At(at), .. } if n > 150 => seen.push(transit(at, unit.pts)),
                    Output::Sound { unit, due, .. } if n > 150 => heard.push(transit(due, unit.pts)),
                    _ => {}
                }
            }
        }
        from += Span::secs(10);
        assert!(heard.len() > 330 && seen.len() > 140, "{config:?}: {} heard, {} seen", heard.len(), seen.len());
        for found in [median(heard), median(seen)] {
            assert!((found - Span::millis(delay)).abs() <= Span::millis(50), "{config:?}: {found}");
        }
    }
}

#[test]
fn a_jump_in_time_is_told_once_and_playing_goes_on() {
    for mode in [CALL, LIVE] {
        let mut playout = Playout::new(mode);
        let (mut shows, mut jumps) = (0, 0);
        for n in 0..500 {
            let now = Time::default() + Span::millis(40 * n);
            let pts = Span::millis(40 * n + if n < 250 { 0 } else { -5_000_000 });
            playout.handle_video(VideoUnit { data: Bytes::new(), idr: n % 50 == 0, dts: pts, pts }, now);
            playout.handle_sound(SoundUnit { data: Bytes::new(), pts }, now);
            while let Some(output) = playout.poll(now) {
                shows += u64::from(matches!(output, Output::Video { show: Show::At(_), .. }));
                jumps += u64::from(output == Output::News(News::Discontinuity));
            }
        }
        assert!(shows > 460 && jumps == 1, "{mode:?}: {shows} shown, {jumps} told");
    }
}

#[test]
fn pictures_that_come_before_any_idr_are_left_out() {
    let mut playout = Playout::new(CALL);
    for n in 1..10 {
        let dts = Span::millis(40 * n);
        playout.handle_video(VideoUnit { data: Bytes::new(), idr: n == 5, dts, pts: dts }, Time::default() + dts);
    }
    let first = playout.poll(Time::default() + Span::secs(1));
    assert!(matches!(first, Some(Output::Video { unit, .. }) if unit.idr), "the first picture out is the IDR");
    assert_eq!(playout.figures().dropped, 4);
}

#[test]
fn what_no_delay_would_cover_is_left_out_and_what_one_would_is_played_a_little_faster() {
    for (stall, left_out) in [(200, false), (700, true)] {
        let mut playout = Playout::new(CALL);
        playout.set_speaker(true, Span::millis(13));
        let weather = Weather { stall: Some((12_000, 12_000 + stall)), ..CALM };
        let done = play(&mut playout, &weather, 20, 1);
        assert_eq!(playout.figures().skipped > Span::ZERO, left_out, "{stall}");
        let usual = median(heard(&done, Span::ZERO, 10_000, 11_900));
        let behind = |from, to| most(&heard(&done, Span::ZERO, from, to)) - usual;
        assert!(behind(12_050 + stall, 13_500) <= Span::millis(if left_out { 100 } else { 210 }), "{stall}");
        assert!(behind(15_500, 20_000) <= Span::millis(20), "{stall}: as before within three seconds");
        let told = news(&done);
        assert!(told.iter().any(|told| told.1 == News::DataLag), "{stall}: {told:?}");
    }
}

#[test]
fn over_a_jittery_way_pictures_stay_even_and_sound_unbroken() {
    let mut playout = Playout::new(CALL);
    let weather = Weather { jitter: Span::millis(150), ..CALM };
    let done = play(&mut playout, &weather, 30, 4);
    let moments = done.iter().filter_map(|did| match *did {
        simulation::Did::Video { at, show: Show::At(show), .. } if at.as_millis() > 5000 && at.as_millis() < 30_000 => {
            Some(show)
        }
        _ => None,
    });
    let moments: Vec<Time> = moments.collect();
    let apart = most(&moments.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>());
    assert!(apart < Span::millis(90), "{apart}");
    assert!(median(shown(&done, Span::ZERO, 5000, 30_000)) < Span::millis(160));
    assert!(playout.figures().buffer > Span::millis(100), "{:?}", playout.figures());
}

#[test]
fn a_burst_of_sound_alone_and_one_that_comes_slowly_end_at_the_live_edge() {
    for (burst, sound, video) in [(4000, true, false), (4000, false, true), (2000, true, true)] {
        let mut playout = Playout::new(CALL);
        let weather = Weather { burst: Span::millis(burst), sound, video, ..CALM };
        let done = play(&mut playout, &weather, 6, 2);
        let played = [shown(&done, weather.burst, 0, 6000), heard(&done, weather.burst, 0, 6000)].concat();
        assert!(most(&played) < Span::millis(120), "{burst} {sound} {video}: {}", most(&played));
    }
}

#[test]
fn stamps_that_wrap_and_clocks_that_are_wrong_leave_the_delay_as_it_is() {
    let mut playout = Playout::new(CALL);
    let mut timeline = crate::flv::Timeline::new();
    let mut latencies = Vec::new();
    for n in 0..15_000_i64 {
        // A sender whose clock is slow by a thousandth, ten minutes around the end of its 32 bits.
        let now = Time::default() + Span::micros(40_040) * n;
        let stamp = (u32::MAX - 300_000).wrapping_add(40 * n as u32);
        let pts = Span::millis(1) * timeline.unwrap(stamp);
        playout.handle_video(VideoUnit { data: Bytes::new(), idr: n % 50 == 0, dts: pts, pts }, now);
        while let Some(output) = playout.poll(now + Span::millis(20)) {
            assert!(!matches!(output, Output::News(_)), "{n}: {output:?}");
            if let Output::Video { show: Show::At(at), .. } = output {
                latencies.push(at - now);
            }
        }
    }
    assert!(latencies.len() > 14_990 && most(&latencies) <= Span::millis(20), "{}", most(&latencies));
}

#[test]
fn a_decoder_that_takes_nothing_costs_pictures_but_never_memory() {
    let mut playout = Playout::new(CALL);
    playout.hold_video(true);
    let data = Bytes::from(vec![0; 100_000]);
    for n in 0..2000 {
        let dts = Span::millis(40 * n);
        playout.handle_video(VideoUnit { data: data.clone(), idr: n % 50 == 0, dts, pts: dts }, Time::default() + dts);
        assert!(playout.video.bytes <= MOST_HELD.1);
    }
    playout.hold_video(false);
    let now = Time::default() + Span::secs(80);
    let idr = std::iter::from_fn(|| playout.poll(now)).find_map(|output| match output {
        Output::Video { unit, .. } => Some(unit.idr),
        _ => None,
    });
    assert_eq!(idr, Some(true));
}

#[test]
fn in_two_hundred_random_weathers_everything_that_must_hold_holds() {
    for seed in 0..200 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let from = rng.i64(1000..6000);
        let weather = Weather {
            way: Span::millis(rng.i64(0..200)),
            sound_way: Span::millis(rng.i64(-100..300)),
            jitter: Span::millis(if rng.bool() { rng.i64(0..400) } else { 0 }),
            stall: rng.bool().then(|| (from, from + rng.i64(100..5000))),
            burst: Span::millis(if rng.bool() { rng.i64(0..4000) } else { 0 }),
            sound: rng.u8(0..5) > 0,
            video: rng.u8(0..5) > 0,
            reorders: rng.bool(),
        };
        let mut playout = Playout::new(if rng.bool() { CALL } else { LIVE });
        playout.set_speaker(rng.bool(), Span::millis(rng.i64(0..40)));
        let done = play(&mut playout, &weather, 16, seed);
        let late = done.iter().any(|did| match did {
            simulation::Did::Video { at, .. } | simulation::Did::Sound { at, .. } => at.as_millis() > 15_000,
            simulation::Did::News { .. } => false,
        });
        assert!(late || !(weather.sound || weather.video), "seed {seed}: playing stopped in {weather:?}");
    }
}
