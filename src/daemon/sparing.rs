//! At most one log line a second for each kind of event of each object; the newest one is never lost.

use crate::api::event::{Happening, Object};
use crate::media::{Span, Time};
use std::collections::HashMap;

/// From one line of a kind to the next.
const QUIET: Span = Span::secs(1);

/// What was written last, and what waits to be written since.
#[derive(Debug)]
struct Class {
    written: Time,
    waiting: Option<Happening>,
    more: u32,
}

/// See the module's head. There are as many classes as objects and codes, so it does not grow.
#[derive(Debug, Default)]
pub struct Sparing(HashMap<(Object, &'static str), Class>);

impl Sparing {
    /// Takes what happened; gives it back when it is to be written now.
    pub fn take(&mut self, it: &Happening, now: Time) -> Option<Happening> {
        let key = (it.object.clone(), it.code.name);
        match self.0.get_mut(&key) {
            Some(class) if class.waiting.is_some() || now - class.written < QUIET => {
                class.more = class.more.saturating_add(u32::from(class.waiting.is_some()));
                class.waiting = Some(it.clone());
                None
            }
            _ => {
                self.0.insert(key, Class { written: now, waiting: None, more: 0 });
                Some(it.clone())
            }
        }
    }

    /// What was held back long enough, with how many of its kind came just before it.
    pub fn due(&mut self, now: Time) -> Vec<(Happening, u32)> {
        let due = self.0.values_mut().filter(|class| now - class.written >= QUIET);
        let taken = due.filter_map(|class| {
            let it = class.waiting.take()?;
            class.written = now;
            Some((it, std::mem::take(&mut class.more)))
        });
        taken.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::code;
    use serde_json::json;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    #[test]
    fn a_flood_of_one_kind_is_a_line_a_second_and_ends_with_its_last() {
        let mut sparing = Sparing::default();
        let (mut lines, mut counted) = (Vec::new(), 0);
        for ms in (0..10_000).step_by(10) {
            let it = Happening {
                object: Object::Pusher,
                code: code::PUSH_EVT_CHANGE_BITRATE,
                detail: json!({ "n": ms / 10 }),
            };
            let due = sparing.due(at(ms));
            counted += due.iter().map(|(_, more)| more + 1).sum::<u32>();
            lines.extend(due.into_iter().map(|(it, _)| it.detail["n"].as_i64().unwrap()));
            if let Some(it) = sparing.take(&it, at(ms)) {
                lines.push(it.detail["n"].as_i64().unwrap());
                counted += 1;
            }
        }
        let last = sparing.due(at(11_000));
        assert_eq!(last.len(), 1);
        assert_eq!(last[0].0.detail["n"], 999);
        assert!((10..=11).contains(&lines.len()), "{lines:?}");
        assert_eq!(counted + last[0].1 + 1, 1000, "none is uncounted");
        assert!(sparing.due(at(20_000)).is_empty());
    }

    #[test]
    fn other_kinds_and_other_objects_are_not_held_back() {
        let mut sparing = Sparing::default();
        let it = |object, code| Happening { object, code, detail: json!({}) };
        let all = [
            it(Object::Pusher, code::PUSH_WARNING_DNS_FAIL),
            it(Object::Player("agent".into()), code::PLAY_WARNING_DNS_FAIL),
            it(Object::Pusher, code::PUSH_WARNING_RECONNECT),
        ];
        assert!(all.iter().all(|it| sparing.take(it, at(0)).is_some()));
        assert!(sparing.take(&all[0], at(999)).is_none());
        assert!(sparing.take(&all[2], at(1000)).is_some());
    }
}
