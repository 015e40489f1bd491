//! The thread "mic": periods of 10 ms from the microphone, or silence of exactly the same length, into AAC.
//!
//! The sound track never stops while a session is publishing: players stall without it. Silence for a
//! microphone that is closed, lost, late or not there is made on the monotonic clock ([`Unbroken`]).

use super::unbroken::{FORMAT, Unbroken};
use super::{CodedSound, Live, MicrophoneOpener, Plans};
use crate::api::fault::DeviceError;
use crate::api::notice::{DeviceNotice, Notice};
use crate::device::{self, Microphone, SoundEncoder, Wake, clock};
use crate::flow::Notices;
use crate::flow::lane::Sender;
use crate::flow::worker::Handle;
use crate::media::{Sound, Span, Time};
use crate::voice::{Convert, SampleClock};
use bytes::Bytes;

/// Between two tries to open a microphone that is not there.
const RETRY: Span = Span::secs(1);

/// What the thread owns.
pub struct MicrophoneWorker {
    pub plans: Plans,
    pub live: Live,
    pub open: MicrophoneOpener,
    pub coded: Sender<CodedSound>,
    pub notices: Notices,
}

/// An open microphone and the way from its format to ours.
struct Running {
    microphone: Box<dyn Microphone>,
    convert: Convert,
    seen: bool,
    lost: Span,
}

/// The encoder and what belongs to one session of it.
struct Encoding {
    session: u64,
    encoder: Box<dyn SoundEncoder>,
    config: Bytes,
    kbps: u32,
    /// Samples that do not fill a frame yet.
    waiting: Vec<i16>,
    clock: SampleClock,
    frame: Vec<u8>,
}

impl MicrophoneWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut running: Option<Running> = None;
        let mut encoding: Option<Encoding> = None;
        let mut retry_at = Time::default();
        let mut told: Option<DeviceError> = None;
        let mut track = Unbroken::default();
        let mut period = Sound::empty(FORMAT);
        let mut heard = Sound::empty(FORMAT);
        while !handle.stopped() {
            handle.progressed();
            let plan = self.plans.get();
            let live = self.live.get().filter(|_| plan.active);
            if live.is_none() {
                track.stop();
            }
            if !plan.microphone && running.take().is_some() {
                (self.notices)(Notice::Microphone(DeviceNotice::Closed));
            }
            if plan.microphone && running.is_none() && clock::now() >= retry_at {
                match self.start() {
                    Ok(new) => (running, told) = (Some(new), None),
                    Err(error) => {
                        retry_at = clock::now() + RETRY;
                        if told.as_ref() != Some(&error) {
                            told = Some(error.clone());
                            (self.notices)(Notice::Microphone(DeviceNotice::Lost(error)));
                        }
                    }
                }
            }
            let lost = running.as_ref().map_or(Span::ZERO, |running| running.lost);
            let silence_due = live.map(|_| track.due(running.is_some(), clock::now()));
            let got = match &mut running {
                Some(now) => {
                    let bell = silence_due.map_or_else(|| handle.bell().clone(), |at| handle.bell().by(at));
                    match self.hear(now, &bell, &mut period, &mut heard) {
                        Ok(got) => got && track.heard(&mut heard),
                        Err(error) => {
                            running = None;
                            retry_at = clock::now() + RETRY;
                            told = Some(error.clone());
                            (self.notices)(Notice::Microphone(DeviceNotice::Lost(error)));
                            false
                        }
                    }
                }
                None => {
                    handle.bell().wait(silence_due.or(plan.microphone.then_some(retry_at)));
                    false
                }
            };
            let Some(session) = live else {
                encoding = None;
                continue;
            };
            if !got && !track.silence(running.is_some(), clock::now(), &mut heard) {
                continue;
            }
            if plan.silent {
                heard.samples.fill(0);
            }
            if let Err(error) = self.encode(&mut encoding, session, plan.sound_kbps, &heard, lost) {
                encoding = None;
                (self.notices)(Notice::SoundEncoder(error));
            }
        }
    }

    fn start(&self) -> Result<Running, DeviceError> {
        let microphone = (self.open)()?;
        let format = microphone.format();
        let words = format!("{} Hz, {} channel(s)", format.rate, format.channels);
        (self.notices)(Notice::Microphone(DeviceNotice::Opened { words }));
        Ok(Running { microphone, convert: Convert::new(format, FORMAT), seen: false, lost: Span::ZERO })
    }

    /// Waits for a period and converts it; false when the bell rang.
    fn hear(
        &self,
        running: &mut Running,
        bell: &Wake,
        period: &mut Sound,
        heard: &mut Sound,
    ) -> Result<bool, DeviceError> {
        if !running.microphone.next(bell, period)? {
            return Ok(false);
        }
        if !std::mem::replace(&mut running.seen, true) {
            (self.notices)(Notice::Microphone(DeviceNotice::FirstFrame));
        }
        running.lost += running.microphone.take_losses().1;
        heard.captured = period.captured - running.convert.delay();
        heard.samples.clear();
        running.convert.push(&period.samples, &mut heard.samples);
        Ok(true)
    }

    fn encode(
        &self,
        encoding: &mut Option<Encoding>,
        session: u64,
        kbps: u32,
        heard: &Sound,
        lost: Span,
    ) -> Result<(), DeviceError> {
        if encoding.as_ref().is_none_or(|now| now.session != session) {
            *encoding = Some(Encoding::new(session, kbps)?);
        }
        let Some(now) = encoding else { return Ok(()) };
        if now.kbps != kbps {
            now.encoder.set_bitrate(kbps)?;
            now.kbps = kbps;
        }
        let waiting = FORMAT.span_of(now.waiting.len());
        now.clock.heard(heard.captured - waiting);
        now.waiting.extend_from_slice(&heard.samples);
        let frame = now.encoder.frame_len() * usize::from(FORMAT.channels);
        let mut used = 0;
        while let Some(samples) = now.waiting.get(used..used + frame) {
            now.encoder.encode(samples, &mut now.frame)?;
            used += frame;
            let captured = now.clock.advance(now.encoder.frame_len());
            if now.frame.is_empty() {
                continue;
            }
            self.coded.put(CodedSound {
                data: Bytes::copy_from_slice(&now.frame),
                config: now.config.clone(),
                session,
                captured: captured - Span::samples(now.encoder.delay() as i64, FORMAT.rate),
                encoded: clock::now(),
                lost,
            });
        }
        now.waiting.drain(..used);
        Ok(())
    }
}

impl Encoding {
    fn new(session: u64, kbps: u32) -> Result<Self, DeviceError> {
        let encoder = device::sound_encoder(FORMAT, kbps)?;
        let config = Bytes::copy_from_slice(encoder.config());
        let clock = SampleClock::new(FORMAT.rate);
        Ok(Self { session, encoder, config, kbps, waiting: Vec::new(), clock, frame: Vec::new() })
    }
}
