//! Everything that can happen to the terminal arrives here: notices, orders, signals; bounded, in order.

use crate::api::command::{Command, Reply};
use crate::api::notice::Notice;
use crate::device::Wake;
use crate::flow::Notices;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use tokio::sync::oneshot;

/// Messages that wait at most: workers send a handful a second, clients are limited to twenty.
const CAPACITY: usize = 1024;

/// One thing that happened.
pub enum Message {
    Notice(Notice),
    /// An order, and where its answer goes.
    Order(Command, oneshot::Sender<Reply>),
}

/// The sending end; clones are cheap and never block.
#[derive(Clone)]
pub struct Inbox {
    sender: SyncSender<Message>,
    bell: Wake,
}

impl Inbox {
    /// An inbox whose reader sleeps on the bell.
    pub fn new() -> io::Result<(Self, Receiver<Message>, Wake)> {
        let (sender, receiver) = sync_channel(CAPACITY);
        let bell = Wake::new()?;
        Ok((Self { sender, bell: bell.clone() }, receiver, bell))
    }

    /// Puts a message in; false when the inbox is full, which only a stuck terminal can cause.
    pub fn put(&self, message: Message) -> bool {
        let sent = self.sender.try_send(message);
        self.bell.ring();
        if let Err(TrySendError::Full(_)) = sent {
            tracing::error!("the inbox is full: a notice was lost");
        }
        sent.is_ok()
    }

    /// Gives an order; the answer comes through the receiver, which fails when the terminal has ended.
    pub fn order(&self, command: Command) -> oneshot::Receiver<Reply> {
        let (answer, receiver) = oneshot::channel();
        self.put(Message::Order(command, answer));
        receiver
    }

    /// Where workers tell their news.
    pub fn notices(&self) -> Notices {
        let inbox = self.clone();
        Arc::new(move |notice| {
            inbox.put(Message::Notice(notice));
        })
    }
}
