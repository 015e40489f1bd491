//! A screen at the other end of a pipe: each picture as raw I420, at the moment it is shown.

use super::end::End;
use super::packed::pieces;
use crate::device::{DeviceError, Display, Fault, Wake, clock};
use crate::media::{PictureView, Size, Time};
use crate::settings::board::PipeEnd;
use rustix::event::PollFlags;
use std::io::IoSlice;

/// Writes pictures, each of them whole: a reader counts bytes to find where the next begins.
pub struct PipeDisplay {
    end: End,
    size: Size,
    /// What the reader has not yet taken of a begun picture; goes out before anything else does.
    rest: Vec<u8>,
    sent: usize,
}

impl PipeDisplay {
    /// Opens a sink of pictures of exactly `size`. A FIFO nobody reads is [`Fault::Missing`].
    pub fn open(end: &PipeEnd, size: Size) -> Result<Self, DeviceError> {
        if size.is_empty() {
            return Err(DeviceError::new(Fault::Unsupported, "pipe display", "width and height must not be zero"));
        }
        let end = End::writer(end)?;
        end.enlarge(size.i420_len());
        Ok(Self { end, size, rest: Vec::new(), sent: 0 })
    }

    /// Sends what is left of an earlier picture; false when the bell rang first.
    fn finish_rest(&mut self, wake: &Wake) -> Result<bool, DeviceError> {
        while self.sent < self.rest.len() {
            match self.end.write(&[IoSlice::new(&self.rest[self.sent..])])? {
                0 if !self.writable(wake)? => return Ok(false),
                count => self.sent += count,
            }
        }
        self.rest.clear();
        self.sent = 0;
        Ok(true)
    }

    fn writable(&mut self, wake: &Wake) -> Result<bool, DeviceError> {
        Ok(self.end.wait(wake, PollFlags::OUT, None)? != Some(false))
    }
}

impl Display for PipeDisplay {
    fn size(&self) -> Option<Size> {
        Some(self.size)
    }

    fn show(&mut self, picture: PictureView<'_>, wake: &Wake) -> Result<Option<Time>, DeviceError> {
        if picture.size != self.size {
            let words = format_args!("got a picture of {} for a screen of {}", picture.size, self.size);
            return Err(DeviceError::new(Fault::Damaged, self.end.name(), words));
        }
        if !self.finish_rest(wake)? {
            return Ok(None);
        }
        let (whole, mut sent) = (self.size.i420_len(), 0);
        while sent < whole {
            match self.end.write(&pieces(&picture, sent))? {
                0 if !self.writable(wake)? => {
                    if sent == 0 {
                        return Ok(None);
                    }
                    // What has begun goes out whole, in front of the next picture.
                    while sent + self.rest.len() < whole {
                        pieces(&picture, sent + self.rest.len())
                            .iter()
                            .for_each(|piece| self.rest.extend_from_slice(piece));
                    }
                    break;
                }
                count => sent += count,
            }
        }
        Ok(Some(clock::now()))
    }
}
