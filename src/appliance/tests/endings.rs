//! Nothing stays on its way: whatever is ordered, and in whatever order workers see plans and their news arrive, every
//! device and every session comes to an end that the state tells.
//!
//! The workers are played here by what they promise: they look at the newest plan whenever they like, see some plans
//! never, answer each number under which a camera is asked for, end each session once, and tell a failure once.

use super::driven::{self, Terminal, over_seeds};
use super::*;
use crate::media::Size;
use driven::World as _;
use serde_json::Value;

/// The thread of the cameras: what it was asked for when it looked last, what is open, and whether it told a failure.
#[derive(Default)]
struct Cam {
    asked: Option<(Position, u64)>,
    open: Option<(Position, u64)>,
    told: bool,
}

impl Cam {
    fn look(&mut self, plan: &PushPlan, luck: bool) -> Vec<Notice> {
        let notice = |(position, asked), news| Notice::Camera { position, asked, news };
        let wanted = plan.camera.map(|position| (position, plan.asked));
        if std::mem::replace(&mut self.asked, wanted) != wanted {
            self.told = false;
        }
        let Some(wanted) = wanted else {
            return self.open.take().map(|old| notice(old, DeviceNotice::Closed)).into_iter().collect();
        };
        match self.open {
            Some(open) if open == wanted => vec![],
            // Nobody went back to the old one.
            Some(_) if self.told => {
                self.open = None;
                vec![]
            }
            open if luck || open.is_some_and(|open| open.0 == wanted.0) => {
                (self.open, self.told) = (Some(wanted), false);
                [opened(), DeviceNotice::FirstFrame].map(|news| notice(wanted, news)).to_vec()
            }
            open => {
                let lost = (!std::mem::replace(&mut self.told, true)).then(|| notice(wanted, lost()));
                lost.into_iter().chain(open.map(|open| notice(open, opened()))).collect()
            }
        }
    }

    fn fail(&mut self) -> Option<Notice> {
        let (position, asked) = self.open.take().filter(|open| self.asked == Some(*open))?;
        self.told = true;
        Some(Notice::Camera { position, asked, news: lost() })
    }
}

/// The thread of the microphone.
#[derive(Default)]
struct Mic {
    open: bool,
    told: bool,
}

impl Mic {
    fn look(&mut self, plan: &PushPlan, luck: bool) -> Vec<Notice> {
        let news = match (plan.microphone, self.open) {
            (false, open) => {
                let closed = open || self.told;
                *self = Self::default();
                if closed { vec![DeviceNotice::Closed] } else { vec![] }
            }
            (true, true) => vec![],
            (true, false) if luck => {
                *self = Self { open: true, told: false };
                vec![opened(), DeviceNotice::FirstFrame]
            }
            (true, false) if std::mem::replace(&mut self.told, true) => vec![],
            (true, false) => vec![lost()],
        };
        news.into_iter().map(Notice::Microphone).collect()
    }

    fn fail(&mut self) -> Option<Notice> {
        let lost = std::mem::take(&mut self.open).then(|| Notice::Microphone(lost()))?;
        self.told = true;
        Some(lost)
    }
}

/// The task of one way's sessions: orders one after the other, and how far the running one has come.
#[derive(Default)]
struct Net {
    orders: VecDeque<(u64, bool)>,
    running: Option<(u64, usize)>,
}

impl Net {
    /// Does one thing: the session it is about, and its next step or its end.
    fn work(&mut self, luck: bool) -> Option<(u64, Result<usize, Cause>)> {
        let Some((session, step)) = self.running else {
            let (session, connect) = self.orders.pop_front()?;
            self.running = connect.then_some((session, 0));
            return (!connect).then_some((session, Err(Cause::Ours)));
        };
        if let Some(&next) = self.orders.front() {
            if next == (session, false) {
                self.orders.pop_front();
            }
            self.running = None;
            return Some((session, Err(Cause::Ours)));
        }
        if luck {
            self.running = Some((session, step + 1));
            return Some((session, Ok(step)));
        }
        self.running = None;
        Some((session, Err(if step == 0 { Cause::Connect } else { Cause::Broken })))
    }
}

struct World {
    terminal: Terminal,
    plan: PushPlan,
    paused: bool,
    cam: Cam,
    mic: Mic,
    up: Net,
    down: Net,
    /// News on their way.
    news: VecDeque<Notice>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut wish = settings();
        let give_up = if seed.is_multiple_of(4) { OnGiveUp::Stop } else { OnGiveUp::Restart };
        let hold = 10;
        wish.pusher.iter_mut().for_each(|it| (it.on_give_up, it.waiting_image_hold) = (give_up, hold));
        let (cam, mic, up, down) = Default::default();
        let terminal = Terminal::new(wish, seed);
        let mut this =
            Self { terminal, plan: PushPlan::IDLE, paused: false, cam, mic, up, down, news: VecDeque::new() };
        this.drain();
        this
    }

    fn network(&mut self, luck: bool) {
        let broken = |cause| End { cause, words: "test".into() };
        if let Some((session, news)) = self.up.work(luck) {
            let steps = [PushNews::Connected, PushNews::Publishing];
            let news = news.map_or_else(|cause| Some(PushNews::Ended(broken(cause))), |step| steps.get(step).cloned());
            self.news.extend(news.map(|news| Notice::Push { session, news }));
        }
        if let Some((session, news)) = self.down.work(luck) {
            let size = PlayNews::Resolution(Size::new(640, 360));
            let steps = [PlayNews::Connected, PlayNews::StreamBegin, PlayNews::FirstIdr, size, PlayNews::PlayBegin];
            let news = news.map_or_else(|cause| Some(PlayNews::Ended(broken(cause))), |step| steps.get(step).cloned());
            self.news.extend(news.map(|news| Notice::Play { player: 0, session, news }));
        }
    }

    fn order(&mut self, order: Command) {
        match order {
            Command::Pusher(PusherCommand::Pause) => self.paused = true,
            Command::Pusher(PusherCommand::Resume) => self.paused = false,
            _ => {}
        }
        self.input(Input::Command(0, order));
    }

    fn step(&mut self, random: &mut fastrand::Rng) {
        let luck = random.u32(0..3) > 0;
        match random.u32(0..12) {
            0..4 => self.order(order(random)),
            4 | 5 => self.news.extend(self.cam.look(&self.plan, luck)),
            6 => self.news.extend(self.mic.look(&self.plan, luck)),
            7 if random.bool() => self.news.extend(self.cam.fail()),
            7 => self.news.extend(self.mic.fail()),
            8 | 9 => self.network(luck),
            _ => (0..random.u32(1..5)).for_each(|_| self.hear()),
        }
    }

    fn hear(&mut self) {
        if let Some(notice) = self.news.pop_front() {
            self.input(Input::Notice(notice));
        }
    }

    /// Nothing is ordered any more, and from now on everything succeeds, or everything fails.
    fn settle(&mut self, luck: bool) {
        for _ in 0..60 {
            self.pass(2500);
            for _ in 0..20 {
                self.news.extend(self.cam.look(&self.plan, luck));
                self.news.extend(self.mic.look(&self.plan, luck));
                self.network(luck);
                while !self.news.is_empty() {
                    self.hear();
                }
            }
        }
    }

    /// Everything has come to its end.
    fn ended(&self, luck: bool) {
        let status = self.terminal.appliance.status(self.terminal.now);
        let (pusher, player) = (status.pusher.as_ref().unwrap(), &status.players[0]);
        let up = self.terminal.appliance.pusher.as_ref().unwrap();
        let plan = &self.plan;

        let open = self.cam.open.is_some();
        let camera = match plan.camera {
            None => DeviceState::Closed,
            Some(_) if open => DeviceState::Running,
            Some(_) => DeviceState::Lost,
        };
        assert_eq!((open && plan.camera.is_none(), pusher.camera.state), (false, camera));
        if let Some((position, asked)) = self.cam.open {
            assert_eq!((Some(position), asked), (plan.camera, plan.asked));
            assert_eq!(pusher.camera_position, format!("{position:?}").to_lowercase());
        }
        let held = self.paused || status.standby;
        let shown = camera == DeviceState::Running && !held;
        assert_eq!(plan.picture == PictureSource::Camera, shown);

        let microphone = match plan.microphone {
            false => [DeviceState::Closed, DeviceState::Absent].contains(&pusher.microphone.state),
            true if self.mic.open => pusher.microphone.state == DeviceState::Running,
            true => pusher.microphone.state == DeviceState::Lost,
        };
        assert!(microphone, "{:?} while {} is wanted", pusher.microphone, plan.microphone);

        let rests = |state| matches!(state, SessionState::Stopped | SessionState::GaveUp);
        let runs = |state| matches!(state, SessionState::Live | SessionState::Paused);
        for state in [pusher.state, player.state] {
            assert!(rests(state) || runs(state) == luck, "{state:?}");
        }
        assert!(up.closed() || runs(pusher.state), "it neither runs nor ends");
        assert!(rests(pusher.state) || luck || up.session.deadline().is_some(), "it waits for nothing");
        let for_ever = held && up.settings().waiting_image_hold > 0 && up.session.wanted();
        assert!(!for_ever, "it is held for ever");
        assert!(!runs(player.state) || player.screen == "picture" && !player.loading, "{player:?}");
    }
}

fn opened() -> DeviceNotice {
    DeviceNotice::Opened { words: "test".into() }
}

fn lost() -> DeviceNotice {
    DeviceNotice::Lost(DeviceError::new(Fault::Busy, "device", "test"))
}

/// Any order, those that open and close most.
fn order(random: &mut fastrand::Rng) -> Command {
    let on = random.bool();
    let changes = [
        json!({ "url": if on { Value::Null } else { "rtmp://host/live/b".into() } }),
        json!({ "enable-camera": on }),
        json!({ "enable-mic": on }),
        json!({ "background-mute": on }),
        json!({ "device-position": if on { "front" } else { "back" } }),
        json!({ "waiting-image-hold": random.u32(0..3) * 10 }),
    ];
    let (up, down) = (Command::Pusher, |order| Command::Player("agent".into(), order));
    let src = json!({ "src": if on { Value::Null } else { "rtmp://host/live/c".into() } });
    let map = |value: Value| value.as_object().cloned().unwrap_or_default();
    match random.u32(0..20) {
        0..3 => up(PusherCommand::Start),
        3 => up(PusherCommand::Stop),
        4 => up(PusherCommand::Pause),
        5 => up(PusherCommand::Resume),
        6..9 => up(PusherCommand::SwitchCamera),
        9 => up(if on { PusherCommand::StartPreview } else { PusherCommand::StopPreview }),
        10..13 => Command::Standby { on },
        13..16 => up(PusherCommand::Patch(map(random.choice(changes).unwrap_or_default()))),
        16 => down(PlayerCommand::Stop),
        17 => down(PlayerCommand::Patch(map(src))),
        _ => down(PlayerCommand::Play),
    }
}

impl driven::World for World {
    fn terminal(&mut self) -> &mut Terminal {
        &mut self.terminal
    }

    fn judges(_: &Object) -> bool {
        true
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Push(plan) => self.plan = plan,
            Effect::Connect { session, url, .. } => {
                assert!(!url.is_empty(), "there is nothing to connect to");
                self.up.orders.push_back((session, true));
            }
            Effect::Disconnect { session } => self.up.orders.push_back((session, false)),
            Effect::PlayConnect { session, url, .. } => {
                assert!(!url.is_empty(), "there is nothing to play");
                self.down.orders.push_back((session, true));
            }
            Effect::PlayDisconnect { session, .. } => self.down.orders.push_back((session, false)),
            _ => {}
        }
    }

    fn told(&mut self, _: &Happening) {}

    fn heard(&mut self) {}

    fn holds(&mut self) {}
}

#[test]
fn whatever_was_ordered_and_heard_nothing_stays_on_its_way() {
    over_seeds(1000, World::new, |world, random| {
        for _ in 0..80 {
            world.step(random);
            // Now and then long enough for a push that is held to be suspended.
            world.pass(if random.u32(0..12) == 0 { 12_000 } else { random.i64(0..400) });
        }
        let luck = random.bool();
        world.settle(luck);
        world.ended(luck);
        // What was held back goes on, if it can.
        world.order(Command::Standby { on: false });
        world.order(Command::Pusher(PusherCommand::Resume));
        world.settle(luck);
        world.ended(luck);
    });
}

#[test]
fn a_microphone_that_is_lost_between_two_calls_is_told_in_the_second() {
    let mut story = live();
    let mic = |story: &mut Story, news| story.input(Input::Notice(Notice::Microphone(news)));
    mic(&mut story, DeviceNotice::FirstFrame);
    story.order(Command::Pusher(PusherCommand::Stop));
    mic(&mut story, lost());
    assert!(!story.codes.contains(&-1302), "nobody wants it");
    story.order(Command::Pusher(PusherCommand::Start));
    assert_eq!((story.status().microphone.state, story.codes.last()), (DeviceState::Lost, Some(&-1302)));
}
