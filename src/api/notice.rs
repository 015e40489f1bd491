//! News from the workers to the appliance. They go up and are never answered directly.

use super::command::{NoSnapshot, Picture, Ticket};
use super::fault::DeviceError;
use super::plan::Looks;
use super::status::{PlayStats, PushStats, WaitingImageStatus};
use crate::media::{Size, Span, Time};
use crate::settings::policy::Aim;
use crate::settings::pusher::Position;

/// What a worker has to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// News of the camera that was asked for under this number ([`super::plan::PushPlan::asked`]).
    Camera {
        position: Position,
        asked: u64,
        news: DeviceNotice,
    },
    /// What the open camera makes of zoom and focus; told when it is opened and when that changes.
    Optics(Position, Optics),
    /// How much of the wish for beauty and whiteness is in effect: less where the processor is too slow.
    Looks {
        wanted: Looks,
        in_effect: Looks,
    },
    Microphone(DeviceNotice),
    /// That of player number so-and-so.
    Speaker(usize, DeviceNotice),
    Display(DeviceNotice),
    /// News of the board's button number `button`.
    Button {
        button: usize,
        news: ButtonNews,
    },
    /// News of the board's lamp number `lamp`.
    Lamp {
        lamp: usize,
        news: DeviceNotice,
    },
    /// Another waiting image is in effect, or there is another reason why not.
    WaitingImage(WaitingImageStatus),
    /// The video encoder failed (it is built again by its worker).
    VideoEncoder(DeviceError),
    /// It failed again and again, and another one took over.
    VideoEncoderSwitched {
        from: &'static str,
        to: &'static str,
        /// The one that failed is hardware.
        hardware: bool,
    },
    /// The sound encoder failed (it is built again by its worker).
    SoundEncoder(DeviceError),
    /// News of publishing session `session`.
    Push {
        session: u64,
        news: PushNews,
    },
    /// The network has been too slow for the picture for a second (true), or fast enough again for one (false).
    NetBusy(bool),
    /// The network bears another picture than was told last.
    Target {
        from: Aim,
        to: Aim,
    },
    /// Once a second while the way up is active.
    PushStats(PushStats),
    /// News of player number `player`'s session `session`.
    Play {
        player: usize,
        session: u64,
        news: PlayNews,
    },
    /// Once a second while the player is active.
    PlayStats {
        player: usize,
        stats: PlayStats,
    },
    /// A snapshot that was asked for.
    Snapshot {
        ticket: Ticket,
        result: Result<Picture, NoSnapshot>,
    },
    /// What the program costs the machine: percent of one processor core over the last second, and the machine's highest
    /// temperature in °C; where they are known.
    Load {
        cpu: Option<f64>,
        temperature: Option<f64>,
    },
    /// A network link came up: a waiting reconnect may try at once.
    LinkUp,
    /// The time of day was set: what was not signed or not trusted because of it may be tried at once.
    ClockSet,
    /// The thread that reads player number `player`'s stream panicked: what the stream said of itself when it began is
    /// lost, and nothing that follows can be played.
    StreamLost {
        player: usize,
    },
    /// A worker panicked and was started again.
    WorkerRestarted {
        worker: &'static str,
    },
}

/// What a camera itself does about zoom and focus.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Optics {
    /// How far its lens zooms in; `None`: it can not.
    pub zoom: Option<f32>,
    /// Whether it focuses by itself (true) or stays as it was (false); `None`: it can not be told to.
    pub auto_focus: Option<bool>,
}

/// The life of a device, as its worker sees it. The worker opens it again by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum DeviceNotice {
    /// Open and configured; words for people ("YUYV 640x480 at 30").
    Opened { words: String },
    /// First picture or period received.
    FirstFrame,
    /// It could not be opened, or was lost; said once for each change of fault and each time it is asked for, not for each
    /// try.
    Lost(DeviceError),
    /// Closed because it is not wanted.
    Closed,
}

/// What a button has to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum ButtonNews {
    /// The life of its line.
    Line(DeviceNotice),
    /// What was done to it, and when: the stamp of the edge that decided it.
    Did(Gesture, Time),
}

/// What is done to a button, or by a bad one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// A press, or one that ended before it was a long one.
    Short,
    /// It has been held for three seconds, and still is.
    Long,
    /// A switch is in this position (true = active). Said when its line is opened, too.
    Switched(bool),
    /// Too many edges for a finger: it is ignored for now.
    Chattering,
    /// Held for too long: it is ignored until it is released.
    Stuck,
    /// What was wrong with it is over.
    Well,
}

/// The life of a publishing session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushNews {
    /// The server accepted `connect`.
    Connected,
    /// The server said NetStream.Publish.Start (some say so and then close).
    Publishing,
    /// It is over; nothing follows.
    Ended(End),
}

/// The life of a playing session.
#[derive(Clone, Debug, PartialEq)]
pub enum PlayNews {
    Connected,
    /// The server sends the stream.
    StreamBegin,
    FirstIdr,
    /// A decoder of pictures was built; its name.
    DecoderStarted(&'static str),
    /// It failed, and another one took over.
    DecoderSwitched {
        from: &'static str,
        to: &'static str,
        reason: String,
    },
    Resolution(Size),
    /// First picture or sound given to its device; sound without a loudspeaker plays into nothing.
    PlayBegin,
    /// Nothing left to play (true), or playing again (false).
    Loading(bool),
    /// Data arrives too unevenly for the buffer.
    DataLag,
    /// Pictures could not be shown in time for half a second.
    PlayLag,
    /// The stream's time jumped, or references are missing.
    Discontinuity,
    VideoDecodeFailed(String),
    SoundDecodeFailed(String),
    /// The stream has pictures, and none of them can be shown until it says another thing of itself.
    Unplayable(Unplayable),
    /// Nothing came for so long, and another connection took over; the session goes on.
    Switched(Span),
    /// The publisher ended the stream; the connection may stay.
    StreamEnded,
    /// All that came was what the server had kept of a sender that is silent. Told in front of the end.
    NothingLive,
    /// It is over; nothing follows.
    Ended(End),
}

/// Why none of a stream's pictures can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplayable {
    pub why: Why,
    /// The codec's name.
    pub codec: String,
    /// What is wrong with it, and what is allowed.
    pub words: String,
}

/// Kinds of [`Unplayable`], as far as whoever looks at the screen has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Not H.264.
    Codec,
    /// Larger than is shown.
    TooLarge,
    /// H.264 of a kind that is not shown, or that says nothing sensible of itself.
    Format,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub cause: Cause,
    /// For people; holds no secret; at most 256 bytes of it are the server's.
    pub words: String,
}

/// Which event code a session's end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// We ended it.
    Ours,
    /// The name could not be resolved: 3001.
    Dns,
    /// No TCP connection: 3002.
    Connect,
    /// The address can not be signed, so no connection is tried: 3002.
    Unsigned,
    /// TLS or RTMP handshake, or no answer to it: 3003.
    Handshake,
    /// The server said no (name in use, denied): 3004.
    Refused,
    /// Playing: the server is well, and nobody sends what is asked for.
    Absent,
    /// The server closed: 3004.
    Closed,
    /// Read, write or framing failure: 3005.
    Broken,
    /// This device has another address than the connection: 3005, and tried again at once.
    Moved,
}
