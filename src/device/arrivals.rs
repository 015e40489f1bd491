//! Tells when a file appears, or may be opened at last, so that a missing device need not be asked for often.

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

/// Watches directories.
pub struct Arrivals {
    inotify: OwnedFd,
    /// Each directory's watch, and how the names that matter there begin.
    watches: Vec<(i32, String)>,
}

impl Arrivals {
    /// Waits for files whose paths begin with one of `paths` ("/dev/gpiochip"). A directory that is not there can
    /// not be watched: nothing is told of it.
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let mut watches = Vec::new();
        for path in paths {
            let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { continue };
            // ATTRIB: udev gives a node to its group after it was made.
            let events = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ATTRIB;
            if let Ok(watch) = inotify::add_watch(&inotify, directory, events) {
                watches.push((watch, name.to_string_lossy().into_owned()));
            }
        }
        Ok(Self { inotify, watches })
    }

    /// Readable when something happened.
    pub fn watched(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }

    /// Takes what happened since the last call; true when one of the files may have come.
    pub fn take(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        let mut came = false;
        while let Ok(event) = reader.next() {
            let name = event.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            let matters = self.watches.iter().any(|(watch, start)| *watch == event.wd() && name.starts_with(start));
            came |= matters || event.events().contains(ReadFlags::QUEUE_OVERFLOW);
        }
        came
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Wake, Woken, clock};
    use crate::media::Span;
    use rustix::event::PollFlags;

    #[test]
    fn a_file_that_comes_or_may_be_opened_is_told_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("gpiochip");
        let arrivals = Arrivals::new([wanted.clone(), "/no/such/folder".into()]).unwrap();
        std::fs::write(folder.path().join("other"), "").unwrap();
        assert!(!arrivals.take());
        let file = wanted.with_file_name("gpiochip3");
        std::fs::write(&file, "").unwrap();
        let soon = Some(clock::now() + Span::secs(10));
        let woken = Wake::new().unwrap().wait_with(arrivals.watched(), PollFlags::IN, soon).unwrap();
        assert!(matches!(woken, Woken::Ready(_)) && arrivals.take() && !arrivals.take());
        let mut rights = std::fs::metadata(&file).unwrap().permissions();
        rights.set_readonly(true);
        std::fs::set_permissions(&file, rights).unwrap();
        assert!(arrivals.take());
    }
}
