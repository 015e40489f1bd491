//! The thread "spk": opens the output that is wanted, goes over to the other one, and opens again what was lost.

use super::output::{Listeners, Output};
use super::stats::Gauges;
use super::{Piece, Plans, REOPEN, SpeakerFact, SpeakerFacts, SpeakerOpener};
use crate::api::notice::{DeviceNotice, Notice};
use crate::api::plan::PlayPlan;
use crate::device::{DeviceError, Fault, Wake, clock};
use crate::flow::Notices;
use crate::flow::far_end::Tap;
use crate::flow::lane::Receiver;
use crate::flow::teller::Teller;
use crate::flow::volume::VolumeTap;
use crate::flow::worker::Handle;
use crate::media::{Span, Time};
use crate::settings::player::SoundMode;
use std::sync::{Arc, PoisonError};

/// A loudspeaker that was stuck counts as found when it has played for so long: one that still is can be opened, too.
const PROOF: Span = Span::secs(2);

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
    pub volume: VolumeTap,
    pub notices: Notices,
}

impl SpeakerWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let player = self.player;
        let mut teller = Teller::new(&self.notices, move |news| Notice::Speaker(player, news));
        let mut output: Option<Output> = None;
        let mut retry = Time::default();
        // Which output was stuck; and when it will have played for long enough since it was opened again.
        let (mut stuck, mut proven): (Option<SoundMode>, Option<Time>) = (None, None);
        while !handle.stopped() {
            handle.progressed();
            let plan = self.plans.get();
            if !plan.active {
                self.pieces.clear();
                (retry, stuck) = (Time::default(), None);
                match output.take() {
                    Some(open) => {
                        self.publish(None);
                        // It heard the bell meanwhile: what that was about is looked at before anything else.
                        let _ = self.silence(open, handle.bell());
                    }
                    None => {
                        teller.tell(DeviceNotice::Closed);
                        handle.bell().wait(None);
                    }
                }
                continue;
            }
            let another = output.as_ref().is_none_or(|open| open.mode != plan.sound_mode);
            if another && (output.is_some() || clock::now() >= retry) {
                match self.go_over(output.take(), plan.sound_mode, handle.bell()) {
                    Ok(open) => {
                        self.publish(Some(open.fact()));
                        proven = (stuck == Some(open.mode)).then(|| clock::now() + PROOF);
                        if proven.is_none() {
                            teller.tell(DeviceNotice::Opened { words: open.words() });
                        }
                        output = Some(open);
                    }
                    Err(error) => {
                        self.publish(None);
                        retry = clock::now() + REOPEN;
                        teller.tell(DeviceNotice::Lost(error));
                    }
                }
                continue;
            }
            let Some(open) = &mut output else {
                self.pieces.clear();
                handle.bell().wait(Some(retry));
                continue;
            };
            if let Err(error) = self.play(open, &plan, handle.bell()) {
                stuck = (error.fault == Fault::Stalled).then_some(open.mode);
                output = None;
                retry = clock::now() + REOPEN;
                self.publish(None);
                teller.tell(DeviceNotice::Lost(error));
            } else if proven.is_some_and(|at| at <= clock::now()) {
                (stuck, proven) = (None, None);
                teller.tell(DeviceNotice::Opened { words: open.words() });
            }
        }
        self.publish(None);
        output.into_iter().for_each(|open| drop(self.silence(open, handle.bell())));
    }

    fn publish(&self, fact: Option<SpeakerFact>) {
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = fact;
    }

    /// One turn of an output that is open.
    fn play(&mut self, open: &mut Output, plan: &PlayPlan, bell: &Wake) -> Result<(), DeviceError> {
        while let Some(piece) = self.pieces.take() {
            open.take(&piece);
        }
        let mut to = Listeners { far: &self.far, volume: &mut self.volume };
        if plan.paused {
            open.hush(false, &mut to)?;
        } else {
            open.set_volume(if plan.muted { 0 } else { plan.volume });
        }
        let before = open.fact();
        open.feed(&mut to, &self.gauges, bell)?;
        if open.fact() != before {
            self.publish(Some(open.fact()));
        }
        Ok(())
    }

    /// Opens the output `mode`. The one that is open falls silent first, and is closed when the new one is there; before
    /// that only where both are the same device.
    fn go_over(&mut self, from: Option<Output>, mode: SoundMode, bell: &Wake) -> Result<Output, DeviceError> {
        let Some(mut old) = from else {
            self.pieces.clear();
            return Ok(Output::new((self.open)(mode)?, mode));
        };
        let hushed = old.hush(true, &mut Listeners { far: &self.far, volume: &mut self.volume });
        let silent = hushed.and_then(|()| old.drain(bell));
        let mut device = (self.open)(mode);
        // A device that fails now is as silent as one can be.
        rest_until(silent.unwrap_or_default(), bell);
        let estate = old.close();
        if device.as_ref().is_err_and(|error| error.fault == Fault::Busy) {
            device = (self.open)(mode);
        }
        let mut new = Output::new(device?, mode);
        new.inherit(estate);
        Ok(new)
    }

    /// Lets an output fade away and closes it.
    fn silence(&mut self, mut open: Output, bell: &Wake) -> Result<(), DeviceError> {
        open.hush(false, &mut Listeners { far: &self.far, volume: &mut self.volume })?;
        rest_until(open.drain(bell)?, bell);
        Ok(())
    }
}

/// Sleeps until `moment`, which is a few milliseconds away, whatever rings; whoever calls looks at everything again.
fn rest_until(moment: Time, bell: &Wake) {
    while clock::now() < moment {
        bell.wait(Some(moment));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Speaker;
    use crate::flow::far_end::far_end;
    use crate::flow::lane;
    use crate::flow::shared::Shared;
    use crate::flow::volume::VolumeBoard;
    use crate::flow::worker::Worker;
    use crate::media::SoundFormat;
    use std::sync::Mutex;

    /// A card that takes a little sound, and plays it or is stuck.
    struct Card {
        stuck: bool,
        played: Time,
    }

    impl Speaker for Card {
        fn format(&self) -> SoundFormat {
            SoundFormat::CALL
        }
        fn write(&mut self, samples: &[i16]) -> Result<usize, DeviceError> {
            self.played = self.played.max(clock::now()) + SoundFormat::CALL.span_of(samples.len());
            Ok(samples.len())
        }
        fn wait(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<(), DeviceError> {
            wake.wait(deadline);
            Ok(())
        }
        fn delay(&mut self) -> Result<Span, DeviceError> {
            match self.stuck {
                true => Err(DeviceError::new(Fault::Stalled, "card", "it played nothing")),
                false => Ok((self.played - clock::now()).max(Span::ZERO)),
            }
        }
        fn clocked(&self) -> bool {
            true
        }
        fn take_underruns(&mut self) -> u64 {
            0
        }
    }

    #[test]
    fn a_card_that_stays_stuck_is_told_once_and_found_when_it_has_played_again() {
        let (bell, told_bell) = (Wake::new().unwrap(), Wake::new().unwrap());
        let told: Arc<Mutex<Vec<(Time, DeviceNotice)>>> = Arc::default();
        let (sink, ring, opened) = (told.clone(), told_bell.clone(), Arc::new(Mutex::new(0)));
        let count = opened.clone();
        let mut worker = SpeakerWorker {
            player: 0,
            plans: Shared::new(PlayPlan { active: true, ..PlayPlan::IDLE }, vec![bell.clone()]),
            open: Arc::new(move |_| {
                let mut count = count.lock().unwrap();
                *count += 1;
                Ok(Box::new(Card { stuck: *count < 3, played: clock::now() }))
            }),
            pieces: lane::ring(1, bell.clone()).1,
            facts: SpeakerFacts::default(),
            gauges: Arc::default(),
            far: far_end(1).unwrap().0.remove(0),
            volume: VolumeBoard::default().tap(0),
            notices: Arc::new(move |notice| {
                if let Notice::Speaker(0, news) = notice {
                    sink.lock().unwrap().push((clock::now(), news));
                    ring.ring();
                }
            }),
        };
        let thread = Worker::spawn("spk", bell, |_| {}, move |handle| worker.run(handle)).unwrap();
        let limit = clock::now() + Span::secs(20);
        while told.lock().unwrap().len() < 3 && told_bell.wait(Some(limit)) {}
        drop(thread);
        let told = std::mem::take(&mut *told.lock().unwrap());
        let [(_, first), (lost, second), (found, third)] = &told[..] else { panic!("{told:?}") };
        let is_open = |news: &DeviceNotice| matches!(news, DeviceNotice::Opened { .. });
        assert!(is_open(first) && matches!(second, DeviceNotice::Lost(_)) && is_open(third), "{told:?}");
        assert!(*found - *lost >= REOPEN + REOPEN + PROOF && *opened.lock().unwrap() == 3, "{told:?}");
    }
}
