//! `visavisd doctor`: what this machine has, what of it can be used, and what to do about the rest.
//!
//! Nothing is changed and nothing is kept open. What only root may see is left out for others.

mod access;
mod cameras;
mod clock;
mod encoders;
mod lines;
mod power;
mod screens;
mod service;
mod sound;

use crate::device::{alsa, drm, gpio, v4l2, wall};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

/// Prints the report. Exit status 0: looking worked, whatever was found.
pub fn run() -> ExitCode {
    super::say(&report());
    ExitCode::SUCCESS
}

/// The whole report.
pub fn report() -> String {
    let mut report = Report(String::new());
    cameras::tell(&mut report, &v4l2::probe::nodes());
    sound::tell(&mut report, &alsa::probe::devices(), Path::new("/"));
    screens::tell(&mut report, &drm::probe::cards());
    lines::tell(&mut report, &gpio::probe::chips());
    access::tell(&mut report, Path::new("/"));
    encoders::tell(&mut report);
    power::tell(&mut report, Path::new("/sys"));
    service::tell(&mut report, Path::new("/"));
    clock::tell(&mut report, SystemTime::now(), wall::synchronised());
    report.0
}

/// The text as it grows.
struct Report(String);

impl Report {
    fn head(&mut self, name: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.0, "{gap}{name}");
    }
    fn well(&mut self, words: &str) {
        let _ = writeln!(self.0, "  ● {words}");
    }
    fn wrong(&mut self, words: &str) {
        let _ = writeln!(self.0, "  ✖ {words}");
    }
    fn more(&mut self, words: &str) {
        let _ = writeln!(self.0, "    {words}");
    }
    fn none(&mut self, advice: &str) {
        let _ = writeln!(self.0, "  none found: {advice}");
    }
}

/// What stands in the first line of a small file; `None` when it can not be read.
fn line_of(file: &Path) -> Option<String> {
    Some(fs::read_to_string(file).ok()?.lines().next()?.trim().to_owned())
}

/// A number in a small file.
fn number_in(file: &Path) -> Option<i64> {
    line_of(file)?.parse().ok()
}

/// What is in `folder`, in order of names.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
    entries.sort();
    entries
}

/// The first `most` of `all`, and how many there are beside them.
fn some_of(mut all: Vec<String>, most: usize) -> String {
    let rest = all.len().saturating_sub(most);
    all.truncate(most);
    let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{rest}", all.join(", "))
}

/// What `write` writes.
#[cfg(test)]
fn told(write: impl FnOnce(&mut Report)) -> String {
    let mut report = Report(String::new());
    write(&mut report);
    report.0
}

/// Makes the file `path` below `root` with this content, and its folders.
#[cfg(test)]
fn put(root: &Path, path: &str, content: &str) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_machine_is_reported_whatever_it_has() {
        let report = report();
        for head in ["Cameras", "Sound cards", "Screens", "GPIO chips", "Device nodes", "Encoders", "Service", "Clock"]
        {
            assert!(report.lines().any(|line| line == head), "{head}: {report}");
        }
    }
}
