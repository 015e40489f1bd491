//! Keeps one connection going through breaks of its link: looks at it, and sets what [`Persistence`] decides.

use super::persistence::{Link, Persistence};
use super::stream::Stream;
use crate::media::Time;
use socket2::SockRef;

/// Belongs to one [`Stream`].
#[derive(Debug)]
pub struct Keeper {
    watch: Persistence,
}

impl Keeper {
    /// For a stream that stands since now.
    pub fn new(now: Time) -> Self {
        Self { watch: Persistence::new(now) }
    }

    /// When [`Keeper::turn`] is due.
    pub fn due(&self) -> Time {
        self.watch.due()
    }

    /// Takes a look at `stream` and keeps the kernel trying while nothing is acknowledged. Whatever can not be set
    /// stays as it is: a socket that is broken says so when it is read.
    pub fn turn(&mut self, stream: &Stream, now: Time) -> Link {
        let verdict = self.watch.look(&stream.tcp_info().unwrap_or_default(), now);
        let socket = SockRef::from(stream);
        if let Some(limit) = verdict.limit {
            let _ = socket.set_tcp_user_timeout(Some(limit.to_std()));
        }
        if verdict.push {
            let _ = socket.set_tcp_nodelay(true);
        }
        verdict.link
    }
}
