//! What lies where on the screen. Pure.

use crate::api::plan::ScreenPlan;
use crate::media::{Rect, Size};

/// Something that takes a place on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Player number so-and-so, with its picture or its card.
    Player(usize),
    /// The terminal's own picture.
    SelfView,
}

/// The terminal's own picture takes one part in so many of the screen's width, and no more of its height.
const CORNER: u32 = 4;
/// It keeps one part in so many of the screen's height free around it.
const MARGIN: u32 = 36;

/// The parts of a screen of `size`, back to front. While a player plays, the terminal's own picture, `own` pixels
/// large, lies over a corner of it; else it has the whole screen.
pub fn parts(plan: &ScreenPlan, size: Size, own: Size) -> Vec<(Part, Rect)> {
    let whole = Rect { x: 0, y: 0, width: size.width, height: size.height };
    let playing = plan.players.iter().any(|player| player.active);
    let mut parts = Vec::new();
    if playing || plan.self_view.is_none() {
        let wanted = plan.players.iter().enumerate().filter(|(_, view)| view.active || view.card.is_some());
        parts.extend(wanted.map(|(number, _)| (Part::Player(number), whole)));
    }
    if plan.self_view.is_some() {
        parts.push((Part::SelfView, if parts.is_empty() { whole } else { corner(size, own) }));
    }
    parts
}

/// The lower right corner, in the shape of `own`; even numbers.
fn corner(size: Size, own: Size) -> Rect {
    let (most_wide, most_high) = (f64::from(size.width / CORNER), f64::from(size.height / CORNER));
    let scale = (most_wide / f64::from(own.width.max(1))).min(most_high / f64::from(own.height.max(1)));
    let side = |length: u32| ((f64::from(length) * scale / 2.0).round() as u32 * 2).max(2);
    let (width, height) = (side(own.width), side(own.height));
    let margin = size.height / MARGIN;
    let start = |length: u32, inner: u32| length.saturating_sub(inner + margin) & !1;
    Rect { x: start(size.width, width), y: start(size.height, height), width, height }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::card::Card;
    use crate::api::plan::{PlayerView, SelfViewPlan};

    const SIZE: Size = Size::new(1280, 720);
    const WHOLE: Rect = Rect { x: 0, y: 0, width: 1280, height: 720 };
    const ACTIVE: PlayerView = PlayerView { active: true, ..PlayerView::NONE };
    const RESTING: PlayerView = PlayerView { card: Some(Card::Ready), ..PlayerView::NONE };

    fn laid_out(player: PlayerView, self_view: bool, own: Size) -> Vec<(Part, Rect)> {
        let self_view = self_view.then_some(SelfViewPlan { mirror: true, card: None });
        parts(&ScreenPlan { players: vec![player], self_view, ..ScreenPlan::default() }, SIZE, own)
    }

    #[test]
    fn the_own_picture_has_the_screen_until_somebody_plays() {
        let own = Size::new(640, 360);
        assert_eq!(laid_out(PlayerView::NONE, false, own), []);
        assert_eq!(laid_out(RESTING, false, own), [(Part::Player(0), WHOLE)]);
        assert_eq!(laid_out(RESTING, true, own), [(Part::SelfView, WHOLE)]);
        let corner = Rect { x: 940, y: 520, width: 320, height: 180 };
        assert_eq!(laid_out(ACTIVE, true, own), [(Part::Player(0), WHOLE), (Part::SelfView, corner)]);
    }

    #[test]
    fn the_corner_keeps_the_shape_of_the_picture_and_is_always_inside() {
        let upright = laid_out(ACTIVE, true, Size::new(360, 640))[1].1;
        assert_eq!((upright.width, upright.height), (102, 180));
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..10_000 {
            let mut side = |least| random.u32(least..2000) * 2;
            let (size, own) = (Size::new(side(32), side(32)), Size::new(side(1), side(1)));
            let rect = corner(size, own);
            assert!([rect.x, rect.y, rect.width, rect.height].iter().all(|number| number % 2 == 0));
            assert!(rect.width >= 2 && rect.x + rect.width <= size.width, "{rect:?} on {size}");
            assert!(rect.height >= 2 && rect.y + rect.height <= size.height, "{rect:?} on {size}");
        }
    }
}
