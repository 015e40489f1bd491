//! When what is received is decoded, shown and heard.
//!
//! Units go in with their arrival ([`Playout::handle_video`], [`Playout::handle_sound`]); [`Playout::poll`] gives
//! out what is due, and [`Playout::deadline`] says when to ask again. Sound is master: it plays as soon as its
//! jitter allows, and pictures follow it; without sound, or without pictures, the other track runs alone.
//!
//! * A call (RTC) shows each picture at once unless it would be more than [`sync::MOST_LEAD`] ahead of its sound;
//!   sound waits for a slow picture, [`sync::MOST_WAIT`] at most. What is more than [`BEHIND`] late, and the burst
//!   of old pictures a server sends at a join, is decoded but not shown; sound of that age is skipped.
//! * Live keeps a cache between `min_cache` and `max_cache`, which grows when it ran empty. It shrinks again, after
//!   a calm half minute and by a twentieth of real time, while there is no sound; with sound it keeps its size.

mod cache;
mod clock;
mod jitter;
mod queue;
mod release;
pub mod sync;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use crate::media::{SoundUnit, Span, Time, VideoUnit};
use crate::settings::player::PlayMode;
use cache::Cache;
use clock::{StreamClock, Track};
use queue::{Arrival, Held, Queue};
use std::collections::VecDeque;
use sync::LipSync;

/// A call that is further behind than this skips to the live edge.
pub const BEHIND: Span = Span::millis(800);
/// Most that is held back: stream time, and bytes.
pub const MOST_HELD: (Span, usize) = (Span::secs(10), 8 << 20);

/// So long before the loudspeaker has to have it a frame of sound is given out: time to decode and to stretch it.
pub const SOUND_AHEAD: Span = Span::millis(40);

/// How to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    pub mode: PlayMode,
    /// Live mode only.
    pub min_cache: Span,
    /// Live mode only; equal to `min_cache` for a fixed delay.
    pub max_cache: Span,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Decode it as `config` says; its first sample is to leave the loudspeaker at `due`. It is given out ahead of
    /// that, by [`SOUND_AHEAD`] and what the loudspeaker needs, or at once when it came later; it waited here for so
    /// long. Dues of successive frames run at 0.9 to 1.1 of the frames' length, except where frames were skipped or
    /// came too late: there they leap.
    Sound { unit: SoundUnit, config: u32, due: Time, waited: Span },
    /// Decode it now as `config` says; it waited here for so long.
    Video { unit: VideoUnit, config: u32, show: Show, waited: Span },
    /// Something to tell.
    News(News),
}

/// What becomes of a decoded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// It is shown at this moment, not before the unit was given out.
    At(Time),
    /// It is too old to be seen; later ones refer to it.
    Never,
}

/// News of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing left to play (true), or playing again (false).
    Loading(bool),
    /// Units come too unevenly for the buffer as it is.
    DataLag,
    /// The stream's time jumped, or pictures are missing.
    Discontinuity,
}

/// The figures of a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// By how much arrival varies.
    pub jitter: Span,
    /// The delay that is added on purpose.
    pub buffer: Span,
    /// By how much the last picture was ahead of its sound.
    pub lead: Span,
    /// Pictures given out not to be shown, or not given out at all.
    pub dropped: u64,
    /// Sound that was skipped.
    pub skipped: Span,
}

/// One stream's playing.
#[derive(Clone, Debug)]
pub struct Playout {
    config: Config,
    clock: StreamClock,
    video: Queue<VideoUnit>,
    sound: Queue<SoundUnit>,
    sync: LipSync,
    cache: Cache,
    /// The loudspeaker keeps its own pace, and has to have a sample so long before it leaves.
    speaker: (bool, Span),
    /// The last frame of sound given out: its due and its position.
    said: Option<(Time, Span)>,
    /// How long a picture is in the decoder at least.
    decoder: Span,
    news: VecDeque<News>,
    /// Pictures from here on have what they refer to.
    chain: bool,
    /// A picture was given out.
    begun: bool,
    /// Nobody takes pictures at the moment.
    crowded: bool,
    loading: bool,
    ended: bool,
    /// When the unit after the last one given out would be due.
    expected: Option<Time>,
    figures: Figures,
}

/// The moment a unit arrived, less its stream position.
fn transit(arrival: Time, position: Span) -> Span {
    arrival - Time::default() - position
}

/// The moment at which `position` is played with `delay`.
fn moment(position: Span, delay: Span) -> Time {
    Time::default() + position + delay
}

impl Playout {
    /// A stream that has not begun.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            clock: StreamClock::default(),
            video: Queue::new(),
            sound: Queue::new(),
            sync: LipSync::default(),
            cache: Cache::new(config.min_cache, config.max_cache),
            speaker: (false, Span::ZERO),
            said: None,
            decoder: Span::ZERO,
            news: VecDeque::new(),
            chain: false,
            begun: false,
            crowded: false,
            loading: false,
            ended: false,
            expected: None,
            figures: Figures::default(),
        }
    }

    /// Begins anew, for another session or after the publisher came back. What is held is given up.
    pub fn restart(&mut self) {
        let (speaker, decoder, figures) = (self.speaker, self.decoder, self.figures);
        let (video, sound) = (self.video.config, self.sound.config);
        *self = Self { speaker, decoder, figures, ..Self::new(self.config) };
        (self.video.config, self.sound.config) = (video, sound);
    }

    /// Plays by other rules from here on; what is held stays.
    pub fn configure(&mut self, config: Config) {
        if config != self.config {
            self.config = config;
            self.cache = Cache::new(config.min_cache, config.max_cache);
        }
    }

    /// What the loudspeaker is: `clocked` if it plays at its own pace, or else whoever listens takes a frame whole;
    /// and how long before its due a sample has to be there.
    pub fn set_speaker(&mut self, clocked: bool, delay: Span) {
        self.speaker = (clocked, delay);
    }

    /// How long a picture is in the decoder at least: with pictures out of order, until those before it are there.
    pub fn set_decoder_delay(&mut self, delay: Span) {
        self.decoder = delay;
    }

    /// Pictures from here on are decoded by the configuration that the caller numbers `config`.
    pub fn set_video_config(&mut self, config: u32) {
        self.video.config = config;
    }

    /// Sound from here on is decoded by the configuration that the caller numbers `config`.
    pub fn set_sound_config(&mut self, config: u32) {
        self.sound.config = config;
    }

    /// While true no pictures are given out: the decoder has enough to do.
    pub fn hold_video(&mut self, crowded: bool) {
        self.crowded = crowded;
    }

    /// The publisher ended the stream: what is held is played, and silence after it is no fault.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Takes an access unit that arrived at `now`. Pictures before the first IDR are of no use and left out.
    pub fn handle_video(&mut self, mut unit: VideoUnit, now: Time) {
        if !self.chain && !unit.idr {
            self.figures.dropped += 1;
            return;
        }
        self.chain = true;
        // A picture is shown at most two seconds after its decoding: H.264 reorders sixteen pictures at most.
        let composition = (unit.pts - unit.dts).max(Span::ZERO).min(Span::secs(2));
        let (dts, jumped) = self.clock.place(Track::Video, unit.dts, now);
        (unit.dts, unit.pts) = (dts, dts + composition);
        self.jumped(jumped);
        let Arrival { relative, stale, catching_up } = self.video.note(dts, now, self.limit());
        match stale {
            true if relative < Span::ZERO => self.sync.forget_pictures(),
            _ if stale || catching_up => {}
            _ => self.sync.arrived(transit(now, unit.pts) + self.decoder, now),
        }
        let config = self.video.config;
        self.video.bytes += unit.data.len();
        self.video.held.push_back(Held { unit, config, arrival: now, stale });
        self.arrived(relative, now);
    }

    /// Takes a frame of sound that arrived at `now`.
    pub fn handle_sound(&mut self, mut unit: SoundUnit, now: Time) {
        let (pts, jumped) = self.clock.place(Track::Sound, unit.pts, now);
        unit.pts = pts;
        self.jumped(jumped);
        let Arrival { relative, stale, .. } = self.sound.note(pts, now, self.limit());
        if stale && relative < Span::ZERO {
            self.sync.forget_sound();
        }
        let config = self.sound.config;
        self.sound.bytes += unit.data.len();
        self.sound.held.push_back(Held { unit, config, arrival: now, stale });
        self.arrived(relative, now);
    }

    /// The figures of now. Counters run on over [`Self::restart`].
    pub fn figures(&self) -> Figures {
        let jitter = self.sound.target.get().max(self.video.target.get());
        let buffer = match self.config.mode {
            PlayMode::Live => self.cache.size(),
            PlayMode::RTC => self.sound.target.get(),
        };
        Figures { jitter, buffer, lead: self.sync.lead(), ..self.figures }
    }

    /// From which relative delay on a unit is too old, and whether one that comes in a burst is.
    fn limit(&self) -> (Span, bool) {
        match self.config.mode {
            PlayMode::RTC => (BEHIND, true),
            PlayMode::Live => (self.cache.most(), false),
        }
    }

    fn jumped(&mut self, jumped: bool) {
        if jumped {
            self.tell(News::Discontinuity);
        }
    }

    fn tell(&mut self, news: News) {
        // Nobody polls for a while: the same news twice say nothing.
        if self.news.len() < 16 && self.news.back() != Some(&news) {
            self.news.push_back(news);
        }
    }

    /// What every arrival brings with it: the live cache learns, and the bounds are kept.
    fn arrived(&mut self, relative: Span, now: Time) {
        self.ended = false;
        if self.config.mode == PlayMode::Live {
            let bases = [self.video.base.get(), self.sound.base.get()];
            let has_sound = self.sync.sound(now).is_some() || !self.sound.held.is_empty();
            if let Some(base) = bases.into_iter().flatten().max()
                && self.cache.note(base, relative, has_sound, now)
            {
                self.tell(News::DataLag);
            }
        }
        while self.sound.over(|unit| unit.pts) {
            self.skip_sound();
        }
        if self.video.over(|unit| unit.dts) || self.video.bytes + self.sound.bytes > MOST_HELD.1 {
            self.skip_to_idr();
            self.tell(News::Discontinuity);
        }
    }

    /// Gives up everything before the next IDR that is held, or everything.
    fn skip_to_idr(&mut self) {
        let next = self.video.held.iter().skip(1).position(|held| held.unit.idr).map(|place| place + 1);
        self.chain = next.is_some();
        let count = next.unwrap_or(self.video.held.len());
        for held in self.video.held.drain(..count) {
            self.video.bytes -= held.unit.data.len();
            self.figures.dropped += 1;
        }
    }

    fn skip_sound(&mut self) {
        if let Some(held) = self.sound.held.pop_front() {
            self.sound.bytes -= held.unit.data.len();
            self.figures.skipped += self.sound.step;
        }
    }
}
