//! The files of the terminal: read whole, within bounds, and remembered while they are good.

pub use crate::flow::durable::replace;
use crate::settings::{Problems, Settings};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Most bytes of a file that are looked at; the loader refuses what is longer.
const MAX: u64 = (64 << 10) + 1;

/// The text of `path`, or of standard input for `-`.
pub fn text(path: &Path) -> Result<String, Problems> {
    let name = path.display().to_string();
    let mut text = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MAX).read_to_end(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MAX).read_to_end(&mut text))
    };
    read.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => ": name another file, or - for standard input",
            io::ErrorKind::PermissionDenied => ": run as a user who may read it",
            _ => "",
        };
        Problems::of_file(&name, format_args!("can not be read: {error}{hint}"))
    })?;
    String::from_utf8(text).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let mut problems = Problems::of_file(&name, "is not UTF-8 text");
        problems.0.iter_mut().for_each(|problem| problem.line = good.iter().filter(|b| **b == b'\n').count() + 1);
        problems
    })
}

/// The settings of `path`.
pub fn settings(path: &Path) -> Result<Settings, Problems> {
    Settings::from_toml(&path.display().to_string(), &text(path)?)
}

/// The settings of `path`, remembered as the last good ones.
pub fn good_settings(path: &Path) -> Result<Settings, Problems> {
    let text = text(path)?;
    let settings = Settings::from_toml(&path.display().to_string(), &text)?;
    remember(&text);
    Ok(settings)
}

/// The settings of `path`; when they are wrong, the copy of the last good ones, with words on what is wrong.
///
/// The copy is kept in the service's state directory (systemd's `STATE_DIRECTORY`); without one there is no copy.
pub fn settings_or_last_good(path: &Path) -> Result<(Settings, Vec<String>), Problems> {
    let problems = match good_settings(path) {
        Ok(settings) => return Ok((settings, Vec::new())),
        Err(problems) => problems,
    };
    let Some(copy) = last_good() else { return Err(problems) };
    let Ok(settings) = settings(&copy) else { return Err(problems) };
    let words = format!("the last good copy of the configuration is in use, because:\n{problems}");
    tracing::error!("{words}");
    Ok((settings, vec![words]))
}

fn last_good() -> Option<PathBuf> {
    state_directory().map(|directory| directory.join("last-good.toml"))
}

/// The service's own folder for what outlives it (systemd's `STATE_DIRECTORY`), if it is run as one.
pub fn state_directory() -> Option<PathBuf> {
    std::env::var_os("STATE_DIRECTORY").map(PathBuf::from)
}

fn remember(text: &str) {
    let Some(copy) = last_good() else { return };
    // The same bytes again would only wear the flash.
    if std::fs::read(&copy).is_ok_and(|kept| kept == text.as_bytes()) {
        return;
    }
    if let Err(error) = replace(&copy, text.as_bytes()) {
        tracing::warn!("no copy of the configuration could be kept: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_can_not_be_read_is_a_problem_like_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("v.toml");
        assert!(settings(&file).unwrap_err().to_string().contains("can not be read"));
        std::fs::write(&file, b"[pusher]\nfps = 15\n# \xff").unwrap();
        assert!(settings(&file).unwrap_err().to_string().ends_with("v.toml:3: is not UTF-8 text"));
        std::fs::write(&file, vec![b'#'; MAX as usize + 10]).unwrap();
        assert!(settings(&file).unwrap_err().to_string().contains("allowed 65536"));
    }
}
