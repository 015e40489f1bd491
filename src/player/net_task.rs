//! The task on "net" that plays: one session after the other, each over RTMP or HTTP-FLV, each with its end.

use super::session::Session;
use super::{Arrival, What, http_flv_task, rtmp_task};
use crate::api::notice::{Cause, End};
use crate::device::{Wake, clock};
use crate::flow::Notices;
use crate::flow::net::Dialer;
use crate::flow::sessions::Way;
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

impl Way for Wiring {
    type Session = Arc<Session>;
    type Target = String;

    fn begin(&self, number: u64) -> Arc<Session> {
        Arc::new(Session::new(self.player, number, self.notices.clone()))
    }

    fn run(&self, session: Arc<Session>, url: String, stop: Arc<Notify>) -> impl Future<Output = End> + Send + 'static {
        let (arrivals, bell) = (self.arrivals.clone(), self.bell.clone());
        play(Receiving { session, dialer: self.dialer.clone(), stop, arrivals, bell }, url)
    }

    async fn ended(&self, session: Arc<Session>, end: End) {
        let finish = matches!(end.cause, Cause::Ours | Cause::Refused);
        session.end(end);
        if finish {
            let arrival = Arrival { session, at: clock::now(), what: What::Finish };
            // Whoever takes the arrivals ends only together with the player.
            let _ = self.arrivals.send(arrival).await;
            self.bell.ring();
        }
    }
}

async fn play(receiving: Receiving, url: String) -> End {
    match url.split_once("://") {
        Some(("http" | "https", _)) => http_flv_task::play(receiving, &url).await,
        _ => rtmp_task::play(receiving, &url).await,
    }
}
