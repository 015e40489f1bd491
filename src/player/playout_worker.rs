//! The thread "play": bodies into units, units out when they are due, sound decoded on the way.

use super::rotation::Rotation;
use super::session::Session;
use super::sound_path::SoundPath;
use super::stats::{Gauges, Second};
use super::tracks::{AudioBody, SoundTrack, Trouble, VideoBody, VideoConfig, VideoTrack};
use super::{Arrival, CROWDED, Coded, Piece, Plans, SpeakerFacts, What};
use crate::api::notice::{Notice, PlayNews};
use crate::api::plan::PlayPlan;
use crate::api::status::PlayStats;
use crate::device::{clock, wall};
use crate::flow::Notices;
use crate::flow::frame::Frame;
use crate::flow::lane::Sender;
use crate::flow::worker::Handle;
use crate::h264::orientation::Orientation;
use crate::h264::sei::Stamp;
use crate::media::{SoundCoding, SoundUnit, Span, Time, VideoUnit};
use crate::playout::{Config, News, Output, Playout, Show};
use crate::wish::Part;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use tokio::sync::mpsc;

/// Configurations remembered of each track: units of older ones are long gone.
const CONFIGS: usize = 8;

/// What the thread owns.
pub struct PlayoutWorker {
    pub player: usize,
    pub plans: Plans,
    pub arrivals: mpsc::Receiver<Arrival>,
    pub coded: Sender<Coded>,
    /// For the end of a stream.
    pub frames: Sender<Frame>,
    pub pieces: Sender<Piece>,
    pub speaker: SpeakerFacts,
    pub gauges: Arc<Gauges>,
    pub notices: Notices,
}

/// What belongs to one session.
struct Playing {
    session: Arc<Session>,
    playout: Playout,
    video_track: VideoTrack,
    sound_track: SoundTrack,
    video: Configs<Arc<VideoConfig>>,
    audio: Configs<SoundCoding>,
    sound: SoundPath,
    rotation: Rotation,
    second: Second,
    lost: u64,
}

/// Numbered configurations of a track.
struct Configs<T> {
    known: VecDeque<(u32, T)>,
    last: u32,
}

impl<T: PartialEq> Configs<T> {
    fn new() -> Self {
        Self { known: VecDeque::new(), last: 0 }
    }

    /// The number of `config`; the same again keeps its number.
    fn add(&mut self, config: T) -> u32 {
        if self.known.back().is_none_or(|(_, known)| *known != config) {
            self.last = self.last.wrapping_add(1);
            if self.known.len() == CONFIGS {
                self.known.pop_front();
            }
            self.known.push_back((self.last, config));
        }
        self.last
    }

    fn get(&self, number: u32) -> Option<&T> {
        self.known.iter().find(|known| known.0 == number).map(|known| &known.1)
    }
}

impl PlayoutWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut playing: Option<Playing> = None;
        while !handle.stopped() {
            handle.progressed();
            while let Ok(arrival) = self.arrivals.try_recv() {
                // Looked at behind the arrival: the plan that it was asked for by is there then, and none of a stream's
                // beginning is taken for the rest of one that was left.
                let plan = self.plans.get();
                if plan.active {
                    self.take(&mut playing, arrival, &plan);
                }
            }
            let plan = self.plans.get();
            if !plan.active && playing.take().is_some() {
                (self.notices)(Notice::PlayStats { player: self.player, stats: PlayStats::default() });
            }
            let deadline = playing.as_mut().map(|playing| {
                playing.playout.configure(config(&plan));
                self.play(playing, &plan)
            });
            if self.arrivals.is_empty() {
                handle.bell().wait(deadline);
            }
        }
    }

    fn take(&self, playing: &mut Option<Playing>, arrival: Arrival, plan: &PlayPlan) {
        let Arrival { session, at, what } = arrival;
        if playing.as_ref().is_none_or(|playing| !Arc::ptr_eq(&playing.session, &session)) {
            *playing = Some(Playing {
                playout: Playout::new(config(plan)),
                video_track: VideoTrack::new(),
                sound_track: SoundTrack::default(),
                video: Configs::new(),
                audio: Configs::new(),
                sound: SoundPath::default(),
                rotation: Rotation::default(),
                second: Second::new(&self.gauges, at),
                lost: self.coded.lost(),
                session,
            });
        }
        let Some(playing) = playing else { return };
        match what {
            What::Begin => {
                playing.playout.restart();
                playing.video_track.begin();
                playing.sound_track.begin();
            }
            What::Video { timestamp_ms, body } => playing.video(timestamp_ms, &body, at),
            What::Audio { timestamp_ms, body } => playing.audio(timestamp_ms, &body, at),
            What::Rotation(degrees) => playing.rotation.tell(degrees),
            What::Finish => {
                playing.playout.restart();
                // Metadata that come from here on are the next publisher's, also in front of its beginning.
                playing.rotation = Rotation::default();
                self.frames.put(Frame::Blank);
            }
        }
    }

    /// Gives out what is due; returns when to come again.
    fn play(&self, playing: &mut Playing, plan: &PlayPlan) -> Time {
        let fact = *self.speaker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fact) = fact {
            playing.playout.set_speaker(fact.clocked, fact.delay);
        }
        playing.playout.set_decoder_delay(self.gauges.stay());
        loop {
            playing.playout.hold_video(self.coded.waiting() >= CROWDED);
            let Some(output) = playing.playout.poll(clock::now()) else { break };
            match output {
                Output::Video { unit, config, show, waited } => {
                    playing.second.waited(waited);
                    let show = if plan.paused { Show::Never } else { show };
                    self.decode(playing, unit, config, show, waited);
                }
                Output::Sound { unit, config, due, .. } => self.sound(playing, &unit, config, due, plan),
                Output::News(News::Loading(loading)) => playing.session.loading(loading),
                Output::News(News::DataLag) => playing.session.trouble(PlayNews::DataLag),
                Output::News(News::Discontinuity) => playing.session.trouble(PlayNews::Discontinuity),
            }
        }
        let now = clock::now();
        if now >= playing.second.due() {
            let figures = playing.playout.figures();
            let stats = playing.second.take(&self.gauges, Some(&playing.session), figures, now);
            let stats = PlayStats { queue_ms: playing.playout.oldest(now).as_millis_f64(), ..stats };
            (self.notices)(Notice::PlayStats { player: self.player, stats });
        }
        let due = playing.second.due();
        playing.playout.deadline(now).map_or(due, |at| at.min(due))
    }

    fn decode(&self, playing: &mut Playing, unit: VideoUnit, config: u32, show: Show, waited: Span) {
        let Some(config) = playing.video.get(config).cloned() else { return };
        let turn = playing.rotation.of(Orientation::find(&unit.data, config.length_size), unit.idr);
        let captured = Stamp::find(&unit.data, config.length_size).and_then(|stamp| {
            let here = wall::clocks();
            let captured = stamp.captured_here(&here)?;
            playing.second.travelled(here.now - waited - (captured + stamp.encoded));
            Some(captured)
        });
        let session = playing.session.clone();
        if unit.idr {
            session.first_idr();
        }
        self.coded.put_unit(Coded { unit, show, captured, turn, config, session });
        let lost = self.coded.lost();
        if lost != std::mem::replace(&mut playing.lost, lost) {
            playing.session.trouble(PlayNews::Discontinuity);
        }
    }

    fn sound(&self, playing: &mut Playing, unit: &SoundUnit, config: u32, due: Time, plan: &PlayPlan) {
        let deaf = self.speaker.lock().unwrap_or_else(PoisonError::into_inner).is_none();
        let Some(config) = playing.audio.get(config) else { return };
        match playing.sound.run(&unit.data, config) {
            // What is not to be heard is decoded all the same: half of a frame lies over the one before it.
            Ok(Some(_)) if plan.paused => {}
            // Without a loudspeaker it plays into nothing, as pictures do that have no place on the screen.
            Ok(Some(_)) if deaf => playing.session.heard(),
            Ok(Some((samples, format))) => {
                let session = playing.session.clone();
                self.pieces.put(Piece { samples, due, format, session });
            }
            Ok(None) => {}
            Err(error) => playing.session.trouble(PlayNews::SoundDecodeFailed(error.to_string())),
        }
    }
}

impl Playing {
    fn video(&mut self, timestamp_ms: i64, body: &Bytes, at: Time) {
        match self.video_track.read(timestamp_ms, body) {
            Ok(VideoBody::Config(config)) => self.configure(config),
            Ok(VideoBody::Unit { config, unit }) => {
                config.into_iter().for_each(|config| self.configure(config));
                self.second.video(unit.data.len(), unit.idr, unit.dts);
                self.playout.handle_video(unit, at);
                self.session.wishes.lacks(Part::Playout, self.playout.awaits_idr());
            }
            Ok(VideoBody::Nothing) => {}
            Err(Trouble::Damaged(words)) => {
                self.session.wishes.lacks(Part::Playout, self.video_track.awaits_idr());
                self.session.trouble(PlayNews::VideoDecodeFailed(words));
            }
            Err(Trouble::Unplayable(unplayable)) => self.session.unplayable(unplayable),
        }
    }

    fn configure(&mut self, config: VideoConfig) {
        self.session.has_pictures();
        let number = self.video.add(Arc::new(config));
        self.playout.set_video_config(number);
    }

    fn audio(&mut self, timestamp_ms: i64, body: &Bytes, at: Time) {
        match self.sound_track.read(timestamp_ms, body) {
            Ok(AudioBody::Config(coding)) => self.playout.set_sound_config(self.audio.add(coding)),
            Ok(AudioBody::Unit { coding, unit }) => {
                coding.into_iter().for_each(|coding| self.playout.set_sound_config(self.audio.add(coding)));
                self.second.sound(unit.data.len());
                self.playout.handle_sound(unit, at);
            }
            Ok(AudioBody::Nothing) => {}
            Err(words) => self.session.trouble(PlayNews::SoundDecodeFailed(words)),
        }
    }
}

fn config(plan: &PlayPlan) -> Config {
    let (min_cache, max_cache) = (plan.min_cache.max(Span::ZERO), plan.max_cache.max(Span::ZERO));
    Config { mode: plan.mode, min_cache, max_cache }
}

#[cfg(test)]
mod tests;
