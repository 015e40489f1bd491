//! Where on the screen the figures of `debug` lie, and their drawings, made anew only when they change.

use super::layout::Part;
use super::sketch::Mark;
use crate::api::figures::Figures;
use crate::image::{Pens, Turn, draw_panel, turned};
use crate::media::{Overlay, Rect, Size};

/// Letters in pixels: so many, and one more for so many lines of the screen.
const PX: (u32, u32) = (5, 60);

/// See the module's head.
#[derive(Default)]
pub struct Panels {
    pens: Pens,
    figures: Vec<Figures>,
    areas: Vec<Option<Rect>>,
    screen: (Size, Turn),
    overlays: Vec<Overlay>,
    changes: u64,
}

impl Panels {
    /// Takes over what is to be told on a screen of this size with `marks` on it, on which everything is turned so.
    pub fn refresh(&mut self, figures: &[Figures], marks: &[Mark], screen: (Size, Turn)) {
        let areas = || figures.iter().map(|it| area(it, figures, marks, screen));
        let same_screen = self.screen == screen || figures.is_empty();
        if same_screen && self.figures == figures && areas().eq(self.areas.iter().copied()) {
            return;
        }
        self.screen = screen;
        self.figures = figures.to_vec();
        self.areas = areas().collect();
        let (size, turn) = screen;
        let px = PX.0 + size.height.min(size.width) / PX.1;
        let panels = self.figures.iter().zip(&self.areas);
        let drawn = panels.filter_map(|(it, area)| draw_panel(&mut self.pens, it, (*area)?, px));
        let upright = turn.back().of(size);
        self.overlays = drawn.map(|panel| turned(panel, turn, upright)).collect();
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

/// Where these figures lie, as a person sees the turned screen: a player's in its rectangle, the terminal's own on its
/// picture or, where that is small or not to be seen, on the right half of the screen. `None`: what they are about is not
/// to be seen.
fn area(it: &Figures, all: &[Figures], marks: &[Mark], (screen, turn): (Size, Turn)) -> Option<Rect> {
    let back = turn.back();
    let size = back.of(screen);
    let whole = Rect { x: 0, y: 0, width: size.width, height: size.height };
    let rect_of = |part: Part| marks.iter().find(|mark| mark.part == part).map(|mark| back.rect(mark.rect, screen));
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

    const UPRIGHT: (Size, Turn) = (Size::new(1280, 720), Turn::None);
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
            let found: Vec<Option<Rect>> = all.iter().map(|it| area(it, &all, &marks, UPRIGHT)).collect();
            assert_eq!(found, areas);
        }
    }

    #[test]
    fn on_a_turned_screen_a_panel_lies_where_a_person_in_front_of_it_looks_first() {
        let (marks, all) = ([mark(Part::Player(0), WHOLE)], [figures(Some(0)), figures(None)]);
        let lies = |turn| {
            let mut panels = Panels::default();
            panels.refresh(&all, &marks, (UPRIGHT.0, turn));
            panels.overlays().iter().map(|overlay| overlay.rect).collect::<Vec<_>>()
        };
        let quarter = lies(Turn::Quarter);
        let Rect { width, height, .. } = quarter[0];
        assert!(width < height && width < 360 && height <= 360, "{quarter:?}");
        // Beside each other from above, as the screen lies: the left one's corner is the upper right one.
        let margin = 1280 - width - quarter[0].x;
        assert!((2..30).contains(&margin) && margin.is_multiple_of(2), "{quarter:?}");
        assert_eq!((quarter[0].y, quarter[1].y), (margin, 360 + margin));
        let half: Vec<Rect> = quarter.iter().map(|rect| Turn::Half.rect(*rect, UPRIGHT.0)).collect();
        assert_eq!(lies(Turn::ThreeQuarters), half);
        assert_eq!(lies(Turn::None)[0].x, margin, "upright again");
    }

    #[test]
    fn a_panel_is_drawn_when_its_figures_or_its_place_change_and_not_for_each_picture() {
        let mut panels = Panels::default();
        let (one, mut marks) = ([figures(Some(0))], vec![mark(Part::Player(0), WHOLE)]);
        panels.refresh(&[], &marks, UPRIGHT);
        assert_eq!(panels.changes(), 0, "nothing is told");
        panels.refresh(&one, &marks, UPRIGHT);
        let drawn = panels.overlays().to_vec();
        assert_eq!((drawn.len(), panels.changes()), (1, 1));
        marks[0].changes += 1;
        panels.refresh(&one, &marks, UPRIGHT);
        assert_eq!(panels.changes(), 1, "the same figures over another picture");
        panels.refresh(&[Figures { title: "other".into(), ..figures(Some(0)) }], &marks, UPRIGHT);
        assert_eq!(panels.changes(), 2);
        assert_ne!(panels.overlays(), drawn);
        panels.refresh(&one, &marks, UPRIGHT);
        panels.refresh(&one, &marks, (UPRIGHT.0, Turn::Half));
        assert_eq!(panels.changes(), 4, "the same figures the other way up");
        panels.refresh(&[], &marks, UPRIGHT);
        assert_eq!((panels.overlays().len(), panels.changes()), (0, 5));
    }
}
