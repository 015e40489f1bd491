//! Tells when the time of day is set: by a time service that has found its servers, or by hand.

use super::Source;
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The year 2255: the timer is there for its cancellation (`TFD_TIMER_CANCEL_ON_SET`, timerfd_create(2)).
const NEVER: i64 = 9_000_000_000;

/// See the module's head.
#[derive(Debug)]
pub struct ClockSet(OwnedFd);

impl ClockSet {
    /// Begins to watch.
    pub fn watch() -> io::Result<Self> {
        let this = Self(timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?);
        this.arm()?;
        Ok(this)
    }

    /// To be called when the descriptor is readable: whether the clock was set since the last call.
    pub fn was_set(&self) -> bool {
        let set = rustix::io::read(&self.0, &mut [0; 8]) == Err(Errno::CANCELED);
        if set {
            // Without it nothing more is told; the ordinary tries go on.
            let _ = self.arm();
        }
        set
    }

    fn arm(&self) -> io::Result<()> {
        let at = Timespec { tv_sec: NEVER, tv_nsec: 0 };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: at };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        timerfd_settime(&self.0, flags, &once)?;
        Ok(())
    }
}

impl AsFd for ClockSet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Source for ClockSet {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_nobody_sets_says_nothing() {
        let watch = ClockSet::watch().unwrap();
        assert!(!watch.was_set() && !watch.was_set());
    }
}
