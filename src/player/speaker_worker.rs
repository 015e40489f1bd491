//! The thread "spk": owns the loudspeaker and gives it each piece when it is due. A device with a pace of its own is
//! kept fed, with silence where sound is missing.

use super::session::Session;
use super::stats::Gauges;
use super::{Piece, Plans, REOPEN, SpeakerFact, SpeakerFacts, SpeakerOpener};
use crate::api::notice::{DeviceNotice, Notice};
use crate::device::{DeviceError, Speaker, Wake, clock};
use crate::flow::Notices;
use crate::flow::far_end::Tap;
use crate::flow::lane::Receiver;
use crate::flow::teller::Teller;
use crate::flow::worker::Handle;
use crate::media::{SoundFormat, Span, Time};
use crate::settings::player::SoundMode;
use crate::voice::Played;
use std::sync::{Arc, PoisonError};

/// Most sound that waits here for the device.
const MOST: Span = Span::millis(200);
/// A device with less left than this gets silence, in pieces of that length: half a usual period.
const LOW: Span = Span::millis(8);
const SILENCE: Span = Span::millis(5);
/// The end of what a device has may be this far from the due of the next piece; what is longer is cut out.
const APART: Span = Span::millis(10);
/// A device without a pace of its own is believed to be heard so much after it was given something: whoever plays what
/// comes out of it in uneven pieces of 21 ms has to wait for that long.
const UNPACED: Span = Span::millis(20);
/// A cut fades over this long.
const FADE: Span = Span::millis(2);
/// Silence counts as missing sound for so long after the last piece; later there is just none.
const MISSED: Span = Span::millis(500);

/// What the thread owns.
pub struct SpeakerWorker {
    pub player: usize,
    pub plans: Plans,
    pub open: SpeakerOpener,
    pub pieces: Receiver<Piece>,
    pub facts: SpeakerFacts,
    pub gauges: Arc<Gauges>,
    /// Told what is played.
    pub far: Tap,
    pub notices: Notices,
}

/// A loudspeaker that is open.
struct Output {
    device: Box<dyn Speaker>,
    mode: SoundMode,
    format: SoundFormat,
    clocked: bool,
    /// The piece that waits for its due.
    next: Option<Piece>,
    /// Sound that the device had no room for yet.
    ring: Vec<i16>,
    silence: Vec<i16>,
    last_piece: Time,
    heard: bool,
}

impl SpeakerWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let player = self.player;
        let mut teller = Teller::new(&self.notices, move |news| Notice::Speaker(player, news));
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
                        self.publish(Some(opened.fact()));
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
        let due = loop {
            let Some(piece) = output.next.take().or_else(|| self.pieces.take()) else { break None };
            if piece.format != output.format {
                continue;
            }
            if let Some(due) = output.early(&piece)? {
                output.next = Some(piece);
                break Some(due);
            }
            output.take(&piece)?;
            output.note_heard(&piece.session);
        };
        output.write(&self.far)?;
        // An underrun inside the device is as long as a period, as far as anybody can tell.
        self.gauges.missing(SILENCE * output.device.take_underruns().min(1000) as i64);
        if !output.clocked {
            bell.wait(due);
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
            next: None,
            ring: Vec::new(),
            silence: vec![0; format.values_in(SILENCE)],
            last_piece: Time::default(),
            heard: false,
        }
    }

    fn fact(&self) -> SpeakerFact {
        let delay = if self.clocked { LOW + SILENCE } else { Span::ZERO };
        SpeakerFact { format: self.format, clocked: self.clocked, delay }
    }

    fn note_heard(&mut self, session: &Session) {
        self.heard = true;
        session.heard();
    }

    /// When to look at a piece again whose due is not near yet; `None` when its time is there.
    fn early(&mut self, piece: &Piece) -> Result<Option<Time>, DeviceError> {
        let from = if self.clocked { self.end()? + APART } else { clock::now() };
        Ok((piece.due > from).then_some(piece.due))
    }

    /// The moment at which all that the device has will have been heard.
    fn end(&mut self) -> Result<Time, DeviceError> {
        Ok(clock::now() + self.device.delay()? + self.format.span_of(self.ring.len()))
    }

    /// Takes a piece in, without as much of it as comes too late.
    fn take(&mut self, piece: &Piece) -> Result<(), DeviceError> {
        self.last_piece = clock::now();
        let late = if self.clocked { self.end()? - piece.due } else { Span::ZERO };
        let joint = self.ring.len();
        self.ring.extend_from_slice(&piece.samples);
        if late > APART {
            cut(&mut self.ring, joint, late, self.format);
        }
        let most = self.format.values_in(MOST);
        if self.ring.len() > most {
            self.ring.drain(..self.ring.len() - most);
        }
        Ok(())
    }

    /// Gives the device as much as it takes without waiting.
    fn write(&mut self, far: &Tap) -> Result<(), DeviceError> {
        let mut written = 0;
        while written < self.ring.len() {
            let unpaced = if self.clocked { Span::ZERO } else { UNPACED };
            let heard = if far.wanted() { Some(clock::now() + self.device.delay()? + unpaced) } else { None };
            let count = self.device.write(&self.ring[written..])?;
            if count == 0 {
                break;
            }
            if let Some(heard) = heard {
                let samples = self.ring.iter().skip(written).take(count).copied().collect();
                far.put(Played { samples, format: self.format, heard });
            }
            written += count;
        }
        self.ring.drain(..written.min(self.ring.len()));
        Ok(())
    }
}

/// Takes `length` out of interleaved sound from value `at` on, as far as there is so much, and fades over the joint.
fn cut(ring: &mut Vec<i16>, at: usize, length: Span, format: SoundFormat) {
    let fade = format.values_in(FADE);
    let room = ring.len().saturating_sub(at + fade);
    let channels = usize::from(format.channels.max(1));
    let count = format.values_in(length).min(room - room % channels);
    if count == 0 || fade == 0 {
        return;
    }
    for place in 0..fade {
        let (Some(&before), Some(&after)) = (ring.get(at + place), ring.get(at + place + count)) else { return };
        let mixed = (i64::from(before) * (fade - place) as i64 + i64::from(after) * place as i64) / fade as i64;
        ring[at + place] = mixed as i16;
    }
    ring.drain(at + fade..at + fade + count);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_takes_out_what_was_asked_and_leaves_no_step() {
        let wave = |n: usize| (8000.0 * (n as f64 * std::f64::consts::TAU * 200.0 / 48_000.0).sin()) as i16;
        let mut ring: Vec<i16> = (0..2000).map(wave).collect();
        let step = |ring: &[i16]| ring.windows(2).map(|pair| (pair[1] - pair[0]).unsigned_abs()).max().unwrap();
        let before = step(&ring);
        cut(&mut ring, 300, Span::millis(10), SoundFormat::CALL);
        assert_eq!(ring.len(), 2000 - 480);
        assert!(step(&ring) < 2 * before, "{} after {before}", step(&ring));
        cut(&mut ring, 1500, Span::secs(10), SoundFormat::CALL);
        assert_eq!(ring.len(), 2000 - 480, "there is nothing to fade into");
        let stereo = SoundFormat { rate: 48_000, channels: 2 };
        cut(&mut ring, 0, Span::secs(10), stereo);
        assert_eq!(ring.len() % 2, 0);
    }
}
