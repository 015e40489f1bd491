//! The terminal assembled: the appliance decides, workers obey, the socket is told.

use super::album::Album;
use super::files;
use super::inbox::{Inbox, Message};
use super::log;
use super::net::Net;
use super::sparing::Sparing;
use crate::api::command::{Reply, Ticket};
use crate::api::event::Object;
use crate::api::notice::Notice;
use crate::api::plan::Effect;
use crate::appliance::{Appliance, Input, Output};
use crate::control::{EventLog, View, Window};
use crate::device::load::LoadMeter;
use crate::device::{self, DeviceError, Fault, Wake, clock};
use crate::flow::Notices;
use crate::flow::far_end::{Ear, far_end};
use crate::flow::frame::SelfView;
use crate::flow::lane::Sender;
use crate::flow::net::Dialer;
use crate::flow::volume::VolumeBoard;
use crate::flow::wishes::Wishes;
use crate::flow::worker::Pulse;
use crate::image::Turn;
use crate::media::{Span, Time};
use crate::panel::Panel;
use crate::player::{self, Loudspeaker, Player, Source, SpeakerOpener};
use crate::pusher::{self, Mounted, Pusher, Target};
use crate::screen::{DisplayOpener, Screen};
use crate::settings::board::CameraDriver;
use crate::settings::player::SoundMode;
use crate::settings::pusher::Position;
use crate::settings::{Board, Settings};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use tokio::sync::oneshot;

/// How often what the socket tells is brought up to date when nothing happens.
const REFRESH: Span = Span::secs(1);

/// What the terminal shows and plays on.
pub struct Outputs {
    pub display: DisplayOpener,
    pub speaker: SpeakerOpener,
}

/// Screen and loudspeakers as the board profile says.
pub fn outputs(board: &Board) -> Outputs {
    let (display, speakers) = (board.display.clone(), board.speaker.clone());
    Outputs {
        display: Box::new(move || display.as_ref().map_or_else(|| Err(absent("display")), device::open_display)),
        speaker: Arc::new(move |mode| {
            let driver = match mode {
                SoundMode::Speaker => &speakers.speaker,
                SoundMode::Ear => &speakers.ear,
            };
            driver.as_ref().map_or_else(|| Err(absent("speaker")), |profile| device::open_speaker(&profile.driver))
        }),
    }
}

fn absent(device: &str) -> DeviceError {
    DeviceError::new(Fault::Missing, device, "the board profile names none")
}

/// The running terminal. Everything but the workers happens on the thread that calls [`Terminal::run`].
pub struct Terminal {
    appliance: Appliance,
    messages: Receiver<Message>,
    bell: Wake,
    pusher: Option<Pusher>,
    players: Vec<Player>,
    volumes: VolumeBoard,
    /// What players and pusher have to do with each other.
    wishes: Wishes,
    screen: Screen,
    /// Buttons and lamps, on a board that has some.
    panel: Option<Panel>,
    answers: HashMap<Ticket, oneshot::Sender<Reply>>,
    ticket: Ticket,
    window: Window,
    events: Arc<EventLog>,
    sparing: Sparing,
    load: LoadMeter,
    /// When the load is looked at again.
    load_due: Time,
    /// Ended after the workers that run on it.
    net: Net,
}

impl Terminal {
    /// Starts every worker; nothing is opened before the appliance asks for it.
    pub fn start(
        settings: Settings,
        board: &Board,
        outputs: Outputs,
        degraded: Vec<String>,
        window: Window,
        events: Arc<EventLog>,
    ) -> io::Result<(Self, Inbox)> {
        let (inbox, messages, bell) = Inbox::new()?;
        let (net, dialer) = (Net::start()?, Dialer::default());
        let seed = fastrand::u64(..);
        let has_pusher = settings.pusher.is_some();
        let ids: Vec<String> = settings.players.iter().map(|player| player.id.clone()).collect();
        let notices = match Album::choose(settings.control.snapshots.as_deref(), files::state_directory().as_deref()) {
            Some(album) => album.keeping(inbox.notices()),
            None => inbox.notices(),
        };
        let (taps, ear) = far_end(ids.len())?;
        let screen = Screen::start(outputs.display, ids.len(), notices.clone())?;
        let own = screen.self_view();
        let wishes = Wishes::new();
        let pusher = has_pusher.then(|| start_pusher(board, own, ear, &wishes, &dialer, &notices, &net)).transpose()?;
        // Each player opens the board's loudspeaker for itself, and the microphone is told of the sound of all.
        let (volumes, mut players) = (VolumeBoard::default(), Vec::new());
        for (number, (id, tap)) in ids.iter().zip(taps).enumerate() {
            let Some(frames) = screen.frames(number) else { break };
            let loudspeaker = Loudspeaker { open: outputs.speaker.clone(), tap, volume: volumes.tap(number) };
            let (video_decoders, wishes) = (device::video_decoders(), wishes.clone());
            let devices = player::Devices { loudspeaker, video_decoders, wishes };
            let player = Player::start(number, id, frames, devices, dialer.clone(), notices.clone(), net.handle())?;
            players.push(player);
        }
        let panel = Panel::start(board, notices)?;
        let appliance = Appliance::new(settings, board, degraded, seed, clock::now());
        let terminal = Self {
            appliance,
            messages,
            bell,
            pusher,
            players,
            volumes,
            wishes,
            screen,
            panel,
            answers: HashMap::new(),
            ticket: 0,
            window,
            events,
            sparing: Sparing::default(),
            load: LoadMeter::default(),
            load_due: Time::default(),
            net,
        };
        Ok((terminal, inbox))
    }

    /// Begins in standby, as it ended; `locked` if a button of the terminal entered it. To be called before it runs.
    pub fn remain_in_standby(&mut self, locked: bool) {
        self.appliance.remain_in_standby(locked, clock::now());
    }

    /// Begins muted, as it ended, where the settings file does not ask for it. To be called before it runs.
    pub fn remain_muted(&mut self) {
        self.appliance.remain_muted(clock::now());
    }

    /// Where servers are spoken to; signals are waited for there too.
    pub fn runtime(&self) -> &tokio::runtime::Handle {
        self.net.handle()
    }

    /// How loud each player is, by its number.
    pub fn volumes(&self) -> VolumeBoard {
        self.volumes.clone()
    }

    /// Every thread that has to go round for the terminal to live.
    pub fn pulses(&self) -> Vec<Pulse> {
        let workers = self.pusher.iter().flat_map(Pusher::pulses);
        let net = Pulse::of_runtime("net", self.net.handle());
        workers
            .chain(self.players.iter().flat_map(Player::pulses))
            .chain([self.screen.pulse()])
            .chain(self.panel.iter().map(Panel::pulse))
            .chain([net])
            .collect()
    }

    /// Runs until a shutdown is complete. `idle` is called at least once a second, with the time.
    pub fn run(&mut self, mut idle: impl FnMut(Time)) {
        loop {
            let now = clock::now();
            while let Ok(message) = self.messages.try_recv() {
                match message {
                    Message::Notice(notice) => self.hear(notice, now),
                    Message::Order(command, answer) => {
                        self.ticket += 1;
                        self.answers.insert(self.ticket, answer);
                        self.appliance.handle(Input::Command(self.ticket, command), now);
                    }
                }
            }
            self.weigh(now);
            self.appliance.handle(Input::Time, now);
            // Whoever gets an answer or hears of an event, and looks, finds the state it led to.
            self.show(now);
            let (mut replies, mut exit) = (Vec::new(), false);
            while let Some(output) = self.appliance.poll() {
                match output {
                    Output::Effect(Effect::Exit) => exit = true,
                    Output::Effect(Effect::Reply { ticket, reply }) => replies.push((ticket, reply)),
                    Output::Effect(effect) => self.carry_out(effect),
                    Output::Happened(happening) => {
                        if let Some(now_written) = self.sparing.take(&happening, now) {
                            log::happening(&now_written, 0);
                        }
                        self.events.publish(happening, now);
                    }
                }
            }
            if !replies.is_empty() {
                // What the workers have let pass until they had their orders is counted.
                self.show(now);
            }
            for (ticket, reply) in replies {
                if let Some(answer) = self.answers.remove(&ticket) {
                    // Who asked may be gone.
                    let _ = answer.send(reply);
                }
            }
            if exit {
                return;
            }
            self.sparing.due(now).iter().for_each(|(happening, more)| log::happening(happening, *more));
            idle(now);
            let refresh = now + REFRESH;
            self.bell.wait(Some(self.appliance.deadline().map_or(refresh, |at| at.min(refresh))));
        }
    }

    /// Looks once a second at what all this costs.
    fn weigh(&mut self, now: Time) {
        if now >= self.load_due {
            self.load_due = now + REFRESH;
            let (cpu, temperature) = self.load.read();
            self.appliance.handle(Input::Notice(Notice::Load { cpu, temperature }), now);
        }
    }

    fn hear(&mut self, notice: Notice, now: Time) {
        if let Notice::WorkerRestarted { worker } = notice {
            tracing::warn!("the thread {worker} failed and was started again");
        }
        self.appliance.handle(Input::Notice(notice), now);
    }

    fn carry_out(&mut self, effect: Effect) {
        let pusher = self.pusher.as_ref();
        match (effect, pusher) {
            (Effect::Push(plan), Some(pusher)) => pusher.apply(plan),
            (Effect::Connect { session, url, signing }, Some(pusher)) => {
                pusher.connect(session, Target { url, signing });
            }
            (Effect::Disconnect { session }, Some(pusher)) => pusher.disconnect(session),
            (Effect::Snapshot { ticket, object: Object::Pusher, request }, Some(pusher)) => {
                pusher.snapshot(ticket, request);
            }
            (Effect::Snapshot { ticket, object: Object::Player(id), request }, _) => {
                let number = self.appliance.player_settings().position(|settings| settings.id == id);
                number.into_iter().for_each(|number| self.screen.snapshot(number, ticket, request));
            }
            (Effect::Screen(plan), _) => self.screen.apply(plan),
            (Effect::Play { player, plan }, _) => self.with(player, |player| player.apply(plan)),
            (Effect::PlayConnect { player, session, url, patience }, _) => {
                self.with(player, |player| player.connect(session, Source { url, patience }));
            }
            (Effect::PlayDisconnect { player, session }, _) => self.with(player, |player| player.disconnect(session)),
            (Effect::Light(lamps), _) => self.panel.iter().for_each(|panel| panel.light(lamps.clone())),
            (Effect::Note { trouble, words, since }, _) => {
                let after = since.map(|since| format!(" (after {})", clock::now() - since)).unwrap_or_default();
                match trouble {
                    true => tracing::warn!("{words}{after}"),
                    false => tracing::info!("{words}{after}"),
                }
            }
            _ => {}
        }
    }

    fn with(&self, player: usize, act: impl FnOnce(&Player)) {
        if let Some(player) = self.players.get(player) {
            act(player);
        }
    }

    fn show(&self, now: Time) {
        let mut status = self.appliance.status(now);
        status.open_devices = device::held::open_devices();
        if let (Some(it), Some(pusher)) = (&mut status.pusher, &self.pusher) {
            let counts = pusher.counts();
            (it.net.pictures_from_camera, it.net.pictures_from_card) = (counts.camera, counts.card);
            let counts = self.wishes.counts();
            (it.net.idr_wishes, it.net.idrs_on_request) = (counts.wished, counts.on_request);
        }
        self.window.show(View {
            status,
            pusher: self.appliance.pusher_settings().cloned(),
            muted_by_file: self.appliance.muted_by_file(),
            players: self.appliance.player_settings().cloned().collect(),
            screen: self.appliance.screen_settings(),
        });
    }
}

fn start_pusher(
    board: &Board,
    own: Sender<SelfView>,
    ear: Ear,
    wishes: &Wishes,
    dialer: &Dialer,
    notices: &Notices,
    net: &Net,
) -> io::Result<Pusher> {
    let (cameras, microphone) = (board.camera.clone(), board.microphone.clone());
    let turn = |driver: &Option<CameraDriver>| driver.as_ref().map_or(Turn::None, mount);
    let mounted = Mounted { front: turn(&cameras.front), back: turn(&cameras.back) };
    let devices = pusher::Devices {
        camera: Box::new(move |position, size, fps| {
            let driver = match position {
                Position::Front => &cameras.front,
                Position::Back => &cameras.back,
            };
            driver.as_ref().map_or_else(|| Err(absent("camera")), |driver| device::open_camera(driver, size, fps))
        }),
        mounted,
        microphone: Box::new(move || {
            microphone.as_ref().map_or_else(|| Err(absent("microphone")), device::open_microphone)
        }),
        video_encoders: device::video_encoders(),
        sound_encoder: Arc::new(device::sound_encoder),
        folder: files::state_directory(),
    };
    Pusher::start(devices, own, ear, wishes.clone(), dialer.clone(), notices.clone(), net.handle())
}

/// How a camera's picture has to be turned to stand upright.
fn mount(driver: &CameraDriver) -> Turn {
    let (CameraDriver::V4l2 { mount_rotation, .. }
    | CameraDriver::Pipe { mount_rotation, .. }
    | CameraDriver::TestCard { mount_rotation, .. }) = driver;
    Turn::from_degrees(*mount_rotation as i32).unwrap_or_default()
}
