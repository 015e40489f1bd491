//! A camera at the other end of a pipe: raw I420 pictures back to back, no header between them.

use super::end::End;
use crate::device::held::Announced;
use crate::device::{Camera, CameraMode, DeviceError, Fault, Wake, clock};
use crate::media::{Buffer, Pool, RawPicture, Size, Span, Time};
use crate::settings::board::PipeEnd;
use rustix::event::PollFlags;

/// Silence of a writer that has written before.
const STALL: Span = Span::secs(1);
/// A command may take this long to open its own camera.
const FIRST_PICTURE_OF_A_COMMAND: Span = Span::secs(5);
/// Idle pictures kept: one being filled, one with the encoder, one in a lane between.
const SPARE_PICTURES: usize = 4;
/// Larger pictures are no camera's: 8K.
const MOST_PIXELS: usize = 7680 * 4320;

/// Reads pictures straight into pooled buffers and hands out the newest whole one.
///
/// A picture is stamped with the moment its first bytes were seen to be readable. A writer that is its
/// driver's own process writes right after capture, so this is the light's time plus one wake-up; when pictures
/// had piled up before the call, it is the moment they were found (an upper bound).
pub struct PipeCamera {
    _announced: Option<Announced>,
    end: End,
    size: Size,
    fps: u32,
    pool: Pool,
    partial: Option<Partial>,
    lost: u64,
    /// When the last picture was whole, or when a command was started.
    alive: Option<Time>,
    pub(super) patience: Span,
    /// When a regular file's next picture is due.
    due: Option<Time>,
}

/// A picture of which `filled` bytes have come.
struct Partial {
    bytes: Buffer,
    filled: usize,
    captured: Time,
}

impl PipeCamera {
    /// Opens a source of `size` pictures in `format` (only "I420"), announced to come at `fps`.
    pub fn open(end: &PipeEnd, size: Size, fps: u32, format: &str) -> Result<Self, DeviceError> {
        if !format.eq_ignore_ascii_case("i420") {
            let words = format_args!("a pipe camera gives I420, not {format}");
            return Err(DeviceError::new(Fault::Unsupported, "pipe camera", words));
        }
        if size.is_empty() || size.pixels() > MOST_PIXELS || fps == 0 {
            let words = format_args!("{size} at {fps} pictures a second is no picture size");
            return Err(DeviceError::new(Fault::Unsupported, "pipe camera", words));
        }
        let mut end = End::reader(end)?;
        let _announced = end.announce();
        // Three pictures: a reader that is late finds the newest whole and the writer is not held up.
        end.enlarge(size.i420_len().saturating_mul(3));
        end.discard_old(size.i420_len())?;
        let alive = end.is_command().then(clock::now);
        let due = end.is_file().then(clock::now);
        let pool = Pool::new(SPARE_PICTURES);
        Ok(Self {
            _announced,
            end,
            size,
            fps,
            pool,
            partial: None,
            lost: 0,
            alive,
            patience: FIRST_PICTURE_OF_A_COMMAND,
            due,
        })
    }

    /// Takes in what is readable; the picture, when that made it whole.
    fn fill(&mut self) -> Result<Option<RawPicture>, DeviceError> {
        let len = self.size.i420_len();
        let pool = &self.pool;
        let partial =
            self.partial.get_or_insert_with(|| Partial { bytes: pool.take(len), filled: 0, captured: clock::now() });
        while partial.filled < len {
            match self.end.read(&mut partial.bytes[partial.filled..])? {
                Some(count) => partial.filled += count,
                None => return Ok(None),
            }
        }
        let Some(whole) = self.partial.take() else { return Ok(None) };
        self.alive = Some(clock::now());
        self.patience = STALL;
        Ok(RawPicture::i420(self.size, whole.bytes, whole.captured))
    }

    /// A picture of a regular file, at the file's own pace.
    fn next_of_file(&mut self, due: Time, wake: &Wake) -> Result<Option<RawPicture>, DeviceError> {
        if wake.wait(Some(due)) {
            return Ok(None);
        }
        let next = due + Span::micros(1_000_000 / i64::from(self.fps));
        // A reader that was held up goes on from now instead of catching up.
        self.due = Some(next.max(clock::now()));
        self.fill()
    }
}

impl Camera for PipeCamera {
    fn mode(&self) -> CameraMode {
        let words = format!("I420 {} at {} through {}", self.size, self.fps, self.end.name());
        CameraMode { size: self.size, fps: f64::from(self.fps), words }
    }

    fn next(&mut self, wake: &Wake) -> Result<Option<RawPicture>, DeviceError> {
        if let Some(due) = self.due {
            return self.next_of_file(due, wake);
        }
        loop {
            let deadline = self.alive.map(|at| at + self.patience);
            match self.end.wait(wake, PollFlags::IN, deadline)? {
                Some(false) => return Ok(None),
                None => {
                    let words = format_args!("no whole picture for {}", self.patience);
                    return Err(DeviceError::new(Fault::Stalled, self.end.name(), words));
                }
                Some(true) => {}
            }
            let Some(picture) = self.fill()? else {
                // The first bytes have come: from now on their writer owes pictures.
                self.alive.get_or_insert_with(clock::now);
                continue;
            };
            if self.end.held() < self.size.i420_len() {
                return Ok(Some(picture));
            }
            self.lost += 1;
        }
    }

    fn take_losses(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    fn would_differ(&self, _wanted: Size, _fps: u32) -> bool {
        false
    }
}

impl Drop for PipeCamera {
    /// Takes the rest of a begun picture out of the FIFO, so that the next reader starts at a picture's first byte.
    fn drop(&mut self) {
        if let Some(partial) = &mut self.partial {
            while partial.filled < partial.bytes.len()
                && let Ok(Some(count)) = self.end.read(&mut partial.bytes[partial.filled..])
            {
                partial.filled += count;
            }
        }
    }
}
