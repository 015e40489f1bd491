//! What can go wrong with a device, told apart by what to do about it.

use std::fmt;
use std::io;

/// A device's failure: which device, what kind, and words for the technician.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{device}: {words}")]
pub struct DeviceError {
    pub fault: Fault,
    /// The device as the board profile names it ("/dev/v4l/by-path/…", "hw:1,0", "openh264").
    pub device: String,
    /// What happened and, where there is one, the cure; no trailing full stop.
    pub words: String,
}

/// Kinds of failure. The kind decides what happens next, the words are for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It is not there (ENOENT, ENODEV at open): wait for it to appear.
    Missing,
    /// It was there and went away (ENODEV, EIO with POLLERR, end of a pipe): open it again.
    Gone,
    /// Somebody else has it (EBUSY): retry later.
    Busy,
    /// It can not run beside a device that runs already: one of them at a time.
    Crowded,
    /// Not allowed (EACCES, EPERM): retry, but tell a person.
    Denied,
    /// It is there but can not do what was asked (no such size, rate or format).
    Unsupported,
    /// It said nothing for too long: restart it.
    Stalled,
    /// One picture or frame was bad: drop it and go on with the same device.
    Damaged,
    /// Anything else: drop it and open it again.
    Failed,
}

impl DeviceError {
    /// An error of `fault` on `device`, described by `words`.
    pub fn new(fault: Fault, device: impl Into<String>, words: impl fmt::Display) -> Self {
        Self { fault, device: device.into(), words: words.to_string() }
    }

    /// Maps an operating system's error met while `doing` something ("open", "start streaming").
    pub fn io(device: impl Into<String>, doing: &str, error: &io::Error) -> Self {
        let fault = match error.raw_os_error() {
            Some(libc::ENOENT | libc::ENXIO) => Fault::Missing,
            Some(libc::ENODEV | libc::EIO | libc::EPIPE | libc::ESHUTDOWN) => Fault::Gone,
            Some(libc::EBUSY) => Fault::Busy,
            Some(libc::EACCES | libc::EPERM) => Fault::Denied,
            Some(libc::EINVAL | libc::ENOTTY | libc::EOPNOTSUPP) => Fault::Unsupported,
            Some(libc::ETIMEDOUT) => Fault::Stalled,
            _ => Fault::Failed,
        };
        // The two refusals have different cures: EACCES is the file's mode, EPERM the fence around the program.
        let cure = match error.raw_os_error() {
            Some(libc::EPERM) => "; the service (DeviceAllow=) or container (--device) does not pass it on",
            _ => "",
        };
        Self::new(fault, device, format_args!("could not {doing}: {error}{cure}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Missing => "missing",
            Fault::Gone => "gone",
            Fault::Busy => "busy",
            Fault::Crowded => "crowded",
            Fault::Denied => "denied",
            Fault::Unsupported => "unsupported",
            Fault::Stalled => "stalled",
            Fault::Damaged => "damaged",
            Fault::Failed => "failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_refusals_are_one_kind_and_told_apart_in_words() {
        let told = |errno| DeviceError::io("/dev/video0", "open it", &io::Error::from_raw_os_error(errno));
        let (mode, fence) = (told(libc::EACCES), told(libc::EPERM));
        assert_eq!([mode.fault, fence.fault], [Fault::Denied; 2]);
        assert!(fence.words.contains("DeviceAllow=") && !mode.words.contains("DeviceAllow="), "{mode} {fence}");
    }
}
