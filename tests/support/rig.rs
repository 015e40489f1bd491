//! A player on devices that remember, its news in the order they came, and a runtime for its network.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use visavis::api::notice::{Notice, PlayNews};
use visavis::api::plan::{PictureSource, PlayPlan, PlayerView, PushPlan, ScreenPlan};
use visavis::api::status::PlayStats;
use visavis::device::synthetic::{Meter, MeteredDisplay, MeteredSpeaker, NullDisplay, TestCard, ToneMicrophone};
use visavis::device::{
    DeviceError, Display, Speaker, VideoDecoderDriver, Wake, clock, sound_encoder, video_decoders, video_encoders,
};
use visavis::flow::Notices;
use visavis::flow::far_end::far_end;
use visavis::flow::net::Dialer;
use visavis::flow::volume::VolumeBoard;
use visavis::flow::wishes::Wishes;
use visavis::media::{PictureView, Size, SoundFormat, Span, Time};
use visavis::player::{Loudspeaker, Player, SpeakerOpener};
use visavis::pusher::{Mounted, Pusher, Target};
use visavis::screen::{self, DisplayOpener};
use visavis::settings::PusherSettings;
use visavis::settings::pusher::Position;

/// What a rig shows and plays on.
pub struct Devices {
    pub display: DisplayOpener,
    pub speaker: SpeakerOpener,
}

/// A running player and everything it tells, shows and plays.
pub struct Rig {
    pub player: Player,
    pub screen: screen::Screen,
    pub meter: Meter,
    /// Sizes of the pictures shown.
    pub sizes: Arc<Mutex<Vec<Size>>>,
    /// Samples played, 48 kHz mono.
    pub samples: Arc<Mutex<Vec<i16>>>,
    pub notices: Notices,
    /// The thread of this name fails when it has something to tell.
    pub failing: Arc<Mutex<Option<&'static str>>>,
    /// Shared by its player and its own sender.
    pub wishes: Wishes,
    told: Receiver<Notice>,
    /// Everything told so far.
    pub news: Vec<PlayNews>,
    pub stats: Vec<PlayStats>,
    pub others: Vec<Notice>,
    pub handle: tokio::runtime::Handle,
    /// Its end is the end of the network's thread.
    _net: tokio::sync::oneshot::Sender<()>,
}

struct Screen(MeteredDisplay, Arc<Mutex<Vec<Size>>>);

impl Display for Screen {
    fn size(&self) -> Option<Size> {
        self.0.size()
    }
    fn show(&mut self, picture: PictureView<'_>, wake: &Wake) -> Result<Option<Time>, DeviceError> {
        self.1.lock().unwrap().push(picture.size);
        self.0.show(picture, wake)
    }
}

/// A loudspeaker that keeps what it is given.
struct Tape(Arc<Mutex<Vec<i16>>>);

impl Speaker for Tape {
    fn format(&self) -> SoundFormat {
        SoundFormat::CALL
    }
    fn write(&mut self, samples: &[i16]) -> Result<usize, DeviceError> {
        self.0.lock().unwrap().extend_from_slice(samples);
        Ok(samples.len())
    }
    fn wait(&mut self, _: &Wake, _: Option<Time>) -> Result<(), DeviceError> {
        Ok(())
    }
    fn delay(&mut self) -> Result<Span, DeviceError> {
        Ok(Span::ZERO)
    }
    fn clocked(&self) -> bool {
        false
    }
    fn take_underruns(&mut self) -> u64 {
        0
    }
}

/// Opens a screen that measures and remembers.
pub fn screen(meter: &Meter, sizes: &Arc<Mutex<Vec<Size>>>) -> DisplayOpener {
    let (meter, sizes) = (meter.clone(), Arc::clone(sizes));
    Box::new(move || {
        let metered = MeteredDisplay::new(Box::new(NullDisplay), meter.clone());
        Ok(Box::new(Screen(metered, Arc::clone(&sizes))))
    })
}

/// Opens a loudspeaker that measures and remembers.
pub fn tape(meter: &Meter, samples: &Arc<Mutex<Vec<i16>>>) -> SpeakerOpener {
    let (meter, samples) = (meter.clone(), Arc::clone(samples));
    Arc::new(move |_| {
        let tape = Box::new(Tape(Arc::clone(&samples)));
        Ok(Box::new(MeteredSpeaker::new(tape, meter.clone())))
    })
}

/// A sound card made of a clock: takes 30 ms ahead, plays 48 kHz mono.
pub struct Card {
    tape: Tape,
    /// When everything it was given is played; before the first sample nothing runs dry.
    end: Option<Time>,
    underruns: Arc<AtomicU64>,
    told: u64,
}

impl Card {
    const ROOM: Span = Span::millis(30);

    /// A card that plays onto `samples` and counts how often it had nothing.
    pub fn new(samples: &Arc<Mutex<Vec<i16>>>, underruns: &Arc<AtomicU64>) -> Self {
        Self { tape: Tape(Arc::clone(samples)), end: None, underruns: Arc::clone(underruns), told: 0 }
    }
}

impl Speaker for Card {
    fn format(&self) -> SoundFormat {
        SoundFormat::CALL
    }
    fn write(&mut self, samples: &[i16]) -> Result<usize, DeviceError> {
        let now = clock::now();
        let dry = self.end.is_some_and(|end| end < now);
        self.underruns.fetch_add(u64::from(dry), Ordering::Relaxed);
        let end = self.end.map_or(now, |end| end.max(now));
        let count = SoundFormat::CALL.values_in((now + Self::ROOM) - end).min(samples.len());
        self.end = Some(end + SoundFormat::CALL.span_of(count));
        self.tape.write(&samples[..count])
    }
    fn wait(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<(), DeviceError> {
        let room = self.end.map(|end| end - Span::millis(20));
        wake.wait(deadline.into_iter().chain(room).min());
        Ok(())
    }
    fn delay(&mut self) -> Result<Span, DeviceError> {
        Ok(self.end.map_or(Span::ZERO, |end| end - clock::now()).max(Span::ZERO))
    }
    fn clocked(&self) -> bool {
        true
    }
    fn take_underruns(&mut self) -> u64 {
        let counted = self.underruns.load(Ordering::Relaxed);
        counted - std::mem::replace(&mut self.told, counted)
    }
}

impl Rig {
    /// A player that obeys `plan` and is not connected.
    pub fn start(plan: PlayPlan) -> Self {
        Self::decoding_with(video_decoders(), plan)
    }

    /// A player that decodes pictures with these.
    pub fn decoding_with(video_decoders: Vec<VideoDecoderDriver>, plan: PlayPlan) -> Self {
        Self::made_of(video_decoders, plan, |meter, sizes, samples| Devices {
            display: screen(meter, sizes),
            speaker: tape(meter, samples),
        })
    }

    /// A player on devices that are made of what the rig remembers.
    pub fn start_with(
        plan: PlayPlan,
        devices: impl FnOnce(&Meter, &Arc<Mutex<Vec<Size>>>, &Arc<Mutex<Vec<i16>>>) -> Devices,
    ) -> Self {
        Self::made_of(video_decoders(), plan, devices)
    }

    fn made_of(
        video_decoders: Vec<VideoDecoderDriver>,
        plan: PlayPlan,
        devices: impl FnOnce(&Meter, &Arc<Mutex<Vec<Size>>>, &Arc<Mutex<Vec<i16>>>) -> Devices,
    ) -> Self {
        let (meter, sizes, samples) = (Meter::new(), Arc::default(), Arc::default());
        let (tell, told) = channel();
        let tell = Mutex::new(tell);
        let failing: Arc<Mutex<Option<&'static str>>> = Arc::default();
        let fails = failing.clone();
        let notices: Notices = Arc::new(move |notice| {
            let name = std::thread::current().name().map(str::to_owned);
            let fails = fails.lock().unwrap().take_if(|thread| Some(*thread) == name.as_deref());
            assert!(fails.is_none(), "on purpose");
            drop(tell.lock().unwrap().send(notice));
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || drop(runtime.block_on(stopped)));
        let devices = devices(&meter, &sizes, &samples);
        let screen = screen::Screen::start(devices.display, 1, notices.clone()).unwrap();
        screen.apply(ScreenPlan {
            players: vec![PlayerView { active: plan.active, ..PlayerView::NONE }],
            ..ScreenPlan::default()
        });
        let frames = screen.frames(0).unwrap();
        let (tap, volume) = (far_end(1).unwrap().0.remove(0), VolumeBoard::default().tap(0));
        let loudspeaker = Loudspeaker { open: devices.speaker, tap, volume };
        let wishes = Wishes::new();
        let devices = visavis::player::Devices { loudspeaker, video_decoders, wishes: wishes.clone() };
        let player = Player::start(0, "test", frames, devices, Dialer::default(), notices.clone(), &handle).unwrap();
        player.apply(plan);
        Self {
            player,
            screen,
            meter,
            sizes,
            samples,
            notices,
            failing,
            wishes,
            told,
            news: vec![],
            stats: vec![],
            others: vec![],
            handle,
            _net: stop,
        }
    }

    /// Listens until `done` says so.
    ///
    /// # Panics
    /// It takes longer than 15 seconds.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let limit = Instant::now() + Duration::from_secs(15);
        while !done(self) {
            assert!(Instant::now() < limit, "{what}: not within 15 s; told {:?}, {:?}", self.news, self.others);
            match self.told.recv_timeout(Duration::from_millis(20)) {
                Ok(Notice::Play { news, .. }) => self.news.push(news),
                Ok(Notice::PlayStats { stats, .. }) => self.stats.push(stats),
                Ok(other) => self.others.push(other),
                Err(_) => {}
            }
        }
    }

    /// Forgets what was told and played so far: a long test would fill the memory with it.
    pub fn forget(&mut self) {
        self.samples.lock().unwrap().clear();
        self.sizes.lock().unwrap().clear();
        (self.news, self.stats, self.others) = (vec![], vec![], vec![]);
    }

    /// Pictures shown so far.
    pub fn shown(&self) -> usize {
        self.sizes.lock().unwrap().len()
    }
}

/// Our own sender to `url`: test card and tone with marks in them, 640x360 at 30, on devices changed by `change`.
pub fn caller(rig: &Rig, url: &str, change: impl FnOnce(&mut visavis::pusher::Devices)) -> Pusher {
    caller_of(rig, url, sending(), change)
}

/// The same, as `plan` says.
pub fn caller_of(rig: &Rig, url: &str, plan: PushPlan, change: impl FnOnce(&mut visavis::pusher::Devices)) -> Pusher {
    let mut devices = visavis::pusher::Devices {
        camera: Box::new(|_, size, fps| Ok(Box::new(TestCard::open(1, size, fps)?))),
        mounted: Mounted::default(),
        microphone: Box::new(|| Ok(Box::new(ToneMicrophone::open()))),
        video_encoders: video_encoders(),
        sound_encoder: Arc::new(sound_encoder),
        folder: None,
    };
    change(&mut devices);
    let (own, ear, wishes) = (rig.screen.self_view(), far_end(0).unwrap().1, rig.wishes.clone());
    let (dialer, notices) = (Dialer::default(), rig.notices.clone());
    let pusher = Pusher::start(devices, own, ear, wishes, dialer, notices, &rig.handle).unwrap();
    pusher.apply(plan);
    pusher.connect(1, Target { url: url.into(), signing: None });
    pusher
}

/// What [`caller`] sends.
pub fn sending() -> PushPlan {
    PushPlan {
        active: true,
        camera: Some(Position::Front),
        microphone: true,
        silent: false,
        picture: PictureSource::Camera,
        size: Size::new(640, 360),
        fps: 30,
        rates: PusherSettings {
            video_width: Some(640),
            video_height: Some(360),
            fps: 30,
            max_bitrate: 500,
            ..PusherSettings::default()
        }
        .rates(),
        ..PushPlan::IDLE
    }
}

/// A program that ends with its test.
pub struct Running(pub Child);

impl Running {
    /// ffmpeg with `arguments`, split at spaces.
    pub fn ffmpeg(arguments: &str) -> Self {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error"]).args(arguments.split_whitespace());
        Self(command.stdout(Stdio::null()).spawn().expect("ffmpeg is not installed"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
