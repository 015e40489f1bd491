//! The screen, with everything that is to be seen on it.
//!
//! ```text
//! player 0 --ring--> surface --.
//! player 1 --ring--> surface --+--> layout, stage --> display
//! camera --latest--> self-view-'     "show"
//! ```
//!
//! One thread owns the display, opens it while something is wanted on it, and puts pictures, cards and the terminal's
//! own picture together. A single picture goes to the display as it is; only where several lie over each other is one
//! drawn of them. What is to be seen is one [`ScreenPlan`], decided by the appliance.

mod layout;
mod panels;
mod sketch;
mod surface;
mod worker;

use crate::api::command::{SnapshotRequest, Ticket};
use crate::api::fault::DeviceError;
use crate::api::plan::ScreenPlan;
use crate::device::{Display, Wake};
use crate::flow::frame::{Frame, SelfView};
use crate::flow::lane;
use crate::flow::shared::Shared;
use crate::flow::snapshot::Desk;
use crate::flow::worker::{Pulse, Worker};
use crate::flow::{Notices, restarted};
use std::io;
use surface::Surface;

/// Opens the display; called on its thread, again and again while it fails.
pub type DisplayOpener = Box<dyn Fn() -> Result<Box<dyn Display>, DeviceError> + Send>;

/// Decoded pictures of a player that wait for their time: 50 ms of a stream of 60 a second, and one more.
pub const WAITING: usize = 4;

/// The running screen. Dropping it closes the display.
pub struct Screen {
    plans: Shared<ScreenPlan>,
    frames: Vec<lane::Sender<Frame>>,
    self_view: lane::Sender<SelfView>,
    snapshots: Desk<(usize, Ticket, SnapshotRequest)>,
    worker: Worker,
}

impl Screen {
    /// Starts the thread of a screen for so many players; nothing is opened before a plan wants something on it.
    pub fn start(open: DisplayOpener, players: usize, notices: Notices) -> io::Result<Self> {
        let bell = Wake::new()?;
        let plans = Shared::new(ScreenPlan::default(), vec![bell.clone()]);
        let (frames, surfaces): (Vec<_>, Vec<_>) = (0..players).map(|_| lane::ring(WAITING, bell.clone())).unzip();
        let (self_view, own) = lane::latest(bell.clone());
        let (desk, snapshots) = Desk::new(bell.clone(), notices.clone());
        let surfaces = surfaces.into_iter().map(Surface::new).collect();
        let mut show =
            worker::ScreenWorker { plans: plans.clone(), open, surfaces, own, snapshots, notices: notices.clone() };
        let worker = Worker::spawn("show", bell, restarted(&notices), move |handle| show.run(handle))?;
        Ok(Self { plans, frames, self_view, snapshots: desk, worker })
    }

    /// Where player number `player` puts its pictures.
    pub fn frames(&self, player: usize) -> Option<lane::Sender<Frame>> {
        self.frames.get(player).cloned()
    }

    /// Where the camera puts the terminal's own picture.
    pub fn self_view(&self) -> lane::Sender<SelfView> {
        self.self_view.clone()
    }

    /// Obeys a new plan.
    pub fn apply(&self, plan: ScreenPlan) {
        self.plans.set(plan);
    }

    /// Takes a picture of what player number `player` receives or shows, and reports it as a notice.
    pub fn snapshot(&self, player: usize, ticket: Ticket, request: SnapshotRequest) {
        self.snapshots.ask(ticket, (player, ticket, request));
    }

    /// Where the watchdog feels whether its thread lives.
    pub fn pulse(&self) -> Pulse {
        self.worker.pulse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::fault::Fault;
    use crate::api::notice::Notice;
    use crate::api::plan::PlayerView;
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    #[test]
    fn more_snapshots_than_can_wait_are_refused_at_once_and_all_are_answered() {
        let (tell, told) = channel();
        let tell = Mutex::new(tell);
        let notices: Notices = Arc::new(move |notice| {
            if let Notice::Snapshot { ticket, result } = notice {
                tell.lock().unwrap().send((ticket, result.unwrap_err().words)).unwrap();
            }
        });
        // A display that takes its time to be opened holds the thread up.
        let (opening, opens) = channel();
        let (go_on, goes_on) = channel::<()>();
        let open: DisplayOpener = Box::new(move || {
            let _ = opening.send(());
            let _ = goes_on.recv();
            Err(DeviceError::new(Fault::Missing, "screen", "none"))
        });
        let screen = Screen::start(open, 1, notices).unwrap();
        screen
            .apply(ScreenPlan { players: vec![PlayerView { active: true, ..PlayerView::NONE }], ..Default::default() });
        opens.recv_timeout(Duration::from_secs(10)).unwrap();
        (1..=6).for_each(|ticket| screen.snapshot(0, ticket, SnapshotRequest::default()));
        let answer = || told.recv_timeout(Duration::from_secs(10)).unwrap();
        for ticket in [5, 6] {
            assert_eq!(answer(), (ticket, "other snapshots are still to be taken: try again".into()));
        }
        drop(go_on);
        for ticket in 1..=4 {
            assert_eq!(answer(), (ticket, "no picture was received yet".into()));
        }
    }
}
