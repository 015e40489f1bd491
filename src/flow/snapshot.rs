//! A picture for whoever asked: copied at once, compressed on a thread of its own, because that takes longer
//! than a frame lasts.

use super::Notices;
use crate::api::command::{ImageFormat, Picture, SnapshotRequest, Ticket};
use crate::api::fault::{DeviceError, Fault};
use crate::api::notice::Notice;
use crate::image::{self, ImageError};
use crate::media::{PictureView, Size};

/// JPEG quality of snapshots.
const QUALITY: u8 = 90;

/// Compresses `view` as asked and reports it with `ticket`.
pub fn take(view: PictureView<'_>, ticket: Ticket, request: SnapshotRequest, notices: &Notices) {
    let (size, mut copy) = (view.size, vec![0; view.size.i420_len()]);
    view.pack_into(&mut copy);
    let told = notices.clone();
    let work = move || {
        let result = compress(size, &copy, request.format).map_err(|error| failed(Fault::Failed, &error));
        told(Notice::Snapshot { ticket, result });
    };
    if let Err(error) = std::thread::Builder::new().name("snapshot".into()).spawn(work) {
        notices(Notice::Snapshot { ticket, result: Err(failed(Fault::Failed, &error)) });
    }
}

/// Answers that there is no picture, in `words`.
pub fn refuse(ticket: Ticket, words: &str, notices: &Notices) {
    notices(Notice::Snapshot { ticket, result: Err(failed(Fault::Missing, &words)) });
}

fn compress(size: Size, bytes: &[u8], format: ImageFormat) -> Result<Picture, ImageError> {
    let view = PictureView::new(size, size.width as usize, bytes).ok_or(ImageError::Size(size))?;
    let bytes = match format {
        ImageFormat::Png => image::to_png(view)?,
        ImageFormat::Jpeg => image::to_jpeg(view, QUALITY)?,
    };
    Ok(Picture { format, width: size.width, height: size.height, bytes: bytes.into(), path: None })
}

fn failed(fault: Fault, words: &dyn std::fmt::Display) -> DeviceError {
    DeviceError::new(fault, "snapshot", words)
}
