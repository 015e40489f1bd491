//! The time stamps of a session's pictures and sound: milliseconds since its beginning, none before the one it follows,
//! and 0 again after 2^32 of them (RTMP 1.0, 5.3.1: 49.7 days). Pure.

use crate::media::{Span, Time};

/// See the module's head.
#[derive(Debug)]
pub struct WireTime {
    zero: Time,
    /// The last ones, counted on.
    picture: i64,
    sound: i64,
}

impl WireTime {
    /// Of a session whose time 0 is `zero`.
    pub fn new(zero: Time) -> Self {
        Self { zero, picture: 0, sound: -1 }
    }

    /// For a picture captured at `captured`: the time since the beginning, not less than that of the one before.
    pub fn picture(&mut self, captured: Time) -> u32 {
        self.picture = self.picture.max((captured - self.zero).as_millis());
        wire(self.picture)
    }

    /// For a frame of sound captured at `captured`, always more than that of the one before; `None` for one that is
    /// older than the session.
    pub fn sound(&mut self, captured: Time) -> Option<u32> {
        let since = captured - self.zero;
        (since >= Span::ZERO).then(|| {
            self.sound = since.as_millis().max(self.sound + 1);
            wire(self.sound)
        })
    }

    /// What was given to the last picture.
    pub fn last_picture(&self) -> u32 {
        wire(self.picture)
    }
}

/// The lower 32 bits are what a time stamp has.
fn wire(millis: i64) -> u32 {
    millis as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::default() + Span::millis(ms)
    }

    #[test]
    fn they_begin_at_zero_and_never_go_back() {
        let mut time = WireTime::new(at(1000));
        assert_eq!([1000, 1033, 1020, 1066].map(|ms| time.picture(at(ms))), [0, 33, 33, 66]);
        assert_eq!([999, 1000, 1000, 1021].map(|ms| time.sound(at(ms))), [None, Some(0), Some(1), Some(21)]);
    }

    #[test]
    fn after_49_days_they_begin_anew_and_go_on_at_the_same_pace() {
        let mut time = WireTime::new(at(5));
        let turn = 1_i64 << 32;
        let mut since = |ms: i64| (time.picture(at(5 + ms)), time.sound(at(5 + ms)).unwrap());
        for ms in (turn - 100..turn + 100).step_by(20).chain((2 * turn - 100..2 * turn + 100).step_by(20)) {
            assert_eq!(since(ms), (ms as u32, ms as u32));
        }
    }
}
