//! A small RTMP server for the loopback: [`Session`] speaks with one client, [`Hub`] joins a publisher with players.

mod flv_kind;
mod hub;
mod queue;
mod session;

pub use hub::{Hub, Id, Options};
pub use session::{Session, SessionEvent};
