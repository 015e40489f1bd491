//! What a restart keeps, and what a settings file that is read again changes.

use super::*;

/// Every plan of the way up that comes out now.
fn plans(appliance: &mut Appliance) -> Vec<PushPlan> {
    let outputs = std::iter::from_fn(|| appliance.poll());
    let plan = |output| if let Output::Effect(Effect::Push(plan)) = output { Some(plan) } else { None };
    outputs.filter_map(plan).collect()
}

fn autopush() -> Settings {
    let mut settings = settings();
    settings.pusher.as_mut().unwrap().autopush = true;
    settings
}

#[test]
fn a_terminal_that_ended_in_standby_begins_in_it_and_no_worker_hears_of_a_camera() {
    for locked in [false, true] {
        let mut appliance = Appliance::new(autopush(), &board(), vec![], 1, at(0));
        appliance.remain_in_standby(locked, at(0));
        let plans = plans(&mut appliance);
        assert!(!plans.is_empty() && plans.iter().all(|plan| plan.camera.is_none()), "{plans:?}");
        assert!(plans.iter().all(|plan| matches!(plan.picture, PictureSource::Card(_))), "{plans:?}");
        let status = appliance.status(at(1));
        assert_eq!((status.standby, status.standby_locked), (true, locked));
        assert_eq!(status.pusher.unwrap().state, SessionState::Connecting, "the card is sent");
        // A button's standby is ended by a button alone, also after a restart.
        appliance.handle(Input::Command(1, Command::Standby { on: false }), at(2));
        assert_eq!(appliance.status(at(3)).standby, locked);
    }
}

#[test]
fn without_a_memory_the_camera_is_opened_at_once() {
    let mut appliance = Appliance::new(autopush(), &board(), vec![], 1, at(0));
    assert!(plans(&mut appliance).iter().any(|plan| plan.camera == Some(Position::Front)));
}

#[test]
fn a_file_read_again_changes_properties_and_names_what_waits_for_a_new_start() {
    let mut story = Story::new(autopush());
    let mut reload = |settings: Result<Settings, String>| {
        let command = Command::Reload(settings.map(Box::new));
        story.appliance.handle(Input::Command(9, command), at(10));
        story.drain();
        (story.appliance.status(at(11)).degraded, story.appliance.pusher_settings().unwrap().fps, story.replies.pop())
    };
    let mut changed = autopush();
    changed.pusher.as_mut().unwrap().fps = 21;
    let (degraded, fps, reply) = reload(Ok(changed.clone()));
    assert_eq!((degraded, fps, reply), (vec![], 21, Some(Reply::Done)));
    let (degraded, fps, reply) = reload(Err("visavis.toml:3: fps".into()));
    assert!(degraded[0].contains("visavis.toml:3: fps") && matches!(reply, Some(Reply::Refused(_))), "{degraded:?}");
    assert_eq!(fps, 21);
    for (change, word) in [
        ((|settings| settings.pusher = None) as fn(&mut Settings), "[pusher]"),
        (|settings| settings.players.clear(), "[[player]]"),
        (|settings| settings.players[0].id = "other".into(), "[[player]]"),
        (|settings| settings.control.allow_users.push("kiosk".into()), "[control]"),
    ] {
        let mut settings = changed.clone();
        change(&mut settings);
        let (degraded, fps, _) = reload(Ok(settings));
        assert!(degraded.len() == 1 && degraded[0].contains(word), "{word}: {degraded:?}");
        assert_eq!(fps, 21);
    }
    // A file that is right again ends it.
    assert_eq!(reload(Ok(changed)).0, [""; 0]);
}

/// What player 0 is to connect to (true) and to leave (false), by number.
fn sessions(appliance: &mut Appliance) -> Vec<(bool, u64)> {
    let outputs = std::iter::from_fn(|| appliance.poll());
    let session = |output| match output {
        Output::Effect(Effect::PlayConnect { session, .. }) => Some((true, session)),
        Output::Effect(Effect::PlayDisconnect { session, .. }) => Some((false, session)),
        _ => None,
    };
    outputs.filter_map(session).collect()
}

#[test]
fn a_stream_whose_beginning_was_lost_is_asked_for_anew_as_after_any_other_loss() {
    let mut appliance = Appliance::new(settings(), &board(), vec![], 1, at(0));
    let lost = || Input::Notice(Notice::StreamLost { player: 0 });
    let begin = |appliance: &mut Appliance, session, ms| {
        for news in [PlayNews::Connected, PlayNews::StreamBegin, PlayNews::PlayBegin] {
            appliance.handle(Input::Notice(Notice::Play { player: 0, session, news }), at(ms));
        }
    };
    appliance.handle(lost(), at(0));
    assert_eq!(sessions(&mut appliance), [], "nothing is played");
    appliance.handle(Input::Command(0, Command::Player("agent".into(), PlayerCommand::Play)), at(0));
    appliance.handle(lost(), at(0));
    assert_eq!(sessions(&mut appliance), [(true, 1)], "what it says of itself is still to come");
    begin(&mut appliance, 1, 100);
    appliance.handle(Input::Time, at(5000));
    appliance.handle(lost(), at(5000));
    assert_eq!(sessions(&mut appliance), [(false, 1)]);
    let status = appliance.status(at(5000)).players.remove(0);
    assert_eq!((status.state, status.loading), (SessionState::Reconnecting, true));
    assert!(status.last_end.contains("internal error"), "{}", status.last_end);
    // Its workers' last word of it is nobody's business.
    let over = PlayNews::Ended(End { cause: Cause::Ours, words: "left".into() });
    appliance.handle(Input::Notice(Notice::Play { player: 0, session: 1, news: over }), at(5010));
    appliance.handle(Input::Time, at(6000));
    assert_eq!(sessions(&mut appliance), [(true, 2)]);
    begin(&mut appliance, 2, 6100);
    let status = appliance.status(at(6100)).players.remove(0);
    assert_eq!((status.state, status.loading), (SessionState::Live, false));
}

#[test]
fn a_terminal_that_ended_muted_begins_muted_and_the_file_is_not_held_to_ask_for_it() {
    for standby in [false, true] {
        let mut appliance = Appliance::new(autopush(), &board(), vec![], 1, at(0));
        appliance.remain_muted(at(0));
        if standby {
            appliance.remain_in_standby(false, at(0));
        }
        let plans = plans(&mut appliance);
        assert!(plans.len() == 1 && plans[0].active && plans[0].silent, "{plans:?}");
        assert!(appliance.pusher_settings().unwrap().muted && !appliance.muted_by_file());
    }
    // What is muted anyway has the plan it had.
    let mut settings = autopush();
    settings.pusher.as_mut().unwrap().muted = true;
    let mut appliance = Appliance::new(settings, &board(), vec![], 1, at(0));
    appliance.remain_muted(at(0));
    assert!(plans(&mut appliance).iter().any(|plan| plan.active && plan.silent));
    assert!(appliance.muted_by_file());
}
