//! The Unix socket: HTTP, JSON, events, metrics; and the client that speaks to it.
//!
//! The daemon gives the server three things ([`Controls`]): a way to give orders, a window in which the
//! state of everything stands, and the log of events. None of them ever makes the daemon wait.

pub mod api;
pub mod client;
pub mod events;
pub mod metrics;
pub mod openapi;
pub mod peer;
pub mod players;
pub mod problem;
pub mod server;

mod body;
mod guard;
mod limits;
mod socket;
mod stream;
#[cfg(test)]
mod tests;
pub mod wall;

pub use events::EventLog;
pub use server::Server;
pub use socket::SocketError;

use crate::api::command::{Command, Reply};
use crate::api::status::Status;
use crate::flow::volume::VolumeBoard;
use crate::settings::{PlayerSettings, PusherSettings, ScreenSettings};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Gives an order to the daemon without waiting; the answer comes through the receiver, which fails when
/// the daemon can not take it. What the order led to stands in the [`Window`] before the answer is given.
pub type Orders = Arc<dyn Fn(Command) -> oneshot::Receiver<Reply> + Send + Sync>;

/// Everything the server knows of the rest of the program.
#[derive(Clone)]
pub struct Controls {
    pub orders: Orders,
    pub window: Window,
    pub events: Arc<EventLog>,
    pub volumes: VolumeBoard,
}

impl Controls {
    /// An empty window and log, and the way to give `orders`.
    pub fn new(orders: Orders) -> Self {
        Self { orders, window: Window::default(), events: Arc::default(), volumes: VolumeBoard::default() }
    }
}

/// How things are at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub status: Status,
    /// The properties in force.
    pub pusher: Option<PusherSettings>,
    /// The settings file, as it was read last, asks for the pusher's silence itself.
    pub muted_by_file: bool,
    /// The properties in force, in the order of the status' players.
    pub players: Vec<PlayerSettings>,
    pub screen: ScreenSettings,
}

/// Where the daemon puts the newest [`View`] and clients look at it; clones are the same window.
#[derive(Clone, Debug, Default)]
pub struct Window(Arc<Mutex<Arc<View>>>);

impl Window {
    /// Replaces what is seen. Never blocks longer than a pointer is copied.
    pub fn show(&self, view: View) {
        let view = Arc::new(view);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = view;
    }

    /// What is seen now.
    pub fn view(&self) -> Arc<View> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
