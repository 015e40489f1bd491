//! What each mode of the way up wants: how long things may wait, how fast the rate moves, what gives way first.

use super::pusher::PushMode;
use crate::media::{Size, Span};

/// What gives way first when the rate falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivesWay {
    /// Fewer pictures of the same size, then smaller ones.
    FrameRate,
    /// Smaller pictures at the same rate, then fewer.
    Size,
}

/// The rules of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Longest time between two IDR pictures.
    pub gop: Span,
    /// Pictures that wait for longer are shed.
    pub queue_limit: Span,
    /// Sound that waits for longer has no listener any more.
    pub sound_limit: Span,
    /// So much may stand in the kernel and before the narrowest place of the way, beyond what is merely travelling.
    pub room: Span,
    /// Pictures are encoded as long as none waits for longer: zero encodes none that would wait at all.
    pub ahead: Span,
    /// Growth of the rate in percent a second right after congestion; it doubles with every [`Policy::calm`].
    pub rise: u32,
    /// The most growth, in percent a second.
    pub rise_most: u32,
    /// Time without congestion after which growth doubles.
    pub calm: Span,
    /// Congestion shorter than this leaves the rate alone.
    pub patience: Span,
    pub first: GivesWay,
}

impl PushMode {
    /// The rules of this mode. A call (RTC) wants the newest picture and answers congestion within a third of a second;
    /// SD, HD and FHD want a smooth, sharp picture and change slowly.
    pub const fn policy(self) -> Policy {
        match self {
            PushMode::RTC => Policy {
                gop: Span::secs(2),
                queue_limit: Span::millis(200),
                sound_limit: Span::millis(300),
                room: Span::millis(40),
                ahead: Span::ZERO,
                rise: 6,
                rise_most: 80,
                calm: Span::secs(1),
                patience: Span::millis(100),
                first: GivesWay::FrameRate,
            },
            PushMode::SD | PushMode::HD | PushMode::FHD => Policy {
                gop: Span::secs(2),
                queue_limit: Span::millis(700),
                sound_limit: Span::secs(1),
                room: Span::millis(60),
                ahead: Span::millis(350),
                rise: 4,
                rise_most: 40,
                calm: Span::secs(2),
                patience: Span::millis(400),
                first: GivesWay::Size,
            },
        }
    }
}

/// A rung of the ladder from bit rate to picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// The lowest rate, in kbit/s of video, that suits it.
    pub from: u32,
    pub size: Size,
    /// The most pictures a second.
    pub fps: u32,
}

/// What the picture should be at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aim {
    /// kbit/s of video.
    pub kbps: u32,
    /// Pictures a second.
    pub fps: u32,
    pub size: Size,
}

/// Within what bounds, and by which rules, rate, frame rate and size of the picture follow the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// kbit/s of video.
    pub min: u32,
    /// kbit/s of video.
    pub max: u32,
    /// kbit/s of sound, which never gives way.
    pub sound: u32,
    /// From the lowest to the highest that `max` reaches. One only when the size is fixed.
    pub rungs: Vec<Rung>,
    pub policy: Policy,
}

impl Rates {
    /// Nothing in particular: 360p at 500 kbit/s.
    pub const NONE: Rates = Rates { min: 200, max: 500, sound: 64, rungs: Vec::new(), policy: PushMode::RTC.policy() };

    /// The picture at the highest rate.
    pub fn top(&self) -> Rung {
        self.rungs.last().copied().unwrap_or(Rung { from: 0, size: Size::new(640, 360), fps: 15 })
    }
}
