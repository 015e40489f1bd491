//! The way up, from camera and microphone to the wire, on one page.
//!
//! ```text
//! camera_worker --latest--> encoder_worker --until IDR--> send_task --> server
//!   "cam"          raw        "venc"          coded        "net"
//!   opens, aims,   picture    fits, smooths   picture      queues, sheds, interleaves, writes
//!   drops its
//!   device                    microphone_worker --ring--> send_task
//!                loudspeaker --ring-->  "mic": periods, voices, silence, AAC
//!    waiting --newest--> encoder_worker
//!    "still": reads or fetches the waiting image, verifies it, makes it fit
//! ```
//!
//! The newest raw picture replaces an unread one before a pixel is touched; nothing is encoded while no
//! session is publishing, or while the network has no room for it: the send task looks at the connection and says
//! through one [`Uplink`] how large a picture it bears, and whether the next one may be made
//! ([`crate::rate_control`]). An IDR is made by the clock, where the send queue lost a picture, and where another terminal of
//! the call wishes for one ([`crate::wish`]). What every part should be doing is one [`PushPlan`], decided by the appliance
//! and read by each worker when its bell rings. News go up as notices; nothing calls back down.

mod budget;
mod camera_switch;
mod camera_worker;
mod encoder_choice;
mod encoder_worker;
mod gate;
mod microphone_worker;
mod pace;
mod send_queue;
mod send_task;
mod sound_encoding;
mod stamps;
mod stats;
mod steering;
pub mod target;
mod touch_up;
mod unbroken;
mod waiting;
mod wire_time;

use crate::api::command::{SnapshotRequest, Ticket};
use crate::api::fault::DeviceError;
use crate::api::plan::{PictureSource, PushPlan};
use crate::device::{Camera, Microphone, SoundEncoderBuilder, VideoEncoderDriver, Wake, clock};
use crate::flow::far_end::Ear;
use crate::flow::frame::SelfView;
use crate::flow::lane::{self, Idr};
use crate::flow::net::{Dialer, Unheard};
use crate::flow::sessions::Sessions;
use crate::flow::shared::Shared;
use crate::flow::snapshot::Desk;
use crate::flow::wishes::Wishes;
use crate::flow::worker::{Pulse, Worker};
use crate::flow::{Notices, restarted};
use crate::image::Turn;
use crate::media::{RawPicture, Size, Span, Time};
use crate::rate_control::{Aim, RateControl};
use crate::settings::pusher::Position;
use bytes::Bytes;
pub use gate::Counts;
use gate::Gate;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
pub use target::Target;
pub use waiting::judge as judge_waiting_image;

/// Opens the camera at a position, as near to a size and rate as it can; called on the camera's thread, or on one beside
/// it while another camera delivers.
pub type CameraOpener = Box<dyn Fn(Position, Size, u32) -> Result<Box<dyn Camera>, DeviceError> + Send + Sync>;
/// Opens the microphone; called on the microphone's thread.
pub type MicrophoneOpener = Box<dyn Fn() -> Result<Box<dyn Microphone>, DeviceError> + Send>;

/// What a pusher looks, listens and encodes with.
pub struct Devices {
    pub camera: CameraOpener,
    pub mounted: Mounted,
    pub microphone: MicrophoneOpener,
    /// The best first; the next takes over from one that fails again and again.
    pub video_encoders: Vec<VideoEncoderDriver>,
    pub sound_encoder: Arc<SoundEncoderBuilder>,
    /// Where a copy of the waiting image is kept, if anywhere.
    pub folder: Option<PathBuf>,
}

/// How the cameras of the board are mounted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mounted {
    pub front: Turn,
    pub back: Turn,
}

impl Mounted {
    fn turn(self, position: Position) -> Turn {
        match position {
            Position::Front => self.front,
            Position::Back => self.back,
        }
    }
}

/// What every worker of the way up should be doing.
type Plans = Shared<PushPlan>;
/// The session that is publishing, if one is: only then anything is encoded.
type Live = Shared<Option<u64>>;
/// What the network bears.
type Uplinks = Shared<Uplink>;

/// What the send task tells the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Uplink {
    target: Aim,
    /// The network keeps the picture from being all that was asked for.
    limited: bool,
    /// The next picture may be made now.
    open: bool,
}

/// Coded pictures between encoder and network: a second at 30 fps. The send queue sheds by age long before.
const CODED_PICTURES: usize = 30;
/// Frames of sound (1024 samples at 48 kHz) between encoder and network: a second, because that much comes at once
/// from a microphone whose thread was held up, and a frame lost here is a hole in the track.
const CODED_SOUNDS: usize = 48_000 / 1024 + 1;

/// A raw picture on its way to the encoder.
struct Captured {
    picture: Arc<RawPicture>,
    position: Position,
    /// How it is to be turned to stand upright.
    turn: Turn,
    /// How far it is to be cropped; a lens may have zoomed already.
    zoom: f32,
    /// Pictures the camera lost before this one.
    losses: u64,
}

/// An access unit on its way to the wire.
#[derive(Clone, Debug, Default)]
struct CodedPicture {
    /// Length-prefixed NAL units without parameter sets.
    data: Bytes,
    idr: bool,
    /// AVCDecoderConfigurationRecord, with every IDR.
    config: Option<Bytes>,
    size: Size,
    /// Made for this session.
    session: u64,
    captured: Time,
    /// When the encoder took it, and when it was done.
    taken: Time,
    encoded: Time,
    from_camera: bool,
    /// The era in which it entered the gate.
    era: u64,
    /// Pictures lost on the way to the encoder since the last coded one.
    losses: u64,
}

impl Idr for CodedPicture {
    fn idr(&self) -> bool {
        self.idr
    }
}

/// A frame of AAC on its way to the wire.
#[derive(Clone, Debug, Default)]
struct CodedSound {
    data: Bytes,
    /// AudioSpecificConfig.
    config: Bytes,
    /// Made for this session.
    session: u64,
    /// When the first sample that a decoder gives out for it was heard here.
    captured: Time,
    encoded: Time,
    /// Sound lost to overruns so far.
    lost: Span,
}

/// The running way up. Dropping it closes every device.
pub struct Pusher {
    plans: Plans,
    net: Sessions<Target>,
    snapshots: Desk<(Ticket, SnapshotRequest)>,
    gate: Gate,
    /// Joined in this order when dropped.
    workers: [Worker; 3],
    /// Not among those the watchdog feels: a file on a disk that hangs holds up nothing else.
    _still: Worker,
}

impl Pusher {
    /// Starts the threads, idle until a plan is applied. Pictures of the camera for the local screen go to `self_view`
    /// while the plan wants them there; `far` tells what the loudspeaker plays, `wishes` what others and this terminal's
    /// players wish for. Network IO runs on `runtime`.
    pub fn start(
        devices: Devices,
        self_view: lane::Sender<SelfView>,
        far: Ear,
        wishes: Wishes,
        dialer: Dialer,
        notices: Notices,
        runtime: &tokio::runtime::Handle,
    ) -> io::Result<Self> {
        let [cam_bell, venc_bell, mic_bell] = [Wake::new()?, Wake::new()?, Wake::new()?];
        let [still_bell, net_bell] = [Wake::new()?, Wake::new()?];
        let bells = [&cam_bell, &venc_bell, &mic_bell, &still_bell, &net_bell];
        let plans = Shared::new(PushPlan::IDLE, bells.map(Wake::clone).to_vec());
        let live = Shared::new(None, vec![venc_bell.clone(), mic_bell.clone()]);
        let uplink = Shared::new(
            Uplink {
                target: RateControl::new(&PushPlan::IDLE.rates, clock::now()).target(),
                limited: false,
                open: true,
            },
            vec![venc_bell.clone()],
        );
        let idr_wish = Arc::new(AtomicBool::new(false));
        let gate = Gate::default();
        let (raw_in, raw_out) = lane::latest(venc_bell.clone());
        let (picture_in, picture_out) = lane::until_idr(CODED_PICTURES, net_bell.clone());
        let (sound_in, sound_out) = lane::ring(CODED_SOUNDS, net_bell.clone());
        let (desk, snapshots) = Desk::new(venc_bell.clone(), notices.clone());

        let mut cam = camera_worker::CameraWorker {
            plans: plans.clone(),
            open: devices.camera,
            mounted: devices.mounted,
            pictures: raw_in,
            self_view,
            notices: notices.clone(),
        };
        let waiting = Shared::new(None, vec![venc_bell.clone()]);
        let mut still = waiting::WaitingWorker {
            plans: plans.clone(),
            ready: waiting.clone(),
            dialer: dialer.clone(),
            runtime: runtime.clone(),
            fetched: lane::ring(4, still_bell.clone()),
            folder: devices.folder,
            notices: notices.clone(),
        };
        let mut venc = encoder_worker::EncoderWorker {
            plans: plans.clone(),
            live: live.clone(),
            uplink: uplink.clone(),
            raw: raw_out,
            gate: gate.clone(),
            waiting,
            coded: picture_in,
            snapshots,
            idr_wish: idr_wish.clone(),
            wishes,
            choice: encoder_choice::EncoderChoice::new(devices.video_encoders),
            notices: notices.clone(),
        };
        let mut mic = microphone_worker::MicrophoneWorker {
            plans: plans.clone(),
            live: live.clone(),
            open: devices.microphone,
            build: devices.sound_encoder,
            coded: sound_in,
            far,
            notices: notices.clone(),
        };
        let workers = [
            Worker::spawn("cam", cam_bell, restarted(&notices), move |handle| cam.run(handle))?,
            Worker::spawn("venc", venc_bell, restarted(&notices), move |handle| venc.run(handle))?,
            Worker::spawn("mic", mic_bell, restarted(&notices), move |handle| mic.run(handle))?,
        ];
        let still = Worker::spawn("still", still_bell, restarted(&notices), move |handle| still.run(handle))?;
        let wiring = send_task::Wiring {
            plans: plans.clone(),
            live,
            uplink,
            pictures: picture_out,
            sounds: sound_out,
            idr_wish,
            gate: gate.clone(),
            bell: net_bell,
            key_told: AtomicBool::new(false),
            unheard: Unheard::default(),
            dialer,
            notices,
        };
        let net = Sessions::start(send_task::Publisher(Arc::new(wiring)), runtime);
        Ok(Self { plans, net, snapshots: desk, gate, workers, _still: still })
    }

    /// Where the watchdog feels whether its threads live.
    pub fn pulses(&self) -> impl Iterator<Item = Pulse> {
        self.workers.iter().map(Worker::pulse)
    }

    /// Obeys a new plan. When this returns and the plan sends no picture of the camera, none is encoded, queued or
    /// handed to the connection any more.
    pub fn apply(&self, plan: PushPlan) {
        let open = plan.active && plan.picture == PictureSource::Camera;
        if !open {
            self.gate.set(false);
        }
        self.plans.set(plan);
        if open {
            self.gate.set(true);
        }
    }

    /// Pictures given to the encoder so far, by source.
    pub fn counts(&self) -> Counts {
        self.gate.counts()
    }

    /// Opens a publishing session; an older one is left first.
    pub fn connect(&self, session: u64, target: Target) {
        self.net.connect(session, target);
    }

    /// Leaves the server properly.
    pub fn disconnect(&self, session: u64) {
        self.net.disconnect(session);
    }

    /// Takes a picture of what is sent and reports it as a notice.
    pub fn snapshot(&self, ticket: Ticket, request: SnapshotRequest) {
        self.snapshots.ask(ticket, (ticket, request));
    }
}
