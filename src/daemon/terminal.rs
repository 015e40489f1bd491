//! The terminal assembled: the appliance decides, workers obey, the socket is told.

use super::inbox::{Inbox, Message};
use super::net::Net;
use crate::api::command::{Reply, Ticket};
use crate::api::event::Object;
use crate::api::notice::Notice;
use crate::api::plan::Effect;
use crate::appliance::{Appliance, Input, Output};
use crate::control::{EventLog, View, Window};
use crate::device::{self, DeviceError, Display, Fault, Speaker, Wake, clock};
use crate::flow::Notices;
use crate::flow::net::Dialer;
use crate::image::Turn;
use crate::media::{Span, Time};
use crate::player::{self, Player};
use crate::pusher::{Mounted, Pusher};
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

/// Opens screens and loudspeakers; the demo puts its meters around them.
pub struct Outputs {
    pub display: Box<dyn Fn() -> Result<Box<dyn Display>, DeviceError> + Send>,
    pub speaker: Box<dyn Fn(SoundMode) -> Result<Box<dyn Speaker>, DeviceError> + Send>,
}

impl Outputs {
    /// What the board profile says.
    pub fn of(board: &Board) -> Self {
        let (display, speakers) = (board.display.clone(), board.speaker.clone());
        Self {
            display: Box::new(move || match &display {
                Some(driver) => device::open_display(driver),
                None => Err(absent("display")),
            }),
            speaker: Box::new(move |mode| {
                let driver = match mode {
                    SoundMode::Speaker => &speakers.speaker,
                    SoundMode::Ear => &speakers.ear,
                };
                driver.as_ref().map_or_else(|| Err(absent("speaker")), device::open_speaker)
            }),
        }
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
    answers: HashMap<Ticket, oneshot::Sender<Reply>>,
    ticket: Ticket,
    window: Window,
    events: Arc<EventLog>,
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
        let (has_pusher, player_count) = (settings.pusher.is_some(), settings.players.len());
        let ids: Vec<String> = settings.players.iter().map(|player| player.id.clone()).collect();
        let appliance = Appliance::new(settings, board, degraded, seed, clock::now());
        let notices = inbox.notices();
        let pusher = has_pusher.then(|| start_pusher(board, &dialer, &notices, &net)).transpose()?;
        let mut outputs = Some(outputs);
        let players = ids
            .into_iter()
            .take(player_count)
            .enumerate()
            .filter_map(|(number, id)| Some((number, id, outputs.take()?)))
            .map(|(number, id, outputs)| {
                let devices = player::Devices { display: outputs.display, speaker: outputs.speaker };
                Player::start(number, &id, devices, dialer.clone(), notices.clone(), net.handle())
            })
            .collect::<io::Result<Vec<_>>>()?;
        let terminal = Self {
            appliance,
            messages,
            bell,
            pusher,
            players,
            answers: HashMap::new(),
            ticket: 0,
            window,
            events,
            net,
        };
        Ok((terminal, inbox))
    }

    /// Where servers are spoken to; signals are waited for there too.
    pub fn runtime(&self) -> &tokio::runtime::Handle {
        self.net.handle()
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
            self.appliance.handle(Input::Time, now);
            while let Some(output) = self.appliance.poll() {
                match output {
                    Output::Effect(Effect::Exit) => return,
                    Output::Effect(effect) => self.carry_out(effect),
                    Output::Happened(happening) => {
                        let code = happening.code;
                        tracing::info!(object = %happening.object, code = code.number, detail = %happening.detail, "{}", code.words);
                        self.events.publish(happening, now);
                    }
                }
            }
            self.show(now);
            idle(now);
            let refresh = now + REFRESH;
            self.bell.wait(Some(self.appliance.deadline().map_or(refresh, |at| at.min(refresh))));
        }
    }

    fn hear(&mut self, notice: Notice, now: Time) {
        if let Notice::WorkerRestarted { worker } = notice {
            tracing::warn!(worker, "failed and was started again");
        }
        self.appliance.handle(Input::Notice(notice), now);
    }

    fn carry_out(&mut self, effect: Effect) {
        let pusher = self.pusher.as_ref();
        match (effect, pusher) {
            (Effect::Push(plan), Some(pusher)) => pusher.apply(plan),
            (Effect::Connect { session, url }, Some(pusher)) => pusher.connect(session, url),
            (Effect::Disconnect { session }, Some(pusher)) => pusher.disconnect(session),
            (Effect::Snapshot { ticket, object: Object::Pusher, request }, Some(pusher)) => {
                pusher.snapshot(ticket, request);
            }
            (Effect::Snapshot { ticket, object: Object::Player(id), request }, _) => {
                let number = self.appliance.player_settings().position(|settings| settings.id == id);
                if let Some(player) = number.and_then(|number| self.players.get(number)) {
                    player.snapshot(ticket, request);
                }
            }
            (Effect::Play { player, plan }, _) => self.with(player, |player| player.apply(plan)),
            (Effect::PlayConnect { player, session, url }, _) => {
                self.with(player, |player| player.connect(session, url));
            }
            (Effect::PlayDisconnect { player, session }, _) => self.with(player, |player| player.disconnect(session)),
            (Effect::Reply { ticket, reply }, _) => {
                // The new state is visible before the answer is.
                self.show(clock::now());
                if let Some(answer) = self.answers.remove(&ticket) {
                    // Who asked may be gone.
                    let _ = answer.send(reply);
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
        self.window.show(View {
            status: self.appliance.status(now),
            pusher: self.appliance.pusher_settings().cloned(),
            players: self.appliance.player_settings().cloned().collect(),
        });
    }
}

fn start_pusher(board: &Board, dialer: &Dialer, notices: &Notices, net: &Net) -> io::Result<Pusher> {
    let (cameras, microphone) = (board.camera.clone(), board.microphone.clone());
    let turn = |driver: &Option<CameraDriver>| driver.as_ref().map_or(Turn::None, mount);
    let mounted = Mounted { front: turn(&cameras.front), back: turn(&cameras.back) };
    Pusher::start(
        Box::new(move |position, size, fps| {
            let driver = match position {
                Position::Front => &cameras.front,
                Position::Back => &cameras.back,
            };
            driver.as_ref().map_or_else(|| Err(absent("camera")), |driver| device::open_camera(driver, size, fps))
        }),
        mounted,
        Box::new(move || microphone.as_ref().map_or_else(|| Err(absent("microphone")), device::open_microphone)),
        dialer.clone(),
        notices.clone(),
        net.handle(),
    )
}

/// How a camera's picture has to be turned to stand upright.
fn mount(driver: &CameraDriver) -> Turn {
    let (CameraDriver::V4l2 { mount_rotation, .. }
    | CameraDriver::Pipe { mount_rotation, .. }
    | CameraDriver::TestCard { mount_rotation, .. }) = driver;
    Turn::from_degrees(*mount_rotation as i32).unwrap_or_default()
}
