//! What is due: the order in which units leave, what is skipped, and when to look again.

use super::sync::{EARLY_SOUND, MOST_LEAD, MOST_WAIT};
use super::{Held, News, Output, Playout, SOUND_AHEAD, Show, moment, transit};
use crate::media::{SoundUnit, Span, Time, VideoUnit};
use crate::settings::player::PlayMode;

/// So long before its showing a picture is given to the decoder: in a call, and live, where there is time.
const AHEAD: (Span, Span) = (Span::millis(10), Span::millis(50));
/// A picture is never held longer than this for its sound in a call.
const MOST_HOLD: Span = Span::millis(400);
/// Sound that is off by more than this leaps to where it should be; by less it is brought there by its speed.
const LEAP: Span = Span::millis(300);
/// Sound later than this is skipped when more is there: in a call, and live.
const LATE_SOUND: (Span, Span) = (Span::millis(120), Span::millis(60));
/// So long after the next unit was due nothing is left to play: in a call, and live.
const PATIENCE: (Span, Span) = (Span::millis(500), Span::millis(200));

impl Playout {
    /// What is due at `now`, one thing at a time; `None` until [`Self::deadline`] or the next unit.
    pub fn poll(&mut self, now: Time) -> Option<Output> {
        if let Some(news) = self.news.pop_front() {
            return Some(Output::News(news));
        }
        if self.starving().is_some_and(|at| now >= at) {
            self.loading = true;
            return Some(Output::News(News::Loading(true)));
        }
        let output = self.poll_video(now).or_else(|| self.poll_sound(now))?;
        if std::mem::take(&mut self.loading) {
            self.news.push_back(News::Loading(false));
        }
        Some(output)
    }

    /// When [`Self::poll`] has something again, unless a unit arrives before.
    pub fn deadline(&self, now: Time) -> Option<Time> {
        if !self.news.is_empty() {
            return Some(now);
        }
        let video = self.video.held.front().filter(|_| !self.crowded).map(|held| self.video_times(held, now).0);
        let sound = self.sound.held.front().map(|held| self.sound_times(held, now).0);
        [video, sound, self.starving()].into_iter().flatten().min()
    }

    fn by_mode<T>(&self, (call, live): (T, T)) -> T {
        match self.config.mode {
            PlayMode::RTC => call,
            PlayMode::Live => live,
        }
    }

    /// When it has to be said that nothing is left.
    fn starving(&self) -> Option<Time> {
        let waits = self.video.held.is_empty() && self.sound.held.is_empty() && !self.loading && !self.ended;
        self.expected.filter(|_| waits).map(|at| at + self.by_mode(PATIENCE))
    }

    fn gave(&mut self, step: Span, now: Time) {
        let next = now + step;
        self.expected = Some(self.expected.map_or(next, |at| at.max(next)));
    }

    /// What is to be taken off a due for the moment at which sound is heard: what takes a frame whole takes its
    /// samples early by half a frame on average.
    fn early(&self) -> Span {
        if self.speaker.0 { Span::ZERO } else { self.sound.step / 2 }
    }

    /// When a picture is given out, and when it is shown.
    fn video_times(&self, held: &Held<VideoUnit>, now: Time) -> (Time, Time) {
        let (unit, arrival) = (&held.unit, held.arrival);
        if held.stale || !self.begun {
            return (arrival, arrival);
        }
        let ahead = self.by_mode(AHEAD);
        match self.config.mode {
            PlayMode::RTC => {
                let earliest = self.sync.sound(now).map_or(arrival, |heard| moment(unit.pts, heard - MOST_LEAD));
                let show = earliest.min(arrival + MOST_HOLD).max(arrival);
                // Pictures that are shown before this one may have to be decoded after it.
                let composition = unit.pts - unit.dts;
                ((show - composition - ahead).max(arrival), show)
            }
            PlayMode::Live => {
                let Some(delay) = self.cache.delay() else { return (arrival, arrival) };
                let delay = delay + self.sync.sound(now).map_or(Span::ZERO, |_| self.speaker.1 - self.early());
                ((moment(unit.dts, delay) - ahead).max(arrival), moment(unit.pts, delay))
            }
        }
    }

    fn poll_video(&mut self, now: Time) -> Option<Output> {
        if self.crowded {
            return None;
        }
        if self.video.held.front()?.stale && self.begun && self.video.held.iter().skip(1).any(|held| held.unit.idr) {
            self.skip_to_newest_idr();
        }
        let front = self.video.held.front()?;
        let (give, show) = self.video_times(front, now);
        if now < give {
            return None;
        }
        let overtaken =
            self.video.held.get(1).is_some_and(|next| {
                !next.stale && next.unit.pts > front.unit.pts && self.video_times(next, now).1 <= now
            });
        let show = match self.begun {
            false => Show::At(now),
            true if front.stale || overtaken => Show::Never,
            true => Show::At(show.max(now)),
        };
        let held = self.video.held.pop_front()?;
        self.video.bytes -= held.unit.data.len();
        self.begun = true;
        match show {
            Show::At(at) => self.sync.shown(transit(at.max(now + self.decoder), held.unit.pts), now),
            Show::Never => self.figures.dropped += 1,
        }
        self.gave(self.video.step, now);
        Some(Output::Video { unit: held.unit, config: held.config, show, waited: now - held.arrival })
    }

    /// Leaves out what comes before the newest IDR, as far as it is too old to be seen.
    fn skip_to_newest_idr(&mut self) {
        let stale = self.video.held.iter().take_while(|held| held.stale).count();
        let Some(place) = self.video.held.iter().take(stale + 1).rposition(|held| held.unit.idr) else { return };
        for held in self.video.held.drain(..place) {
            self.video.bytes -= held.unit.data.len();
            self.figures.dropped += 1;
        }
    }

    /// The delay with which sound plays in a call: its way, its jitter, what the loudspeaker needs, and a wait for
    /// slow pictures.
    fn call_delay(&self, now: Time) -> Span {
        let natural = self.sound.base.get().unwrap_or_default() + self.sound.target.get() + self.speaker.1;
        let behind =
            self.sync.picture(now).map_or(Span::ZERO, |picture| picture - EARLY_SOUND - (natural - self.early()));
        natural + behind.max(Span::ZERO).min(MOST_WAIT)
    }

    /// When a frame of sound is given out, and when it is due.
    fn sound_times(&self, held: &Held<SoundUnit>, now: Time) -> (Time, Time) {
        let soonest = held.arrival + self.speaker.1;
        let wanted = match self.config.mode {
            _ if held.stale => soonest,
            PlayMode::RTC => moment(held.unit.pts, self.call_delay(now)),
            PlayMode::Live => self.cache.delay().map_or(soonest, |delay| moment(held.unit.pts, delay) + self.speaker.1),
        };
        let due = self.said.map_or(wanted, |(due, pts)| {
            // Behind what was said last, at the speed that leads to where it should be.
            let length = held.unit.pts - pts;
            let (shortest, longest) = (due + length * 9 / 10, due + length * 11 / 10);
            if (wanted - (due + length)).abs() > LEAP { wanted } else { wanted.max(shortest).min(longest) }
        });
        let due = due.max(soonest);
        ((due - self.speaker.1 - SOUND_AHEAD).max(held.arrival), due)
    }

    fn poll_sound(&mut self, now: Time) -> Option<Output> {
        loop {
            let held = self.sound.held.front()?;
            let wanted = match self.config.mode {
                PlayMode::RTC => moment(held.unit.pts, self.call_delay(now)),
                PlayMode::Live => self.sound_times(held, now).1,
            };
            let late = now - wanted > self.by_mode(LATE_SOUND) && self.sound.held.len() > 2;
            if !held.stale && !late {
                break;
            }
            self.skip_sound();
            self.said = None;
        }
        let held = self.sound.held.front()?;
        let (give, due) = self.sound_times(held, now);
        if now < give {
            return None;
        }
        let held = self.sound.held.pop_front()?;
        self.sound.bytes -= held.unit.data.len();
        let due = due.max(now + self.speaker.1);
        self.said = Some((due, held.unit.pts));
        self.sync.heard(transit(due, held.unit.pts) - self.early(), now);
        self.gave(self.sound.step, due);
        Some(Output::Sound { unit: held.unit, config: held.config, due, waited: now - held.arrival })
    }
}
