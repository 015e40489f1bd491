//! What keeps the kernel trying while acknowledgements stop. Pure.
//!
//! TCP doubles the wait before each further retransmission (RFC 6298, 5.5), so after a break of three seconds a
//! link that is back lies idle for up to three more. Linux shortens every such wait to what is left of
//! `TCP_USER_TIMEOUT` since the first retransmission (`tcp_clamp_rto_to_user_timeout`, net/ipv4/tcp_timer.c, since
//! 4.19). A limit that walks ahead of the clock, always a quarter of a second away, therefore makes it try again
//! after each of these, on any kernel and with any congestion control. The price: if this process does not run for
//! that long during a break, the limit passes, the connection is lost, and a new one is made.
//!
//! Where the device took nothing (its queue is full, it is down) there is nothing to send again: the kernel waits
//! for a timer before it offers the same segment once more. Setting `TCP_NODELAY` makes it offer it at once (tcp(7)).

use super::TCP_LIMIT;
use crate::device::tcp_info::TcpInfo;
use crate::media::{Span, Time};

/// How often the connection is looked at, and how far the limit walks in one step.
const LOOK: Span = Span::millis(50);
/// Shortest wait between two retransmissions. A path with a longer round trip has its own: the kernel's wait before
/// the break, so that nothing is sent again while an acknowledgement may still be under way.
const PATIENCE: Span = Span::millis(250);
/// Longest wait between two retransmissions.
const MOST: Span = Span::secs(1);

/// What a look at the connection showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// What is sent is acknowledged.
    Flowing,
    /// The retransmission timer has expired, and nothing was acknowledged since; or what waits can not be sent at all.
    Silent,
    /// It is silent, and this device has another address now: it can only be made anew.
    Moved,
    /// It has been silent for [`TCP_LIMIT`].
    Dead,
}

/// What is to be done after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub link: Link,
    /// The user timeout that the socket should have from now on, if it is another one.
    pub limit: Option<Span>,
    /// What is unsent should be offered to the device once more.
    pub push: bool,
}

/// Watches one connection, look by look.
#[derive(Debug)]
pub struct Persistence {
    looked: Time,
    /// The retransmission timer's length when nothing is lost.
    rto: Span,
    /// The present silence did not begin before this.
    silent_since: Option<Time>,
    /// The kernel counts the user timeout from a moment that was not before this. It goes on to do so after the
    /// silence, until everything that was lost has arrived.
    counted_from: Option<Time>,
    /// The user timeout that the socket has.
    limit: Span,
}

impl Persistence {
    /// A connection that stands since now and has [`TCP_LIMIT`] as its user timeout.
    pub fn new(now: Time) -> Self {
        Self { looked: now, rto: PATIENCE, silent_since: None, counted_from: None, limit: full() }
    }

    /// When the connection should be looked at again.
    pub fn due(&self) -> Time {
        self.looked + LOOK
    }

    /// Takes a look.
    pub fn look(&mut self, info: &TcpInfo, now: Time) -> Verdict {
        let before = std::mem::replace(&mut self.looked, now);
        if info.expiries > 0 || info.recovering {
            // The kernel counts from when it last sent the oldest segment: by the expiry itself, or, if the device did
            // not take that, when it began to wait for it.
            let sent_again = info.expiries < 2 && info.resent > 0;
            self.counted_from.get_or_insert(if sent_again { before } else { before - self.rto });
        } else {
            self.counted_from = None;
            self.rto = info.rto;
        }
        let (expired, stuck) = (info.expiries > 0, info.unsent_bytes > 0 && info.unsent_bytes == info.queued_bytes);
        self.silent_since = (expired || stuck).then(|| self.silent_since.unwrap_or(before));
        let patience = self.rto.max(PATIENCE).min(MOST);
        let ahead = if expired { patience } else { full() };
        let limit = self.counted_from.map_or(Span::ZERO, |from| now - from) + ahead;
        let change = (limit != self.limit).then_some(limit);
        self.limit = limit;
        let link = match self.silent_since.map(|since| now - since) {
            Some(silence) if silence >= full() => Link::Dead,
            Some(silence) if expired || silence >= PATIENCE => Link::Silent,
            _ => Link::Flowing,
        };
        let push = stuck || expired && info.unsent_bytes > 0;
        Verdict { link, limit: change, push }
    }
}

fn full() -> Span {
    Span::micros(TCP_LIMIT.as_micros() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Linux's retransmission timer (net/ipv4/tcp_timer.c), as far as silence is concerned.
    struct Kernel {
        base: i64,
        rto: i64,
        due: i64,
        first: Option<i64>,
        limit: i64,
        sent: Vec<i64>,
        timed_out: bool,
        /// The device takes nothing: segments are not sent again.
        full: bool,
        info: TcpInfo,
    }

    impl Kernel {
        fn new(base: i64) -> Self {
            let info = TcpInfo { rto: Span::millis(base), ..TcpInfo::default() };
            Self {
                base,
                rto: base,
                due: base,
                first: None,
                limit: 4000,
                sent: vec![],
                timed_out: false,
                full: false,
                info,
            }
        }

        fn run_to(&mut self, now: i64) {
            while self.due <= now && !self.timed_out {
                let at = self.due;
                if self.info.expiries > 0 && at - self.first.unwrap_or(at) >= self.limit {
                    self.timed_out = true;
                    return;
                }
                self.info.expiries += 1;
                self.info.recovering = true;
                self.info.resent = u32::from(!self.full);
                let first = *self.first.get_or_insert(if self.full { at - self.base } else { at });
                self.sent.push(at);
                self.rto *= 2;
                self.due = at + self.rto.min((self.limit - (at - first)).max(1));
            }
        }

        fn acknowledged(&mut self, now: i64, all: bool) {
            (self.info.expiries, self.info.resent, self.rto, self.due) = (0, 0, self.base, now + self.base);
            if all {
                (self.first, self.info.recovering) = (None, false);
            }
        }
    }

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    /// Looks as often as it wants, each time late by what `late` draws.
    fn silence(kernel: &mut Kernel, watch: &mut Persistence, to: i64, mut late: impl FnMut() -> i64) -> Vec<Link> {
        let mut seen = Vec::new();
        loop {
            let now = watch.due().as_millis() + late();
            if now > to {
                kernel.run_to(to);
                return seen;
            }
            kernel.run_to(now);
            let verdict = watch.look(&kernel.info, at(now));
            if let Some(limit) = verdict.limit {
                kernel.limit = limit.as_millis();
            }
            seen.push(verdict.link);
        }
    }

    #[test]
    fn the_kernel_tries_again_every_quarter_of_a_second_instead_of_doubling_its_waits() {
        // How late a busy machine lets it look, and the waits that come of it.
        for (late, shortest, longest, least) in [(10, 190, 320, 11), (150, 40, 450, 8)] {
            for seed in 0..1000 {
                let mut random = fastrand::Rng::with_seed(seed);
                let (mut kernel, mut watch) = (Kernel::new(random.i64(201..250)), Persistence::new(at(0)));
                kernel.full = random.bool();
                let seen = silence(&mut kernel, &mut watch, 3900, || random.i64(0..=late));
                assert!(!kernel.timed_out, "seed {seed}");
                assert_eq!(seen.last(), Some(&Link::Silent));
                let gaps: Vec<i64> = kernel.sent[1..].windows(2).map(|pair| pair[1] - pair[0]).collect();
                assert!(gaps.iter().all(|gap| (shortest..=longest).contains(gap)), "seed {seed}: {gaps:?}");
                assert!(gaps.len() >= least, "seed {seed}: {:?}", kernel.sent);
            }
        }
    }

    #[test]
    fn without_it_the_last_wait_alone_is_longer_than_a_second() {
        let mut kernel = Kernel::new(220);
        kernel.run_to(3900);
        assert_eq!(kernel.sent, [220, 660, 1540, 3300]);
    }

    #[test]
    fn a_long_path_is_given_its_round_trip_before_anything_is_sent_again() {
        let (mut kernel, mut watch) = (Kernel::new(640), Persistence::new(at(0)));
        assert_eq!(watch.look(&kernel.info, at(50)).limit, None);
        silence(&mut kernel, &mut watch, 4500, || 0);
        let gaps: Vec<i64> = kernel.sent[1..].windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(!kernel.timed_out && gaps.iter().all(|gap| (590..=740).contains(gap)), "{gaps:?}");
    }

    #[test]
    fn four_seconds_without_an_acknowledgement_are_the_end() {
        let (mut kernel, mut watch) = (Kernel::new(220), Persistence::new(at(0)));
        let seen = silence(&mut kernel, &mut watch, 6000, || 0);
        let dead = seen.iter().position(|link| *link == Link::Dead).unwrap() as i64 * 50;
        assert!((4100..=4300).contains(&dead), "{dead}");
        assert!(!kernel.timed_out, "the kernel leaves the judgement to us");
    }

    #[test]
    fn what_is_acknowledged_ends_the_haste_and_a_second_break_is_survived_while_the_first_is_still_made_up_for() {
        let (mut kernel, mut watch) = (Kernel::new(220), Persistence::new(at(0)));
        silence(&mut kernel, &mut watch, 3000, || 0);
        kernel.acknowledged(3000, false);
        assert_eq!(watch.look(&kernel.info, at(3010)).link, Link::Flowing);
        // The kernel counts from the first break on, so the limit lies four seconds after now and not after that.
        assert!(watch.limit > Span::millis(6500), "{:?}", watch.limit);
        kernel.limit = watch.limit.as_millis();
        let seen = silence(&mut kernel, &mut watch, 6500, || 0);
        assert!(!kernel.timed_out && !seen.contains(&Link::Dead) && seen.contains(&Link::Silent));
        kernel.acknowledged(6500, true);
        let calm = Verdict { link: Link::Flowing, limit: Some(full()), push: false };
        assert_eq!(watch.look(&kernel.info, at(6510)), calm);
    }

    #[test]
    fn a_process_that_does_not_run_during_a_break_loses_the_connection_and_nothing_worse() {
        let (mut kernel, mut watch) = (Kernel::new(220), Persistence::new(at(0)));
        silence(&mut kernel, &mut watch, 1500, || 0);
        kernel.run_to(2500);
        assert!(kernel.timed_out);
    }

    #[test]
    fn what_can_not_be_sent_at_all_is_a_silence_too_after_a_moment() {
        let mut watch = Persistence::new(at(0));
        let stuck = TcpInfo { queued_bytes: 1537, unsent_bytes: 1537, ..TcpInfo::default() };
        let mut links: Vec<Link> = (1..=90).map(|n| watch.look(&stuck, at(n * 50)).link).collect();
        links.dedup();
        assert_eq!(links, [Link::Flowing, Link::Silent, Link::Dead]);
        let moving = TcpInfo { queued_bytes: 3000, ..stuck };
        assert_eq!(watch.look(&moving, at(5000)).link, Link::Flowing);
    }

    #[test]
    fn what_the_device_did_not_take_is_offered_again_at_every_look_of_a_silence_or_before_anything_was_sent() {
        let mut watch = Persistence::new(at(0));
        let mut push = |expiries, queued_bytes, unsent_bytes| {
            let info = TcpInfo { expiries, queued_bytes, unsent_bytes, ..TcpInfo::default() };
            watch.look(&info, at(50)).push
        };
        assert!(push(0, 1537, 1537) && push(1, 20_000, 5000));
        assert!(!push(0, 20_000, 5000) && !push(1, 5000, 0) && !push(0, 0, 0));
    }
}
