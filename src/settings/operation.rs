//! What a button may do: one table for the check of profiles, for the rules and for the reference.

use serde::{Deserialize, Serialize};

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// An operation a button may have. The socket has the same ones; those that toggle look at the state first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Operation {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        /// Every operation's name, as it stands in a board profile.
        pub const NAMES: &[&str] = &[$($name),*];

        impl Operation {
            /// Its name in a board profile.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Operation::$variant => $name,)*
                }
            }
        }
    };
}

operations! {
    /// Silences the way up, or ends that.
    ToggleMute = "toggle-mute";
    Mute = "mute";
    Unmute = "unmute";
    /// Enters standby, or leaves it. What a button entered, only a button ends.
    Standby = "standby";
    SwitchCamera = "switch-camera";
    /// Shows the camera on the local screen, or ends that.
    TogglePreview = "toggle-preview";
    /// Starts the pusher and every player.
    Call = "call";
    /// Stops the pusher and every player.
    HangUp = "hang-up";
    /// Hangs up when anything runs, else calls.
    ToggleCall = "toggle-call";
    Start = "start";
    Stop = "stop";
    Pause = "pause";
    Resume = "resume";
    Snapshot = "snapshot";
    PlayerPlay = "player-play";
    PlayerStop = "player-stop";
    PlayerPause = "player-pause";
    PlayerResume = "player-resume";
    PlayerMute = "player-mute";
    PlayerUnmute = "player-unmute";
    PlayerSnapshot = "player-snapshot";
    /// The first player that plays fills the screen, or leaves it again.
    PlayerFullScreen = "player-full-screen";
    /// The next of the layouts `full`, `pip`, `grid`.
    NextLayout = "next-layout";
}
