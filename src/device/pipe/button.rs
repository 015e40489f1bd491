//! A button that is a FIFO: the lines `press` and `release` written to it are its edges, stamped as they are read.
//! For boards without GPIO, for other programs that know when somebody is there, and for tests.

use crate::device::{Button, DeviceError, Edge, Fault, clock};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Most bytes of a line that are kept; more are no order.
const LINE: usize = 32;

/// An open FIFO.
pub struct ScriptedButton {
    fd: OwnedFd,
    name: String,
    line: Vec<u8>,
}

impl ScriptedButton {
    /// Opens the FIFO at `path`, for writing too, so that it does not end when one of its writers does.
    pub fn open(path: &Path) -> Result<Self, DeviceError> {
        let name = path.display().to_string();
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = open(path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT => {
                let cure = format_args!("there is no such FIFO; `mkfifo {name}` makes one");
                DeviceError::new(Fault::Missing, &name, cure)
            }
            errno => DeviceError::io(&name, "open", &errno.into()),
        })?;
        if !fstat(&fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo) {
            return Err(DeviceError::new(Fault::Unsupported, &name, "this is no FIFO; `mkfifo` makes one"));
        }
        Ok(Self { fd, name, line: Vec::with_capacity(LINE) })
    }
}

impl Button for ScriptedButton {
    fn words(&self) -> &str {
        &self.name
    }

    fn pressed(&self) -> bool {
        false
    }

    fn take_edges(&mut self, edges: &mut Vec<Edge>) -> Result<(), DeviceError> {
        let mut bytes = [0; 512];
        let read = match rustix::io::read(&self.fd, &mut bytes) {
            Ok(read) => read,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            Err(errno) => return Err(DeviceError::io(&self.name, "read", &errno.into())),
        };
        let at = clock::now();
        for &byte in bytes.get(..read).unwrap_or_default() {
            if byte != b'\n' {
                if self.line.len() < LINE {
                    self.line.push(byte);
                }
                continue;
            }
            match self.line.trim_ascii() {
                b"press" => edges.push(Edge { active: true, at }),
                b"release" => edges.push(Edge { active: false, at }),
                // Nobody is there to be told that a word means nothing.
                _ => {}
            }
            self.line.clear();
        }
        Ok(())
    }

    fn watched(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_become_edges_however_they_are_cut_and_a_writer_that_leaves_ends_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("button");
        assert_eq!(ScriptedButton::open(&path).err().map(|error| error.fault), Some(Fault::Missing));
        assert_eq!(ScriptedButton::open(folder.path()).err().map(|error| error.fault), Some(Fault::Failed));
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let mut button = ScriptedButton::open(&path).unwrap();
        let mut edges = Vec::new();
        for piece in ["pre", "ss\nnonsense of some length that is longer than a line\n", "\nrelease\r\npress\n"] {
            let mut writer = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            writer.write_all(piece.as_bytes()).unwrap();
            drop(writer);
            button.take_edges(&mut edges).unwrap();
        }
        button.take_edges(&mut edges).unwrap();
        let levels: Vec<bool> = edges.iter().map(|edge| edge.active).collect();
        assert_eq!(levels, [true, false, true]);
    }
}
