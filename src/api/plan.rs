//! What the appliance wants done: whole desired states, so that applying one twice does nothing.

use super::card::Card;
use super::command::{SnapshotRequest, Ticket};
use super::event::Object;
use crate::media::{Size, Span, Time};
use crate::settings::player::{ObjectFit, PlayMode, SoundMode};
use crate::settings::pusher::{LocalMirror, Position};

/// An order of the appliance to the workers.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The way up should look like this now.
    Push(PushPlan),
    /// Open a publishing session; news of it carry `session`. Ends any older one.
    Connect { session: u64, url: String },
    /// Leave the server (FCUnpublish, deleteStream, at most a second); the session's last news is `Ended`.
    Disconnect { session: u64 },
    /// Player number `player` should look like this now.
    Play { player: usize, plan: PlayPlan },
    /// Open a playing session; news of it carry `session`. Ends any older one.
    PlayConnect { player: usize, session: u64, url: String },
    /// Leave the server; the session's last news is `Ended`.
    PlayDisconnect { player: usize, session: u64 },
    /// Take a picture of `object` and report it with `ticket`.
    Snapshot { ticket: Ticket, object: Object, request: SnapshotRequest },
    /// These lamps of the board are lit now, in its order.
    Light(Vec<bool>),
    /// A line for the log about something that is no event; `trouble`: a technician should look. `since` is the
    /// moment it goes back to.
    Note { trouble: bool, words: String, since: Option<Time> },
    /// Answer a command.
    Reply { ticket: Ticket, reply: super::command::Reply },
    /// Everything is closed: the program may end.
    Exit,
}

/// What is in the picture that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PictureSource {
    Camera,
    /// The waiting card, with these words on it.
    Card(String),
}

/// Everything the way up is to be. Nothing is open and nothing is encoded while `active` is false.
#[derive(Clone, Debug, PartialEq)]
pub struct PushPlan {
    pub active: bool,
    /// The camera that is to be open.
    pub camera: Option<Position>,
    /// Whether the microphone is to be open.
    pub microphone: bool,
    /// Send digital silence whatever the microphone hears.
    pub silent: bool,
    pub picture: PictureSource,
    /// Size of the picture sent; even numbers.
    pub size: Size,
    /// Pictures a second.
    pub fps: u32,
    /// kbit/s of video.
    pub video_kbps: u32,
    /// kbit/s of sound.
    pub sound_kbps: u32,
    /// Longest time between two IDR pictures.
    pub gop: Span,
    /// The send queue sheds pictures when it is older than this.
    pub queue_limit: Span,
    /// Mirror the picture sent.
    pub mirror: bool,
    /// Whether this terminal shows its own picture mirrored.
    pub local_mirror: LocalMirror,
    /// Centre crop: 1.0 = whole picture, 2.0 = the middle half of each side.
    pub zoom: f32,
}

impl PushPlan {
    /// Nothing at all.
    pub const IDLE: PushPlan = PushPlan {
        active: false,
        camera: None,
        microphone: false,
        silent: true,
        picture: PictureSource::Camera,
        size: Size::new(640, 360),
        fps: 15,
        video_kbps: 500,
        sound_kbps: 64,
        gop: Span::secs(2),
        queue_limit: Span::millis(200),
        mirror: false,
        local_mirror: LocalMirror::Auto,
        zoom: 1.0,
    };
}

/// Everything a player is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayPlan {
    /// Whether it plays anything at all.
    pub active: bool,
    /// What the screen shows instead of a picture; a picture that comes later is shown all the same, until this
    /// changes. While nothing is played, a screen without a card is closed.
    pub card: Option<Card>,
    pub mode: PlayMode,
    /// Frozen and silent; the connection stays.
    pub paused: bool,
    pub muted: bool,
    pub fit: ObjectFit,
    /// Turned by 90° clockwise.
    pub turned: bool,
    pub sound_mode: SoundMode,
    /// Live mode only.
    pub min_cache: Span,
    /// Live mode only.
    pub max_cache: Span,
}

impl PlayPlan {
    /// Nothing is to be played: where a player begins.
    pub const IDLE: PlayPlan = PlayPlan {
        active: false,
        card: None,
        mode: PlayMode::RTC,
        paused: false,
        muted: false,
        fit: ObjectFit::Contain,
        turned: false,
        sound_mode: SoundMode::Speaker,
        min_cache: Span::secs(1),
        max_cache: Span::secs(3),
    };
}
