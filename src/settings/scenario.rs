//! Presets by name: what the way up is used for decides mode, bit rates and sound quality.

use serde_json::{Map, Value, json};

/// A preset: mode, lowest and highest video rate in kbit/s, sound quality.
struct Scenario {
    name: &'static str,
    mode: &'static str,
    min: u32,
    max: u32,
    audio: &'static str,
}

const fn preset(name: &'static str, mode: &'static str, min: u32, max: u32, audio: &'static str) -> Scenario {
    Scenario { name, mode, min, max, audio }
}

/// Every preset, in the order the component's documentation lists them.
const ALL: [Scenario; 7] = [
    preset("sd-live", "SD", 300, 800, "high"),
    preset("hd-live", "HD", 600, 1200, "high"),
    preset("fhd-live", "FHD", 600, 1800, "high"),
    preset("video-service", "RTC", 200, 500, "high"),
    preset("car-insurance", "RTC", 200, 1200, "high"),
    preset("meeting-host", "RTC", 200, 1000, "high"),
    preset("meeting-guest", "RTC", 150, 300, "low"),
];

/// The names of all presets.
pub const NAMES: &[&str] = &[ALL[0].name, ALL[1].name, ALL[2].name, ALL[3].name, ALL[4].name, ALL[5].name, ALL[6].name];

/// The properties the preset `name` sets; empty for an unknown one.
pub fn properties(name: &str) -> Map<String, Value> {
    let Some(preset) = ALL.iter().find(|preset| preset.name == name) else { return Map::new() };
    let mut map = Map::new();
    map.insert("mode".into(), json!(preset.mode));
    map.insert("min-bitrate".into(), json!(preset.min));
    map.insert("max-bitrate".into(), json!(preset.max));
    map.insert("audio-quality".into(), json!(preset.audio));
    map
}

/// Adds the properties of the preset `table` names, under the ones `table` states itself.
pub fn apply(table: &mut Map<String, Value>) {
    let Some(Value::String(name)) = table.get("scenario") else { return };
    for (key, value) in properties(&name.clone()) {
        table.entry(key).or_insert(value);
    }
}
