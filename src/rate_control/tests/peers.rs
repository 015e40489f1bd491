//! Who steers a simulated call: this rate control, a fixed rate, or the rule that a well-known bonding encoder publishes.

use crate::media::{Span, Time};
use crate::rate_control::{RateControl, Sample};
use crate::settings::policy::Rates;
use std::collections::VecDeque;

pub enum Ruler {
    Ours(Box<RateControl>),
    Peer(Peer),
}

/// Pictures are written as the kernel takes them, and shed by age; the rate is fixed or follows the round trip.
#[derive(Default)]
pub struct Peer {
    kbps: f64,
    most: f64,
    least: f64,
    adaptive: bool,
    broken: bool,
    mean: f64,
    jitter: f64,
    shortest: f64,
    last: f64,
    up_at: i64,
    down_at: i64,
    looked: i64,
}

impl Ruler {
    pub fn ours(rates: &Rates) -> Self {
        Ruler::Ours(Box::new(RateControl::new(rates, Time::default())))
    }

    pub fn fixed(kbps: u32) -> Self {
        Ruler::Peer(Peer { kbps: kbps.into(), ..Peer::default() })
    }

    /// Down by a tenth and 100 kbit/s every quarter of a second while the round trip is high, to the floor where it is
    /// very high; up by a thirtieth and 30 kbit/s every half second where it is near its least. Round trip stands for
    /// the sender's buffer too, which TCP does not tell as SRT does; latency 1000 ms.
    pub fn by_round_trip(least: u32, most: u32) -> Self {
        let (least, most) = (least.into(), most.into());
        Ruler::Peer(Peer { kbps: most, least, most, adaptive: true, shortest: 200.0, ..Peer::default() })
    }

    pub fn look(&mut self, sample: Sample, now: Time) {
        match self {
            Ruler::Ours(control) => control.look(sample, now),
            Ruler::Peer(peer) if peer.adaptive => peer.steer(sample.rtt.as_millis_f64(), now.as_millis()),
            Ruler::Peer(_) => {}
        }
    }

    pub fn deadline(&self, now: Time) -> Option<Time> {
        match self {
            Ruler::Ours(control) => control.deadline(now),
            Ruler::Peer(_) => Some(now + Span::millis(10)),
        }
    }

    pub fn room(&self, now: Time) -> Option<usize> {
        match self {
            Ruler::Ours(control) => control.room(now),
            Ruler::Peer(_) => None,
        }
    }

    pub fn admits(&self) -> bool {
        match self {
            Ruler::Ours(control) => control.admits(),
            Ruler::Peer(_) => true,
        }
    }

    pub fn takes_sound(&self, now: Time) -> bool {
        match self {
            Ruler::Ours(control) => control.takes_sound(now),
            Ruler::Peer(_) => true,
        }
    }

    pub fn picture(&mut self, now: Time) {
        if let Ruler::Ours(control) = self {
            control.picture(now);
        }
    }

    /// Rate and pictures a second.
    pub fn target(&self) -> (u32, u32) {
        match self {
            Ruler::Ours(control) => (control.target().kbps, control.target().fps),
            Ruler::Peer(peer) => (peer.kbps as u32, 30),
        }
    }

    /// Drops what waits for longer than 200 ms and is not begun; then the next picture has to be an IDR.
    pub fn shed<T>(&mut self, waiting: &mut VecDeque<T>, age: impl Fn(&T) -> i64, begun: impl Fn(&T) -> bool) {
        let old = waiting.iter().any(|it| !begun(it) && age(it) > 200);
        if old {
            waiting.retain(|it| begun(it));
            if let Ruler::Peer(peer) = self {
                peer.broken = true;
            }
        }
    }

    /// Once after a loss.
    pub fn broken(&mut self) -> bool {
        match self {
            Ruler::Ours(_) => false,
            Ruler::Peer(peer) => std::mem::take(&mut peer.broken),
        }
    }
}

impl Peer {
    fn steer(&mut self, rtt: f64, now: i64) {
        if now - self.looked < 20 {
            return;
        }
        self.looked = now;
        let delta = rtt - self.last;
        self.last = rtt;
        self.mean = if self.mean == 0.0 { rtt } else { self.mean * 0.99 + rtt * 0.01 };
        self.shortest = (self.shortest * 1.001).min(rtt);
        self.jitter = (self.jitter * 0.99).max(delta);
        let high = self.mean + (self.jitter * 4.0).max(self.mean * 0.15);
        if rtt >= 333.0 {
            self.kbps = self.least;
        } else if now > self.down_at && rtt > 200.0 {
            (self.kbps, self.down_at) = (self.kbps * 0.9 - 100.0, now + 250);
        } else if now > self.down_at && rtt > high {
            (self.kbps, self.down_at) = (self.kbps - 100.0, now + 200);
        } else if now > self.up_at && rtt < self.shortest + (self.jitter * 2.0).max(1.0) {
            (self.kbps, self.up_at) = (self.kbps + 30.0 + self.kbps / 30.0, now + 500);
        }
        self.kbps = self.kbps.clamp(self.least, self.most);
    }
}
