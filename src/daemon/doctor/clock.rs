//! The date, without which no TLS connection is made.

use super::Report;
use crate::device::wall;
use std::time::SystemTime;

pub fn tell(report: &mut Report, now: SystemTime, synchronised: Option<bool>) {
    report.head("Clock");
    if wall::judged(now).is_err() {
        report.wrong(
            "the date lies in the past: TLS connections will fail and no address is signed; set it, or enable a time \
             service",
        );
    } else {
        report.well("the date is plausible");
    }
    match synchronised {
        Some(true) => report.well("kept right by a time service"),
        Some(false) => report.wrong("nobody keeps it right: timedatectl set-ntp true"),
        None => report.more("whether it is kept right is not told here"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::told;
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_wrong_clock_is_told_with_its_cure() {
        let early = UNIX_EPOCH + Duration::from_secs(1000);
        assert!(told(|report| tell(report, early, Some(false))).contains("TLS connections will fail"));
        let late = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert!(!told(|report| tell(report, late, Some(true))).contains('✖'));
    }
}
