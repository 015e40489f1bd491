//! How long the waiting card is held.

use super::*;
use serde_json::Value;

fn patch(story: &mut Story, change: Value) {
    story.order(Command::Pusher(PusherCommand::Patch(change.as_object().unwrap().clone())));
    // What is due at once is done at once.
    story.until(story.now.as_millis());
}

/// Live, and in standby from second 10 on.
fn held() -> Story {
    let mut story = live();
    story.until(10_000);
    story.order(Command::Standby { on: true });
    story.until(70_000);
    story
}

#[test]
fn a_hold_that_is_changed_while_it_runs_counts_from_its_beginning() {
    for (seconds, end) in [(120, 130_000), (300, 310_000), (60, 70_000), (30, 70_000)] {
        let mut story = held();
        patch(&mut story, json!({ "waiting-image-hold": seconds }));
        if end > 70_000 {
            story.until(end - 1);
            assert!(!story.codes.contains(&5000), "{seconds}");
            story.until(end);
        }
        assert_eq!(story.codes.iter().filter(|&&code| code == 5000).count(), 1, "{seconds}");
        assert!(!story.plan().active);
    }
}

#[test]
fn a_hold_without_an_end_is_given_one_that_counts_from_its_beginning_and_loses_it_again() {
    let mut story = held();
    patch(&mut story, json!({ "waiting-image-hold": 0 }));
    story.until(1_000_000);
    patch(&mut story, json!({ "waiting-image-hold": 1000 }));
    patch(&mut story, json!({ "waiting-image-hold": 0 }));
    story.until(2_000_000);
    assert!(story.plan().active);
    patch(&mut story, json!({ "waiting-image-hold": 1000 }));
    assert_eq!((story.codes.last(), story.plan().active), (Some(&5000), false));
}
