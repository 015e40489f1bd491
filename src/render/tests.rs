//! What is heard of the engine: pitch, clicks, gaps, fades.

use super::*;
use std::f64::consts::TAU;

pub(super) const CALL: SoundFormat = SoundFormat::CALL;
/// A frame of AAC.
const PIECE: usize = 1024;

fn start() -> Time {
    Time::from_micros(1_000_000_000)
}

fn tone(n: usize) -> f64 {
    9000.0 * (n as f64 * TAU * 440.0 / 48_000.0).sin()
}

/// A vowel: harmonics of 140 Hz that sway a little, strongest around two formants.
fn vowel(n: usize) -> f64 {
    let t = n as f64 / 48_000.0;
    let turn = TAU * (140.0 * t + 0.8 * (TAU * 4.0 * t).sin() / TAU);
    let formants = [5000.0, 4200.0, 3000.0, 2600.0, 3600.0, 1500.0, 700.0, 1200.0, 500.0, 300.0];
    formants.iter().enumerate().map(|(k, level)| level * ((k + 1) as f64 * turn + k as f64).sin()).sum::<f64>() * 0.5
}

/// Pieces of `wave` whose dues run at `speed` (0.9 = a tenth faster), given in `lead` before they are due, heard in
/// pulls of 10 ms.
struct Room {
    render: Render,
    wave: fn(usize) -> f64,
    made: usize,
    due: Time,
    lead: Span,
    now: Time,
    heard: Vec<i16>,
}

impl Room {
    fn new(wave: fn(usize) -> f64) -> Self {
        let due = start() + Span::millis(50);
        let (render, lead) = (Render::new(CALL), Span::millis(20));
        Self { render, wave, made: 0, due, lead, now: start(), heard: Vec::new() }
    }

    fn piece(&mut self) -> Vec<i16> {
        let piece = (self.made..self.made + PIECE).map(|n| (self.wave)(n) as i16).collect();
        self.made += PIECE;
        piece
    }

    fn run(&mut self, length: Span, speed: f64) {
        let until = self.now + length;
        while self.now < until {
            while self.due - self.lead <= self.now {
                let (piece, due) = (self.piece(), self.due);
                assert!(self.render.push(&piece, due));
                self.due += Span::micros((PIECE as f64 / 0.048 * speed) as i64);
            }
            self.pull();
        }
    }

    fn pull(&mut self) {
        let mut out = [0; 480];
        self.render.pull(self.now, &mut out);
        self.heard.extend(out);
        self.now += Span::millis(10);
    }

    /// Nothing comes for so long; the wave goes on where it was, or where time is (`lost`).
    fn gap(&mut self, length: Span, lost: bool) {
        let until = self.now + length;
        while self.now < until {
            self.pull();
        }
        if lost {
            while self.due < self.now {
                self.piece();
                self.due += Span::samples(PIECE as i64, 48_000);
            }
        }
    }
}

fn largest_step(samples: &[i16]) -> i32 {
    samples.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap_or(0)
}

fn own_step(wave: fn(usize) -> f64) -> i32 {
    largest_step(&(0..48_000).map(|n| wave(n) as i16).collect::<Vec<_>>())
}

/// The middle pitch, from the best period of pieces of 40 ms around `near` Hz.
fn pitch(samples: &[i16], near: f64) -> f64 {
    let period = 48_000.0 / near;
    let (from, to) = ((period * 0.85) as usize, (period * 1.15) as usize + 1);
    let mut found: Vec<f64> = samples
        .chunks_exact(1920 + to + 1)
        .map(|part| {
            let like = |lag: usize| (0..1920).map(|n| f64::from(part[n]) * f64::from(part[n + lag])).sum::<f64>();
            let best = (from..=to).max_by(|&a, &b| like(a).total_cmp(&like(b))).unwrap();
            let (a, b, c) = (like(best - 1), like(best), like(best + 1));
            48_000.0 / (best as f64 + 0.5 * (a - c) / (a - 2.0 * b + c))
        })
        .collect();
    found.sort_by(f64::total_cmp);
    found[found.len() / 2]
}

fn rms(samples: &[i16]) -> f64 {
    (samples.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / samples.len().max(1) as f64).sqrt()
}

#[test]
fn what_is_in_time_is_heard_at_its_moment_and_untouched() {
    let mut room = Room::new(vowel);
    room.run(Span::secs(2), 1.0);
    let wanted: Vec<i16> = (0..48_000).map(|n| vowel(n) as i16).collect();
    let fade = 8 * 48;
    assert_eq!(room.heard[..50 * 48], [0; 50 * 48]);
    assert_eq!(room.heard[50 * 48 + fade..][..40_000], wanted[fade..][..40_000]);
    assert_eq!(room.render.take_missing(), Span::ZERO);
}

#[test]
fn a_tenth_faster_or_slower_keeps_the_pitch_and_has_no_click() {
    for (wave, hz) in [(tone as fn(usize) -> f64, 440.0), (vowel, 140.0)] {
        for speed in [0.9, 1.1, 0.95, 1.05] {
            let mut room = Room::new(wave);
            room.run(Span::secs(1), 1.0);
            let from = room.heard.len();
            let held = room.render.held();
            room.run(Span::secs(4), speed);
            let heard = &room.heard[from..];
            let (pitch, step, own) = (pitch(heard, hz), largest_step(heard), own_step(wave));
            println!(
                "{hz} Hz at {speed}: {pitch:.2} Hz, step {step} of {own}, held {} after {held}, drift {}",
                room.render.held(),
                room.render.drift()
            );
            assert!((pitch - hz).abs() < 1.0, "{hz} Hz at {speed}: {pitch}");
            assert!(step <= own * 11 / 10, "{hz} Hz at {speed}: {step} beside {own}");
            assert!((room.render.held() - held).abs() < Span::millis(35), "nothing gathers: {}", room.render.held());
            assert!(rms(heard) > 0.93 * rms(&room.heard[4800..from]), "it is as loud as before");
            assert_eq!(room.render.take_missing(), Span::ZERO);
        }
    }
}

#[test]
fn sound_that_comes_late_is_extended_fades_and_comes_back_without_a_click() {
    for wave in [tone as fn(usize) -> f64, vowel] {
        for (gap, lost) in [(25, false), (45, true), (70, false), (300, true), (2000, true)] {
            let mut room = Room::new(wave);
            room.run(Span::secs(1), 1.0);
            let from = room.heard.len();
            room.gap(Span::millis(gap), lost);
            room.run(Span::secs(1), 1.0);
            let (heard, own) = (&room.heard[from - 4800..], own_step(wave));
            let step = largest_step(heard);
            assert!(step <= own * 5 / 4, "{gap} ms: {step} beside {own}");
            if gap >= 300 {
                let quiet = &room.heard[from + 48 * 110..from + 48 * (gap as usize - 20)];
                assert!(quiet.iter().all(|&value| value == 0), "silence after the fade");
            }
            assert!(rms(&room.heard[from..from + 480]) > 0.5 * rms(&room.heard[from - 4800..from]), "{gap} ms");
            let missing = room.render.take_missing();
            assert!(missing >= Span::millis(gap.min(480) - 45).max(Span::ZERO), "{gap} ms: {missing}");
            assert!(missing <= Span::millis(520), "{gap} ms: {missing}");
        }
    }
}

#[test]
fn a_leap_of_the_moments_is_followed_at_once_and_without_a_click() {
    for leap in [-250, -70, 70, 400] {
        let mut room = Room::new(vowel);
        room.run(Span::secs(1), 1.0);
        let from = room.heard.len();
        room.due += Span::millis(leap);
        room.run(Span::secs(2), 1.0);
        let step = largest_step(&room.heard[from - 4800..]);
        assert!(step <= own_step(vowel) * 5 / 4, "{leap} ms: {step} beside {}", own_step(vowel));
        let late = room.now - room.render.due().unwrap();
        assert!(late.abs() < Span::millis(5), "{leap} ms: {late} off");
    }
}

#[test]
fn another_stream_begins_without_a_click() {
    let mut room = Room::new(vowel);
    room.run(Span::secs(1), 1.0);
    room.render.part();
    room.wave = |n| -vowel(n + 5555);
    room.run(Span::secs(1), 1.0);
    assert!(largest_step(&room.heard[40_000..]) <= own_step(vowel) * 5 / 4);
    assert!((room.now - room.render.due().unwrap()).abs() < Span::millis(8));
}

#[test]
fn what_is_held_is_bounded_and_nonsense_harms_nothing() {
    let mut random = fastrand::Rng::with_seed(7);
    for channels in [1, 2] {
        for rate in [8000, 44_100, 48_000, 96_000] {
            let mut render = Render::new(SoundFormat { rate, channels });
            for _ in 0..400 {
                let due = Time::from_micros(random.i64(..) >> random.u32(0..63));
                let samples: Vec<i16> = (0..random.usize(..5000)).map(|_| random.i16(..)).collect();
                render.push(&samples, due);
                if random.u32(0..20) == 0 {
                    render.part();
                }
                if random.u32(0..50) == 0 {
                    render.clear();
                }
                let mut out = vec![0; random.usize(..5000)];
                render.pull(Time::from_micros(random.i64(..) >> random.u32(0..63)), &mut out);
                assert!(render.held() <= Span::secs(1));
                assert!(render.content.kept() <= rate as usize * 2 * usize::from(channels));
            }
        }
    }
}

#[test]
fn stereo_keeps_its_sides() {
    let format = SoundFormat { rate: 48_000, channels: 2 };
    let mut render = Render::new(format);
    let samples: Vec<i16> = (0..9600).flat_map(|n| [tone(n) as i16, -1000]).collect();
    render.push(&samples, start());
    let mut out = vec![0; 9600];
    render.pull(start(), &mut out);
    assert_eq!(out[2000..], samples[2000..9600]);
}
