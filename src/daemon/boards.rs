//! Which board this is: the profile that is named, or the one whose `compatible` the device tree knows.

use super::files;
use crate::settings::{Board, Problems};
use std::path::{Path, PathBuf};

/// Where profiles are installed; beside the binary's source when it is run from there.
const DIRECTORIES: [&str; 3] = ["/etc/visavis/boards", "/usr/share/visavis/boards", "board/profiles"];

/// Reads the profile `named`, or finds the one for this machine.
pub fn choose(named: Option<&Path>) -> Result<Board, Problems> {
    if let Some(path) = named {
        return load(path);
    }
    let compatible = compatible();
    let found = DIRECTORIES.iter().flat_map(|directory| profiles(Path::new(directory))).find_map(|path| {
        let board = load(&path).ok()?;
        compatible.iter().any(|name| board.compatible.contains(name)).then_some(board)
    });
    found.ok_or_else(|| {
        let machine = compatible.first().map_or("this machine says no name of its own", String::as_str);
        let words = format!(
            "no board profile fits ({machine}): name one with --board FILE; profiles are looked for in {}",
            DIRECTORIES.join(", ")
        );
        Problems::of_file("board", words)
    })
}

fn load(path: &Path) -> Result<Board, Problems> {
    Board::from_toml(&path.display().to_string(), &files::text(path)?)
}

fn profiles(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    paths
}

/// The names the device tree gives this machine, the most exact first (Devicetree Specification, 2.3.1).
fn compatible() -> Vec<String> {
    let bytes = std::fs::read("/proc/device-tree/compatible").unwrap_or_default();
    bytes
        .split(|&byte| byte == 0)
        .map(String::from_utf8_lossy)
        .filter(|name| !name.is_empty())
        .map(Into::into)
        .collect()
}
