//! Threads and the bounded lanes between them; the only place where engines meet devices.

pub mod choice;
pub mod durable;
pub mod far_end;
pub mod frame;
pub mod http;
pub mod lane;
pub mod net;
pub mod sessions;
pub mod shared;
pub mod snapshot;
pub mod teller;
pub mod volume;
pub mod wishes;
pub mod worker;

use crate::api::notice::Notice;
use std::sync::Arc;

/// Where workers tell their news. Called from any thread; never blocks.
pub type Notices = Arc<dyn Fn(Notice) + Send + Sync>;

/// What [`worker::Worker::spawn`] is given to tell of a panic that it contained.
pub fn restarted(notices: &Notices) -> impl Fn(&'static str) + Send + 'static {
    let notices = notices.clone();
    move |worker| notices(Notice::WorkerRestarted { worker })
}
