//! Draws what is to be seen: one picture as it is, or several over each other.

use super::layout::Part;
use super::surface::{Sight, Surface};
use crate::flow::frame::SelfView;
use crate::image::{CardText, Framing, ImageError, Scaler, Stage, draw_card};
use crate::media::{Overlay, PictureView, Rect, Size};
use crate::settings::player::ObjectFit;

/// What lies at one place of the screen, and which state of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    pub part: Part,
    pub rect: Rect,
    /// It lies over others, cut to shape.
    pub corner: bool,
    /// Another number for each state of the part.
    pub changes: u64,
    pub framing: Framing,
    /// What stands there instead of a picture.
    pub card: Option<CardText>,
}

/// The pictures that marks are drawn of.
#[derive(Clone, Copy)]
pub struct Models<'a> {
    pub surfaces: &'a [Surface],
    pub own: Option<&'a SelfView>,
    /// What lies over everything.
    pub overlays: &'a [Overlay],
}

/// The drawing tools; after the first picture of a size nothing is allocated.
#[derive(Default)]
pub struct Sketch {
    scaler: Scaler,
    card: Vec<u8>,
    stage: Stage,
    on_stage: (Size, Vec<Mark>),
    /// What was drawn in each corner, for when something under it changes.
    corners: Vec<Vec<u8>>,
}

/// How the terminal's own picture lies in its place: whole, or cut to shape in a corner.
pub fn own_framing(own: &SelfView, mirror: bool, corner: bool) -> Framing {
    let fit = if corner { ObjectFit::FillCrop } else { ObjectFit::Contain };
    Framing { fit, turn: own.turn, mirror, zoom: own.zoom }
}

impl Sketch {
    /// The screen of `size` with `marks` on it, back to front; `None` when nothing of them can be seen.
    pub fn draw<'a>(
        &'a mut self,
        size: Size,
        marks: &[Mark],
        models: Models<'a>,
    ) -> Result<Option<PictureView<'a>>, ImageError> {
        match marks {
            [mark] if models.overlays.is_empty() && !mark.corner => {
                let Self { scaler, card, .. } = self;
                part(scaler, card, *mark, models)
            }
            marks => {
                self.compose(size, marks, models)?;
                Ok(self.stage.view())
            }
        }
    }

    /// What was put together last, where several parts were, without anything laid over it.
    pub fn composed(&mut self) -> Option<PictureView<'_>> {
        self.stage.lift();
        self.stage.view()
    }

    /// Puts every changed mark onto the stage, and what lies over it again.
    fn compose(&mut self, size: Size, marks: &[Mark], models: Models<'_>) -> Result<(), ImageError> {
        let (drawn_for, drawn) = std::mem::take(&mut self.on_stage);
        self.stage.set_size(size)?;
        let same_places =
            drawn_for == size && drawn.iter().map(|mark| mark.rect).eq(marks.iter().map(|mark| mark.rect));
        self.stage.lift();
        if !same_places {
            self.stage.clear();
        }
        let Self { scaler, card, stage, corners, .. } = self;
        corners.resize(marks.len(), Vec::new());
        let mut touched: Vec<Rect> = Vec::with_capacity(marks.len());
        for ((index, mark), corner) in marks.iter().enumerate().zip(corners) {
            let changed = !same_places || drawn.get(index) != Some(mark);
            if changed {
                place_on(stage, scaler, card, *mark, models)?;
                if mark.corner {
                    stage.keep(mark.rect, corner);
                }
            } else if touched.iter().any(|rect| rect.overlaps(mark.rect)) {
                stage.restore(mark.rect, corner);
            } else {
                continue;
            }
            touched.push(mark.rect);
        }
        self.stage.lay(models.overlays);
        self.on_stage = (size, marks.to_vec());
        Ok(())
    }
}

/// One part into its place: a player's picture straight from the decoder's.
fn place_on(
    stage: &mut Stage,
    scaler: &mut Scaler,
    card: &mut Vec<u8>,
    mark: Mark,
    models: Models<'_>,
) -> Result<(), ImageError> {
    if let (Part::Player(number), None) = (mark.part, mark.card)
        && let Some(Sight::Picture(timed)) = models.surfaces.get(number).map(Surface::sight)
    {
        let view = timed.picture.view().ok_or(ImageError::Size(timed.picture.size))?;
        return stage.put(view, mark.rect, mark.framing);
    }
    let exact = Framing { fit: ObjectFit::FillCrop, ..Framing::CONTAIN };
    match part(scaler, card, mark, models)? {
        Some(view) => stage.put(view, mark.rect, exact),
        None => Ok(()),
    }
}

/// One part as large as its place.
fn part<'a>(
    scaler: &'a mut Scaler,
    card: &'a mut Vec<u8>,
    mark: Mark,
    models: Models<'a>,
) -> Result<Option<PictureView<'a>>, ImageError> {
    let size = Size::new(mark.rect.width, mark.rect.height);
    if let Some(text) = mark.card {
        let upright = mark.framing.turn.of(size);
        draw_card(upright, text, card)?;
        let view = PictureView::new(upright, upright.width as usize, card).ok_or(ImageError::Size(upright))?;
        return scaler.compose(view, size, mark.framing).map(Some);
    }
    match mark.part {
        Part::SelfView => models.own.map(|own| scaler.scale(&own.picture, size, mark.framing)).transpose(),
        Part::Player(number) => match models.surfaces.get(number).map(Surface::sight) {
            Some(Sight::Picture(timed)) => {
                let view = timed.picture.view().ok_or(ImageError::Size(timed.picture.size))?;
                scaler.compose(view, size, mark.framing).map(Some)
            }
            _ => Ok(None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::card::{Card, LANGUAGES};
    use crate::image::Turn;

    const SIZE: Size = Size::new(320, 180);
    const WHOLE: Rect = Rect { x: 0, y: 0, width: 320, height: 180 };

    fn card(turn: Turn) -> Mark {
        let framing = Framing { turn, ..Framing::FILL };
        let card = Some(Card::Waiting.text(LANGUAGES[0]).into());
        Mark { part: Part::Player(0), rect: WHOLE, corner: false, changes: 0, framing, card }
    }

    #[test]
    fn a_card_is_written_for_the_turned_screen_and_then_turned_with_it_alone_and_under_a_panel() {
        let mut sketch = Sketch::default();
        let mut upright = Vec::new();
        for (turn, size) in [
            (Turn::None, SIZE),
            (Turn::Quarter, SIZE.turned()),
            (Turn::Half, SIZE),
            (Turn::ThreeQuarters, SIZE.turned()),
        ] {
            draw_card(size, Card::Waiting.text(LANGUAGES[0]).into(), &mut upright).unwrap();
            let written = PictureView::new(size, size.width as usize, &upright).unwrap();
            let at = |view: PictureView<'_>, x: u32, y: u32| view.y[y as usize * view.y_stride + x as usize];
            let same = |seen: PictureView<'_>, except: Rect| {
                let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
                pixels.into_iter().all(|(x, y)| {
                    let place = turn.rect(Rect { x, y, width: 1, height: 1 }, size);
                    place.overlaps(except) || at(seen, place.x, place.y) == at(written, x, y)
                })
            };
            let models = Models { surfaces: &[], own: None, overlays: &[] };
            let alone = sketch.draw(SIZE, &[card(turn)], models).unwrap().unwrap();
            assert!(alone.size == SIZE && same(alone, Rect::default()), "{turn:?}");
            let panel = [Overlay::pane(Rect { x: 10, y: 20, width: 40, height: 30 }, 178, 8)];
            let under = sketch.draw(SIZE, &[card(turn)], Models { overlays: &panel, ..models }).unwrap().unwrap();
            assert!(same(under, panel[0].rect) && !same(under, Rect::default()), "{turn:?}");
        }
    }
}
