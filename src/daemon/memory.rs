//! What outlives a restart, a crash and a power cut: standby, whether a button entered it, and a mute set while running.
//!
//! These three keep a room private. Everything else begins again as the settings file says.

use super::files;
use crate::control::View;
use crate::device::Wake;
use crate::flow::lane::{self, Sender};
use crate::flow::worker::Worker;
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// See the module's head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Memory {
    pub standby: bool,
    /// A button entered it, and only a button ends it.
    pub standby_locked: bool,
    /// The settings file does not ask for it.
    pub muted: bool,
}

impl Memory {
    /// What is remembered in `file`; nothing when there is no file.
    fn read(file: &Path) -> Self {
        let read = fs::read(file).and_then(|bytes| serde_json::from_slice(&bytes).map_err(io::Error::from));
        read.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!("what the terminal remembered is lost: {}: {error}", file.display());
            }
            Self::default()
        })
    }
}

/// Remembers for a running terminal. Dropping it writes what is not yet written.
pub struct Keeper {
    kept: Memory,
    /// The settings file asks for silence itself.
    muted_by_file: bool,
    /// To the thread that writes: a disk may be slow. Absent when there is no state directory.
    writer: Option<(Sender<Memory>, Worker)>,
}

impl Keeper {
    /// Recalls what was remembered in the service's state directory (systemd's `STATE_DIRECTORY`) and applies the
    /// mute to `settings`. Without a state directory nothing is remembered.
    pub fn recall(settings: &mut Settings) -> io::Result<(Memory, Self)> {
        Self::recall_from(files::state_directory().map(|directory| directory.join("memory.json")), settings)
    }

    fn recall_from(file: Option<PathBuf>, settings: &mut Settings) -> io::Result<(Memory, Self)> {
        let kept = file.as_deref().map(Memory::read).unwrap_or_default();
        let muted_by_file = settings.pusher.as_ref().is_some_and(|pusher| pusher.muted);
        settings.pusher.iter_mut().for_each(|pusher| pusher.muted |= kept.muted);
        let writer = file.map(start_writer).transpose()?;
        Ok((kept, Self { kept, muted_by_file, writer }))
    }

    /// To be called after every change of the terminal.
    pub fn turn(&mut self, view: &View) {
        let muted = view.pusher.as_ref().is_some_and(|pusher| pusher.muted);
        let now = Memory {
            standby: view.status.standby,
            standby_locked: view.status.standby_locked,
            muted: muted && !self.muted_by_file,
        };
        if now != self.kept {
            self.kept = now;
            if let Some((writer, _)) = &self.writer {
                writer.put(now);
            }
        }
    }
}

fn start_writer(file: PathBuf) -> io::Result<(Sender<Memory>, Worker)> {
    let bell = Wake::new()?;
    let (sender, receiver) = lane::latest::<Memory>(bell.clone());
    let write = move || {
        let Some(memory) = receiver.take() else { return };
        let written = serde_json::to_vec(&memory).map_err(io::Error::from).and_then(|it| files::replace(&file, &it));
        if let Err(error) = written {
            tracing::error!("standby and mute will not outlive a restart: {}: {error}", file.display());
        }
    };
    let worker = Worker::spawn(
        "keep",
        bell,
        |_| {},
        move |handle| {
            while !handle.stopped() {
                handle.bell().wait(None);
                write();
            }
            write();
        },
    )?;
    Ok((sender, worker))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::status::Status;
    use crate::settings::PusherSettings;

    fn view(standby: bool, muted: bool) -> View {
        let status = Status { standby, standby_locked: standby, ..Status::default() };
        View {
            status,
            pusher: Some(PusherSettings { muted, ..PusherSettings::default() }),
            players: vec![],
            ..View::default()
        }
    }

    fn settings(muted: bool) -> Settings {
        Settings { pusher: Some(PusherSettings { muted, ..PusherSettings::default() }), ..Settings::default() }
    }

    #[test]
    fn what_the_last_moment_was_is_known_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join("memory.json"));
        let recall = |settings: &mut Settings| Keeper::recall_from(file.clone(), settings).unwrap();
        let (before, mut keeper) = recall(&mut settings(false));
        assert_eq!(before, Memory::default());
        for (standby, muted) in [(true, false), (false, false), (true, true)] {
            keeper.turn(&view(standby, muted));
        }
        drop(keeper);
        let mut begun = settings(false);
        let (after, mut keeper) = recall(&mut begun);
        assert_eq!(after, Memory { standby: true, standby_locked: true, muted: true });
        assert!(begun.pusher.is_some_and(|pusher| pusher.muted));
        keeper.turn(&view(false, false));
        drop(keeper);
        assert_eq!(recall(&mut settings(false)).0, Memory::default());
    }

    #[test]
    fn a_mute_of_the_settings_file_is_the_files_and_not_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join("memory.json"));
        let (_, mut keeper) = Keeper::recall_from(file.clone(), &mut settings(true)).unwrap();
        keeper.turn(&view(true, true));
        drop(keeper);
        let mut begun = settings(false);
        assert!(!Keeper::recall_from(file, &mut begun).unwrap().0.muted);
        assert!(begun.pusher.is_some_and(|pusher| !pusher.muted));
    }

    #[test]
    fn a_power_cut_leaves_the_old_or_the_new_and_a_torn_file_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("memory.json");
        let (old, new) = (Memory { standby: true, ..Memory::default() }, Memory { muted: true, ..Memory::default() });
        let bytes = serde_json::to_vec(&new).unwrap();
        // Cut while the new one is written beside it: every length of it, and the old one is still there.
        for length in 0..=bytes.len() {
            files::replace(&file, &serde_json::to_vec(&old).unwrap()).unwrap();
            fs::write(file.with_extension("new"), &bytes[..length]).unwrap();
            assert_eq!(Memory::read(&file), old);
            files::replace(&file, &bytes).unwrap();
            assert_eq!(Memory::read(&file), new);
        }
        for length in 0..bytes.len() {
            fs::write(&file, &bytes[..length]).unwrap();
            assert_eq!(Memory::read(&file), Memory::default());
        }
    }
}
