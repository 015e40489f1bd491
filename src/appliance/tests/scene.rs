//! Changes of page, small pictures and full screen, as stories.

use super::*;
use crate::api::command::{Direction, Transition};
use crate::api::status::PlayerStatus;
use crate::media::Size;
use serde_json::Value;

/// Two players, `agent` with these properties more, both asked to play.
fn two(more: Value) -> Story {
    let mut wish = settings();
    let more = more.as_object().unwrap();
    wish.players[0] = wish.players[0].patched(more).unwrap();
    wish.players.push(PlayerSettings { id: "second".into(), src: wish.players[0].src.clone(), ..Default::default() });
    let mut story = Story::new(wish);
    for id in ["agent", "second"] {
        order(&mut story, id, PlayerCommand::Play);
    }
    let session = story.play_session;
    for player in 0..2 {
        for news in [PlayNews::StreamBegin, PlayNews::Resolution(Size::new(640, 360)), PlayNews::PlayBegin] {
            story.input(Input::Notice(Notice::Play { player, session, news }));
        }
    }
    story.told.clear();
    story
}

fn order(story: &mut Story, id: &str, order: PlayerCommand) {
    story.order(Command::Player(id.into(), order));
    assert_eq!(story.replies.last(), Some(&Reply::Done));
}

fn scene(story: &mut Story, transition: Transition, page: &str) {
    story.order(Command::Scene(transition, page.into()));
    assert_eq!(story.replies.last(), Some(&Reply::Done));
}

fn status(story: &Story, number: usize) -> PlayerStatus {
    story.appliance.status(story.now).players[number].clone()
}

/// Names and facts of what was told since the last look.
fn told(story: &mut Story) -> Vec<(String, &'static str, Value)> {
    story.told.drain(..).map(|it| (it.object.to_string(), it.code.name, it.detail)).collect()
}

fn full(object: &str, direction: i32, on: bool) -> (String, &'static str, Value) {
    (object.into(), "fullscreenchange", json!({ "direction": direction, "fullScreen": on }))
}

#[test]
fn a_player_rests_while_the_user_interface_is_elsewhere_and_goes_on_when_it_is_back() {
    let mut story = two(json!({}));
    let plans = |story: &Story| [0, 1].map(|number| status(story, number).state);
    scene(&mut story, Transition::Push, "settings");
    assert_eq!(plans(&story), [SessionState::Paused; 2]);
    assert!(story.play_plan().paused && story.play_plan().active, "the connection stays");
    assert_eq!(status(&story, 0).paused_by, ["navigate"]);
    let screen = story.appliance.status(story.now).screen;
    assert_eq!((screen.scene, screen.page.as_str()), (Transition::Push, "settings"));
    assert!(story.notes.contains(&"user interface: push \"settings\"".into()), "{:?}", story.notes);
    // Somebody's own pause is one reason more, and outlives the return.
    order(&mut story, "second", PlayerCommand::Pause);
    assert_eq!(status(&story, 1).paused_by, ["user", "navigate"]);
    scene(&mut story, Transition::Return, "");
    assert_eq!(plans(&story), [SessionState::Live, SessionState::Paused]);
    assert_eq!(status(&story, 1).paused_by, ["user"]);
    assert_eq!(told(&mut story), [], "a pause is a state");
    // An order wins over the rule, until the next change.
    order(&mut story, "second", PlayerCommand::Resume);
    scene(&mut story, Transition::Native, "");
    assert_eq!(status(&story, 1).paused_by, ["open-native"]);
    order(&mut story, "second", PlayerCommand::Resume);
    assert_eq!(plans(&story), [SessionState::Paused, SessionState::Live]);
    scene(&mut story, Transition::Push, "");
    assert_eq!(plans(&story), [SessionState::Paused; 2]);
    // The property counts at once, in both directions.
    let change = |on: bool| json!({ "auto-pause-if-navigate": on }).as_object().unwrap().clone();
    order(&mut story, "agent", PlayerCommand::Patch(change(false)));
    assert_eq!(plans(&story), [SessionState::Live, SessionState::Paused]);
    order(&mut story, "agent", PlayerCommand::Patch(change(true)));
    assert_eq!(plans(&story), [SessionState::Paused; 2]);
    order(&mut story, "second", PlayerCommand::Stop);
    assert_eq!(status(&story, 1).paused_by, [""; 0], "what plays nothing does not rest");
}

#[test]
fn a_player_with_the_mode_shrinks_instead_and_says_so() {
    let mut story = two(json!({ "picture-in-picture-mode": "push" }));
    scene(&mut story, Transition::Push, "");
    let told = |story: &mut Story| told(story).into_iter().map(|(_, name, _)| name).collect::<Vec<_>>();
    let (entered, left) = ("enterpictureinpicture", "leavepictureinpicture");
    assert_eq!(told(&mut story), [entered]);
    let small = |story: &Story| story.screen_plan.players.iter().map(|view| view.small).collect::<Vec<_>>();
    assert_eq!(small(&story), [true, false]);
    assert_eq!((status(&story, 0).state, status(&story, 1).state), (SessionState::Live, SessionState::Paused));
    assert!(status(&story, 0).picture_in_picture);
    scene(&mut story, Transition::Push, "another");
    assert_eq!(told(&mut story), [""; 0]);
    // Closed, it rests as it would without.
    order(&mut story, "agent", PlayerCommand::ExitPictureInPicture);
    order(&mut story, "agent", PlayerCommand::ExitPictureInPicture);
    assert_eq!(told(&mut story), [left]);
    assert_eq!((small(&story), status(&story, 0).paused_by), (vec![false; 2], vec!["navigate".to_owned()]));
    scene(&mut story, Transition::Return, "");
    scene(&mut story, Transition::Push, "");
    assert_eq!(told(&mut story), [entered]);
    // What plays nothing is no picture.
    order(&mut story, "agent", PlayerCommand::Stop);
    assert_eq!(told(&mut story), [left]);
    order(&mut story, "agent", PlayerCommand::Play);
    assert_eq!(told(&mut story), [entered]);
    scene(&mut story, Transition::Return, "");
    assert_eq!(told(&mut story), [left]);
}

#[test]
fn one_player_at_a_time_fills_the_screen_and_each_change_is_told_once() {
    let mut story = two(json!({ "orientation": "horizontal" }));
    for _ in 0..2 {
        order(&mut story, "second", PlayerCommand::RequestFullScreen(Direction::Upright));
    }
    assert_eq!(told(&mut story), [full("player:second", 0, true)]);
    order(&mut story, "agent", PlayerCommand::RequestFullScreen(Direction::Clockwise));
    assert_eq!(told(&mut story), [full("player:second", 0, false), full("player:agent", 90, true)]);
    let view = story.screen_plan.players[0];
    assert_eq!((view.full_screen, view.turn, view.direction), (true, 90, 90), "its own quarter and the screen's");
    order(&mut story, "agent", PlayerCommand::RequestFullScreen(Direction::CounterClockwise));
    assert_eq!(told(&mut story), [full("player:agent", -90, true)]);
    assert_eq!((status(&story, 0).direction, story.screen_plan.players[0].direction), (-90, 270));
    for _ in 0..2 {
        order(&mut story, "agent", PlayerCommand::ExitFullScreen);
    }
    assert_eq!(told(&mut story), [full("player:agent", 0, false)]);
    // Its end, and that of its page, are that of the full screen.
    order(&mut story, "agent", PlayerCommand::RequestFullScreen(Direction::Upright));
    order(&mut story, "agent", PlayerCommand::Stop);
    order(&mut story, "second", PlayerCommand::RequestFullScreen(Direction::Upright));
    scene(&mut story, Transition::Native, "");
    let both = [full("player:agent", 0, true), full("player:agent", 0, false), full("player:second", 0, true)];
    assert_eq!(told(&mut story), both, "a component of the system changes nothing of it");
    scene(&mut story, Transition::Push, "");
    assert_eq!(told(&mut story), [full("player:second", 0, false)]);
}

#[test]
fn a_small_picture_that_is_asked_to_fill_the_screen_does_and_plays_on() {
    let mut story = two(json!({ "picture-in-picture-mode": ["push", "pop"] }));
    scene(&mut story, Transition::Pop, "");
    told(&mut story);
    order(&mut story, "agent", PlayerCommand::RequestFullScreen(Direction::Upright));
    let left = ("player:agent".to_owned(), "leavepictureinpicture", json!({}));
    assert_eq!(told(&mut story), [full("player:agent", 0, true), left]);
    let view = story.screen_plan.players[0];
    assert_eq!((view.full_screen, view.small), (true, false));
    assert_eq!(status(&story, 0).state, SessionState::Live);
}
