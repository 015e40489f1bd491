//! Voices in a simulated room: what is taken out, what is kept, and what it costs in time.

mod several;

use super::stage::{FRAME, Stage, Step};
use super::{Played, Treatment};
use crate::api::plan::VoicePlan;
use crate::media::{Sound, SoundFormat, Span, Time};
use fastrand::Rng;
use std::f64::consts::TAU;

const CALL: SoundFormat = SoundFormat::CALL;
const ECHO: VoicePlan = VoicePlan { echo: true, noise: false, gain: false };
const NOISE: VoicePlan = VoicePlan { echo: false, noise: true, gain: false };
const GAIN: VoicePlan = VoicePlan { echo: false, noise: false, gain: true };
const NONE: VoicePlan = VoicePlan { echo: false, noise: false, gain: false };
const SECOND: usize = 48_000;

/// Somebody who talks: syllables of a fifth of a second with pauses between, harmonics of a voice of `pitch` Hz under two
/// formants. About -20 dBFS.
fn voice(seed: u64, pitch: f64, seconds: usize) -> Vec<f64> {
    let (mut rng, mut phase, mut out) = (Rng::with_seed(seed), 0.0, Vec::new());
    let mut about = |middle: f64, spread: f64| middle + spread * (2.0 * rng.f64() - 1.0);
    while out.len() < seconds * SECOND {
        let (length, pause) = (about(9600.0, 3800.0), about(4000.0, 3000.0));
        let (base, low, high) = (about(pitch, 0.15 * pitch), about(500.0, 200.0), about(1500.0, 500.0));
        for n in 0..length as usize {
            let place = n as f64 / length;
            phase += base * (1.0 + 0.05 * (6.0 * place).sin()) / 48_000.0;
            let harmonic = |number: f64| {
                let hz = base * number;
                let formants = 1.0 / (1.0 + ((hz - low) / 150.0).powi(2)) + 0.5 / (1.0 + ((hz - high) / 250.0).powi(2));
                (formants + 0.05 / number) * (TAU * phase * number).sin()
            };
            let sum: f64 = (1..24).map(|number| harmonic(f64::from(number))).sum();
            out.push(0.12 * (TAU / 2.0 * place).sin() * sum);
        }
        out.resize(out.len() + pause as usize, 0.0);
    }
    out.truncate(seconds * SECOND);
    out
}

fn noise(seed: u64, loud: f64, count: usize) -> Vec<f64> {
    let mut rng = Rng::with_seed(seed);
    (0..count).map(|_| loud * (2.0 * rng.f64() - 1.0)).collect()
}

fn sum(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter().zip(other).map(|(one, other)| one + other).collect()
}

/// What of `far` comes back into the microphone after `delay_ms`: the direct way and four walls.
fn echo(far: &[f64], delay_ms: f64) -> Vec<f64> {
    let mut out = vec![0.0; far.len()];
    for (later, share) in [(0.0, 0.35), (3.1, -0.2), (7.7, 0.12), (15.2, 0.07), (23.0, -0.04)] {
        let late = ((delay_ms + later) * 48.0) as usize;
        out.iter_mut().skip(late).zip(far).for_each(|(out, far)| *out += share * far);
    }
    out
}

fn samples(sound: &[f64]) -> Vec<i16> {
    sound.iter().map(|value| (value * 32_767.0).clamp(-32_768.0, 32_767.0) as i16).collect()
}

/// dB of full scale.
fn level(samples: &[i16]) -> f64 {
    let power = samples.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / samples.len().max(1) as f64;
    10.0 * (power / 32_767.0_f64.powi(2) + 1e-12).log10()
}

/// A terminal's sound: the microphone hears `near`, the loudspeaker plays `far` in pieces of 1024 samples, 20 ms before
/// they are heard. `plan` says from which second on what is done.
fn treat(near: &[f64], far: &[f64], plan: impl Fn(usize) -> VoicePlan) -> (Vec<i16>, Treatment) {
    let (near, far) = (samples(near), samples(far));
    let (mut treatment, mut out, mut written) = (Treatment::default(), Vec::new(), 0);
    for (n, frame) in near.chunks_exact(FRAME).enumerate() {
        treatment.set(plan(n / 100));
        let captured = Time::default() + Span::millis(10) * n as i64;
        while treatment.listens() && written < far.len() && written < (n + 3) * FRAME {
            let heard = Time::default() + Span::samples(written as i64, 48_000);
            let piece = far[written..far.len().min(written + 1024)].to_vec();
            written += piece.len();
            treatment.played(0, &Played { samples: piece, format: CALL, heard });
        }
        let mut sound = Sound { format: CALL, samples: frame.to_vec(), captured };
        treatment.run(&mut sound);
        out.extend(sound.samples);
    }
    (out, treatment)
}

#[test]
fn an_echo_is_taken_out_by_twenty_decibels_and_more_within_two_seconds() {
    for delay in [60.0, 90.0, 120.0] {
        let far = voice(1, 190.0, 4);
        let heard = sum(&echo(&far, delay), &noise(7, 0.0003, far.len()));
        let (out, _) = treat(&heard, &far, |_| ECHO);
        let before = samples(&heard);
        let enhancement = |second: usize| {
            let range = second * SECOND..(second + 1) * SECOND;
            level(&before[range.clone()]) - level(&out[range])
        };
        let told: Vec<f64> = (0..4).map(enhancement).collect();
        println!("echo after {delay} ms: {told:.1?} dB less in each second");
        assert!(told[2..].iter().all(|db| *db >= 20.0), "{delay} ms: {told:?}");
    }
}

#[test]
fn who_speaks_while_the_other_side_does_is_heard() {
    let (far, mut near) = (voice(1, 190.0, 8), voice(2, 110.0, 8));
    near[..4 * SECOND].fill(0.0);
    let alone = samples(&near);
    let (out, _) = treat(&sum(&near, &echo(&far, 80.0)), &far, |_| ECHO);
    let range = 5 * SECOND..8 * SECOND;
    let (before, after) = (level(&alone[range.clone()]), level(&out[range.clone()]));
    println!("near speech {before:.1} dBFS, in double talk {after:.1} dBFS");
    assert!((before - after).abs() < 4.0, "{before} dBFS alone, {after} in double talk");
    // It is the voice that is left, not anything of that level.
    let (reference, _) = treat(&near, &vec![0.0; near.len()], |_| ECHO);
    let both = range.map(|n| (f64::from(reference[n]), f64::from(out[n])));
    let (mut cross, mut one, mut other) = (0.0, 0.0, 0.0);
    both.for_each(|(a, b)| (cross, one, other) = (cross + a * b, one + a * a, other + b * b));
    let alike = cross / (one * other).sqrt();
    assert!(alike > 0.8, "{alike}");
}

#[test]
fn a_card_that_runs_fast_and_a_loudspeaker_that_pauses_do_not_bring_the_echo_back() {
    let mut far = voice(1, 190.0, 8);
    far[4 * SECOND..5 * SECOND].fill(0.0);
    let heard = sum(&echo(&far, 70.0), &noise(7, 0.0003, far.len()));
    let before = samples(&heard);
    let far = samples(&far);
    let (mut treatment, mut out, mut written) = (Treatment::default(), Vec::new(), 0);
    let mut rng = Rng::with_seed(11);
    treatment.set(ECHO);
    for (n, frame) in before.chunks_exact(FRAME).enumerate() {
        while written < far.len() && written < (n + 3) * FRAME {
            let piece = far[written..far.len().min(written + 1024)].to_vec();
            let silent = (4 * SECOND..5 * SECOND).contains(&written);
            // Its times jitter by 2 ms, and it plays nothing at all in the pause.
            let heard = Time::default() + Span::samples(written as i64, 48_000) + Span::micros(rng.i64(-1000..1000));
            written += piece.len();
            if !silent {
                treatment.played(0, &Played { samples: piece, format: CALL, heard });
            }
        }
        // The microphone's clock runs 100 ppm fast.
        let captured = Time::default() + Span::micros(n as i64 * 9_999);
        let mut sound = Sound { format: CALL, samples: frame.to_vec(), captured };
        treatment.run(&mut sound);
        out.extend(sound.samples);
    }
    for second in [2, 3, 6, 7] {
        let range = second * SECOND..(second + 1) * SECOND;
        let less = level(&before[range.clone()]) - level(&out[range]);
        println!("second {second}: {less:.1} dB less");
        assert!(less >= 20.0, "second {second}: {less} dB");
    }
}

#[test]
fn noise_goes_down_and_speech_stays() {
    let (speech, hum) = (voice(2, 110.0, 6), noise(5, 0.02, 6 * SECOND));
    let half = 3 * SECOND..6 * SECOND;
    let (out, _) = treat(&hum, &[], |_| NOISE);
    let down = level(&samples(&hum)[half.clone()]) - level(&out[half.clone()]);
    let mixed = sum(&speech, &hum);
    let (out, _) = treat(&mixed, &[], |_| NOISE);
    let kept = level(&samples(&speech)[half.clone()]) - level(&out[half.clone()]);
    let late = Step::Noise.delay().as_samples(48_000) as usize;
    let pauses: Vec<usize> =
        half.filter(|n| speech[n - 1500 - late..n + 300 - late].iter().all(|it| *it == 0.0)).collect();
    let of = |sound: &[i16]| level(&pauses.iter().map(|n| sound[*n]).collect::<Vec<_>>());
    let quiet = of(&samples(&mixed)) - of(&out);
    println!("noise {down:.1} dB less alone, {quiet:.1} dB less between syllables, speech {kept:.1} dB less");
    assert!(down >= 10.0 && quiet >= 10.0, "{down} dB, {quiet} dB");
    assert!(kept.abs() < 2.0, "{kept} dB of speech lost");
}

#[test]
fn a_quiet_voice_is_brought_up_and_a_loud_one_does_not_clip() {
    for (share, least, most) in [(0.04, -28.0, -22.0), (0.1, -28.0, -22.0), (1.0, -24.0, -16.0), (3.0, -16.0, -8.0)] {
        let spoken: Vec<f64> = voice(2, 110.0, 10).iter().map(|value| value * share).collect();
        let (out, _) = treat(&spoken, &[], |_| GAIN);
        let (before, after) = (level(&samples(&spoken)), level(&out[6 * SECOND..]));
        println!("a voice of {before:.1} dBFS comes out with {after:.1} dBFS");
        assert!((least..=most).contains(&after), "{before} dBFS became {after}");
        let flat = out.windows(4).filter(|it| it.iter().all(|value| value.unsigned_abs() >= 32_766)).count();
        assert!(flat == 0 || share > 1.0, "{flat} samples clipped at {before} dBFS");
    }
}

#[test]
fn each_step_delays_by_what_it_says_and_the_stamps_tell_so() {
    let spoken = voice(3, 140.0, 3);
    for (plan, delay) in [
        (ECHO, Step::Echo.delay()),
        (NOISE, Step::Noise.delay()),
        (GAIN, Span::ZERO),
        (VoicePlan { echo: true, noise: true, gain: true }, Step::Echo.delay() + Step::Noise.delay()),
    ] {
        let (out, mut treatment) = treat(&spoken, &vec![0.0; spoken.len()], |_| plan);
        let near = samples(&spoken);
        let alike = |lag: usize| -> f64 {
            (2 * SECOND..2 * SECOND + 20_000).map(|n| f64::from(near[n - lag]) * f64::from(out[n])).sum()
        };
        let lag = (0..1000).max_by(|&one, &other| alike(one).total_cmp(&alike(other))).unwrap();
        let off = Span::samples(lag as i64, 48_000) - delay;
        println!("{plan:?}: {:.2} ms", lag as f64 / 48.0);
        assert!(off.abs() < Span::micros(300), "{plan:?} delays by {lag} samples, not {delay}");
        assert!(delay < Span::millis(17));
        let mut next = Sound { format: CALL, samples: vec![0; 700], captured: Time::default() + Span::secs(3) };
        treatment.run(&mut next);
        assert_eq!((next.captured, next.samples.len()), (Time::default() + Span::secs(3) - delay, 480));
        let mut rest = Sound { format: CALL, samples: vec![0; 260], captured: next.captured + Span::millis(100) };
        treatment.run(&mut rest);
        let begins = next.captured + Span::millis(100) - CALL.span_of(220) - delay;
        assert_eq!((rest.captured, rest.samples.len()), (begins, 480), "what did not fill a frame comes with the next");
    }
}

#[test]
fn steps_come_and_go_without_a_click_or_a_hole() {
    // A tone: whatever is cut or jumps in it shows as a step.
    let tone: Vec<f64> = (0..8 * SECOND).map(|n| 0.3 * (TAU * 300.0 * n as f64 / 48_000.0).sin()).collect();
    let silence = vec![0.0; tone.len()];
    let steps = [NONE, ECHO, NONE, GAIN, VoicePlan { echo: true, noise: false, gain: true }, ECHO, NONE, NONE];
    let (out, treatment) = treat(&tone, &silence, |second| steps[second.min(7)]);
    assert!(!treatment.listens());
    assert_eq!(out.len(), tone.len(), "no sample is lost or added");
    let smooth = 0.3 * 32_767.0 * TAU * 300.0 / 48_000.0;
    let worst = out.windows(2).map(|pair| (f64::from(pair[1]) - f64::from(pair[0])).abs()).fold(0.0, f64::max);
    println!("steepest {worst:.0}, the tone alone {smooth:.0}");
    assert!(worst < 4.0 * smooth, "a step of {worst}, the tone has {smooth}");
    let quietest = out.chunks_exact(480).skip(5).map(level).fold(0.0, f64::min);
    assert!(quietest > -25.0, "{quietest} dBFS for 10 ms");
    assert_eq!(out[7 * SECOND..], samples(&tone)[7 * SECOND..], "what is not wanted is not in the path");
}

#[test]
fn a_stage_costs_nothing_before_it_is_wanted_and_after_it_has_left() {
    let mut stage = Stage::new(Step::Noise);
    let mut frame = [9; FRAME];
    stage.run(&mut frame, &[0; FRAME]);
    assert_eq!((stage.works(), frame), (false, [9; FRAME]));
    stage.set(true);
    (0..10).for_each(|_| stage.run(&mut frame, &[0; FRAME]));
    assert_eq!((stage.works(), stage.delay()), (true, Step::Noise.delay()));
    stage.set(false);
    (0..3).for_each(|_| stage.run(&mut frame, &[0; FRAME]));
    assert_eq!((stage.works(), stage.delay()), (false, Span::ZERO));
}
