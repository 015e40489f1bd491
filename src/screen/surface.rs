//! What is to be seen of one player: each picture at its time, the newest when several are due, or a card.

use super::WAITING;
use crate::api::card::Card;
use crate::api::plan::PlayerView;
use crate::flow::frame::{Frame, Timed};
use crate::flow::lane::Receiver;
use crate::image::{Framing, Turn};
use crate::media::{Size, Span, Time};
use crate::settings::player::ObjectFit;
use std::collections::VecDeque;

/// A picture shown so much after its time is late, and late ones for so long are a stutter.
const LATE: (Span, Span) = (Span::millis(100), Span::millis(500));
/// A picture that comes while a card is wanted is the first of more, and the card is taken away; or it was the last of
/// a stream that is over, and is covered after this.
const STRAY: Span = Span::secs(1);

/// See the module's head.
pub struct Surface {
    frames: Receiver<Frame>,
    view: PlayerView,
    waiting: VecDeque<Timed>,
    current: Option<Timed>,
    /// The current picture has not been on a screen yet.
    fresh: bool,
    /// The card has come after the current picture, and lies over it.
    covered: bool,
    /// When the card covers a newer picture after all.
    cover: Option<Time>,
    late_since: Option<Time>,
    changes: u64,
}

/// What is to be seen.
pub enum Sight<'a> {
    Nothing,
    Card(Card),
    Picture(&'a Timed),
}

impl Surface {
    /// Nothing yet; its frames come through `frames`.
    pub fn new(frames: Receiver<Frame>) -> Self {
        Self {
            frames,
            view: PlayerView::NONE,
            waiting: VecDeque::with_capacity(WAITING + 1),
            current: None,
            fresh: false,
            covered: false,
            cover: None,
            late_since: None,
            changes: 0,
        }
    }

    /// Takes over what is wanted of it. A new card covers what is there, until it is taken away or a newer picture comes.
    pub fn heed(&mut self, view: PlayerView) {
        let old = std::mem::replace(&mut self.view, view);
        if old.card != view.card {
            self.cover = None;
            // A card that a newer picture had pushed aside already goes without a trace.
            if std::mem::replace(&mut self.covered, view.card.is_some()) || view.card.is_some() {
                self.changes += 1;
            }
        }
        if !view.active {
            self.forget();
        }
    }

    /// Nothing of the stream is to be seen any longer.
    pub fn forget(&mut self) {
        self.frames.clear();
        self.blank();
    }

    fn blank(&mut self) {
        self.waiting.clear();
        if self.current.take().is_some() {
            self.changes += 1;
        }
    }

    /// Takes what has come, and makes the newest picture that is due the current one. `open`: there is a screen.
    pub fn gather(&mut self, open: bool, now: Time) {
        while let Some(frame) = self.frames.take() {
            match frame {
                Frame::Picture(picture) => {
                    if self.waiting.len() > WAITING {
                        self.waiting.pop_front().iter().for_each(|old| old.audience.overtaken());
                    }
                    self.waiting.push_back(picture);
                }
                Frame::Blank => self.blank(),
            }
        }
        while self.waiting.front().is_some_and(|picture| picture.due <= now) {
            if let Some(old) = self.current.as_ref().filter(|_| self.fresh && open) {
                old.audience.overtaken();
            }
            self.current = self.waiting.pop_front();
            (self.fresh, self.covered) = (true, false);
            self.cover = self.view.card.map(|_| now + STRAY);
            self.changes += 1;
        }
        if self.cover.is_some_and(|at| at <= now) {
            (self.covered, self.cover) = (true, None);
            self.changes += 1;
        }
    }

    /// When there is something to do without being rung.
    pub fn deadline(&self) -> Option<Time> {
        self.waiting.front().map(|picture| picture.due).into_iter().chain(self.cover).min()
    }

    /// A frame has come that was not gathered yet.
    pub fn has_news(&self) -> bool {
        !self.frames.is_empty()
    }

    /// What is to be seen now.
    pub fn sight(&self) -> Sight<'_> {
        match (self.view.card, &self.current) {
            (Some(card), current) if self.covered || current.is_none() => Sight::Card(card),
            (_, Some(picture)) => Sight::Picture(picture),
            _ => Sight::Nothing,
        }
    }

    /// The last picture received, whether a card lies over it or not.
    pub fn picture(&self) -> Option<&Timed> {
        self.current.as_ref()
    }

    /// The number of the event that led to its card.
    pub fn trouble(&self) -> Option<i32> {
        self.view.trouble
    }

    /// Another number for everything else that is to be seen.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// How its picture lies in its place.
    pub fn framing(&self) -> Framing {
        let said = self.current.as_ref().filter(|_| self.view.follows_stream).map_or(Turn::None, |timed| timed.turn);
        let turn = Turn::from_degrees((self.view.turn + self.view.direction) as i32).unwrap_or_default().and(said);
        Framing { fit: self.view.fit, turn, mirror: false, zoom: 1.0 }
    }

    /// The shape in which it would be seen whole, upright, on a screen of size `screen`: that of its picture, or the
    /// screen's where its picture is cut to fit; `None` while there is no picture.
    pub fn shape(&self, screen: Size) -> Option<Size> {
        let Sight::Picture(timed) = self.sight() else { return None };
        let framing = self.framing();
        Some(match framing.fit {
            ObjectFit::FillCrop => screen,
            ObjectFit::Contain => framing.turn.of(timed.picture.size),
        })
    }

    /// What is to be seen is on the screen from `at` on.
    pub fn shown(&mut self, at: Time) {
        if !matches!(self.sight(), Sight::Picture(_)) || !std::mem::take(&mut self.fresh) {
            return;
        }
        let Some(picture) = &self.current else { return };
        picture.audience.shown(picture, at);
        if at - picture.due <= LATE.0 {
            self.late_since = None;
        } else if at - *self.late_since.get_or_insert(at) >= LATE.1 {
            picture.audience.late();
        }
    }

    /// It has no place on the screen at `now`: its stream plays all the same, and its pictures pass when they are due.
    pub fn unseen(&mut self, now: Time) {
        self.shown(now);
    }
}
