//! What a file or a change of properties may hold: tables of keys, and the one check that reads them.

use serde_json::{Map, Value};

/// A key and what may stand behind it.
#[derive(Debug)]
pub struct Property {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
}

/// What may stand behind a key.
#[derive(Debug)]
pub enum Kind {
    Flag,
    /// A whole number in a closed range.
    Whole(u32, u32),
    /// An even whole number in a closed range.
    Even(u32, u32),
    /// A number in a closed range.
    Number(f64, f64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these whole numbers.
    OneOf(&'static [u32]),
    /// One of these words, or a list of them.
    Words(&'static [&'static str]),
    /// A text that the function finds nothing wrong with; the function never repeats the text.
    Text(fn(&str) -> Result<(), String>),
    /// A list of such texts.
    Texts(fn(&str) -> Result<(), String>),
    /// A GPIO line: its number or its name.
    Line,
    Table(&'static [Property]),
    Tables(&'static [Property]),
    /// A table whose `driver` decides which other keys it has.
    Driver(&'static [Driver]),
    /// `[[…]]` of the same.
    Drivers(&'static [Driver]),
}

/// One driver of a kind of device.
#[derive(Debug)]
pub struct Driver {
    pub name: &'static str,
    pub keys: &'static [Property],
    /// Exactly one of these keys must be there.
    pub either: &'static [&'static str],
}

/// The way from the root to a value; list positions are written `#0`, `#1`…
pub type Path = Vec<String>;

/// Something wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub path: Path,
    pub words: String,
    /// A key that should be there and is not.
    pub missing: bool,
}

impl Found {
    /// `words` about the value at `path`.
    pub fn new(path: &[&str], words: impl Into<String>) -> Self {
        Self { path: path.iter().map(ToString::to_string).collect(), words: words.into(), missing: false }
    }
}

/// The dotted key of a path, without list positions.
pub fn dotted(path: &[String]) -> String {
    let keys = path.iter().filter(|part| !part.starts_with('#'));
    keys.map(|part| clipped(part)).collect::<Vec<_>>().join(".")
}

/// Checks `table` against `keys` and adds everything wrong to `found`; `path` is where the table stands.
pub fn check(table: &Map<String, Value>, keys: &[Property], path: &mut Path, found: &mut Vec<Found>) {
    for (name, value) in table {
        path.push(name.clone());
        match keys.iter().find(|key| key.name == name) {
            Some(key) => check_value(value, &key.kind, path, found),
            None => say(found, path, unknown(name, keys)),
        }
        path.pop();
    }
    for key in keys.iter().filter(|key| key.required && !table.contains_key(key.name)) {
        missing(found, path, key.name, format!("is missing, {}", allowed(&key.kind)));
    }
}

/// What is allowed behind a key, for people: "allowed 1 to 30".
pub fn allowed(kind: &Kind) -> String {
    match kind {
        Kind::Flag => "allowed true or false".into(),
        Kind::Whole(min, max) => format!("allowed {min} to {max}"),
        Kind::Even(min, max) => format!("allowed even numbers from {min} to {max}"),
        Kind::Number(min, max) => format!("allowed {min} to {max}"),
        Kind::Word(words) => format!("allowed {}", words.join(", ")),
        Kind::OneOf(numbers) => {
            format!("allowed {}", numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        Kind::Words(words) => format!("allowed {} or a list of them", words.join(", ")),
        Kind::Text(_) => "a text is needed".into(),
        Kind::Texts(_) => "a list of texts is needed".into(),
        Kind::Line => "the number of a line or its name in quotes is needed".into(),
        Kind::Table(_) => "a table is needed".into(),
        Kind::Tables(_) | Kind::Drivers(_) => "a list of tables is needed".into(),
        Kind::Driver(drivers) => format!("a table with `driver` is needed, one of {}", names(drivers)),
    }
}

fn check_value(value: &Value, kind: &Kind, path: &mut Path, found: &mut Vec<Found>) {
    match (kind, value) {
        (Kind::Flag, Value::Bool(_)) => {}
        (Kind::Whole(min, max), Value::Number(number)) if !number.is_f64() => {
            if !in_range(number.as_u64(), *min, *max) {
                say(found, path, format!("{number} is out of range, {}", allowed(kind)));
            }
        }
        (Kind::Even(min, max), Value::Number(number)) if !number.is_f64() => {
            if !in_range(number.as_u64(), *min, *max) {
                say(found, path, format!("{number} is out of range, {}", allowed(kind)));
            } else if number.as_u64().is_some_and(|n| n % 2 != 0) {
                say(found, path, format!("{number} is odd, {}", allowed(kind)));
            }
        }
        (Kind::Number(min, max), Value::Number(number)) => {
            if !number.as_f64().is_some_and(|n| (*min..=*max).contains(&n)) {
                say(found, path, format!("{number} is out of range, {}", allowed(kind)));
            }
        }
        (Kind::OneOf(numbers), Value::Number(number)) if !number.is_f64() => {
            if !numbers.iter().any(|&n| number.as_u64() == Some(n.into())) {
                say(found, path, format!("{number} is not possible, {}", allowed(kind)));
            }
        }
        (Kind::Word(words) | Kind::Words(words), Value::String(text)) => check_word(text, words, kind, path, found),
        (Kind::Words(words), Value::Array(list)) => each(list, path, |item, path| match item {
            Value::String(text) => check_word(text, words, kind, path, found),
            other => say(found, path, wrong_type(other, kind)),
        }),
        (Kind::Text(judge), Value::String(text)) => {
            if let Err(words) = judge(text) {
                say(found, path, words);
            }
        }
        (Kind::Texts(judge), Value::Array(list)) => each(list, path, |item, path| match item {
            Value::String(text) => {
                if let Err(words) = judge(text) {
                    say(found, path, words);
                }
            }
            other => say(found, path, wrong_type(other, kind)),
        }),
        (Kind::Line, Value::Number(number)) if in_range(number.as_u64(), 0, 1023) => {}
        (Kind::Line, Value::String(text)) if !text.is_empty() && text.len() <= 31 => {}
        (Kind::Table(keys), Value::Object(table)) => check(table, keys, path, found),
        (Kind::Tables(keys), Value::Array(list)) => each(list, path, |item, path| match item {
            Value::Object(table) => check(table, keys, path, found),
            other => say(found, path, wrong_type(other, kind)),
        }),
        (Kind::Driver(drivers), Value::Object(table)) => check_driver(table, drivers, path, found),
        (Kind::Drivers(drivers), Value::Array(list)) => each(list, path, |item, path| match item {
            Value::Object(table) => check_driver(table, drivers, path, found),
            other => say(found, path, wrong_type(other, kind)),
        }),
        (kind, other) => say(found, path, wrong_type(other, kind)),
    }
}

fn each(list: &[Value], path: &mut Path, mut judge: impl FnMut(&Value, &mut Path)) {
    for (position, item) in list.iter().enumerate() {
        path.push(format!("#{position}"));
        judge(item, path);
        path.pop();
    }
}

fn check_word(text: &str, words: &[&str], kind: &Kind, path: &Path, found: &mut Vec<Found>) {
    if !words.contains(&text) {
        say(found, path, format!("{} is not possible, {}", quoted(text), allowed(kind)));
    }
}

fn check_driver(table: &Map<String, Value>, drivers: &[Driver], path: &mut Path, found: &mut Vec<Found>) {
    let name = match table.get("driver") {
        Some(Value::String(name)) => name,
        Some(_) => return say_at(found, path, "driver", format!("a text is needed, one of {}", names(drivers))),
        None => return missing(found, path, "driver", format!("is missing, drivers are {}", names(drivers))),
    };
    let Some(driver) = drivers.iter().find(|driver| driver.name == name) else {
        let words = format!("there is no driver {}, drivers are {}", quoted(name), names(drivers));
        return say_at(found, path, "driver", words);
    };
    let mut rest = table.clone();
    rest.remove("driver");
    check(&rest, driver.keys, path, found);
    let given = driver.either.iter().filter(|key| table.contains_key(**key)).count();
    if !driver.either.is_empty() && given != 1 {
        let both = driver.either.join(" and ");
        if given == 0 {
            missing(found, path, driver.either[0], format!("is missing, driver `{name}` needs one of {both}"));
        } else {
            say_at(found, path, driver.either[1], format!("driver `{name}` takes one of {both}, not both"));
        }
    }
}

fn say(found: &mut Vec<Found>, path: &Path, words: impl Into<String>) {
    found.push(Found { path: path.clone(), words: words.into(), missing: false });
}

fn say_at(found: &mut Vec<Found>, path: &Path, key: &str, words: String) {
    let mut path = path.clone();
    path.push(key.into());
    found.push(Found { path, words, missing: false });
}

fn missing(found: &mut Vec<Found>, path: &Path, key: &str, words: String) {
    let mut path = path.clone();
    path.push(key.into());
    found.push(Found { path, words, missing: true });
}

fn in_range(number: Option<u64>, min: u32, max: u32) -> bool {
    number.is_some_and(|n| (u64::from(min)..=u64::from(max)).contains(&n))
}

fn names(drivers: &[Driver]) -> String {
    drivers.iter().map(|driver| driver.name).collect::<Vec<_>>().join(", ")
}

fn unknown(name: &str, keys: &[Property]) -> String {
    let near = keys.iter().map(|key| (strsim::jaro_winkler(key.name, name), key.name));
    match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((likeness, best)) if likeness > 0.8 => format!("unknown key, did you mean `{best}`?"),
        _ => format!("unknown key, allowed are {}", keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")),
    }
}

fn wrong_type(value: &Value, kind: &Kind) -> String {
    let is = match value {
        Value::Null => "a date or an endless number",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a text in quotes",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    };
    format!("{is} is not possible here, {}", allowed(kind))
}

/// A text of the file as it may be repeated: short, printable, and nothing that looks like an address or a secret.
fn quoted(text: &str) -> String {
    let harmless = text.len() <= 40
        && !text.contains("://")
        && !["secret", "token", "passw", "key"].iter().any(|word| text.to_ascii_lowercase().contains(word));
    if harmless { format!("\"{}\"", text.escape_debug()) } else { "this text".into() }
}

/// A key as it may be repeated.
fn clipped(key: &str) -> String {
    let bare = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare && key.len() <= 40 { key.into() } else { quoted(key) }
}
