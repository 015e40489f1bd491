//! Where on the screen the figures of `debug` lie, and their drawings, made anew only when they change.

use super::layout::Part;
use super::sketch::Mark;
use crate::api::figures::Figures;
use crate::image::{Pens, draw_panel};
use crate::media::{Overlay, Rect, Size};

/// Letters in pixels: so many, and one more for so many lines of the screen.
const PX: (u32, u32) = (5, 60);

/// See the module's head.
#[derive(Default)]
pub struct Panels {
    pens: Pens,
    figures: Vec<Figures>,
    areas: Vec<Option<Rect>>,
    overlays: Vec<Overlay>,
    changes: u64,
}

impl Panels {
    /// Takes over what is to be told on a screen of `size` with `marks` on it.
    pub fn refresh(&mut self, figures: &[Figures], marks: &[Mark], size: Size) {
        let areas = || figures.iter().map(|it| area(it, figures, marks, size));
        if self.figures == figures && areas().eq(self.areas.iter().copied()) {
            return;
        }
        self.figures = figures.to_vec();
        self.areas = areas().collect();
        let px = PX.0 + size.height.min(size.width) / PX.1;
        let panels = self.figures.iter().zip(&self.areas);
        let drawn = panels.filter_map(|(it, area)| draw_panel(&mut self.pens, it, (*area)?, px));
        self.overlays = drawn.collect();
        self.changes += 1;
    }

    /// The drawings.
    pub fn overlays(&self) -> &[Overlay] {
        &self.overlays
    }

    /// Another number for other drawings.
    pub fn changes(&self) -> u64 {
        self.changes
    }
}

/// Where these figures lie: a player's in its rectangle, the terminal's own on its picture or, where that is small or not
/// to be seen, on the right half of the screen. `None`: what they are about is not to be seen.
fn area(it: &Figures, all: &[Figures], marks: &[Mark], size: Size) -> Option<Rect> {
    let whole = Rect { x: 0, y: 0, width: size.width, height: size.height };
    let rect_of = |part: Part| marks.iter().find(|mark| mark.part == part).map(|mark| mark.rect);
    let own = rect_of(Part::SelfView).filter(|rect| rect.width * 2 >= size.width);
    let middle = (size.width / 2) & !1;
    let right = Rect { x: middle, width: size.width - middle, ..whole };
    let Some(player) = it.player else { return Some(own.unwrap_or(right)) };
    let rect = rect_of(Part::Player(player))?;
    let beside = all.iter().any(|other| other.player.is_none()) && own.is_none();
    Some(if beside && rect == whole { Rect { width: middle, ..whole } } else { rect })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Framing;

    const SIZE: Size = Size::new(1280, 720);
    const WHOLE: Rect = Rect { x: 0, y: 0, width: 1280, height: 720 };
    const CORNER: Rect = Rect { x: 940, y: 520, width: 320, height: 180 };
    const LEFT: Rect = Rect { x: 0, y: 0, width: 640, height: 720 };
    const RIGHT: Rect = Rect { x: 640, y: 0, width: 640, height: 720 };

    fn mark(part: Part, rect: Rect) -> Mark {
        Mark { part, rect, corner: false, changes: 0, framing: Framing::CONTAIN, card: None }
    }

    fn figures(player: Option<usize>) -> Figures {
        Figures { player, title: "it".into(), ..Figures::default() }
    }

    #[test]
    fn each_panel_lies_on_what_it_is_about_and_none_on_another() {
        use Part::{Player, SelfView};
        let cell = |x, y| Rect { x, y, width: 640, height: 360 };
        type Row = (Vec<(Part, Rect)>, Vec<Option<usize>>, Vec<Option<Rect>>);
        let table: [Row; 6] = [
            (vec![(Player(0), WHOLE)], vec![Some(0)], vec![Some(WHOLE)]),
            (vec![(SelfView, WHOLE)], vec![None], vec![Some(WHOLE)]),
            (vec![(Player(0), WHOLE), (SelfView, CORNER)], vec![None, Some(0)], vec![Some(RIGHT), Some(LEFT)]),
            (vec![(Player(0), WHOLE)], vec![None, Some(0), Some(1)], vec![Some(RIGHT), Some(LEFT), None]),
            (vec![(Player(0), WHOLE), (Player(1), CORNER)], vec![Some(1)], vec![Some(CORNER)]),
            (
                vec![(Player(0), cell(0, 0)), (Player(1), cell(640, 0)), (SelfView, cell(0, 360))],
                vec![None, Some(0), Some(1)],
                vec![Some(cell(0, 360)), Some(cell(0, 0)), Some(cell(640, 0))],
            ),
        ];
        for (seen, told, areas) in table {
            let marks: Vec<Mark> = seen.into_iter().map(|(part, rect)| mark(part, rect)).collect();
            let all: Vec<Figures> = told.into_iter().map(figures).collect();
            let found: Vec<Option<Rect>> = all.iter().map(|it| area(it, &all, &marks, SIZE)).collect();
            assert_eq!(found, areas);
        }
    }

    #[test]
    fn a_panel_is_drawn_when_its_figures_or_its_place_change_and_not_for_each_picture() {
        let mut panels = Panels::default();
        let (one, mut marks) = ([figures(Some(0))], vec![mark(Part::Player(0), WHOLE)]);
        panels.refresh(&[], &marks, SIZE);
        assert_eq!(panels.changes(), 0, "nothing is told");
        panels.refresh(&one, &marks, SIZE);
        let drawn = panels.overlays().to_vec();
        assert_eq!((drawn.len(), panels.changes()), (1, 1));
        marks[0].changes += 1;
        panels.refresh(&one, &marks, SIZE);
        assert_eq!(panels.changes(), 1, "the same figures over another picture");
        panels.refresh(&[Figures { title: "other".into(), ..figures(Some(0)) }], &marks, SIZE);
        assert_eq!(panels.changes(), 2);
        assert_ne!(panels.overlays(), drawn);
        panels.refresh(&[], &marks, SIZE);
        assert_eq!((panels.overlays().len(), panels.changes()), (0, 3));
    }
}
