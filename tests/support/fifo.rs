//! Named pipes, and what hangs at the reading end of them: a screen and a loudspeaker.

use super::picture::Picture;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Makes a named pipe.
pub fn make(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

/// Everything that comes out of a named pipe, in pieces of one size, until dropped.
pub struct Sink {
    state: Arc<(Mutex<State>, Condvar)>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    /// The newest pieces, and how many came in all.
    kept: Vec<Vec<u8>>,
    count: u64,
}

impl Sink {
    /// Reads pieces of `size` bytes from `path` (made when missing) and keeps the newest `most`.
    pub fn open(path: &Path, size: usize, most: usize) -> Self {
        if !path.exists() {
            make(path);
        }
        // Open for both, so that writers may come and go.
        let file = File::from(open(path, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).unwrap());
        let state = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (inside, stopped) = (state.clone(), stop.clone());
        let reader = std::thread::spawn(move || {
            let mut piece = Vec::new();
            let mut bytes = vec![0; 64 << 10];
            while !stopped.load(Ordering::Acquire) {
                let patience = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
                let _ = poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&patience));
                let count = (&file).read(&mut bytes).unwrap_or(0);
                let mut rest = &bytes[..count];
                while !rest.is_empty() {
                    let (part, more) = rest.split_at(rest.len().min(size - piece.len()));
                    piece.extend_from_slice(part);
                    rest = more;
                    if piece.len() == size {
                        let mut state = inside.0.lock().unwrap();
                        if state.kept.len() == most {
                            state.kept.remove(0);
                        }
                        state.kept.push(std::mem::take(&mut piece));
                        state.count += 1;
                        inside.1.notify_all();
                    }
                }
            }
        });
        Self { state, stop, reader: Some(reader) }
    }

    /// How many pieces came so far.
    pub fn count(&self) -> u64 {
        self.state.0.lock().unwrap().count
    }

    /// The newest pieces, oldest first.
    pub fn newest(&self) -> Vec<Vec<u8>> {
        self.state.0.lock().unwrap().kept.clone()
    }

    /// Waits for a piece that `wanted` says yes to; looks at pieces that come from now on.
    ///
    /// # Panics
    /// None comes `within` seconds; says `what` was waited for.
    pub fn wait(&self, within: f64, what: &str, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let limit = Instant::now() + Duration::from_secs_f64(within);
        let mut state = self.state.0.lock().unwrap();
        let (mut seen, begin) = (state.count, state.count);
        loop {
            let left = limit.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what} within {within} s, {} pieces came", seen - begin);
            state = self.state.1.wait_timeout(state, left).unwrap().0;
            if state.count > seen {
                let unseen = (state.count - seen).min(state.kept.len() as u64) as usize;
                seen = state.count;
                if let Some(piece) = state.kept[state.kept.len() - unseen..].iter().find(|piece| wanted(piece)) {
                    return piece.clone();
                }
            }
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// What a pipe display shows.
pub struct Screen {
    sink: Sink,
    size: (usize, usize),
}

impl Screen {
    /// Looks at a screen of this size at the named pipe `path`.
    pub fn open(path: &Path, width: usize, height: usize) -> Self {
        Self { sink: Sink::open(path, width * height * 3 / 2, 4), size: (width, height) }
    }

    /// Pictures shown so far.
    pub fn count(&self) -> u64 {
        self.sink.count()
    }

    /// Waits for a picture that `wanted` says yes to.
    pub fn wait(&self, within: f64, what: &str, wanted: impl Fn(&Picture) -> bool) -> Picture {
        self.picture(&self.sink.wait(within, what, |bytes| wanted(&self.picture(bytes))))
    }

    /// The newest picture, if there was any.
    pub fn newest(&self) -> Option<Picture> {
        self.sink.newest().last().map(|bytes| self.picture(bytes))
    }

    fn picture(&self, bytes: &[u8]) -> Picture {
        Picture::from_i420(self.size.0, self.size.1, bytes)
    }
}
