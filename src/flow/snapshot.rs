//! A picture for whoever asked: copied at once, compressed on a thread of its own, because that takes longer
//! than a frame lasts.

use super::Notices;
use super::lane::{self, Receiver, Sender};
use crate::api::command::{ImageFormat, NoSnapshot, Picture, SnapshotRequest, Ticket};
use crate::api::notice::Notice;
use crate::device::Wake;
use crate::image::{self, ImageError};
use crate::media::{PictureView, Size};
use std::sync::atomic::{AtomicUsize, Ordering};

/// JPEG quality of snapshots.
const QUALITY: u8 = 90;

/// Requests that wait for the worker that has the picture.
const WAITING: usize = 4;

/// Where one worker is asked for snapshots, by one thread.
pub struct Desk<T> {
    requests: Sender<T>,
    notices: Notices,
}

impl<T> Desk<T> {
    /// Nobody has asked yet; the worker takes what is asked for out of the lane, and `bell` is rung for it.
    pub fn new(bell: Wake, notices: Notices) -> (Self, Receiver<T>) {
        let (requests, taken) = lane::ring(WAITING, bell);
        (Self { requests, notices }, taken)
    }

    /// Hands `request` on, or refuses `ticket` at once where too many wait already.
    pub fn ask(&self, ticket: Ticket, request: T) {
        if self.requests.waiting() >= WAITING || !self.requests.put(request) {
            refuse(ticket, "other snapshots are still to be taken: try again", &self.notices);
        }
    }
}

/// Pictures that are being compressed and kept at a time: a disk that hangs must not gather threads.
const AT_A_TIME: usize = 4;
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// One of the pictures under way.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let free = |count: usize| (count < AT_A_TIME).then_some(count + 1);
        UNDER_WAY.fetch_update(Ordering::AcqRel, Ordering::Acquire, free).ok().map(|_| Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Compresses `view` as asked and reports it with `ticket`.
pub fn take(view: PictureView<'_>, ticket: Ticket, request: SnapshotRequest, notices: &Notices) {
    let Some(place) = Place::take() else {
        return refuse(ticket, "other snapshots are still being written: try again", notices);
    };
    let (size, mut copy) = (view.size, vec![0; view.size.i420_len()]);
    view.pack_into(&mut copy);
    let told = notices.clone();
    let work = move || {
        let result = compress(size, &copy, request.format).map_err(|error| no_picture(&error));
        told(Notice::Snapshot { ticket, result });
        drop(place);
    };
    if let Err(error) = std::thread::Builder::new().name("snapshot".into()).spawn(work) {
        notices(Notice::Snapshot { ticket, result: Err(no_picture(&error)) });
    }
}

/// Answers that there is no picture, in `words`.
pub fn refuse(ticket: Ticket, words: &str, notices: &Notices) {
    notices(Notice::Snapshot { ticket, result: Err(no_picture(&words)) });
}

fn compress(size: Size, bytes: &[u8], format: ImageFormat) -> Result<Picture, ImageError> {
    let view = PictureView::new(size, size.width as usize, bytes).ok_or(ImageError::Size(size))?;
    let bytes = match format {
        ImageFormat::Png => image::to_png(view)?,
        ImageFormat::Jpeg => image::to_jpeg(view, QUALITY)?,
    };
    Ok(Picture { format, width: size.width, height: size.height, bytes: bytes.into(), path: None })
}

fn no_picture(words: &dyn std::fmt::Display) -> NoSnapshot {
    NoSnapshot { kind: "no-picture", words: words.to_string() }
}
