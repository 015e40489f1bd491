//! Random weather over the way up, held against a grammar of codes and against what must hold after every step.

use super::driven::{self, Terminal, over_seeds};
use super::*;
use crate::api::status::PushStats;
use crate::media::Size;
use crate::settings::policy::Aim;
use driven::World as _;
use serde_json::Value;

/// What may be told when. Fed with everything the terminal puts out, in order.
#[derive(Debug, Default)]
struct Grammar {
    /// The last session, whether it is to be open, and how far it has come.
    last: u64,
    session: Option<u64>,
    connected: bool,
    publishing: bool,
    busy: bool,
    /// Tries told since the session proved good, was asked for or was given up.
    attempt: u64,
    /// A camera was seen, and has not been told as removed.
    camera: bool,
    removed: bool,
    /// 1007 must follow at once.
    first_frame: bool,
    /// Nothing is wanted: stopped by an order, or suspended.
    stopped: bool,
}

impl Grammar {
    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Connect { session, .. } => {
                assert!(self.last < *session && !self.stopped, "session {session} after {}", self.last);
                (self.last, self.session) = (*session, Some(*session));
                (self.connected, self.publishing) = (false, false);
            }
            Effect::Disconnect { session } => {
                assert_eq!(self.last, *session, "only the last session is left");
                (self.session, self.connected, self.publishing) = (None, false, false);
            }
            _ => {}
        }
    }

    fn told(&mut self, told: &Happening) -> bool {
        if std::mem::take(&mut self.first_frame) && told.code.number != 1007 {
            return false;
        }
        let number = |key: &str| told.detail[key].as_u64().unwrap_or(0);
        match told.code.number {
            1001 => self.session.is_some() && !std::mem::replace(&mut self.connected, true),
            1002 => self.connected && !std::mem::replace(&mut self.publishing, true),
            1101 => {
                let busy = told.detail["busy"] == true;
                std::mem::replace(&mut self.busy, busy) != busy && (self.publishing || !busy)
            }
            1005 | 1006 => self.publishing,
            3001..=3005 => !self.stopped && std::mem::take(&mut self.session).is_some() | (self.attempt > 0),
            1102 => {
                (self.connected, self.publishing) = (false, false);
                let legal = number("attempt") == 1 || number("attempt") == self.attempt + 1;
                self.attempt = number("attempt");
                legal && self.attempt <= 3 && !self.stopped && !self.busy
            }
            -1307 => std::mem::take(&mut self.attempt) == 3 && !self.stopped,
            1003 => {
                self.first_frame = true;
                (self.camera, self.removed) = (true, false);
                true
            }
            1009 => {
                self.removed = true;
                std::mem::take(&mut self.camera)
            }
            1010 => std::mem::take(&mut self.removed),
            -1304..=-1302 => !self.stopped,
            5000 => {
                self.stopped = true;
                true
            }
            _ => true,
        }
    }
}

/// The server's side of a session.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    None,
    Reaching,
    Connected,
    Publishing,
}

struct World {
    terminal: Terminal,
    grammar: Grammar,
    phase: Phase,
    plan: Option<PushPlan>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut wish = settings();
        let pusher = wish.pusher.as_mut().unwrap();
        pusher.waiting_image_hold = 10;
        pusher.on_give_up = if seed.is_multiple_of(4) { OnGiveUp::Stop } else { OnGiveUp::Restart };
        let grammar = Grammar { stopped: true, ..Grammar::default() };
        let mut this = Self { terminal: Terminal::new(wish, seed), grammar, phase: Phase::None, plan: None };
        this.drain();
        this
    }

    fn order(&mut self, command: PusherCommand) {
        // An order may ask for something again; what it asked for is judged by what follows.
        self.grammar.stopped = false;
        self.input(Input::Command(0, Command::Pusher(command)));
    }

    fn push(&mut self, session: u64, news: PushNews) {
        self.input(Input::Notice(Notice::Push { session, news }));
    }

    /// The server does the next good thing, or ends it.
    fn server(&mut self, random: &mut fastrand::Rng) {
        let Some(session) = self.grammar.session else {
            return self.push(self.grammar.last, end(Cause::Ours));
        };
        let good = random.u32(0..10) < 6;
        self.phase = match self.phase {
            Phase::None => return,
            Phase::Reaching if good => (self.push(session, PushNews::Connected), Phase::Connected).1,
            Phase::Connected if good => (self.push(session, PushNews::Publishing), Phase::Publishing).1,
            Phase::Publishing if good => {
                self.pass(3000);
                // It has proved good: tries are counted from one again.
                self.phase
            }
            _ => {
                let causes = match self.phase {
                    Phase::Reaching => &[Cause::Dns, Cause::Connect, Cause::Handshake, Cause::Unsigned][..],
                    _ => &[Cause::Refused, Cause::Closed, Cause::Broken, Cause::Moved],
                };
                let cause = random.choice(causes.iter().copied()).unwrap();
                self.phase = Phase::None;
                self.push(session, end(cause));
                self.phase
            }
        };
    }

    fn step(&mut self, random: &mut fastrand::Rng) {
        let position = if random.u32(0..4) == 0 { Position::Back } else { Position::Front };
        // Now and then an answer to what was asked before.
        let asked = self.plan.as_ref().map_or(0, |plan| plan.asked).saturating_sub(random.u64(0..5) / 4);
        let fault = random.choice([Fault::Gone, Fault::Busy, Fault::Missing, Fault::Unsupported]).unwrap();
        let error = DeviceError::new(fault, "device", "test");
        let notice = match random.u32(0..40) {
            0..3 => return self.order(PusherCommand::Start),
            3 => return self.order(PusherCommand::Stop),
            4 => return self.order(PusherCommand::Pause),
            5 => return self.order(PusherCommand::Resume),
            6 => return self.order(PusherCommand::SwitchCamera),
            7 => {
                return self
                    .order([PusherCommand::StartPreview, PusherCommand::StopPreview][random.usize(0..2)].clone());
            }
            8 => {
                self.grammar.stopped = false;
                return self.input(Input::Command(0, Command::Standby { on: random.bool() }));
            }
            9 | 10 => {
                let changes = [
                    json!({ "url": "rtmp://host/live/b" }),
                    json!({ "url": "rtmp://host/live/c" }),
                    json!({ "url": null }),
                    json!({ "enable-camera": random.bool(), "enable-mic": random.bool(), "muted": random.bool() }),
                    json!({ "max-bitrate": random.u32(300..2000), "mode": "SD" }),
                    json!({ "device-position": "back", "fps": 99 }),
                    json!({ "min-bitrate": 8000 }),
                ];
                let Some(Value::Object(change)) = random.choice(changes) else { return };
                return self.order(PusherCommand::Patch(change));
            }
            11 => Notice::LinkUp,
            12 => Notice::ClockSet,
            13..16 => Notice::Camera { position, asked, news: DeviceNotice::FirstFrame },
            16 | 17 => Notice::Camera { position, asked, news: DeviceNotice::Lost(error) },
            18 => Notice::Microphone(DeviceNotice::FirstFrame),
            19 => Notice::Microphone(DeviceNotice::Lost(error)),
            20 => Notice::VideoEncoder(error),
            21 | 22 => Notice::NetBusy(random.bool()),
            23 => {
                let aim = |kbps| Aim { kbps, fps: 15, size: Size::new(2 * kbps, kbps) };
                Notice::Target { from: aim(500), to: aim(random.u32(100..250) * 2) }
            }
            24 => Notice::PushStats(PushStats { video_fps: 15.0, ..PushStats::default() }),
            // Late news of a session that was left are nobody's business.
            25 => {
                let old = self.grammar.session.map_or(1, |session| session.saturating_sub(1));
                return self
                    .push(old, random.choice([PushNews::Connected, PushNews::Publishing, end(Cause::Ours)]).unwrap());
            }
            _ => return self.server(random),
        };
        self.input(Input::Notice(notice));
    }
}

impl driven::World for World {
    fn terminal(&mut self) -> &mut Terminal {
        &mut self.terminal
    }

    fn judges(object: &Object) -> bool {
        *object == Object::Pusher
    }

    fn effect(&mut self, effect: Effect) {
        self.grammar.effect(&effect);
        match effect {
            Effect::Push(plan) => {
                assert_ne!(self.plan.as_ref(), Some(&plan), "the same plan twice");
                self.plan = Some(plan);
            }
            Effect::Connect { .. } => self.phase = Phase::Reaching,
            _ => {}
        }
    }

    fn told(&mut self, told: &Happening) {
        assert!(self.grammar.told(told), "{} is out of place; {:?}", told.code.number, self.grammar);
    }

    fn heard(&mut self) {
        if !self.terminal.appliance.pusher.as_ref().unwrap().session.wanted() {
            (self.grammar.stopped, self.grammar.attempt) = (true, 0);
        }
    }

    fn holds(&mut self) {
        let pusher = self.terminal.appliance.pusher.as_ref().unwrap();
        let plan = self.plan.as_ref().unwrap();
        let state = pusher.session.state();
        assert!(!(plan.camera.is_some() && self.terminal.appliance.standby), "a camera is open in standby");
        assert!(plan.camera.is_none() || plan.active || pusher.previews(), "a camera is open for nobody");
        assert!(plan.active || !plan.microphone, "a microphone is open while stopped");
        assert_eq!(plan.active, pusher.session.wanted());
        let waits = matches!(state, SessionState::Reconnecting | SessionState::Waiting) && pusher.closed();
        assert!(!waits || pusher.session.deadline().is_some(), "it waits for nothing");
        assert!(state != SessionState::Live || !pusher.closed(), "live without a session");
    }
}

#[test]
fn the_grammar_of_codes_holds_in_any_weather() {
    let seen = over_seeds(10_000, World::new, |world, random| {
        for _ in 0..40 {
            world.step(random);
            let wait = if random.u32(0..8) == 0 { 12_000 } else { random.i64(0..1500) };
            world.pass(wait);
        }
        world.input(Input::Command(0, Command::Shutdown));
        world.grammar.stopped = true;
        world.pass(5000);
    });
    for code in
        [-1307, -1305, -1303, -1302, -1301, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1010, 1101, 1102, 3001, 3002]
            .into_iter()
            .chain([3003, 3004, 3005, 5000])
    {
        assert!(seen.contains(&code), "the weather never caused {code}");
    }
}
