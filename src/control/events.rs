//! The log of events: numbered, kept for those who come back, handed to those who listen.

use super::wall::rfc3339;
use crate::api::event::{Event, Happening};
use crate::media::Time;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio::sync::broadcast;

/// Events that are kept to be replayed.
pub const KEPT: usize = 1000;

/// Events a listener may be behind before it is cut off.
const BEHIND: usize = 256;

/// Every event since the daemon started has its number; the newest [`KEPT`] are kept.
#[derive(Debug)]
pub struct EventLog {
    kept: Mutex<Kept>,
    live: broadcast::Sender<Arc<Event>>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Arc<Event>>,
    last: u64,
}

/// What a listener gets: what it missed, and what comes.
#[derive(Debug)]
pub struct Subscription {
    pub missed: Vec<Arc<Event>>,
    /// Number of the newest event when the subscription began; 0 = there was none.
    pub last: u64,
    pub coming: broadcast::Receiver<Arc<Event>>,
}

impl Default for EventLog {
    fn default() -> Self {
        Self { kept: Mutex::default(), live: broadcast::channel(BEHIND).0 }
    }
}

impl EventLog {
    /// Numbers `happening`, stamps it with the time of day and `now`, keeps it and tells everybody. Never waits.
    pub fn publish(&self, happening: Happening, now: Time) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let event = Arc::new(Event {
            seq: kept.last,
            time: rfc3339(SystemTime::now()),
            monotonic_ms: now.as_millis(),
            object: happening.object.to_string(),
            code: happening.code.number,
            name: happening.code.name.to_owned(),
            detail: happening.detail,
            retriable: happening.code.retriable,
        });
        if kept.events.len() == KEPT {
            kept.events.pop_front();
        }
        kept.events.push_back(event.clone());
        // Told under the lock, so that a listener misses none and hears none twice. Nobody listening is fine.
        let _ = self.live.send(event);
    }

    /// Begins to listen. `after`: number of the last event the listener knows; `None` = it wants no old ones.
    /// A number this daemon has not reached is of an earlier life of it: everything kept is missed then.
    pub fn subscribe(&self, after: Option<u64>) -> Subscription {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = match after {
            None => Vec::new(),
            Some(after) if after > kept.last => kept.events.iter().cloned().collect(),
            Some(after) => kept.events.iter().filter(|event| event.seq > after).cloned().collect(),
        };
        Subscription { missed, last: kept.last, coming: self.live.subscribe() }
    }

    /// Everything that is kept, oldest first.
    pub fn recent(&self) -> Vec<Arc<Event>> {
        self.subscribe(Some(0)).missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::code;
    use crate::api::event::Object;
    use serde_json::json;

    fn happen(log: &EventLog, count: usize) {
        for number in 0..count {
            let code = code::PUSH_WARNING_RECONNECT;
            let happening = Happening { object: Object::Pusher, code, detail: json!({ "try": number }) };
            log.publish(happening, Time::from_micros(number as i64 * 1000));
        }
    }

    #[test]
    fn events_are_numbered_without_gaps_and_the_newest_thousand_are_kept() {
        let log = EventLog::default();
        happen(&log, 1100);
        let recent = log.recent();
        let numbers: Vec<u64> = recent.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (101..=1100).collect::<Vec<_>>());
        assert_eq!((recent[0].code, recent[0].monotonic_ms, recent[0].retriable), (1102, 100, true));
    }

    #[test]
    fn a_listener_that_comes_back_gets_what_it_missed() {
        let log = EventLog::default();
        happen(&log, 5);
        let missed = |after| log.subscribe(after).missed.len();
        assert_eq!([missed(None), missed(Some(3)), missed(Some(5)), missed(Some(99))], [0, 2, 0, 5]);
    }

    #[test]
    fn a_listener_that_falls_behind_is_told_so() {
        let log = EventLog::default();
        let mut slow = log.subscribe(None);
        happen(&log, BEHIND + 1);
        assert!(matches!(slow.coming.try_recv(), Err(broadcast::error::TryRecvError::Lagged(1))));
    }
}
