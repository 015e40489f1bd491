//! Waiting for what another process will do.

use std::time::{Duration, Instant};

/// Looks every 10 ms until `condition` gives something.
///
/// # Panics
/// It has given nothing `within` seconds; says `what` was waited for.
pub fn until<T>(within: f64, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    until_every(Duration::from_millis(10), within, what, || condition().ok_or_else(String::new))
}

/// Looks at every `interval` until `condition` gives something; what it says instead is told in the end.
///
/// # Panics
/// It has given nothing `within` seconds; says `what` was waited for.
pub fn until_every<T>(
    interval: Duration,
    within: f64,
    what: &str,
    mut condition: impl FnMut() -> Result<T, String>,
) -> T {
    let limit = Instant::now() + Duration::from_secs_f64(within);
    loop {
        match condition() {
            Ok(found) => return found,
            Err(instead) => assert!(Instant::now() < limit, "waited {within} s in vain for {what}: {instead}"),
        }
        std::thread::sleep(interval);
    }
}
