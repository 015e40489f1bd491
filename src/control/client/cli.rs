//! The commands of visavisctl.

use crate::api::command::{ImageFormat, SnapshotSource, Transition};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Looks at and controls a visavis terminal.
///
/// Exit status: 0 done, 1 refused by the daemon, 2 wrong usage, 69 the daemon can not be reached.
#[derive(Debug, Parser)]
#[command(name = "visavisctl", version)]
pub struct Cli {
    /// The daemon's control socket
    #[arg(long, global = true, value_name = "PATH", default_value = "/run/visavis/control.sock")]
    pub socket: PathBuf,
    /// Print what the daemon answers as JSON
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// The terminal at a glance, and what to do about what is wrong
    Status,
    /// Events as they happen, and the network once a second
    Watch {
        /// And five times a second how loud each player is
        #[arg(long)]
        volume: bool,
    },
    /// The picture and sound that are sent
    Pusher {
        #[command(subcommand)]
        action: PusherAction,
    },
    /// The stream that is played
    Player {
        /// Which player; may be left out when there is one
        id: Option<String>,
        #[command(subcommand)]
        action: PlayerAction,
    },
    /// The screen: how several pictures share it, and its language
    Screen {
        #[command(subcommand)]
        action: ScreenAction,
    },
    /// Tell that the user interface changed its page: players pause, shrink or go on as their properties say
    Scene {
        /// push: another page was opened over the players'; pop: their page was left; native: a component of the
        /// system was opened; return: their page is in front again
        transition: Transition,
        /// The page that is in front now
        #[arg(default_value = "")]
        page: String,
    },
    /// Standby: the camera is closed and a waiting card is sent
    Standby { on: Switch },
    /// The events that are kept, oldest first
    Events,
    /// The state as Prometheus text
    Metrics,
}

/// Orders for the pusher.
#[derive(Debug, Subcommand)]
pub enum PusherAction {
    /// Every property and the state
    Show,
    /// Connect and send
    Start,
    /// Leave the server and close the devices
    Stop,
    /// Send the waiting card and silence; the connection stays
    Pause,
    /// Send picture and sound again
    Resume,
    /// Use the other camera
    SwitchCamera,
    /// Show the camera on the local screen, sent or not
    StartPreview,
    /// Show it there no longer
    StopPreview,
    /// Zoom in by a factor from 1.0 to 4.0
    SetZoom { zoom: f64 },
    /// Take the picture that is sent
    Snapshot(Snapshot),
    /// Change properties, for example max-bitrate=800; KEY=null resets one
    Set {
        #[arg(required = true, value_name = "KEY=VALUE")]
        changes: Vec<String>,
    },
    /// Send silence
    Mute,
    /// Send sound
    Unmute,
    /// Open or close the camera
    Camera { on: Switch },
    /// Open or close the microphone
    Mic { on: Switch },
}

/// Orders for a player.
#[derive(Debug, Subcommand)]
pub enum PlayerAction {
    /// Every property and the state
    Show,
    /// Connect and play
    Play,
    /// Leave the server
    Stop,
    /// Freeze the picture, silence the sound
    Pause,
    /// Go on at the live edge
    Resume,
    /// Play silence
    Mute,
    /// Play sound
    Unmute,
    /// Fill the screen, over everything else
    RequestFullScreen {
        /// Degrees by which the picture is turned: 0, 90 (clockwise) or -90
        #[arg(default_value = "0", allow_negative_numbers = true)]
        direction: i32,
    },
    /// Take its place on the screen again
    ExitFullScreen,
    /// Close the small picture that it became on a change of page
    ExitPictureInPicture,
    /// Take the picture that is played
    Snapshot(Snapshot),
    /// Change properties, for example object-fit=fillCrop; KEY=null resets one
    Set {
        #[arg(required = true, value_name = "KEY=VALUE")]
        changes: Vec<String>,
    },
}

/// Orders for the screen.
#[derive(Debug, Subcommand)]
pub enum ScreenAction {
    /// Every property and the state
    Show,
    /// Change properties, for example layout=grid or language=zh; KEY=null resets one
    Set {
        #[arg(required = true, value_name = "KEY=VALUE")]
        changes: Vec<String>,
    },
}

/// How a snapshot is taken and where it goes.
#[derive(Debug, clap::Args)]
pub struct Snapshot {
    /// As it is sent or received, or as the terminal's own screen shows it
    #[arg(long, value_enum, default_value = "stream")]
    pub source: SnapshotSource,
    /// Without it, what the ending of FILE says, else PNG
    #[arg(long, value_enum)]
    pub format: Option<ImageFormat>,
    /// File to write, - for standard output; default: pusher.png or ID.png here
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Snapshot {
    /// The format asked for, by name or by the file's ending.
    pub fn format(&self) -> ImageFormat {
        let ending = self.output.as_deref().and_then(|file| file.extension()?.to_str());
        self.format.unwrap_or(match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("jpg" | "jpeg") => ImageFormat::Jpeg,
            _ => ImageFormat::Png,
        })
    }
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn a_player_is_named_or_left_out() {
        Cli::command().debug_assert();
        for (words, wanted) in [("player mute", None), ("player agent mute", Some("agent"))] {
            let cli = Cli::try_parse_from(["visavisctl"].into_iter().chain(words.split(' '))).unwrap();
            let Action::Player { id, action: PlayerAction::Mute } = cli.action else { panic!("{words}") };
            assert_eq!(id.as_deref(), wanted);
        }
        assert!(Cli::try_parse_from(["visavisctl", "pusher", "set"]).is_err());
    }
}
