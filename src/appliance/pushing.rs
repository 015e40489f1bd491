//! The rules of the way up: what is open, what is sent, and what is said about it.

mod image;
mod plan;
mod status;
mod switch;
mod waiting;

use super::camera::CameraState;
use super::encoders::Encoders;
use super::microphone::MicrophoneState;
use super::quality::Quality;
use super::session::{Codes, Session, Step};
use super::{Output, refuse};
use crate::api::card::Card;
use crate::api::code;
use crate::api::command::{PusherCommand, Refusal};
use crate::api::event::{Happening, Object};
use crate::api::notice::{Notice, PushNews};
use crate::api::plan::{Effect, PushPlan, SelfViewPlan};
use crate::api::status::{DeviceState, PushStats, SessionState, WaitingImageStatus};
use crate::media::{Size, Span, Time};
use crate::settings::board::DisplayDriver;
use crate::settings::pusher::{LocalMirror, Position};
use crate::settings::screen::Language;
use crate::settings::{Board, PusherSettings};
use image::Image;
use serde_json::{Value, json};

static CODES: Codes = Codes {
    connected: code::PUSH_EVT_CONNECT_SUCC,
    reconnect: code::PUSH_WARNING_RECONNECT,
    disconnect: code::PUSH_ERR_NET_DISCONNECT,
    dns: code::PUSH_WARNING_DNS_FAIL,
    connect: code::PUSH_WARNING_SEVER_CONN_FAIL,
    handshake: code::PUSH_WARNING_SHAKE_FAIL,
    server: Some(code::PUSH_WARNING_SERVER_DISCONNECT),
    broken: Some(code::PUSH_WARNING_READ_WRITE_FAIL),
};

/// See the module's head.
#[derive(Debug)]
pub struct Pushing {
    settings: PusherSettings,
    board: Board,
    /// The terminal plays something that can echo.
    loudspeaker: bool,
    pub(super) session: Session,
    camera: CameraState,
    /// How many times a camera was asked for, and the number under which the one that is to be open was.
    asks: u64,
    asked: u64,
    /// The camera that delivered until the other one was asked for, and its number.
    switching_from: Option<(Position, u64)>,
    image: Image,
    microphone: MicrophoneState,
    paused: bool,
    /// The camera is to be seen on the local screen.
    preview: bool,
    standby: bool,
    /// Of what stands on the card that is sent.
    language: Language,
    mute_switch: bool,
    /// Since when the waiting image is held in standby or pause.
    held_since: Option<Time>,
    /// The hold ran out; the session begins again when the reason for it ends.
    suspended: bool,
    busy: bool,
    plan: Option<PushPlan>,
    stats: PushStats,
    waiting: WaitingImageStatus,
    /// Sizes in which the camera's picture and the card were last seen to be sent.
    sent_sizes: (Size, Option<Size>),
    quality: Quality,
    encoders: Encoders,
    outputs: Vec<Output>,
}

impl Pushing {
    /// A pusher that does nothing yet; `loudspeaker`: the terminal plays something that can echo; `seed` varies its
    /// retry delays.
    pub fn new(settings: PusherSettings, board: &Board, loudspeaker: bool, seed: u64, now: Time) -> Self {
        let mut this = Self {
            board: board.clone(),
            loudspeaker,
            session: Session::new(&CODES, seed, now),
            camera: CameraState::new(),
            asks: 0,
            asked: 0,
            switching_from: None,
            image: Image::new(settings.zoom),
            microphone: MicrophoneState::default(),
            paused: false,
            preview: false,
            standby: false,
            language: Language::default(),
            mute_switch: false,
            held_since: None,
            suspended: false,
            busy: false,
            plan: None,
            stats: PushStats::default(),
            waiting: WaitingImageStatus::default(),
            sent_sizes: (Size::default(), None),
            quality: Quality::default(),
            encoders: Encoders::default(),
            outputs: Vec::new(),
            settings,
        };
        if this.settings.autopush && this.settings.url.is_some() {
            this.session.start(now);
        }
        this.settle(now);
        this
    }

    /// Writes in this language from now on.
    pub fn speak(&mut self, language: Language, now: Time) {
        if std::mem::replace(&mut self.language, language) != language {
            self.settle(now);
        }
    }

    /// Takes what is to be done and said.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    pub fn settings(&self) -> &PusherSettings {
        &self.settings
    }

    /// Nothing is connected any more.
    pub fn closed(&self) -> bool {
        !self.session.open()
    }

    /// When [`Pushing::tick`] has something to do.
    pub fn deadline(&self) -> Option<Time> {
        [self.session.deadline(), self.camera.deadline(), self.hold_until()].into_iter().flatten().min()
    }

    /// Time passed.
    pub fn tick(&mut self, now: Time) {
        self.session.tick(now);
        if let Some((code, detail)) = self.camera.tick(now) {
            self.happened(code, detail);
        }
        if let Some(since) = self.held_since.filter(|_| self.hold_until().is_some_and(|at| at <= now)) {
            self.suspended = true;
            self.session.stop(now);
            self.happened(code::PUSH_WARNING_HANDUP_STOP, json!({ "held-s": (now - since).as_millis() / 1000 }));
        }
        self.settle(now);
    }

    /// When the waiting image has been held long enough, by the property as it is now.
    fn hold_until(&self) -> Option<Time> {
        let hold = self.settings.waiting_image_hold;
        self.held_since.filter(|_| hold > 0).map(|since| since + Span::secs(hold.into()))
    }

    /// A link came up.
    pub fn hurry(&mut self, now: Time) {
        self.session.hurry(now);
        self.tick(now);
    }

    /// Enters or leaves standby.
    pub fn set_standby(&mut self, on: bool, now: Time) {
        self.standby = on;
        self.wake_up(now);
        self.settle(now);
    }

    /// A switch on the terminal silences it, whatever the properties say.
    pub fn set_mute_switch(&mut self, on: bool, now: Time) {
        self.mute_switch = on;
        self.settle(now);
    }

    /// Ends for good.
    pub fn shut_down(&mut self, now: Time) {
        self.stop(now);
        self.settle(now);
    }

    /// Nothing is to be sent until it is started again, whatever ends.
    fn stop(&mut self, now: Time) {
        self.suspended = false;
        self.session.stop(now);
    }

    /// Obeys an order; `Err` says why it changed nothing. Snapshots are the caller's.
    pub fn command(&mut self, command: &PusherCommand, now: Time) -> Result<(), Refusal> {
        match command {
            PusherCommand::Start if self.settings.url.is_none() => {
                return Err(refuse(Object::Pusher, "not-configured", "url", "pusher.url is not set"));
            }
            PusherCommand::Start => {
                self.suspended = false;
                self.session.start(now);
            }
            PusherCommand::Stop => self.stop(now),
            PusherCommand::Pause => self.paused = true,
            PusherCommand::Resume => {
                self.paused = false;
                self.wake_up(now);
            }
            PusherCommand::SwitchCamera => {
                let other = match self.settings.device_position {
                    Position::Front => Position::Back,
                    Position::Back => Position::Front,
                };
                self.switch_to(other)?;
            }
            PusherCommand::StartPreview if matches!(self.board.display, None | Some(DisplayDriver::None)) => {
                return Err(refuse(
                    Object::Pusher,
                    "no-display",
                    "",
                    "this board has no [display] to show the camera on",
                ));
            }
            PusherCommand::StartPreview => self.preview = true,
            PusherCommand::StopPreview => self.preview = false,
            PusherCommand::SetZoom(zoom) => self.order_zoom(*zoom)?,
            PusherCommand::Patch(changes) => {
                return self.take_settings(self.settings.patched(changes)?, now);
            }
            PusherCommand::Snapshot(_) => {}
        }
        self.settle(now);
        Ok(())
    }

    /// Takes over `changed` settings, all of them or, with the reason, none.
    pub fn take_settings(&mut self, changed: PusherSettings, now: Time) -> Result<(), Refusal> {
        if changed.device_position != self.settings.device_position {
            self.switch_to(changed.device_position)?;
        }
        if changed.zoom != self.settings.zoom {
            self.image.set_zoom(changed.zoom);
        }
        let moved = changed.url != self.settings.url;
        self.settings = changed;
        match (moved, self.settings.url.is_some()) {
            (true, true) => self.session.restart(now),
            (true, false) => self.stop(now),
            _ => {}
        }
        self.settle(now);
        Ok(())
    }

    /// Listens to the workers.
    pub fn handle(&mut self, notice: &Notice, now: Time) {
        match notice {
            Notice::Camera { position, asked, news } => self.camera_news((*position, *asked), news, now),
            Notice::Optics(position, optics) => self.image.optics(*position, *optics),
            Notice::Looks { wanted, in_effect } => self.looks_news(*wanted, *in_effect),
            // The last words of a worker that was told to stop are nobody's business any more.
            Notice::VideoEncoder(_) | Notice::SoundEncoder(_) if !self.session.wanted() => {}
            Notice::Microphone(news) => self.microphone.handle(news),
            Notice::WaitingImage(status) => self.waiting_news(status),
            Notice::VideoEncoder(error) => self.happened_if(|this| this.encoders.video_failed(error)),
            Notice::VideoEncoderSwitched { from, to, hardware } => {
                let detail = json!({ "from": from, "to": to });
                if *hardware {
                    self.happened(code::PUSH_WARNING_HW_ACCELERATION_FAIL, detail.clone());
                }
                self.happened(code::PUSH_WARNING_SWITCH_SWENC, detail);
            }
            Notice::SoundEncoder(error) => self.happened_if(|this| this.encoders.sound_failed(error)),
            Notice::Push { session, news } if self.session.is_current(*session, matches!(news, PushNews::Ended(_))) => {
                match news {
                    PushNews::Connected => self.session.connected(),
                    PushNews::Publishing => {
                        self.session.established(now);
                        let plan = self.plan.as_ref();
                        let size = plan.map_or_else(String::new, |plan| plan.size.to_string());
                        self.flush();
                        self.happened(code::PUSH_EVT_PUSH_BEGIN, json!({ "size": size, "fps": self.settings.fps }));
                    }
                    PushNews::Ended(end) => {
                        self.set_busy(false);
                        self.session.ended(end, self.settings.on_give_up, now);
                    }
                }
            }
            Notice::NetBusy(busy) if self.session.state() == SessionState::Live => self.set_busy(*busy),
            Notice::Target { from, to } if self.session.state() == SessionState::Live => {
                self.target_changed(*from, *to);
            }
            Notice::PushStats(stats) => {
                self.encoders.worked(stats);
                self.quality.pushed(stats);
                self.size_news(stats);
                self.stats = stats.clone();
            }
            _ => {}
        }
        self.settle(now);
    }

    /// Leaving standby or pause brings a suspended session back.
    fn wake_up(&mut self, now: Time) {
        if self.suspended && !self.standby && !self.paused {
            self.suspended = false;
            self.session.start(now);
        }
    }

    /// Its picture is wanted on the local screen.
    pub fn previews(&self) -> bool {
        self.preview
    }

    /// How the camera is to be seen on the local screen, if it is.
    pub fn self_view(&self) -> Option<SelfViewPlan> {
        let front = self.settings.device_position == Position::Front;
        let mirror = match self.settings.local_mirror {
            LocalMirror::Auto => front,
            LocalMirror::Enable => true,
            LocalMirror::Disable => false,
        };
        let card = (self.camera.status().state == DeviceState::Lost).then_some(Card::NoCamera);
        self.plan.as_ref().is_some_and(|plan| plan.self_view).then_some(SelfViewPlan { mirror, card })
    }

    /// Brings plan, hold and outputs in line with the state; called after every change.
    fn settle(&mut self, now: Time) {
        let active = self.session.wanted();
        let position = self.settings.device_position;
        let open = (active || self.preview) && self.settings.enable_camera && !self.standby && self.has(position);
        if open {
            if self.camera.opening(now) {
                self.ask();
            }
        } else {
            self.camera.closed();
            self.switching_from = None;
        }
        let on_hold = active && (self.standby || self.paused);
        self.held_since = on_hold.then(|| self.held_since.unwrap_or(now));
        self.flush();
        let plan = self.wanted_plan(active, open.then_some(position));
        self.happened_if(|this| this.microphone.event(plan.microphone));
        if self.plan.as_ref() != Some(&plan) {
            self.plan = Some(plan.clone());
            self.outputs.push(Output::Effect(Effect::Push(plan)));
        }
    }

    /// Turns the session's steps into outputs.
    fn flush(&mut self) {
        for step in self.session.take_steps() {
            match step {
                Step::Connect { session } => {
                    let (url, signing) = (self.settings.url.clone().unwrap_or_default(), self.settings.signing.clone());
                    self.outputs.push(Output::Effect(Effect::Connect { session, url, signing }));
                }
                Step::Disconnect { session } => {
                    self.outputs.push(Output::Effect(Effect::Disconnect { session }));
                    self.set_busy(false);
                }
                Step::Happened(code, detail) => self.happened(code, detail),
            }
        }
    }

    /// Tells of a network that is too slow, and that it is not any more; of a session that ends, too.
    fn set_busy(&mut self, busy: bool) {
        if std::mem::replace(&mut self.busy, busy) != busy {
            self.happened(code::PUSH_WARNING_NET_BUSY, json!({ "busy": busy }));
        }
    }

    fn happened_if(&mut self, what: impl FnOnce(&mut Self) -> Option<(&'static code::Code, Value)>) {
        if let Some((code, detail)) = what(self) {
            self.happened(code, detail);
        }
    }

    fn happened(&mut self, code: &'static code::Code, detail: Value) {
        self.outputs.push(Output::Happened(Happening { object: Object::Pusher, code, detail }));
    }
}
