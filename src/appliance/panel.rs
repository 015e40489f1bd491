//! Buttons and lamps as their notices tell them: what works, what was pressed, and which lamp is to be lit.

use crate::api::notice::{ButtonNews, DeviceNotice, Gesture};
use crate::api::status::{
    ButtonState, ButtonStatus, DeviceState, DeviceStatus, LampStatus, PlayerStatus, SessionState, Status,
};
use crate::media::Time;
use crate::settings::Board;
use crate::settings::board::{ButtonProfile, Shows};
use crate::settings::operation::Operation;

/// See the module's head.
#[derive(Debug)]
pub struct PanelState {
    buttons: Vec<ButtonPlace>,
    lamps: Vec<LampPlace>,
    lit: Vec<bool>,
}

#[derive(Debug)]
struct ButtonPlace {
    profile: ButtonProfile,
    state: ButtonState,
    words: String,
    /// What was opened, in words.
    line: String,
    /// A switch is active, or may be, because it can not be read.
    on: bool,
}

#[derive(Debug)]
struct LampPlace {
    name: String,
    shows: Shows,
    status: DeviceStatus,
}

/// What a button's news are about.
#[derive(Debug, PartialEq)]
pub enum Touch {
    /// An operation is wanted.
    Press { button: String, how: &'static str, operation: Operation, at: Time },
    /// A switch was moved, or found in this position.
    Switch { button: String, on: bool, at: Time },
    /// Something to write down: whether it is trouble, and the words.
    State { trouble: bool, words: String },
}

impl PanelState {
    /// The board's buttons and lamps, nothing of them open yet.
    pub fn new(board: &Board) -> Self {
        let button = |profile: &ButtonProfile| ButtonPlace {
            on: profile.switch.is_some(),
            profile: profile.clone(),
            state: ButtonState::default(),
            words: String::new(),
            line: String::new(),
        };
        let status = DeviceStatus { state: DeviceState::Closed, words: String::new() };
        let lamps = board.lamps.iter();
        Self {
            buttons: board.buttons.iter().map(button).collect(),
            lamps: lamps
                .map(|lamp| LampPlace { name: lamp.name.clone(), shows: lamp.shows, status: status.clone() })
                .collect(),
            lit: Vec::new(),
        }
    }

    /// A mute switch is active; one that can not be read counts as active.
    pub fn mute_switch(&self) -> bool {
        self.buttons.iter().any(|button| button.on)
    }

    /// Listens to button number `number`.
    pub fn button(&mut self, number: usize, news: ButtonNews) -> Option<Touch> {
        let place = self.buttons.get_mut(number)?;
        let name = place.profile.name.clone();
        let (state, words) = match news {
            ButtonNews::Line(DeviceNotice::Opened { words }) => {
                place.line = words;
                (ButtonState::Ready, place.line.clone())
            }
            ButtonNews::Line(DeviceNotice::Lost(error)) => {
                place.on = place.profile.switch.is_some();
                (ButtonState::Lost, error.to_string())
            }
            ButtonNews::Line(DeviceNotice::FirstFrame | DeviceNotice::Closed) => return None,
            ButtonNews::Did(Gesture::Short, at) => {
                let operation = place.profile.short?;
                return Some(Touch::Press { button: name, how: "short press", operation, at });
            }
            ButtonNews::Did(Gesture::Long, at) => {
                let operation = place.profile.long?;
                return Some(Touch::Press { button: name, how: "long press", operation, at });
            }
            ButtonNews::Did(Gesture::Switched(on), at) => {
                place.on = on;
                return Some(Touch::Switch { button: name, on, at });
            }
            ButtonNews::Did(Gesture::Chattering, _) => {
                let words = "it makes more than 10 edges a second and is ignored until it was calm for 5 s: \
                             check contact and wiring";
                (ButtonState::Chattering, words.into())
            }
            ButtonNews::Did(Gesture::Stuck, _) => {
                let words = "it has been held for more than 10 s and is ignored until it is released: \
                             check contact, wiring and `active`";
                (ButtonState::Stuck, words.into())
            }
            ButtonNews::Did(Gesture::Well, _) => (ButtonState::Ready, place.line.clone()),
        };
        (place.state, place.words) = (state, words);
        let words = format!("button {name}: {}, {}", place.state.name(), place.words);
        Some(Touch::State { trouble: state != ButtonState::Ready, words })
    }

    /// Listens to lamp number `number`: whether it is trouble, and words for the log.
    pub fn lamp(&mut self, number: usize, news: DeviceNotice) -> Option<(bool, String)> {
        let place = self.lamps.get_mut(number)?;
        place.status = super::device_status(&place.status, news);
        let (trouble, state) = match place.status.state {
            DeviceState::Lost => (true, "lost"),
            _ => (false, "ready"),
        };
        Some((trouble, format!("lamp {}: {state}, {}", place.name, place.status.words)))
    }

    /// What the socket tells of the buttons.
    pub fn button_status(&self) -> Vec<ButtonStatus> {
        let status =
            |it: &ButtonPlace| ButtonStatus { name: it.profile.name.clone(), state: it.state, words: it.words.clone() };
        self.buttons.iter().map(status).collect()
    }

    /// What the socket tells of the lamps.
    pub fn lamp_status(&self) -> Vec<LampStatus> {
        let status = |(number, it): (usize, &LampPlace)| LampStatus {
            name: it.name.clone(),
            shows: it.shows.name().into(),
            lit: self.lit.get(number).copied().unwrap_or_default(),
            state: it.status.state,
            words: it.status.words.clone(),
        };
        self.lamps.iter().enumerate().map(status).collect()
    }

    /// What of the board profile is not there, in words.
    pub fn missing(&self) -> impl Iterator<Item = String> {
        let buttons = self.buttons.iter().filter(|it| it.state == ButtonState::Lost);
        let lamps = self.lamps.iter().filter(|it| it.status.state == DeviceState::Lost);
        let buttons = buttons.map(|it| format!("button {} does nothing: {}", it.profile.name, it.words));
        buttons.chain(lamps.map(|it| format!("lamp {} stays dark: {}", it.name, it.status.words)))
    }

    /// Whether there are lamps to light.
    pub fn has_lamps(&self) -> bool {
        !self.lamps.is_empty()
    }

    /// Which lamps are to be lit when everything is as `status` says, if that changed.
    pub fn light(&mut self, status: &Status) -> Option<Vec<bool>> {
        let lit: Vec<bool> = self.lamps.iter().map(|lamp| is_lit(lamp.shows, status)).collect();
        (self.lit != lit).then(|| {
            self.lit.clone_from(&lit);
            lit
        })
    }
}

/// Whether a lamp that shows this is to be lit.
fn is_lit(shows: Shows, status: &Status) -> bool {
    let players = |is: fn(&PlayerStatus) -> bool| status.players.iter().any(is);
    match (shows, &status.pusher) {
        // On while picture or sound of this room goes out.
        (Shows::Live, Some(it)) => it.state == SessionState::Live && (it.picture == "camera" || !it.muted),
        (Shows::Live, None) => players(|it| it.state == SessionState::Live),
        (Shows::Muted, Some(it)) => it.muted,
        (Shows::Muted, None) => players(|it| it.muted),
        (Shows::Standby, _) => status.standby,
        (Shows::Fault, pusher) => {
            let lost = |it: &DeviceStatus| it.state == DeviceState::Lost;
            let down = |state| matches!(state, SessionState::Waiting | SessionState::GaveUp);
            !status.degraded.is_empty()
                || lost(&status.display)
                || lost(&status.speaker)
                || pusher.as_ref().is_some_and(|it| lost(&it.camera) || lost(&it.microphone) || down(it.state))
                || status.players.iter().any(|it| down(it.state))
                || status.buttons.iter().any(|it| matches!(it.state, ButtonState::Chattering | ButtonState::Stuck))
        }
    }
}
