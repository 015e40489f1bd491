//! Random weather over the whole terminal, with a grammar of codes.

use super::*;

/// What may follow what, for one way: 1002 only after its session's 1001; tries count 1, 2, 3; giving up only
/// after the third; and never a word of a session that was left.
#[derive(Default)]
struct Grammar {
    connected: bool,
    attempt: u64,
}

impl Grammar {
    fn check(&mut self, happening: &Happening) -> Result<(), String> {
        let told = format!("{} {}", happening.code.number, happening.detail);
        match happening.code.number {
            1001 => self.connected = true,
            1002 if !std::mem::take(&mut self.connected) => return Err(told),
            1102 => {
                let attempt = happening.detail["attempt"].as_u64().unwrap();
                if attempt != 1 && attempt != self.attempt + 1 || attempt > 3 {
                    return Err(told);
                }
                self.attempt = attempt;
            }
            -1307 if std::mem::take(&mut self.attempt) != 3 => return Err(told),
            _ => {}
        }
        Ok(())
    }
}

/// Random weather: a server that comes and goes, a camera that is pulled, orders in any order.
#[test]
fn the_grammar_of_codes_holds_in_any_weather() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..10_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut wish = settings();
        wish.pusher.as_mut().unwrap().waiting_image_hold = 10;
        let (mut story, mut grammar, mut phase, mut session) = (Story::new(wish), Grammar::default(), 0, 0);
        for step in 0..60 {
            if story.session != session {
                (session, phase, grammar.connected) = (story.session, 0, false);
            }
            match random.u32(0..16) {
                0..3 => story.order(Command::Pusher(PusherCommand::Start)),
                3 if random.bool() => story.order(Command::Pusher(PusherCommand::Stop)),
                4 => story.order(Command::Pusher(PusherCommand::Pause)),
                5 => story.order(Command::Pusher(PusherCommand::Resume)),
                6 => story.order(Command::Pusher(PusherCommand::SwitchCamera)),
                7 => story.order(Command::Standby { on: random.bool() }),
                8 => story.camera(Position::Front, DeviceNotice::FirstFrame),
                9 => {
                    let fault = random.choice([Fault::Gone, Fault::Busy, Fault::Missing]).unwrap();
                    story.camera(Position::Front, DeviceNotice::Lost(DeviceError::new(fault, "cam", "test")));
                }
                10 => story.input(Input::Notice(Notice::LinkUp)),
                11..14 if phase < 2 => {
                    story.push([PushNews::Connected, PushNews::Publishing][phase].clone());
                    phase += 1;
                }
                _ => {
                    let cause = random.choice([Cause::Connect, Cause::Refused, Cause::Broken, Cause::Dns]).unwrap();
                    story.push(end(cause));
                    phase = 2;
                }
            }
            let wait = random.i64(0..4000);
            story.until(story.now.as_millis() + wait);
            for happening in story.told.drain(..) {
                seen.insert(happening.code.number);
                let legal = grammar.check(&happening);
                assert!(legal.is_ok(), "seed {seed}, step {step}: {legal:?}");
            }
            let (status, plan) = (story.appliance.status(story.now), story.plan.as_ref().unwrap());
            assert!(!(plan.camera.is_some() && status.standby), "seed {seed}: a camera is open in standby");
            assert!(plan.active || plan.camera.is_none() && !plan.microphone, "seed {seed}: open while stopped");
            let waits = matches!(story.status().state, SessionState::Reconnecting | SessionState::Waiting);
            let idle = story.appliance.pusher.as_ref().unwrap().closed();
            assert!(!(waits && idle) || story.appliance.deadline().is_some(), "seed {seed}: waits for nothing");
        }
    }
    for code in [-1307, -1301, 1001, 1002, 1003, 1009, 1010, 1102, 3001, 3002, 3004, 3005, 5000] {
        assert!(seen.contains(&code), "the weather never caused {code}");
    }
}
