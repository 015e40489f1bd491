//! Pictures that wait for a slow player: bounded, and shed up to the next IDR.

use super::flv_kind::{VideoKind, video_kind};
use bytes::Bytes;
use std::collections::VecDeque;

/// Time stamp and FLV video body.
pub(super) type Picture = (u32, Bytes);

/// Pictures on their way to one player.
#[derive(Debug)]
pub(super) struct Queue {
    pictures: VecDeque<Picture>,
    bytes: usize,
    limit: usize,
    /// Nothing but an IDR may come in: the player has nothing a later picture could refer to.
    broken: bool,
}

impl Queue {
    /// An empty queue of at most `limit` bytes; the first picture has to be an IDR.
    pub fn new(limit: usize) -> Self {
        Self { pictures: VecDeque::new(), bytes: 0, limit, broken: true }
    }

    /// Puts a picture in. One that does not fit throws out all that wait, but for the newest sequence header; what
    /// needs the lost pictures is lost as well, up to the next IDR.
    pub fn put(&mut self, timestamp: u32, body: Bytes) {
        let kind = video_kind(&body);
        match kind {
            VideoKind::Idr => self.broken = false,
            VideoKind::Other if self.broken => return,
            _ => {}
        }
        if self.bytes + body.len() > self.limit {
            let is_header = |(_, body): &Picture| video_kind(body) == VideoKind::SequenceHeader;
            let header = self.pictures.drain(..).rfind(is_header).filter(|_| kind != VideoKind::SequenceHeader);
            self.pictures.extend(header);
            self.bytes = self.pictures.iter().map(|(_, body)| body.len()).sum();
            self.broken = kind != VideoKind::Idr;
            if kind == VideoKind::Other {
                return;
            }
        }
        self.bytes += body.len();
        self.pictures.push_back((timestamp, body));
    }

    /// The oldest picture.
    pub fn take(&mut self) -> Option<Picture> {
        let picture = self.pictures.pop_front()?;
        self.bytes = self.bytes.saturating_sub(picture.1.len());
        Some(picture)
    }

    /// Forgets everything: the next stream begins with an IDR.
    pub fn clear(&mut self) {
        *self = Self::new(self.limit);
    }
}
