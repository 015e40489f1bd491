//! The task on "net" that plays: one session after the other, each over RTMP or HTTP-FLV, each with its end.

use super::session::Session;
use super::{Arrival, Source, What, lines};
use crate::api::notice::{Cause, End};
use crate::device::{Wake, clock};
use crate::flow::Notices;
use crate::flow::net::Dialer;
use crate::flow::sessions::Way;
use crate::flow::wishes::Wishes;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};

/// Everything the task is connected to.
#[derive(Clone)]
pub struct Wiring {
    pub player: usize,
    pub arrivals: mpsc::Sender<Arrival>,
    /// The bell of the thread that takes the arrivals.
    pub bell: Wake,
    pub wishes: Wishes,
    pub dialer: Dialer,
    pub notices: Notices,
}

impl Way for Wiring {
    type Session = Arc<Session>;
    type Target = Source;

    fn begin(&self, number: u64) -> Arc<Session> {
        Arc::new(Session::new(self.player, number, self.wishes.hearing(), self.notices.clone()))
    }

    fn run(
        &self,
        session: Arc<Session>,
        source: Source,
        stop: Arc<Notify>,
    ) -> impl Future<Output = End> + Send + 'static {
        let wiring = self.clone();
        async move { lines::play(&wiring, session, source, stop).await }
    }

    async fn ended(&self, session: Arc<Session>, end: End) {
        let finish = matches!(end.cause, Cause::Ours | Cause::Refused | Cause::Absent);
        session.end(end);
        if finish {
            let arrival = Arrival { session, at: clock::now(), what: What::Finish };
            // Whoever takes the arrivals ends only together with the player.
            let _ = self.arrivals.send(arrival).await;
            self.bell.ring();
        }
    }
}
