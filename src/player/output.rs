//! One open loudspeaker: asks the engine for as much sound as the device needs, and tells the microphone of it.

use super::session::Session;
use super::stats::Gauges;
use super::{Piece, SpeakerFact};
use crate::device::{DeviceError, Speaker, Wake, clock};
use crate::flow::far_end::Tap;
use crate::flow::volume::VolumeTap;
use crate::media::{SoundFormat, Span, Time};
use crate::render::{Gain, Render};
use crate::settings::player::SoundMode;
use crate::voice::{Convert, Played, SampleClock};
use std::sync::Arc;

/// A device with a pace of its own has this much at least; it is given more in steps, which are half a usual period.
const LOW: Span = Span::millis(8);
const STEP: Span = Span::millis(5);
/// A card that tells its place in steps, each a period long, is not asked again before this.
const NAP: Span = Span::millis(1);
/// Decoding, and the way between two threads.
const MARGIN: Span = Span::millis(2);
/// After an underrun it has a step more, at most this, and a millisecond less again after each calm minute.
const MOST_LOW: Span = Span::millis(25);
const CALM: Span = Span::secs(60);
/// A device without a pace of its own takes so much at a time, and is believed to be heard so much later: whoever plays
/// what comes out of it in uneven pieces has to wait for that long.
const UNPACED: Span = Span::millis(20);
/// Sound that ends without an end fades within this time.
const TAIL: Span = Span::millis(70);
/// A running device takes some of what waits for it within this time; one that does not is not waited for when it is
/// closed, and else is looked at again: whether it is stuck, its [`Speaker::delay`] tells.
const PATIENCE: Span = Span::millis(200);

/// See the module's head.
pub struct Output {
    device: Box<dyn Speaker>,
    pub mode: SoundMode,
    format: SoundFormat,
    clocked: bool,
    render: Render,
    gain: Gain,
    /// When the next sample given to the device is heard, by the device's word and by counting.
    clock: SampleClock,
    /// Up to here a device without a pace has been given sound.
    end: Time,
    /// For pieces in another format.
    convert: Option<(SoundFormat, Convert)>,
    /// The session of the last piece.
    session: Option<Arc<Session>>,
    low: Span,
    changed: Time,
    /// Sound that the device had no room for yet.
    ring: Vec<i16>,
    buffer: Vec<i16>,
}

/// What an output that was closed had in hand.
pub struct Estate {
    render: Render,
    format: SoundFormat,
    session: Option<Arc<Session>>,
}

/// Who is told of what is played.
pub struct Listeners<'a> {
    pub far: &'a Tap,
    pub volume: &'a mut VolumeTap,
}

impl Output {
    /// Begins in silence on `device`, which is the board's output `mode`.
    pub fn new(device: Box<dyn Speaker>, mode: SoundMode) -> Self {
        let (format, clocked) = (device.format(), device.clocked());
        Self {
            device,
            mode,
            format,
            clocked,
            render: Render::new(format),
            gain: Gain::new(format),
            clock: SampleClock::new(format.rate),
            end: Time::default(),
            convert: None,
            session: None,
            low: LOW,
            changed: clock::now(),
            ring: Vec::new(),
            buffer: Vec::new(),
        }
    }

    /// What playout has to know of it.
    pub fn fact(&self) -> SpeakerFact {
        let delay = if self.clocked { self.low + STEP + MARGIN } else { Span::ZERO };
        SpeakerFact { clocked: self.clocked, delay }
    }

    /// For people.
    pub fn words(&self) -> String {
        let channels = if self.format.channels == 1 { "channel" } else { "channels" };
        format!("{}: {} Hz, {} {channels}", self.mode.name(), self.format.rate, self.format.channels)
    }

    /// Closes the device, which is silent; what is in hand can be played by another one.
    pub fn close(self) -> Estate {
        Estate { render: self.render, format: self.format, session: self.session }
    }

    /// Goes on with what another output left.
    pub fn inherit(&mut self, estate: Estate) {
        if estate.format == self.format {
            (self.render, self.session) = (estate.render, estate.session);
        }
    }

    /// Takes a piece in.
    pub fn take(&mut self, piece: &Piece) {
        if self.session.as_ref().is_none_or(|session| !Arc::ptr_eq(session, &piece.session)) {
            self.render.part();
            self.session = Some(piece.session.clone());
        }
        if piece.format == self.format {
            self.render.push(&piece.samples, piece.due);
        } else {
            if self.convert.as_ref().is_none_or(|(format, _)| *format != piece.format) {
                self.convert = Some((piece.format, Convert::new(piece.format, self.format)));
            }
            let Some((_, convert)) = &mut self.convert else { return };
            let (due, mut samples) = (piece.due - convert.delay(), Vec::new());
            convert.push(&piece.samples, &mut samples);
            self.render.push(&samples, due);
        }
        piece.session.heard();
    }

    /// Plays at this volume, 0 (silence) to 100; the change is a short ramp.
    pub fn set_volume(&mut self, volume: u32) {
        self.gain.set(volume);
    }

    /// Fades out at once and forgets what is in hand or, to `keep` it, goes on with it later.
    pub fn hush(&mut self, keep: bool, to: &mut Listeners<'_>) -> Result<(), DeviceError> {
        self.gain.set(0);
        if !self.gain.silent() && !self.render.silent() {
            let at = if self.clocked { self.heard()? } else { self.end.max(clock::now()) };
            self.give(UNPACED, at, to)?;
        }
        match keep {
            true => self.render.rest(),
            false => self.render.clear(),
        }
        Ok(())
    }

    /// Waits until the device has taken all that was given; returns when that is heard. A card that is kept far ahead has
    /// no room for a whole ramp at once, and one that is closed within it clicks.
    pub fn drain(&mut self, bell: &Wake) -> Result<Time, DeviceError> {
        let patience = clock::now() + PATIENCE;
        while !self.ring.is_empty() && clock::now() < patience {
            self.device.wait(bell, Some(patience))?;
            self.flush()?;
        }
        Ok(clock::now() + self.device.delay()?)
    }

    /// One turn: gives the device what it needs, and sleeps until it needs more, the bell rings or something is due.
    pub fn feed(&mut self, to: &mut Listeners<'_>, gauges: &Gauges, bell: &Wake) -> Result<(), DeviceError> {
        self.flush()?;
        self.mind_underruns(gauges);
        if !self.ring.is_empty() {
            return self.device.wait(bell, Some(clock::now() + PATIENCE));
        }
        let wake = if self.clocked { self.keep_fed(to)? } else { self.give_what_is_due(to)? };
        gauges.missing(self.render.take_missing());
        if self.ring.is_empty() && wake.is_none_or(|at| at > clock::now()) {
            bell.wait(wake);
        }
        Ok(())
    }

    /// A device with a pace of its own: never less than it needs, and never much more. When it needs more.
    fn keep_fed(&mut self, to: &mut Listeners<'_>) -> Result<Option<Time>, DeviceError> {
        loop {
            let (left, now) = (self.device.delay()?, clock::now());
            if left > self.low {
                return Ok(Some(now + (left - self.low).max(NAP)));
            }
            let at = self.heard()?;
            self.give(STEP, at, to)?;
            if !self.ring.is_empty() {
                return Ok(None);
            }
        }
    }

    /// A device without: sound whose moment has come. When there is more.
    fn give_what_is_due(&mut self, to: &mut Listeners<'_>) -> Result<Option<Time>, DeviceError> {
        loop {
            let (silent, now) = (self.render.silent(), clock::now());
            let Some(due) = self.render.due() else {
                // What follows may still come in time, as the reader hears it.
                let tail = self.end + UNPACED;
                if silent || now < tail {
                    return Ok((!silent).then_some(tail));
                }
                self.give(TAIL, self.end, to)?;
                continue;
            };
            let start = if silent { due } else { self.end };
            if now < start {
                return Ok(Some(start));
            }
            if silent || now - self.end > UNPACED {
                self.end = now;
            }
            self.give(self.render.held().min(UNPACED), self.end, to)?;
        }
    }

    /// When the next sample that is given to the device is heard.
    fn heard(&mut self) -> Result<Time, DeviceError> {
        let at = clock::now() + self.device.delay()?;
        self.clock.heard(at);
        Ok(self.clock.advance(0))
    }

    /// Gives the device `length` of sound, of which the first sample is heard at `at`.
    fn give(&mut self, length: Span, at: Time, to: &mut Listeners<'_>) -> Result<(), DeviceError> {
        let values = self.format.values_in(length).max(usize::from(self.format.channels));
        self.buffer.resize(values, 0);
        self.render.pull(at, &mut self.buffer);
        self.gain.run(&mut self.buffer);
        to.volume.played(&self.buffer, self.format);
        if to.far.wanted() {
            let later = if self.clocked { Span::ZERO } else { self.device.delay()? + UNPACED };
            let (samples, format) = (self.buffer.clone(), self.format);
            to.far.put(Played { samples, format, heard: at + later });
        }
        self.clock.advance(values / usize::from(self.format.channels.max(1)));
        self.end = at + self.format.span_of(values);
        self.ring.extend_from_slice(&self.buffer);
        self.flush()
    }

    /// Gives the device as much of what waits as it takes.
    fn flush(&mut self) -> Result<(), DeviceError> {
        let mut written = 0;
        while let Some(rest) = self.ring.get(written..).filter(|rest| !rest.is_empty()) {
            match self.device.write(rest)? {
                0 => break,
                count => written += count,
            }
        }
        self.ring.drain(..written.min(self.ring.len()));
        Ok(())
    }

    /// A device that ran dry is given more from now on, and for a calm minute a little less again.
    fn mind_underruns(&mut self, gauges: &Gauges) {
        let now = clock::now();
        match self.device.take_underruns() {
            0 if self.low > LOW && now - self.changed > CALM => self.low -= Span::millis(1),
            0 => return,
            count => {
                // An underrun is as long as a step, as far as anybody can tell.
                gauges.missing(STEP * count.min(1000) as i64);
                self.low = (self.low + STEP).min(MOST_LOW);
                tracing::debug!(output = self.mode.name(), count, ahead = %self.low, "the sound card ran dry");
                self.clock = SampleClock::new(self.format.rate);
            }
        }
        self.changed = now;
    }
}
