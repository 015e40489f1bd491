//! Finds a line by what a board profile calls it, and says in words why it can not be had.

use crate::device::{DeviceError, Fault};
use crate::settings::board::LineName;
use gpiocdev::line::Offset;
use gpiocdev::{Chip, Error};
use std::io;
use std::path::{Path, PathBuf};

/// Names that are listed at most when one is not found.
const LISTED: usize = 12;

/// A line that exists.
pub struct Place {
    pub path: PathBuf,
    pub offset: Offset,
    /// For people: "line 17 of pinctrl-bcm2835".
    pub name: String,
    chip: Chip,
}

impl Place {
    /// Finds `line` on the chip with this label, name (`gpiochip0`) or path.
    pub fn find(chip: &str, line: &LineName) -> Result<Self, DeviceError> {
        let (chip, label) = find_chip(chip)?;
        let name = format!("line {line} of {label}");
        let info = chip.info().map_err(|error| failed(&name, "ask the chip", &error))?;
        let offset = match line {
            LineName::Number(number) if *number < info.num_lines => *number,
            LineName::Number(_) => {
                let words = format!("there is no such line, the chip has 0 to {}", info.num_lines.saturating_sub(1));
                return Err(DeviceError::new(Fault::Missing, name, words));
            }
            LineName::Name(wanted) => {
                let names =
                    || (0..info.num_lines).filter_map(|offset| Some((offset, chip.line_info(offset).ok()?.name)));
                let found = names().find(|(_, name)| name == wanted).map(|(offset, _)| offset);
                found.ok_or_else(|| {
                    let names = names().map(|(_, name)| name).filter(|name| !name.is_empty());
                    let words = format!("there is no line of that name; {}", listed("names", names));
                    DeviceError::new(Fault::Missing, &name, words)
                })?
            }
        };
        Ok(Self { path: chip.path().to_owned(), offset, name, chip })
    }

    /// Why the kernel did not give the line away.
    pub fn refused(&self, error: &Error) -> DeviceError {
        let failed = failed(&self.name, "take the line", error);
        if failed.fault != Fault::Busy {
            return failed;
        }
        let user = self.chip.line_info(self.offset).map(|info| info.consumer).unwrap_or_default();
        let user = if user.is_empty() { "something else".into() } else { format!("{user:?}") };
        let words = format!("it is in use by {user}: free it there, or name another line");
        DeviceError::new(Fault::Busy, &self.name, words)
    }
}

/// A chip and its label.
fn find_chip(wanted: &str) -> Result<(Chip, String), DeviceError> {
    let name = format!("GPIO chip {wanted}");
    if wanted.starts_with('/') {
        let chip = Chip::from_path(Path::new(wanted)).map_err(|error| match error {
            Error::GpioChip(..) => DeviceError::new(Fault::Unsupported, &name, "this is no GPIO chip"),
            error => failed(&name, "open", &error),
        })?;
        let label = label(&chip);
        return Ok((chip, label));
    }
    let (mut others, mut closed) = (Vec::new(), None);
    for path in nodes().map_err(|error| DeviceError::io(&name, "look for chips in /dev", &error))? {
        let chip = match Chip::from_path(&path) {
            Ok(chip) => chip,
            Err(error) => {
                closed = closed.or(Some(failed(&path.display().to_string(), "open", &error)));
                continue;
            }
        };
        let label = label(&chip);
        if chip.name() == wanted || label == wanted {
            return Ok((chip, label));
        }
        others.push(format!("{} ({label})", chip.name()));
    }
    // It may be one of those that may not be opened.
    let words = format!("there is no such chip; {}", listed("there are", others.into_iter()));
    Err(closed.unwrap_or_else(|| DeviceError::new(Fault::Missing, name, words)))
}

/// Every chip's node; looking at nothing else keeps a search short that is repeated while a chip is missing.
fn nodes() -> io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir("/dev")?.flatten();
    let chips = entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"gpiochip"));
    let mut paths: Vec<PathBuf> = chips.map(|entry| entry.path()).collect();
    paths.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    Ok(paths)
}

fn label(chip: &Chip) -> String {
    let label = chip.info().map(|info| info.label).unwrap_or_default();
    if label.is_empty() { chip.name() } else { label }
}

fn listed(what: &str, names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.take(LISTED).collect();
    if names.is_empty() { "there are none".into() } else { format!("{what}: {}", names.join(", ")) }
}

/// Whatever else went wrong.
pub fn failed(name: &str, doing: &str, error: &Error) -> DeviceError {
    let errno = match error {
        Error::Os(errno) | Error::Uapi(_, gpiocdev_uapi::Error::Os(errno)) => errno.0,
        other => return DeviceError::new(Fault::Failed, name, format_args!("could not {doing}: {other}")),
    };
    let mut failed = DeviceError::io(name, doing, &io::Error::from_raw_os_error(errno));
    if errno == libc::EACCES {
        failed.words.push_str("; the group that may is the owner of /dev/gpiochip*, as a rule `gpio`");
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_that_is_not_there_or_is_none_is_told_apart() {
        let find = |chip: &str| Place::find(chip, &LineName::Number(1)).err().map(|error| error.fault);
        assert_eq!(find("no such chip"), Some(Fault::Missing));
        assert_eq!(find("/dev/no-such-chip"), Some(Fault::Missing));
        assert_eq!(find("/dev/null"), Some(Fault::Unsupported));
    }
}
