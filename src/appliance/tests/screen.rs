//! What the screen shows, as stories.

use super::*;
use crate::api::command::NoSnapshot;
use crate::api::plan::SelfViewPlan;
use crate::media::Size;
use crate::settings::board::SpeakerDriver;
use crate::settings::screen::{Language, Layout};

fn told(story: &mut Story, news: PlayNews) -> Option<Card> {
    let session = story.play_session;
    story.input(Input::Notice(Notice::Play { player: 0, session, news }));
    story.card()
}

fn order(story: &mut Story, order: PlayerCommand) -> Option<Card> {
    story.order(Command::Player("agent".into(), order));
    story.card()
}

fn ended(cause: Cause) -> PlayNews {
    PlayNews::Ended(End { cause, words: "over".into() })
}

/// A player that shows pictures.
fn playing() -> Story {
    let mut story = Story::new(settings());
    assert_eq!(story.card(), Some(Card::Ready));
    assert_eq!(order(&mut story, PlayerCommand::Play), Some(Card::Connecting));
    assert_eq!(told(&mut story, PlayNews::Connected), Some(Card::Waiting), "nobody sends yet");
    assert_eq!(told(&mut story, PlayNews::StreamBegin), Some(Card::Waiting));
    assert_eq!(told(&mut story, PlayNews::Resolution(Size::new(640, 360))), Some(Card::Waiting));
    assert_eq!(told(&mut story, PlayNews::PlayBegin), None, "a picture is there");
    story
}

#[test]
fn loading_and_pausing_keep_the_picture() {
    let mut story = playing();
    assert_eq!(told(&mut story, PlayNews::Loading(true)), None);
    story.until(60_000);
    assert_eq!(order(&mut story, PlayerCommand::Pause), None);
    assert_eq!(story.appliance.status(story.now).players[0].screen, "picture");
}

#[test]
fn the_last_picture_outlives_a_short_loss_and_no_long_one() {
    let mut story = playing();
    assert_eq!(told(&mut story, ended(Cause::Broken)), None, "most are back in a moment");
    story.until(2_900);
    assert_eq!(story.card(), None);
    story.until(3_100);
    assert_eq!(story.card(), Some(Card::NoConnection));
    assert_eq!(story.appliance.status(story.now).players[0].screen, "no-connection");
    // Coming back.
    assert_eq!(told(&mut story, PlayNews::Connected), Some(Card::Waiting));
    assert_eq!(told(&mut story, PlayNews::StreamBegin), Some(Card::Waiting));
    told(&mut story, PlayNews::Resolution(Size::new(640, 360)));
    assert_eq!(told(&mut story, PlayNews::PlayBegin), None);
    // Back in time: no card at all.
    told(&mut story, ended(Cause::Broken));
    story.until(5_900);
    assert_eq!(told(&mut story, PlayNews::StreamBegin), None);
    told(&mut story, PlayNews::Resolution(Size::new(640, 360)));
    assert_eq!(told(&mut story, PlayNews::PlayBegin), None);
    story.until(60_000);
    assert_eq!(story.card(), None);
}

#[test]
fn a_call_that_ended_says_so_until_the_next() {
    let mut story = playing();
    assert_eq!(told(&mut story, PlayNews::StreamEnded), Some(Card::Ended));
    assert_eq!(told(&mut story, ended(Cause::Closed)), Some(Card::Ended), "the server closes behind it");
    story.until(600);
    assert_eq!(told(&mut story, ended(Cause::Connect)), Some(Card::NoConnection));
    story.until(10_000);
    assert_eq!(told(&mut story, PlayNews::StreamBegin), Some(Card::Waiting));
    assert_eq!(order(&mut story, PlayerCommand::Stop), Some(Card::Ended));
    assert!(!story.play_plan().active);
    assert_eq!(order(&mut story, PlayerCommand::Play), Some(Card::Connecting));
    for cause in [Cause::Refused, Cause::Absent] {
        assert_eq!(told(&mut story, ended(cause)), Some(Card::Waiting), "there is no such stream yet");
    }
}

#[test]
fn sound_alone_is_no_missing_picture() {
    let mut story = Story::new(settings());
    order(&mut story, PlayerCommand::Play);
    told(&mut story, PlayNews::StreamBegin);
    assert_eq!(told(&mut story, PlayNews::PlayBegin), Some(Card::Waiting), "a picture may follow");
    story.until(1_900);
    assert_eq!(story.card(), Some(Card::Waiting));
    story.until(2_100);
    assert_eq!(story.card(), Some(Card::SoundOnly));
    assert_eq!(told(&mut story, PlayNews::Resolution(Size::new(640, 360))), None);
}

#[test]
fn standby_is_shown_where_nothing_is_played() {
    let mut story = Story::new(settings());
    story.order(Command::Standby { on: true });
    assert_eq!(story.card(), Some(Card::Standby));
    story.order(Command::Standby { on: false });
    assert_eq!(story.card(), Some(Card::Ready));
    let mut story = playing();
    story.order(Command::Standby { on: true });
    assert_eq!(story.card(), None, "what is played goes on");
    assert_eq!(order(&mut story, PlayerCommand::Stop), Some(Card::Standby));
}

#[test]
fn a_program_that_ends_gives_the_screen_back() {
    for mut story in [playing(), Story::new(settings())] {
        story.order(Command::Shutdown);
        assert_eq!((story.play_plan().active, story.card()), (false, None));
    }
}

#[test]
fn the_camera_is_seen_on_the_screen_without_being_sent_as_long_as_it_is_asked_for() {
    let mut story = Story::new(settings());
    let order = |story: &mut Story, order| story.order(Command::Pusher(order));
    let camera = |story: &mut Story, news| story.camera(Position::Front, news);
    assert_eq!((story.screen_plan.self_view, story.plan().camera), (None, None));
    order(&mut story, PusherCommand::StartPreview);
    assert_eq!((story.plan().camera, story.plan().self_view), (Some(Position::Front), true));
    assert!(!story.plan().active && !story.plan().microphone, "nothing is sent, nothing is heard");
    camera(&mut story, DeviceNotice::Opened { words: "x".into() });
    camera(&mut story, DeviceNotice::FirstFrame);
    let mirrored = Some(SelfViewPlan { mirror: true, card: None });
    assert_eq!(story.screen_plan.self_view, mirrored, "the front camera is a mirror");
    let patch = json!({ "local-mirror": "disable" });
    order(&mut story, PusherCommand::Patch(patch.as_object().unwrap().clone()));
    assert_eq!(story.screen_plan.self_view, Some(SelfViewPlan { mirror: false, card: None }));

    camera(&mut story, DeviceNotice::Lost(DeviceError::new(Fault::Gone, "cam", "test")));
    assert_eq!(story.screen_plan.self_view.and_then(|view| view.card), Some(Card::NoCamera));
    camera(&mut story, DeviceNotice::FirstFrame);
    story.order(Command::Standby { on: true });
    assert_eq!((story.screen_plan.self_view, story.plan().camera), (None, None), "standby closes the camera");
    story.order(Command::Standby { on: false });
    assert!(story.screen_plan.self_view.is_some());

    order(&mut story, PusherCommand::Start);
    order(&mut story, PusherCommand::StopPreview);
    assert_eq!((story.screen_plan.self_view, story.plan().camera), (None, Some(Position::Front)), "it is sent");
    order(&mut story, PusherCommand::StartPreview);
    order(&mut story, PusherCommand::Stop);
    assert!(story.screen_plan.self_view.is_some() && !story.plan().active, "and seen again without being sent");
    order(&mut story, PusherCommand::StopPreview);
    assert_eq!(story.plan().camera, None);
}

#[test]
fn a_board_without_a_screen_has_no_preview() {
    let mut story = Story::on(&Board { display: None, ..board() }, settings());
    story.order(Command::Pusher(PusherCommand::StartPreview));
    assert!(matches!(story.replies.last(), Some(Reply::Refused(refusal)) if refusal.kind == "no-display"));
    assert_eq!(story.plan().camera, None);
}

#[test]
fn layout_and_language_change_while_it_runs_and_a_wrong_word_changes_nothing() {
    let mut story = Story::new(settings());
    let change = |key: &str, value: &str| Command::Screen(serde_json::Map::from_iter([(key.into(), json!(value))]));
    story.order(change("layout", "grid"));
    story.order(change("language", "zh"));
    assert_eq!((story.screen_plan.layout, story.screen_plan.language), (Layout::Grid, Language::Zh));
    story.order(change("layout", "tiles"));
    let Some(Reply::Refused(refusal)) = story.replies.last() else { panic!("{:?}", story.replies) };
    assert_eq!((refusal.field.as_str(), refusal.object.to_string().as_str()), ("layout", "screen"));
    assert_eq!(story.screen_plan.layout, Layout::Grid);
    assert_eq!(story.appliance.status(story.now).screen.layout, Layout::Grid);
}

#[test]
fn every_player_has_a_loudspeaker_of_its_own_and_the_status_names_the_one_in_trouble() {
    let mut wish = settings();
    wish.players.push(PlayerSettings { id: "second".into(), ..Default::default() });
    let board = Board {
        speaker: crate::settings::board::Speakers { speaker: Some(SpeakerDriver::Null.into()), ear: None },
        ..board()
    };
    let mut story = Story::on(&board, wish);
    story.input(Input::Notice(Notice::Speaker(0, DeviceNotice::Opened { words: "48000 Hz".into() })));
    let busy = DeviceError::new(Fault::Busy, "hw:0", "it is in use");
    story.input(Input::Notice(Notice::Speaker(1, DeviceNotice::Lost(busy))));
    let status = story.appliance.status(story.now);
    let states: Vec<DeviceState> = status.players.iter().map(|player| player.speaker.state).collect();
    assert_eq!(states, [DeviceState::Running, DeviceState::Lost]);
    assert_eq!(status.speaker, status.players[1].speaker);
    assert!(story.notes.iter().any(|note| note.starts_with("loudspeaker of second: ")), "{:?}", story.notes);
    let short = &status.pusher.unwrap().unsupported;
    assert!(!short.iter().any(|it| it.property == "audio-volume-type"), "the echo of both is taken out: {short:?}");
}

#[test]
fn a_snapshot_that_nobody_answers_is_refused_after_eight_seconds_and_told_as_a_failure() {
    let mut story = Story::new(settings());
    let request = || Command::Player("agent".into(), PlayerCommand::Snapshot(Default::default()));
    story.input(Input::Command(3, request()));
    story.until(1000);
    story.input(Input::Command(4, request()));
    let none = || NoSnapshot { kind: "no-picture", words: "none".into() };
    story.input(Input::Notice(Notice::Snapshot { ticket: 4, result: Err(none()) }));
    assert_eq!(story.replies.len(), 1);
    story.until(7999);
    assert_eq!(story.replies.len(), 1);
    story.until(8000);
    let Some(Reply::Refused(refusal)) = story.replies.get(1) else { panic!("{:?}", story.replies) };
    assert_eq!((refusal.kind, refusal.words.as_str()), ("no-picture", "no picture came within 8000 ms"));
    assert_eq!(story.codes, [1012, 1012]);
    // What comes after all is nobody's.
    story.input(Input::Notice(Notice::Snapshot { ticket: 3, result: Err(none()) }));
    story.until(60_000);
    assert_eq!((story.replies.len(), story.codes.len()), (2, 2));
}
