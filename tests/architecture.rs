//! The rules of the house, held by a test: imports go only down, engines are pure, files stay short.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module's storey. A module imports from lower storeys and from itself.
const STOREYS: &[(&str, u32)] = &[
    ("media", 10),
    ("font", 11),
    ("settings", 12),
    ("api", 13),
    ("flv", 21),
    ("h264", 20),
    ("retry", 20),
    ("buttons", 20),
    ("voice", 20),
    ("image", 21),
    ("playout", 21),
    ("render", 21),
    ("rate_control", 20),
    ("wish", 21),
    ("rtmp", 22),
    ("http_flv", 23),
    ("device", 25),
    ("flow", 30),
    ("pusher", 31),
    ("player", 31),
    ("panel", 31),
    ("screen", 31),
    ("appliance", 40),
    ("control", 50),
    ("daemon", 51),
];

/// Neighbours that never import each other although their storeys would allow it.
const APART: &[(&str, &str)] = &[
    ("pusher", "player"),
    ("screen", "player"),
    ("screen", "pusher"),
    ("appliance", "pusher"),
    ("appliance", "player"),
    ("appliance", "panel"),
    ("appliance", "screen"),
    ("appliance", "flow"),
    ("appliance", "device"),
    ("appliance", "rtmp"),
    ("appliance", "playout"),
];

/// The vocabulary: settings and api name each other's types and form one storey.
const VOCABULARY: &[&str] = &["settings", "api"];

/// Modules that read no clock, open nothing, start nothing and never wait.
const PURE: &[&str] = &[
    "media",
    "font",
    "api",
    "flv",
    "h264",
    "retry",
    "buttons",
    "voice",
    "image",
    "playout",
    "render",
    "rate_control",
    "wish",
    "rtmp",
    "http_flv",
    "appliance",
];

/// What a pure module may not name.
const IMPURE: &[&str] = &[
    "Instant::now",
    "SystemTime",
    "clock::now",
    "std::fs",
    "std::net",
    "std::thread",
    "File::open",
    "tokio::",
    "async fn",
    ".await",
    "tracing::",
    "thread::sleep",
    "println!",
];

const LINES: usize = 400;

fn may_import(from: &str, to: &str) -> bool {
    let storey = |name: &str| STOREYS.iter().find(|(module, _)| *module == name).map(|(_, storey)| *storey);
    let (Some(own), Some(other)) = (storey(from), storey(to)) else { return from == to };
    let apart = APART.iter().any(|&(a, b)| (a, b) == (from, to) || (b, a) == (from, to));
    // Devices and engines are neighbours on one storey: a device sees only the vocabulary.
    let device = from == "device" && (20..25).contains(&other);
    let words = VOCABULARY.contains(&from) && VOCABULARY.contains(&to);
    from == to || words || (other < own && !apart && !device)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(sources(&entry));
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The top-level module a file belongs to; `None` for lib.rs, binaries and what only tests use.
fn module_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root()).ok()?;
    let first = inside.components().next()?.as_os_str().to_string_lossy().replace(".rs", "");
    (!["lib", "bin", "testing"].contains(&first.as_str())).then_some(first)
}

/// The file without its tests and comments.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    let name = path.file_stem().unwrap().to_string_lossy();
    name.contains("tests") || name == "testing" || path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn every_module_has_its_storey() {
    for module in sources(&root()).iter().filter_map(|path| module_of(path)) {
        assert!(STOREYS.iter().any(|(name, _)| *name == module), "{module} has no storey in tests/architecture.rs");
    }
}

#[test]
fn imports_go_only_down() {
    let mut wrong = Vec::new();
    for path in sources(&root()) {
        let Some(module) = module_of(&path).filter(|_| !is_test(&path)) else { continue };
        for piece in code_of(&path).split("crate::").skip(1) {
            let names: Vec<String> = match piece.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or_default().split(',').map(str::to_owned).collect(),
                None => vec![piece.to_owned()],
            };
            for name in names {
                let other: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !other.is_empty() && !may_import(&module, &other) {
                    wrong.push(format!("{}: {module} imports {other}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn engines_and_rules_are_pure() {
    let mut wrong = Vec::new();
    for path in sources(&root()) {
        let module = module_of(&path).filter(|module| PURE.contains(&module.as_str()) && !is_test(&path));
        let Some(module) = module else { continue };
        let code = code_of(&path);
        let found = IMPURE.iter().filter(|word| code.contains(*word));
        wrong.extend(found.map(|word| format!("{}: {module} names {word}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_first_what_they_are_for() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut wrong = Vec::new();
    for path in sources(&root()).into_iter().chain(sources(&tests)) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > LINES {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
        let head = text.lines().find(|line| !line.starts_with("#![")).unwrap_or_default();
        if !head.starts_with("//!") && !is_test(&path) {
            wrong.push(format!("{}: no head", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_unfinished_is_left_lying_about() {
    let words = ["todo!(", "unimplemented!(", "TODO", "FIXME", "XXX"];
    let mut wrong = Vec::new();
    for path in sources(&root()) {
        let text = fs::read_to_string(&path).unwrap();
        wrong
            .extend(words.iter().filter(|word| text.contains(*word)).map(|word| format!("{}: {word}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_confined_to_devices_and_each_block_gives_its_reason() {
    let mut wrong = Vec::new();
    for path in sources(&root()) {
        let text = fs::read_to_string(&path).unwrap();
        let blocks = text.matches("unsafe {").count() + text.matches("unsafe impl").count();
        if blocks > 0 && module_of(&path).as_deref() != Some("device") {
            wrong.push(format!("{}: unsafe outside of device", path.display()));
        }
        if blocks > text.matches("SAFETY:").count() {
            wrong.push(format!("{}: {blocks} unsafe, fewer reasons", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
