//! Stories in tables, a hundred thousand bad contacts, and pins that are sampled.

mod pins;
mod traces;

use super::*;

/// A button with a short operation alone, and one with both.
pub const PLAIN: Kind = Kind::Button { long: false };
pub const BOTH: Kind = Kind::Button { long: true };

pub fn at(ms: i64) -> Time {
    Time::from_micros(ms * 1000)
}

/// Edges of one line that is opened at rest at 0, told at their time; then time until `end`. What it did, and when.
fn told(kind: Kind, edges: &[i64], end: i64) -> Vec<(Gesture, i64)> {
    let mut gestures = Gestures::new([kind]);
    gestures.opened(0, false, at(0));
    for (number, &ms) in edges.iter().enumerate() {
        gestures.edge(0, number % 2 == 0, at(ms));
    }
    gestures.tick(at(end));
    signs(&mut gestures)
}

fn signs(gestures: &mut Gestures) -> Vec<(Gesture, i64)> {
    std::iter::from_fn(|| gestures.poll()).map(|sign| (sign.gesture, sign.at.as_millis())).collect()
}

/// What is told, of which kind of line, its edges, until when, and what it did.
type Story<'a> = (&'a str, Kind, &'a [i64], i64, &'a [(Gesture, i64)]);

#[test]
fn every_story_of_one_button_ends_as_it_is_told() {
    use Gesture::*;
    let mut every_ten: Vec<i64> = (0..300).map(|n| 1000 + n * 10).collect();
    let every_fifty: Vec<i64> = (0..60).map(|n| 1000 + n * 50).collect();
    let every_hundred: Vec<i64> = (0..11).map(|n| 1000 + n * 100).collect();
    let mut stuck_then_loose = vec![100];
    stuck_then_loose.extend((0..99).map(|n| 20_000 + n * 10).chain([40_000, 40_200]));
    every_ten.extend([8_900, 8_950, 9_000, 9_100, 20_000, 20_200]);
    let table: &[Story] = &[
        ("a press acts as soon as it is one", PLAIN, &[100], 130, &[(Short, 100)]),
        ("and not before", PLAIN, &[100], 129, &[]),
        ("its release does nothing", PLAIN, &[100, 300], 1000, &[(Short, 100)]),
        ("a glitch is no press", PLAIN, &[100, 129], 1000, &[]),
        ("a gap of noise in a press does not divide it", PLAIN, &[100, 500, 520, 900], 2000, &[(Short, 100)]),
        ("quiet for exactly the debounce it is a press", BOTH, &[100, 130], 1000, &[(Short, 130)]),
        ("with a long operation, a short press acts at its release", BOTH, &[100, 300], 330, &[(Short, 300)]),
        ("a long one acts while it is held", BOTH, &[100], 3100, &[(Long, 3100)]),
        ("and its release then does nothing", BOTH, &[100, 3500], 5000, &[(Long, 3100)]),
        ("released a moment before three seconds it is short", BOTH, &[100, 3099], 5000, &[(Short, 3099)]),
        ("noise at three seconds does not end it", BOTH, &[100, 3090, 3110], 5000, &[(Long, 3100)]),
        ("a press without rest before it does nothing", PLAIN, &[100, 200, 449, 600], 1000, &[(Short, 100)]),
        ("nor does one that might become a long one", BOTH, &[100, 200, 300, 400], 1000, &[(Short, 200)]),
        ("rest begins when the bouncing ends", PLAIN, &[100, 200, 210, 220, 455, 600], 1000, &[(Short, 100)]),
        ("with rest it does", PLAIN, &[100, 200, 450, 600], 1000, &[(Short, 100), (Short, 450)]),
        ("a press that did nothing is no rest", PLAIN, &[100, 200, 400, 500, 700, 800], 1000, &[(Short, 100)]),
        ("held for ten seconds it is stuck", PLAIN, &[100], 30_000, &[(Short, 100), (Stuck, 10_100)]),
        (
            "until it is released",
            BOTH,
            &[100, 20_000, 21_000, 21_100],
            22_000,
            &[(Long, 3100), (Stuck, 10_100), (Well, 20_000), (Short, 21_100)],
        ),
        (
            "a line that never settles does nothing, is told of once and is heard again after rest",
            PLAIN,
            &every_ten,
            30_000,
            &[(Chattering, 1300), (Well, 8970), (Short, 20_000)],
        ),
        (
            "eleven edges in exactly a second are too many",
            PLAIN,
            &every_hundred,
            2000,
            &[(Short, 1000), (Chattering, 2000)],
        ),
        (
            "a stuck line that chatters and is calm again is neither",
            PLAIN,
            &stuck_then_loose,
            50_000,
            &[(Short, 100), (Stuck, 10_100), (Chattering, 20_300), (Well, 25_960), (Short, 40_000)],
        ),
        (
            "a slower chatter acts once at most",
            PLAIN,
            &every_fifty,
            30_000,
            &[(Short, 1000), (Chattering, 1500), (Well, 8950)],
        ),
    ];
    for (story, kind, edges, end, signs) in table {
        assert_eq!(told(*kind, edges, *end), *signs, "{story}");
    }
}

#[test]
fn a_storm_of_which_only_the_newest_edges_are_seen_now_and_then_is_one_chatter() {
    let mut gestures = Gestures::new([PLAIN]);
    // 10 kHz for ten seconds; every 50 ms the newest 64 edges are read.
    for ms in (50..10_000).step_by(50) {
        for edge in 0..64 {
            gestures.edge(0, edge % 2 == 0, Time::from_micros(ms * 1000 - (64 - edge) * 100));
        }
        gestures.tick(at(ms));
        assert_eq!(gestures.ignores(0), ms >= 550, "{ms}");
    }
    gestures.tick(at(30_000));
    let told: Vec<Gesture> = signs(&mut gestures).into_iter().map(|(gesture, _)| gesture).collect();
    assert_eq!(told, [Gesture::Chattering, Gesture::Well]);
}

#[test]
fn a_line_that_is_active_when_it_is_opened_was_not_pressed_and_is_stuck_after_ten_seconds() {
    let mut gestures = Gestures::new([PLAIN]);
    gestures.opened(0, true, at(1000));
    gestures.tick(at(10_999));
    assert_eq!(gestures.poll(), None);
    gestures.tick(at(11_000));
    gestures.edge(0, false, at(12_000));
    gestures.edge(0, true, at(13_000));
    gestures.tick(at(13_030));
    let signs: Vec<Gesture> = std::iter::from_fn(|| gestures.poll()).map(|sign| sign.gesture).collect();
    assert_eq!(signs, [Gesture::Stuck, Gesture::Well, Gesture::Short]);
}

#[test]
fn two_buttons_pressed_at_once_do_what_each_does_alone() {
    let mut gestures = Gestures::new([PLAIN, BOTH]);
    for (button, active, ms, due) in
        [(0, true, 100, 130), (1, true, 110, 130), (1, false, 300, 130), (0, false, 301, 330)]
    {
        gestures.edge(button, active, at(ms));
        assert_eq!(gestures.deadline(), Some(at(due)), "the nearest one's");
    }
    gestures.tick(at(1000));
    let signs: Vec<(usize, Gesture)> = std::iter::from_fn(|| gestures.poll()).map(|s| (s.button, s.gesture)).collect();
    assert_eq!(signs, [(0, Gesture::Short), (1, Gesture::Short)]);
}

#[test]
fn a_switch_tells_its_position_when_it_is_found_and_when_it_moves_and_is_never_stuck() {
    let mut gestures = Gestures::new([Kind::Switch]);
    gestures.opened(0, true, at(0));
    gestures.tick(at(60_000));
    for (active, ms) in [(false, 61_000), (true, 61_003), (false, 61_006)] {
        gestures.edge(0, active, at(ms));
    }
    gestures.tick(at(62_000));
    assert_eq!(signs(&mut gestures), [(Gesture::Switched(true), 0), (Gesture::Switched(false), 61_000)]);
}

#[test]
fn a_line_that_is_lost_in_a_press_owes_nothing_when_it_is_back() {
    let mut gestures = Gestures::new([BOTH]);
    gestures.edge(0, true, at(100));
    gestures.tick(at(200));
    gestures.closed(0);
    assert_eq!(gestures.deadline(), None);
    gestures.opened(0, false, at(5000));
    gestures.tick(at(20_000));
    assert_eq!(gestures.poll(), None);
    (0..20).for_each(|n| gestures.edge(0, n % 2 == 0, at(21_000 + n * 40)));
    assert!(gestures.ignores(0));
    gestures.opened(0, false, at(22_000));
    assert!(!gestures.ignores(0) && gestures.deadline().is_none(), "opened anew, nothing of before counts");
}

#[test]
fn edges_that_are_read_late_mean_what_they_meant() {
    let mut gestures = Gestures::new([BOTH]);
    // A short press and a long one, all of it read ten seconds later.
    for (active, ms) in [(true, 100), (false, 300), (true, 1000), (false, 4500)] {
        gestures.edge(0, active, at(ms));
    }
    gestures.tick(at(14_000));
    assert_eq!(signs(&mut gestures), [(Gesture::Short, 300), (Gesture::Long, 4000)]);
}

#[test]
fn a_line_that_is_not_there_and_stamps_out_of_order_do_no_harm() {
    let mut gestures = Gestures::new([PLAIN]);
    gestures.edge(7, true, at(0));
    gestures.tick(at(5000));
    gestures.edge(0, true, at(100));
    gestures.tick(at(5030));
    let sign = gestures.poll().map(|sign| (sign.gesture, sign.at));
    assert_eq!(sign, Some((Gesture::Short, at(5000))), "it counts as happening now");
    gestures.edge(0, false, Time::from_micros(i64::MAX));
    gestures.tick(Time::from_micros(i64::MAX));
}
