//! The thread "cam": opens, reads and drops the camera the plan asks for, and hands on its newest picture.

use super::{CameraOpener, Captured, Mounted, Plans};
use crate::api::fault::DeviceError;
use crate::api::notice::{DeviceNotice, Notice};
use crate::device::{Camera, clock};
use crate::flow::Notices;
use crate::flow::frame::SelfView;
use crate::flow::lane::Sender;
use crate::flow::worker::Handle;
use crate::media::{Size, Span, Time};
use crate::settings::pusher::Position;
use std::sync::Arc;

/// Between two tries to open a camera that is not there.
const RETRY: Span = Span::secs(1);
/// A camera that was switched to has this long to show a picture before the old one stays.
const SWITCH_LIMIT: Span = Span::secs(3);

/// What the thread owns.
pub struct CameraWorker {
    pub plans: Plans,
    pub open: CameraOpener,
    /// Degrees clockwise by which the front and back camera are mounted.
    pub mounted: Mounted,
    pub pictures: Sender<Captured>,
    /// Pictures for the local screen.
    pub self_view: Sender<SelfView>,
    pub notices: Notices,
}

struct Running {
    camera: Box<dyn Camera>,
    position: Position,
    wanted: Size,
    fps: u32,
    seen: bool,
}

impl CameraWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut running: Option<Running> = None;
        let mut retry_at: Option<Time> = None;
        // The position whose failure was told last, with its words: told once, not at each try.
        let mut told: Option<(Position, DeviceError)> = None;
        let mut refused: Option<Position> = None;
        while !handle.stopped() {
            handle.progressed();
            let plan = self.plans.get();
            let Some(position) = plan.camera else {
                if let Some(old) = running.take() {
                    drop(old.camera);
                    (self.notices)(Notice::Camera(old.position, DeviceNotice::Closed));
                }
                (retry_at, told, refused) = (None, None, None);
                handle.bell().wait(None);
                continue;
            };
            match &mut running {
                Some(now) if now.position == position => {
                    refused = None;
                    if (now.wanted, now.fps) != (plan.size, plan.fps) {
                        // Another size may need another mode, and a device has only one at a time.
                        running = None;
                        retry_at = None;
                    } else if let Err(error) = self.next(now, handle) {
                        running = None;
                        retry_at = Some(clock::now() + RETRY);
                        told = Some((position, error.clone()));
                        (self.notices)(Notice::Camera(position, DeviceNotice::Lost(error)));
                    }
                }
                Some(old) if refused == Some(position) => {
                    if self.next(old, handle).is_err() {
                        (running, refused) = (None, None);
                    }
                }
                Some(old) => match self.switch(old, position, handle) {
                    Ok(new) => running = Some(new),
                    Err(error) => {
                        // The old one goes on; the appliance asks for it again when it hears this.
                        refused = Some(position);
                        (self.notices)(Notice::Camera(position, DeviceNotice::Lost(error)));
                    }
                },
                None => {
                    if retry_at.is_some_and(|at| clock::now() < at) {
                        handle.bell().wait(retry_at);
                        continue;
                    }
                    match self.start(position) {
                        Ok(new) => (running, retry_at) = (Some(new), None),
                        Err(error) => {
                            retry_at = Some(clock::now() + RETRY);
                            if told.as_ref() != Some(&(position, error.clone())) {
                                told = Some((position, error.clone()));
                                (self.notices)(Notice::Camera(position, DeviceNotice::Lost(error)));
                            }
                        }
                    }
                }
            }
        }
    }

    fn start(&self, position: Position) -> Result<Running, DeviceError> {
        let plan = self.plans.get();
        let wanted = if self.mounted.turn(position).swaps() { plan.size.turned() } else { plan.size };
        let camera = (self.open)(position, wanted, plan.fps)?;
        let words = camera.mode().words;
        (self.notices)(Notice::Camera(position, DeviceNotice::Opened { words }));
        Ok(Running { camera, position, wanted: plan.size, fps: plan.fps, seen: false })
    }

    /// Waits for the next picture and hands it on; the bell brings it back early.
    fn next(&self, running: &mut Running, handle: &Handle) -> Result<(), DeviceError> {
        if let Some(picture) = running.camera.next(handle.bell())? {
            if !std::mem::replace(&mut running.seen, true) {
                (self.notices)(Notice::Camera(running.position, DeviceNotice::FirstFrame));
            }
            let losses = running.camera.take_losses();
            let (position, turn) = (running.position, self.mounted.turn(running.position));
            let picture = Arc::new(picture);
            let plan = self.plans.get();
            if plan.self_view {
                self.self_view.put(SelfView { picture: picture.clone(), turn });
            }
            if plan.active {
                self.pictures.put(Captured { picture, position, turn, losses });
            }
        }
        Ok(())
    }

    /// Opens the other camera while the old one is still there, so that a failure costs nothing.
    fn switch(&self, old: &mut Running, position: Position, handle: &Handle) -> Result<Running, DeviceError> {
        let mut new = self.start(position)?;
        let limit = clock::now() + SWITCH_LIMIT;
        while !new.seen && !handle.stopped() {
            self.next(&mut new, handle)?;
            if clock::now() > limit {
                return Err(DeviceError::new(
                    crate::device::Fault::Stalled,
                    new.camera.mode().words,
                    "it shows no picture",
                ));
            }
        }
        tracing::debug!(from = ?old.position, to = ?position, "camera switched");
        Ok(new)
    }
}
