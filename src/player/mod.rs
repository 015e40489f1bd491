//! The way down, from the wire to screen and loudspeaker, on one page.
//!
//! ```text
//! server --> net_task --bounded, waits--> playout_worker --until IDR--> decoder_worker --ring--> screen
//!             "net"        FLV bodies      "play"           coded        "vdec"         raw
//!             lines: rtmp_task or          demuxes, decides             decodes
//!             http_flv_task                when; decodes sound
//!                                             |
//!                                             +--ring--> speaker_worker
//!                                                        "spk": opens the output; feeds it from the engine
//!                                                        render, and tells the microphone what it plays
//! ```
//!
//! Where a running stream falls silent, [`lines`] makes a second connection, and [`race`] decides which of the two is
//! seen and heard; behind them nobody knows of that. Whoever lacks an IDR to go on, connection, playout or decoder, says so to
//! the session, and [`Wishes`] carries it to the far terminal, if that one is in a call with this one.
//!
//! When a unit is due is [`Playout`](crate::playout::Playout)'s decision alone. A slow reader makes "net" wait, and
//! with it the server; everything behind "play" loses rather than waits. What every part should be doing is one
//! [`PlayPlan`], read by each worker when its bell rings. News of a session go through its [`session::Session`],
//! which keeps them in order.

mod decoder_worker;
mod decoding;
mod http_flv_task;
mod lines;
mod net_task;
mod output;
mod playout_worker;
mod race;
mod rotation;
mod rtmp_task;
mod session;
mod sound_path;
mod speaker_worker;
mod stats;
mod tracks;
mod viewer;

use crate::api::fault::DeviceError;
use crate::api::notice::Notice;
use crate::api::plan::PlayPlan;
use crate::device::{Speaker, VideoDecoderDriver, Wake};
use crate::flow::choice::Choice;
use crate::flow::far_end::Tap;
use crate::flow::frame::Frame;
use crate::flow::lane::{self, Idr};
use crate::flow::net::Dialer;
use crate::flow::sessions::Sessions;
use crate::flow::shared::Shared;
use crate::flow::volume::VolumeTap;
use crate::flow::wishes::Wishes;
use crate::flow::worker::{Pulse, Worker};
use crate::flow::{Notices, restarted};
use crate::image::Turn;
use crate::media::{Pool, SoundFormat, Span, Time, VideoUnit};
use crate::playout::Show;
use crate::retry::PATIENCE;
use crate::settings::player::SoundMode;
use bytes::Bytes;
use session::Session;
use std::io;
use std::sync::{Arc, Mutex};
use tracks::VideoConfig;

/// Opens one of the board's sound outputs; called on each player's own thread, again and again while it fails.
pub type SpeakerOpener = Arc<dyn Fn(SoundMode) -> Result<Box<dyn Speaker>, DeviceError> + Send + Sync>;

/// What a player is heard from.
pub struct Loudspeaker {
    pub open: SpeakerOpener,
    /// Told what is played.
    pub tap: Tap,
    /// Told how loud it is.
    pub volume: VolumeTap,
}

/// What a player is made of.
pub struct Devices {
    pub loudspeaker: Loudspeaker,
    /// The best first.
    pub video_decoders: Vec<VideoDecoderDriver>,
    /// Where it says that it lacks an IDR.
    pub wishes: Wishes,
}

/// Where a stream is, and how long it may be silent, once something came, before its connection is taken for dead.
#[derive(Clone, Debug)]
pub struct Source {
    pub url: String,
    pub patience: Span,
}

impl From<String> for Source {
    /// With the patience of a first try.
    fn from(url: String) -> Self {
        Self { url, patience: PATIENCE.0 }
    }
}

/// What every worker of the way down should be doing.
type Plans = Shared<PlayPlan>;
/// What is known of the loudspeaker; `None` while there is none.
type SpeakerFacts = Arc<Mutex<Option<SpeakerFact>>>;

/// FLV bodies between network and playout: the network waits when they are all taken.
const BODIES: usize = 64;
/// Coded pictures between playout and decoder, and from how many on playout keeps the rest.
const CODED_PICTURES: usize = 64;
const CROWDED: usize = 32;
/// Decoded pictures whose memory is kept for later ones: as many as wait for their time, or are shown.
const RAW_PICTURES: usize = 6;
/// Pieces of sound between playout and loudspeaker: 200 ms at 21.3 ms a piece.
const SOUND_PIECES: usize = 10;
/// A loudspeaker that is lost is opened again after this.
const REOPEN: Span = Span::secs(1);

/// Something of a session on its way from the network.
struct Arrival {
    session: Arc<Session>,
    at: Time,
    what: What,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    /// The stream begins, maybe again: its time may begin anew.
    Begin,
    Video {
        timestamp_ms: i64,
        body: Bytes,
    },
    Audio {
        timestamp_ms: i64,
        body: Bytes,
    },
    /// The metadata of the stream say by how many degrees clockwise its pictures are to be turned: by none where they
    /// say nothing of it.
    Rotation(u16),
    /// The publisher ended the stream, or we left it: nothing of it is to be seen any longer.
    Finish,
}

/// An access unit on its way to the decoder.
#[derive(Clone)]
struct Coded {
    unit: VideoUnit,
    show: Show,
    /// When it was captured, on our clock, where the stream says so and the clocks agree.
    captured: Option<Time>,
    /// How the stream says that it is to be turned.
    turn: Turn,
    config: Arc<VideoConfig>,
    session: Arc<Session>,
}

impl Idr for Coded {
    fn idr(&self) -> bool {
        self.unit.idr
    }
}

/// Decoded sound.
struct Piece {
    samples: Vec<i16>,
    /// The moment at which the first sample should leave the loudspeaker.
    due: Time,
    format: SoundFormat,
    session: Arc<Session>,
}

/// What playout has to know of the loudspeaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SpeakerFact {
    clocked: bool,
    /// How long before its due a sample has to be here at the latest.
    delay: Span,
}

/// One running player. Dropping it ends its session and closes its devices.
pub struct Player {
    plans: Plans,
    net: Sessions<Source>,
    /// Joined in this order when dropped.
    workers: [Worker; 3],
}

impl Player {
    /// Starts the threads of player number `index`, idle until a plan is applied. `id` names it in logs. Pictures go to
    /// `frames`. Network IO runs on `runtime`.
    pub fn start(
        index: usize,
        id: &str,
        frames: lane::Sender<Frame>,
        devices: Devices,
        dialer: Dialer,
        notices: Notices,
        runtime: &tokio::runtime::Handle,
    ) -> io::Result<Self> {
        tracing::debug!(player = id, index, "player starts");
        let [play_bell, vdec_bell, spk_bell] = [Wake::new()?, Wake::new()?, Wake::new()?];
        let plans = Shared::new(PlayPlan::IDLE, vec![play_bell.clone(), spk_bell.clone()]);
        let (arrival_in, arrival_out) = tokio::sync::mpsc::channel(BODIES);
        let (coded_in, coded_out) = lane::until_idr(CODED_PICTURES, vdec_bell.clone());
        let (piece_in, piece_out) = lane::ring(SOUND_PIECES, spk_bell.clone());
        let stats = Arc::new(stats::Gauges::default());
        let speaker: SpeakerFacts = Arc::default();

        let mut play = playout_worker::PlayoutWorker {
            player: index,
            plans: plans.clone(),
            arrivals: arrival_out,
            coded: coded_in,
            frames: frames.clone(),
            pieces: piece_in,
            speaker: speaker.clone(),
            gauges: stats.clone(),
            notices: notices.clone(),
        };
        let mut vdec = decoder_worker::DecoderWorker {
            coded: coded_out,
            frames,
            choice: Choice::new(devices.video_decoders, decoder_worker::TOLERANCE),
            pool: Pool::new(RAW_PICTURES),
            play_bell: play_bell.clone(),
            gauges: stats.clone(),
        };
        let mut spk = speaker_worker::SpeakerWorker {
            player: index,
            plans: plans.clone(),
            open: devices.loudspeaker.open,
            pieces: piece_out,
            facts: speaker,
            gauges: stats,
            far: devices.loudspeaker.tap,
            volume: devices.loudspeaker.volume,
            notices: notices.clone(),
        };
        let (told, news) = (restarted(&notices), notices.clone());
        let stream_lost = move |worker| {
            told(worker);
            news(Notice::StreamLost { player: index });
        };
        let workers = [
            Worker::spawn("play", play_bell.clone(), stream_lost, move |handle| play.run(handle))?,
            Worker::spawn("vdec", vdec_bell, restarted(&notices), move |handle| vdec.run(handle))?,
            Worker::spawn("spk", spk_bell, restarted(&notices), move |handle| spk.run(handle))?,
        ];
        let wishes = devices.wishes;
        let wiring = net_task::Wiring { player: index, arrivals: arrival_in, bell: play_bell, wishes, dialer, notices };
        let net = Sessions::start(wiring, runtime);
        Ok(Self { plans, net, workers })
    }

    /// Where the watchdog feels whether its threads live.
    pub fn pulses(&self) -> impl Iterator<Item = Pulse> {
        self.workers.iter().map(Worker::pulse)
    }

    /// Obeys a new plan.
    pub fn apply(&self, plan: PlayPlan) {
        self.plans.set(plan);
    }

    /// Opens a playing session; an older one is left first.
    pub fn connect(&self, session: u64, source: impl Into<Source>) {
        self.net.connect(session, source.into());
    }

    /// Leaves the server; the session's last news is its end.
    pub fn disconnect(&self, session: u64) {
        self.net.disconnect(session);
    }
}
