//! The thread "panel": owns every button and lamp of the board.
//!
//! It waits for all of their descriptors, its bell and device nodes that appear, all at once. Edges go through
//! [`Gestures`], and what a person did goes up as a notice: what it means is the appliance's business, and so is
//! which lamp is lit. A line that can not be had keeps none of the others waiting: it is tried again every 30 s,
//! and at once when a node appears that may be it.

mod slot;
#[cfg(test)]
mod tests;

use crate::api::notice::{ButtonNews, DeviceNotice, Notice};
use crate::buttons::{Gestures, Kind};
use crate::device::arrivals::Arrivals;
use crate::device::{self, Button, DeviceError, Edge, Fault, Lamp, Wake, clock};
use crate::flow::shared::Shared;
use crate::flow::worker::{Handle, Pulse, Worker};
use crate::flow::{Notices, restarted};
use crate::media::{Span, Time};
use crate::settings::Board;
use crate::settings::board::{ButtonDriver, ButtonProfile, LampDriver, LampProfile};
use rustix::event::{PollFd, PollFlags};
use slot::Slot;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;

/// What is missing is asked for again after this.
const RETRY: Span = Span::secs(30);
/// How often the edges of a chattering line are looked at: a line that picks up radio makes thousands a second.
const LISTEN: Span = Span::millis(50);
/// After a descriptor could not be waited for, the thread takes a breath.
const BREATH: Span = Span::secs(1);

/// Buttons and lamps of a running terminal. Dropping it switches the lamps off.
pub struct Panel {
    lit: Shared<Vec<bool>>,
    worker: Worker,
}

impl Panel {
    /// Starts the thread; `None` on a board without buttons and lamps.
    pub fn start(board: &Board, notices: Notices) -> io::Result<Option<Self>> {
        if board.buttons.is_empty() && board.lamps.is_empty() {
            return Ok(None);
        }
        let bell = Wake::new()?;
        let lit = Shared::new(vec![false; board.lamps.len()], vec![bell.clone()]);
        let worker = PanelWorker {
            buttons: board.buttons.clone(),
            lamps: board.lamps.clone(),
            lit: lit.clone(),
            notices: notices.clone(),
        };
        let worker = Worker::spawn("panel", bell, restarted(&notices), move |handle| worker.run(handle))?;
        Ok(Some(Self { lit, worker }))
    }

    /// Where the watchdog feels whether its thread lives.
    pub fn pulse(&self) -> Pulse {
        self.worker.pulse()
    }

    /// Which lamps are to be lit, in the order of the board profile.
    pub fn light(&self, lamps: Vec<bool>) {
        self.lit.set(lamps);
    }
}

/// What the thread was given.
struct PanelWorker {
    buttons: Vec<ButtonProfile>,
    lamps: Vec<LampProfile>,
    lit: Shared<Vec<bool>>,
    notices: Notices,
}

/// What the thread has.
struct Lines {
    buttons: Vec<Slot<dyn Button>>,
    lamps: Vec<Slot<dyn Lamp>>,
    gestures: Gestures,
    retry: Time,
    edges: Vec<Edge>,
}

impl PanelWorker {
    /// Runs until the handle says stop.
    fn run(&self, handle: &Handle) {
        let kinds = self.buttons.iter().map(|button| match button.switch {
            Some(_) => Kind::Switch,
            None => Kind::Button { long: button.long.is_some() },
        });
        let mut lines = Lines {
            buttons: self.buttons.iter().map(|_| Slot::default()).collect(),
            lamps: self.lamps.iter().map(|_| Slot::default()).collect(),
            gestures: Gestures::new(kinds),
            retry: clock::now(),
            edges: Vec::new(),
        };
        let arrivals = Arrivals::new(self.birthplaces()).ok();
        while !handle.stopped() {
            handle.progressed();
            // Every edge stamped before now is read before time passes for the gestures.
            let now = clock::now();
            if lines.retry <= now {
                lines.retry = now + RETRY;
                self.open(&mut lines, handle);
            }
            self.read(&mut lines);
            lines.gestures.tick(now);
            while let Some(sign) = lines.gestures.poll() {
                self.say(sign.button, ButtonNews::Did(sign.gesture, sign.at));
            }
            self.light(&mut lines);
            self.wait(&mut lines, arrivals.as_ref(), handle.bell());
        }
    }

    /// Opens what is not open yet. Each line is a step of its own for the watchdog: a slow chip has many.
    fn open(&self, lines: &mut Lines, handle: &Handle) {
        for (number, (slot, profile)) in lines.buttons.iter_mut().zip(&self.buttons).enumerate() {
            handle.progressed();
            let news = slot.open(|| device::open_button(&profile.driver), |button| button.words());
            let opened = matches!(news, Some(DeviceNotice::Opened { .. }));
            if let Some(news) = news {
                self.say(number, ButtonNews::Line(news));
            }
            if let Some(button) = slot.device.as_ref().filter(|_| opened) {
                lines.gestures.opened(number, button.pressed(), clock::now());
            }
        }
        for (lamp, (slot, profile)) in lines.lamps.iter_mut().zip(&self.lamps).enumerate() {
            handle.progressed();
            let opened = slot.open(|| device::open_lamp(&profile.driver), |lamp| lamp.words());
            if let Some(news) = opened {
                (self.notices)(Notice::Lamp { lamp, news });
            }
        }
    }

    fn read(&self, lines: &mut Lines) {
        for (number, slot) in lines.buttons.iter_mut().enumerate() {
            let Some(button) = &mut slot.device else { continue };
            lines.edges.clear();
            let read = button.take_edges(&mut lines.edges);
            for edge in &lines.edges {
                lines.gestures.edge(number, edge.active, edge.at);
            }
            if let Err(error) = read {
                lines.gestures.closed(number);
                self.say(number, ButtonNews::Line(slot.lose(error)));
                lines.retry = lines.retry.min(clock::now() + BREATH);
            }
        }
    }

    fn light(&self, lines: &mut Lines) {
        let lit = self.lit.get();
        for (lamp, (slot, &on)) in lines.lamps.iter_mut().zip(lit.iter()).enumerate() {
            if slot.lit == on {
                continue;
            }
            let Some(device) = &mut slot.device else { continue };
            match device.set(on) {
                Ok(()) => slot.lit = on,
                Err(error) => (self.notices)(Notice::Lamp { lamp, news: slot.lose(error) }),
            }
        }
    }

    /// Sleeps until something happens, or the gestures or a missing line are due.
    fn wait(&self, lines: &mut Lines, arrivals: Option<&Arrivals>, bell: &Wake) {
        let missing = lines.buttons.iter().any(|slot| slot.device.is_none())
            || lines.lamps.iter().any(|slot| slot.device.is_none());
        let retry = missing.then_some(lines.retry);
        let ignored = |number: usize| lines.gestures.ignores(number);
        let listen = (0..lines.buttons.len()).any(ignored).then(|| clock::now() + LISTEN);
        let deadline = lines.gestures.deadline().into_iter().chain(retry).chain(listen).min();
        let mut fds = vec![PollFd::from_borrowed_fd(bell.as_fd(), PollFlags::IN)];
        fds.extend(arrivals.map(|arrivals| PollFd::from_borrowed_fd(arrivals.watched(), PollFlags::IN)));
        let open = lines.buttons.iter().enumerate().filter(|(number, _)| !ignored(*number));
        let open = open.filter_map(|(_, slot)| slot.device.as_ref());
        fds.extend(open.map(|button| PollFd::from_borrowed_fd(button.watched(), PollFlags::IN)));
        let first_lamp = fds.len();
        let lamps = lines.lamps.iter().enumerate();
        let watched: Vec<_> = lamps.filter_map(|(lamp, slot)| Some((lamp, slot.device.as_ref()?.watched()?))).collect();
        fds.extend(watched.iter().map(|(_, fd)| PollFd::from_borrowed_fd(*fd, PollFlags::empty())));
        if let Err(error) = bell.wait_with_many(&mut fds, deadline) {
            tracing::error!("buttons can not be waited for: {error}");
            bell.wait(Some(clock::now() + BREATH));
            return;
        }
        let failed = fds.iter().skip(first_lamp).map(|fd| !fd.revents().is_empty());
        let gone: Vec<usize> =
            watched.iter().zip(failed).filter(|(_, failed)| *failed).map(|((lamp, _), _)| *lamp).collect();
        for lamp in gone {
            let Some(slot) = lines.lamps.get_mut(lamp) else { continue };
            let name = slot.device.as_ref().map(|lamp| lamp.words().to_owned()).unwrap_or_default();
            let error = DeviceError::new(Fault::Gone, name, "its chip went away");
            (self.notices)(Notice::Lamp { lamp, news: slot.lose(error) });
        }
        if arrivals.is_some_and(Arrivals::take) {
            lines.retry = clock::now();
        }
    }

    fn say(&self, button: usize, news: ButtonNews) {
        (self.notices)(Notice::Button { button, news });
    }

    /// Where the nodes of missing devices will appear.
    fn birthplaces(&self) -> Vec<PathBuf> {
        let of_chip = |chip: &str| PathBuf::from(if chip.starts_with('/') { chip } else { "/dev/gpiochip" });
        let buttons = self.buttons.iter().map(|button| match &button.driver {
            ButtonDriver::Gpio { chip, .. } => of_chip(chip),
            ButtonDriver::Scripted { path } => path.clone(),
        });
        let lamps = self.lamps.iter().map(|lamp| match &lamp.driver {
            LampDriver::Gpio { chip, .. } => of_chip(chip),
            LampDriver::File { path } => path.clone(),
        });
        buttons.chain(lamps).collect()
    }
}
