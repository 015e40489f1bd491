//! Files that a power cut at any moment leaves as they were or as they are to be.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Gives the file `path` new contents so that a power cut at any moment leaves the old ones or the new ones: written
/// beside it and made durable, renamed over it, and the rename made durable.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
