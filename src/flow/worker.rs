//! Named threads that own a device or an engine. Dropping a [`Worker`] stops and joins it.

use crate::device::{Wake, clock};
use crate::media::{Span, Time};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;

/// What a worker's body sees of its thread: when to stop, what wakes it, and where it says it made progress.
#[derive(Clone, Debug)]
pub struct Handle {
    stop: Arc<AtomicBool>,
    progress: Arc<AtomicI64>,
    bell: Wake,
}

/// A running thread.
#[derive(Debug)]
pub struct Worker {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

/// A worker that panics is started again, at most this often in a minute; then the program ends with status 1.
const RESTARTS_A_MINUTE: usize = 5;

impl Handle {
    fn new(bell: Wake) -> Self {
        Self { stop: Arc::default(), progress: Arc::new(AtomicI64::new(clock::now().as_micros())), bell }
    }
    /// The worker is asked to end.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
    /// The bell that lanes, timers and `stop` ring.
    pub fn bell(&self) -> &Wake {
        &self.bell
    }
    /// Says that the loop went round: the watchdog is fed by this.
    pub fn progressed(&self) {
        self.progress.store(clock::now().as_micros(), Ordering::Relaxed);
    }
}

impl Worker {
    /// Starts the thread `name` (at most 15 bytes are visible in `ps`) that runs `body` until it returns.
    ///
    /// A panic of `body` is contained: `restarted` is told and `body` runs again.
    pub fn spawn(
        name: &'static str,
        bell: Wake,
        restarted: impl Fn(&'static str) + Send + 'static,
        mut body: impl FnMut(&Handle) + Send + 'static,
    ) -> std::io::Result<Worker> {
        let handle = Handle::new(bell);
        let inside = handle.clone();
        let run = move || {
            let mut panics: Vec<Time> = Vec::new();
            while catch_unwind(AssertUnwindSafe(|| body(&inside))).is_err() && !inside.stopped() {
                let now = clock::now();
                panics.retain(|&at| now - at < Span::secs(60));
                panics.push(now);
                if panics.len() > RESTARTS_A_MINUTE {
                    tracing::error!(worker = name, "keeps failing, giving up");
                    std::process::exit(1);
                }
                restarted(name);
            }
        };
        let thread = std::thread::Builder::new().name(name.into()).stack_size(2 << 20).spawn(run)?;
        Ok(Worker { handle, thread: Some(thread) })
    }

    /// Time since the worker last said it made progress.
    pub fn silent_for(&self, now: Time) -> Span {
        now - Time::from_micros(self.handle.progress.load(Ordering::Relaxed))
    }

    /// Asks it to end without waiting for it.
    pub fn stop(&self) {
        self.handle.stop.store(true, Ordering::Release);
        self.handle.bell.ring();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn dropping_a_worker_wakes_it_and_waits_for_its_end() {
        let ended = Arc::new(AtomicBool::new(false));
        let flag = ended.clone();
        let worker = Worker::spawn(
            "test",
            Wake::new().unwrap(),
            |_| {},
            move |handle| {
                while !handle.stopped() {
                    handle.bell().wait(None);
                }
                flag.store(true, Ordering::Release);
            },
        );
        drop(worker.unwrap());
        assert!(ended.load(Ordering::Acquire));
    }

    #[test]
    fn a_panicking_worker_is_started_again_and_told_of() {
        let (runs, told) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (run, tell) = (runs.clone(), told.clone());
        let done = Wake::new().unwrap();
        let bell = done.clone();
        let worker = Worker::spawn(
            "test",
            Wake::new().unwrap(),
            move |_| {
                tell.fetch_add(1, Ordering::Relaxed);
            },
            move |_| {
                if run.fetch_add(1, Ordering::Relaxed) == 0 {
                    panic!("on purpose");
                }
                bell.ring();
            },
        );
        assert!(done.wait(Some(clock::now() + Span::secs(10))));
        drop(worker);
        assert_eq!((runs.load(Ordering::Relaxed), told.load(Ordering::Relaxed)), (2, 1));
    }
}
