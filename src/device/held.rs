//! Which devices this process holds open through which it could see or hear the room, by the kernel's own word.
//!
//! The kernel lists every open file of a process under `/proc/self/fd` (proc(5)): cameras and sound cards are nodes
//! below `/dev`. A camera or microphone at a pipe has a name only in the board profile, so its end is announced here
//! when it is opened, by the number of its file; whether it is still open is asked of the kernel all the same.

use rustix::fs::{AtFlags, CWD, Stat, fstat, statat};
use std::os::fd::AsFd;
use std::sync::Mutex;

/// Nodes of cameras, of what steers them, and of sound cards.
const NODES: [&str; 4] = ["/dev/video", "/dev/v4l-subdev", "/dev/media", "/dev/snd/"];

/// Ends of pipes that are a camera or a microphone: device and number of the file, and its name.
static ENDS: Mutex<Vec<((u64, u64), String)>> = Mutex::new(Vec::new());

/// An announced end; dropping it takes the announcement back.
pub struct Announced((u64, u64));

/// Announces that the open file `fd` is the camera or microphone `name`.
pub fn announce(fd: impl AsFd, name: &str) -> Option<Announced> {
    let file = identity(&fstat(fd).ok()?);
    ends().push((file, name.to_owned()));
    Some(Announced(file))
}

impl Drop for Announced {
    fn drop(&mut self) {
        let mut ends = ends();
        if let Some(place) = ends.iter().position(|(file, _)| *file == self.0) {
            ends.swap_remove(place);
        }
    }
}

/// The names of all open devices, sorted, each once. Empty also where `/proc` can not be read.
pub fn open_devices() -> Vec<String> {
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| device(&entry.path())).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The device behind a link of `/proc/self/fd`, if it is one.
fn device(link: &std::path::Path) -> Option<String> {
    let target = std::fs::read_link(link).ok()?;
    let target = target.to_string_lossy();
    if NODES.iter().any(|node| target.starts_with(node)) {
        return Some(target.into_owned());
    }
    let ends = ends();
    if ends.is_empty() {
        return None;
    }
    let file = identity(&statat(CWD, link, AtFlags::empty()).ok()?);
    ends.iter().find(|(end, _)| *end == file).map(|(_, name)| name.clone())
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

fn ends() -> std::sync::MutexGuard<'static, Vec<((u64, u64), String)>> {
    ENDS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{open_camera, open_microphone};
    use crate::media::Size;
    use crate::settings::board::{CameraDriver, MicrophoneDriver, PipeEnd};

    #[test]
    fn a_pipe_is_listed_by_its_name_from_its_opening_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("camera");
        rustix::fs::mknodat(CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR, 0)
            .unwrap();
        let camera = CameraDriver::Pipe {
            end: PipeEnd::Path(path.clone()),
            width: 64,
            height: 48,
            fps: 5,
            format: "I420".into(),
            mount_rotation: 0,
        };
        let microphone = MicrophoneDriver::Pipe { end: PipeEnd::Command("sleep 77".into()), rate: 48_000, channels: 1 };
        let ours = [path.display().to_string(), "`sleep 77`".to_owned()];
        let listed = || open_devices().into_iter().filter(|it| ours.contains(it)).count();
        assert_eq!(listed(), 0);
        let opened = (open_camera(&camera, Size::new(64, 48), 5).unwrap(), open_microphone(&microphone).unwrap());
        assert_eq!(listed(), 2);
        // Whatever becomes of its name, the file is the same.
        std::fs::remove_file(&path).unwrap();
        assert_eq!(listed(), 2);
        drop(opened.0);
        assert_eq!(listed(), 1);
        drop(opened.1);
        assert_eq!(listed(), 0);
    }
}
