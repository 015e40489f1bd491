//! The time of day, and whether somebody keeps it right: certificates, signatures and delays between machines need that.
#![allow(unsafe_code)]

use super::clock;
use crate::media::{Clocks, Span};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Exists once systemd-timesyncd has set the clock (systemd-timesyncd.service(8)); chrony and ntpd tell the kernel.
const MARK: &str = "/run/systemd/timesync/synchronized";
/// The two clocks are read so close together, or again.
const TOGETHER: Span = Span::micros(50);

/// 2025-01-01: no terminal was made with this program before.
const MADE_AFTER: u64 = 1_735_689_600;

/// Seconds since 1970 by the time of day.
///
/// # Errors
/// The time lies before this program was made: words on what to do.
pub fn plausible() -> Result<u64, String> {
    judged(SystemTime::now())
}

/// [`plausible`] of the moment `at`.
pub fn judged(at: SystemTime) -> Result<u64, String> {
    match at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) {
        early if early < MADE_AFTER => {
            Err("this device's clock lies in the past: waiting for time synchronisation, or set it".into())
        }
        now => Ok(now),
    }
}

/// Both clocks as they stand at one moment. Whether the time of day is kept right is asked of the kernel and, inside the
/// service, where that is forbidden, of the time service.
pub fn clocks() -> Clocks {
    let look = || {
        let (before, utc, after) = (clock::now(), SystemTime::now(), clock::now());
        let since = utc.duration_since(UNIX_EPOCH).unwrap_or_default();
        (after - before, before + (after - before) / 2, i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    };
    let first = look();
    // A thread that was interrupted between the two has torn them apart.
    let (_, now, utc_us) = if first.0 <= TOGETHER { first } else { first.min(look()).min(look()) };
    Clocks { now, utc_us, synchronised: synchronised().unwrap_or_else(|| Path::new(MARK).exists()) }
}

/// True when a time service disciplines the clock, false when nobody does, `None` when the kernel does not say.
pub fn synchronised() -> Option<bool> {
    // SAFETY: timex is a plain C struct of integers, for which all zeroes is a value; modes = 0 asks
    // without changing anything (adjtimex(2)), and the pointer is valid for the length of the call.
    let (state, status) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&mut timex), timex.status)
    };
    (state >= 0).then_some(status & libc::STA_UNSYNC == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_lies_before_the_program_is_not_believed() {
        let at = |seconds| UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        assert!(judged(at(0)).is_err() && judged(at(MADE_AFTER - 1)).unwrap_err().contains("synchronisation"));
        assert_eq!(judged(at(1_800_000_000)), Ok(1_800_000_000));
        assert!(plausible().is_ok());
    }

    #[test]
    fn the_two_clocks_keep_their_distance() {
        let (one, other) = (clocks(), clocks());
        assert!(other.now >= one.now && one.utc_us > 1_700_000_000_000_000);
        assert!((other.utc_at(one.now) - one.utc_us).abs() < 1000);
    }
}
