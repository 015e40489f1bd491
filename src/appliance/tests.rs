//! The rules as stories, and as a seeded simulation with a grammar of codes.

mod camera;
mod driven;
mod endings;
mod figures;
mod hold;
mod image;
mod play_weather;
mod restart;
mod scene;
mod screen;
mod silence;
mod touch;
mod waiting;
mod weather;

use super::*;
use crate::api::card::Card;
use crate::api::fault::{DeviceError, Fault};
use crate::api::notice::{Cause, End, PlayNews, PushNews};
use crate::api::plan::{PictureSource, PlayPlan, PushPlan, ScreenPlan};
use crate::api::status::SessionState;
use crate::settings::board::{CameraDriver, DisplayDriver, MicrophoneDriver};
use crate::settings::pusher::{OnGiveUp, Position};
use serde_json::json;

fn at(ms: i64) -> Time {
    Time::from_micros(ms * 1000)
}

fn board() -> Board {
    let card = |variant| CameraDriver::TestCard { variant, width: None, height: None, mount_rotation: 0 };
    Board {
        name: "test".into(),
        camera: crate::settings::board::Cameras { front: Some(card(1)), back: Some(card(2)) },
        microphone: Some(MicrophoneDriver::Tone),
        speaker: Default::default(),
        display: Some(DisplayDriver::Png { path: "screen.png".into() }),
        buttons: vec![],
        lamps: vec![],
        compatible: vec![],
    }
}

fn settings() -> Settings {
    Settings {
        pusher: Some(PusherSettings { url: Some("rtmp://host/live/a?txSecret=geheim".into()), ..Default::default() }),
        players: vec![PlayerSettings {
            id: "agent".into(),
            src: Some("rtmp://host/live/b".into()),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// A terminal with a memory of what it put out.
struct Story {
    appliance: Appliance,
    now: Time,
    codes: Vec<i32>,
    told: Vec<Happening>,
    plan: Option<PushPlan>,
    /// Under which number the front camera and the back one were asked for last.
    asked: [u64; 2],
    session: u64,
    play_plan: Option<PlayPlan>,
    screen_plan: ScreenPlan,
    play_session: u64,
    play_patience: Span,
    replies: Vec<Reply>,
    lit: Vec<bool>,
    notes: Vec<String>,
    exited: bool,
}

impl Story {
    fn new(settings: Settings) -> Self {
        Self::on(&board(), settings)
    }

    fn on(board: &Board, settings: Settings) -> Self {
        let appliance = Appliance::new(settings, board, vec![], 1, at(0));
        let mut story = Self {
            appliance,
            now: at(0),
            codes: vec![],
            told: vec![],
            plan: None,
            asked: [0; 2],
            session: 0,
            play_plan: None,
            screen_plan: ScreenPlan::default(),
            play_session: 0,
            play_patience: Span::ZERO,
            replies: vec![],
            lit: vec![],
            notes: vec![],
            exited: false,
        };
        story.drain();
        story
    }

    fn input(&mut self, input: Input) {
        self.appliance.handle(input, self.now);
        self.drain();
    }

    fn order(&mut self, command: Command) {
        self.input(Input::Command(0, command));
    }

    fn push(&mut self, news: PushNews) {
        let session = self.session;
        self.input(Input::Notice(Notice::Push { session, news }));
    }

    fn camera(&mut self, position: Position, news: DeviceNotice) {
        let asked = self.asked[position as usize];
        self.input(Input::Notice(Notice::Camera { position, asked, news }));
    }

    /// Lets time pass up to `ms`, waking the appliance at each of its deadlines.
    fn until(&mut self, ms: i64) {
        while let Some(due) = self.appliance.deadline().filter(|&due| due <= at(ms)) {
            self.now = self.now.max(due);
            self.input(Input::Time);
        }
        self.now = at(ms);
    }

    fn drain(&mut self) {
        while let Some(output) = self.appliance.poll() {
            match output {
                Output::Happened(happening) => {
                    self.codes.push(happening.code.number);
                    self.told.push(happening);
                }
                Output::Effect(Effect::Push(plan)) => {
                    plan.camera.into_iter().for_each(|position| self.asked[position as usize] = plan.asked);
                    self.plan = Some(plan);
                }
                Output::Effect(Effect::Connect { session, .. }) => {
                    assert!(session > self.session, "sessions only count up");
                    self.session = session;
                }
                Output::Effect(Effect::Play { plan, .. }) => self.play_plan = Some(plan),
                Output::Effect(Effect::Screen(plan)) => self.screen_plan = plan,
                Output::Effect(Effect::PlayConnect { session, patience, .. }) => {
                    assert!(self.play_plan().active, "who is to take the stream in knows of it before it is asked for");
                    (self.play_session, self.play_patience) = (session, patience);
                }
                Output::Effect(Effect::Reply { reply, .. }) => self.replies.push(reply),
                Output::Effect(Effect::Light(lit)) => self.lit = lit,
                Output::Effect(Effect::Note { words, .. }) => self.notes.push(words),
                Output::Effect(Effect::Exit) => self.exited = true,
                Output::Effect(_) => {}
            }
        }
    }

    fn play_plan(&self) -> &PlayPlan {
        self.play_plan.as_ref().unwrap()
    }

    /// The card of the first player.
    fn card(&self) -> Option<Card> {
        self.screen_plan.players.first().and_then(|view| view.card)
    }

    fn plan(&self) -> &PushPlan {
        self.plan.as_ref().unwrap()
    }

    fn status(&self) -> crate::api::status::PusherStatus {
        self.appliance.status(self.now).pusher.unwrap()
    }
}

fn live() -> Story {
    let mut story = Story::new(settings());
    story.order(Command::Pusher(PusherCommand::Start));
    story.camera(Position::Front, DeviceNotice::FirstFrame);
    story.push(PushNews::Connected);
    story.push(PushNews::Publishing);
    story
}

fn end(cause: Cause) -> PushNews {
    PushNews::Ended(End { cause, words: "test".into() })
}

#[test]
fn starting_opens_camera_and_microphone_and_connects_in_the_order_of_the_codes() {
    let story = live();
    assert_eq!(story.codes, [1003, 1007, 1001, 1002]);
    assert!(story.plan().active && story.plan().microphone && !story.plan().silent);
    assert_eq!((story.plan().camera, &story.plan().picture), (Some(Position::Front), &PictureSource::Camera));
    assert_eq!(story.status().state, SessionState::Live);
}

#[test]
fn nothing_is_open_before_start_and_after_stop() {
    let mut story = Story::new(settings());
    assert!(!story.plan().active && story.plan().camera.is_none() && !story.plan().microphone);
    story = live();
    story.order(Command::Pusher(PusherCommand::Stop));
    assert!(!story.plan().active && story.plan().camera.is_none() && !story.plan().microphone);
    assert_eq!(story.status().state, SessionState::Stopped);
}

#[test]
fn a_lost_server_is_tried_three_times_then_given_up_once_and_begun_again() {
    let mut story = live();
    story.until(5_000);
    story.codes.clear();
    story.push(end(Cause::Closed));
    assert_eq!(story.codes, [3004, 1102]);
    for _ in 0..3 {
        let due = story.appliance.deadline().unwrap().as_millis() + 1;
        story.until(due);
        story.push(end(Cause::Broken));
    }
    assert_eq!(story.codes, [3004, 1102, 3005, 1102, 3005, 1102, 3005, -1307]);
    assert_eq!(story.status().state, SessionState::Waiting);
    let before = story.session;
    story.until(story.now.as_millis() + 61_000);
    assert_eq!(story.session, before + 1, "a new cycle began by itself");
}

#[test]
fn giving_up_for_good_is_a_choice() {
    let mut wish = settings();
    wish.pusher.as_mut().unwrap().on_give_up = OnGiveUp::Stop;
    let mut story = Story::new(wish);
    story.order(Command::Pusher(PusherCommand::Start));
    story.camera(Position::Front, DeviceNotice::FirstFrame);
    for _ in 0..4 {
        story.push(end(Cause::Broken));
        let due = story.appliance.deadline().map_or(0, Time::as_millis) + 1;
        story.until(due.max(story.now.as_millis()));
    }
    assert_eq!(story.status().state, SessionState::GaveUp);
    assert_eq!(story.codes.iter().filter(|&&code| code == -1307).count(), 1);
    assert!(!story.plan().active, "a camera nobody sees is closed");
}

#[test]
fn a_server_that_says_yes_and_closes_within_two_seconds_does_not_reset_the_count() {
    let mut story = Story::new(settings());
    story.order(Command::Pusher(PusherCommand::Start));
    story.camera(Position::Front, DeviceNotice::FirstFrame);
    for _ in 0..4 {
        story.push(PushNews::Connected);
        story.push(PushNews::Publishing);
        story.until(story.now.as_millis() + 100);
        story.push(end(Cause::Closed));
        let due = story.appliance.deadline().unwrap().as_millis() + 1;
        story.until(due);
    }
    assert_eq!(story.codes.iter().filter(|&&code| code == -1307).count(), 1);
}

#[test]
fn a_link_that_comes_up_is_used_at_once() {
    let mut story = live();
    story.push(end(Cause::Broken));
    let before = story.session;
    story.input(Input::Notice(Notice::LinkUp));
    assert_eq!(story.session, before + 1);
}

#[test]
fn pause_shows_the_card_in_silence_and_keeps_camera_and_connection() {
    let mut story = live();
    let session = story.session;
    story.order(Command::Pusher(PusherCommand::Pause));
    assert!(matches!(story.plan().picture, PictureSource::Card(_)) && story.plan().silent);
    assert_eq!((story.plan().camera, story.status().state), (Some(Position::Front), SessionState::Paused));
    story.order(Command::Pusher(PusherCommand::Resume));
    assert!(story.plan().picture == PictureSource::Camera && !story.plan().silent);
    assert_eq!(story.session, session);
}

#[test]
fn standby_closes_the_camera_and_a_held_card_ends_the_push_until_standby_ends() {
    let mut story = live();
    story.order(Command::Standby { on: true });
    assert_eq!((story.plan().camera, story.plan().microphone), (None, true));
    assert!(matches!(story.plan().picture, PictureSource::Card(_)));
    story.until(181_000);
    assert_eq!(story.codes.last(), Some(&5000));
    assert!(!story.plan().active);
    let before = story.session;
    story.order(Command::Standby { on: false });
    assert_eq!(story.session, before + 1);
    assert_eq!(story.plan().camera, Some(Position::Front));
}

#[test]
fn every_reason_for_silence_is_named() {
    let mut story = live();
    let patch = serde_json::json!({ "muted": true, "enable-mic": false });
    story.order(Command::Pusher(PusherCommand::Patch(patch.as_object().unwrap().clone())));
    story.order(Command::Pusher(PusherCommand::Pause));
    assert_eq!(story.status().muted_by, ["muted", "enable-mic", "paused"]);
    assert!(!story.plan().microphone, "enable-mic closes the device");
}

#[test]
fn bad_orders_are_refused_with_a_reason_and_change_nothing() {
    let mut story = live();
    let before = story.appliance.status(story.now);
    let patch = serde_json::json!({ "fps": 60, "muted": true });
    story.order(Command::Pusher(PusherCommand::Patch(patch.as_object().unwrap().clone())));
    story.order(Command::Player("nobody".into(), PlayerCommand::Play));
    let fields: Vec<&str> = story
        .replies
        .iter()
        .filter_map(|reply| match reply {
            Reply::Refused(refusal) => Some(refusal.field.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(fields, ["fps", "id"]);
    assert_eq!(story.appliance.status(story.now), before);
}

#[test]
fn a_changed_address_leaves_the_old_server_and_connects_to_the_new_one() {
    let mut story = live();
    let before = story.session;
    let patch = serde_json::json!({ "url": "rtmp://other/live/a" });
    story.order(Command::Pusher(PusherCommand::Patch(patch.as_object().unwrap().clone())));
    assert_eq!(story.session, before + 1);
    story.input(Input::Notice(Notice::Push { session: before, news: end(Cause::Ours) }));
    assert_eq!(story.status().state, SessionState::Connecting, "the old session's end is not the new one's");
}

#[test]
fn no_secret_is_told() {
    let story = live();
    let status = serde_json::to_string(&story.appliance.status(story.now)).unwrap();
    assert!(!status.contains("geheim"), "{status}");
}

#[test]
fn shutting_down_waits_for_the_servers_but_not_for_ever() {
    let mut story = live();
    story.order(Command::Shutdown);
    assert!(!story.exited);
    story.until(1_400);
    assert!(!story.exited);
    story.until(1_500);
    assert!(story.exited);
    let mut story = live();
    story.order(Command::Shutdown);
    story.push(end(Cause::Ours));
    assert!(story.exited, "everything is closed");
}

#[test]
fn a_player_tells_its_life_in_order() {
    let mut story = Story::new(settings());
    story.order(Command::Player("agent".into(), PlayerCommand::Play));
    let news = [
        PlayNews::Connected,
        PlayNews::StreamBegin,
        PlayNews::FirstIdr,
        PlayNews::DecoderStarted("openh264"),
        PlayNews::PlayBegin,
        PlayNews::Loading(true),
        PlayNews::Loading(false),
        PlayNews::DataLag,
        PlayNews::DataLag,
        PlayNews::Switched(Span::millis(1700)),
        PlayNews::StreamEnded,
        PlayNews::Ended(End { cause: Cause::Closed, words: "bye".into() }),
    ];
    for news in news {
        story.input(Input::Notice(Notice::Play { player: 0, session: 1, news }));
    }
    assert_eq!(story.codes, [2001, 2002, 2003, 2008, 2004, 2007, 2004, 2104, 2103, 2006, 2103]);
}
