//! Looks at every GPIO chip, for the technician.

use super::place;
use crate::device::DeviceError;
use std::path::{Path, PathBuf};

/// A chip, or why it can not be asked.
#[derive(Clone, Debug)]
pub struct Chip {
    pub path: PathBuf,
    /// The name by which a board profile finds it; empty when it could not be asked.
    pub label: String,
    pub lines: Result<Vec<Line>, DeviceError>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub number: u32,
    /// As the device tree calls it; often empty.
    pub name: String,
    /// Who uses it, if somebody does; a driver of the kernel may leave its name out.
    pub user: Option<String>,
}

/// Every chip, in order of number. No line is taken or changed.
pub fn chips() -> Vec<Chip> {
    gpiocdev::chip::chips().unwrap_or_default().into_iter().map(look).collect()
}

fn look(path: PathBuf) -> Chip {
    let (label, lines) = match ask(&path) {
        Ok((label, lines)) => (label, Ok(lines)),
        Err(error) => (String::new(), Err(place::failed(&path.display().to_string(), "open it", &error))),
    };
    Chip { path, label, lines }
}

fn ask(path: &Path) -> Result<(String, Vec<Line>), gpiocdev::Error> {
    let chip = gpiocdev::Chip::from_path(path)?;
    let info = chip.info()?;
    let lines = (0..info.num_lines).filter_map(|number| {
        let line = chip.line_info(number).ok()?;
        let user =
            line.used.then(|| if line.consumer.is_empty() { "the kernel".into() } else { line.consumer.clone() });
        Some(Line { number, name: line.name, user })
    });
    Ok((info.label, lines.collect()))
}
