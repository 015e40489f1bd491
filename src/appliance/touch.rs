//! What a hand at the terminal does: a gesture becomes the commands the socket has, with the rights of somebody
//! who stands there.

use super::panel::Touch;
use super::{Appliance, Origin, Pushing, no_pusher};
use crate::api::command::{Command, Direction, PlayerCommand, PusherCommand, Refusal, Reply, SnapshotRequest, Ticket};
use crate::api::notice::ButtonNews;
use crate::api::plan::Effect;
use crate::api::status::SessionState;
use crate::media::Time;
use crate::settings::operation::Operation;
use crate::settings::screen::Layout;
use serde_json::{Map, Value, json};

/// The ticket of an order whose answer nobody waits for.
const NOBODY: Ticket = 0;

impl Appliance {
    /// Listens to a button.
    pub(super) fn touched(&mut self, number: usize, news: ButtonNews, now: Time) {
        let Some(touch) = self.panel.button(number, news) else { return };
        let (trouble, words, since) = match touch {
            Touch::Press { button, how, operation, at } => {
                let refused = self.operate(operation, now).err();
                let words = format!("button {button}: {how}, {}", operation.name());
                match refused {
                    Some(refusal) => (true, format!("{words} refused: {}", refusal.words), Some(at)),
                    None => (false, words, Some(at)),
                }
            }
            Touch::Switch { button, on, at } => {
                let position = if on { "on" } else { "off" };
                (false, format!("switch {button}: {position}"), Some(at))
            }
            Touch::State { trouble, words } => (trouble, words, None),
        };
        self.heed_mute_switch(now);
        self.note(trouble, words, since);
    }

    /// What a switch says holds.
    pub(super) fn heed_mute_switch(&mut self, now: Time) {
        let on = self.panel.mute_switch();
        self.pusher.iter_mut().for_each(|pusher| pusher.set_mute_switch(on, now));
    }

    /// Does what a button means; `Err`: the first thing that could not be done.
    fn operate(&mut self, operation: Operation, now: Time) -> Result<(), Refusal> {
        let mut result = Ok(());
        for command in self.commands(operation, now)? {
            if let Some(Reply::Refused(refusal)) = self.command(NOBODY, command, Origin::Here, now) {
                result = result.and(Err(refusal));
            }
        }
        result
    }

    /// An operation as the orders it consists of; those that toggle look at how things are.
    fn commands(&self, operation: Operation, now: Time) -> Result<Vec<Command>, Refusal> {
        let muted = |on: bool| {
            let change = Map::from_iter([("muted".to_owned(), Value::Bool(on))]);
            Ok(vec![Command::Pusher(PusherCommand::Patch(change))])
        };
        let pusher = |order: PusherCommand| Ok(vec![Command::Pusher(order)]);
        let players = |order: PlayerCommand| {
            let ids = self.players.iter().map(|player| player.settings().id.clone());
            let orders: Vec<Command> = ids.map(|id| Command::Player(id, order.clone())).collect();
            if orders.is_empty() { Err(super::no_player("")) } else { Ok(orders) }
        };
        let both = |up: PusherCommand, down: PlayerCommand| {
            let mut orders: Vec<Command> = self.pusher.iter().map(|_| Command::Pusher(up.clone())).collect();
            orders.extend(players(down).into_iter().flatten());
            if orders.is_empty() { Err(no_pusher()) } else { Ok(orders) }
        };
        let request = SnapshotRequest::default();
        match operation {
            Operation::ToggleMute => muted(!self.pusher_settings().is_some_and(|settings| settings.muted)),
            Operation::Mute => muted(true),
            Operation::Unmute => muted(false),
            Operation::Standby => Ok(vec![Command::Standby { on: !self.standby }]),
            Operation::SwitchCamera => pusher(PusherCommand::SwitchCamera),
            Operation::TogglePreview => pusher(match self.pusher.as_ref().is_some_and(Pushing::previews) {
                true => PusherCommand::StopPreview,
                false => PusherCommand::StartPreview,
            }),
            Operation::Call => both(PusherCommand::Start, PlayerCommand::Play),
            Operation::HangUp => both(PusherCommand::Stop, PlayerCommand::Stop),
            Operation::ToggleCall if self.in_call(now) => both(PusherCommand::Stop, PlayerCommand::Stop),
            Operation::ToggleCall => both(PusherCommand::Start, PlayerCommand::Play),
            Operation::Start => pusher(PusherCommand::Start),
            Operation::Stop => pusher(PusherCommand::Stop),
            Operation::Pause => pusher(PusherCommand::Pause),
            Operation::Resume => pusher(PusherCommand::Resume),
            Operation::Snapshot => pusher(PusherCommand::Snapshot(request)),
            Operation::PlayerPlay => players(PlayerCommand::Play),
            Operation::PlayerStop => players(PlayerCommand::Stop),
            Operation::PlayerPause => players(PlayerCommand::Pause),
            Operation::PlayerResume => players(PlayerCommand::Resume),
            Operation::PlayerMute => players(PlayerCommand::Mute),
            Operation::PlayerUnmute => players(PlayerCommand::Unmute),
            Operation::PlayerSnapshot => players(PlayerCommand::Snapshot(request)),
            Operation::PlayerFullScreen => self.toggle_full_screen(),
            Operation::NextLayout => {
                let next = match self.screen_settings().layout {
                    Layout::Full => Layout::Pip,
                    Layout::Pip => Layout::Grid,
                    Layout::Grid => Layout::Full,
                };
                let change = Map::from_iter([("layout".to_owned(), json!(next))]);
                Ok(vec![Command::Screen(change)])
            }
        }
    }

    /// Who fills the screen leaves it; else the first player that runs takes it.
    fn toggle_full_screen(&self) -> Result<Vec<Command>, Refusal> {
        let full = self.players.iter().find(|player| player.view().full_screen);
        let (player, order) = match full {
            Some(player) => (Some(player), PlayerCommand::ExitFullScreen),
            None => {
                let running = self.players.iter().find(|player| player.view().active);
                (running.or(self.players.first()), PlayerCommand::RequestFullScreen(Direction::default()))
            }
        };
        let id = player.ok_or_else(|| super::no_player(""))?.settings().id.clone();
        Ok(vec![Command::Player(id, order)])
    }

    /// Whether anything was asked to run.
    fn in_call(&self, now: Time) -> bool {
        let runs = |state| !matches!(state, SessionState::Stopped | SessionState::GaveUp);
        self.pusher.iter().any(|pusher| runs(pusher.status(now).state))
            || self.players.iter().any(|player| runs(player.status(now).state))
    }

    /// Writes down what is no event.
    pub(super) fn note(&mut self, trouble: bool, words: String, since: Option<Time>) {
        self.outputs.push_back(super::Output::Effect(Effect::Note { trouble, words, since }));
    }
}
