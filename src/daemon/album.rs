//! Where snapshots are kept: a folder with a quota, in which nobody ever sees half a file.
//!
//! A picture is written beside its place, made durable and moved there. Names carry a number that only grows, so that
//! the oldest is known whatever the clock says; files with other names are left alone. The folder itself may not be a
//! symbolic link, and nothing in it is followed.

use crate::api::command::{NoSnapshot, Picture};
use crate::api::notice::Notice;
use crate::control::wall::rfc3339;
use crate::flow::Notices;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// Most files that are kept, and most bytes; the oldest go first.
const FILES: usize = 100;
const BYTES: u64 = 50 << 20;
/// Entries of the folder that are looked at: far more than are ours.
const ENTRIES: usize = 4096;
/// Its owner writes it, its group may read it.
const FILE_MODE: Mode = Mode::from_raw_mode(0o640);
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o750);
/// What a picture is called until it is whole.
const UNFINISHED: &str = ".visavis-snapshot.part";

/// See the module's head.
#[derive(Debug)]
pub struct Album {
    folder: PathBuf,
    /// The folder is the program's own: it is made when it is missing.
    own: bool,
    /// One picture after the other.
    turn: Mutex<()>,
}

/// A snapshot that is kept.
#[derive(Debug)]
struct Kept {
    number: u64,
    bytes: u64,
    name: String,
}

impl Album {
    /// Keeps pictures in `configured`, which has to be there; without it in the service's state directory, where the
    /// folder `snapshots` is made; without one nowhere.
    pub fn choose(configured: Option<&Path>, state: Option<&Path>) -> Option<Self> {
        let (folder, own) = match (configured, state) {
            (Some(folder), _) => (folder.to_owned(), false),
            (None, Some(state)) => (state.join("snapshots"), true),
            (None, None) => return None,
        };
        Some(Self { folder, own, turn: Mutex::new(()) })
    }

    /// `notices`, with every snapshot kept before it is told of. That happens on the thread that made the picture.
    pub fn keeping(self, notices: Notices) -> Notices {
        Arc::new(move |notice| {
            notices(match notice {
                Notice::Snapshot { ticket, result: Ok(picture) } => {
                    Notice::Snapshot { ticket, result: self.keep(picture, SystemTime::now()) }
                }
                other => other,
            });
        })
    }

    /// Keeps `picture`, taken `at` this time of day, and gives it back with its path.
    fn keep(&self, picture: Picture, at: SystemTime) -> Result<Picture, NoSnapshot> {
        let _turn = self.turn.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let folder = self.open()?;
        let failed = |doing: &str, errno| self.failed(doing, errno);
        let mut kept = list(&folder).map_err(|errno| failed("list", errno))?;
        kept.sort_unstable_by_key(|it| it.number);
        let number = kept.last().map_or(0, |it| it.number) + 1;
        let stamp: String = rfc3339(at).chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
        let name = format!("visavis-{number:06}-{stamp}Z.{}", picture.format.ending());
        let result = write(&folder, &picture.bytes).and_then(|()| {
            make_room(&folder, &kept, picture.bytes.len() as u64)?;
            rustix::fs::renameat(&folder, UNFINISHED, &folder, &name)
        });
        if let Err(errno) = result {
            // What is left of it would only take room.
            let _ = rustix::fs::unlinkat(&folder, UNFINISHED, AtFlags::empty());
            return Err(failed("write to", errno));
        }
        Ok(Picture { path: Some(self.folder.join(name)), ..picture })
    }

    fn open(&self) -> Result<OwnedFd, NoSnapshot> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(CWD, &self.folder, flags, Mode::empty());
        let opened = match open() {
            Err(Errno::NOENT) if self.own => {
                rustix::fs::mkdirat(CWD, &self.folder, FOLDER_MODE)
                    .and_then(|()| open())
                    // Whatever the service's mask is, the group may look in.
                    .and_then(|folder| rustix::fs::fchmod(&folder, FOLDER_MODE).map(|()| folder))
            }
            opened => opened,
        };
        opened.map_err(|errno| self.failed("open", errno))
    }

    fn failed(&self, doing: &str, errno: Errno) -> NoSnapshot {
        let folder = self.folder.display();
        let link = || self.folder.symlink_metadata().is_ok_and(|found| found.is_symlink());
        let (kind, words) = match errno {
            Errno::NOTDIR | Errno::LOOP if link() => {
                ("storage-symlink", "is a symbolic link, a folder is needed".into())
            }
            Errno::NOTDIR => ("storage-missing", "is no folder".into()),
            Errno::NOENT => ("storage-missing", "is not there: make it, and give it to the daemon's user".into()),
            Errno::ACCESS | Errno::PERM => ("storage-denied", "may not be written by the daemon's user".into()),
            Errno::ROFS => ("storage-read-only", "is on a file system that is mounted read-only".into()),
            Errno::NOSPC | Errno::DQUOT => ("storage-full", "is on a full disk".into()),
            errno => ("storage-failed", format!("can not be used: could not {doing} it: {errno}")),
        };
        NoSnapshot { kind, words: format!("the folder of snapshots {folder} {words}") }
    }
}

/// Writes `bytes` beside their place and makes them durable.
fn write(folder: &OwnedFd, bytes: &[u8]) -> Result<(), Errno> {
    // One that a power cut left behind.
    let _ = rustix::fs::unlinkat(folder, UNFINISHED, AtFlags::empty());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, UNFINISHED, flags, FILE_MODE)?;
    rustix::fs::fchmod(&file, FILE_MODE)?;
    let mut file = File::from(file);
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

/// Removes the oldest of `kept` until one more file of `bytes` is within the quota.
fn make_room(folder: &OwnedFd, kept: &[Kept], bytes: u64) -> Result<(), Errno> {
    let mut all = kept.iter().map(|it| it.bytes).fold(bytes, u64::saturating_add);
    for (left, oldest) in (1..=kept.len()).rev().zip(kept) {
        if left < FILES && all <= BYTES {
            break;
        }
        match rustix::fs::unlinkat(folder, oldest.name.as_str(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => all -= oldest.bytes,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// What is kept in `folder`, in no order.
fn list(folder: &OwnedFd) -> Result<Vec<Kept>, Errno> {
    let mut kept = Vec::new();
    for entry in Dir::read_from(folder)?.take(ENTRIES) {
        let entry = entry?;
        let Some((name, number)) = entry.file_name().to_str().ok().and_then(|name| Some((name, number(name)?))) else {
            continue;
        };
        let Ok(found) = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile {
            kept.push(Kept { number, bytes: u64::try_from(found.st_size).unwrap_or(0), name: name.into() });
        }
    }
    Ok(kept)
}

/// The number in a name of ours: "visavis-000042-20261123T100414Z.png".
fn number(name: &str) -> Option<u64> {
    let rest = name.strip_prefix("visavis-")?;
    let rest = rest.strip_suffix(".png").or_else(|| rest.strip_suffix(".jpg"))?;
    let (number, stamp) = rest.split_once('-')?;
    let plain = stamp.len() == 16 && stamp.bytes().all(|b| b.is_ascii_digit() || b == b'T' || b == b'Z');
    let digits = (6..=12).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    (plain && digits).then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests;
