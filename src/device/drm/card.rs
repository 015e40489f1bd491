//! The graphics card: found by its driver's name, its path, or by having a screen; never by its number.

use super::choice::{self, Outlet, Plug, Timing};
use crate::device::{DeviceError, Fault};
use crate::media::Size;
use drm::control::{Device as _, Mode, ModeFlags, ModeTypeFlags, connector};
use drm::{ClientCapability, Device as _};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

const FOLDER: &str = "/dev/dri";

/// An open card.
pub struct Card {
    node: File,
    /// "/dev/dri/card1 (virtio_gpu)".
    pub name: String,
    pub driver: String,
}

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.node.as_fd()
    }
}

impl drm::Device for Card {}
impl drm::control::Device for Card {}

impl Card {
    /// Opens a node; `None` inside when it drives no screens, as a mere renderer.
    pub fn open(path: &Path) -> Result<Option<Self>, DeviceError> {
        let name = path.display().to_string();
        let failed = |error: io::Error| {
            let mut failed = DeviceError::io(&name, "open it", &error);
            if error.raw_os_error() == Some(libc::EACCES) {
                failed.words.push_str("; the daemon's user has to be in the group `video`");
            }
            failed
        };
        let flags = libc::O_NONBLOCK | libc::O_CLOEXEC;
        let node = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).map_err(failed)?;
        let mut card = Self { node, name, driver: String::new() };
        // Overlays are planes too; a driver that knows none of it is driven the old way.
        let _ = card.set_client_capability(ClientCapability::UniversalPlanes, true);
        let Ok(driver) = card.get_driver() else { return Ok(None) };
        card.driver = driver.name().to_string_lossy().into_owned();
        card.name = format!("{} ({})", card.name, card.driver);
        let connectors = card.resource_handles().map(|all| all.connectors().len()).unwrap_or(0);
        Ok((connectors > 0).then_some(card))
    }

    /// Every connector, and what there is to decide by. `ask` makes the kernel ask the screens themselves.
    pub fn outlets(&self, ask: bool) -> Result<Vec<(connector::Info, Outlet)>, DeviceError> {
        let failed = |error| DeviceError::io(&self.name, "list its connectors", &error);
        let handles = self.resource_handles().map_err(failed)?;
        let infos = handles.connectors().iter().filter_map(|handle| self.get_connector(*handle, ask).ok());
        Ok(infos.map(|info| (outlet(&info), info)).map(|(outlet, info)| (info, outlet)).collect())
    }
}

/// Opens the card that is `wanted` (a driver's name or a path) with the connector that is; of several that would
/// do, the first with a screen.
pub fn find(wanted: Option<&str>, connector: Option<&str>) -> Result<(Rc<Card>, connector::Info), DeviceError> {
    let by_path = wanted.filter(|wanted| wanted.starts_with('/'));
    let paths = by_path.map_or_else(nodes, |path| vec![path.into()]);
    let (mut others, mut problem) = (Vec::new(), None);
    for path in paths {
        let card = match Card::open(&path) {
            Ok(Some(card)) => card,
            Ok(None) => continue,
            Err(error) => {
                problem.get_or_insert(error);
                continue;
            }
        };
        if by_path.is_none() && wanted.is_some_and(|driver| driver != card.driver) {
            others.push(card.name);
            continue;
        }
        let mut found = card.outlets(true)?;
        let outlets: Vec<Outlet> = found.iter().map(|(_, outlet)| outlet.clone()).collect();
        match choice::outlet(&outlets, connector) {
            Ok(index) => return Ok((Rc::new(card), found.swap_remove(index).0)),
            Err(words) => {
                problem = Some(DeviceError::new(Fault::Missing, card.name, words));
            }
        }
    }
    Err(problem.unwrap_or_else(|| {
        let name = wanted.unwrap_or("screen");
        let words = match others.as_slice() {
            [] => "there is no graphics card that drives screens (none in /dev/dri)".into(),
            others => format!("no graphics card has this driver; there is {}", others.join(", ")),
        };
        DeviceError::new(Fault::Missing, name, words)
    }))
}

/// `/dev/dri/card*` in order of their numbers.
pub fn nodes() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let number = |name: std::ffi::OsString| name.to_str()?.strip_prefix("card")?.parse::<u32>().ok();
    let mut numbers: Vec<u32> = entries.filter_map(number).collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| Path::new(FOLDER).join(format!("card{number}"))).collect()
}

/// What there is to decide by.
pub fn outlet(info: &connector::Info) -> Outlet {
    Outlet {
        name: info.to_string(),
        plug: match info.state() {
            connector::State::Connected => Plug::In,
            connector::State::Disconnected => Plug::Out,
            connector::State::Unknown => Plug::Unknown,
        },
        modes: info.modes().iter().map(timing).collect(),
    }
}

/// A mode's numbers.
pub fn timing(mode: &Mode) -> Timing {
    let (width, height) = mode.size();
    let (columns, lines) = (mode.hsync().2, mode.vsync().2);
    let twice = ModeFlags::INTERLACE | ModeFlags::DBLSCAN | ModeFlags::DBLCLK;
    Timing {
        size: Size::new(width.into(), height.into()),
        clock: mode.clock(),
        total: (columns.into(), lines.into()),
        preferred: mode.mode_type().contains(ModeTypeFlags::PREFERRED),
        plain: !mode.flags().intersects(twice) && mode.vscan() <= 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_is_not_there_is_told_by_name() {
        let error = find(Some("/dev/dri/card250"), None).err().unwrap();
        assert_eq!((error.fault, error.device.as_str()), (Fault::Missing, "/dev/dri/card250"));
        let error = find(Some("no-such-driver"), None).err().unwrap();
        assert_eq!((error.fault, error.device.as_str()), (Fault::Missing, "no-such-driver"));
        assert!(error.words.contains("no graphics card"), "{error}");
        let error = find(Some("/dev/null"), None).err().unwrap();
        assert_eq!(error.fault, Fault::Missing, "{error}");
    }
}
