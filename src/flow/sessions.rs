//! One session after the other, for both ways: opened and left by order, each contained, each with its end.

use crate::api::notice::{Cause, End};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};

/// What a way does with its sessions.
pub trait Way: Send + Sync + 'static {
    /// What belongs to one session.
    type Session: Clone + Send + Sync;
    /// Where a session goes to.
    type Target: Send + 'static;

    /// Session `number` is to begin.
    fn begin(&self, number: u64) -> Self::Session;

    /// Runs it against `target` until it ends; `stop` asks it to leave properly.
    fn run(
        &self,
        session: Self::Session,
        target: Self::Target,
        stop: Arc<Notify>,
    ) -> impl Future<Output = End> + Send + 'static;

    /// It is over, whatever became of it.
    fn ended(&self, session: Self::Session, end: End) -> impl Future<Output = ()> + Send;
}

/// Orders to the task that runs the sessions; it ends when this is dropped.
pub struct Sessions<T> {
    orders: mpsc::UnboundedSender<Order<T>>,
}

enum Order<T> {
    Connect { session: u64, target: T },
    Disconnect { session: u64 },
}

impl<T: Send + 'static> Sessions<T> {
    /// Starts the task.
    pub fn start(way: impl Way<Target = T>, runtime: &tokio::runtime::Handle) -> Self {
        // Orders come from one state machine that waits for the end of each session: a handful at most.
        let (orders, receiver) = mpsc::unbounded_channel();
        runtime.spawn(obey(way, receiver));
        Self { orders }
    }

    /// Opens session `session`; an older one is left first.
    pub fn connect(&self, session: u64, target: T) {
        let _ = self.orders.send(Order::Connect { session, target });
    }

    /// Leaves session `session`.
    pub fn disconnect(&self, session: u64) {
        let _ = self.orders.send(Order::Disconnect { session });
    }
}

async fn obey<W: Way>(way: W, mut orders: mpsc::UnboundedReceiver<Order<W::Target>>) {
    let mut next = None;
    loop {
        let order = match next.take() {
            Some(order) => Some(order),
            None => orders.recv().await,
        };
        let Some(order) = order else { return };
        let (Order::Connect { session: number, .. } | Order::Disconnect { session: number }) = order;
        let session = way.begin(number);
        let end = match order {
            Order::Disconnect { .. } => ours(),
            Order::Connect { target, .. } => {
                let stop = Arc::new(Notify::new());
                // On a task of its own: a panic in it is an end like any other.
                let mut running = tokio::spawn(way.run(session.clone(), target, stop.clone()));
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
                end.unwrap_or_else(|_| broken("an internal error ended the session"))
            }
        };
        way.ended(session, end).await;
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
