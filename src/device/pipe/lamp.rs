//! A lamp that is a file: `255` while it is lit, `0` while it is not, as the kernel's LEDs want it
//! (`/sys/class/leds/NAME/brightness`; more than an LED can do is as much as it can, and 0 ends its trigger).

use crate::device::{DeviceError, Fault, Lamp};
use std::fs;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

/// A file that exists.
pub struct FileLamp {
    path: PathBuf,
    name: String,
}

impl FileLamp {
    /// Takes the file at `path`, and switches the lamp off.
    pub fn open(path: &Path) -> Result<Self, DeviceError> {
        let name = path.display().to_string();
        let kind = fs::metadata(path).map_err(|error| DeviceError::io(&name, "open", &error))?;
        if !kind.is_file() {
            return Err(DeviceError::new(Fault::Unsupported, name, "this is no file"));
        }
        let mut lamp = Self { path: path.into(), name };
        lamp.set(false)?;
        Ok(lamp)
    }
}

impl Lamp for FileLamp {
    fn words(&self) -> &str {
        &self.name
    }

    fn set(&mut self, on: bool) -> Result<(), DeviceError> {
        let text = if on { "255\n" } else { "0\n" };
        let written = fs::OpenOptions::new().write(true).truncate(true).open(&self.path);
        let written = written.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        written.map_err(|error| DeviceError::io(&self.name, "switch", &error))
    }

    fn watched(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Drop for FileLamp {
    fn drop(&mut self) {
        // A file that is gone is dark, too.
        let _ = self.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_whether_the_lamp_is_lit_and_is_never_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("brightness");
        assert_eq!(FileLamp::open(&path).err().map(|error| error.fault), Some(Fault::Missing));
        fs::write(&path, "7\n").unwrap();
        let mut lamp = FileLamp::open(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "0\n");
        lamp.set(true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "255\n");
        drop(lamp);
        assert_eq!(fs::read_to_string(&path).unwrap(), "0\n");
    }
}
