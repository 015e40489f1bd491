//! The connections of one session: one, and for a while a second one beside it where [`Race`] wants it.

use super::net_task::Wiring;
use super::race::Race;
use super::session::Session;
use super::{Arrival, Source, What, http_flv_task, rtmp_task};
use crate::api::notice::{Cause, End};
use crate::device::{Wake, clock};
use crate::flow::net::Dialer;
use crate::media::{Span, Time};
use crate::wish::Part;
use std::future::poll_fn;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tokio::sync::{Notify, mpsc};

/// What one connection has of the world.
pub struct Line {
    number: u64,
    session: Arc<Session>,
    pub dialer: Dialer,
    pub source: Source,
    /// Asks it to leave properly.
    pub stop: Arc<Notify>,
    shared: Arc<Shared>,
    arrivals: mpsc::Sender<Arrival>,
    bell: Wake,
}

/// What the connections of a session share.
struct Shared {
    race: Mutex<Race>,
    /// The race is to be looked at again.
    changed: Notify,
}

impl Shared {
    fn race(&self) -> MutexGuard<'_, Race> {
        self.race.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// The server accepted the connection.
    pub fn connected(&self) {
        self.session.connected();
    }

    /// So many bytes came.
    pub fn received(&self, bytes: usize) {
        self.session.received(bytes);
        self.shared.race().bytes(self.number, clock::now());
    }

    /// Looks at the connection's `socket`, now and then.
    pub fn look(&self, socket: &impl AsFd) {
        self.session.look(socket);
    }

    /// So many messages more could not be understood.
    pub fn misunderstood(&self, messages: u64) {
        self.session.misunderstood(messages);
    }

    /// Hands something on; waits while "play" has enough. False: the connection is to be left.
    pub async fn hand_on(&self, at: Time, what: What) -> bool {
        let (admitted, changed, word, lacks) = {
            let mut race = self.shared.race();
            let admitted = race.admit(self.number, what, at);
            (admitted, race.take_changed(), race.take_word(), race.lacks_idr())
        };
        if changed {
            self.shared.changed.notify_one();
        }
        if let Some((word, held_up)) = word {
            self.session.wishes.heard(&word, held_up, at);
        }
        self.session.wishes.lacks(Part::Connection, lacks);
        for what in admitted {
            match what {
                What::Begin => self.session.stream_begin(),
                What::Finish => self.session.stream_ended(),
                What::Video { .. } | What::Audio { .. } | What::Rotation(_) => {}
            }
            if !self.send(Arrival { session: self.session.clone(), at, what }).await {
                return false;
            }
        }
        true
    }

    async fn send(&self, arrival: Arrival) -> bool {
        let arrival = match self.arrivals.try_send(arrival) {
            Ok(()) => {
                self.bell.ring();
                return true;
            }
            Err(mpsc::error::TrySendError::Full(arrival)) => arrival,
            Err(mpsc::error::TrySendError::Closed(_)) => return false,
        };
        self.shared.race().busy(self.number, true, clock::now());
        let sent = tokio::select! {
            biased;
            sent = self.arrivals.send(arrival) => {
                self.bell.ring();
                sent.is_ok()
            }
            () = self.stop.notified() => {
                // Whoever waits for the same order next has to hear it too.
                self.stop.notify_one();
                false
            }
        };
        self.shared.race().busy(self.number, false, clock::now());
        sent
    }
}

/// A connection that runs.
struct Running {
    number: u64,
    stop: Arc<Notify>,
    /// Dropping it ends the connection at once.
    work: Pin<Box<dyn Future<Output = End> + Send>>,
}

/// What woke the loop.
enum Woken {
    Stop,
    Ended(u64, End),
    Changed,
    Due,
}

/// Plays the stream of `source` until it ends, over one connection after the other.
pub async fn play(wiring: &Wiring, session: Arc<Session>, source: Source, stop: Arc<Notify>) -> End {
    let shared = Arc::new(Shared { race: Mutex::new(Race::new(clock::now())), changed: Notify::new() });
    let mut running: Vec<Running> = Vec::new();
    loop {
        let (wanted, due, switched, lacks) = {
            let mut race = shared.race();
            (race.lines().collect::<Vec<u64>>(), race.due(), race.take_switched(), race.lacks_idr())
        };
        session.wishes.lacks(Part::Connection, lacks);
        running.retain(|line| wanted.contains(&line.number));
        for &number in &wanted {
            if running.iter().all(|line| line.number != number) {
                let stop = Arc::new(Notify::new());
                let line = Line {
                    number,
                    session: session.clone(),
                    dialer: wiring.dialer.clone(),
                    source: source.clone(),
                    stop: stop.clone(),
                    shared: shared.clone(),
                    arrivals: wiring.arrivals.clone(),
                    bell: wiring.bell.clone(),
                };
                running.push(Running { number, stop, work: Box::pin(connection(line)) });
            }
        }
        if let Some(silence) = switched {
            session.switched(silence);
        }
        let wait = due.map_or(Span::secs(3600), |due| due - clock::now());
        let woken = tokio::select! {
            biased;
            () = stop.notified() => Woken::Stop,
            (number, end) = first_end(&mut running) => Woken::Ended(number, end),
            () = shared.changed.notified() => Woken::Changed,
            () = tokio::time::sleep(wait.to_std()) => Woken::Due,
        };
        match woken {
            Woken::Stop => {
                shared.race().bar();
                running.iter().for_each(|line| line.stop.notify_one());
            }
            Woken::Ended(number, end) => {
                running.retain(|line| line.number != number);
                let mut race = shared.race();
                let refused = matches!(end.cause, Cause::Refused | Cause::Absent);
                if !race.ended(number, refused, clock::now()) {
                    if race.only_past() {
                        session.nothing_live();
                    }
                    return end;
                }
            }
            Woken::Changed => {}
            Woken::Due => shared.race().tick(clock::now()),
        }
    }
}

async fn connection(line: Line) -> End {
    match line.source.url.split_once("://") {
        Some(("http" | "https", _)) => http_flv_task::play(line).await,
        _ => rtmp_task::play(line).await,
    }
}

/// The first connection that ends.
async fn first_end(running: &mut [Running]) -> (u64, End) {
    poll_fn(|cx| {
        for line in running.iter_mut() {
            if let Poll::Ready(end) = line.work.as_mut().poll(cx) {
                return Poll::Ready((line.number, end));
            }
        }
        Poll::Pending
    })
    .await
}
