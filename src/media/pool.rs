//! Buffers that are used again: a picture of 720p is 1.4 MB, thirty times a second.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, Weak};

/// Lends out [`Buffer`]s and takes them back when they are dropped; keeps at most `keep` idle ones.
///
/// Clones share the same store. A buffer may be dropped on any thread.
#[derive(Clone, Debug)]
pub struct Pool {
    shelf: Arc<Shelf>,
}

#[derive(Debug)]
struct Shelf {
    idle: Mutex<Vec<Vec<u8>>>,
    keep: usize,
}

/// Bytes of a picture; returns its memory to its pool when dropped.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    shelf: Weak<Shelf>,
}

impl Pool {
    /// An empty pool that keeps at most `keep` idle buffers.
    pub fn new(keep: usize) -> Self {
        Self { shelf: Arc::new(Shelf { idle: Mutex::new(Vec::with_capacity(keep)), keep }) }
    }

    /// A buffer of `len` bytes whose content is unspecified (what its last user left, or zeroes).
    pub fn take(&self, len: usize) -> Buffer {
        let idle = self.shelf.idle.lock().ok().and_then(|mut idle| idle.pop());
        let mut bytes = idle.unwrap_or_default();
        if bytes.capacity() < len {
            bytes = Vec::with_capacity(len);
        }
        bytes.resize(len, 0);
        Buffer { bytes, shelf: Arc::downgrade(&self.shelf) }
    }
}

impl Buffer {
    /// Shortens the content to `len` bytes; longer is ignored.
    pub fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, shelf: Weak::new() }
    }
}

impl Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(shelf) = self.shelf.upgrade() else { return };
        if let Ok(mut idle) = shelf.idle.lock()
            && idle.len() < shelf.keep
        {
            idle.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_lent_again_and_no_more_than_kept() {
        let pool = Pool::new(1);
        let (first, second) = (pool.take(100), pool.take(100));
        let address = second.as_ptr();
        drop(second);
        drop(first);
        assert_eq!(pool.shelf.idle.lock().unwrap().len(), 1);
        assert_eq!(pool.take(50).as_ptr(), address);
    }
}
