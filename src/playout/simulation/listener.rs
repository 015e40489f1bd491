//! Who hears and sees what is given out: a loudspeaker that consumes by its own clock, a screen, and what of it anybody
//! would notice.

use super::network::{Arrival, FRAME, JOIN, Network, Unit};
use crate::media::{Span, Time};
use crate::playout::{Output, Playout, Show};
use std::collections::VecDeque;

/// The loudspeaker hides so much by stretching; what is missing beyond it is silence.
const HIDDEN: Span = Span::millis(10);
/// What it needs before a sample is heard.
const NEEDS: Span = Span::millis(13);
/// Figures begin so long after the join.
const WARM: Span = Span::secs(5);
/// Two pictures further apart than this are a freeze.
const FREEZE: Span = Span::millis(100);

/// What one listener met with.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub frames: u64,
    /// Sound that was not there when it was to be heard.
    pub silence: Span,
    pub left_out: u64,
    /// Sum of the delays of all frames, capture to ear.
    delays: i128,
    /// Frames played faster or slower by more than a hundredth, and the sum of all such parts per mille.
    pub stretched: u64,
    pub stretch: u64,
    /// Ways of all frames, in milliseconds: how often each.
    ways: Vec<u64>,
    pub pictures: u64,
    pub freezes: u64,
    pub frozen: Span,
    /// The longest silence.
    pub silent: Span,
    /// Delays of the pictures shown, capture to eye.
    pub seen: Vec<Span>,
    /// How far pictures were ahead of their sound, in milliseconds: how often each.
    leads: Vec<u64>,
    /// Mean delay of each ten minutes, in milliseconds.
    pub means: Vec<f64>,
}

impl Heard {
    /// Mean delay in milliseconds.
    pub fn delay(&self) -> f64 {
        self.delays as f64 / self.frames.max(1) as f64 / 1000.0
    }

    /// Sound that was missing, per mille.
    pub fn missing(&self) -> f64 {
        let played = FRAME * self.frames as i64;
        1000.0 * self.silence.as_secs_f64() / (played + self.silence).as_secs_f64().max(1e-9)
    }

    /// The least constant delay, in milliseconds, with which no more sound would have been missing.
    pub fn clairvoyant(&self) -> f64 {
        let all: u64 = self.ways.iter().sum();
        let mut later = (all as f64 * self.missing() / 1000.0) as i64;
        let place = self.ways.iter().rposition(|&count| {
            later -= count as i64;
            later < 0
        });
        place.unwrap_or_default() as f64 + NEEDS.as_millis_f64()
    }

    /// Pictures that were further ahead of their sound.
    pub fn ahead_of(&self, lead: Span) -> u64 {
        self.leads.iter().skip(lead.as_millis() as usize + 1).sum()
    }

    /// Least-squares slope of the mean delays, in milliseconds a day.
    pub fn slope(&self) -> f64 {
        let count = self.means.len() as f64;
        let middle = (count - 1.0) / 2.0;
        let mean = self.means.iter().sum::<f64>() / count;
        let (mut above, mut below) = (0.0, 0.0);
        for (place, delay) in self.means.iter().enumerate() {
            above += (place as f64 - middle) * (delay - mean);
            below += (place as f64 - middle).powi(2);
        }
        144.0 * above / below.max(1e-9)
    }

    /// How far the means are apart, in milliseconds.
    pub fn range(&self) -> f64 {
        let most = self.means.iter().copied().fold(f64::MIN, f64::max);
        most - self.means.iter().copied().fold(f64::MAX, f64::min)
    }
}

struct Loudspeaker {
    /// A second of its sound lasts so many millionths less.
    fast: i64,
    end: Option<Time>,
}

impl Loudspeaker {
    /// A frame that should be heard at `due`: when it is, the silence before it, and its stretch per mille.
    fn play(&mut self, due: Time) -> (Time, Span, u64) {
        let end = self.end.unwrap_or(due);
        let off = due - end;
        let silence = if off > HIDDEN { off } else { Span::ZERO };
        // What is far too long is cut.
        let start = if off < -HIDDEN * 6 { due } else { end + silence };
        let off = due - start;
        let length = (FRAME + off / 8).max(FRAME * 9 / 10).min(FRAME * 11 / 10);
        self.end = Some(start + length - Span::micros(length.as_micros() * self.fast / 1_000_000));
        (start, silence, ((length - FRAME).abs().as_micros() * 1000 / FRAME.as_micros()) as u64)
    }
}

/// Plays `network` through `playout` for `length`.
pub fn listen(playout: &mut Playout, network: Network, length: Span) -> Heard {
    let mut heard = Heard { ways: vec![0; 8000], leads: vec![0; 1000], ..Heard::default() };
    let mut loudspeaker = Loudspeaker { fast: network.speaker, end: None };
    playout.set_speaker(true, NEEDS);
    let mut arrivals = network.arrivals().peekable();
    // Captures of the frames under way, by their stamp.
    let mut sounds: VecDeque<(Span, Time)> = VecDeque::new();
    let mut pictures: VecDeque<(Span, Time)> = VecDeque::new();
    let (mut now, end) = (JOIN, JOIN + length);
    let (mut shown, mut sum, mut planned) = (None::<Time>, (0_i128, 0_i128), None::<Span>);
    while now < end {
        let next = arrivals.peek().map(|arrival| arrival.at);
        now = [next, playout.deadline(now)].into_iter().flatten().min().unwrap_or(end).max(now);
        while let Some(Arrival { captured, unit, .. }) = arrivals.next_if(|arrival| arrival.at <= now) {
            match unit {
                Unit::Video(unit) => {
                    pictures.push_back((unit.pts, captured));
                    playout.handle_video(unit, now);
                }
                Unit::Sound(unit) => {
                    sounds.push_back((unit.pts, captured));
                    if now >= JOIN + WARM {
                        let way = (now - captured).as_millis().clamp(0, 7999) as usize;
                        heard.ways[way] += 1;
                    }
                    playout.handle_sound(unit, now);
                }
            }
        }
        while let Some(output) = playout.poll(now) {
            let warm = now >= JOIN + WARM;
            match output {
                Output::News(_) => {}
                Output::Sound { unit, due, .. } => {
                    let (start, silence, stretch) = loudspeaker.play(due);
                    let mut left_out = 0;
                    while sounds.front().is_some_and(|sound| sound.0 < unit.pts) {
                        sounds.pop_front();
                        left_out += 1;
                    }
                    let Some((_, captured)) = sounds.pop_front() else { continue };
                    let delay = start - captured;
                    planned = Some(due - captured);
                    if !warm {
                        continue;
                    }
                    heard.frames += 1;
                    heard.left_out += left_out;
                    heard.silence += silence;
                    heard.silent = heard.silent.max(silence);
                    heard.delays += i128::from(delay.as_micros());
                    heard.stretched += u64::from(stretch > 10);
                    heard.stretch += stretch;
                    sum = (sum.0 + i128::from(delay.as_micros()), sum.1 + 1);
                    if sum.1 == 600_000_000 / i128::from(FRAME.as_micros()) {
                        heard.means.push(sum.0 as f64 / sum.1 as f64 / 1000.0);
                        sum = (0, 0);
                    }
                }
                Output::Video { unit, show, .. } => {
                    while pictures.front().is_some_and(|picture| picture.0 < unit.pts) {
                        pictures.pop_front();
                    }
                    let Some((_, captured)) = pictures.pop_front() else { continue };
                    let Show::At(at) = show else { continue };
                    let apart = shown.replace(at).map_or(Span::ZERO, |before| at - before);
                    if warm {
                        heard.pictures += 1;
                        if heard.seen.len() < 10_000 {
                            heard.seen.push(at - captured);
                        }
                        heard.freezes += u64::from(apart > FREEZE);
                        heard.frozen = heard.frozen.max(apart);
                        let lead = planned.map_or(0, |sound| (sound - (at - captured)).as_millis().clamp(0, 999));
                        heard.leads[lead as usize] += 1;
                    }
                }
            }
        }
    }
    heard
}
