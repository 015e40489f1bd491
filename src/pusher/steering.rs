//! The rate control at its place: looks at the socket, tells the encoder what the network bears, and the appliance what
//! has changed.

use super::send_queue::SendQueue;
use super::{Uplink, Uplinks};
use crate::api::notice::Notice;
use crate::device::tcp_info::TcpInfo;
use crate::flow::Notices;
use crate::media::{Span, Time};
use crate::rate_control::{Aim, Changes, Congestion, RateControl, Sample};
use crate::settings::policy::Rates;

/// What waits for longer than this is congestion.
const BUSY: Span = Span::millis(200);

/// Two silences no further apart are one break.
const TRICKLE: Span = Span::secs(1);

/// See the module's head. One for each session.
pub struct Steering {
    control: RateControl,
    congestion: Congestion,
    changes: Changes,
    uplink: Uplinks,
    notices: Notices,
    max: u32,
    info: TcpInfo,
    /// The link lets nothing pass, at the last look.
    silent: bool,
    /// What was known when the last break began, and when that break was seen last.
    before: Option<(RateControl, Time)>,
}

impl Steering {
    /// Begins at the highest rate, and tells the encoder.
    pub fn new(rates: &Rates, uplink: Uplinks, notices: Notices, now: Time) -> Self {
        let control = RateControl::new(rates, now);
        let target = control.target();
        uplink.set(Uplink { target, limited: control.limited(), open: true });
        let changes = Changes::new(target, now);
        let (congestion, info) = (Congestion::new(), TcpInfo::default());
        Self { control, congestion, changes, uplink, notices, max: rates.max, info, silent: false, before: None }
    }

    /// Takes a look; `begun`: a picture is not wholly written; `silent`: the link lets nothing pass, so that nothing is
    /// learnt of it. Call it before every write, and at [`Self::deadline`].
    pub fn look(&mut self, info: TcpInfo, rates: &Rates, queue: &SendQueue, begun: bool, silent: bool, now: Time) {
        self.info = info;
        self.max = rates.max;
        self.control.configure(rates);
        let sample = Sample {
            written: info.acked_bytes + info.queued_bytes,
            acked: info.acked_bytes,
            segment: info.segment.into(),
            rtt: info.rtt,
            waiting: queue.pictures(),
            age: queue.age(now),
            begun,
        };
        match (std::mem::replace(&mut self.silent, silent), silent) {
            (was, true) => {
                // A packet that trickles through ends no break.
                let known = self.before.take().filter(|(_, seen)| was || now - *seen < TRICKLE);
                self.before = Some((known.map_or_else(|| self.control.clone(), |(control, _)| control), now));
            }
            (true, false) => {
                if let Some((before, _)) = &self.before {
                    self.control = before.clone();
                    self.control.configure(rates);
                }
                self.control.resume(sample, now);
            }
            (false, false) => self.control.look(sample, now),
        }
        self.tell(now);
        let waits = [queue.age(now), self.control.held_back(now), self.path(now)];
        let over = silent || queue.losing(now) || waits.into_iter().any(|wait| wait > BUSY);
        let share = f64::from(self.control.target().kbps) / f64::from(self.max.max(1));
        if let Some(busy) = self.congestion.note(over, share, now) {
            (self.notices)(Notice::NetBusy(busy));
        }
    }

    /// A picture begins to leave.
    pub fn picture(&mut self, now: Time) {
        self.control.picture(now);
    }

    /// Bytes of picture that may be written now, and no more than `most`.
    pub fn room(&self, most: usize, now: Time) -> usize {
        self.control.room(now).map_or(most, |room| room.min(most))
    }

    /// May sound be written now?
    pub fn takes_sound(&self, now: Time) -> bool {
        self.control.takes_sound(now)
    }

    /// What the kernel told at the last look.
    pub fn info(&self) -> TcpInfo {
        self.info
    }

    /// What the picture should be, and whether the network keeps it from being all it could.
    pub fn target(&self) -> (Aim, bool) {
        (self.control.target(), self.control.limited())
    }

    /// How long what was written waits, in the kernel and on the path beyond its shortest way.
    pub fn path(&self, now: Time) -> Span {
        self.control.delay(now)
    }

    /// When to look again although nothing happened.
    pub fn deadline(&self, now: Time) -> Option<Time> {
        self.control.deadline(now)
    }

    fn tell(&mut self, now: Time) {
        let target = self.control.target();
        let uplink = Uplink { target, limited: self.control.limited(), open: self.control.admits() };
        if *self.uplink.get() != uplink {
            self.uplink.set(uplink);
        }
        if let Some(from) = self.changes.note(target, self.max, now) {
            (self.notices)(Notice::Target { from, to: target });
        }
    }
}
