//! What the appliance wants done: whole desired states, so that applying one twice does nothing.

use super::card::{Card, Text};
use super::command::{SnapshotRequest, Ticket};
use super::event::Object;
use super::figures::Figures;
use crate::media::{Size, Span, Time};
use crate::settings::player::{ObjectFit, PlayMode, SoundMode};
use crate::settings::policy::Rates;
use crate::settings::pusher::Signing;
use crate::settings::pusher::{LocalMirror, Position};
use crate::settings::screen::{Language, Layout};

/// An order of the appliance to the workers.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The way up should look like this now.
    Push(PushPlan),
    /// Open a publishing session to `url`, its templates filled as `signing` says; news of it carry `session`. Ends
    /// any older one.
    Connect { session: u64, url: String, signing: Option<Signing> },
    /// Leave the server (FCUnpublish, deleteStream, at most a second); the session's last news is `Ended`.
    Disconnect { session: u64 },
    /// The screen should look like this now.
    Screen(ScreenPlan),
    /// Player number `player` should be like this now.
    Play { player: usize, plan: PlayPlan },
    /// Open a playing session, which may be silent for `patience` once something came; news of it carry `session`. Ends
    /// any older one.
    PlayConnect { player: usize, session: u64, url: String, patience: Span },
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
    /// The waiting card, with this on it.
    Card(Text),
}

/// What is done to the microphone's sound before it is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoicePlan {
    /// What the loudspeaker plays is taken out.
    pub echo: bool,
    /// Steady noise is taken out.
    pub noise: bool,
    /// A quiet voice is brought up.
    pub gain: bool,
}

impl VoicePlan {
    /// The names of what is done, in the order in which it is.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let table =
            [(self.echo, "echo-cancellation"), (self.noise, "noise-suppression"), (self.gain, "automatic-gain")];
        table.into_iter().filter_map(|(done, name)| done.then_some(name))
    }
}

/// A picture that is to be sent while there is none of the camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingImage {
    /// A path, or an `http://` or `https://` address.
    pub place: String,
    /// MD5 of the file, in any spelling of its 32 hexadecimal digits; another file is not shown.
    pub md5: Option<String>,
}

/// How far skin is smoothed and lightened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// 0 ..= 9.
    pub beauty: u32,
    /// 0 ..= 9.
    pub whiteness: u32,
}

impl Looks {
    /// The picture as it is.
    pub const PLAIN: Looks = Looks { beauty: 0, whiteness: 0 };
}

/// Everything the way up is to be. Nothing is encoded while `active` is false, and no microphone is open.
#[derive(Clone, Debug, PartialEq)]
pub struct PushPlan {
    pub active: bool,
    /// The camera that is to be open, for the server or for the local screen.
    pub camera: Option<Position>,
    /// The number under which it is asked for: another one each time, so that each asking is tried and answered anew,
    /// whatever plans were seen in between. A camera that others were tried beside is asked for under its old number.
    pub asked: u64,
    /// Its pictures go to the local screen, too.
    pub self_view: bool,
    /// Whether the microphone is to be open.
    pub microphone: bool,
    /// Send digital silence whatever the microphone hears.
    pub silent: bool,
    pub picture: PictureSource,
    /// What is sent as the waiting card instead of the built-in one; got ready also while `active` is false.
    pub waiting: Option<WaitingImage>,
    /// The largest picture that may be sent; even numbers. The camera is opened for it.
    pub size: Size,
    /// The most pictures a second.
    pub fps: u32,
    pub voice: VoicePlan,
    /// Samples a second of sound as it is sent.
    pub sound_rate: u32,
    /// Bounds and rules by which rate, frame rate and size follow the network.
    pub rates: Rates,
    /// Mirror the picture sent.
    pub mirror: bool,
    /// Whether this terminal shows its own picture mirrored.
    pub local_mirror: LocalMirror,
    /// 1.0 = whole picture, 2.0 = the middle half of each side: by the camera's lens where it has one, else a crop.
    pub zoom: f32,
    /// The camera focuses by itself; false: it stays as it is.
    pub auto_focus: bool,
    /// What is wanted; less may be in effect where the processor is too slow.
    pub looks: Looks,
}

impl PushPlan {
    /// Nothing at all.
    pub const IDLE: PushPlan = PushPlan {
        active: false,
        camera: None,
        asked: 0,
        self_view: false,
        microphone: false,
        silent: true,
        picture: PictureSource::Camera,
        waiting: None,
        size: Size::new(640, 360),
        fps: 15,
        voice: VoicePlan { echo: false, noise: false, gain: false },
        sound_rate: 48_000,
        rates: Rates::NONE,
        mirror: false,
        local_mirror: LocalMirror::Auto,
        zoom: 1.0,
        auto_focus: true,
        looks: Looks::PLAIN,
    };
}

/// Everything a player is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayPlan {
    /// Whether it plays anything at all.
    pub active: bool,
    pub mode: PlayMode,
    /// Frozen and silent; the connection stays.
    pub paused: bool,
    pub muted: bool,
    pub sound_mode: SoundMode,
    /// Of that output, 0 ..= 100.
    pub volume: u32,
    /// Live mode only.
    pub min_cache: Span,
    /// Live mode only.
    pub max_cache: Span,
}

impl PlayPlan {
    /// Nothing is to be played: where a player begins.
    pub const IDLE: PlayPlan = PlayPlan {
        active: false,
        mode: PlayMode::RTC,
        paused: false,
        muted: false,
        sound_mode: SoundMode::Speaker,
        volume: 100,
        min_cache: Span::secs(1),
        max_cache: Span::secs(3),
    };
}

/// What is to be seen of one player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayerView {
    /// Whether it plays anything at all.
    pub active: bool,
    /// What is shown instead of a picture; a picture that comes later is shown all the same, until this changes.
    /// While nothing is played, a player without a card takes no room.
    pub card: Option<Card>,
    /// The number of the event that led to the card, for a technician.
    pub trouble: Option<i32>,
    pub fit: ObjectFit,
    /// Degrees clockwise by which its picture is turned, and nothing else of it: 0 or 90.
    pub turn: u32,
    /// And beside that as its stream says.
    pub follows_stream: bool,
    /// Shrunk to a small picture in a corner.
    pub small: bool,
    /// It has the screen for itself.
    pub full_screen: bool,
    /// Degrees clockwise by which everything on the screen is turned while it has: 0, 90 or 270.
    pub direction: u32,
}

impl PlayerView {
    /// Nothing of it.
    pub const NONE: PlayerView = PlayerView {
        active: false,
        card: None,
        trouble: None,
        fit: ObjectFit::Contain,
        turn: 0,
        follows_stream: false,
        small: false,
        full_screen: false,
        direction: 0,
    };
}

/// Everything that is to be on the screen; it is closed while this is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScreenPlan {
    /// One for each player, in their order.
    pub players: Vec<PlayerView>,
    pub layout: Layout,
    /// Of what is written on it.
    pub language: Language,
    /// The picture of the local camera.
    pub self_view: Option<SelfViewPlan>,
    /// Figures that lie over whatever is shown, on the local screen only.
    pub figures: Vec<Figures>,
}

/// How the terminal's own picture is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelfViewPlan {
    /// Left and right as in a mirror.
    pub mirror: bool,
    /// What is shown instead while the camera gives no picture.
    pub card: Option<Card>,
}
