//! Which board this is: the profile that is named, or the one whose `compatible` the device tree knows.

use super::files;
use crate::settings::{Board, Problems};
use std::fs;
use std::path::{Path, PathBuf};

/// Where profiles are installed; the last is for a program that is run from its source.
const DIRECTORIES: [&str; 3] = ["/etc/visavis/boards", "/usr/share/visavis/boards", "board/profiles"];

/// What this machine calls itself. Not below /proc, which the service does not see (ProcSubset=pid).
const DEVICE_TREE: &str = "/sys/firmware/devicetree/base/compatible";

/// Reads the profile `named`, or finds the one for this machine; with the file it came from.
/// A machine no profile knows is an error that says what to do: no devices are made up for it.
pub fn choose(named: Option<&Path>) -> Result<(PathBuf, Board), Problems> {
    match named {
        Some(path) => Ok((path.into(), load(path)?)),
        None => fitting(&compatible(Path::new(DEVICE_TREE)), &DIRECTORIES.map(PathBuf::from)),
    }
}

fn load(path: &Path) -> Result<Board, Problems> {
    Board::from_toml(&path.display().to_string(), &files::text(path)?)
}

/// The names the device tree gives this machine, the most exact first (Devicetree Specification, 2.3.1);
/// empty on a machine without one.
fn compatible(path: &Path) -> Vec<String> {
    let names = fs::read(path).unwrap_or_default();
    let names = names.split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned());
    names.filter(|name| !name.is_empty()).collect()
}

fn fitting(machine: &[String], folders: &[PathBuf]) -> Result<(PathBuf, Board), Problems> {
    let mut profiles = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = entries.filter(|file| file.extension().is_some_and(|it| it == "toml")).collect();
        files.sort();
        for file in files {
            match load(&file) {
                Ok(profile) => profiles.push((file, profile)),
                Err(problems) => tracing::warn!("a board profile is left out: {problems}"),
            }
        }
    }
    let named = |name: &String| profiles.iter().position(|(_, board)| board.compatible.contains(name));
    if let Some(position) = machine.iter().find_map(named) {
        return Ok(profiles.swap_remove(position));
    }
    let who = match machine {
        [] => "this machine has no device tree to choose a profile by".to_owned(),
        names => format!("no profile names this machine ({})", names.join(", ")),
    };
    let looked = folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(" and ");
    let words = format!(
        "{who}; looked in {looked}: name a profile with --board FILE (virtual.toml has no devices; \
         `visavisd doctor` shows what a profile for this machine can name)"
    );
    Err(Problems::of_file("board", words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_with_the_most_exact_name_is_chosen_and_none_is_made_up() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("a.toml", "name = \"family\"\ncompatible = [\"maker,soc\"]");
        put("b.toml", "name = \"exact\"\ncompatible = [\"maker,board\"]");
        put("c.toml", "name = 3");
        let folders = [folder.path().to_owned(), folder.path().join("none")];
        let machine = ["maker,board", "maker,soc"].map(String::from);
        assert_eq!(fitting(&machine, &folders).unwrap().1.name, "exact");
        assert_eq!(fitting(&machine[1..], &folders).unwrap().1.name, "family");
        for unknown in [&["other".to_owned()][..], &[]] {
            assert!(fitting(unknown, &folders).unwrap_err().to_string().contains("--board FILE"));
        }
    }

    #[test]
    fn the_device_tree_is_a_list_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("compatible");
        fs::write(&file, b"raspberrypi,4-model-b\0brcm,bcm2711\0").unwrap();
        assert_eq!(compatible(&file), ["raspberrypi,4-model-b", "brcm,bcm2711"]);
        assert!(compatible(&folder.path().join("none")).is_empty());
    }
}
