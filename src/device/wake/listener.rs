#![allow(unsafe_code)]
//! The doorbell, and other descriptors, for an async task.

use super::Wake;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Something that owns one descriptor from its making to its end, and gives that whenever it is asked.
pub trait Source: AsFd + Send + Sync {}

impl Source for Wake {}

/// Waits on a tokio runtime with IO until there is something to read.
#[derive(Debug)]
pub struct Readable<T: Source>(AsyncFd<Owned<T>>);

/// The source as the runtime wants it.
#[derive(Debug)]
struct Owned<T>(T);

impl<T: Source> AsRawFd for Owned<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl<T: Source> Readable<T> {
    /// Registers `source` with the runtime this is called on.
    pub fn new(source: T) -> io::Result<Self> {
        // SAFETY: `as_raw_fd` gives the same open descriptor for as long as `Owned` lives, because a `Source` owns it
        // for its whole life, and the runtime drops `Owned` only after it has forgotten the descriptor.
        Ok(Self(unsafe { AsyncFd::register_with_interest(Owned(source), Interest::READABLE) }?))
    }

    /// Waits until something came and lets `read` take all of it. Safe to cancel: nothing is lost.
    pub async fn read<R>(&mut self, read: impl FnOnce(&mut T) -> R) -> io::Result<R> {
        let mut ready = self.0.readable_mut().await?;
        // What comes from here on is told again, whether or not `read` still sees it.
        ready.clear_ready();
        Ok(read(&mut ready.get_inner_mut().0))
    }
}

/// Waits for a [`Wake`] on a tokio runtime with IO.
#[derive(Debug)]
pub struct Listener {
    bell: Readable<Wake>,
}

impl Listener {
    /// Registers the bell with the runtime this is called on.
    pub fn new(wake: Wake) -> io::Result<Self> {
        Ok(Self { bell: Readable::new(wake)? })
    }

    /// Comes back when the bell was rung, and clears it. Safe to cancel: a ring is not lost.
    pub async fn rung(&mut self) {
        let _ = self.bell.read(|bell| bell.clear()).await;
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
            let mut listener = Listener::new(wake.clone()).unwrap();
            for _ in 0..3 {
                let wake = wake.clone();
                std::thread::spawn(move || wake.ring());
                listener.rung().await;
            }
        });
    }
}
