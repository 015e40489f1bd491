//! How long the waiting card is held, and what becomes of a push that is suspended after that.

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

fn suspended() -> Story {
    let mut story = held();
    story.until(190_000);
    assert_eq!((story.codes.last(), story.status().state), (Some(&5000), SessionState::Stopped));
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

#[test]
fn a_suspended_push_comes_back_only_as_long_as_it_has_an_address_and_nobody_stopped_it() {
    let stop = |story: &mut Story| story.order(Command::Pusher(PusherCommand::Stop));
    let shut_down = |story: &mut Story| story.order(Command::Shutdown);
    let no_address = |story: &mut Story| patch(story, json!({ "url": null }));
    let ends: [&dyn Fn(&mut Story); 3] = [&stop, &shut_down, &no_address];
    for (number, end) in ends.into_iter().enumerate() {
        let mut story = suspended();
        let before = story.session;
        end(&mut story);
        story.order(Command::Standby { on: false });
        assert_eq!((story.session, story.status().state), (before, SessionState::Stopped), "end {number}");
        assert!(!story.plan().active && story.plan().camera.is_none());
    }
}

#[test]
fn an_address_given_to_a_suspended_push_is_the_one_it_comes_back_to() {
    let mut story = suspended();
    let before = story.session;
    patch(&mut story, json!({ "url": null }));
    patch(&mut story, json!({ "url": "rtmp://other/live/a" }));
    story.order(Command::Standby { on: false });
    assert_eq!(story.session, before, "it waits to be started");
    story.order(Command::Pusher(PusherCommand::Start));
    assert_eq!((story.session, story.status().state), (before + 1, SessionState::Connecting));

    let mut story = suspended();
    patch(&mut story, json!({ "url": "rtmp://other/live/a" }));
    assert_eq!((story.session, story.status().state), (before, SessionState::Stopped), "it is still held back");
    story.order(Command::Standby { on: false });
    assert_eq!((story.session, story.status().url.as_str()), (before + 1, "rtmp://other/live/a"));
}
