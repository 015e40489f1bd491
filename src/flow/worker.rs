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
    name: &'static str,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

/// A worker that panics is started again, at most this often in a minute; then the program ends with status 1.
const RESTARTS_A_MINUTE: usize = 5;

/// A thread as the watchdog sees it: it can be asked to go round once, and tells when it last did.
#[derive(Clone)]
pub struct Pulse {
    name: &'static str,
    progress: Arc<AtomicI64>,
    ask: Arc<dyn Fn() + Send + Sync>,
}

impl Pulse {
    /// The pulse of the thread `name` that runs the tasks of `runtime`.
    pub fn of_runtime(name: &'static str, runtime: &tokio::runtime::Handle) -> Self {
        let progress = Arc::new(AtomicI64::new(clock::now().as_micros()));
        let (beat, runtime) = (progress.clone(), runtime.clone());
        let ask = move || {
            let beat = beat.clone();
            drop(runtime.spawn(async move { beat.store(clock::now().as_micros(), Ordering::Relaxed) }));
        };
        Self { name, progress, ask: Arc::new(ask) }
    }
    /// The thread's name.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// Wakes the thread, so that one that sleeps rightly goes round too.
    pub fn ask(&self) {
        (self.ask)();
    }
    /// When it last went round.
    pub fn last(&self) -> Time {
        Time::from_micros(self.progress.load(Ordering::Relaxed))
    }
}

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
                    tracing::error!("the thread {name} keeps failing, giving up");
                    std::process::exit(1);
                }
                restarted(name);
            }
        };
        let thread = std::thread::Builder::new().name(name.into()).stack_size(2 << 20).spawn(run)?;
        Ok(Worker { name, handle, thread: Some(thread) })
    }

    /// Where the watchdog feels whether it lives.
    pub fn pulse(&self) -> Pulse {
        let bell = self.handle.bell.clone();
        Pulse { name: self.name, progress: self.handle.progress.clone(), ask: Arc::new(move || bell.ring()) }
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
    fn a_thread_that_sleeps_rightly_goes_round_when_it_is_asked() {
        let rounds = Arc::new(AtomicU32::new(0));
        let (count, seen) = (rounds.clone(), Wake::new().unwrap());
        let bell = seen.clone();
        let body = move |handle: &Handle| {
            while !handle.stopped() {
                handle.progressed();
                count.fetch_add(1, Ordering::Relaxed);
                bell.ring();
                handle.bell().wait(None);
            }
        };
        let worker = Worker::spawn("test", Wake::new().unwrap(), |_| {}, body).unwrap();
        let limit = clock::now() + Span::secs(10);
        assert!(seen.wait(Some(limit)));
        let (pulse, asked) = (worker.pulse(), clock::now());
        pulse.ask();
        while pulse.last() < asked {
            assert!(seen.wait(Some(limit)));
        }
        assert_eq!((pulse.name(), rounds.load(Ordering::Relaxed)), ("test", 2));
    }

    #[test]
    fn a_runtime_that_runs_answers_and_one_that_does_not_stays_silent() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let pulse = Pulse::of_runtime("net", runtime.handle());
        let asked = clock::now() + Span::micros(1);
        while clock::now() < asked {}
        pulse.ask();
        assert!(pulse.last() < asked, "nobody has run it");
        runtime.block_on(tokio::task::yield_now());
        assert!(pulse.last() >= asked);
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
