//! A path of packets in steps of a millisecond: a narrow place with a queue that drops what does not fit, a way there
//! and back, stalls, losses, and a sender and receiver that do of TCP what matters to whoever writes.

use std::collections::{BTreeMap, VecDeque};

/// Bytes of Ethernet, IP and TCP around each segment.
const HEAD: u64 = 66;
const MSS: u64 = 1448;
/// A receiver owes the acknowledgement of a single segment for so long at most.
const DELAYED: i64 = 40;

/// What a path is like at a moment.
#[derive(Clone, Debug)]
pub struct Plan {
    /// From this millisecond on, so many kbit/s; 0 stands still.
    pub rates: Vec<(i64, u32)>,
    pub rtt: i64,
    /// Bytes that wait before the narrow place.
    pub queue: u64,
    /// From, to, and how many of a hundred segments are lost in between.
    pub losses: Vec<(i64, i64, u32)>,
    /// The receiver acknowledges single segments late.
    pub delayed_acks: bool,
}

impl Plan {
    pub fn kbps(&self, ms: i64) -> u32 {
        self.rates.iter().rev().find(|(from, _)| *from <= ms).map_or(0, |(_, kbps)| *kbps)
    }
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    from: u64,
    to: u64,
}

/// See the module's head. Offsets count bytes from the connection's beginning.
#[derive(Debug)]
pub struct Link {
    plan: Plan,
    random: fastrand::Rng,
    pub written: u64,
    sent: u64,
    pub acked: u64,
    /// Bytes in order at the receiver.
    pub received: u64,
    /// Bytes that passed the narrow place, heads included.
    pub passed: u64,
    window: f64,
    threshold: f64,
    halved: i64,
    queue: VecDeque<Segment>,
    queued: u64,
    credit: f64,
    flying: VecDeque<(i64, Segment)>,
    early: BTreeMap<u64, u64>,
    owed: Option<i64>,
    acks: VecDeque<(i64, u64)>,
    again: Vec<(i64, Segment)>,
    /// When each of the last segments was sent, for the round trip.
    times: VecDeque<(u64, i64)>,
    pub srtt: f64,
}

impl Link {
    pub fn new(plan: Plan, seed: u64) -> Self {
        let srtt = plan.rtt as f64;
        Self {
            plan,
            random: fastrand::Rng::with_seed(seed),
            written: 0,
            sent: 0,
            acked: 0,
            received: 0,
            passed: 0,
            window: 10.0 * MSS as f64,
            threshold: f64::MAX,
            halved: -1000,
            queue: VecDeque::new(),
            queued: 0,
            credit: 0.0,
            flying: VecDeque::new(),
            early: BTreeMap::new(),
            owed: None,
            acks: VecDeque::new(),
            again: Vec::new(),
            times: VecDeque::new(),
            srtt,
        }
    }

    /// Bytes that are in the kernel and were not sent once.
    pub fn unsent(&self) -> u64 {
        self.written - self.sent
    }

    /// Another millisecond.
    pub fn step(&mut self, ms: i64) {
        self.serve(ms);
        while let Some((_, segment)) = due(&mut self.flying, |(at, _)| *at <= ms) {
            self.receive(segment, ms);
        }
        if self.owed.is_some_and(|at| at <= ms) {
            self.acknowledge(ms);
        }
        while let Some((_, acked)) = due(&mut self.acks, |(at, _)| *at <= ms) {
            self.take_ack(acked, ms);
        }
        let (due, later) = std::mem::take(&mut self.again).into_iter().partition(|(at, _)| *at <= ms);
        self.again = later;
        let due: Vec<(i64, Segment)> = due;
        for (_, segment) in due {
            self.enqueue(segment, ms);
        }
        self.send(ms);
    }

    fn send(&mut self, ms: i64) {
        while self.sent < self.written && (self.sent - self.acked) as f64 <= self.window {
            let to = self.written.min(self.sent + MSS);
            let segment = Segment { from: self.sent, to };
            self.sent = to;
            self.times.push_back((to, ms));
            self.enqueue(segment, ms);
        }
    }

    fn enqueue(&mut self, segment: Segment, ms: i64) {
        let wire = segment.to - segment.from + HEAD;
        let lossy = self.plan.losses.iter().find(|(from, to, _)| (*from..*to).contains(&ms)).map_or(0, |it| it.2);
        if self.queued + wire > self.plan.queue || self.random.u32(0..100) < lossy {
            // Told by what arrives behind it; the window is halved once a round trip.
            let rate = f64::from(self.plan.kbps(ms).max(50)) / 8.0;
            let round = self.plan.rtt + (self.queued as f64 / rate) as i64;
            self.again.push((ms + round + 10, segment));
            if ms - self.halved > round {
                self.halved = ms;
                self.window = (self.window * 0.7).max(2.0 * MSS as f64);
                self.threshold = self.window;
            }
            return;
        }
        self.queued += wire;
        self.queue.push_back(segment);
    }

    fn serve(&mut self, ms: i64) {
        let kbps = self.plan.kbps(ms);
        self.credit = (self.credit + f64::from(kbps) / 8.0).min(f64::from(kbps) / 8.0 + 1600.0);
        while let Some(segment) = self.queue.front() {
            let wire = segment.to - segment.from + HEAD;
            if self.credit < wire as f64 {
                return;
            }
            self.credit -= wire as f64;
            self.queued -= wire;
            self.passed += wire;
            self.flying.extend(self.queue.pop_front().map(|segment| (ms + self.plan.rtt / 2, segment)));
        }
        self.credit = self.credit.min(f64::from(kbps) / 8.0);
    }

    fn receive(&mut self, segment: Segment, ms: i64) {
        let before = self.received;
        if segment.from <= self.received {
            self.received = self.received.max(segment.to);
            while let Some((from, to)) = self.early.pop_first() {
                if from > self.received {
                    self.early.insert(from, to);
                    break;
                }
                self.received = self.received.max(to);
            }
        } else {
            self.early.insert(segment.from, segment.to);
        }
        let single = self.received - before <= MSS && self.early.is_empty() && self.owed.is_none();
        match self.plan.delayed_acks && single {
            true => self.owed = Some(ms + DELAYED),
            false => self.acknowledge(ms),
        }
    }

    fn acknowledge(&mut self, ms: i64) {
        self.owed = None;
        self.acks.push_back((ms + self.plan.rtt - self.plan.rtt / 2, self.received));
    }

    fn take_ack(&mut self, acked: u64, ms: i64) {
        let news = acked.saturating_sub(self.acked);
        self.acked = self.acked.max(acked);
        while let Some((_, at)) = due(&mut self.times, |(end, _)| *end <= acked) {
            self.srtt += ((ms - at) as f64 - self.srtt) / 8.0;
        }
        // A window that is not used does not grow.
        if (self.sent - self.acked) as f64 + (news as f64) > self.window / 2.0 {
            let slow = self.window >= self.threshold;
            self.window += if slow { news as f64 * MSS as f64 / self.window } else { news as f64 };
        }
    }
}

/// Takes the first of `queue` if it is `ready`.
fn due<T>(queue: &mut VecDeque<T>, ready: impl FnOnce(&T) -> bool) -> Option<T> {
    queue.front().is_some_and(ready).then(|| queue.pop_front()).flatten()
}
