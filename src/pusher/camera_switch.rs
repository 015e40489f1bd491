//! From one camera to the other: the new one is opened beside the old one, whose pictures go on until it delivers.

use super::Captured;
use super::camera_worker::{CameraWorker, Demand, Running};
use crate::device::{DeviceError, Fault, Wake, clock};
use crate::flow::worker::Handle;
use crate::media::Span;
use std::sync::mpsc::{self, TryRecvError};
use std::thread;

/// A camera that was switched to has this long to show a picture before the old one stays.
const LIMIT: Span = Span::secs(3);

/// How a switch ended.
pub(super) enum Switched {
    /// The new camera delivers; the old one is closed.
    New(Running),
    /// The plan no longer asks for the new one, or everything ends: the old one goes on, if it still can.
    Kept(Option<Running>),
    /// The new one can not be had. The old one goes on, if it still can.
    Failed(Option<Running>, DeviceError),
}

/// Rings a bell when it is dropped, by a panic, too.
struct RingAtEnd<'a>(&'a Wake);

impl Drop for RingAtEnd<'_> {
    fn drop(&mut self) {
        self.0.ring();
    }
}

impl CameraWorker {
    /// Opens the camera `wanted` while `old` delivers, so that neither a slow start nor a failure costs a picture.
    /// Where the two can not run at a time (one image processor, a full USB bus), the old one is closed first.
    pub(super) fn switch(&self, old: Running, wanted: Demand, handle: &Handle) -> Switched {
        let mut old = Some(old);
        let begun = clock::now();
        let mut result = self.open_beside(&mut old, wanted, handle);
        if result.as_ref().is_err_and(|error| error.fault == Fault::Crowded) && self.asked_for(wanted, handle) {
            drop(old.take());
            result = self.open_beside(&mut old, wanted, handle);
        }
        match (result, old) {
            (Ok(Some((mut new, first))), old) => {
                drop(old);
                self.hand_on(&mut new, first);
                tracing::debug!(to = ?wanted.position, took = %(clock::now() - begun), "camera switched");
                Switched::New(new)
            }
            (Ok(None), old) => Switched::Kept(old),
            (Err(error), old) => Switched::Failed(old, error),
        }
    }

    /// The new camera with its first picture; `None` when it is no longer asked for. `old` becomes `None` if it fails.
    fn open_beside(
        &self,
        old: &mut Option<Running>,
        wanted: Demand,
        handle: &Handle,
    ) -> Result<Option<(Running, Captured)>, DeviceError> {
        let failed = |error: &dyn std::fmt::Display| DeviceError::new(Fault::Failed, "camera", error);
        let bell = Wake::new().map_err(|error| failed(&error))?;
        let (ours, theirs) = (handle.bell(), &bell);
        let (result_in, result_out) = mpsc::channel();
        thread::scope(|scope| {
            let opened = thread::Builder::new().name("cam-switch".into()).spawn_scoped(scope, move || {
                // Dropped last, after the result or the way for it.
                let _ring = RingAtEnd(ours);
                let result_in = result_in;
                let _ = result_in.send(self.first_picture(wanted, theirs));
            });
            opened.map_err(|error| failed(&error))?;
            loop {
                handle.progressed();
                match result_out.try_recv() {
                    Ok(result) => return result,
                    Err(TryRecvError::Disconnected) => return Err(failed(&"its driver panicked")),
                    Err(TryRecvError::Empty) => {}
                }
                if !self.asked_for(wanted, handle) {
                    bell.ring();
                }
                match old {
                    Some(running) => {
                        if self.next(running, handle).is_err() {
                            *old = None;
                        }
                    }
                    None => _ = ours.wait(None),
                }
            }
        })
    }

    /// Opens a camera and waits for its first picture; `None` when `bell` rang.
    fn first_picture(&self, wanted: Demand, bell: &Wake) -> Result<Option<(Running, Captured)>, DeviceError> {
        let mut new = self.start(wanted)?;
        let limit = clock::now() + LIMIT;
        let bell = bell.by(limit);
        match self.capture(&mut new, &bell)? {
            Some(first) => Ok(Some((new, first))),
            None if clock::now() >= limit => {
                Err(DeviceError::new(Fault::Stalled, new.camera.mode().words, "it shows no picture"))
            }
            None => Ok(None),
        }
    }

    fn asked_for(&self, wanted: Demand, handle: &Handle) -> bool {
        !handle.stopped() && Demand::of(&self.plans.get()) == Some(wanted)
    }
}

#[cfg(test)]
mod tests;
