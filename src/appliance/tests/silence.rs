//! Senders that fall silent behind a server that goes on giving what it had kept of them.

use super::*;

/// Where a playing terminal is told of sessions.
fn playing() -> Story {
    let mut story = Story::new(Settings { pusher: None, ..settings() });
    story.order(Command::Player("agent".into(), PlayerCommand::Play));
    story
}

fn told(story: &mut Story, news: PlayNews) {
    let session = story.play_session;
    story.input(Input::Notice(Notice::Play { player: 0, session, news }));
}

/// A session that begins now and is broken off after so many seconds; whether anything live came in it. The codes that
/// its end led to, and how many ms later the next one begins.
fn session(story: &mut Story, seconds: i64, live: bool) -> (Vec<i32>, i64) {
    let (before, begun) = (story.play_session, story.now.as_millis());
    for news in [PlayNews::Connected, PlayNews::StreamBegin, PlayNews::FirstIdr, PlayNews::PlayBegin] {
        told(story, news);
    }
    let over = begun + seconds * 1000;
    story.until(over);
    story.codes.clear();
    if !live {
        told(story, PlayNews::NothingLive);
    }
    told(story, PlayNews::Ended(End { cause: Cause::Broken, words: "the server fell silent".into() }));
    while story.play_session == before && story.now.as_millis() < over + 100_000 {
        story.until(story.now.as_millis() + 10);
    }
    (std::mem::take(&mut story.codes), story.now.as_millis() - over)
}

#[test]
fn a_sender_that_stays_silent_is_given_up_once_and_listened_for_all_the_while() {
    let mut story = playing();
    assert_eq!(session(&mut story, 60, true).0, [2103]);
    let attempts = |story: &Story| {
        let tries = story.told.iter().filter(|it| it.code.number == 2103);
        tries.filter_map(|it| it.detail["attempt"].as_i64()).collect::<Vec<_>>()
    };
    let ended: Vec<_> = (0..8).map(|_| session(&mut story, 5, false)).collect();
    assert_eq!(attempts(&story), [1, 2, 3]);
    let codes: Vec<&[i32]> = ended.iter().map(|(codes, _)| &codes[..]).collect();
    assert_eq!(codes, [&[2103][..], &[2103], &[-2301], &[], &[], &[], &[], &[]]);
    assert!(ended[2..].iter().all(|(_, pause)| *pause < 1000), "it would be heard at once: {ended:?}");
    // It speaks again, and everything is as it was before.
    story.told.clear();
    assert_eq!(session(&mut story, 3, true).0, [2103]);
    assert_eq!(attempts(&story), [1]);
}

#[test]
fn a_sender_that_stays_silent_is_listened_to_for_longer_each_time_up_to_a_minute() {
    let mut story = playing();
    let mut patience = || {
        let seconds = story.play_patience.as_millis() / 1000;
        session(&mut story, seconds, false);
        seconds
    };
    let waited: Vec<i64> = (0..10).map(|_| patience()).collect();
    assert_eq!(waited, [5, 5, 5, 5, 10, 20, 40, 60, 60, 60]);
    session(&mut story, 60, true);
    assert_eq!(story.play_patience.as_millis(), 5000, "it spoke");
}

#[test]
fn who_wants_it_to_end_there_finds_it_ended() {
    let mut story = playing();
    let change = json!({ "on-give-up": "stop" }).as_object().cloned().unwrap();
    story.order(Command::Player("agent".into(), PlayerCommand::Patch(change)));
    let codes: Vec<_> = (0..4).map(|_| session(&mut story, 5, false).0).collect();
    assert_eq!(codes, [[2103], [2103], [2103], [-2301]]);
    assert_eq!(story.appliance.status(story.now).players[0].state, SessionState::GaveUp);
}

#[test]
fn a_connection_that_breaks_at_once_is_no_silence_and_is_met_with_patience() {
    let mut story = playing();
    let ended: Vec<_> = (0..4).map(|_| session(&mut story, 1, false)).collect();
    assert_eq!(ended[3].0, [-2301]);
    assert!(ended[3].1 >= 5000, "{ended:?}");
    assert_eq!(session(&mut story, 1, false).0, [2103], "another cycle");
}

#[test]
fn a_long_wait_for_a_sender_that_was_never_there_is_no_silence() {
    let mut story = playing();
    for _ in 0..5 {
        told(&mut story, PlayNews::Connected);
        told(&mut story, PlayNews::StreamBegin);
        story.until(story.now.as_millis() + 3_600_000);
        told(&mut story, PlayNews::Ended(End { cause: Cause::Broken, words: "the link broke".into() }));
        assert_eq!(story.told.last().map(|it| it.detail["attempt"].clone()), Some(json!(1)));
        story.until(story.now.as_millis() + 1000);
    }
}
