//! What the life of the camera means: when it has failed, when it was removed, when it is back.

use crate::api::code::{self, Code};
use crate::api::fault::{DeviceError, Fault};
use crate::api::notice::DeviceNotice;
use crate::api::status::{DeviceState, DeviceStatus};
use crate::media::{Span, Time};
use serde_json::{Value, json};

/// A camera that was there may be gone this long before it counts as failed.
const GONE_FOR: Span = Span::secs(10);
/// An opening camera has this long to show its first picture before the waiting card takes its place.
const GRACE: Span = Span::millis(500);

/// One camera as its notices tell it.
#[derive(Debug)]
pub struct CameraState {
    status: DeviceStatus,
    /// What was opened last, in words.
    mode: String,
    /// It was told as removed and has not come back.
    removed: bool,
    /// Until then an opening camera is not yet replaced by the card.
    grace: Option<Time>,
    /// When its absence becomes an error.
    fails_at: Option<Time>,
    failed: bool,
    error: Option<DeviceError>,
}

impl CameraState {
    /// A camera that is closed.
    pub fn new() -> Self {
        let status = DeviceStatus { state: DeviceState::Closed, words: String::new() };
        Self { status, mode: String::new(), removed: false, grace: None, fails_at: None, failed: false, error: None }
    }

    pub fn status(&self) -> &DeviceStatus {
        &self.status
    }

    /// It is to be open now; true when it was not before, so that it has to be asked for.
    pub fn opening(&mut self, now: Time) -> bool {
        let closed = self.status.state == DeviceState::Closed;
        if closed {
            self.status.state = DeviceState::Opening;
            self.grace = Some(now + GRACE);
        }
        closed
    }

    /// It is not wanted any more.
    pub fn closed(&mut self) {
        *self = Self::new();
    }

    /// Its picture is what should be sent: it runs, or it may still come in time.
    pub fn shows(&self) -> bool {
        self.status.state == DeviceState::Running || self.grace.is_some()
    }

    /// When [`CameraState::tick`] has something to do.
    pub fn deadline(&self) -> Option<Time> {
        self.grace.into_iter().chain(self.fails_at).min()
    }

    /// Time passed: events that are due by now.
    pub fn tick(&mut self, now: Time) -> Option<(&'static Code, Value)> {
        if self.grace.is_some_and(|at| at <= now) {
            self.grace = None;
        }
        if self.fails_at.is_some_and(|at| at <= now) {
            self.fails_at = None;
            self.failed = true;
            let error = self.error.as_ref()?;
            return Some((code::PUSH_ERR_OPEN_CAMERA_FAIL, detail(error)));
        }
        None
    }

    /// Its worker has news: the events that follow.
    pub fn handle(&mut self, notice: &DeviceNotice, now: Time) -> Vec<(&'static Code, Value)> {
        match notice {
            DeviceNotice::Opened { words } => {
                self.mode.clone_from(words);
                // A camera that was lost stays so, and says why, until there is a picture.
                if self.status.state != DeviceState::Lost {
                    self.status.words.clone_from(words);
                }
                vec![]
            }
            DeviceNotice::FirstFrame => {
                let back = std::mem::take(&mut self.removed);
                self.error = None;
                self.status = DeviceStatus { state: DeviceState::Running, words: self.mode.clone() };
                (self.failed, self.fails_at, self.grace) = (false, None, None);
                let words = json!({ "mode": self.mode });
                let mut events = Vec::new();
                if back {
                    events.push((code::PUSH_EVT_CAMERA_AVAILABLE, words.clone()));
                }
                events.push((code::PUSH_EVT_OPEN_CAMERA_SUCC, words));
                events.push((code::PUSH_EVT_FIRST_FRAME_AVAILABLE, json!({})));
                events
            }
            DeviceNotice::Lost(error) => self.lost(error, now),
            DeviceNotice::Closed => {
                self.closed();
                vec![]
            }
        }
    }

    fn lost(&mut self, error: &DeviceError, now: Time) -> Vec<(&'static Code, Value)> {
        let was_running = self.status.state == DeviceState::Running;
        self.status = DeviceStatus { state: DeviceState::Lost, words: error.to_string() };
        self.grace = None;
        let first = self.error.replace(error.clone()).is_none();
        if error.fault == Fault::Unsupported {
            self.failed = true;
            return vec![(code::PUSH_ERR_UNSUPPORTED_RESOLUTION, detail(error))];
        }
        if was_running {
            (self.removed, self.fails_at) = (true, Some(now + GONE_FOR));
            return vec![(code::PUSH_EVT_CAMERA_REMOVED, detail(error))];
        }
        if first && !self.failed && self.fails_at.is_none() {
            self.failed = true;
            return vec![(code::PUSH_ERR_OPEN_CAMERA_FAIL, detail(error))];
        }
        vec![]
    }
}

fn detail(error: &DeviceError) -> Value {
    json!({ "fault": error.fault.to_string(), "device": error.device, "reason": error.words })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }
    fn gone(fault: Fault) -> DeviceNotice {
        DeviceNotice::Lost(DeviceError::new(fault, "cam", "test"))
    }
    fn numbers(events: &[(&'static Code, Value)]) -> Vec<i32> {
        events.iter().map(|(code, _)| code.number).collect()
    }

    #[test]
    fn a_pulled_camera_is_removed_at_once_failed_after_ten_seconds_and_welcomed_back() {
        let mut camera = CameraState::new();
        camera.opening(at(0));
        camera.handle(&DeviceNotice::Opened { words: "x".into() }, at(10));
        assert_eq!(numbers(&camera.handle(&DeviceNotice::FirstFrame, at(20))), [1003, 1007]);
        assert_eq!(numbers(&camera.handle(&gone(Fault::Gone), at(1000))), [1009]);
        assert!(!camera.shows());
        assert!(camera.handle(&gone(Fault::Missing), at(2000)).is_empty(), "still the same absence");
        camera.handle(&DeviceNotice::Opened { words: "y".into() }, at(2500));
        assert_eq!(*camera.status(), DeviceStatus { state: DeviceState::Lost, words: "cam: test".into() });
        assert!(camera.tick(at(10_999)).is_none());
        assert_eq!(camera.tick(at(11_000)).map(|e| e.0.number), Some(-1301));
        assert!(camera.tick(at(60_000)).is_none(), "said once");
        assert_eq!(numbers(&camera.handle(&DeviceNotice::FirstFrame, at(61_000))), [1010, 1003, 1007]);
        assert_eq!(*camera.status(), DeviceStatus { state: DeviceState::Running, words: "y".into() });
    }

    #[test]
    fn a_camera_that_can_not_be_opened_is_an_error_at_once_and_only_once() {
        let mut camera = CameraState::new();
        camera.opening(at(0));
        assert!(camera.shows(), "it has half a second before the card");
        assert_eq!(numbers(&camera.handle(&gone(Fault::Busy), at(5))), [-1301]);
        assert!(camera.handle(&gone(Fault::Busy), at(1005)).is_empty());
        assert_eq!(numbers(&camera.handle(&gone(Fault::Unsupported), at(2005))), [-1305]);
    }

    #[test]
    fn a_slow_camera_gives_way_to_the_card_after_its_grace() {
        let mut camera = CameraState::new();
        camera.opening(at(0));
        camera.tick(at(500));
        assert!(!camera.shows());
        assert_eq!(camera.status().state, DeviceState::Opening);
    }
}
