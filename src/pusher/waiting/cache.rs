//! The copy of a waiting image that came from the network, for the start at which the network is not there.
//!
//! One file: a line that names the address (by its MD5, because it may hold secrets) and the MD5 of the rest, then the
//! bytes as they came. What does not agree with its own line counts as no copy.

use crate::flow::durable::replace;
use crate::image::MOST_STILL_BYTES;
use md5::{Digest, Md5};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What the line begins with: the format and its version.
const MARK: &str = "visavis-waiting-image 1";
/// Longer than the line.
const LINE: usize = 128;

/// See the module's head.
#[derive(Debug)]
pub struct Cache {
    file: PathBuf,
}

impl Cache {
    /// The copy in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { file: folder.join("waiting-image") }
    }

    /// The copy of what is at `place`, if that is what is kept and it is whole.
    pub fn read(&self, place: &str) -> Option<Vec<u8>> {
        let mut kept = Vec::new();
        let file = File::open(&self.file).ok()?;
        file.take((MOST_STILL_BYTES + LINE) as u64).read_to_end(&mut kept).ok()?;
        let end = kept.iter().take(LINE).position(|byte| *byte == b'\n')?;
        let bytes = kept.get(end + 1..)?;
        (kept.get(..end)? == line(place, bytes).as_bytes()).then(|| bytes.to_vec())
    }

    /// Keeps `bytes` as the copy of what is at `place`.
    pub fn keep(&self, place: &str, bytes: &[u8]) -> io::Result<()> {
        // The same again would only wear the flash.
        if self.read(place).is_some_and(|kept| kept == bytes) {
            return Ok(());
        }
        replace(&self.file, &[line(place, bytes).as_bytes(), b"\n", bytes].concat())
    }
}

fn line(place: &str, bytes: &[u8]) -> String {
    let md5 = |bytes: &[u8]| Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{MARK} {} {}", md5(place.as_bytes()), md5(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_copy_is_of_its_address_and_whole_or_it_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        assert_eq!(cache.read("http://host/a"), None);
        cache.keep("http://host/a", b"picture").unwrap();
        assert_eq!(cache.read("http://host/a").as_deref(), Some(&b"picture"[..]));
        assert_eq!(cache.read("http://host/b"), None);
        let whole = fs::read(&cache.file).unwrap();
        assert!(!String::from_utf8_lossy(&whole).contains("host"), "an address may hold secrets");
        for length in 0..whole.len() {
            fs::write(&cache.file, &whole[..length]).unwrap();
            assert_eq!(cache.read("http://host/a"), None, "cut at {length}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&cache.file, damaged).unwrap();
            assert_eq!(cache.read("http://host/a"), None, "damaged at {at}");
        }
    }
}
