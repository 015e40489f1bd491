//! When what is received is decoded, shown and heard.
//!
//! Units go in with their arrival ([`Playout::handle_video`], [`Playout::handle_sound`]); [`Playout::poll`] gives
//! out what is due, and [`Playout::deadline`] says when to ask again.
//!
//! Each track is played with a delay: the moment at which a unit is heard or shown, less its position in the stream.
//! Where the delay should be is taken from the ways of the last ten seconds ([`jitter::Ways`]), so that it rises with
//! the jitter at once and falls when the jitter is ten seconds old. Nothing else is remembered: a sender's clock that
//! is wrong moves all ways alike, is followed within seconds, and leaves no slope however long a stream runs. The
//! delay goes there by the speed of playing ([`pace::change`]), at most a tenth in a call and a twentieth live.
//!
//! * A call (RTC) delays sound by the way that nearly all of its frames keep within, and pictures by a little less,
//!   because a picture may be [`LATE_PICTURE`] late before anybody sees it. Pictures lead their sound by
//!   [`MOST_LEAD`] at most; sound waits for pictures that are slower, by [`MOST_WAIT`] at most. Sound that was held up
//!   by more than [`LATE_SOUND`] is left out, and played on with what is fresh; pictures more than [`BEHIND`] late, and
//!   the burst of old units a server sends at a join, are decoded and not shown. While the next picture is awaited those
//!   in hand are spread out, so that a break becomes a few small ones.
//! * Live is behind the shortest way by a cache between `min_cache` and `max_cache`. It becomes longer when it ran
//!   empty, and after a calm half minute shorter again, by a twentieth of real time.

mod cache;
mod clock;
mod jitter;
mod pace;
mod queue;
mod release;
mod sound;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use crate::media::{SoundUnit, Span, Time, VideoUnit};
use crate::settings::player::PlayMode;
use cache::Cache;
use clock::{StreamClock, Track};
use jitter::Ways;
use queue::{Arrival, Held, Queue};
use sound::Said;
use std::collections::VecDeque;

/// A call that is further behind than this skips to the live edge.
pub const BEHIND: Span = Span::millis(800);
/// Furthest a picture may be ahead of its sound in a call.
pub const MOST_LEAD: Span = Span::millis(60);
/// Sound may be ahead of its picture by this much before it waits, and the longest it then waits in a call.
pub const EARLY_SOUND: Span = Span::millis(20);
pub const MOST_WAIT: Span = Span::millis(150);
/// Two pictures may be this much further apart than they were taken, and still look even.
pub const LATE_PICTURE: Span = Span::millis(40);
/// Sound later than this is left out: in a call, and live.
pub const LATE_SOUND: (Span, Span) = (Span::millis(300), Span::millis(60));
/// Most that is held back: stream time, and bytes.
pub const MOST_HELD: (Span, usize) = (Span::secs(10), 8 << 20);
/// So many per mille of what arrives is to be there in time.
const NEARLY_ALL: usize = 975;
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
    /// long. Dues of successive frames run at 0.9 to 1.1 of the frames' length, except where frames were left out or
    /// came too late: there they leap. Where no pace is kept a due may have passed, by half a frame.
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
    /// The ways of pictures by their showing time; those of the queue go by their decoding time.
    shows: Ways,
    said: Option<Said>,
    /// Sound is left out until some comes that is fresh.
    skipping: bool,
    /// The delay of the last picture given out, and its decoding position.
    line: Option<(Span, Span)>,
    /// When the last picture was shown, and its position.
    shown: Option<(Time, Span)>,
    cache: Cache,
    /// The loudspeaker keeps its own pace, and has to have a sample so long before it leaves.
    speaker: (bool, Span),
    /// How long a picture is in the decoder at least.
    decoder: Span,
    news: VecDeque<News>,
    /// Pictures from here on have what they refer to.
    chain: bool,
    /// A picture was given out to be shown.
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
            shows: Ways::default(),
            said: None,
            skipping: false,
            line: None,
            shown: None,
            cache: Cache::new(config.min_cache, config.max_cache),
            speaker: (false, Span::ZERO),
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
        let Arrival { stale, follows, counts, anew } = self.video.note(dts, now, self.limit());
        if anew {
            self.shows.forget();
        }
        if counts {
            self.shows.note(transit(now, unit.pts), now);
        }
        let config = self.video.config;
        self.video.bytes += unit.data.len();
        self.video.held.push_back(Held { unit, config, arrival: now, stale, follows });
        self.arrived(dts, now);
    }

    /// Pictures are left out until an IDR comes: at the beginning, and where too much was held.
    pub fn awaits_idr(&self) -> bool {
        !self.chain
    }

    /// Takes a frame of sound that arrived at `now`.
    pub fn handle_sound(&mut self, mut unit: SoundUnit, now: Time) {
        let (pts, jumped) = self.clock.place(Track::Sound, unit.pts, now);
        unit.pts = pts;
        self.jumped(jumped);
        let Arrival { stale, follows, .. } = self.sound.note(pts, now, self.limit());
        let config = self.sound.config;
        self.sound.bytes += unit.data.len();
        self.sound.held.push_back(Held { unit, config, arrival: now, stale, follows });
        self.arrived(pts, now);
    }

    /// The figures of now. Counters run on over [`Self::restart`].
    pub fn figures(&self) -> Figures {
        let spread = |ways: &Ways| Some(ways.share(NEARLY_ALL)? - ways.least()?);
        let (sound, pictures) = (spread(&self.sound.ways), spread(&self.video.ways));
        let jitter = sound.max(pictures).unwrap_or_default();
        let buffer = match self.config.mode {
            PlayMode::Live => self.cache.size(),
            PlayMode::RTC => {
                sound.or_else(|| pictures.map(|pictures| pictures - LATE_PICTURE)).unwrap_or_default().max(Span::ZERO)
            }
        };
        Figures { jitter, buffer, ..self.figures }
    }

    /// How long the oldest unit of those that are held has been here.
    pub fn oldest(&self, now: Time) -> Span {
        let arrivals =
            [self.video.held.front().map(|held| held.arrival), self.sound.held.front().map(|held| held.arrival)];
        arrivals.into_iter().flatten().map(|arrival| now - arrival).max().unwrap_or_default()
    }

    /// From which relative delay on a unit is too old to be seen or heard.
    fn limit(&self) -> Span {
        match self.config.mode {
            PlayMode::RTC => BEHIND,
            PlayMode::Live => self.cache.most(),
        }
    }

    /// The shortest way of the slower track.
    fn shortest(&self) -> Option<Span> {
        self.sound.ways.least().max(self.video.ways.least())
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
    fn arrived(&mut self, position: Span, now: Time) {
        self.ended = false;
        if self.config.mode == PlayMode::Live
            && let Some(shortest) = self.shortest()
            && self.cache.note(transit(now, position) - shortest, now)
        {
            self.tell(News::DataLag);
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
}
