//! Reading the files: TOML in, settings or problems with file, line, key and what is allowed out.

use super::document::Document;
use super::schema::{self, Found, Property};
use super::{Board, Settings, properties, rules, scenario};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt;

/// A file longer than this is refused unread.
pub const MAX_FILE: usize = 64 << 10;

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as the user named it; `-` for standard input.
    pub file: String,
    /// Line counted from 1; 0 when the problem is no line's.
    pub line: usize,
    /// Dotted key ("pusher.min-bitrate"); empty for the file as a whole.
    pub key: String,
    /// What is wrong and what is allowed; no trailing full stop.
    pub words: String,
}

/// Everything that is wrong with a file, in order of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.file == "-" { "standard input" } else { &self.file })?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.words)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if position > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Problems {
    /// One problem of the file as a whole.
    pub fn of_file(file: &str, words: impl fmt::Display) -> Self {
        Self(vec![Problem { file: file.into(), line: 0, key: String::new(), words: words.to_string() }])
    }
}

impl Settings {
    /// Reads `text` as `visavis.toml`; `file` names it in problems. Presets are applied under explicit keys.
    pub fn from_toml(file: &str, text: &str) -> Result<Settings, Problems> {
        let preset = |root: &mut Map<String, Value>| {
            if let Some(Value::Object(pusher)) = root.get_mut("pusher") {
                scenario::apply(pusher);
            }
        };
        read(file, text, properties::SETTINGS, preset, rules::settings)
    }
}

impl Board {
    /// Reads `text` as a board profile; `file` names it in problems.
    pub fn from_toml(file: &str, text: &str) -> Result<Board, Problems> {
        read(file, text, properties::BOARD, |_| {}, rules::board)
    }
}

/// Whether `text` looks like a board profile rather than like settings.
pub fn looks_like_board(text: &str) -> bool {
    let (document, _) = Document::read(text.get(..MAX_FILE).unwrap_or(text));
    let has = |keys: &[&str]| keys.iter().filter(|key| document.root.contains_key(**key)).count();
    has(&["name", "camera", "microphone", "speaker", "display", "button", "lamp", "compatible"])
        > has(&["pusher", "player", "screen", "control"])
}

fn read<T: DeserializeOwned>(
    file: &str,
    text: &str,
    keys: &[Property],
    preset: impl Fn(&mut Map<String, Value>),
    rules: impl Fn(&T) -> Vec<Found>,
) -> Result<T, Problems> {
    if text.len() > MAX_FILE {
        return Err(Problems::of_file(file, format_args!("is {} bytes long, allowed {MAX_FILE}", text.len())));
    }
    let (mut document, syntax) = Document::read(text);
    let mut found = Vec::new();
    schema::check(&document.root, keys, &mut Vec::new(), &mut found);
    if !syntax.is_empty() {
        // What stands on a line that can not be read, or behind it, says nothing.
        found.retain(|found| !found.missing && !syntax.iter().any(|(line, _)| *line == document.line(&found.path)));
    }
    for wrong in &found {
        remove(&mut document.root, &wrong.path);
    }
    preset(&mut document.root);
    let root = std::mem::take(&mut document.root);
    let whole = found.is_empty() && syntax.is_empty();
    let read: Option<T> = match serde_path_to_error::deserialize(Value::Object(root)) {
        Ok(read) => Some(read),
        Err(error) if whole => {
            return Err(Problems::of_file(file, format_args!("`{}` can not be understood", error.path())));
        }
        Err(_) => None,
    };
    if let Some(read) = &read {
        let broken = |new: &Found| found.iter().any(|old| old.path == new.path);
        let new: Vec<Found> = rules(read).into_iter().filter(|new| !broken(new)).collect();
        found.extend(new);
    }
    match read {
        Some(read) if found.is_empty() && syntax.is_empty() => Ok(read),
        _ => {
            let syntax = syntax.into_iter().map(|(line, words)| (line, String::new(), words));
            let found = found.iter().map(|f| (document.line(&f.path), schema::dotted(&f.path), f.words.clone()));
            let mut all: Vec<_> = syntax.chain(found).collect();
            all.sort_by_key(|(line, ..)| *line);
            let problem = |(line, key, words)| Problem { file: file.into(), line, key, words };
            Err(Problems(all.into_iter().map(problem).collect()))
        }
    }
}

/// Takes the value at `path` out, so that the rest can still be judged.
fn remove(root: &mut Map<String, Value>, path: &[String]) {
    let Some((last, way)) = path.split_last() else { return };
    let mut table = root;
    let mut parts = way.iter();
    while let Some(part) = parts.next() {
        let mut next = table.get_mut(part);
        let mut rest = parts.clone();
        while let Some(position) = rest.next().and_then(|part| part.strip_prefix('#')) {
            parts = rest.clone();
            next = match (next, position.parse::<usize>()) {
                (Some(Value::Array(list)), Ok(position)) => list.get_mut(position),
                _ => None,
            };
        }
        let Some(Value::Object(inner)) = next else { return };
        table = inner;
    }
    table.remove(last);
}
