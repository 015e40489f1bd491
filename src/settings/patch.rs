//! Changing properties while running: all of a change is taken, or nothing.

use super::schema::{self, Found, Property};
use super::{PlayerSettings, PusherSettings, ScreenSettings, properties, rules, scenario};
use crate::api::command::Refusal;
use crate::api::event::Object;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

impl PusherSettings {
    /// These settings with `change` applied; keys as in the file, null resets a property to its default.
    ///
    /// A changed `scenario` sets its properties under the ones `change` states itself. A property that is
    /// reset takes the value of the scenario in force, else its general default.
    pub fn patched(&self, change: &Map<String, Value>) -> Result<Self, Refusal> {
        let object = Object::Pusher;
        let mut table = merged(self, change, properties::PUSHER, &object)?;
        if let Some(Value::String(name)) = change.get("scenario") {
            for (key, value) in scenario::properties(name) {
                if !change.contains_key(&key) {
                    table.insert(key, value);
                }
            }
        }
        scenario::apply(&mut table);
        finished(table, rules::pusher, change, &object)
    }
}

impl PlayerSettings {
    /// These settings with `change` applied; keys as in the file, null resets a property to its default.
    /// The `id` stays what it is.
    pub fn patched(&self, change: &Map<String, Value>) -> Result<Self, Refusal> {
        let object = Object::Player(self.id.clone());
        if change.get("id").is_some_and(|id| id.as_str() != Some(&self.id)) {
            return Err(refusal("id", "can not be changed while running", &object));
        }
        let mut table = merged(self, change, properties::PLAYER, &object)?;
        table.insert("id".into(), Value::String(self.id.clone()));
        finished(table, rules::player, change, &object)
    }
}

impl ScreenSettings {
    /// These settings with `change` applied; keys as in the file, null resets a property to its default.
    pub fn patched(&self, change: &Map<String, Value>) -> Result<Self, Refusal> {
        let table = merged(self, change, properties::SCREEN, &Object::Screen)?;
        finished(table, |_| Vec::new(), change, &Object::Screen)
    }
}

/// What is allowed for property `field` of `object`, in words; `None` for an unknown property.
pub fn allowed(object: &Object, field: &str) -> Option<String> {
    let keys = match object {
        Object::Pusher => properties::PUSHER,
        Object::Player(_) => properties::PLAYER,
        Object::Screen => properties::SCREEN,
        Object::Device | Object::Daemon => return None,
    };
    let key = keys.iter().find(|key| key.name == field)?;
    match key.kind {
        schema::Kind::Text(_) | schema::Kind::Table(_) => None,
        _ => Some(schema::allowed(&key.kind).trim_start_matches("allowed ").to_owned()),
    }
}

fn merged<T: Serialize>(
    settings: &T,
    change: &Map<String, Value>,
    keys: &[Property],
    object: &Object,
) -> Result<Map<String, Value>, Refusal> {
    let mut given = change.clone();
    given.retain(|key, value| !value.is_null() || !keys.iter().any(|known| known.name == key));
    let mut found = Vec::new();
    schema::check(&given, keys, &mut Vec::new(), &mut found);
    if let Some(first) = found.first() {
        return Err(of(first, object));
    }
    let Ok(Value::Object(mut table)) = serde_json::to_value(settings) else {
        return Err(refusal("", "the settings can not be written down", object));
    };
    for (key, value) in change {
        table.insert(key.clone(), value.clone());
    }
    table.retain(|_, value| !value.is_null());
    Ok(table)
}

fn finished<T: DeserializeOwned>(
    table: Map<String, Value>,
    rules: impl Fn(&T) -> Vec<Found>,
    change: &Map<String, Value>,
    object: &Object,
) -> Result<T, Refusal> {
    let settings: T = serde_path_to_error::deserialize(Value::Object(table))
        .map_err(|error| refusal(&error.path().to_string(), "can not be understood", object))?;
    let found = rules(&settings);
    // The contradiction is told of the property that was changed, where there is one.
    let first = found.iter().find(|found| change.contains_key(&schema::dotted(&found.path))).or(found.first());
    first.map_or(Ok(settings), |first| Err(of(first, object)))
}

fn of(found: &Found, object: &Object) -> Refusal {
    refusal(&schema::dotted(&found.path), &found.words, object)
}

fn refusal(field: &str, words: &str, object: &Object) -> Refusal {
    Refusal { kind: "invalid-property", field: field.into(), words: words.into(), object: object.clone() }
}
