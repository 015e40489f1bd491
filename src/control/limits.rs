//! How much a client may ask for.

use crate::media::{Span, Time};
use std::time::Duration;

/// Clients that are served at a time.
pub const CLIENTS: usize = 8;
/// Clients over that number that are told so at a time; more are closed without a word.
pub const TURNED_AWAY: usize = 16;
/// Requests a second on one connection.
pub const REQUESTS_A_SECOND: i64 = 20;
/// Bytes of a request's body.
pub const BODY: usize = 64 << 10;
/// Bytes of a request's head, and of what is kept for a client that does not read.
pub const BUFFER: usize = 64 << 10;
/// Time for a request's head, also between two requests.
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// Time for a request's body.
pub const BODY_TIME: Duration = Duration::from_secs(5);
/// Time for which a client may leave its full buffer unread.
pub const READER_TIME: Duration = Duration::from_secs(5);
/// Time for an order's answer.
pub const ANSWER_TIME: Duration = Duration::from_secs(2);
/// Time for a snapshot.
pub const SNAPSHOT_TIME: Duration = Duration::from_secs(10);

/// Lets [`REQUESTS_A_SECOND`] through, in a burst of as many.
#[derive(Debug)]
pub struct Bucket {
    /// The moment at which it was, or will be, full again.
    full_at: Time,
}

impl Bucket {
    /// A full bucket.
    pub fn new() -> Self {
        Self { full_at: Time::default() }
    }

    /// Takes one drop; false when there is none at `now`.
    pub fn take(&mut self, now: Time) -> bool {
        let drop = Span::secs(1) / REQUESTS_A_SECOND;
        let next = self.full_at.max(now) + drop;
        if next - now > Span::secs(1) {
            return false;
        }
        self.full_at = next;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_a_second_is_let_through_and_then_the_rate() {
        let mut bucket = Bucket::new();
        let start = Time::from_micros(5_000_000);
        let taken = (0..100).filter(|_| bucket.take(start)).count();
        assert_eq!(taken as i64, REQUESTS_A_SECOND);
        let later = (1..=100).filter(|ms| bucket.take(start + Span::millis(*ms))).count();
        assert_eq!(later, 2);
    }
}
