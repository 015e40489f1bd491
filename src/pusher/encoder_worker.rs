//! The thread "venc": takes the newest picture (or the waiting card), fits it in one pass, encodes it.

use super::encoder_choice::{Consequence, EncoderChoice};
use super::gate::Gate;
use super::pace::Pace;
use super::stamps::{Life, Stamps};
use super::touch_up::TouchUp;
use super::waiting::{CARD_STEP, Ready, STILL_FPS, card_size};
use super::{Captured, CodedPicture, Live, Plans, Uplink, Uplinks};
use crate::api::card::Text;
use crate::api::command::{SnapshotRequest, SnapshotSource, Ticket};
use crate::api::fault::DeviceError;
use crate::api::notice::Notice;
use crate::api::plan::{PictureSource, PushPlan};
use crate::device::{self, Encoded, VideoEncoder, VideoEncoding, clock, wall};
use crate::flow::choice::Switch;
use crate::flow::lane::{Receiver, Sender};
use crate::flow::wishes::Wishes;
use crate::flow::worker::Handle;
use crate::flow::{Notices, snapshot};
use crate::h264::word::Word;
use crate::h264::{avcc, nal};
use crate::image::{self, Framing, Scaler};
use crate::media::{PictureView, Size, Span, Time};
use crate::settings::policy::Aim;
use crate::settings::pusher::Position;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the thread owns.
pub struct EncoderWorker {
    pub plans: Plans,
    pub live: Live,
    pub uplink: Uplinks,
    pub raw: Receiver<Captured>,
    /// What may be encoded, and queued after that.
    pub gate: Gate,
    /// The waiting image that takes the place of the built-in card.
    pub waiting: Ready,
    pub coded: Sender<CodedPicture>,
    pub snapshots: Receiver<(Ticket, SnapshotRequest)>,
    /// The send queue lost a picture: the next one must be an IDR.
    pub idr_wish: Arc<AtomicBool>,
    /// What others wish for, and what this terminal says to them.
    pub wishes: Wishes,
    pub choice: EncoderChoice,
    pub notices: Notices,
}

/// What is in a picture; a change of it begins with an IDR.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Camera(Position),
    /// A still picture: which one (0 = the built-in card), and with which quantiser.
    Card {
        number: u64,
        step: u8,
    },
}

impl Source {
    fn step(self) -> Option<u8> {
        match self {
            Source::Camera(_) => None,
            Source::Card { step, .. } => Some(step),
        }
    }
}

/// A picture as the encoder gets it.
#[derive(Clone, Copy)]
struct Shot<'a> {
    source: Source,
    view: PictureView<'a>,
    captured: Time,
    /// When the camera's lane was emptied for it.
    taken: Time,
}

/// The encoder and what belongs to one session of it.
struct Encoding {
    session: u64,
    pace: Pace,
    stamps: Stamps,
    encoder: Option<Box<dyn VideoEncoder>>,
    /// The size, and the fixed quantiser of a still picture.
    built_for: (Size, Option<u8>),
    /// Target rate and frame rate last set.
    rate: (u32, u32),
    source: Option<Source>,
    /// Of the gate.
    era: u64,
    last_at: Time,
    rebuild_at: Time,
    annex_b: Vec<u8>,
    framed: Vec<u8>,
    losses: u64,
}

impl EncoderWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut encoding: Option<Encoding> = None;
        let mut scaler = Scaler::new();
        let mut touch_up = TouchUp::default();
        let mut card = Card::default();
        let mut card_due = Time::default();
        while !handle.stopped() {
            handle.progressed();
            let plan = self.plans.get();
            let Some(session) = self.live.get().filter(|_| plan.active) else {
                encoding = None;
                self.raw.clear();
                self.refuse_snapshots();
                handle.bell().wait(None);
                continue;
            };
            if encoding.as_ref().is_none_or(|now| now.session != session) {
                encoding = Some(Encoding::new(session));
            }
            let Some(now) = &mut encoding else { continue };
            let uplink = self.uplink.get();
            // What could not leave is not made: the newest picture is taken when there is room.
            if !uplink.open && self.snapshots.is_empty() {
                handle.bell().wait(None);
                continue;
            }
            if let PictureSource::Card(text) = plan.picture {
                self.raw.clear();
                let taken = clock::now();
                if taken < card_due {
                    handle.bell().wait(Some(card_due));
                    continue;
                }
                // On a grid, so that the time between two IDRs is exact.
                let period = Span::secs(1) / i64::from(STILL_FPS);
                let at = if taken - card_due > period { taken } else { card_due };
                card_due = at + period;
                let waiting = self.waiting.get();
                let (view, source) = match &*waiting {
                    Some(still) => (still.view(), Source::Card { number: still.number, step: still.step }),
                    None => (card.draw(card_size(plan.size), text), Source::Card { number: 0, step: CARD_STEP }),
                };
                if let Some(view) = view {
                    self.encode(now, &plan, &uplink, Shot { source, view, captured: at, taken });
                    self.take_snapshots(view, false);
                }
                continue;
            }
            card_due = Time::default();
            let Some(captured) = self.raw.take() else {
                handle.bell().wait(None);
                continue;
            };
            let (taken, lost) = (clock::now(), self.raw.lost());
            now.losses += captured.losses;
            if !now.pace.takes(captured.picture.captured, uplink.target.fps) {
                continue;
            }
            let framing = Framing { turn: captured.turn, mirror: plan.mirror, zoom: captured.zoom, ..Framing::FILL };
            match scaler.scale(&captured.picture, uplink.target.size, framing) {
                Ok(view) => {
                    let view = touch_up.apply(view, plan.looks, &self.notices);
                    let source = Source::Camera(captured.position);
                    let shot = Shot { source, view, captured: captured.picture.captured, taken };
                    if self.encode(now, &plan, &uplink, shot) {
                        let (spent, overtaken) = (clock::now() - taken, self.raw.lost() - lost);
                        let other_way = plan.local_mirror.mirrors(captured.position) != plan.mirror;
                        self.take_snapshots(view, other_way);
                        touch_up.done(spent, overtaken);
                    }
                }
                Err(error) => {
                    now.losses += 1;
                    tracing::debug!(%error, "picture dropped");
                }
            }
        }
    }

    /// Encodes a picture and puts it into the lane; false when it may not be sent any more.
    fn encode(&mut self, now: &mut Encoding, plan: &PushPlan, uplink: &Uplink, shot: Shot<'_>) -> bool {
        let Some(era) = self.gate.enter(shot.source.step().is_none()) else { return false };
        if shot.taken < now.rebuild_at || !uplink.open {
            return true;
        }
        // A new era begins with an IDR: what it would refer to was dropped.
        if std::mem::replace(&mut now.era, era) != era {
            now.source = None;
        }
        let at = clock::now();
        // A still picture is dear: its IDRs come by its own clock.
        let on_request = shot.source.step().is_none() && self.wishes.due(uplink.limited, at);
        let force = self.idr_wish.swap(false, Ordering::AcqRel) || on_request;
        match now.encode(&self.choice, plan, uplink.target, shot, force, self.wishes.word(at)) {
            Ok(Some(coded)) => {
                if coded.idr {
                    self.wishes.made(on_request, at);
                }
                if let Some(_pass) = self.gate.pass(coded.from_camera, coded.era) {
                    self.coded.put_unit(coded);
                }
            }
            Ok(None) => {}
            Err(error) => {
                now.encoder = None;
                let Consequence { rebuild_at, switch } = self.choice.failed(clock::now());
                now.rebuild_at = rebuild_at;
                (self.notices)(Notice::VideoEncoder(error));
                if let Some(Switch { from, to, hardware }) = switch {
                    (self.notices)(Notice::VideoEncoderSwitched { from, to, hardware });
                }
            }
        }
        true
    }

    /// Answers who waits for a picture with `view`; `other_way`: this terminal's own screen shows it mirrored to that.
    fn take_snapshots(&self, view: PictureView<'_>, other_way: bool) {
        while let Some((ticket, request)) = self.snapshots.take() {
            let mirror = other_way && request.source == SnapshotSource::View;
            match Scaler::new().compose(view, view.size, Framing { mirror, ..Framing::CONTAIN }) {
                Ok(view) => snapshot::take(view, ticket, request, &self.notices),
                Err(error) => snapshot::refuse(ticket, &error.to_string(), &self.notices),
            }
        }
    }

    fn refuse_snapshots(&self) {
        while let Some((ticket, _)) = self.snapshots.take() {
            snapshot::refuse(ticket, "nothing is being sent: start the pusher first", &self.notices);
        }
    }
}

/// The waiting card, drawn once for each size and text.
#[derive(Default)]
struct Card {
    size: Size,
    text: Text,
    pixels: Vec<u8>,
}

impl Card {
    fn draw(&mut self, size: Size, text: Text) -> Option<PictureView<'_>> {
        if (self.size, self.text) != (size, text) {
            image::draw_card(size, text.into(), &mut self.pixels).ok()?;
            (self.size, self.text) = (size, text);
        }
        PictureView::new(size, size.width as usize, &self.pixels)
    }
}

impl Encoding {
    fn new(session: u64) -> Self {
        Self {
            session,
            pace: Pace::new(clock::now()),
            stamps: Stamps::default(),
            encoder: None,
            built_for: (Size::default(), None),
            rate: (0, 0),
            source: None,
            era: 0,
            last_at: Time::default(),
            rebuild_at: Time::default(),
            annex_b: Vec::new(),
            framed: Vec::new(),
            losses: 0,
        }
    }

    /// Encodes one picture; `None` when the rate control skipped it.
    fn encode(
        &mut self,
        choice: &EncoderChoice,
        plan: &PushPlan,
        target: Aim,
        shot: Shot<'_>,
        force: bool,
        word: Option<Word>,
    ) -> Result<Option<CodedPicture>, DeviceError> {
        let Shot { source, view, captured, taken } = shot;
        let (rate, wanted) = ((target.kbps, target.fps), (view.size, source.step()));
        if self.built_for != wanted {
            self.encoder = None;
        }
        if self.encoder.is_none() {
            self.source = None;
        }
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            none => {
                (self.built_for, self.rate) = (wanted, rate);
                none.insert(match wanted {
                    (size, None) => choice.build(VideoEncoding { size, fps: rate.1, bitrate_kbps: rate.0 })?,
                    (size, Some(step)) => device::still_encoder(size, STILL_FPS, step)?,
                })
            }
        };
        if self.rate != rate && source.step().is_none() {
            encoder.set_rate(rate.0, rate.1)?;
            self.rate = rate;
        }
        // The card is stamped when it is drawn and may be younger than the camera's next picture.
        let at = captured.max(self.last_at + Span::millis(1));
        let due = match source {
            Source::Camera(_) => self.pace.idr_due(at, plan.rates.policy.gop),
            Source::Card { .. } => self.pace.still_idr_due(at),
        };
        let force = force || self.source != Some(source) || due;
        let Encoded::Unit { idr } = encoder.encode(view, at, force, &mut self.annex_b)? else {
            self.losses += 1;
            return Ok(None);
        };
        (self.source, self.last_at) = (Some(source), at);
        if idr {
            self.pace.idr_made(at);
        }
        let contents = nal::to_length_prefixed(&self.annex_b, nal::ParameterSets::Drop, &mut self.framed);
        let config = match (contents.sps, contents.pps) {
            (Some(sps), Some(pps)) => avcc::record(sps, pps).ok(),
            _ => None,
        };
        let encoded = clock::now();
        let life = Life { captured: at, taken, encoded };
        Ok(Some(CodedPicture {
            data: self.stamps.sent(&self.framed, idr, life, word, wall::clocks),
            idr,
            config,
            size: view.size,
            session: self.session,
            captured: at,
            taken,
            encoded,
            from_camera: source.step().is_none(),
            era: self.era,
            losses: std::mem::take(&mut self.losses),
        }))
    }
}
