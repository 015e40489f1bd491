//! What lies where on the screen. Pure.
//!
//! Who fills the screen is alone on it. Else the players that play share it as the layout says, those that shrank to
//! small pictures lie in corners over them, and the terminal's own picture is one more of them. A player that plays
//! nothing takes no room while another does; where nobody plays, the first one's card has the screen, or the
//! terminal's own picture if it is to be seen.

#[cfg(test)]
mod tests;

use crate::api::card::Card;
use crate::api::plan::{PlayerView, ScreenPlan};
use crate::image::Turn;
use crate::media::{Rect, Size};
use crate::settings::screen::Layout;

/// Something that takes a place on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Player number so-and-so, with its picture or its card.
    Player(usize),
    /// The terminal's own picture.
    SelfView,
}

/// A place on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub part: Part,
    pub rect: Rect,
    /// A corner, in the shape of its picture, which is cut to fit it.
    pub corner: bool,
}

/// The shapes of what is to be seen, upright, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Shapes<'a> {
    pub players: &'a [Size],
    pub own: Size,
}

/// What lies in a corner takes one part in so many of the screen's width, and no more of its height.
const CORNER: u32 = 4;
/// It keeps one part in so many of the screen's height free around it.
const MARGIN: u32 = 36;
/// The shape of a part that is not known to have another.
pub const USUAL: Size = Size::new(16, 9);

/// The player that has the screen for itself, and its number.
fn alone_on(plan: &ScreenPlan) -> Option<(usize, &PlayerView)> {
    plan.players.iter().enumerate().find(|(_, view)| view.full_screen && view.active)
}

/// How everything that is written on the screen is turned: as the player that has it for itself was told to.
pub fn direction(plan: &ScreenPlan) -> Turn {
    alone_on(plan).and_then(|(_, view)| Turn::from_degrees(view.direction as i32)).unwrap_or_default()
}

/// The parts of a screen of `size`, back to front. What no part covers is black.
pub fn places(plan: &ScreenPlan, size: Size, shapes: Shapes<'_>) -> Vec<Place> {
    let whole = Rect { x: 0, y: 0, width: size.width & !1, height: size.height & !1 };
    let alone = |part| vec![Place { part, rect: whole, corner: false }];
    let players = || plan.players.iter().enumerate();
    if let Some((number, _)) = alone_on(plan) {
        return alone(Part::Player(number));
    }
    if !players().any(|(_, view)| view.active) {
        let card = players().find(|(_, view)| view.card.is_some()).map(|(number, _)| Part::Player(number));
        let own = plan.self_view.map(|_| Part::SelfView);
        return own.or(card).map(alone).unwrap_or_default();
    }
    let numbers = |small: bool| {
        let these = players().filter(move |(_, view)| view.active && view.small == small);
        these.map(|(number, _)| number).collect::<Vec<_>>()
    };
    let (mut large, small) = (numbers(false), numbers(true));
    let shape = |part: &Part| match part {
        Part::Player(number) => shapes.players.get(*number).copied().unwrap_or(USUAL),
        Part::SelfView => shapes.own,
    };
    let mut places = Vec::new();
    let mut corners = Vec::new();
    if plan.layout == Layout::Grid {
        let own = plan.self_view.map(|_| Part::SelfView);
        let parts: Vec<Part> = large.into_iter().map(Part::Player).chain(own).collect();
        let cells = grid(whole, &parts.iter().map(shape).collect::<Vec<_>>());
        places.extend(parts.into_iter().zip(cells).map(|(part, rect)| Place { part, rect, corner: false }));
    } else {
        // The best place is that of the first who plays, or the first who tries to.
        let first = large.iter().position(|number| plan.players.get(*number).is_some_and(plays)).unwrap_or(0);
        if first < large.len() {
            places.extend(alone(Part::Player(large.remove(first))));
        }
        if plan.self_view.is_some() {
            corners.push(Part::SelfView);
        }
        if plan.layout == Layout::Pip {
            corners.extend(large.into_iter().map(Part::Player));
        }
    }
    corners.extend(small.into_iter().map(Part::Player));
    let own_first = corners.first() == Some(&Part::SelfView);
    let slots = SLOTS.iter().filter(|slot| own_first || **slot != OWN_SLOT).chain([&OWN_SLOT]);
    places.extend(corners.iter().zip(slots).map(|(part, slot)| {
        let rect = corner(whole, shape(part), *slot);
        Place { part: *part, rect, corner: true }
    }));
    places
}

/// Something of it is seen or heard.
fn plays(view: &PlayerView) -> bool {
    matches!(view.card, None | Some(Card::SoundOnly))
}

/// A place at an edge: left, middle or right (0, 1, 2), and top, middle or bottom.
type Slot = (u32, u32);

/// The terminal's own picture is at the lower right.
const OWN_SLOT: Slot = (2, 2);
/// In which order they are taken: four players and the terminal's own picture find room.
const SLOTS: [Slot; 5] = [OWN_SLOT, (2, 0), (0, 0), (0, 2), (2, 1)];

/// A part in the shape of `picture` at the edge of `whole`; even numbers.
fn corner(whole: Rect, picture: Size, (column, row): Slot) -> Rect {
    let (most_wide, most_high) = (f64::from(whole.width / CORNER), f64::from(whole.height / CORNER));
    let scale = (most_wide / f64::from(picture.width.max(1))).min(most_high / f64::from(picture.height.max(1)));
    let side = |length: u32| ((f64::from(length) * scale / 2.0).round() as u32 * 2).max(2);
    let (width, height) = (side(picture.width), side(picture.height));
    let margin = whole.height / MARGIN;
    let start = |length: u32, inner: u32, place: u32| {
        let free = length.saturating_sub(inner);
        let at = match place {
            0 => margin,
            1 => free / 2,
            _ => free.saturating_sub(margin),
        };
        at.min(free) & !1
    };
    Rect { x: start(whole.width, width, column), y: start(whole.height, height, row), width, height }
}

/// As many parts of `whole` as there are shapes: one has all of it, two lie beside or over each other, whichever
/// shows more of them, three or four two by two, more three by two. A last row that is not full stands in the middle.
fn grid(whole: Rect, shapes: &[Size]) -> Vec<Rect> {
    let wide = whole.width >= whole.height;
    let columns = match shapes.len() {
        0 | 1 => 1,
        2 => {
            let [beside, over] = [2, 1].map(|columns| seen(&cells(whole, 2, columns), shapes));
            if beside > over || (beside == over && wide) { 2 } else { 1 }
        }
        3 | 4 => 2,
        _ if wide => 3,
        _ => 2,
    };
    cells(whole, shapes.len(), columns)
}

/// `count` parts of `whole` in rows of `columns`; even numbers.
fn cells(whole: Rect, count: usize, columns: usize) -> Vec<Rect> {
    let rows = count.div_ceil(columns).max(1);
    let edge = |length: u32, part: usize, of: usize| (u64::from(length) * part as u64 / of as u64) as u32 & !1;
    let cell = |number: usize| {
        let (row, column) = (number / columns, number % columns);
        let [left, right] = [column, column + 1].map(|column| edge(whole.width, column, columns));
        let [top, bottom] = [row, row + 1].map(|row| edge(whole.height, row, rows));
        let missing = if row + 1 == rows { rows * columns - count } else { 0 };
        let shift = edge(whole.width, missing, columns * 2);
        let x = (left + shift).min(whole.width.saturating_sub(right - left));
        Rect { x, y: top, width: right - left, height: bottom - top }
    };
    (0..count).map(cell).collect()
}

/// How many pixels of `cells` pictures of these shapes fill when all of each is seen; in whole hundredths of the
/// screen, because less is no difference.
fn seen(cells: &[Rect], shapes: &[Size]) -> u64 {
    let area = |(cell, shape): (&Rect, &Size)| {
        let (width, height) = (f64::from(shape.width.max(1)), f64::from(shape.height.max(1)));
        let scale = (f64::from(cell.width) / width).min(f64::from(cell.height) / height);
        width * height * scale * scale
    };
    let whole: f64 = cells.iter().map(|cell| f64::from(cell.width) * f64::from(cell.height)).sum();
    (cells.iter().zip(shapes).map(area).sum::<f64>() * 100.0 / whole.max(1.0)).round() as u64
}
