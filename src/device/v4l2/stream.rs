//! Four mapped buffers between driver and terminal, waited for from outside.

use super::node::guarded;
use std::io;
use v4l::Device;
use v4l::buffer::{Metadata, Type};
use v4l::io::mmap::Stream as Mapped;
use v4l::io::traits::{CaptureStream, Stream as _};

/// Two leave a slow reader three periods behind; four that are always drained leave it less than one.
const BUFFERS: u32 = 4;
/// No driver gives more.
const MOST_BUFFERS: usize = 32;

/// A running stream. [`Stream::take`] must only be called when the device's descriptor is readable.
pub struct Stream {
    /// `Some` until it is dropped.
    mapped: Option<Mapped<'static>>,
}

impl Stream {
    /// Maps buffers, queues them and starts.
    pub fn start(device: &Device) -> io::Result<Self> {
        let mapped = guarded(|| Mapped::with_buffers(device, Type::VideoCapture, BUFFERS))?;
        let mut stream = Self { mapped: Some(mapped) };
        let mapped = stream.mapped()?;
        // The first `next` of the crate's stream queues buffer 0; were it left to start the stream as well, it would
        // wait for the first picture without hearing the bell. Queuing ends at the number of the driver's buffers.
        for index in 1..MOST_BUFFERS {
            if CaptureStream::queue(mapped, index).is_err() {
                break;
            }
        }
        mapped.start()?;
        Ok(stream)
    }

    fn mapped(&mut self) -> io::Result<&mut Mapped<'static>> {
        self.mapped.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// The oldest filled buffer: its bytes in use and what the driver says of it. Gives the previous one back.
    pub fn take(&mut self) -> io::Result<(&[u8], Metadata)> {
        let (bytes, meta) = CaptureStream::next(self.mapped()?)?;
        let used = (meta.bytesused as usize).min(bytes.len());
        Ok((&bytes[..used], *meta))
    }
}

impl Drop for Stream {
    /// The crate's stream panics in its own drop when VIDIOC_STREAMOFF fails other than by ENODEV, and unmapping
    /// could panic on top of that. So it is stopped here first, and only dropped when that went well; otherwise its
    /// mappings are given up. (No driver is known to refuse STREAMOFF while its device is there.)
    fn drop(&mut self) {
        let Some(mut mapped) = self.mapped.take() else { return };
        let stopped = mapped.stop();
        if stopped.is_ok() || stopped.is_err_and(|error| error.raw_os_error() == Some(libc::ENODEV)) {
            let _ = guarded(|| {
                drop(mapped);
                Ok(())
            });
        } else {
            std::mem::forget(mapped);
        }
    }
}
