//! The task on "net" that plays: one session after the other, each over RTMP or HTTP-FLV, each with its end.

use super::session::Session;
use super::{Arrival, What, http_flv_task, rtmp_task};
use crate::api::notice::{Cause, End};
use crate::device::{Wake, clock};
use crate::flow::Notices;
use crate::flow::net::Dialer;
use crate::media::Time;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};

/// Everything the task is connected to.
pub struct Wiring {
    pub player: usize,
    pub arrivals: mpsc::Sender<Arrival>,
    /// The bell of the thread that takes the arrivals.
    pub bell: Wake,
    pub dialer: Dialer,
    pub notices: Notices,
}

/// Orders to the task.
pub struct Handle {
    orders: mpsc::UnboundedSender<Order>,
}

#[derive(Debug)]
enum Order {
    Connect { session: u64, url: String },
    Disconnect { session: u64 },
}

impl Handle {
    /// Opens session `session`; an older one is left first.
    pub fn connect(&self, session: u64, url: String) {
        let _ = self.orders.send(Order::Connect { session, url });
    }

    /// Leaves session `session`.
    pub fn disconnect(&self, session: u64) {
        let _ = self.orders.send(Order::Disconnect { session });
    }
}

/// What a running session has of the world.
pub struct Receiving {
    pub session: Arc<Session>,
    pub dialer: Dialer,
    pub stop: Arc<Notify>,
    arrivals: mpsc::Sender<Arrival>,
    bell: Wake,
}

impl Receiving {
    /// Hands something on; waits while "play" has enough. False: the session is to be left.
    pub async fn hand_on(&self, at: Time, what: What) -> bool {
        let arrival = Arrival { session: self.session.clone(), at, what };
        tokio::select! {
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
        }
    }
}

/// Starts the task; it ends when the handle is dropped.
pub fn start(wiring: Wiring, runtime: &tokio::runtime::Handle) -> Handle {
    // Orders come from one state machine that waits for the end of each session: a handful at most.
    let (sender, receiver) = mpsc::unbounded_channel();
    runtime.spawn(obey(wiring, receiver));
    Handle { orders: sender }
}

async fn obey(wiring: Wiring, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut next = None;
    loop {
        let Some(order) = (match next.take() {
            Some(order) => Some(order),
            None => orders.recv().await,
        }) else {
            return;
        };
        let (Order::Connect { session: number, .. } | Order::Disconnect { session: number }) = order;
        let session = Arc::new(Session::new(wiring.player, number, wiring.notices.clone()));
        let Order::Connect { url, .. } = order else {
            session.end(ours());
            continue;
        };
        let receiving = Receiving {
            session: session.clone(),
            dialer: wiring.dialer.clone(),
            stop: Arc::default(),
            arrivals: wiring.arrivals.clone(),
            bell: wiring.bell.clone(),
        };
        let stop = receiving.stop.clone();
        // On a task of its own: a panic in it is an end like any other.
        let mut running = tokio::spawn(play(receiving, url));
        let end = loop {
            tokio::select! {
                end = &mut running => break end,
                order = orders.recv(), if next.is_none() => {
                    stop.notify_one();
                    match order {
                        Some(Order::Disconnect { session: leave }) if leave == number => {}
                        Some(order) => next = Some(order),
                        None => break running.await,
                    }
                }
            }
        };
        let end = end.unwrap_or_else(|_| broken("an internal error ended the session"));
        let finish = matches!(end.cause, Cause::Ours | Cause::Refused);
        session.end(end);
        if finish {
            let arrival = Arrival { session, at: clock::now(), what: What::Finish };
            if wiring.arrivals.send(arrival).await.is_err() {
                return;
            }
            wiring.bell.ring();
        }
    }
}

async fn play(receiving: Receiving, url: String) -> End {
    match url.split_once("://") {
        Some(("http" | "https", _)) => http_flv_task::play(receiving, &url).await,
        _ => rtmp_task::play(receiving, &url).await,
    }
}

/// We ended it.
pub fn ours() -> End {
    End { cause: Cause::Ours, words: "left".into() }
}

/// Reading, writing or framing failed.
pub fn broken(words: &str) -> End {
    End { cause: Cause::Broken, words: words.into() }
}
