//! A camera, a microphone and an encoder before a [`Link`], and what whoever looks and listens behind it gets.

use super::link::{Link, Plan};
use super::peers::Ruler;
use crate::media::{Span, Time};
use crate::rate_control::Sample;
use std::collections::VecDeque;

/// Between two pictures of the camera and two frames of sound, in microseconds.
const PICTURE: i64 = 33_333;
const SOUND: i64 = 21_333;
/// A frame of sound at 64 kbit/s with its RTMP and FLV heads.
const SOUND_BYTES: u64 = 182;
const CHUNK: u64 = 1024;
/// An encoder takes so many milliseconds.
const ENCODE: i64 = 4;
/// An IDR is so much larger than the pictures between.
const IDR: f64 = 4.0;
/// The kernel takes no more when so much is unsent.
const UNSENT: u64 = 16 << 10;

/// A unit that was written: where it ends in the stream, when it was taken and when coded.
#[derive(Clone, Copy, Debug)]
struct Unit {
    end: u64,
    captured: i64,
    coded: i64,
    sound: bool,
}

/// What came of a call; times in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// When each picture arrived, how long after it was captured, and how much of that it waited before the path and on
    /// it, beyond the way there.
    pub pictures: Vec<(i64, i64, i64)>,
    /// When each frame of sound arrived, and how long after it was coded, less the way there.
    pub sound: Vec<(i64, i64)>,
    /// Rate and pictures a second asked for at each tenth of a second.
    pub targets: Vec<(i64, u32, u32)>,
    /// Bytes that had passed at each tenth of a second.
    pub passed: Vec<(i64, u64)>,
}

impl Outcome {
    /// The value that `percent` of the waits of pictures which arrived in `from..to` do not exceed.
    pub fn wait(&self, percent: usize, from: i64, to: i64) -> i64 {
        quantile(self.pictures.iter().filter(|it| (from..to).contains(&it.0)).map(|it| it.2), percent)
    }
    /// The longest time without sound in `from..to`.
    pub fn gap(&self, from: i64, to: i64) -> i64 {
        let times: Vec<i64> = self.sound.iter().map(|it| it.0).filter(|at| (from..to).contains(at)).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(to - from)
    }
    /// kbit/s that passed in `from..to`.
    pub fn kbps(&self, from: i64, to: i64) -> f64 {
        let at = |ms: i64| self.passed.iter().rev().find(|it| it.0 <= ms).map_or(0, |it| it.1);
        (at(to) - at(from)) as f64 * 8.0 / (to - from) as f64
    }
    /// The target at `ms`.
    pub fn target(&self, ms: i64) -> (u32, u32) {
        self.targets.iter().rev().find(|it| it.0 <= ms).map_or((0, 0), |it| (it.1, it.2))
    }
}

/// The value that `percent` of `values` do not exceed; 0 for none.
pub fn quantile(values: impl Iterator<Item = i64>, percent: usize) -> i64 {
    let mut sorted: Vec<i64> = values.collect();
    sorted.sort_unstable();
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or(0)
}

/// Lets `ruler` steer a call of `ms` milliseconds over `plan`.
pub fn call(mut ruler: Ruler, plan: &Plan, ms: i64, seed: u64) -> Outcome {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut link = Link::new(plan.clone(), seed);
    let mut outcome = Outcome::default();
    let (mut next_picture, mut next_sound) = (0, 0);
    // The newest raw picture; the one in the encoder; coded ones, with their bytes still to be written.
    let mut raw: Option<i64> = None;
    let mut coding: Option<(i64, i64, u64)> = None;
    let mut coded: VecDeque<(Unit, u64, bool)> = VecDeque::new();
    let mut sounds: VecDeque<i64> = VecDeque::new();
    let mut units: VecDeque<Unit> = VecDeque::new();
    let (mut taken, mut idr_at, mut look_at) = (-1000i64, -10_000i64, 0i64);
    for now in 0..ms {
        let time = Time::from_micros(now * 1000);
        link.step(now);
        while units.front().is_some_and(|unit| unit.end <= link.received) {
            let Some(unit) = units.pop_front() else { break };
            let wait = now - unit.coded - plan.rtt / 2;
            match unit.sound {
                true => outcome.sound.push((now, wait)),
                false => outcome.pictures.push((now, now - unit.captured, wait)),
            }
        }
        let mut woken = now >= look_at;
        while next_sound <= now * 1000 {
            (next_sound, woken) = (next_sound + SOUND, true);
            sounds.push_back(now);
        }
        while next_picture <= now * 1000 {
            next_picture += PICTURE;
            raw = Some(now);
        }
        if let Some((captured, done, bytes)) = coding
            && done <= now
        {
            (coding, woken) = (None, true);
            coded.push_back((Unit { end: 0, captured, coded: now, sound: false }, bytes, false));
        }
        if woken {
            loop {
                let age = coded.iter().find(|it| !it.2).map_or(0, |it| now - it.0.captured);
                let sample = Sample {
                    written: link.written,
                    acked: link.acked,
                    segment: 1448,
                    rtt: Span::micros((link.srtt * 1000.0) as i64),
                    waiting: coded.iter().filter(|it| !it.2).count(),
                    age: Span::millis(age),
                    begun: coded.front().is_some_and(|it| it.2),
                };
                ruler.look(sample, time);
                let before = link.written;
                write(&mut ruler, &mut link, &mut coded, &mut sounds, &mut units, now);
                if link.written == before {
                    break;
                }
            }
            look_at = ruler.deadline(time).map_or(i64::MAX, |at| at.as_millis());
        }
        let (kbps, fps) = ruler.target();
        let due = now - taken >= 1000 / i64::from(fps) - 8;
        if coding.is_none()
            && due
            && ruler.admits()
            && let Some(captured) = raw.take()
        {
            let idr = now - idr_at >= 2000 || ruler.broken();
            idr_at = if idr { now } else { idr_at };
            let mean = f64::from(kbps) * 125.0 / f64::from(fps);
            let bytes = mean * if idr { IDR } else { 0.9 } * (0.7 + 0.6 * random.f64());
            (coding, taken) = (Some((captured, now + ENCODE, bytes.max(60.0) as u64)), now);
        }
        if now % 100 == 0 {
            outcome.targets.push((now, kbps, fps));
            outcome.passed.push((now, link.passed));
        }
    }
    outcome
}

/// Sound first, then chunks of pictures as far as there is room, as the send task writes them.
fn write(
    ruler: &mut Ruler,
    link: &mut Link,
    coded: &mut VecDeque<(Unit, u64, bool)>,
    sounds: &mut VecDeque<i64>,
    units: &mut VecDeque<Unit>,
    now: i64,
) {
    let time = Time::from_micros(now * 1000);
    sounds.retain(|made| now - made <= 1000);
    while link.unsent() < UNSENT && ruler.takes_sound(time) {
        let Some(made) = sounds.pop_front() else { break };
        link.written += SOUND_BYTES;
        units.push_back(Unit { end: link.written, captured: made, coded: made, sound: true });
    }
    ruler.shed(coded, |it| now - it.0.captured, |it| it.2);
    let Some((unit, left, begun)) = coded.front_mut() else { return };
    if link.unsent() >= UNSENT || ruler.room(time) == Some(0) {
        return;
    }
    if !std::mem::replace(begun, true) {
        ruler.picture(time);
    }
    let part = (*left).min(CHUNK);
    *left -= part;
    link.written += part + 12;
    if *left == 0 {
        units.push_back(Unit { end: link.written, ..*unit });
        coded.pop_front();
    }
}
