//! The thread "show": owns the display, keeps it open while something is wanted on it, and shows what has changed.

use super::DisplayOpener;
use super::layout::{Part, Place, Shapes, USUAL, direction, places};
use super::panels::Panels;
use super::sketch::{Mark, Models, Sketch, own_framing};
use super::surface::{Sight, Surface};
use crate::api::card::Card;
use crate::api::command::{SnapshotRequest, SnapshotSource, Ticket};
use crate::api::notice::{DeviceNotice, Notice};
use crate::api::plan::{PlayerView, ScreenPlan, SelfViewPlan};
use crate::device::{DeviceError, Display, Fault, Wake, clock};
use crate::flow::frame::SelfView;
use crate::flow::lane::Receiver;
use crate::flow::shared::Shared;
use crate::flow::teller::Teller;
use crate::flow::worker::Handle;
use crate::flow::{Notices, snapshot};
use crate::image::{CardText, Framing, Scaler, Turn, place};
use crate::media::{Size, Span, Time};
use crate::settings::player::ObjectFit;

/// A screen that is lost is opened again after this: a plug has bounced out by then, and a person waits in front of it.
const REOPEN: Span = Span::millis(500);
/// The terminal's own picture is renewed together with a player's, unless that one has not come for so long.
const RIDE: Span = Span::millis(100);
/// Pictures of several players are shown together when they come within so much of each other: no screen shows more.
const BREATH: Span = Span::millis(16);
/// Size of what is shown where the display takes any and there is no picture.
const CARD: Size = Size::new(640, 360);

/// What the thread owns.
pub struct ScreenWorker {
    pub plans: Shared<ScreenPlan>,
    pub open: DisplayOpener,
    pub surfaces: Vec<Surface>,
    pub own: Receiver<SelfView>,
    pub snapshots: Receiver<(usize, Ticket, SnapshotRequest)>,
    pub notices: Notices,
}

/// The display while it is wanted.
struct Showing {
    display: Option<Box<dyn Display>>,
    retry: Time,
    teller: Teller,
    sketch: Sketch,
    own: Option<SelfView>,
    own_card: Option<Card>,
    own_changes: u64,
    /// How many screens there were: what was on another is shown again.
    anew: u32,
    /// What lies over everything.
    panels: Panels,
    /// What is on the screen, on which, and over it.
    shown: Option<(u32, Vec<Mark>, u64)>,
    /// When a player's picture was shown last.
    played: Time,
    /// The terminal's own picture waits for a player's until then.
    rides_until: Option<Time>,
    /// The display was disturbed before it took what is to be shown.
    disturbed: bool,
}

impl ScreenWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut showing = Showing::new(Teller::new(&self.notices, Notice::Display));
        while !handle.stopped() {
            handle.progressed();
            let plan = self.plans.get();
            let views = plan.players.iter().copied().chain(std::iter::repeat(PlayerView::NONE));
            self.surfaces.iter_mut().zip(views).for_each(|(surface, view)| surface.heed(view));
            let wanted = plan.self_view.is_some() || plan.players.iter().any(|view| view.active || view.card.is_some());
            if !wanted {
                showing.close();
                self.own.clear();
                self.answer(&mut showing);
                handle.bell().wait(None);
                continue;
            }
            showing.open(&self.open, clock::now());
            showing.take_own(self.own.take(), plan.self_view);
            let (open, now) = (showing.display.is_some(), clock::now());
            self.surfaces.iter_mut().for_each(|surface| surface.gather(open, now));
            showing.refresh(&plan, &mut self.surfaces, handle.bell());
            self.answer(&mut showing);
            let now = clock::now();
            if showing.disturbed {
                // Not to sleep, but to hear whether it is another screen now.
                showing.rest(handle.bell(), Some(now));
            } else if !self.surfaces.iter().any(Surface::has_news) && self.own.is_empty() {
                let due = self.surfaces.iter().filter_map(Surface::deadline).chain(showing.deadline()).min();
                if due.is_none_or(|at| at > now) {
                    showing.rest(handle.bell(), due);
                }
            }
        }
        showing.close();
    }

    fn answer(&self, showing: &mut Showing) {
        while let Some((player, ticket, request)) = self.snapshots.take() {
            let surface = self.surfaces.get(player);
            let picture = surface.and_then(|surface| surface.picture().zip(Some(surface.framing())));
            let Some((view, framing)) = picture.and_then(|(timed, framing)| timed.picture.view().zip(Some(framing)))
            else {
                snapshot::refuse(ticket, "no picture was received yet", &self.notices);
                continue;
            };
            let native = showing.display.as_ref().and_then(|display| display.size());
            let size = native.unwrap_or(framing.turn.of(view.size));
            let alone = |marks: &[Mark]| matches!(marks, [mark] if !mark.corner);
            let several = showing.shown.as_ref().is_some_and(|(_, marks, _)| !alone(marks));
            let mut scaler = Scaler::new();
            let framed = match (request.source, showing.sketch.composed().filter(|_| several)) {
                (SnapshotSource::Stream, _) => Ok(view),
                (SnapshotSource::View, Some(composed)) => Ok(composed),
                (SnapshotSource::View, None) => scaler.compose(view, size, framing),
            };
            match framed {
                Ok(view) => snapshot::take(view, ticket, request, &self.notices),
                Err(error) => snapshot::refuse(ticket, &error.to_string(), &self.notices),
            }
        }
    }
}

impl Showing {
    fn new(teller: Teller) -> Self {
        Self {
            display: None,
            retry: Time::default(),
            teller,
            sketch: Sketch::default(),
            own: None,
            own_card: None,
            own_changes: 0,
            anew: 0,
            panels: Panels::default(),
            shown: None,
            played: Time::default(),
            rides_until: None,
            disturbed: false,
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
        let teller = Teller::clone(&self.teller);
        *self = Self { anew: self.anew, ..Self::new(teller) };
        self.teller.tell(DeviceNotice::Closed);
    }

    /// Takes over how the terminal's own picture is to be seen, and a newer one. A card leaves nothing of it.
    fn take_own(&mut self, newer: Option<SelfView>, wanted: Option<SelfViewPlan>) {
        let card = wanted.and_then(|wanted| wanted.card);
        if std::mem::replace(&mut self.own_card, card) != card {
            self.own_changes += 1;
        }
        if wanted.is_none() || card.is_some() {
            self.own = None;
        } else if newer.is_some() {
            self.own = newer;
            self.own_changes += 1;
        }
    }

    /// When there is something to do without being rung.
    fn deadline(&self) -> Option<Time> {
        self.display.is_none().then_some(self.retry).into_iter().chain(self.rides_until).min()
    }

    /// Everything that can be seen on a screen of `size` now, back to front.
    fn marks(&self, plan: &ScreenPlan, surfaces: &[Surface], size: Size) -> Vec<Mark> {
        let own_size = self.own.as_ref().map_or(CARD, upright);
        let shape = |surface: &Surface| surface.shape(size).unwrap_or(USUAL);
        let shapes: Vec<Size> = surfaces.iter().map(shape).collect();
        // Words stand as the screen hangs, whatever has to be done to the pictures to make them stand.
        let words = Framing { turn: direction(plan), ..Framing::FILL };
        let mark = |Place { part, rect, corner }| match part {
            Part::Player(number) => {
                let surface: &Surface = surfaces.get(number)?;
                let card = match surface.sight() {
                    Sight::Nothing => return None,
                    Sight::Card(card) => Some(CardText { text: card.text(plan.language), event: surface.trouble() }),
                    Sight::Picture(_) => None,
                };
                let fit = if corner { ObjectFit::FillCrop } else { surface.framing().fit };
                let framing = if card.is_some() { words } else { Framing { fit, ..surface.framing() } };
                Some(Mark { part, rect, corner, changes: surface.changes(), framing, card })
            }
            Part::SelfView => {
                let framing = match (&self.own, self.own_card) {
                    (_, Some(_)) => words,
                    (Some(own), None) => own_framing(own, plan.self_view?.mirror, corner),
                    (None, None) => return None,
                };
                let card = self.own_card.map(|card| card.text(plan.language).into());
                Some(Mark { part, rect, corner, changes: self.own_changes, framing, card })
            }
        };
        places(plan, size, Shapes { players: &shapes, own: own_size }).into_iter().filter_map(mark).collect()
    }

    /// True when only pictures have changed that others will take along soon: the terminal's own goes with a player's,
    /// and several players' go together.
    fn rides(&mut self, marks: &[Mark], now: Time) -> bool {
        self.rides_until = None;
        let Some((anew, shown, _)) = &self.shown else { return false };
        let pairs = || shown.iter().zip(marks);
        let only_pictures = *anew == self.anew
            && shown.len() == marks.len()
            && marks.len() > 1
            && pairs().all(|(old, new)| *old == Mark { changes: old.changes, ..*new });
        let only_own = pairs().all(|(old, new)| old == new || new.part == Part::SelfView);
        let until = self.played + if only_own { RIDE } else { BREATH };
        self.rides_until = (only_pictures && now < until).then_some(until);
        self.rides_until.is_some()
    }

    /// Shows what has changed.
    fn refresh(&mut self, plan: &ScreenPlan, surfaces: &mut [Surface], bell: &Wake) {
        self.disturbed = false;
        let Some(native) = self.display.as_ref().map(|display| display.size()) else { return };
        let direction = direction(plan);
        let size = native.unwrap_or_else(|| natural_size(surfaces, self.own.as_ref(), direction.of(CARD)));
        let marks = self.marks(plan, surfaces, size);
        for (number, surface) in surfaces.iter_mut().enumerate() {
            if marks.iter().all(|mark| mark.part != Part::Player(number)) {
                surface.unseen(clock::now());
            }
        }
        self.panels.refresh(&plan.figures, &marks, (size, direction));
        let wanted = Some((self.anew, marks, self.panels.changes()));
        let Some((_, marks, panels)) =
            wanted.as_ref().filter(|(_, marks, _)| wanted != self.shown && !marks.is_empty())
        else {
            self.rides_until = None;
            return;
        };
        if self.rides(marks, clock::now()) {
            return;
        }
        let Some(display) = &mut self.display else { return };
        // A layer of the display's own leaves the picture as it is.
        let overlays = if display.lay(self.panels.overlays(), *panels) { &[] } else { self.panels.overlays() };
        let direct = match marks[..] {
            [Mark { part: Part::Player(number), framing, corner: false, .. }]
                if native.is_some() && framing.turn == Turn::None && overlays.is_empty() =>
            {
                let view = surfaces.get(number).and_then(|surface| match surface.sight() {
                    Sight::Picture(timed) => timed.picture.view(),
                    _ => None,
                });
                view.filter(|view| place(view.size, size, framing).is_ok_and(|placed| display.takes(view.size, placed)))
            }
            _ => None,
        };
        let models = Models { surfaces, own: self.own.as_ref(), overlays };
        let drawn = match direct {
            Some(view) => Ok(Some(view)),
            None => self.sketch.draw(size, marks, models),
        };
        let shown = match drawn {
            Ok(Some(view)) => display.show(view, bell),
            Ok(None) => Ok(None),
            Err(error) => {
                let pictures = surfaces.iter().filter_map(|surface| match surface.sight() {
                    Sight::Picture(timed) => Some(timed),
                    _ => None,
                });
                pictures.for_each(|timed| timed.audience.failed(error.to_string()));
                self.shown = wanted;
                return;
            }
        };
        match shown {
            Ok(Some(at)) => {
                let mut pictures = self.own.is_some();
                for mark in marks {
                    let Part::Player(number) = mark.part else { continue };
                    let surface = surfaces.get_mut(number).filter(|it| matches!(it.sight(), Sight::Picture(_)));
                    if let Some(surface) = surface {
                        surface.shown(at);
                        (self.played, pictures) = (at, true);
                    }
                }
                if pictures && !matches!(self.teller.last(), Some(DeviceNotice::FirstFrame)) {
                    self.teller.tell(DeviceNotice::FirstFrame);
                }
                self.shown = wanted;
            }
            // The bell rang first: there is a newer picture, or an order.
            Ok(None) => self.disturbed = true,
            Err(error) if error.fault == Fault::Damaged => {
                tracing::debug!(%error, "picture not shown");
                self.shown = wanted;
            }
            Err(error) => self.lose(error, clock::now()),
        }
    }
}

/// The size of the terminal's own picture once it stands upright.
fn upright(own: &SelfView) -> Size {
    own.turn.of(own.picture.size)
}

/// The size of what is shown where the display takes any: that of the first player's picture, or of our own, or of the
/// `card`.
fn natural_size(surfaces: &[Surface], own: Option<&SelfView>, card: Size) -> Size {
    let picture = surfaces.iter().find_map(|surface| match surface.sight() {
        Sight::Picture(timed) => Some(surface.framing().turn.of(timed.picture.size)),
        _ => None,
    });
    picture.or(own.map(upright)).unwrap_or(card)
}
