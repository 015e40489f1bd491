//! What the program costs the machine, and how warm that makes it.

use super::clock;
use crate::media::{Span, Time};
use rustix::time::{ClockId, clock_gettime};
use std::fs;

/// Where the kernel tells temperatures (Documentation/driver-api/thermal/sysfs-api.rst).
const THERMAL: &str = "/sys/class/thermal";
/// Temperatures outside of this are a sensor that is not there, in °C.
const SENSIBLE: std::ops::RangeInclusive<f64> = -40.0..=150.0;
/// Between two looks at the sensors: some of them sit behind a slow bus.
const THERMAL_EVERY: Span = Span::secs(5);

/// Reads the figures; keep one and ask it again and again.
#[derive(Debug, Default)]
pub struct LoadMeter {
    /// Processor time used by the program, and when that was.
    last: Option<(Span, Time)>,
    temperature: Option<f64>,
    looked: Option<Time>,
}

impl LoadMeter {
    /// Percent of one processor core used by the program since the last call (100 = a whole core; nothing at the first
    /// call), and the highest temperature of the machine in °C where it tells one.
    pub fn read(&mut self) -> (Option<f64>, Option<f64>) {
        let (now, used) = (clock::now(), processor_time());
        let share = self.last.and_then(|(before, at)| {
            let passed = (now - at).as_secs_f64();
            (passed > 0.0).then(|| ((used - before).as_secs_f64() / passed * 1000.0).round() / 10.0)
        });
        self.last = Some((used, now));
        if self.looked.is_none_or(|looked| now - looked >= THERMAL_EVERY) {
            (self.looked, self.temperature) = (Some(now), warmest());
        }
        (share, self.temperature)
    }
}

/// Time that all threads of the program had a processor for (CLOCK_PROCESS_CPUTIME_ID, clock_gettime(2)).
fn processor_time() -> Span {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Span::secs(used.tv_sec) + Span::micros(used.tv_nsec / 1000)
}

/// The highest of the thermal zones that tell something sensible.
fn warmest() -> Option<f64> {
    let zones = fs::read_dir(THERMAL).ok()?.flatten();
    let told = zones.filter(|zone| zone.file_name().to_string_lossy().starts_with("thermal_zone")).filter_map(|zone| {
        let millidegrees: i64 = fs::read_to_string(zone.path().join("temp")).ok()?.trim().parse().ok()?;
        Some(millidegrees as f64 / 1000.0)
    });
    told.filter(|degrees| SENSIBLE.contains(degrees)).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_works_is_seen_to_work() {
        let mut meter = LoadMeter::default();
        assert_eq!(meter.read().0, None);
        let began = clock::now();
        let mut sum = 0_u64;
        while clock::now() - began < Span::millis(200) {
            sum = sum.wrapping_mul(31).wrapping_add(1);
        }
        let share = meter.read().0.unwrap();
        assert!(share > 5.0, "{share} % after 200 ms of work ({sum})");
        assert!(meter.read().1.is_none_or(|degrees| SENSIBLE.contains(&degrees)));
    }
}
