//! The thread "mic": periods of 10 ms from the microphone, treated as the plan says, or silence of exactly the same
//! length, into AAC.
//!
//! The sound track never stops while a session is publishing: players stall without it. Silence for a
//! microphone that is closed, lost, late or not there is made on the monotonic clock ([`Unbroken`]).

use super::sound_encoding::SoundEncoding;
use super::unbroken::{FORMAT, Unbroken};
use super::{CodedSound, Live, MicrophoneOpener, Plans};
use crate::api::fault::DeviceError;
use crate::api::notice::{DeviceNotice, Notice};
use crate::api::plan::PushPlan;
use crate::device::{Microphone, SoundEncoderBuilder, Wake, clock};
use crate::flow::Notices;
use crate::flow::far_end::Ear;
use crate::flow::lane::Sender;
use crate::flow::worker::Handle;
use crate::media::{Sound, Span, Time};
use crate::voice::{Convert, Fade, Treatment};
use std::sync::Arc;

/// Between two tries to open a microphone that is not there.
const RETRY: Span = Span::secs(1);
/// An encoder that failed is built again after this; players notice a gap of 100 ms, and play on after one of 300.
const REBUILD: Span = Span::millis(100);

/// What the thread owns.
pub struct MicrophoneWorker {
    pub plans: Plans,
    pub live: Live,
    pub open: MicrophoneOpener,
    pub build: Arc<SoundEncoderBuilder>,
    pub coded: Sender<CodedSound>,
    /// What the players play.
    pub far: Ear,
    pub notices: Notices,
}

/// An open microphone and the way from its format to ours.
struct Running {
    microphone: Box<dyn Microphone>,
    convert: Convert,
    seen: bool,
    lost: Span,
}

impl MicrophoneWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut running: Option<Running> = None;
        let mut encoding: Option<SoundEncoding> = None;
        let (mut treatment, mut fade) = (Treatment::default(), Fade::default());
        let (mut retry_at, mut rebuild_at) = (Time::default(), Time::default());
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
            if !plan.microphone {
                retry_at = Time::default();
                // One that was lost is not looked for any more, and what was told of it holds no longer.
                if running.take().is_some() | told.take().is_some() {
                    (self.notices)(Notice::Microphone(DeviceNotice::Closed));
                }
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
                treatment = Treatment::default();
                self.far.listen(false);
                continue;
            };
            if got {
                self.treat(&mut treatment, &plan, &mut heard);
                if heard.samples.is_empty() {
                    continue;
                }
            } else if track.silence(running.is_some(), clock::now(), &mut heard) {
                treatment.clear();
            } else {
                continue;
            }
            fade.run(&mut heard.samples, plan.silent);
            if clock::now() < rebuild_at {
                continue;
            }
            if let Err(error) = self.encode(&mut encoding, session, &plan, &heard, lost) {
                encoding = None;
                rebuild_at = clock::now() + REBUILD;
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

    /// Takes out of `heard` what the plan says; a microphone that is muted is treated all the same, so that it is known
    /// what the room does with sound when it comes back.
    fn treat(&self, treatment: &mut Treatment, plan: &PushPlan, heard: &mut Sound) {
        treatment.set(plan.voice);
        self.far.listen(treatment.listens());
        while let Some((player, piece)) = self.far.take() {
            treatment.played(player, &piece);
        }
        treatment.run(heard);
    }

    fn encode(
        &self,
        encoding: &mut Option<SoundEncoding>,
        session: u64,
        plan: &PushPlan,
        heard: &Sound,
        lost: Span,
    ) -> Result<(), DeviceError> {
        let give = |sound| {
            self.coded.put(CodedSound { lost, ..sound });
        };
        if encoding.as_ref().is_none_or(|now| now.session() != session) {
            *encoding = Some(SoundEncoding::new(self.build.clone(), session, plan.sound_rate, plan.rates.sound)?);
        }
        let Some(now) = encoding else { return Ok(()) };
        now.set(plan.sound_rate, plan.rates.sound, give)?;
        now.push(heard, give)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::fault::Fault;
    use crate::flow::far_end::far_end;
    use crate::flow::lane;
    use crate::flow::shared::Shared;
    use crate::flow::worker::Worker;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn a_microphone_that_can_not_be_had_is_told_again_each_time_it_is_asked_for() {
        let bell = Wake::new().unwrap();
        let plans = Shared::new(PushPlan::IDLE, vec![bell.clone()]);
        let (told_in, told) = mpsc::channel();
        let missing = || DeviceError::new(Fault::Missing, "microphone", "test");
        let mut worker = MicrophoneWorker {
            plans: plans.clone(),
            live: Shared::new(None, vec![]),
            open: Box::new(move || Err(missing())),
            build: Arc::new(move |_, _| Err(missing())),
            coded: lane::ring(1, Wake::new().unwrap()).0,
            far: far_end(0).unwrap().1,
            notices: Arc::new(move |notice| _ = told_in.send(notice)),
        };
        let _worker = Worker::spawn("mic", bell, |_| {}, move |handle| worker.run(handle)).unwrap();
        for _ in 0..3 {
            for (microphone, news) in [(true, DeviceNotice::Lost(missing())), (false, DeviceNotice::Closed)] {
                plans.set(PushPlan { microphone, ..PushPlan::IDLE });
                assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(Notice::Microphone(news)));
            }
        }
    }
}
