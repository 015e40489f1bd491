//! Hands at the terminal: what buttons do, what only they may do, and what lamps tell.

use super::*;
use crate::api::command::Direction;
use crate::api::notice::{ButtonNews, Gesture};
use crate::api::status::ButtonState;
use crate::settings::operation::Operation;
use crate::settings::screen::Layout;

/// Buttons: 0 mutes, long standby; 1 the camera; 2 a call; 3 takes a picture of the player. All four lamps.
fn kiosk() -> Board {
    let button = |name: &str, more: &str| {
        format!("[[button]]\nname = \"{name}\"\ndriver = \"scripted\"\npath = \"/run/{name}\"\n{more}\n")
    };
    let lamp = |shows: &str| {
        format!("[[lamp]]\nname = \"{shows}\"\ndriver = \"file\"\npath = \"/run/lamp-{shows}\"\nshows = \"{shows}\"\n")
    };
    let text = "name = \"kiosk\"\n".to_owned()
        + &button("mute", "short = \"toggle-mute\"\nlong = \"standby\"")
        + &button("camera", "short = \"switch-camera\"")
        + &button("call", "short = \"toggle-call\"\nlong = \"hang-up\"")
        + &button("picture", "short = \"player-snapshot\"")
        + &["live", "muted", "standby", "fault"].map(lamp).concat();
    let panel = Board::from_toml("-", &text).unwrap();
    Board { buttons: panel.buttons, lamps: panel.lamps, ..board() }
}

impl Story {
    fn did(&mut self, button: usize, gesture: Gesture) {
        let at = self.now;
        self.input(Input::Notice(Notice::Button { button, news: ButtonNews::Did(gesture, at) }));
    }

    fn line(&mut self, button: usize, news: DeviceNotice) {
        self.input(Input::Notice(Notice::Button { button, news: ButtonNews::Line(news) }));
    }

    fn terminal(&self) -> Status {
        self.appliance.status(self.now)
    }
}

fn at_work(board: &Board) -> Story {
    let mut story = Story::on(board, settings());
    story.order(Command::Pusher(PusherCommand::Start));
    story.camera(Position::Front, DeviceNotice::FirstFrame);
    story.push(PushNews::Connected);
    story.push(PushNews::Publishing);
    story
}

fn opened() -> DeviceNotice {
    DeviceNotice::Opened { words: "line 1 of kiosk".into() }
}

fn lost() -> DeviceNotice {
    DeviceNotice::Lost(DeviceError::new(Fault::Busy, "line 1 of kiosk", "it is in use by \"x\""))
}

#[test]
fn a_short_press_mutes_and_unmutes_and_the_lamps_tell() {
    let mut story = at_work(&kiosk());
    assert_eq!(story.lit, [true, false, false, false]);
    story.did(0, Gesture::Short);
    assert!(story.plan().silent);
    assert_eq!((story.status().muted_by, &story.lit), (vec!["muted".to_owned()], &vec![true, true, false, false]));
    story.did(0, Gesture::Short);
    assert!(!story.plan().silent);
    assert_eq!((story.lit, story.notes.len()), (vec![true, false, false, false], 2));
    assert_eq!(story.notes[0], "button mute: short press, toggle-mute");
}

#[test]
fn standby_that_a_hand_entered_only_a_hand_ends() {
    let mut story = at_work(&kiosk());
    story.did(0, Gesture::Long);
    assert_eq!((story.plan().camera, story.terminal().standby_locked), (None, true));
    assert_eq!(story.lit, [true, false, true, false], "its sound still goes out");
    story.order(Command::Standby { on: true });
    story.order(Command::Standby { on: false });
    let Some(Reply::Refused(refusal)) = story.replies.last() else { panic!("{:?}", story.replies) };
    assert_eq!((refusal.kind, story.terminal().standby), ("locked", true));
    story.did(0, Gesture::Long);
    assert_eq!((story.plan().camera, story.terminal().standby_locked), (Some(Position::Front), false));
    story.order(Command::Standby { on: true });
    story.order(Command::Standby { on: false });
    assert!(!story.terminal().standby, "what the socket entered, the socket ends");
}

#[test]
fn nothing_from_afar_and_no_weather_opens_a_camera_that_a_hand_closed() {
    for seed in 0..2_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut story = at_work(&kiosk());
        story.did(0, Gesture::Long);
        for step in 0..40 {
            match random.u32(0..12) {
                0 => story.order(Command::Standby { on: random.bool() }),
                1 => story.order(Command::Pusher(PusherCommand::Start)),
                2 => story.order(Command::Pusher(random.choice([PusherCommand::Stop, PusherCommand::Pause]).unwrap())),
                3 => story.order(Command::Pusher(PusherCommand::Resume)),
                4 => story.order(Command::Pusher(PusherCommand::SwitchCamera)),
                5 => {
                    let patch = serde_json::json!({ "enable-camera": random.bool(), "muted": random.bool() });
                    story.order(Command::Pusher(PusherCommand::Patch(patch.as_object().unwrap().clone())));
                }
                6 => story.order(Command::Reload(Ok(Box::new(settings())))),
                7 => story.camera(Position::Front, DeviceNotice::FirstFrame),
                8 => {
                    story.push(random.choice([PushNews::Connected, PushNews::Publishing, end(Cause::Broken)]).unwrap())
                }
                9 => story.did(random.usize(0..4), random.choice([Gesture::Short, Gesture::Stuck]).unwrap()),
                10 => story.line(0, random.choice([opened(), lost()]).unwrap()),
                _ => story.input(Input::Notice(Notice::WorkerRestarted { worker: "panel" })),
            }
            story.until(story.now.as_millis() + random.i64(0..20_000));
            let status = story.terminal();
            assert!(status.standby && status.standby_locked, "seed {seed}, step {step}");
            assert_eq!((story.plan().camera, story.lit[2]), (None, true), "seed {seed}, step {step}");
        }
    }
}

#[test]
fn the_live_lamp_is_on_exactly_while_something_of_the_room_goes_out() {
    let mut story = at_work(&kiosk());
    story.did(0, Gesture::Short);
    assert!(story.lit[0], "its picture");
    story.did(0, Gesture::Long);
    assert!(!story.lit[0], "card and silence");
    story.did(0, Gesture::Short);
    assert!(story.lit[0], "its sound");
    story.push(end(Cause::Broken));
    assert!(!story.lit[0]);
}

#[test]
fn a_call_is_begun_and_ended_by_one_button() {
    let mut story = Story::on(&kiosk(), settings());
    story.did(2, Gesture::Short);
    let states = |story: &Story| (story.status().state, story.terminal().players[0].state);
    assert_eq!(states(&story), (SessionState::Connecting, SessionState::Connecting));
    story.did(2, Gesture::Short);
    assert_eq!(states(&story), (SessionState::Stopped, SessionState::Stopped));
    story.did(2, Gesture::Long);
    assert_eq!(states(&story), (SessionState::Stopped, SessionState::Stopped), "twice is as once");
}

#[test]
fn one_button_gives_the_screen_to_a_player_and_takes_it_back_and_one_goes_through_the_layouts() {
    let mut board = kiosk();
    let screen = &mut board.buttons[1];
    (screen.short, screen.long) = (Some(Operation::PlayerFullScreen), Some(Operation::NextLayout));
    // Who plays, who fills the screen, and who does after a press.
    let table: [(&[&str], Option<&str>, Option<&str>); 6] = [
        (&[], None, Some("agent")),
        (&["second"], None, Some("second")),
        (&["agent", "second"], None, Some("agent")),
        (&["agent", "second"], Some("agent"), None),
        (&["agent", "second"], Some("second"), None),
        (&["second"], Some("agent"), None),
    ];
    for (plays, fills, then) in table {
        let mut wish = settings();
        wish.players.push(PlayerSettings { id: "second".into(), ..wish.players[0].clone() });
        let mut story = Story::on(&board, wish);
        plays.iter().for_each(|id| story.order(Command::Player((*id).into(), PlayerCommand::Play)));
        let request = PlayerCommand::RequestFullScreen(Direction::Upright);
        fills.iter().for_each(|id| story.order(Command::Player((*id).into(), request.clone())));
        story.did(1, Gesture::Short);
        let full = story.terminal().players.into_iter().find(|player| player.full_screen);
        assert_eq!(full.map(|player| player.id).as_deref(), then, "{plays:?} {fills:?}");
        for layout in [Layout::Pip, Layout::Grid, Layout::Full] {
            story.did(1, Gesture::Long);
            assert_eq!((story.screen_plan.layout, story.terminal().screen.layout), (layout, layout));
        }
    }
}

#[test]
fn what_can_not_be_done_is_written_down_and_changes_nothing() {
    let mut board = kiosk();
    board.camera.back = None;
    let mut story = at_work(&board);
    let before = story.terminal();
    story.did(1, Gesture::Short);
    story.did(1, Gesture::Long);
    story.did(17, Gesture::Short);
    assert_eq!(story.notes, ["button camera: short press, switch-camera refused: this board has no back camera"]);
    assert_eq!(story.terminal(), before);
    let mut story = Story::on(&kiosk(), Settings::default());
    for button in 0..4 {
        story.did(button, Gesture::Short);
    }
    assert!(story.notes.iter().all(|note| note.contains("refused")), "{:?}", story.notes);
}

#[test]
fn every_operation_a_button_may_have_is_done_or_refused() {
    for name in crate::settings::operation::NAMES {
        let operation: Operation = serde_json::from_value(serde_json::json!(name)).unwrap();
        assert_eq!(operation.name(), *name);
        let mut board = kiosk();
        board.buttons[1].short = Some(operation);
        let mut story = at_work(&board);
        story.did(1, Gesture::Short);
        assert_eq!(story.notes, [format!("button camera: short press, {name}")], "{name}");
    }
}

#[test]
fn a_mute_switch_can_not_be_overridden_and_counts_as_on_until_it_was_read() {
    let mut board = kiosk();
    board.buttons[1].short = None;
    board.buttons[1].switch = Some(crate::settings::board::Switch::Mute);
    let mut story = at_work(&board);
    assert_eq!(story.status().muted_by, ["mute-switch"]);
    story.line(1, opened());
    story.did(1, Gesture::Switched(false));
    assert!(!story.plan().silent);
    story.did(1, Gesture::Switched(true));
    let patch = serde_json::json!({ "muted": false });
    story.order(Command::Pusher(PusherCommand::Patch(patch.as_object().unwrap().clone())));
    story.did(0, Gesture::Short);
    story.did(0, Gesture::Short);
    assert!(story.plan().silent && story.status().muted_by == ["mute-switch"]);
    story.did(1, Gesture::Switched(false));
    assert!(!story.plan().silent);
    story.line(1, lost());
    assert!(story.plan().silent, "nobody knows where it stands");
}

#[test]
fn a_line_that_is_lost_stuck_or_chattering_is_a_state_and_a_fault_until_it_is_well() {
    let mut story = at_work(&kiosk());
    let state = |story: &Story| story.terminal().buttons[0].state;
    story.line(0, lost());
    assert_eq!((state(&story), story.lit[3]), (ButtonState::Lost, true));
    assert!(story.terminal().degraded[0].contains("button mute does nothing: line 1 of kiosk: it is in use by"));
    story.line(0, opened());
    assert_eq!((state(&story), story.lit[3]), (ButtonState::Ready, false));
    for (gesture, wrong) in [(Gesture::Stuck, ButtonState::Stuck), (Gesture::Chattering, ButtonState::Chattering)] {
        story.did(0, gesture);
        assert_eq!((state(&story), story.lit[3]), (wrong, true));
        story.did(0, Gesture::Well);
        assert_eq!((state(&story), story.lit[3]), (ButtonState::Ready, false));
    }
    story.input(Input::Notice(Notice::Lamp { lamp: 0, news: lost() }));
    assert!(story.lit[3] && story.terminal().degraded[0].starts_with("lamp live stays dark"));
    story.input(Input::Notice(Notice::Lamp { lamp: 0, news: opened() }));
    assert!(!story.lit[3] && story.terminal().degraded.is_empty());
}
