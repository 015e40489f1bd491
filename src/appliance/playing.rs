//! The rules of one way down: connect, play, lose, come back, and what is said about it.

mod status;

use super::absence::{Absence, Scene};
use super::quality::Quality;
use super::screen::Screen;
use super::session::{Codes, Session, Step};
use super::{Output, closed_or_absent, refuse};
use crate::api::code;
use crate::api::command::{Direction, PlayerCommand, Refusal};
use crate::api::event::{Happening, Object};
use crate::api::notice::{Cause, End, PlayNews, Why};
use crate::api::plan::{Effect, PlayPlan};
use crate::api::status::{DeviceStatus, PlayStats};
use crate::media::{Span, Time};
use crate::settings::{Board, PlayerSettings};
use serde_json::{Value, json};

static CODES: Codes = Codes {
    connected: code::PLAY_EVT_CONNECT_SUCC,
    reconnect: code::PLAY_WARNING_RECONNECT,
    disconnect: code::PLAY_ERR_NET_DISCONNECT,
    dns: code::PLAY_WARNING_DNS_FAIL,
    connect: code::PLAY_WARNING_SEVER_CONN_FAIL,
    handshake: code::PLAY_WARNING_SHAKE_FAIL,
    server: None,
    broken: None,
};

/// A warning about the same trouble is repeated at most this often.
const QUIET: Span = Span::secs(1);

/// See the module's head.
#[derive(Debug)]
pub struct Playing {
    number: usize,
    board: Board,
    settings: PlayerSettings,
    session: Session,
    screen: Screen,
    /// Somebody asked for a pause.
    paused: bool,
    absence: Absence,
    /// It was told to be a small picture.
    small: bool,
    full_screen: Option<Direction>,
    standby: bool,
    loading: bool,
    /// The decoder of pictures in use, and why no picture of the stream can be shown; empty when neither is.
    decoder: &'static str,
    unplayable: String,
    /// When each repeated warning of the session was last said, by code number.
    said: Vec<(i32, Time)>,
    plan: Option<PlayPlan>,
    stats: PlayStats,
    quality: Quality,
    speaker: DeviceStatus,
    outputs: Vec<Output>,
}

impl Playing {
    /// Player number `number`, doing nothing yet; `seed` varies its retry delays.
    pub fn new(number: usize, settings: PlayerSettings, board: &Board, seed: u64, now: Time) -> Self {
        let mut this = Self {
            number,
            board: board.clone(),
            session: Session::new(&CODES, seed, now),
            screen: Screen::default(),
            paused: false,
            absence: Absence::default(),
            small: false,
            full_screen: None,
            standby: false,
            loading: false,
            decoder: "",
            unplayable: String::new(),
            said: Vec::new(),
            plan: None,
            stats: PlayStats::default(),
            quality: Quality::default(),
            speaker: closed_or_absent(board.has_loudspeaker()),
            outputs: Vec::new(),
            settings,
        };
        if this.settings.autoplay && this.settings.src.is_some() {
            this.session.start(now);
        }
        this.settle();
        this
    }

    /// Takes what is to be done and said.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    pub fn settings(&self) -> &PlayerSettings {
        &self.settings
    }

    /// Its loudspeaker.
    pub fn speaker(&self) -> &DeviceStatus {
        &self.speaker
    }

    /// Its loudspeaker is like this now; returns how it was.
    pub fn set_speaker(&mut self, speaker: DeviceStatus) -> DeviceStatus {
        std::mem::replace(&mut self.speaker, speaker)
    }

    /// Nothing is connected any more.
    pub fn closed(&self) -> bool {
        !self.session.open()
    }

    /// When [`Playing::tick`] has something to do.
    pub fn deadline(&self) -> Option<Time> {
        self.session.deadline().into_iter().chain(self.screen.deadline()).min()
    }

    /// Time passed.
    pub fn tick(&mut self, now: Time) {
        self.session.tick(now);
        self.screen.tick(now);
        self.settle();
    }

    /// A link came up.
    pub fn hurry(&mut self, now: Time) {
        self.session.hurry(now);
        self.tick(now);
    }

    /// Enters or leaves standby.
    pub fn set_standby(&mut self, on: bool) {
        self.standby = on;
        self.settle();
    }

    /// Ends for good.
    pub fn shut_down(&mut self, now: Time) {
        self.screen.leave();
        self.session.stop(now);
        self.settle();
    }

    /// Obeys an order; `Err` says why it changed nothing. Snapshots are the caller's.
    pub fn command(&mut self, command: &PlayerCommand, now: Time) -> Result<(), Refusal> {
        match command {
            PlayerCommand::Play if self.settings.src.is_none() => {
                return Err(refuse(self.object(), "not-configured", "src", "the player's src is not set"));
            }
            PlayerCommand::Play => {
                self.go_on();
                if !self.session.wanted() {
                    self.screen.start();
                }
                self.session.start(now);
            }
            PlayerCommand::Stop => {
                self.set_full_screen(None);
                self.loading = false;
                self.screen.stop();
                self.session.stop(now);
            }
            PlayerCommand::Pause => self.paused = true,
            PlayerCommand::Resume => self.go_on(),
            PlayerCommand::Mute => self.settings.muted = true,
            PlayerCommand::Unmute => self.settings.muted = false,
            PlayerCommand::Patch(changes) => {
                self.take_settings(self.settings.patched(changes)?, now);
            }
            PlayerCommand::RequestFullScreen(direction) => {
                if self.small {
                    self.absence.close();
                    self.absence.lift();
                }
                self.set_full_screen(Some(*direction));
            }
            PlayerCommand::ExitFullScreen => self.set_full_screen(None),
            PlayerCommand::ExitPictureInPicture => self.absence.close(),
            PlayerCommand::Snapshot(_) => {}
        }
        self.settle();
        Ok(())
    }

    /// Plays on, whatever kept it from it.
    fn go_on(&mut self) {
        self.paused = false;
        self.absence.lift();
    }

    /// The user interface is there now. A page that is not in front has no picture that fills the screen.
    pub fn enter(&mut self, scene: Scene, page_left: bool) {
        self.absence.enter(scene);
        if page_left {
            self.set_full_screen(None);
        }
        self.settle();
    }

    /// Fills the screen, or no longer.
    pub fn set_full_screen(&mut self, wanted: Option<Direction>) {
        let before = std::mem::replace(&mut self.full_screen, wanted);
        if before != wanted {
            let direction = wanted.unwrap_or_default().degrees();
            let detail = json!({ "direction": direction, "fullScreen": wanted.is_some() });
            self.happened(code::FULL_SCREEN_CHANGE, detail);
        }
    }

    /// Takes over `changed` settings.
    pub fn take_settings(&mut self, changed: PlayerSettings, now: Time) {
        let moved = changed.src != self.settings.src;
        self.settings = changed;
        match (moved, self.settings.src.is_some()) {
            (true, true) => {
                self.screen.start();
                self.session.restart(now);
            }
            (true, false) => {
                self.screen.stop();
                self.session.stop(now);
            }
            _ => {}
        }
        self.settle();
    }

    /// News of session `session` from the workers.
    pub fn handle(&mut self, session: u64, news: &PlayNews, now: Time) {
        if !self.session.is_current(session, matches!(news, PlayNews::Ended(_))) {
            return;
        }
        self.screen.handle(news, now);
        match news {
            PlayNews::Connected => self.session.connected(),
            PlayNews::StreamBegin => {
                self.session.established(now);
                self.happened(code::PLAY_EVT_RTMP_STREAM_BEGIN, json!({}));
            }
            PlayNews::FirstIdr => self.happened(code::PLAY_EVT_RCV_FIRST_I_FRAME, json!({})),
            PlayNews::DecoderStarted(name) => {
                self.decoder = name;
                self.happened(code::PLAY_EVT_START_VIDEO_DECODER, json!({ "decoder": name }));
            }
            PlayNews::DecoderSwitched { from, to, reason } => {
                self.decoder = to;
                let detail = json!({ "from": from, "to": to, "reason": reason });
                self.happened(code::PLAY_WARNING_HW_ACCELERATION_FAIL, detail);
            }
            PlayNews::Unplayable(it) => {
                self.unplayable.clone_from(&it.words);
                let detail = json!({ "codec": it.codec, "reason": it.words });
                match it.why {
                    Why::Codec => self.happened(code::PLAY_ERR_HEVC_DECODE_FAIL, detail),
                    Why::TooLarge | Why::Format => self.happened(code::PLAY_WARNING_VIDEO_DECODE_FAIL, detail),
                }
            }
            PlayNews::Resolution(size) => {
                self.unplayable.clear();
                let detail = json!({ "width": size.width, "height": size.height });
                self.happened(code::PLAY_EVT_CHANGE_RESOLUTION, detail);
            }
            PlayNews::PlayBegin | PlayNews::Loading(false) => {
                self.loading = false;
                self.happened(code::PLAY_EVT_PLAY_BEGIN, json!({}));
            }
            PlayNews::Loading(true) => {
                self.loading = true;
                self.happened(code::PLAY_EVT_PLAY_LOADING, json!({}));
            }
            PlayNews::DataLag => self.warn(code::PLAY_WARNING_RECV_DATA_LAG, json!({}), now),
            PlayNews::PlayLag => self.warn(code::PLAY_WARNING_VIDEO_PLAY_LAG, json!({}), now),
            PlayNews::Discontinuity => self.warn(code::PLAY_WARNING_VIDEO_DISCONTINUITY, json!({}), now),
            PlayNews::VideoDecodeFailed(reason) => {
                self.warn(code::PLAY_WARNING_VIDEO_DECODE_FAIL, json!({ "reason": reason }), now);
            }
            PlayNews::SoundDecodeFailed(reason) => {
                self.warn(code::PLAY_WARNING_AUDIO_DECODE_FAIL, json!({ "reason": reason }), now);
            }
            PlayNews::Switched(silence) => self.session.switched(*silence),
            PlayNews::StreamEnded => {
                self.loading = true;
                self.nothing_decoded();
                self.happened(code::PLAY_EVT_PLAY_END, json!({}));
            }
            PlayNews::NothingLive => self.session.nothing_live(),
            PlayNews::Ended(end) => {
                self.loading = self.session.wanted();
                self.nothing_decoded();
                self.session.ended(end, self.settings.on_give_up, now);
            }
        }
        self.settle();
    }

    /// What the stream said of itself is lost: it is asked for anew, over another connection.
    pub fn stream_lost(&mut self, now: Time) {
        if let Some(session) = self.session.abandon() {
            let words = "an internal error of the player lost the beginning of the stream".into();
            self.handle(session, &PlayNews::Ended(End { cause: Cause::Broken, words }), now);
        }
    }

    /// The figures of the last second.
    pub fn set_stats(&mut self, stats: PlayStats) {
        self.quality.played(&stats);
        self.stats = stats;
    }

    fn object(&self) -> Object {
        Object::Player(self.settings.id.clone())
    }

    fn nothing_decoded(&mut self) {
        self.decoder = "";
        self.unplayable.clear();
    }

    fn warn(&mut self, code: &'static code::Code, detail: Value, now: Time) {
        match self.said.iter_mut().find(|(number, _)| *number == code.number) {
            Some((_, at)) if now - *at < QUIET => return,
            Some((_, at)) => *at = now,
            None => self.said.push((code.number, now)),
        }
        self.happened(code, detail);
    }

    /// Brings plan and outputs in line with the state; called after every change.
    fn settle(&mut self) {
        // Before the connection that it is for: what comes first of a stream is not to find it at rest.
        let (sound_mode, volume) = self.settings.output(&self.board);
        let plan = PlayPlan {
            active: self.session.wanted(),
            mode: self.settings.mode,
            paused: self.rests().next().is_some(),
            muted: self.muted(),
            sound_mode,
            volume,
            min_cache: Span::micros((self.settings.min_cache * 1e6) as i64),
            max_cache: Span::micros((self.settings.max_cache * 1e6) as i64),
        };
        if self.plan.as_ref() != Some(&plan) {
            self.plan = Some(plan.clone());
            self.outputs.push(Output::Effect(Effect::Play { player: self.number, plan }));
        }
        for step in self.session.take_steps() {
            let player = self.number;
            match step {
                Step::Connect { session } => {
                    self.nothing_decoded();
                    self.said.clear();
                    let url = self.settings.src.clone().unwrap_or_default();
                    let patience = self.session.patience();
                    self.outputs.push(Output::Effect(Effect::PlayConnect { player, session, url, patience }));
                }
                Step::Disconnect { session } => {
                    self.nothing_decoded();
                    self.outputs.push(Output::Effect(Effect::PlayDisconnect { player, session }));
                }
                Step::Happened(code, detail) => self.happened(code, detail),
            }
        }
        let small = self.session.wanted() && self.absence.small(&self.settings);
        if std::mem::replace(&mut self.small, small) != small {
            let code = if small { code::ENTER_PICTURE_IN_PICTURE } else { code::LEAVE_PICTURE_IN_PICTURE };
            self.happened(code, json!({}));
        }
    }

    fn happened(&mut self, code: &'static code::Code, detail: Value) {
        self.screen.happened(code.number);
        self.outputs.push(Output::Happened(Happening { object: self.object(), code, detail }));
    }
}
