//! How much picture the network bears: bit rate, pictures a second, size, and whether the next picture may be made now.
//!
//! Looks at the connection go in ([`RateControl::look`]): bytes the kernel was given, bytes acknowledged, the round
//! trip, and what waits before the kernel. Three things come out.
//!
//! * [`RateControl::room`]: bytes of picture that may be written now. What stands in the kernel and before the
//!   narrowest place of the path is kept near `capacity x (shortest way + policy.room)`: a router's queue of 64 KiB is
//!   two seconds at 250 kbit/s, and whatever is written waits behind it. Sound is never held back by it, and because
//!   the picture's chunks are, sound waits for a chunk and not for a picture.
//! * [`RateControl::admits`]: whether the next picture may be encoded. A picture that could not leave is not made at
//!   all: the newest one is taken when there is room, no chain of references breaks, and delay stays bounded even
//!   where the rate is wrong.
//! * [`RateControl::target`]: bit rate, frame rate and size. Congestion (a standing queue, or pictures that had to
//!   wait for room) sets the rate to nine tenths of what the path was seen to carry while it was never idle; without
//!   it the rate grows slowly at first, and twice as fast with every calm second.
//!
//! Delay that does not go away although the rate was cut belongs to the path (another route, somebody else's queue):
//! it is accepted, so that the rate does not sink for nothing.

mod changes;
mod congestion;
mod ladder;
mod path;

#[cfg(test)]
mod tests;

pub use changes::Changes;
pub use congestion::Congestion;

use crate::media::{Span, Time};
pub use crate::settings::policy::Aim;
use crate::settings::policy::Rates;
use ladder::Ladder;
use path::{OWED, Path};

/// Part of the capacity that is used after congestion.
const SHARE: f64 = 0.92;
/// Bytes of RTMP and FLV around those of a picture, as a factor.
const FRAMING: f64 = 1.02;
/// The same of sound, whose frames are small.
const SOUND: f64 = 1.08;
/// A queue that stands for longer than this although the rate fits is congestion.
const STANDING: Span = Span::millis(20);
/// Between two cuts of the rate.
const CUT_REST: Span = Span::millis(300);
/// A queue is given half as long again as it is, and this much more, to go away without new pictures; what is left of
/// it then is not ours.
const DRAIN: Span = Span::millis(100);
/// Between two times that delay is accepted as the path's own.
const ACCEPT_REST: Span = Span::secs(5);
/// Nothing was acknowledged for this long beyond what a path of this capacity needs: it stands still.
const STILL: Span = Span::millis(60);
/// Sound is held back, too, when nothing was acknowledged for this long: it would only be old.
const DEAD: Span = Span::millis(300);
/// Two whole segments: what a path may owe without standing still.
const SEGMENTS: f64 = 3000.0;
/// Less room than this is none: a chunk is a kilobyte, and sound waits behind it.
const LEAST: f64 = 500.0;
/// Fewer bytes a second beside the sound are no picture.
const SPARE: f64 = 1500.0;
/// A few frames of sound: a picture may always be added to them.
const FEW: f64 = 700.0;
/// While bytes are on their way they are looked at this often: when it is tight, and else.
const LOOK: (Span, Span) = (Span::millis(10), Span::millis(40));
/// A break is noticed after its retransmission timer, a fifth of a second at least; till then it looks like a narrow path.
const UNNOTICED: Span = Span::millis(600);
/// Smallest step of the rate that is worth telling the encoder of, in percent.
const STEP: u32 = 4;

/// A look at the connection and at what waits before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Bytes the kernel was given since the connection began.
    pub written: u64,
    /// Bytes of those that were acknowledged.
    pub acked: u64,
    /// Bytes of a whole segment.
    pub segment: u64,
    /// The kernel's smoothed round trip; zero when it knows none.
    pub rtt: Span,
    /// Pictures that wait and are not begun.
    pub waiting: usize,
    /// Age of the oldest of them.
    pub age: Span,
    /// A picture is begun and not wholly written.
    pub begun: bool,
}

/// See the module's head.
#[derive(Clone, Debug)]
pub struct RateControl {
    rates: Rates,
    path: Path,
    ladder: Ladder,
    /// What the path is taken to carry, in bytes a second; `None` where nothing speaks for a limit below the highest rate.
    reckoned: Option<f64>,
    told: Aim,
    sample: Sample,
    /// Where growth began, and when congestion was last seen.
    calm_since: Time,
    congested: bool,
    congested_since: Option<Time>,
    cut_at: Option<Time>,
    /// What was reckoned with before the last cuts, as long as these may belong to a break that is not noticed yet.
    uncut: Option<f64>,
    /// No picture is let through until then, or until the queue is gone.
    draining: Option<Time>,
    accepted: Option<Time>,
    /// When the last picture began to leave.
    pictured: Option<Time>,
    /// The gate was shut since.
    shut: bool,
    /// Time in which a picture was due and had no room, as a part of the last third of a second.
    withheld: f64,
    looked: Option<Time>,
    /// Bytes that stand before the narrowest place of the path, by what was written and what it carries.
    standing: f64,
}

impl RateControl {
    /// Begins at the highest rate.
    pub fn new(rates: &Rates, now: Time) -> Self {
        let ladder = Ladder::new(rates, rates.max);
        let top = rates.top();
        Self {
            path: Path::default(),
            ladder,
            reckoned: None,
            told: Aim { kbps: rates.max, fps: top.fps, size: top.size },
            sample: Sample::default(),
            calm_since: now,
            congested: false,
            congested_since: None,
            cut_at: None,
            uncut: None,
            draining: None,
            accepted: None,
            pictured: None,
            shut: false,
            withheld: 0.0,
            looked: None,
            standing: 0.0,
            rates: rates.clone(),
        }
    }

    /// Takes other bounds and rules; what is known of the path stays.
    pub fn configure(&mut self, rates: &Rates) {
        if self.rates == *rates {
            return;
        }
        let ladder = self.rates.rungs != rates.rungs || self.rates.policy != rates.policy;
        self.rates = rates.clone();
        if ladder {
            self.ladder = Ladder::new(rates, self.rate());
        }
    }

    /// Takes a look at the connection; call it before asking for anything, and at [`Self::deadline`].
    pub fn look(&mut self, sample: Sample, now: Time) {
        let past = self.looked.replace(now).map_or(Span::ZERO, |last| now - last);
        let written = sample.written.saturating_sub(self.sample.written) as f64;
        self.sample = sample;
        self.path.look(&sample, self.capacity(), now);
        let left = self.capacity().map_or(0.0, |capacity| capacity * past.as_secs_f64());
        self.standing = ((self.standing - left).max(0.0) + written).min(self.path.outstanding() as f64);
        self.gate(now);
        self.note_withheld(past, now);
        self.steer(past, now);
    }

    /// The link carries again after a break, during which there was no look at it: what was known when it began holds,
    /// and what trickled through it does not.
    pub fn resume(&mut self, sample: Sample, now: Time) {
        if self.looked.zip(self.cut_at).is_some_and(|(looked, cut)| looked - cut <= UNNOTICED) {
            self.reckoned = self.uncut;
            let kbps = self.rate();
            self.ladder = Ladder::new(&self.rates, kbps);
            self.told.kbps = kbps;
        }
        self.path = self.path.after_break(&sample, now);
        self.sample = sample;
        self.standing = self.path.outstanding() as f64;
        (self.calm_since, self.looked, self.withheld) = (now, Some(now), 0.0);
        (self.congested, self.congested_since, self.draining, self.shut) = (false, None, None, false);
    }

    /// A picture begins to leave.
    pub fn picture(&mut self, now: Time) {
        self.pictured = Some(now);
    }

    /// Bytes of picture that may be given to the kernel now; `None`: as many as it takes.
    pub fn room(&self, now: Time) -> Option<usize> {
        if self.still(now) {
            return Some(0);
        }
        let (room, out) = (self.rates.policy.room.as_secs_f64(), self.path.outstanding());
        match self.capacity() {
            Some(capacity) => {
                // As much as travels and is owed, and no more at once than may stand before the narrowest place.
                let way = (self.path.way() + OWED.1).as_secs_f64();
                let travelling = capacity * (way + room) - out as f64;
                let standing = (capacity * room).max(FEW) - self.standing;
                let few = FEW - out as f64;
                let room = travelling.min(standing).max(few);
                Some(if room < LEAST { 0 } else { room as usize })
            }
            None => (self.path.waiting(now) > self.rates.policy.room.max(OWED.1) && out as f64 > FEW).then_some(0),
        }
    }

    /// May the next picture be encoded?
    pub fn admits(&self) -> bool {
        !self.shut
    }

    /// May sound be given to the kernel? Always, unless the path stands still.
    pub fn takes_sound(&self, now: Time) -> bool {
        self.path.silence(now) < DEAD
    }

    /// What the picture should be.
    pub fn target(&self) -> Aim {
        self.told
    }

    /// The network, and nothing else, keeps the picture from being what the settings ask for.
    pub fn limited(&self) -> bool {
        self.told.kbps < self.rates.max
    }

    /// How long what is written now waits before it leaves: in the kernel, and on the path beyond its shortest way.
    pub fn delay(&self, now: Time) -> Span {
        self.path.waiting(now)
    }

    /// For how long a picture that is due has not been let through.
    pub fn held_back(&self, now: Time) -> Span {
        let waits = self.pictured.filter(|_| self.shut).map_or(Span::ZERO, |at| now - at - self.period());
        waits.max(Span::ZERO)
    }

    /// When to look again although nothing happened; `None` while nothing is on its way.
    pub fn deadline(&self, now: Time) -> Option<Time> {
        let (tight, calm) = LOOK;
        let on_its_way = self.path.outstanding() > 0;
        on_its_way.then(|| now + if self.shut || self.congested || self.limited() { tight } else { calm })
    }

    /// The gate shuts when there is no room, and opens when half of it is free again, so that a picture never waits
    /// behind another one and the shortest way is seen again and again.
    fn gate(&mut self, now: Time) {
        let Sample { waiting, age, begun, .. } = self.sample;
        let ahead = self.rates.policy.ahead;
        if ahead > Span::ZERO {
            self.shut = waiting > 0 && age > ahead;
            return;
        }
        let room = self.room(now);
        self.drain(now);
        let free = match room {
            _ if self.draining.is_some() || self.sound_fills_it() => false,
            None => true,
            Some(0) => false,
            Some(room) => {
                let half = self.capacity().unwrap_or_default() * (self.rates.policy.room / 2).as_secs_f64();
                room as f64 >= half.min(FEW / 2.0) || (!self.shut && room > 0)
            }
        };
        self.shut = !free || waiting > 0 || (begun && room.is_some());
    }

    /// Bytes a second to reckon with: what was measured of late, else what is left of earlier measures.
    fn capacity(&self) -> Option<f64> {
        self.path.capacity().or(self.reckoned)
    }

    /// kbit/s of video that fit into a capacity beside the sound.
    fn fits(&self, capacity: f64) -> f64 {
        (capacity * 8.0 / 1000.0 * SHARE - f64::from(self.rates.sound) * SOUND) / FRAMING
    }

    /// kbit/s of video.
    fn rate(&self) -> u32 {
        let fits = self.reckoned.map_or(f64::MAX, |capacity| self.fits(capacity));
        fits.clamp(self.rates.min.into(), self.rates.max.into()).round() as u32
    }

    /// The path stands still: nothing comes back although it should.
    fn still(&self, now: Time) -> bool {
        let segments =
            self.capacity().map_or(Span::ZERO, |capacity| Span::micros((SEGMENTS / capacity.max(1000.0) * 1e6) as i64));
        self.path.silence(now) > self.rates.policy.room + STILL + segments
    }

    /// The path bears sound and next to nothing else.
    fn sound_fills_it(&self) -> bool {
        self.capacity().is_some_and(|capacity| capacity < self.sound_alone())
    }

    /// Bytes a second that leave no room for a picture beside the sound.
    fn sound_alone(&self) -> f64 {
        f64::from(self.rates.sound) * SOUND * 1000.0 / 8.0 + SPARE
    }

    /// A queue that does not go away is emptied, so that the shortest way is seen again.
    fn drain(&mut self, now: Time) {
        let standing = self.path.standing(now);
        match self.draining {
            None if standing > STANDING.max(self.rates.policy.room / 2) => {
                self.draining = Some(now + standing * 3 / 2 + DRAIN);
            }
            Some(_) if self.path.waiting(now) <= STANDING / 2 => self.draining = None,
            Some(until) if now >= until => {
                self.draining = None;
                let sound = f64::from(self.rates.sound) * SOUND * 1000.0 / 8.0;
                let roomy = self.path.capacity().is_none_or(|capacity| capacity > sound * 2.0);
                if roomy && self.accepted.is_none_or(|at| now - at >= ACCEPT_REST) {
                    self.accepted = Some(now);
                    self.path.accept(now);
                }
            }
            _ => {}
        }
    }

    fn period(&self) -> Span {
        Span::secs(1) / i64::from(self.told.fps.max(1))
    }

    fn note_withheld(&mut self, past: Span, now: Time) {
        let part = (past.as_secs_f64() / 0.3).min(1.0);
        let withheld = if self.held_back(now) > Span::ZERO { 1.0 } else { 0.0 };
        self.withheld += (withheld - self.withheld) * part;
    }

    fn steer(&mut self, past: Span, now: Time) {
        if self.still(now) {
            // Standing still tells nothing of how wide the path is.
            (self.withheld, self.congested_since) = (0.0, None);
            return;
        }
        let policy = self.rates.policy;
        let standing = self.path.standing(now) > STANDING.max(policy.room / 2);
        // Room that is merely reckoned is no sign of a narrow path.
        let withheld = self.withheld > 0.3 && self.path.capacity().is_some();
        let queued = self.sample.age > policy.ahead / 2 && policy.ahead > Span::ZERO;
        self.congested = standing || withheld || queued;
        if self.congested {
            self.calm_since = now;
            let since = *self.congested_since.get_or_insert(now);
            let rested = self.cut_at.is_none_or(|at| now - at >= CUT_REST);
            if now - since >= policy.patience && rested {
                self.cut(now);
            }
        } else {
            self.congested_since = None;
            self.grow(past, now);
        }
        let kbps = self.rate();
        let bound = kbps == self.rates.min || kbps == self.rates.max;
        if bound || kbps.abs_diff(self.told.kbps) * 100 >= self.told.kbps * STEP {
            self.told.kbps = kbps;
        }
        let rung = self.ladder.follow(&self.rates, self.told.kbps, now);
        (self.told.fps, self.told.size) = (rung.fps, rung.size);
    }

    /// Down to what the path carries.
    fn cut(&mut self, now: Time) {
        // What grows by parts of itself never comes back from nothing: a moment in which nothing passed is no capacity.
        let Some(capacity) = self.path.capacity().map(|capacity| capacity.max(self.sound_alone() * 1.25)) else {
            return;
        };
        let lower = self.reckoned.is_none_or(|reckoned| capacity < reckoned);
        if lower && self.fits(capacity) < self.rates.max.into() {
            if self.cut_at.is_none_or(|at| now - at > UNNOTICED) {
                self.uncut = self.reckoned;
            }
            (self.reckoned, self.cut_at) = (Some(capacity), Some(now));
        }
    }

    /// Up, the faster the longer it was calm.
    fn grow(&mut self, past: Span, now: Time) {
        let policy = self.rates.policy;
        let doublings = (now - self.calm_since).as_secs_f64() / policy.calm.as_secs_f64();
        let percent = (f64::from(policy.rise) * doublings.min(16.0).exp2()).min(policy.rise_most.into());
        let factor = 1.0 + percent / 100.0 * past.as_secs_f64().min(0.1);
        let grown = self.reckoned.map(|capacity| capacity * factor);
        self.reckoned = grown.filter(|&capacity| self.fits(capacity) < self.rates.max.into());
    }
}
