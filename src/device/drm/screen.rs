//! The screen itself: pictures in, visible at the next vertical blank; plugs and unplugs noticed on the way.

use super::card::{self, Card};
use super::choice::{self, Plug};
use super::output::{Layer, Output};
use super::pace::{Pace, Verdict};
use super::path::{Path, whole_of};
use super::uevent::{Uevents, Watch};
use super::veil::{Veil, bounds};
use crate::device::{DeviceError, Display, Fault, Wake, Woken, clock};
use crate::media::{Overlay, PictureView, Placement, Size, Time};
use crate::settings::screen_mode::ScreenMode;
use drm::Device as _;
use drm::control::{Device as _, Mode, connector, plane};
use rustix::event::{PollFd, PollFlags};
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;

/// What no plane takes as it is decoded.
#[derive(Clone, Copy, PartialEq)]
enum Refused {
    Nothing,
    /// Pictures of this size, placed like this.
    This(Size, Placement),
    Everything,
}

/// A connector with a screen.
pub struct DrmScreen {
    // Dropped first: what was on the screen before is brought back while our buffers still exist.
    output: Output,
    /// How pictures get onto the screen now, and before: its buffers are kept until nothing of them is seen.
    path: Option<Path>,
    retired: Vec<Path>,
    refused: Refused,
    /// What lies over the picture in a plane of its own, and what did before.
    veil: Option<Veil>,
    retired_veils: Vec<Veil>,
    /// The driver took no such plane.
    bare: bool,
    /// The layers on the screen or on their way to it.
    layers: Vec<Layer>,
    card: Rc<Card>,
    connector: connector::Handle,
    /// "HDMI-A-1".
    name: String,
    wanted: Option<ScreenMode>,
    /// What the mode draws, and what of it pictures fill: they have even sides.
    full: Size,
    size: Size,
    /// Every mode that is offered; another list is another screen.
    modes: Vec<Mode>,
    words: String,
    pace: Pace,
    watch: Watch,
    /// `None` where the kernel's messages can not be heard: the slow look is left.
    uevents: Option<Uevents>,
    /// The screen was seen to be out since the last look that decided.
    was_out: bool,
    /// What is on the screen has to be shown again, which was not yet said.
    renewed: bool,
}

impl DrmScreen {
    /// Opens the screen at `connector` of `card` (see [`card::find`]) in the mode that is `wanted`, or the best.
    /// [`Fault::Missing`] when none is plugged in, [`Fault::Busy`] when another program has it.
    pub fn open(card: Option<&str>, connector: Option<&str>, wanted: Option<ScreenMode>) -> Result<Self, DeviceError> {
        let (card, info) = card::find(card, connector)?;
        let name = info.to_string();
        if card.acquire_master_lock().is_err() {
            let words = "another program draws on this screen; it is tried again until that has ended";
            return Err(DeviceError::new(Fault::Busy, name, words));
        }
        let uevents = Uevents::open().inspect_err(|error| {
            tracing::debug!(%error, "plugs of screens are not told by the kernel: they are looked for");
        });
        let (mode, rate) = best(&info, wanted)?;
        let failed = |error| DeviceError::io(&name, "take it", &error);
        let output = Output::open(card.clone(), &info, mode).map_err(failed)?;
        let mut this = Self {
            output,
            path: None,
            retired: Vec::new(),
            refused: Refused::Nothing,
            veil: None,
            retired_veils: Vec::new(),
            bare: false,
            layers: Vec::new(),
            card,
            connector: info.handle(),
            name,
            wanted,
            full: Size::default(),
            size: Size::default(),
            modes: Vec::new(),
            words: String::new(),
            pace: Pace::new(rate),
            watch: Watch::new(clock::now()),
            uevents: uevents.ok(),
            was_out: false,
            renewed: false,
        };
        this.begin(&info, mode, rate);
        Ok(this)
    }

    /// Takes note of a mode that is used from the next picture on.
    fn begin(&mut self, info: &connector::Info, mode: Mode, rate: u32) {
        let (width, height) = (u32::from(mode.size().0), u32::from(mode.size().1));
        self.full = Size::new(width, height);
        self.size = Size::new(width & !1, height & !1);
        self.modes = info.modes().to_vec();
        self.pace = Pace::new(rate);
        self.retire();
        self.refused = Refused::Nothing;
        self.bare = false;
        self.was_out = false;
        let hz = f64::from(rate) / 1000.0;
        let way = if self.output.atomic() { "" } else { ", legacy" };
        self.words = format!("{} {width}x{height} at {hz:.0} on {}{way}", self.name, self.card.name);
    }

    fn failed(&self, doing: &str, error: &io::Error) -> DeviceError {
        match error.raw_os_error() {
            Some(libc::EACCES | libc::EPERM | libc::EBUSY) => {
                let words = format!("another program took the screen (could not {doing}: {error})");
                DeviceError::new(Fault::Busy, &self.name, words)
            }
            _ => DeviceError::io(&self.name, doing, error),
        }
    }

    /// Sees to what the driver and the kernel have to tell. True: mode or screen is another, so that everything has
    /// to be shown again.
    fn look(&mut self, now: Time) -> Result<bool, DeviceError> {
        let told = self.uevents.as_ref().is_some_and(Uevents::screen_changed);
        if told || self.watch.glance(now) {
            let info = self.ask(false)?;
            let out = card::outlet(&info).plug == Plug::Out;
            self.was_out |= out;
            if told || out || info.modes() != self.modes {
                self.watch.told(now);
            }
        }
        if !self.watch.settled(now) {
            return Ok(false);
        }
        let info = self.ask(true)?;
        if card::outlet(&info).plug == Plug::Out {
            return Err(DeviceError::new(Fault::Missing, &self.card.name, choice::unplugged(&self.name)));
        }
        if info.modes() == self.modes && !self.was_out {
            return Ok(false);
        }
        let (mode, rate) = best(&info, self.wanted)?;
        self.output.set_mode(mode);
        self.begin(&info, mode, rate);
        self.renewed = true;
        Ok(true)
    }

    fn ask(&self, thoroughly: bool) -> Result<connector::Info, DeviceError> {
        self.card.get_connector(self.connector, thoroughly).map_err(|error| self.failed("ask for the screen", &error))
    }

    /// What to wait for before another picture can be given; `None`: nothing.
    fn busy(&mut self, now: Time) -> Result<Option<Time>, DeviceError> {
        match self.pace.verdict(now) {
            Verdict::Free => Ok(Some(self.pace.next(now)).filter(|at| *at > now)),
            Verdict::Wait(until) => Ok(Some(until)),
            Verdict::Again => {
                match self.output.show(&self.layers) {
                    // The driver still holds the first: it gets its second chance.
                    Err(error) if error.raw_os_error() != Some(libc::EBUSY) => {
                        return Err(self.failed("show the picture again", &error));
                    }
                    _ => self.pace.given(now),
                }
                self.busy(now)
            }
            Verdict::Stuck => {
                let words = "the driver did not show a picture for two seconds";
                Err(DeviceError::new(Fault::Stalled, &self.name, words))
            }
        }
    }

    /// Sleeps until the bell rings (true), something is to be seen to, or `deadline`.
    fn sleep(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<bool, DeviceError> {
        let deadline = deadline.into_iter().chain([self.watch.deadline()]).min();
        let card = self.card.clone();
        let mut fds = vec![PollFd::new(wake, PollFlags::IN), PollFd::from_borrowed_fd(card.as_fd(), PollFlags::IN)];
        if let Some(uevents) = &self.uevents {
            fds.push(PollFd::from_borrowed_fd(uevents.as_fd(), PollFlags::IN));
        }
        let woken = wake.wait_with_many(&mut fds, deadline).map_err(|error| self.failed("wait for it", &error))?;
        let card = fds.get(1).map_or(PollFlags::empty(), PollFd::revents);
        drop(fds);
        self.hear()?;
        if card.intersects(PollFlags::ERR | PollFlags::HUP) {
            return Err(DeviceError::new(Fault::Gone, &self.name, "the graphics card went away"));
        }
        Ok(woken == Woken::Rung)
    }

    /// Takes the driver's word for what is seen.
    fn hear(&mut self) -> Result<(), DeviceError> {
        if let Some((at, count)) = self.output.events().map_err(|error| self.failed("hear from it", &error))? {
            self.pace.seen(at, count, clock::now());
            self.forget_retired();
        }
        Ok(())
    }

    /// Draws and gives the picture to the driver; false when that failed in a way that another path cures.
    fn present(&mut self, picture: PictureView<'_>) -> Result<bool, DeviceError> {
        if !self.path.as_ref().is_some_and(|path| path.takes(picture.size)) {
            if picture.size != self.size {
                let words = format!("got a picture of {} for a screen of {}", picture.size, self.size);
                return Err(DeviceError::new(Fault::Damaged, &self.name, words));
            }
            if !self.takes(picture.size, whole_of(self.size)) {
                self.retire();
                let plain = Path::plain(&self.card, &self.output, self.full, self.size);
                self.path = Some(plain.map_err(|error| self.failed("make room for pictures", &error))?);
            }
        }
        let Some(path) = &mut self.path else { return Ok(false) };
        let direct = path.is_direct();
        let drawn = path.draw(picture);
        self.layers = drawn.map_err(|error| self.failed("draw the picture", &error))?;
        let veil = self.veil.as_ref().zip(self.veil_plane()).map(|(veil, plane)| veil.layer(plane));
        self.layers.extend(veil);
        match self.output.show(&self.layers) {
            Ok(true) => self.pace.given(clock::now()),
            Ok(false) => self.forget_retired(),
            Err(error)
                if veil.is_some()
                    && !matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM | libc::EBUSY)) =>
            {
                // What lies over the picture goes into it from now on.
                tracing::debug!(screen = self.name, %error, "the driver takes no plane over the picture");
                self.bare = true;
                self.retire_veil();
                return Ok(false);
            }
            Err(error) if direct && error.raw_os_error() == Some(libc::EINVAL) => {
                // It said it could, and can not: from now on it is converted here.
                tracing::debug!(screen = self.name, %error, "the driver does not take pictures as they are decoded");
                self.refused = Refused::Everything;
                self.retire();
                return Ok(false);
            }
            Err(error) => return Err(self.failed("show the picture", &error)),
        }
        Ok(true)
    }

    fn retire(&mut self) {
        self.retired.extend(self.path.take());
    }

    fn retire_veil(&mut self) {
        self.retired_veils.extend(self.veil.take());
    }

    /// Nothing of what was shown before is seen any longer.
    fn forget_retired(&mut self) {
        self.retired.clear();
        self.retired_veils.clear();
    }

    /// The plane for what lies over the picture; pictures without a path of their own get the primary plane.
    fn veil_plane(&self) -> Option<plane::Handle> {
        let below = self.path.as_ref().map_or(self.output.primary, Path::plane);
        self.output.over(below?)
    }
}

/// The mode a screen is driven in, and its rate in thousandths.
fn best(info: &connector::Info, wanted: Option<ScreenMode>) -> Result<(Mode, u32), DeviceError> {
    let timings: Vec<choice::Timing> = info.modes().iter().map(card::timing).collect();
    let chosen = choice::mode(&timings, wanted);
    let mode = chosen.and_then(|index| Some((*info.modes().get(index)?, timings.get(index)?.rate())));
    mode.ok_or_else(|| {
        let words = format!("none of its {} modes can be driven", info.modes().len());
        DeviceError::new(Fault::Unsupported, info.to_string(), words)
    })
}

impl Display for DrmScreen {
    fn size(&self) -> Option<Size> {
        Some(self.size)
    }

    fn words(&self) -> String {
        self.words.clone()
    }

    fn show(&mut self, picture: PictureView<'_>, wake: &Wake) -> Result<Option<Time>, DeviceError> {
        self.hear()?;
        if self.look(clock::now())? {
            return Ok(None);
        }
        while let Some(until) = self.busy(clock::now())? {
            if self.sleep(wake, Some(until))? || self.look(clock::now())? {
                return Ok(None);
            }
        }
        if !self.present(picture)? {
            return Ok(None);
        }
        Ok(Some(self.pace.visible(clock::now())))
    }

    fn takes(&mut self, picture: Size, placement: Placement) -> bool {
        if let Some(path) = self.path.as_ref().filter(|path| path.fits(picture, placement)) {
            return path.is_direct();
        }
        let known = [Refused::This(picture, placement), Refused::Everything].contains(&self.refused);
        if known || !picture.is_even() {
            return false;
        }
        match Path::direct(&self.card, &mut self.output, self.full, picture, placement) {
            Some(path) => {
                self.retire();
                self.path = Some(path);
                true
            }
            None => {
                self.refused = Refused::This(picture, placement);
                false
            }
        }
    }

    fn lay(&mut self, overlays: &[Overlay], changes: u64) -> bool {
        let Some(rect) = bounds(overlays, self.size).filter(|_| !self.bare) else {
            self.retire_veil();
            return overlays.is_empty();
        };
        if self.veil_plane().is_none() {
            // For good: else the picture's path would be another one every time.
            self.bare = self.path.is_some();
            self.retire_veil();
            return false;
        }
        if !self.veil.as_ref().is_some_and(|veil| veil.fits(rect)) {
            self.retire_veil();
            self.veil = Veil::new(&self.card, rect).ok();
        }
        match &mut self.veil {
            Some(veil) if veil.drawn == Some(changes) => true,
            Some(veil) => {
                veil.draw(overlays, changes);
                true
            }
            None => false,
        }
    }

    fn wait(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<bool, DeviceError> {
        loop {
            let now = clock::now();
            if self.look(now)? || self.renewed {
                self.renewed = false;
                return Ok(true);
            }
            if deadline.is_some_and(|at| at <= now) {
                return Ok(false);
            }
            let under_way = self.busy(now)?.filter(|_| self.pace.verdict(now) != Verdict::Free);
            if self.sleep(wake, deadline.into_iter().chain(under_way).min())? {
                return Ok(false);
            }
        }
    }
}
