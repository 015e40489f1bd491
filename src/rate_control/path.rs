//! What the acknowledgements tell of the path: how long bytes wait on it, and how many it carries while it is never idle.

use super::Sample;
use crate::media::{Span, Time};
use std::collections::VecDeque;

/// The shortest way is the least of this many buckets of a second.
const BUCKETS: usize = 10;
const BUCKET: Span = Span::secs(1);
/// Waiting shorter than this is what clocks, cards and radio do: no queue.
const NOISE: Span = Span::millis(10);
/// The capacity is made of so much busy time at most, and known from so much on.
const BUSY_MOST: Span = Span::millis(300);
const BUSY_LEAST: Span = Span::millis(60);
/// What was measured longer ago than this says nothing of now.
const MEMORY: Span = Span::secs(2);
/// A queue that never was shorter than so for [`STANDING`] is a standing one.
const STANDING: Span = Span::millis(200);
/// A receiver may keep one segment's acknowledgement to itself for 40 ms (Linux, `TCP_DELACK_MIN`): so many bytes beyond
/// what travels (those of an Ethernet's segment and its neighbours' heads; more where segments are longer) tell of no
/// queue, nor does the time they need and so much more.
pub const OWED: (u64, Span) = (1750, Span::millis(50));
/// Nothing was acknowledged for so long: the path stands still.
const STILL: Span = Span::millis(250);
/// Writes that are told apart; more than the kernel is ever given at once.
const MARKS: usize = 512;

/// A stretch between two looks during which the path was never idle.
#[derive(Clone, Copy, Debug)]
struct Busy {
    until: Time,
    long: Span,
    bytes: u64,
}

/// See the module's head.
#[derive(Clone, Debug, Default)]
pub struct Path {
    /// The last byte of each write, and when it was seen in the kernel.
    marks: VecDeque<(u64, Time)>,
    written: u64,
    acked: u64,
    /// Bytes of a whole segment.
    segment: u64,
    looked: Option<Time>,
    /// At the last look something waited in a queue.
    queued: bool,
    /// Least way of each of the last seconds.
    ways: VecDeque<(Time, Span)>,
    /// When something was acknowledged last.
    progress: Time,
    busy: VecDeque<Busy>,
    /// What was acknowledged at each of the last looks.
    acks: VecDeque<(Time, u64)>,
    /// Waiting seen at each of the last looks.
    waits: VecDeque<(Time, Span)>,
}

impl Path {
    /// Takes a look at the connection; `reckoned` is the capacity, in bytes a second, that is reckoned with.
    pub fn look(&mut self, sample: &Sample, reckoned: Option<f64>, now: Time) {
        let before = self.looked.replace(now);
        self.segment = sample.segment;
        let front = self.marks.front().copied();
        if sample.written > self.written {
            if self.written == self.acked {
                self.progress = now;
            }
            self.written = sample.written;
            if self.marks.len() < MARKS {
                self.marks.push_back((sample.written, now));
            }
        }
        let bytes = sample.acked.saturating_sub(self.acked);
        let mut way = None;
        if bytes > 0 {
            (self.acked, self.progress) = (sample.acked, now);
            while let Some(&(_, at)) = self.marks.front().filter(|(end, _)| *end <= sample.acked) {
                self.marks.pop_front();
                way = Some(now - at);
            }
        }
        if let Some(way) = way.into_iter().chain((sample.rtt > Span::ZERO).then_some(sample.rtt)).min() {
            self.note_way(way, now);
        }
        let queued = self.marks.front().is_some_and(|&(_, at)| self.queues(now - at, reckoned, now));
        let was = std::mem::replace(&mut self.queued, queued);
        let stretch = match (before, front) {
            // It began when the oldest byte should have been acknowledged.
            (Some(_), Some((_, oldest))) if queued && !was => {
                let since = oldest + self.way();
                Some((now - since, self.acked.saturating_sub(self.acked_at(since))))
            }
            (Some(before), _) if queued => Some((now - before, bytes)),
            // It ended somewhere in between.
            (Some(before), _) if was => Some(((now - before) / 2, bytes)),
            _ => None,
        };
        // A path that stands still is no narrow one.
        let flows = self.silence(now) < STILL;
        if !flows {
            let progress = self.progress;
            self.busy.retain(|stretch| stretch.until <= progress);
        }
        if let Some((long, bytes)) = stretch.filter(|(long, _)| *long > Span::ZERO && flows) {
            self.busy.push_back(Busy { until: now, long, bytes });
        }
        self.acks.push_back((now, self.acked));
        self.forget(now);
        let waits = self.waits(way, now);
        self.waits.push_back((now, waits));
    }

    /// The path after a break, in which it told nothing of itself: its shortest way of before, and what is under way.
    pub fn after_break(&self, sample: &Sample, now: Time) -> Self {
        let under_way = sample.written > sample.acked;
        Self {
            marks: under_way.then_some((sample.written, now)).into_iter().collect(),
            written: sample.written,
            acked: sample.acked,
            looked: Some(now),
            ways: self.ways.clone(),
            progress: now,
            ..Self::default()
        }
    }

    /// Bytes that were acknowledged at a moment of the last fraction of a second.
    fn acked_at(&self, at: Time) -> u64 {
        let before = self.acks.iter().rev().find(|(looked, _)| *looked <= at).or(self.acks.front());
        before.map_or(self.acked, |&(_, acked)| acked)
    }

    /// Something that was written so long ago and is not acknowledged waits in a queue.
    fn queues(&self, age: Span, reckoned: Option<f64>, now: Time) -> bool {
        let (owed, late) = (OWED.0.max(self.segment), OWED.1);
        let late =
            late + reckoned.map_or(Span::ZERO, |rate| Span::micros((owed as f64 / rate.max(1000.0) * 1e6) as i64));
        let travelling = self.acks.front().map_or(0.0, |&(at, acked)| {
            let long = (now - at).as_secs_f64().max(0.05);
            (self.acked - acked) as f64 / long * self.way().as_secs_f64()
        });
        let excess = self.outstanding() as f64 - travelling;
        age > self.way() + NOISE && (excess > owed as f64 || age > self.way() + late)
    }

    /// Bytes in the kernel and on the path.
    pub fn outstanding(&self) -> u64 {
        self.written.saturating_sub(self.acked)
    }

    /// The shortest way there and back of late.
    pub fn way(&self) -> Span {
        self.ways.iter().map(|&(_, least)| least).min().unwrap_or_default()
    }

    /// What the path carries, in bytes a second; `None` while it was not busy for long enough to tell.
    pub fn capacity(&self) -> Option<f64> {
        let (mut long, mut bytes) = (Span::ZERO, 0);
        for stretch in self.busy.iter().rev() {
            if long >= BUSY_MOST {
                break;
            }
            long += stretch.long;
            bytes += stretch.bytes;
        }
        (long >= BUSY_LEAST).then(|| bytes as f64 / long.as_secs_f64())
    }

    /// How long the oldest byte that is not acknowledged waits beyond the shortest way.
    pub fn waiting(&self, now: Time) -> Span {
        self.marks.front().map_or(Span::ZERO, |&(_, at)| (now - at - self.way()).max(Span::ZERO))
    }

    /// For how long nothing was acknowledged although something is due.
    pub fn silence(&self, now: Time) -> Span {
        self.marks.front().map_or(Span::ZERO, |&(_, at)| (now - at.max(self.progress) - self.way()).max(Span::ZERO))
    }

    /// The least waiting over the last fifth of a second: a queue that does not go away; zero while less is known.
    pub fn standing(&self, now: Time) -> Span {
        let known = self.waits.front().is_some_and(|(at, _)| now - *at >= STANDING * 3 / 4);
        self.waits.iter().map(|(_, wait)| *wait).min().filter(|_| known).unwrap_or_default()
    }

    /// The waiting there is now belongs to the path: what it was before tells nothing any more.
    pub fn accept(&mut self, now: Time) {
        let way = self.way() + self.standing(now);
        self.ways.clear();
        self.ways.push_back((now, way));
        self.busy.clear();
        self.waits.clear();
    }

    fn note_way(&mut self, way: Span, now: Time) {
        match self.ways.back_mut() {
            Some((began, least)) if now - *began < BUCKET => *least = way.min(*least),
            _ => self.ways.push_back((now, way)),
        }
        while self.ways.len() > BUCKETS {
            self.ways.pop_front();
        }
    }

    fn waits(&self, way: Option<Span>, now: Time) -> Span {
        let past = way.map_or(Span::ZERO, |way| (way - self.way()).max(Span::ZERO));
        past.max(self.waiting(now))
    }

    fn forget(&mut self, now: Time) {
        while self.busy.front().is_some_and(|stretch| now - stretch.until > MEMORY) {
            self.busy.pop_front();
        }
        while self.busy.len() > MARKS {
            self.busy.pop_front();
        }
        while self.acks.front().is_some_and(|(at, _)| now - *at > BUSY_MOST) {
            self.acks.pop_front();
        }
        while self.waits.front().is_some_and(|(at, _)| now - *at > STANDING) {
            self.waits.pop_front();
        }
    }
}
