//! The thread "cam": opens, aims, reads and drops the camera the plan asks for, and hands on its newest picture.

use super::camera_switch::Switched;
use super::{CameraOpener, Captured, Mounted, Plans};
use crate::api::fault::DeviceError;
use crate::api::notice::{DeviceNotice, Notice};
use crate::api::plan::PushPlan;
use crate::device::{Camera, Optics, Wake, clock};
use crate::flow::Notices;
use crate::flow::frame::SelfView;
use crate::flow::lane::Sender;
use crate::flow::worker::Handle;
use crate::media::{Size, Span, Time};
use crate::settings::pusher::Position;
use std::sync::Arc;

/// Between two tries to open a camera that is not there.
const RETRY: Span = Span::secs(1);

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

/// A camera that is asked for, and the number under which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    pub position: Position,
    asked: u64,
}

impl Demand {
    /// What `plan` asks for.
    pub fn of(plan: &PushPlan) -> Option<Self> {
        plan.camera.map(|position| Self { position, asked: plan.asked })
    }
}

/// An open camera.
pub(super) struct Running {
    pub camera: Box<dyn Camera>,
    demand: Demand,
    wanted: Size,
    fps: u32,
    /// The zoom and focus it was last asked for, and what it made of that.
    aim: (f32, bool),
    optics: Optics,
    pub seen: bool,
}

impl CameraWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut running: Option<Running> = None;
        let mut retry_at: Option<Time> = None;
        // What was asked for last, and the failure that was told of it: told once, not at each try.
        let mut asked: Option<Demand> = None;
        let mut told: Option<DeviceError> = None;
        while !handle.stopped() {
            handle.progressed();
            let plan = self.plans.get();
            let demand = Demand::of(&plan);
            if std::mem::replace(&mut asked, demand) != demand {
                (retry_at, told) = (None, None);
            }
            let Some(wanted) = demand else {
                if let Some(old) = running.take() {
                    drop(old.camera);
                    self.say(old.demand, DeviceNotice::Closed);
                }
                handle.bell().wait(None);
                continue;
            };
            match running.take() {
                Some(mut now) if now.demand.position == wanted.position => {
                    if std::mem::replace(&mut now.demand, wanted) != wanted {
                        // It was closed and is asked for again, all before it was noticed here.
                        now.seen = false;
                        self.tell(&now);
                    }
                    if !self.serves(&mut now, &plan) {
                        // Another mode is needed, and a device has only one at a time.
                        retry_at = None;
                    } else if let Err(error) = self.next(&mut now, handle) {
                        drop(now);
                        retry_at = Some(clock::now() + RETRY);
                        told = Some(error.clone());
                        self.say(wanted, DeviceNotice::Lost(error));
                    } else {
                        running = Some(now);
                    }
                }
                Some(mut old) if retry_at.is_some_and(|at| clock::now() < at) => {
                    if self.next(&mut old, handle).is_ok() {
                        running = Some(old);
                    }
                }
                // The new one could not be had, and nobody has gone back to the old one.
                Some(old) if told.is_some() => drop(old),
                Some(old) => match self.switch(old, wanted, handle) {
                    Switched::New(new) => running = Some(new),
                    Switched::Kept(old) => {
                        old.iter().for_each(|old| self.tell(old));
                        running = old;
                    }
                    Switched::Failed(old, error) => {
                        // The old one goes on; the appliance asks for it again when it hears this.
                        told = Some(error.clone());
                        self.say(wanted, DeviceNotice::Lost(error));
                        old.iter().for_each(|old| self.tell(old));
                        (running, retry_at) = (old, Some(clock::now() + RETRY));
                    }
                },
                None => {
                    if retry_at.is_some_and(|at| clock::now() < at) {
                        handle.bell().wait(retry_at);
                        continue;
                    }
                    match self.start(wanted) {
                        Ok(new) => (running, retry_at, told) = (Some(new), None, None),
                        Err(error) => {
                            retry_at = Some(clock::now() + RETRY);
                            if told.as_ref() != Some(&error) {
                                told = Some(error.clone());
                                self.say(wanted, DeviceNotice::Lost(error));
                            }
                        }
                    }
                }
            }
        }
    }

    /// Opens and aims the camera that is wanted; its news are told.
    pub(super) fn start(&self, demand: Demand) -> Result<Running, DeviceError> {
        let plan = self.plans.get();
        let mut camera = (self.open)(demand.position, self.wish(demand.position, &plan), plan.fps)?;
        let aim = (plan.zoom, plan.auto_focus);
        let optics = camera.aim(plan.zoom, plan.auto_focus);
        let new = Running { camera, demand, wanted: plan.size, fps: plan.fps, aim, optics, seen: false };
        self.tell(&new);
        Ok(new)
    }

    /// Tells what an open camera is.
    fn tell(&self, running: &Running) {
        let words = running.camera.mode().words;
        self.say(running.demand, DeviceNotice::Opened { words });
        (self.notices)(Notice::Optics(running.demand.position, running.optics));
    }

    fn say(&self, Demand { position, asked }: Demand, news: DeviceNotice) {
        (self.notices)(Notice::Camera { position, asked, news });
    }

    /// The size a camera is asked for: a turned one gives the picture lying on its side.
    fn wish(&self, position: Position, plan: &PushPlan) -> Size {
        if self.mounted.turn(position).swaps() { plan.size.turned() } else { plan.size }
    }

    /// Aims a camera as the plan has it now; false when the plan needs another mode of it.
    fn serves(&self, now: &mut Running, plan: &PushPlan) -> bool {
        if (now.wanted, now.fps) != (plan.size, plan.fps) {
            if now.camera.would_differ(self.wish(now.demand.position, plan), plan.fps) {
                return false;
            }
            (now.wanted, now.fps) = (plan.size, plan.fps);
        }
        let aim = (plan.zoom, plan.auto_focus);
        if now.aim != aim {
            now.aim = aim;
            let optics = now.camera.aim(plan.zoom, plan.auto_focus);
            if std::mem::replace(&mut now.optics, optics) != optics {
                (self.notices)(Notice::Optics(now.demand.position, optics));
            }
        }
        true
    }

    /// Waits for the next picture and hands it on; the bell brings it back early.
    pub(super) fn next(&self, running: &mut Running, handle: &Handle) -> Result<(), DeviceError> {
        if let Some(captured) = self.capture(running, handle.bell())? {
            self.hand_on(running, captured);
        }
        Ok(())
    }

    /// Waits for the next picture; `None`: the bell rang.
    pub(super) fn capture(&self, running: &mut Running, bell: &Wake) -> Result<Option<Captured>, DeviceError> {
        let Some(picture) = running.camera.next(bell)? else { return Ok(None) };
        let losses = running.camera.take_losses();
        let position = running.demand.position;
        let turn = self.mounted.turn(position);
        // What the lens does not reach is cropped.
        let zoom = (running.aim.0 / running.optics.zoom.unwrap_or(1.0).max(1.0)).max(1.0);
        Ok(Some(Captured { picture: Arc::new(picture), position, turn, zoom, losses }))
    }

    pub(super) fn hand_on(&self, running: &mut Running, captured: Captured) {
        if !std::mem::replace(&mut running.seen, true) {
            self.say(running.demand, DeviceNotice::FirstFrame);
        }
        let plan = self.plans.get();
        if plan.self_view {
            let Captured { turn, zoom, .. } = captured;
            self.self_view.put(SelfView { picture: captured.picture.clone(), turn, zoom });
        }
        if plan.active {
            self.pictures.put(captured);
        }
    }
}
