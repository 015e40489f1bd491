//! The rules of the terminal: one pure state machine.
//!
//! A command (from the socket, a button, a signal) or a notice (from a worker) goes in together with the
//! time it is; orders to the workers and events come out. It reads no clock, opens nothing and never waits,
//! so hours of weather are simulated in milliseconds. `session` is the life of one connection, `camera` of
//! one camera; `pushing` and `playing` are the two ways.

mod absence;
mod camera;
mod display;
mod encoders;
mod figures;
mod microphone;
mod panel;
mod playing;
mod pushing;
mod quality;
mod reload;
mod restart;
mod screen;
mod session;
mod snapshots;
#[cfg(test)]
mod tests;
mod touch;

use crate::api::command::{Command, PlayerCommand, PusherCommand, Refusal, Reply, Ticket};
use crate::api::event::{Happening, Object};
use crate::api::notice::{DeviceNotice, Notice};
use crate::api::plan::Effect;
use crate::api::status::{DeviceState, DeviceStatus, Status};
use crate::media::{Span, Time};
use crate::settings::{Board, ControlSettings, PlayerSettings, PusherSettings, Settings};
use display::DisplayState;
use panel::PanelState;
use playing::Playing;
use pushing::Pushing;
use snapshots::Awaited;
use std::collections::VecDeque;

/// Servers have this long to be left properly when the program ends.
const FAREWELL: Span = Span::millis(1500);

/// What goes in.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// An order; exactly one `Effect::Reply` with this ticket follows, at once or (snapshots) later.
    Command(Ticket, Command),
    Notice(Notice),
    /// [`Appliance::deadline`] has come.
    Time,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Effect(Effect),
    Happened(Happening),
}

/// Where an order comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// A hand at the terminal.
    Here,
    /// The socket, or the service manager.
    Afar,
}

/// The terminal.
#[derive(Debug)]
pub struct Appliance {
    board: String,
    control: ControlSettings,
    degraded: Vec<String>,
    started: Time,
    pusher: Option<Pushing>,
    /// The settings file asks for silence itself, as it was read last.
    muted_by_file: bool,
    players: Vec<Playing>,
    standby: bool,
    /// Standby was entered by a hand at the terminal.
    standby_locked: bool,
    panel: PanelState,
    display: DisplayState,
    /// Percent of a core, °C.
    load: (Option<f64>, Option<f64>),
    snapshots: Vec<Awaited>,
    leaving: Option<Time>,
    exited: bool,
    has_loudspeaker: bool,
    outputs: VecDeque<Output>,
}

impl Appliance {
    /// The terminal at the moment it starts. `degraded` says in words what is wrong with its configuration;
    /// `seed` varies retry delays.
    pub fn new(settings: Settings, board: &Board, degraded: Vec<String>, seed: u64, now: Time) -> Self {
        let number =
            |(i, player): (usize, PlayerSettings)| Playing::new(i, player, board, seed.wrapping_add(1 + i as u64), now);
        let loudspeaker = settings.loudspeaker(Some(board));
        let muted_by_file = settings.pusher.as_ref().is_some_and(|pusher| pusher.muted);
        let mut this = Self {
            board: board.name.clone(),
            control: settings.control,
            degraded,
            started: now,
            pusher: settings.pusher.map(|pusher| Pushing::new(pusher, board, loudspeaker, seed, now)),
            muted_by_file,
            players: settings.players.into_iter().enumerate().map(number).collect(),
            standby: false,
            standby_locked: false,
            panel: PanelState::new(board),
            display: DisplayState::new(settings.screen, board.display.is_some()),
            load: (None, None),
            snapshots: Vec::new(),
            leaving: None,
            exited: false,
            has_loudspeaker: board.has_loudspeaker(),
            outputs: VecDeque::new(),
        };
        this.heed_mute_switch(now);
        this.collect(now);
        this
    }

    /// Takes one input.
    pub fn handle(&mut self, input: Input, now: Time) {
        match input {
            Input::Command(ticket, command) => {
                if let Some(reply) = self.command(ticket, command, Origin::Afar, now) {
                    self.reply(ticket, reply);
                }
            }
            Input::Notice(notice) => self.notice(notice, now),
            Input::Time => {
                self.pusher.iter_mut().for_each(|pusher| pusher.tick(now));
                self.players.iter_mut().for_each(|player| player.tick(now));
                self.give_up_snapshots(now);
            }
        }
        self.collect(now);
    }

    /// The next thing to do or say, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Time`] is due.
    pub fn deadline(&self) -> Option<Time> {
        let pusher = self.pusher.iter().filter_map(Pushing::deadline);
        let players = self.players.iter().filter_map(Playing::deadline);
        pusher.chain(players).chain(self.snapshot_deadline()).chain(self.leaving).min()
    }

    /// Everything the socket tells.
    pub fn status(&self, now: Time) -> Status {
        let mut status = Status {
            version: env!("CARGO_PKG_VERSION").into(),
            board: self.board.clone(),
            uptime: (now - self.started).as_micros() / 1_000_000,
            standby: self.standby,
            standby_locked: self.standby_locked,
            // Only the program around it knows.
            open_devices: Vec::new(),
            degraded: self.degraded.iter().cloned().chain(self.panel.missing()).collect(),
            pusher: self.pusher.as_ref().map(|pusher| pusher.status(now)),
            players: self.players.iter().map(|player| player.status(now)).collect(),
            screen: self.display.status(),
            display: self.display.device.clone(),
            speaker: self.loudspeaker(),
            buttons: self.panel.button_status(),
            lamps: self.panel.lamp_status(),
        };
        for net in status.pusher.iter_mut().map(|it| &mut it.net) {
            (net.cpu, net.temperature) = self.load;
        }
        for net in status.players.iter_mut().map(|it| &mut it.net) {
            (net.cpu, net.temperature) = self.load;
        }
        status
    }

    /// The pusher's properties in effect.
    pub fn pusher_settings(&self) -> Option<&PusherSettings> {
        self.pusher.as_ref().map(Pushing::settings)
    }

    /// The settings file, as it was read last, asks for the pusher's silence.
    pub fn muted_by_file(&self) -> bool {
        self.muted_by_file
    }

    /// Every player's properties in effect.
    pub fn player_settings(&self) -> impl Iterator<Item = &PlayerSettings> {
        self.players.iter().map(Playing::settings)
    }

    fn command(&mut self, ticket: Ticket, command: Command, from: Origin, now: Time) -> Option<Reply> {
        let result = match command {
            Command::Standby { on: false } if self.standby_locked && from == Origin::Afar => {
                let words = "standby was entered with a button of the terminal, and only a button there ends it";
                Err(refuse(Object::Daemon, "locked", "", words))
            }
            Command::Standby { on } => {
                self.standby_locked = on && (self.standby_locked || from == Origin::Here);
                self.set_standby(on, now);
                Ok(())
            }
            Command::Screen(change) => self.display.settings.patched(&change).map(|new| self.display.settings = new),
            Command::Scene(transition, page) => {
                self.enter(transition, page);
                Ok(())
            }
            Command::Reload(read) => self.reload(read, now),
            Command::Shutdown => {
                self.pusher.iter_mut().for_each(|pusher| pusher.shut_down(now));
                self.players.iter_mut().for_each(|player| player.shut_down(now));
                self.leaving.get_or_insert(now + FAREWELL);
                Ok(())
            }
            Command::Pusher(PusherCommand::Snapshot(request)) => {
                return self.snapshot(ticket, Object::Pusher, request, now).err().map(Reply::Refused);
            }
            Command::Player(id, PlayerCommand::Snapshot(request)) => {
                return self.snapshot(ticket, Object::Player(id), request, now).err().map(Reply::Refused);
            }
            Command::Pusher(order) => match &mut self.pusher {
                Some(pusher) => pusher.command(&order, now),
                None => Err(no_pusher()),
            },
            Command::Player(id, order) => match self.players.iter().position(|player| player.settings().id == id) {
                Some(number) => self.command_player(number, &order, now),
                None => Err(no_player(&id)),
            },
        };
        Some(result.map_or_else(Reply::Refused, |()| Reply::Done))
    }

    fn command_player(&mut self, number: usize, order: &PlayerCommand, now: Time) -> Result<(), Refusal> {
        if matches!(order, PlayerCommand::RequestFullScreen(_)) {
            self.yield_screen_to(number);
        }
        self.players.get_mut(number).map_or(Ok(()), |player| player.command(order, now))
    }

    fn set_standby(&mut self, on: bool, now: Time) {
        self.standby = on;
        self.pusher.iter_mut().for_each(|pusher| pusher.set_standby(on, now));
        self.players.iter_mut().for_each(|player| player.set_standby(on));
    }

    fn notice(&mut self, notice: Notice, now: Time) {
        match notice {
            Notice::Display(news) => self.display_news(news),
            Notice::Speaker(player, news) => self.speaker_news(player, news),
            Notice::Button { button, news } => self.touched(button, news, now),
            Notice::Lamp { lamp, news } => {
                if let Some((trouble, words)) = self.panel.lamp(lamp, news) {
                    self.note(trouble, words, None);
                }
            }
            Notice::LinkUp | Notice::ClockSet => {
                self.pusher.iter_mut().for_each(|pusher| pusher.hurry(now));
                self.players.iter_mut().for_each(|player| player.hurry(now));
            }
            Notice::Play { player, session, news } => {
                if let Some(player) = self.players.get_mut(player) {
                    player.handle(session, &news, now);
                }
            }
            Notice::PlayStats { player, stats } => {
                if let Some(player) = self.players.get_mut(player) {
                    player.set_stats(stats);
                }
            }
            Notice::StreamLost { player } => {
                if let Some(player) = self.players.get_mut(player) {
                    player.stream_lost(now);
                }
            }
            Notice::Snapshot { ticket, result } => self.snapshot_taken(ticket, result),
            Notice::Load { cpu, temperature } => {
                self.load = (cpu, temperature);
                self.display.weighed = true;
            }
            Notice::WorkerRestarted { .. } => {}
            notice => self.pusher.iter_mut().for_each(|pusher| pusher.handle(&notice, now)),
        }
    }

    /// Listens to a player's loudspeaker.
    fn speaker_news(&mut self, player: usize, news: DeviceNotice) {
        let several = self.players.len() > 1;
        let Some(player) = self.players.get_mut(player) else { return };
        let new = device_status(player.speaker(), news);
        let name = if several { format!("loudspeaker of {}", player.settings().id) } else { "loudspeaker".into() };
        let old = player.set_speaker(new.clone());
        self.tell_change(&name, &old, new);
    }

    /// All players' loudspeakers as one device: what is worst of them.
    fn loudspeaker(&self) -> DeviceStatus {
        let all = || self.players.iter().map(Playing::speaker);
        let first = |state| all().find(|it| it.state == state);
        let worst = [DeviceState::Lost, DeviceState::Running, DeviceState::Closed].into_iter().find_map(first);
        worst.cloned().unwrap_or(closed_or_absent(self.has_loudspeaker))
    }

    /// Leaves a line in the log when a device of the way down came or went: it has no event of its own.
    fn tell_change(&mut self, name: &str, old: &DeviceStatus, new: DeviceStatus) {
        if *old != new && matches!(new.state, DeviceState::Running | DeviceState::Lost) {
            self.note(new.state == DeviceState::Lost, format!("{name}: {}", new.words), None);
        }
    }

    /// Gathers what the two ways put out, and leaves when everything is closed.
    fn collect(&mut self, now: Time) {
        if let Some(pusher) = &mut self.pusher {
            pusher.speak(self.display.settings.language, now);
            let outputs = pusher.take_outputs();
            self.display.history.hear(&outputs, now);
            self.outputs.extend(outputs);
        }
        for player in &mut self.players {
            let outputs = player.take_outputs();
            self.display.history.hear(&outputs, now);
            self.outputs.extend(outputs);
        }
        let shown = self.show(now);
        self.outputs.extend(shown.map(Output::Effect));
        if self.panel.has_lamps() {
            let status = self.status(now);
            self.outputs.extend(self.panel.light(&status).map(|lit| Output::Effect(Effect::Light(lit))));
        }
        let closed = self.pusher.iter().all(Pushing::closed) && self.players.iter().all(Playing::closed);
        if self.leaving.is_some_and(|limit| closed || limit <= now) && !self.exited {
            self.exited = true;
            self.leaving = None;
            self.outputs.push_back(Output::Effect(Effect::Exit));
        }
    }

    fn reply(&mut self, ticket: Ticket, reply: Reply) {
        self.outputs.push_back(Output::Effect(Effect::Reply { ticket, reply }));
    }
}

fn closed_or_absent(there: bool) -> DeviceStatus {
    let state = if there { DeviceState::Closed } else { DeviceState::Absent };
    DeviceStatus { state, words: String::new() }
}

fn device_status(old: &DeviceStatus, news: DeviceNotice) -> DeviceStatus {
    match news {
        DeviceNotice::Opened { words } => DeviceStatus { state: DeviceState::Running, words },
        DeviceNotice::FirstFrame => DeviceStatus { state: DeviceState::Running, words: old.words.clone() },
        // What the board does not have can not be lost.
        _ if old.state == DeviceState::Absent => old.clone(),
        DeviceNotice::Lost(error) => DeviceStatus { state: DeviceState::Lost, words: error.to_string() },
        DeviceNotice::Closed => DeviceStatus { state: DeviceState::Closed, words: String::new() },
    }
}

fn refuse(object: Object, kind: &'static str, field: &str, words: &str) -> Refusal {
    Refusal { kind, field: field.into(), words: words.into(), object }
}

fn no_player(id: &str) -> Refusal {
    refuse(Object::Player(id.into()), "unknown-player", "id", &format!("there is no player {id:?}"))
}

fn no_pusher() -> Refusal {
    refuse(Object::Pusher, "not-configured", "", "the configuration has no [pusher]")
}
