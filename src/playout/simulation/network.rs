//! Networks as they are met: a sender with a clock of its own, one TCP connection, and what happens on it.

use crate::media::{SoundUnit, Span, Time, VideoUnit};
use bytes::Bytes;

/// How the ways of single units differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each unit is late by anything up to the jitter.
    Uniform,
    /// Most units are hardly late, few by up to one and a half times the jitter.
    HeavyTail,
    /// Several times a second nothing passes for up to the jitter; what waited comes at once.
    HeadOfLine,
    /// Everything leaves the server in batches, as often as the jitter is long.
    Batches,
    /// A bottleneck of 2 Mbit/s that lets 150 kbit/s pass in the last third of every 600 ms, before a picture of
    /// 500 kbit/s. No random network is one.
    Wobble,
}

/// One network with its sender and its loudspeaker.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    pub shape: Shape,
    pub jitter: Span,
    /// Stalls as lost segments cause them, in a thousand seconds; each lasts 200 to 1600 ms.
    pub stalls: i64,
    /// What the server sends at the join at once.
    pub burst: Span,
    /// By how many millionths the sender's clock is slow, and the loudspeaker's fast.
    pub drift: i64,
    pub speaker: i64,
    pub video: bool,
    pub seed: u64,
}

/// What arrives.
#[derive(Debug)]
pub enum Unit {
    Video(VideoUnit),
    Sound(SoundUnit),
}

/// An arrival: when, what, and the moment at which it was captured there.
#[derive(Debug)]
pub struct Arrival {
    pub at: Time,
    pub captured: Time,
    pub unit: Unit,
}

pub const PICTURE: Span = Span::micros(33_333);
pub const FRAME: Span = Span::micros(21_333);
const GOP: i64 = 60;
/// From capture to wire, of a picture and of a frame of sound, and the way of the quickest.
const ENCODED: (Span, Span) = (Span::millis(5), Span::millis(55));
const WAY: Span = Span::millis(20);
/// When the player joins.
pub const JOIN: Time = Time::from_micros(100_000_000);

/// A bucket of bits that is filled at the rate of the moment and holds 3200 bytes more than what is to pass.
struct Link {
    filled: Time,
    bits: i64,
}

impl Link {
    /// When so many bits that reach it at `at` have passed.
    fn passes(&mut self, bits: i64, at: Time) -> Time {
        while self.bits < bits || self.filled < at {
            self.filled += Span::millis(1);
            let narrow = (self.filled - JOIN).as_millis() % 600 >= 400;
            self.bits += if narrow { 150 } else { 2000 };
            if self.filled < at {
                self.bits = self.bits.min(25_600);
            }
        }
        self.bits -= bits;
        self.filled.max(at)
    }
}

impl Network {
    /// Network number `seed` of all that there may be.
    pub fn random(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let shapes = [Shape::Uniform, Shape::HeavyTail, Shape::HeadOfLine, Shape::Batches];
        Self {
            shape: shapes[rng.usize(0..4)],
            jitter: Span::micros(rng.i64(0..=200_000)),
            stalls: if rng.bool() { rng.i64(0..=60) } else { 0 },
            burst: Span::secs(if rng.bool() { 2 * rng.i64(0..=2) } else { 0 }),
            drift: rng.i64(-1000..=1000),
            speaker: rng.i64(-300..=300),
            video: rng.u8(0..8) > 0,
            seed,
        }
    }

    /// Everything that arrives, without end.
    pub fn arrivals(self) -> impl Iterator<Item = Arrival> {
        let mut rng = fastrand::Rng::with_seed(self.seed ^ 0x5eed);
        let data = Bytes::from_static(&[0; 64]);
        let (mut pictures, mut frames) = (0, 0);
        let mut link = Link { filled: JOIN, bits: 0 };
        let (mut last, mut blocked, mut next_block, mut next_stall) = (JOIN, JOIN, JOIN, JOIN);
        if self.stalls > 0 {
            next_stall = JOIN + Span::secs(5);
        }
        std::iter::from_fn(move || {
            let (picture, frame) = (PICTURE * pictures, FRAME * frames);
            let video = self.video && picture + ENCODED.0 <= frame + ENCODED.1;
            let (position, encoded) = if video { (picture, ENCODED.0) } else { (frame, ENCODED.1) };
            let captured = JOIN - self.burst + position + Span::micros(position.as_micros() / 1000 * self.drift / 1000);
            let reaches = captured + encoded + WAY;
            while self.stalls > 0 && reaches >= next_stall {
                blocked = blocked.max(next_stall + Span::millis(200 << rng.i64(0..4)));
                next_stall += Span::millis(rng.i64(0..=2_000_000 / self.stalls));
            }
            while self.shape == Shape::HeadOfLine && reaches >= next_block {
                blocked = blocked.max(next_block + Span::micros(rng.i64(0..=self.jitter.as_micros())));
                next_block += Span::millis(rng.i64(50..1000));
            }
            let late = match self.shape {
                Shape::Uniform => Span::micros(rng.i64(0..=self.jitter.as_micros())),
                Shape::HeavyTail => {
                    let tail = (0.02 / rng.f64().max(1e-6)).min(1.5);
                    Span::micros((self.jitter.as_micros() as f64 * tail) as i64)
                }
                Shape::HeadOfLine => Span::micros(rng.i64(0..1000)),
                Shape::Batches => {
                    let batch = self.jitter.as_micros().max(1);
                    Span::micros(batch - reaches.as_micros().rem_euclid(batch))
                }
                Shape::Wobble => {
                    let idr = video && pictures % GOP == 0;
                    link.passes(
                        if idr {
                            95_000
                        } else if video {
                            15_000
                        } else {
                            1700
                        },
                        reaches.max(last),
                    ) - reaches
                }
            };
            last = (reaches + late).max(blocked).max(last);
            // The wire counts milliseconds.
            let stamp = Span::millis(position.as_millis());
            let unit = if video {
                pictures += 1;
                let idr = (pictures - 1) % GOP == 0;
                Unit::Video(VideoUnit { data: data.clone(), idr, dts: stamp, pts: stamp })
            } else {
                frames += 1;
                Unit::Sound(SoundUnit { data: data.slice(..16), pts: stamp })
            };
            Some(Arrival { at: last, captured, unit })
        })
    }
}
