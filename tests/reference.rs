//! The reference names everything there is.

use serde_json::Value;
use visavis::api::code;
use visavis::api::status::{PlayStats, PushStats};
use visavis::settings::{PlayerSettings, PusherSettings, ScreenSettings, operation};

fn reference() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md")).unwrap()
}

fn keys(value: &impl serde::Serialize) -> Vec<String> {
    match serde_json::to_value(value).unwrap() {
        Value::Object(map) => map.keys().cloned().collect(),
        _ => vec![],
    }
}

#[test]
fn every_property_and_figure_has_its_row() {
    let text = reference();
    let pusher = keys(&PusherSettings { signing: None, ..PusherSettings::default() });
    let (player, screen) = (keys(&PlayerSettings::default()), keys(&ScreenSettings::default()));
    let named = [pusher, player, screen, keys(&PushStats::default()), keys(&PlayStats::default())];
    let missing: Vec<String> = named.concat().into_iter().filter(|key| !text.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/reference.md says nothing of {missing:?}");
}

#[test]
fn every_operation_of_a_button_has_its_row() {
    let text = reference();
    let missing: Vec<_> = operation::NAMES.iter().filter(|name| !text.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/reference.md says nothing of {missing:?}");
}

#[test]
fn every_event_has_its_row() {
    let text = reference();
    for code in code::ALL {
        let number = code.number.to_string().replace('-', "−");
        assert!(text.contains(&format!("| {number} | ")), "docs/reference.md says nothing of {}", code.number);
    }
}

#[test]
fn every_proof_that_is_named_is_a_test_and_every_property_and_every_event_has_one() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/proofs.md")).unwrap();
    let mut missing: Vec<String> = text
        .split('`')
        .filter_map(|word| word.split_once(".rs::").map(|(file, name)| (format!("{file}.rs"), name)))
        .filter(|(file, name)| {
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            !source.contains(&format!("fn {name}()"))
        })
        .map(|(file, name)| format!("{file}::{name}"))
        .collect();
    // What both ways have is to be proved of both.
    let (up, down) = text.split_once("# What proves the way down").unwrap();
    let (player, screen) = (keys(&PlayerSettings::default()), keys(&ScreenSettings::default()));
    for (part, keys) in [(up, keys(&PusherSettings::default())), (down, player), (down, screen)] {
        missing.extend(keys.into_iter().filter(|key| !part.contains(&format!("`{key}`"))));
    }
    let both_ways = code::ALL.iter().filter(|code| code.name.starts_with("PUSH_") || code.name.starts_with("PLAY_"));
    let numbers = both_ways.map(|code| code.number.to_string().replace('-', "−"));
    missing.extend(
        numbers.filter(|number| !text.contains(&format!("| {number}")) && !text.contains(&format!(", {number}"))),
    );
    assert!(missing.is_empty(), "docs/proofs.md: {missing:#?}");
}
