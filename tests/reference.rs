//! The reference names everything there is.

use serde_json::Value;
use visavis::api::code;
use visavis::api::status::{PlayStats, PushStats};
use visavis::settings::{PlayerSettings, PusherSettings, operation};

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
    let named = [pusher, keys(&PlayerSettings::default()), keys(&PushStats::default()), keys(&PlayStats::default())];
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
