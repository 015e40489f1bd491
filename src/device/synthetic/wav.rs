//! The loudspeaker that is a file: what would be heard, as RIFF WAVE.

use crate::device::{DeviceError, Speaker, Wake, clock};
use crate::media::{SoundFormat, Span, Time};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

const FORMAT: SoundFormat = SoundFormat::CALL;
const HEADER: u64 = 44;
/// Lengths in the header are 32 bits and many readers take them as signed: after this much (six hours) sound is
/// forgotten.
const MOST_BYTES: u64 = (1 << 31) - 1024;
/// How often the lengths in the header are brought up to date, so that a killed process leaves a readable file.
const PATCH_EVERY: Span = Span::secs(1);

/// Writes sound as it comes, 48 kHz mono. It has no pace of its own.
pub struct WavSpeaker {
    file: File,
    name: String,
    /// Bytes of sound in the file, and how many of them the header knows.
    bytes: u64,
    known: u64,
    patched: Time,
    scratch: Vec<u8>,
}

impl WavSpeaker {
    /// Begins the file `path` anew; a link in its place is refused.
    pub fn open(path: &Path) -> Result<Self, DeviceError> {
        let name = path.display().to_string();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).custom_flags(libc::O_NOFOLLOW);
        let file = options.open(path).map_err(|error| DeviceError::io(&name, "create the file", &error))?;
        let mut speaker = Self { file, name, bytes: 0, known: 0, patched: clock::now(), scratch: Vec::new() };
        speaker.patch().map_err(|error| DeviceError::io(&speaker.name, "write the header", &error))?;
        Ok(speaker)
    }

    fn patch(&mut self) -> io::Result<()> {
        self.file.write_all_at(&header(FORMAT, self.bytes as u32), 0)?;
        self.known = self.bytes;
        self.patched = clock::now();
        Ok(())
    }

    fn append(&mut self, samples: &[i16]) -> io::Result<()> {
        self.scratch.clear();
        self.scratch.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        self.file.write_all_at(&self.scratch, HEADER + self.bytes)?;
        self.bytes += self.scratch.len() as u64;
        if clock::now() - self.patched >= PATCH_EVERY { self.patch() } else { Ok(()) }
    }
}

impl Speaker for WavSpeaker {
    fn format(&self) -> SoundFormat {
        FORMAT
    }
    fn write(&mut self, samples: &[i16]) -> Result<usize, DeviceError> {
        if self.bytes + samples.len() as u64 * 2 <= MOST_BYTES {
            self.append(samples).map_err(|error| DeviceError::io(&self.name, "write sound", &error))?;
        }
        Ok(samples.len())
    }
    /// There is always room.
    fn wait(&mut self, _: &Wake, _: Option<Time>) -> Result<(), DeviceError> {
        Ok(())
    }
    fn delay(&mut self) -> Result<Span, DeviceError> {
        Ok(Span::ZERO)
    }
    fn clocked(&self) -> bool {
        false
    }
    fn take_underruns(&mut self) -> u64 {
        0
    }
}

impl Drop for WavSpeaker {
    fn drop(&mut self) {
        if self.known < self.bytes {
            let _ = self.patch();
        }
    }
}

/// The canonical header of 44 bytes (Microsoft's "Multimedia Programming Interface and Data Specifications 1.0") for
/// 16-bit PCM.
fn header(format: SoundFormat, bytes: u32) -> [u8; HEADER as usize] {
    let frame = 2 * format.channels;
    let mut header = [0; HEADER as usize];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        header[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(b"RIFF");
    put(&(bytes + 36).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16_u32.to_le_bytes());
    put(&1_u16.to_le_bytes());
    put(&format.channels.to_le_bytes());
    put(&format.rate.to_le_bytes());
    put(&(format.rate * u32::from(frame)).to_le_bytes());
    put(&frame.to_le_bytes());
    put(&16_u16.to_le_bytes());
    put(b"data");
    put(&bytes.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length_told(file: &[u8]) -> usize {
        u32::from_le_bytes(file[40..44].try_into().unwrap()) as usize
    }

    #[test]
    fn a_closed_file_tells_its_length_and_holds_its_sound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heard.wav");
        let mut speaker = WavSpeaker::open(&path).unwrap();
        assert_eq!(speaker.write(&[1, -2]).unwrap(), 2);
        assert_eq!(speaker.write(&[3]).unwrap(), 1);
        drop(speaker);
        let file = std::fs::read(&path).unwrap();
        assert_eq!((&file[..4], &file[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
        assert_eq!((length_told(&file), &file[44..]), (6, &[1, 0, 254, 255, 3, 0][..]));
    }

    #[test]
    fn a_file_whose_process_was_killed_is_readable_up_to_its_last_second() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heard.wav");
        let mut speaker = WavSpeaker::open(&path).unwrap();
        speaker.write(&[1; 480]).unwrap();
        speaker.patched = clock::now() - PATCH_EVERY;
        speaker.write(&[2; 480]).unwrap();
        assert_eq!(length_told(&std::fs::read(&path).unwrap()), 4 * 480);
        std::mem::forget(speaker);
    }

    #[test]
    fn a_link_in_its_place_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, precious) = (folder.path().join("heard.wav"), folder.path().join("precious"));
        std::fs::write(&precious, "keep").unwrap();
        std::os::unix::fs::symlink(&precious, &path).unwrap();
        assert!(WavSpeaker::open(&path).is_err());
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "keep");
    }
}
