//! What outlives a restart, a crash and a power cut: standby, whether a button entered it, and a mute set while running.
//!
//! These three keep a room private. Everything else begins again as the settings file says.

use super::files;
use crate::control::View;
use crate::device::Wake;
use crate::flow::lane::{self, Sender};
use crate::flow::worker::Worker;
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
    /// To the thread that writes: a disk may be slow. Absent when there is no state directory.
    writer: Option<(Sender<Memory>, Worker)>,
}

impl Keeper {
    /// Recalls what was remembered in the service's state directory (systemd's `STATE_DIRECTORY`). Without one nothing
    /// is remembered.
    pub fn recall() -> io::Result<(Memory, Self)> {
        Self::recall_from(files::state_directory().map(|directory| directory.join("memory.json")))
    }

    fn recall_from(file: Option<PathBuf>) -> io::Result<(Memory, Self)> {
        let kept = file.as_deref().map(Memory::read).unwrap_or_default();
        let writer = file.map(start_writer).transpose()?;
        Ok((kept, Self { kept, writer }))
    }

    /// To be called after every change of the terminal.
    pub fn turn(&mut self, view: &View) {
        let muted = view.pusher.as_ref().is_some_and(|pusher| pusher.muted);
        let now = Memory {
            standby: view.status.standby,
            standby_locked: view.status.standby_locked,
            muted: muted && !view.muted_by_file,
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
    use crate::api::command::{Command, PusherCommand};
    use crate::api::status::Status;
    use crate::appliance::{Appliance, Input};
    use crate::media::Time;
    use crate::settings::{Board, PusherSettings, Settings};

    fn view(standby: bool, muted: bool) -> View {
        let status = Status { standby, standby_locked: standby, ..Status::default() };
        View { status, pusher: Some(PusherSettings { muted, ..PusherSettings::default() }), ..View::default() }
    }

    #[test]
    fn what_the_last_moment_was_is_known_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let recall = || Keeper::recall_from(Some(folder.path().join("memory.json"))).unwrap();
        let (before, mut keeper) = recall();
        assert_eq!(before, Memory::default());
        for (standby, muted) in [(true, false), (false, false), (true, true)] {
            keeper.turn(&view(standby, muted));
        }
        drop(keeper);
        let (after, mut keeper) = recall();
        assert_eq!(after, Memory { standby: true, standby_locked: true, muted: true });
        keeper.turn(&view(false, false));
        drop(keeper);
        assert_eq!(recall().0, Memory::default());
    }

    /// A terminal that ran once: what of its silence was remembered after its settings file and its people said this.
    fn remembered(begun: bool, said: &[Said]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let recall = || Keeper::recall_from(Some(folder.path().join("memory.json"))).unwrap();
        let (mut keeper, now) = (recall().1, Time::default());
        let file =
            |muted| Settings { pusher: Some(PusherSettings { muted, ..Default::default() }), ..Default::default() };
        let mut appliance = Appliance::new(file(begun), &Board::default(), vec![], 1, now);
        for said in said {
            let command = match *said {
                Said::File(muted) => Command::Reload(Ok(Box::new(file(muted)))),
                Said::Hand(muted) => {
                    let change = serde_json::json!({ "muted": muted }).as_object().cloned().unwrap();
                    Command::Pusher(PusherCommand::Patch(change))
                }
            };
            appliance.handle(Input::Command(0, command), now);
            let (pusher, muted_by_file) = (appliance.pusher_settings().cloned(), appliance.muted_by_file());
            keeper.turn(&View { pusher, muted_by_file, ..View::default() });
        }
        drop(keeper);
        recall().0.muted
    }

    enum Said {
        /// It was changed and read again.
        File(bool),
        Hand(bool),
    }

    #[test]
    fn a_mute_is_remembered_unless_the_settings_file_as_it_was_read_last_asks_for_it() {
        use Said::*;
        let table: [(bool, &[Said], bool); 7] = [
            (false, &[Hand(true)], true),
            (false, &[Hand(true), Hand(false)], false),
            (true, &[Hand(true)], false),
            (true, &[File(false), Hand(true)], true),
            (false, &[File(true)], false),
            (false, &[File(true), Hand(false), Hand(true)], false),
            (false, &[File(true), File(false), Hand(true)], true),
        ];
        for (number, (begun, said, expected)) in table.into_iter().enumerate() {
            assert_eq!(remembered(begun, said), expected, "row {number}");
        }
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
