//! The thread "show": owns the display, shows each picture at its time, and the newest when several are due.

use super::stats::Gauges;
use super::{Decoded, DisplayOpener, Frame, Plans, RAW_PICTURES, Teller};
use crate::api::card::Card;
use crate::api::command::{SnapshotRequest, SnapshotSource, Ticket};
use crate::api::notice::{DeviceNotice, Notice, PlayNews};
use crate::api::plan::PlayPlan;
use crate::device::{DeviceError, Display, Fault, Wake, clock};
use crate::flow::lane::Receiver;
use crate::flow::worker::Handle;
use crate::flow::{Notices, snapshot};
use crate::image::{Framing, ImageError, Scaler, Turn, draw_card, place};
use crate::media::{PictureView, Size, Span, Time};
use std::collections::VecDeque;
use std::sync::Arc;

/// A picture shown so much after its time is late, and late ones for so long are a stutter.
const LATE: (Span, Span) = (Span::millis(100), Span::millis(500));
/// A screen that is lost is opened again after this: a plug has bounced out by then, and a person waits in front of it.
const REOPEN: Span = Span::millis(500);
/// A picture that comes while a card is wanted is the first of more, and the card is taken away; or it was the last of
/// a stream that is over, and is covered after this.
const STRAY: Span = Span::secs(1);
/// Size of a card where the display takes any.
const CARD: Size = Size::new(640, 360);

/// What the thread owns.
pub struct DisplayWorker {
    pub plans: Plans,
    pub open: DisplayOpener,
    pub frames: Receiver<Frame>,
    pub snapshots: Receiver<(Ticket, SnapshotRequest)>,
    pub gauges: Arc<Gauges>,
    pub notices: Notices,
}

/// The screen while it is wanted.
struct Screen {
    display: Option<Box<dyn Display>>,
    retry: Time,
    teller: Teller,
    waiting: VecDeque<Decoded>,
    /// What is on the screen, or would be if there were one.
    current: Option<Decoded>,
    /// How the current picture was framed, once it was shown, and on which screen.
    shown_as: Option<(Framing, u32)>,
    /// How many screens there were: what was on another is shown again.
    anew: u32,
    card: Option<Card>,
    /// The card has come after the current picture, and lies over it.
    covered: bool,
    /// When the card covers a newer picture after all.
    cover: Option<Time>,
    /// The card that is on the screen, and on which.
    card_shown: Option<(Card, u32)>,
    /// The display was disturbed before it took the current picture.
    disturbed: bool,
    late_since: Option<Time>,
    scaler: Scaler,
}

impl DisplayWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut screen = Screen::new(Teller::new(&self.notices, Notice::Display));
        while !handle.stopped() {
            handle.progressed();
            let plan = self.plans.get();
            screen.heed(plan.card);
            if !plan.active && plan.card.is_none() {
                screen.close();
                self.frames.clear();
                self.answer(&mut screen, &plan);
                handle.bell().wait(None);
                continue;
            }
            if !plan.active {
                screen.forget();
                self.frames.clear();
            }
            screen.open(&self.open, clock::now());
            while let Some(frame) = self.frames.take() {
                screen.take(frame, &self.gauges);
            }
            screen.choose(&self.gauges, clock::now());
            screen.refresh(framing(&plan), handle.bell(), &self.gauges);
            self.answer(&mut screen, &plan);
            let now = clock::now();
            if screen.disturbed {
                // Not to sleep, but to hear whether it is another screen now.
                screen.rest(handle.bell(), Some(now));
            } else if self.frames.is_empty() {
                let deadline = screen.deadline();
                if deadline.is_none_or(|at| at > now) {
                    screen.rest(handle.bell(), deadline);
                }
            }
        }
        screen.close();
    }

    fn answer(&self, screen: &mut Screen, plan: &PlayPlan) {
        while let Some((ticket, request)) = self.snapshots.take() {
            let Screen { current, scaler, display, .. } = screen;
            let view = current.as_ref().and_then(|current| current.picture.view());
            let Some(view) = view else {
                snapshot::refuse(ticket, "no picture was received yet", &self.notices);
                continue;
            };
            let framed = match request.source {
                SnapshotSource::Stream => Ok(view),
                SnapshotSource::View => {
                    let size = display.as_ref().and_then(|display| display.size());
                    fit(scaler, view, size, framing(plan))
                }
            };
            match framed {
                Ok(view) => snapshot::take(view, ticket, request, &self.notices),
                Err(error) => snapshot::refuse(ticket, &error.to_string(), &self.notices),
            }
        }
    }
}

impl Screen {
    fn new(teller: Teller) -> Self {
        Self {
            display: None,
            retry: Time::default(),
            teller,
            waiting: VecDeque::with_capacity(RAW_PICTURES + 1),
            current: None,
            shown_as: None,
            anew: 0,
            card: None,
            covered: false,
            cover: None,
            card_shown: None,
            disturbed: false,
            late_since: None,
            scaler: Scaler::new(),
        }
    }

    fn open(&mut self, open: &DisplayOpener, now: Time) {
        if self.display.is_some() || now < self.retry {
            return;
        }
        match open() {
            Ok(display) => {
                self.display = Some(display);
                self.renew();
            }
            Err(error) => self.lose(error, now),
        }
    }

    fn lose(&mut self, error: DeviceError, now: Time) {
        self.display = None;
        self.retry = now + REOPEN;
        self.teller.tell(DeviceNotice::Lost(error));
    }

    /// Sleeps until there is something to do; a screen that was replaced meanwhile is shown everything again.
    fn rest(&mut self, bell: &Wake, deadline: Option<Time>) {
        let Some(display) = &mut self.display else {
            bell.wait(deadline);
            return;
        };
        match display.wait(bell, deadline) {
            Ok(false) => {}
            Ok(true) => self.renew(),
            Err(error) => self.lose(error, clock::now()),
        }
    }

    /// Another screen, or the same in another way: everything is shown again.
    fn renew(&mut self) {
        self.anew = self.anew.wrapping_add(1);
        if let Some(display) = &self.display {
            self.teller.tell(DeviceNotice::Opened { words: display.words() });
        }
    }

    fn close(&mut self) {
        self.display = None;
        self.retry = Time::default();
        self.forget();
        self.scaler = Scaler::new();
        self.teller.tell(DeviceNotice::Closed);
    }

    /// Nothing of the stream is to be seen any longer.
    fn forget(&mut self) {
        self.waiting.clear();
        self.current = None;
    }

    /// Takes over the card of the plan: it covers what is there, until it is taken away or a newer picture comes.
    fn heed(&mut self, card: Option<Card>) {
        if self.card == card {
            return;
        }
        (self.card, self.cover) = (card, None);
        if std::mem::replace(&mut self.covered, card.is_some()) && card.is_none() {
            self.anew = self.anew.wrapping_add(1);
        }
    }

    fn take(&mut self, frame: Frame, gauges: &Gauges) {
        match frame {
            Frame::Picture(picture) => {
                if self.waiting.len() > RAW_PICTURES {
                    self.waiting.pop_front();
                    gauges.overtaken();
                }
                self.waiting.push_back(picture);
            }
            Frame::Blank => self.forget(),
        }
    }

    /// Makes the newest picture that is due the current one.
    fn choose(&mut self, gauges: &Gauges, now: Time) {
        while self.waiting.front().is_some_and(|picture| picture.due <= now) {
            if self.current.is_some() && self.shown_as.is_none() && self.display.is_some() {
                gauges.overtaken();
            }
            self.current = self.waiting.pop_front();
            self.shown_as = None;
            self.covered = false;
            self.cover = self.card.map(|_| now + STRAY);
        }
        if self.cover.is_some_and(|at| at <= now) {
            (self.covered, self.cover) = (true, None);
        }
    }

    /// When there is something to do without being rung.
    fn deadline(&self) -> Option<Time> {
        let picture = self.waiting.front().map(|picture| picture.due);
        let retry = self.display.is_none().then_some(self.retry);
        picture.into_iter().chain(retry).chain(self.cover).min()
    }

    /// Shows the current picture unless it is on the screen already, framed as it should be.
    fn refresh(&mut self, framing: Framing, bell: &Wake, gauges: &Gauges) {
        self.disturbed = false;
        let Some(display) = &mut self.display else { return };
        if let Some(card) = self.card.filter(|_| self.covered || self.current.is_none()) {
            let wanted = Some((card, self.anew));
            if self.card_shown != wanted {
                match show_card(display.as_mut(), card, bell) {
                    Ok(Some(_)) => self.card_shown = wanted,
                    Ok(None) => self.disturbed = true,
                    Err(error) => self.lose(error, clock::now()),
                }
            }
            return;
        }
        let shown_as = Some((framing, self.anew));
        let Some(current) = self.current.as_ref().filter(|_| self.shown_as != shown_as) else { return };
        let again = self.shown_as.is_some();
        let Some(view) = current.picture.view() else { return };
        let size = display.size();
        let placed = size.filter(|_| framing.turn == Turn::None).and_then(|size| place(view.size, size, framing).ok());
        let direct = placed.is_some_and(|placed| display.takes(view.size, placed));
        let view = match if direct { Ok(view) } else { fit(&mut self.scaler, view, size, framing) } {
            Ok(view) => view,
            Err(error) => {
                self.shown_as = shown_as;
                current.session.trouble(PlayNews::VideoDecodeFailed(error.to_string()));
                return;
            }
        };
        match display.show(view, bell) {
            Ok(Some(at)) => {
                let first = !matches!(self.teller.last, Some(DeviceNotice::FirstFrame));
                self.shown_as = shown_as;
                self.card_shown = None;
                if first {
                    self.teller.tell(DeviceNotice::FirstFrame);
                }
                if !again {
                    gauges.presented(at, current.decoded, current.captured);
                    current.session.shown();
                    if at - current.due <= LATE.0 {
                        self.late_since = None;
                    } else if at - *self.late_since.get_or_insert(at) >= LATE.1 {
                        current.session.trouble(PlayNews::PlayLag);
                    }
                }
            }
            // The bell rang first: there is a newer picture, or an order.
            Ok(None) => self.disturbed = true,
            Err(error) if error.fault == Fault::Damaged => {
                tracing::debug!(%error, "picture not shown");
                self.shown_as = shown_as;
            }
            Err(error) => self.lose(error, clock::now()),
        }
    }
}

fn framing(plan: &PlayPlan) -> Framing {
    let turn = if plan.turned { Turn::Quarter } else { Turn::None };
    Framing { fit: plan.fit, turn, mirror: false, zoom: 1.0 }
}

/// The picture as a display of `size` wants it; one that takes any size gets the stream's.
fn fit<'a>(
    scaler: &'a mut Scaler,
    view: PictureView<'a>,
    size: Option<Size>,
    framing: Framing,
) -> Result<PictureView<'a>, ImageError> {
    let own = if framing.turn.swaps() { view.size.turned() } else { view.size };
    if size.unwrap_or(own) == view.size && framing.turn == Turn::None {
        return Ok(view);
    }
    scaler.compose(view, size.unwrap_or(own), framing)
}

/// Shows a card as large as the display is.
fn show_card(display: &mut dyn Display, card: Card, bell: &Wake) -> Result<Option<Time>, DeviceError> {
    let size = display.size().unwrap_or(CARD);
    let mut bytes = Vec::new();
    let drawn = draw_card(size, card.words(), &mut bytes).ok();
    // A screen on which no card can be drawn keeps what it has.
    match drawn.and_then(|()| PictureView::new(size, size.width as usize, &bytes)) {
        Some(view) => display.show(view, bell),
        None => Ok(Some(clock::now())),
    }
}
