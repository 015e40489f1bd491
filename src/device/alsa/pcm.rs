//! What capture and playback share: opening, parameters, waiting, recovery and the words of errors.
#![allow(unsafe_code)]

use crate::device::{DeviceError, Fault, Wake, Woken};
use crate::media::{SoundFormat, Time};
use alsa::pcm::{Access, Format, Frames, HwParams, PCM};
use alsa::poll::{Descriptors, Flags};
use alsa::{Direction, Output, ValueOr};
use rustix::event::{PollFd, PollFlags};
use std::cell::RefCell;
use std::ffi::CString;
use std::io;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

/// Rates to try, the best first: the call is 48 kHz, and converting down loses less than converting up.
const RATES: [u32; 3] = [48_000, 44_100, 16_000];

/// An open and configured PCM.
pub struct Card {
    pub pcm: PCM,
    pub name: String,
    pub format: SoundFormat,
    /// Frames the device's buffer holds, and frames of one of its periods.
    pub buffer: usize,
    pub period: usize,
    noise: Noise,
}

/// What alsa-lib would print to standard error on this thread.
struct Noise(Option<Rc<RefCell<Output>>>);

impl Noise {
    fn catch() -> Self {
        Self(Output::local_error_handler().ok())
    }

    /// What was said since the last call, as one line.
    fn take(&mut self) -> String {
        let said = self.0.as_ref().map(|output| output.borrow().to_string()).unwrap_or_default();
        self.0 = Self::catch().0;
        said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

/// What became of a call that failed.
pub enum Recovered {
    /// Nothing to transfer now.
    TryLater,
    /// An xrun or a suspend; the PCM is prepared again and sound was lost.
    AfterLoss,
}

impl Card {
    /// Opens the PCM `name` without ever blocking and sets periods of 10 ms and `periods` of them as buffer, or what
    /// comes nearest.
    pub fn open(name: &str, direction: Direction, periods: usize) -> Result<Self, DeviceError> {
        let mut noise = Noise::catch();
        let opened = CString::new(name).map_err(|_| alsa::Error::new("snd_pcm_open", libc::EINVAL));
        let pcm = opened
            .and_then(|name| PCM::open(&name, direction, true))
            .map_err(|error| open_error(name, direction, error, &noise.take()))?;
        let unsupported = |error: alsa::Error, said: String| {
            let words = format_args!("it can not do 16-bit sound with one or two channels: {} {said}", text(error));
            DeviceError::new(Fault::Unsupported, name, words)
        };
        let (format, buffer, period) =
            configure(&pcm, direction, periods).map_err(|error| unsupported(error, noise.take()))?;
        Ok(Self { pcm, name: name.into(), format, buffer, period, noise })
    }

    /// An error of a call `doing` something, in words.
    pub fn error(&mut self, doing: &str, error: alsa::Error) -> DeviceError {
        let said = self.noise.take();
        if !said.is_empty() {
            tracing::debug!(device = self.name, said, "alsa-lib");
        }
        DeviceError::io(&self.name, doing, &io::Error::from_raw_os_error(error.errno()))
    }

    /// Makes the PCM usable again after `error`, if that is possible.
    pub fn recover(&mut self, doing: &str, error: alsa::Error) -> Result<Recovered, DeviceError> {
        let again = match error.errno() {
            libc::EAGAIN => return Ok(Recovered::TryLater),
            libc::EPIPE => self.pcm.prepare(),
            // Suspended: some cards resume where they were, the others are prepared anew.
            libc::ESTRPIPE => self.pcm.resume().or_else(|_| self.pcm.prepare()),
            _ => return Err(self.error(doing, error)),
        };
        again.map_err(|error| self.error("recover", error))?;
        Ok(Recovered::AfterLoss)
    }

    /// Sleeps until the PCM is ready or failed (`Some(true)`), the bell rings (`Some(false)`) or `deadline` passes.
    pub fn wait(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<Option<bool>, DeviceError> {
        loop {
            let mut asked = self.pcm.get().map_err(|error| self.error("wait", error))?;
            let mut fds = Vec::with_capacity(asked.len() + 1);
            fds.push(PollFd::new(wake, PollFlags::IN));
            for fd in &asked {
                let events = PollFlags::from_bits_truncate(fd.events as u16);
                // SAFETY: the descriptor belongs to the PCM, which is open while `self` is borrowed here.
                let descriptor = unsafe { BorrowedFd::borrow_raw(fd.fd) };
                fds.push(PollFd::from_borrowed_fd(descriptor, events));
            }
            let woken = wake.wait_with_many(&mut fds, deadline);
            match woken.map_err(|error| DeviceError::io(&self.name, "wait", &error))? {
                Woken::Rung => return Ok(Some(false)),
                Woken::Late => return Ok(None),
                Woken::Ready(_) => {}
            }
            for (asked, answer) in asked.iter_mut().zip(&fds[1..]) {
                asked.revents = answer.revents().bits() as i16;
            }
            drop(fds);
            // Plug-ins translate: a timer's descriptor that is readable may mean nothing for the PCM.
            let meaning = self.pcm.revents(&asked).map_err(|error| self.error("wait", error))?;
            if meaning.intersects(Flags::IN | Flags::OUT | Flags::ERR | Flags::HUP | Flags::NVAL) {
                return Ok(Some(true));
            }
        }
    }

    /// Frames a channel in `values` interleaved ones.
    pub fn frames(&self, values: usize) -> usize {
        values / usize::from(self.format.channels.max(1))
    }
}

fn open_error(name: &str, direction: Direction, error: alsa::Error, said: &str) -> DeviceError {
    let words = |words: &str| if said.is_empty() { words.to_string() } else { format!("{words} ({said})") };
    match error.errno() {
        libc::ENOENT => {
            DeviceError::new(Fault::Missing, name, words("there is no such sound device; see `visavisd doctor`"))
        }
        libc::ENODEV | libc::ENXIO => DeviceError::new(Fault::Missing, name, words("the sound card is not connected")),
        libc::EBUSY => {
            let words = match direction {
                Direction::Playback => {
                    "another player or program is using the sound device; a device of dmix can be had by several, and \
                     by a program outside of this service if that joins it"
                }
                Direction::Capture => "another program is using the sound device",
            };
            DeviceError::new(Fault::Busy, name, words)
        }
        libc::EACCES | libc::EPERM => {
            DeviceError::new(Fault::Denied, name, "not allowed; add the user to the group `audio`")
        }
        errno if said.is_empty() => DeviceError::io(name, "open", &io::Error::from_raw_os_error(errno)),
        _ => DeviceError::new(Fault::Failed, name, format_args!("could not open: {}; {said}", text(error))),
    }
}

/// An alsa error in the words of the system.
fn text(error: alsa::Error) -> String {
    format!("{} ({})", io::Error::from_raw_os_error(error.errno()), error.func())
}

/// Sets hardware and software parameters; format, buffer and period in frames as they came out.
fn configure(pcm: &PCM, direction: Direction, periods: usize) -> Result<(SoundFormat, usize, usize), alsa::Error> {
    let hardware = HwParams::any(pcm)?;
    hardware.set_access(Access::RWInterleaved)?;
    hardware.set_format(Format::s16())?;
    let channels: u16 = if hardware.test_channels(1).is_ok() { 1 } else { 2 };
    hardware.set_channels(channels.into())?;
    let rate = RATES.into_iter().find(|&rate| hardware.test_rate(rate).is_ok()).unwrap_or(RATES[0]);
    hardware.set_rate(rate, ValueOr::Nearest)?;
    let period = hardware.set_period_size_near(Frames::from(rate as i32 / 100), ValueOr::Nearest)?;
    let buffer = hardware.set_buffer_size_near(period.saturating_mul(periods as Frames))?;
    pcm.hw_params(&hardware)?;
    drop(hardware);
    let software = pcm.sw_params_current()?;
    software.set_avail_min(period)?;
    // Playback starts with the first sample: how much it is given is its caller's choice. Capture is started by hand.
    software.set_start_threshold(if direction == Direction::Playback { 1 } else { (buffer - period).max(period) })?;
    pcm.sw_params(&software)?;
    let frames = |frames: Frames| usize::try_from(frames).unwrap_or(0).max(1);
    Ok((SoundFormat { rate, channels }, frames(buffer), frames(period)))
}
