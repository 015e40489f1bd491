#![allow(unsafe_code)]
//! The doorbell for an async task.

use super::Wake;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Waits for a [`Wake`] on a tokio runtime with IO.
#[derive(Debug)]
pub struct Listener {
    bell: AsyncFd<Bell>,
}

/// The descriptor as the runtime wants it.
#[derive(Debug)]
struct Bell(Wake);

impl AsRawFd for Bell {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Listener {
    /// Registers the bell with the runtime this is called on.
    pub fn new(wake: Wake) -> io::Result<Self> {
        // SAFETY: `as_raw_fd` gives the same open descriptor for as long as `Bell` lives, because the `Wake`
        // inside owns a share of it, and the runtime drops `Bell` only after it has forgotten the descriptor.
        let bell = unsafe { AsyncFd::register_with_interest(Bell(wake), Interest::READABLE) }?;
        Ok(Self { bell })
    }

    /// Comes back when the bell was rung, and clears it. Safe to cancel: a ring is not lost.
    pub async fn rung(&self) {
        if let Ok(mut ready) = self.bell.readable().await {
            self.bell.get_ref().0.clear();
            ready.clear_ready();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_hears_a_ring_from_another_thread() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let wake = Wake::new().unwrap();
            let listener = Listener::new(wake.clone()).unwrap();
            for _ in 0..3 {
                let wake = wake.clone();
                std::thread::spawn(move || wake.ring());
                listener.rung().await;
            }
        });
    }
}
