//! The engine behind embedded-hal pins: levels are sampled, changes are edges.

use super::*;
use embedded_hal::digital::InputPin;
use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};

/// What a button does whose pin is sampled once a millisecond; it is pulled up, so low is pressed.
fn sampled(kind: Kind, levels: &[State]) -> Vec<(Gesture, i64)> {
    let transactions: Vec<Transaction> = levels.iter().map(|level| Transaction::get(*level)).collect();
    let mut pin = Mock::new(&transactions);
    let mut gestures = Gestures::new([kind]);
    let mut last = None;
    for ms in 0..levels.len() as i64 {
        let active = pin.is_low().unwrap();
        match last.replace(active) {
            None => gestures.opened(0, active, at(ms)),
            Some(before) if before != active => gestures.edge(0, active, at(ms)),
            _ => {}
        }
        gestures.tick(at(ms));
    }
    pin.done();
    signs(&mut gestures)
}

/// `(level, milliseconds)` as samples.
fn levels(pieces: &[(State, usize)]) -> Vec<State> {
    pieces.iter().flat_map(|(level, ms)| std::iter::repeat_n(*level, *ms)).collect()
}

#[test]
fn a_bouncing_pin_that_is_pulled_up_makes_one_press() {
    let (up, down) = (State::High, State::Low);
    let press = levels(&[(up, 50), (down, 2), (up, 1), (down, 3), (up, 2), (down, 200), (up, 1), (down, 1), (up, 100)]);
    assert_eq!(sampled(PLAIN, &press), [(Gesture::Short, 50)]);
    assert_eq!(sampled(BOTH, &press), [(Gesture::Short, 258)]);
}

#[test]
fn a_pin_held_for_three_seconds_makes_a_long_press_before_it_is_let_go() {
    let held = levels(&[(State::High, 10), (State::Low, 3001)]);
    assert_eq!(sampled(BOTH, &held), [(Gesture::Long, 3010)]);
}

#[test]
fn a_pin_that_is_low_from_the_start_was_not_pressed() {
    assert_eq!(sampled(PLAIN, &levels(&[(State::Low, 500), (State::High, 100)])), []);
}
