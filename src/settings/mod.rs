//! What can be set: the terminal's behaviour (`visavis.toml`) and its hardware (the board profile).

pub mod address;
pub mod board;
pub mod control;
pub mod derive;
pub mod duration;
pub mod load;
pub mod operation;
pub mod patch;
pub mod player;
pub mod policy;
pub mod pusher;
pub mod scenario;
pub mod screen;
pub mod screen_mode;
pub mod signing;

mod document;
mod panel;
mod properties;
mod rules;
mod schema;
#[cfg(test)]
mod tests;

pub use board::Board;
pub use control::ControlSettings;
pub use load::{Problem, Problems};
pub use player::PlayerSettings;
pub use pusher::PusherSettings;
pub use screen::ScreenSettings;

use serde::{Deserialize, Serialize};

/// The whole of `visavis.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pusher: Option<PusherSettings>,
    #[serde(default, rename = "player")]
    pub players: Vec<PlayerSettings>,
    #[serde(default)]
    pub screen: ScreenSettings,
    #[serde(default)]
    pub control: ControlSettings,
}
