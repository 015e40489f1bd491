//! Layouts as a table, and what holds of all of them.

use super::*;
use crate::api::plan::SelfViewPlan;

const SIZE: Size = Size::new(1280, 720);
const UPRIGHT: Size = Size::new(720, 1280);
const WHOLE: Rect = rect(0, 0, 1280, 720);
const IDLE: PlayerView = PlayerView { card: Some(Card::Ready), ..PlayerView::NONE };
const PLAYS: PlayerView = PlayerView { active: true, ..PlayerView::NONE };
const TRIES: PlayerView = PlayerView { card: Some(Card::NoConnection), ..PLAYS };
const SMALL: PlayerView = PlayerView { small: true, ..PLAYS };
const FILLS: PlayerView = PlayerView { full_screen: true, ..PLAYS };

const fn rect(x: u32, y: u32, width: u32, height: u32) -> Rect {
    Rect { x, y, width, height }
}

/// Four corners and the middle of the right edge, of a picture of 16:9 on 1280x720.
const LOWER_RIGHT: Rect = rect(940, 520, 320, 180);
const UPPER_RIGHT: Rect = rect(940, 20, 320, 180);
const UPPER_LEFT: Rect = rect(20, 20, 320, 180);
const LOWER_LEFT: Rect = rect(20, 520, 320, 180);

fn laid_out(layout: Layout, players: &[PlayerView], own: bool, size: Size, shape: Size) -> Vec<(Option<usize>, Rect)> {
    let self_view = own.then_some(SelfViewPlan { mirror: true, card: None });
    let plan = ScreenPlan { players: players.to_vec(), layout, self_view, ..ScreenPlan::default() };
    let shapes = [shape; 4];
    let number = |part| match part {
        Part::Player(number) => Some(number),
        Part::SelfView => None,
    };
    places(&plan, size, Shapes { players: &shapes, own: shape }).iter().map(|it| (number(it.part), it.rect)).collect()
}

#[test]
fn everything_lies_where_the_table_says() {
    use Layout::{Full, Grid, Pip};
    type Row<'a> = (Layout, &'a [PlayerView], bool, &'a [(Option<usize>, Rect)]);
    let own = None;
    let [left, right] = [rect(0, 0, 640, 720), rect(640, 0, 640, 720)];
    let four = [rect(0, 0, 640, 360), rect(640, 0, 640, 360), rect(0, 360, 640, 360), rect(640, 360, 640, 360)];
    let table: &[Row<'_>] = &[
        // Nobody plays: the terminal's own picture, else the first card.
        (Full, &[], false, &[]),
        (Full, &[IDLE], false, &[(Some(0), WHOLE)]),
        (Grid, &[IDLE, IDLE], false, &[(Some(0), WHOLE)]),
        (Pip, &[IDLE, IDLE], true, &[(own, WHOLE)]),
        // One plays: the same everywhere but for the own picture.
        (Full, &[PLAYS], true, &[(Some(0), WHOLE), (own, LOWER_RIGHT)]),
        (Pip, &[PLAYS], true, &[(Some(0), WHOLE), (own, LOWER_RIGHT)]),
        (Grid, &[PLAYS], true, &[(Some(0), left), (own, right)]),
        (Grid, &[IDLE, PLAYS], false, &[(Some(1), WHOLE)]),
        (Full, &[TRIES], false, &[(Some(0), WHOLE)]),
        // The best place is that of the first who plays.
        (Full, &[IDLE, TRIES, PLAYS, PLAYS], false, &[(Some(2), WHOLE)]),
        (Full, &[IDLE, TRIES, IDLE, TRIES], false, &[(Some(1), WHOLE)]),
        (Pip, &[TRIES, PLAYS], false, &[(Some(1), WHOLE), (Some(0), UPPER_RIGHT)]),
        (
            Pip,
            &[PLAYS, PLAYS, PLAYS, PLAYS],
            true,
            &[
                (Some(0), WHOLE),
                (own, LOWER_RIGHT),
                (Some(1), UPPER_RIGHT),
                (Some(2), UPPER_LEFT),
                (Some(3), LOWER_LEFT),
            ],
        ),
        (Pip, &[PLAYS, IDLE, PLAYS], false, &[(Some(0), WHOLE), (Some(2), UPPER_RIGHT)]),
        (Grid, &[PLAYS, PLAYS], false, &[(Some(0), left), (Some(1), right)]),
        (
            Grid,
            &[PLAYS, PLAYS, TRIES],
            false,
            &[(Some(0), four[0]), (Some(1), four[1]), (Some(2), rect(320, 360, 640, 360))],
        ),
        (
            Grid,
            &[PLAYS, PLAYS, PLAYS],
            true,
            &[(Some(0), four[0]), (Some(1), four[1]), (Some(2), four[2]), (own, four[3])],
        ),
        // Small pictures lie over the others; alone they leave the screen black.
        (Full, &[SMALL], false, &[(Some(0), UPPER_RIGHT)]),
        (Full, &[SMALL], true, &[(own, LOWER_RIGHT), (Some(0), UPPER_RIGHT)]),
        (Full, &[SMALL, PLAYS], false, &[(Some(1), WHOLE), (Some(0), UPPER_RIGHT)]),
        (Grid, &[SMALL, PLAYS], true, &[(Some(1), left), (own, right), (Some(0), UPPER_RIGHT)]),
        // Who fills the screen is alone on it, if it plays.
        (Grid, &[PLAYS, FILLS], true, &[(Some(1), WHOLE)]),
        (Full, &[PLAYS, PlayerView { active: false, ..FILLS }], false, &[(Some(0), WHOLE)]),
    ];
    for (layout, players, self_view, expected) in table {
        let got = laid_out(*layout, players, *self_view, SIZE, Size::new(640, 360));
        assert_eq!(got, *expected, "{layout:?} {players:?} {self_view}");
    }
}

#[test]
fn the_screen_is_turned_by_who_has_it_for_itself_and_by_nobody_else() {
    let turned = |view: PlayerView, players: &[PlayerView]| {
        let players = [players, &[PlayerView { direction: 90, ..view }]].concat();
        direction(&ScreenPlan { players, ..ScreenPlan::default() })
    };
    assert_eq!(turned(FILLS, &[PLAYS]), Turn::Quarter);
    assert_eq!(turned(PLAYS, &[]), Turn::None);
    assert_eq!(turned(PlayerView { active: false, ..FILLS }, &[PLAYS]), Turn::None, "it plays nothing");
    assert_eq!(turned(PLAYS, &[PlayerView { direction: 270, ..FILLS }]), Turn::ThreeQuarters);
    assert_eq!(turned(PLAYS, &[PlayerView { turn: 90, ..FILLS }]), Turn::None, "only its picture");
}

#[test]
fn two_pictures_lie_beside_or_over_each_other_whichever_shows_more_of_them() {
    let (lying, standing) = (Size::new(640, 360), Size::new(360, 640));
    let second = |size, shape| laid_out(Layout::Grid, &[PLAYS, PLAYS], false, size, shape)[1].1;
    assert_eq!(second(UPRIGHT, lying), rect(0, 640, 720, 640));
    assert_eq!(second(SIZE, standing), rect(640, 0, 640, 720));
    assert_eq!(second(SIZE, lying), rect(640, 0, 640, 720), "as much either way: the screen's shape decides");
    assert_eq!(second(Size::new(1280, 1024), lying), rect(0, 512, 1280, 512));
    let row = laid_out(Layout::Grid, &[PLAYS; 4], true, UPRIGHT, lying);
    assert_eq!(row[4].1, rect(180, 852, 360, 428), "five on a screen that stands: three rows of two");
    assert_eq!(laid_out(Layout::Grid, &[PLAYS; 4], true, SIZE, lying)[4].1.height, 360, "else two rows of three");
}

#[test]
fn a_corner_keeps_the_shape_of_its_picture() {
    let parts = laid_out(Layout::Full, &[PLAYS], true, SIZE, Size::new(360, 640));
    assert_eq!((parts[1].1.width, parts[1].1.height), (102, 180));
}

#[test]
fn whatever_is_to_be_seen_is_inside_the_screen_and_even_and_seen_once() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let mut side = |least: u32| random.u32(least..2000) * 2;
        let (size, shapes) = (Size::new(side(32), side(32)), [(); 5].map(|()| Size::new(side(1), side(1))));
        let mut view = || PlayerView {
            active: random.bool(),
            card: random.bool().then(|| *random.choice(&Card::ALL).unwrap()),
            small: random.u8(0..4) == 0,
            full_screen: random.u8(0..8) == 0,
            ..PlayerView::NONE
        };
        let players: Vec<PlayerView> = (0..4).map(|_| view()).collect();
        let players = players[..random.usize(0..=4)].to_vec();
        let layout = *random.choice([Layout::Full, Layout::Pip, Layout::Grid].iter()).unwrap();
        let self_view = random.bool().then_some(SelfViewPlan { mirror: false, card: None });
        let plan = ScreenPlan { players, layout, self_view, ..ScreenPlan::default() };
        let places = places(&plan, size, Shapes { players: &shapes[..4], own: shapes[4] });
        for (index, Place { part, rect, .. }) in places.iter().enumerate() {
            assert!([rect.x, rect.y, rect.width, rect.height].iter().all(|number| number % 2 == 0), "{rect:?}");
            assert!(rect.width >= 2 && rect.x + rect.width <= size.width, "{rect:?} on {size}");
            assert!(rect.height >= 2 && rect.y + rect.height <= size.height, "{rect:?} on {size}");
            assert!(places[..index].iter().all(|other| other.part != *part), "{part:?} twice");
        }
        let somebody = plan.players.iter().any(|player| player.active);
        let idle = |part| matches!(part, Part::Player(number) if !plan.players[number].active);
        assert!(!somebody || !places.iter().any(|place| idle(place.part)), "who plays nothing takes no room");
        let wanted = self_view.is_some() || plan.players.iter().any(|it| it.active || it.card.is_some());
        assert_eq!(places.is_empty(), !wanted, "{plan:?}");
        // Beside each other: what lies in a grid never overlaps.
        let cells: Vec<Rect> = places.iter().filter(|place| !place.corner).map(|place| place.rect).collect();
        for (index, one) in cells.iter().enumerate() {
            for other in &cells[..index] {
                let apart = |a: u32, b: u32, c: u32, d: u32| a + b <= c || c + d <= a;
                let apart =
                    apart(one.x, one.width, other.x, other.width) || apart(one.y, one.height, other.y, other.height);
                assert!(apart, "{one:?} over {other:?}");
            }
        }
    }
}
