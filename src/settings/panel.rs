//! What contradicts itself among the buttons and lamps of a board.

use super::board::{ButtonDriver, ButtonProfile, LampDriver, LampProfile};
use super::schema::Found;
use std::collections::{HashMap, HashSet};

/// Every contradiction; paths begin at the root of the profile.
pub fn contradictions(buttons: &[ButtonProfile], lamps: &[LampProfile]) -> Vec<Found> {
    let mut found = Vec::new();
    for (position, button) in buttons.iter().enumerate() {
        let place = format!("#{position}");
        let pressed = button.short.is_some() || button.long.is_some();
        match button.switch {
            Some(_) if pressed => {
                let words = "a switch has neither `short` nor `long`: it is no button";
                found.push(Found::new(&["button", &place, "switch"], words));
            }
            None if !pressed => {
                let words = "is missing, a button needs `short`, `long` or both, a switch needs `switch`";
                found.push(Found::new(&["button", &place, "short"], words));
            }
            _ => {}
        }
    }
    found.extend(repeated("button", buttons.iter().map(|button| button.name.as_str())));
    found.extend(repeated("lamp", lamps.iter().map(|lamp| lamp.name.as_str())));
    found.extend(shared(buttons, lamps));
    found
}

fn repeated<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Vec<Found> {
    let mut seen = HashSet::new();
    let twice = names.enumerate().filter(|(_, name)| !seen.insert(*name));
    let found = |(position, name): (usize, &str)| {
        let words = format!("{name:?} names two of them, every name is allowed once");
        Found::new(&[list, &format!("#{position}"), "name"], words)
    };
    twice.map(found).collect()
}

/// Uses of a line (or a path) that has one already.
fn shared(buttons: &[ButtonProfile], lamps: &[LampProfile]) -> Vec<Found> {
    let buttons = buttons.iter().enumerate().map(|(position, button)| {
        let (key, what) = match &button.driver {
            ButtonDriver::Gpio { chip, line, .. } => ("line", of_chip(chip, line)),
            ButtonDriver::Scripted { path } => ("path", path.display().to_string()),
        };
        ("button", position, key, what, &button.name)
    });
    let lamps = lamps.iter().enumerate().map(|(position, lamp)| {
        let (key, what) = match &lamp.driver {
            LampDriver::Gpio { chip, line, .. } => ("line", of_chip(chip, line)),
            LampDriver::File { path } => ("path", path.display().to_string()),
        };
        ("lamp", position, key, what, &lamp.name)
    });
    let mut users: HashMap<String, (&str, &String)> = HashMap::new();
    let mut found = Vec::new();
    for (list, position, key, what, name) in buttons.chain(lamps) {
        if let Some((other, user)) = users.get(&what) {
            let words = format!("{what} is used by {other} {user:?} already, every {key} has one use");
            found.push(Found::new(&[list, &format!("#{position}"), key], words));
        } else {
            users.insert(what, (list, name));
        }
    }
    found
}

/// A line in words; a chip's name is the last part of its path.
fn of_chip(chip: &str, line: &super::board::LineName) -> String {
    format!("line {line} of {}", chip.strip_prefix("/dev/").unwrap_or(chip))
}
