//! Random weather over the way down, held against a grammar of codes and against what must hold after every step.

use super::driven::{self, Terminal, over_seeds};
use super::*;
use crate::api::notice::{Unplayable, Why};
use crate::api::status::PlayerStatus;
use crate::media::Size;
use driven::World as _;
use serde_json::Value;

/// What is told of one stream, and what may be.
#[derive(Clone, Copy, Debug, Default)]
struct Stream {
    idr: bool,
    decoder: bool,
    playing: bool,
    loading: bool,
}

/// What may be told when. Fed with everything the terminal puts out, in order.
#[derive(Debug, Default)]
struct Grammar {
    /// The last session, and whether it is to be open.
    last: u64,
    session: Option<u64>,
    connected: bool,
    stream: Option<Stream>,
    /// Tries told since the session proved good, was asked for or was given up.
    attempt: u64,
    stopped: bool,
}

impl Grammar {
    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::PlayConnect { session, .. } => {
                assert!(self.last < *session && !self.stopped, "session {session} after {}", self.last);
                (self.last, self.session) = (*session, Some(*session));
                (self.connected, self.stream) = (false, None);
            }
            Effect::PlayDisconnect { session, .. } => {
                assert_eq!(self.last, *session, "only the last session is left");
                (self.session, self.connected, self.stream) = (None, false, None);
            }
            _ => {}
        }
    }

    fn told(&mut self, told: &Happening) -> bool {
        let number = |key: &str| told.detail[key].as_u64().unwrap_or(0);
        let once = |flag: &mut bool| !std::mem::replace(flag, true);
        match (told.code.number, &mut self.stream) {
            (2001, None) => self.session.is_some() && once(&mut self.connected),
            (2002, stream @ None) => {
                *stream = Some(Stream::default());
                self.connected
            }
            (2003, Some(stream)) => once(&mut stream.idr),
            (2008, Some(stream)) => stream.idr && once(&mut stream.decoder),
            (2009, Some(stream)) => stream.decoder,
            (2004, Some(stream)) => std::mem::take(&mut stream.loading) || once(&mut stream.playing),
            (2007, Some(stream)) => stream.playing && once(&mut stream.loading),
            (2006, stream @ Some(_)) => stream.take().is_some(),
            (2101 | 2102 | 2104..=2107 | -2304, stream) => stream.is_some(),
            (3001..=3003, _) => !self.stopped && self.session.take().is_some() | (self.attempt > 0),
            (2103, _) => {
                (self.connected, self.stream) = (false, None);
                let legal = number("attempt") == 1 || number("attempt") == self.attempt + 1;
                self.attempt = number("attempt");
                legal && self.attempt <= 3 && !self.stopped
            }
            (-2301, _) => std::mem::take(&mut self.attempt) == 3 && !self.stopped,
            _ => false,
        }
    }
}

/// The server's side of a session.
#[derive(Clone, Copy, Debug)]
enum Phase {
    None,
    Reaching,
    Connected,
    Begun(Stream),
}

struct World {
    terminal: Terminal,
    grammar: Grammar,
    phase: Phase,
    plan: Option<PlayPlan>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut wish = settings();
        wish.pusher = None;
        wish.players[0].on_give_up = if seed.is_multiple_of(4) { OnGiveUp::Stop } else { OnGiveUp::Restart };
        let grammar = Grammar { stopped: true, ..Grammar::default() };
        let mut this = Self { terminal: Terminal::new(wish, seed), grammar, phase: Phase::None, plan: None };
        this.drain();
        this
    }

    fn status(&self) -> PlayerStatus {
        self.terminal.appliance.players[0].status(self.terminal.now)
    }

    fn order(&mut self, command: PlayerCommand) {
        self.grammar.stopped = false;
        self.input(Input::Command(0, Command::Player("agent".into(), command)));
    }

    fn news(&mut self, session: u64, news: PlayNews) {
        self.input(Input::Notice(Notice::Play { player: 0, session, news }));
    }

    /// The session tells the next thing: one that may come now.
    fn server(&mut self, random: &mut fastrand::Rng) {
        let Some(session) = self.grammar.session else {
            return self.news(self.grammar.last, ended(Cause::Ours));
        };
        let good = random.u32(0..12) < 9;
        let (phase, news) = match self.phase {
            Phase::None => return,
            Phase::Reaching if good => (Phase::Connected, PlayNews::Connected),
            Phase::Connected if good => (Phase::Begun(Stream::default()), PlayNews::StreamBegin),
            Phase::Begun(stream) if good => match of_stream(stream, random) {
                Some((next, news)) => (Phase::Begun(next), news),
                None => (Phase::Connected, PlayNews::StreamEnded),
            },
            phase => {
                let causes = match phase {
                    Phase::Reaching => &[Cause::Dns, Cause::Connect, Cause::Handshake][..],
                    _ => &[Cause::Refused, Cause::Absent, Cause::Closed, Cause::Broken, Cause::Moved],
                };
                if matches!(phase, Phase::Begun(_)) && random.bool() {
                    self.news(session, PlayNews::NothingLive);
                }
                (Phase::None, ended(random.choice(causes.iter().copied()).unwrap()))
            }
        };
        // What follows from the news may be another session.
        self.phase = phase;
        self.news(session, news);
    }

    fn step(&mut self, random: &mut fastrand::Rng) {
        match random.u32(0..30) {
            0..3 => self.order(PlayerCommand::Play),
            3 => self.order(PlayerCommand::Stop),
            4 => self.order(PlayerCommand::Pause),
            5 => self.order(PlayerCommand::Resume),
            6 => self.order([PlayerCommand::Mute, PlayerCommand::Unmute][random.usize(0..2)].clone()),
            7 => {
                let changes = [
                    json!({ "src": "rtmp://host/live/c" }),
                    json!({ "src": "https://host/live/d.flv" }),
                    json!({ "src": null }),
                    json!({ "mode": "RTC", "muted": random.bool() }),
                    json!({ "min-cache": 9, "max-cache": 2 }),
                ];
                let Some(Value::Object(change)) = random.choice(changes) else { return };
                self.order(PlayerCommand::Patch(change));
            }
            8 => self.input(Input::Notice(Notice::LinkUp)),
            9 => self.input(Input::Command(0, Command::Standby { on: random.bool() })),
            11 if random.bool() => self.input(Input::Notice(Notice::StreamLost { player: 0 })),
            // Late news of a session that was left are nobody's business.
            10 => {
                let old = self.grammar.session.map_or(1, |session| session.saturating_sub(1));
                let late = [PlayNews::Connected, PlayNews::PlayBegin, PlayNews::Loading(true), ended(Cause::Ours)];
                self.news(old, random.choice(late).unwrap());
            }
            _ => self.server(random),
        }
    }
}

impl driven::World for World {
    fn terminal(&mut self) -> &mut Terminal {
        &mut self.terminal
    }

    fn judges(object: &Object) -> bool {
        matches!(object, Object::Player(_))
    }

    fn effect(&mut self, effect: Effect) {
        self.grammar.effect(&effect);
        match effect {
            Effect::Play { plan, .. } => {
                assert_ne!(self.plan.as_ref(), Some(&plan), "the same plan twice");
                self.plan = Some(plan);
            }
            Effect::PlayConnect { .. } => self.phase = Phase::Reaching,
            Effect::PlayDisconnect { .. } => self.phase = Phase::None,
            _ => {}
        }
    }

    fn told(&mut self, told: &Happening) {
        assert!(self.grammar.told(told), "{} is out of place; {:?}", told.code.number, self.grammar);
    }

    fn heard(&mut self) {
        if !wanted(&self.status()) {
            (self.grammar.stopped, self.grammar.attempt) = (true, 0);
        }
    }

    fn holds(&mut self) {
        let status = self.status();
        let plan = self.plan.as_ref().unwrap();
        assert_eq!(plan.active, wanted(&status));
        let streams = matches!(self.phase, Phase::Begun(_));
        assert!(streams || (status.decoder.is_empty() && status.unplayable.is_empty()), "{status:?}");
        let refused = ["wrong-codec", "too-large", "wrong-format"].contains(&status.screen.as_str());
        assert!(!refused || !status.unplayable.is_empty(), "a card without its reason: {status:?}");
        assert!(status.state != SessionState::Live || self.grammar.stream.is_some() || status.loading, "{status:?}");
    }
}

fn wanted(status: &PlayerStatus) -> bool {
    !matches!(status.state, SessionState::Stopped | SessionState::GaveUp)
}

fn ended(cause: Cause) -> PlayNews {
    PlayNews::Ended(End { cause, words: "over".into() })
}

/// What a session may tell of a stream that is so far; `None`: that it ended.
fn of_stream(stream: Stream, random: &mut fastrand::Rng) -> Option<(Stream, PlayNews)> {
    let why = random.choice([Why::Codec, Why::TooLarge, Why::Format]).unwrap();
    let words = || "not to be shown".to_owned();
    Some(match random.u32(0..24) {
        0..4 if !stream.idr => (Stream { idr: true, ..stream }, PlayNews::FirstIdr),
        0..6 if stream.idr && !stream.decoder => {
            (Stream { decoder: true, ..stream }, PlayNews::DecoderStarted("openh264"))
        }
        0..6 if stream.decoder => (stream, PlayNews::Resolution(Size::new(random.u32(1..9) * 160, 240))),
        6..14 if !stream.playing => (Stream { playing: true, ..stream }, PlayNews::PlayBegin),
        6..10 if stream.playing => (Stream { loading: !stream.loading, ..stream }, PlayNews::Loading(!stream.loading)),
        14 => (stream, PlayNews::DataLag),
        15 => (stream, PlayNews::PlayLag),
        16 => (stream, PlayNews::Discontinuity),
        17 => (stream, PlayNews::VideoDecodeFailed(words())),
        18 => (stream, PlayNews::SoundDecodeFailed(words())),
        19 => (stream, PlayNews::DecoderSwitched { from: "chip", to: "openh264", reason: words() }),
        20 => (stream, PlayNews::Unplayable(Unplayable { why, codec: "HEVC".into(), words: words() })),
        21 => return None,
        _ => (stream, PlayNews::Discontinuity),
    })
}

#[test]
fn the_grammar_of_the_players_codes_holds_in_any_weather() {
    let seen = over_seeds(3000, World::new, |world, random| {
        for _ in 0..60 {
            world.step(random);
            world.pass(if random.u32(0..10) == 0 { 9000 } else { random.i64(0..900) });
        }
        world.input(Input::Command(0, Command::Shutdown));
        world.grammar.stopped = true;
        world.pass(5000);
    });
    let all = [-2304, -2301, 2001, 2002, 2003, 2004, 2006, 2007, 2008, 2009, 2101, 2102, 2103, 2104, 2105, 2106, 2107];
    for code in all.into_iter().chain([3001, 3002, 3003]) {
        assert!(seen.contains(&code), "the weather never caused {code}");
    }
}
