//! The thread "spk": owns the loudspeaker. A device with a pace of its own is kept fed, with silence where sound is
//! missing; one without gets the sound the moment it comes.

use super::session::Session;
use super::stats::Gauges;
use super::{Piece, Plans, REOPEN, SpeakerFact, SpeakerFacts, SpeakerOpener, Teller};
use crate::api::notice::{DeviceNotice, Notice};
use crate::device::{DeviceError, Speaker, Wake, clock};
use crate::flow::Notices;
use crate::flow::lane::Receiver;
use crate::flow::worker::Handle;
use crate::media::{SoundFormat, Span, Time};
use crate::settings::player::SoundMode;
use std::sync::{Arc, PoisonError};

/// Most sound that waits here for the device.
const MOST: Span = Span::millis(200);
/// A device with less left than this gets silence, in pieces of that length: half a usual period.
const LOW: Span = Span::millis(8);
const SILENCE: Span = Span::millis(5);
/// When for a second there was never less than the first, what is above the second is left out.
const SURPLUS: (Span, Span) = (Span::millis(40), Span::millis(15));
/// Silence counts as missing sound for so long after the last piece; later there is just none.
const MISSED: Span = Span::millis(500);

/// What the thread owns.
pub struct SpeakerWorker {
    pub plans: Plans,
    pub open: SpeakerOpener,
    pub pieces: Receiver<Piece>,
    pub facts: SpeakerFacts,
    pub gauges: Arc<Gauges>,
    pub notices: Notices,
}

/// A loudspeaker that is open.
struct Output {
    device: Box<dyn Speaker>,
    mode: SoundMode,
    format: SoundFormat,
    clocked: bool,
    /// Sound that the device had no room for yet.
    ring: Vec<i16>,
    silence: Vec<i16>,
    /// The least that was left when a piece came, over a second.
    least: Option<Span>,
    since: Time,
    last_piece: Time,
    heard: bool,
}

impl SpeakerWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut teller = Teller::new(&self.notices, Notice::Speaker);
        let mut output: Option<Output> = None;
        let mut retry = Time::default();
        while !handle.stopped() {
            handle.progressed();
            let plan = self.plans.get();
            if !plan.active || output.as_ref().is_some_and(|output| output.mode != plan.sound_mode) {
                output = None;
                retry = Time::default();
                self.publish(None);
            }
            if !plan.active {
                self.pieces.clear();
                teller.tell(DeviceNotice::Closed);
                handle.bell().wait(None);
                continue;
            }
            if output.is_none() && clock::now() >= retry {
                match (self.open)(plan.sound_mode) {
                    Ok(device) => {
                        let opened = Output::new(device, plan.sound_mode);
                        let words = format!("{} Hz, {} channels", opened.format.rate, opened.format.channels);
                        self.publish(Some(opened.fact(Span::ZERO)));
                        self.pieces.clear();
                        teller.tell(DeviceNotice::Opened { words });
                        output = Some(opened);
                    }
                    Err(error) => {
                        retry = clock::now() + REOPEN;
                        teller.tell(DeviceNotice::Lost(error));
                    }
                }
            }
            let Some(open) = &mut output else {
                self.pieces.clear();
                handle.bell().wait(Some(retry));
                continue;
            };
            if let Err(error) = self.feed(open, plan.paused, handle.bell()) {
                output = None;
                retry = clock::now() + REOPEN;
                self.publish(None);
                teller.tell(DeviceNotice::Lost(error));
            }
        }
        self.publish(None);
    }

    fn publish(&self, fact: Option<SpeakerFact>) {
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = fact;
    }

    /// One turn: what came goes out, or the device is kept going; then sleeps until there is more to do.
    fn feed(&self, output: &mut Output, paused: bool, bell: &Wake) -> Result<(), DeviceError> {
        while let Some(piece) = self.pieces.take() {
            if piece.format == output.format {
                let delay = output.take(&piece)?;
                self.publish(Some(output.fact(delay)));
                output.note_heard(&piece.session);
            }
        }
        output.write()?;
        // An underrun inside the device is as long as a period, as far as anybody can tell.
        self.gauges.missing(SILENCE * output.device.take_underruns().min(1000) as i64);
        if !output.clocked {
            bell.wait(None);
            return Ok(());
        }
        if !output.ring.is_empty() {
            return output.device.wait(bell, Some(clock::now() + MOST));
        }
        let (left, now) = (output.device.delay()?, clock::now());
        if left > LOW {
            bell.wait(Some(now + left - LOW));
            return Ok(());
        }
        if !paused && output.heard && now - output.last_piece < MISSED {
            self.gauges.missing(SILENCE);
        }
        output.ring.extend_from_slice(&output.silence);
        Ok(())
    }
}

impl Output {
    fn new(device: Box<dyn Speaker>, mode: SoundMode) -> Self {
        let (format, clocked) = (device.format(), device.clocked());
        Self {
            device,
            mode,
            format,
            clocked,
            ring: Vec::new(),
            silence: vec![0; format.values_in(SILENCE)],
            least: None,
            since: clock::now(),
            last_piece: Time::default(),
            heard: false,
        }
    }

    fn fact(&self, delay: Span) -> SpeakerFact {
        SpeakerFact { format: self.format, clocked: self.clocked, delay }
    }

    fn note_heard(&mut self, session: &Session) {
        self.heard = true;
        session.heard();
    }

    /// Takes a piece in; returns after how long its first sample will be heard.
    fn take(&mut self, piece: &Piece) -> Result<Span, DeviceError> {
        self.last_piece = clock::now();
        if !self.clocked {
            self.ring.extend_from_slice(&piece.samples);
            return self.device.delay();
        }
        let left = self.device.delay()? + self.format.span_of(self.ring.len());
        self.trim(left);
        self.ring.extend_from_slice(&piece.samples);
        let most = self.format.values_in(MOST);
        if self.ring.len() > most {
            self.ring.drain(..self.ring.len() - most);
        }
        Ok(left)
    }

    /// Leaves out what is never needed: `left` is what the device still has when a piece comes.
    fn trim(&mut self, left: Span) {
        let least = self.least.map_or(left, |least| least.min(left));
        self.least = Some(least);
        if self.last_piece - self.since < Span::secs(1) {
            return;
        }
        (self.least, self.since) = (None, self.last_piece);
        if least > SURPLUS.0 {
            let values = self.format.values_in(least - SURPLUS.1).min(self.ring.len());
            let values = values - values % usize::from(self.format.channels.max(1));
            self.ring.drain(..values);
        }
    }

    /// Gives the device as much as it takes without waiting.
    fn write(&mut self) -> Result<(), DeviceError> {
        let mut written = 0;
        while written < self.ring.len() {
            match self.device.write(&self.ring[written..])? {
                0 => break,
                count => written += count,
            }
        }
        self.ring.drain(..written.min(self.ring.len()));
        Ok(())
    }
}
