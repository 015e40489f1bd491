//! When sound is due: its frames one behind the other, at the speed that leads to the delay they should have.

use super::queue::Held;
use super::{
    EARLY_SOUND, LATE_SOUND, MOST_WAIT, NEARLY_ALL, News, Output, Playout, SOUND_AHEAD, moment, pace, transit,
};
use crate::media::{Span, Time};
use crate::settings::player::PlayMode;

/// Sound that is left out is so until what comes is no later than this.
const FRESH: Span = Span::millis(40);
/// Sound this far behind when a stream has only begun is of a server's burst.
const PAST: Span = Span::millis(100);
/// A frame that came so much too late is told as a stream that arrives unevenly.
const UNEVEN: Span = Span::millis(60);
/// Pictures wait for no sound that gave nothing for so long.
const SILENT: Span = Span::secs(1);

/// The last frame that was given out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    due: Time,
    pts: Span,
    /// Its position, or that of the last frame left out behind it.
    until: Span,
}

/// What becomes of the frame in front.
enum Next {
    /// Given out at the first, due at the second.
    Play(Time, Time),
    /// It is too old, and there are fresher ones, or right behind it.
    LeaveOut,
    /// Whether fresher ones are right behind it is known at this moment.
    Wait(Time),
}

impl Playout {
    /// What takes a frame whole takes its samples early by half a frame on average. For as long it plays on when the next
    /// frame is late, and does not notice.
    pub(super) fn early(&self) -> Span {
        if self.speaker.0 { Span::ZERO } else { self.sound.step / 2 }
    }

    /// The soonest due of a frame that is there at `at`.
    pub(super) fn soonest(&self, at: Time) -> Time {
        at + self.speaker.1 - self.early()
    }

    /// The delay with which sound is heard at present; `None` when there is none.
    pub(super) fn heard(&self, now: Time) -> Option<Span> {
        self.said.filter(|said| now - said.due <= SILENT).map(|said| transit(said.due, said.pts) - self.early())
    }

    /// The delay sound should have; `None` before the first frame.
    fn sound_goal(&self) -> Option<Span> {
        match self.config.mode {
            PlayMode::Live => Some(self.shortest()? + self.cache.size() + self.speaker.1),
            PlayMode::RTC => {
                let (least, nearly_all) = (self.sound.ways.least()?, self.sound.ways.share(NEARLY_ALL)?);
                let own = least.max(nearly_all - self.early()) + self.speaker.1;
                let pictures = self.picture_delay().map(|delay| delay - EARLY_SOUND - (own - self.early()));
                Some(own + pictures.unwrap_or_default().max(Span::ZERO).min(MOST_WAIT))
            }
        }
    }

    fn next_sound(&self, now: Time) -> Option<Next> {
        let held = self.sound.held.front()?;
        let pts = held.unit.pts;
        let soonest = self.soonest(held.arrival.max(now));
        let wanted = self.sound_goal().map_or(soonest, |goal| moment(pts, goal));
        let late = soonest - wanted;
        // Right behind what was said, and how much of the stream lies between.
        let next = self.said.map(|said| {
            let length = (pts - said.until).max(Span::ZERO);
            (said.due + length, length)
        });
        // A server's burst of the past may come in pieces: the first of them are heard already when the last one comes.
        let behind = next.is_some_and(|(next, _)| next - wanted > PAST);
        let past = behind && self.sound.joins() && self.config.mode == PlayMode::RTC;
        if held.stale || past {
            return Some(Next::LeaveOut);
        }
        if self.fresher_may_follow(late) {
            match self.sound.held.get(1) {
                Some(next) if next.follows || late > FRESH && self.fresh_is_held() => return Some(Next::LeaveOut),
                // The way became longer, and everything comes as late.
                Some(_) => {}
                None => {
                    let known = held.arrival + self.sound.step * 3 / 4;
                    if now < known {
                        return Some(Next::Wait(known));
                    }
                }
            }
        }
        let due = match next.map(|(next, length)| (next, length, wanted - next)) {
            None => wanted,
            Some((next, _, missing)) if missing.abs() > pace::LEAP => wanted.max(next),
            Some((next, length, missing)) => next + pace::change(missing, length, self.config.mode),
        };
        let due = due.max(self.soonest(held.arrival));
        Some(Next::Play((due - self.speaker.1 - SOUND_AHEAD).max(held.arrival), due))
    }

    /// A frame that is `late` may have been held up together with fresher ones, or be the first of a burst.
    fn fresher_may_follow(&self, late: Span) -> bool {
        let limit = if self.skipping { FRESH } else { self.by_mode(LATE_SOUND) };
        late > limit || self.said.is_none() && self.config.mode == PlayMode::RTC
    }

    /// The newest frame is there in time: only what plays is too far behind, because the delay is to be shorter.
    fn fresh_is_held(&self) -> bool {
        let newest = self.sound.held.back().zip(self.sound_goal());
        newest.is_some_and(|(held, goal)| self.soonest(held.arrival) - moment(held.unit.pts, goal) <= FRESH)
    }

    /// When sound has to be looked at again.
    pub(super) fn sound_deadline(&self, now: Time) -> Option<Time> {
        Some(match self.next_sound(now)? {
            Next::Play(give, _) => give,
            Next::LeaveOut => now,
            Next::Wait(until) => until,
        })
    }

    pub(super) fn poll_sound(&mut self, now: Time) -> Option<Output> {
        let due = loop {
            match self.next_sound(now)? {
                Next::LeaveOut => {
                    self.skip_sound();
                    self.skipping = true;
                    if self.said.is_some() && !self.sound.joins() {
                        self.uneven();
                    }
                }
                Next::Play(give, due) if now >= give => break due,
                _ => return None,
            }
        };
        let Held { unit, config, arrival, .. } = self.sound.held.pop_front()?;
        self.sound.bytes -= unit.data.len();
        let due = due.max(self.soonest(now));
        let late = self.said.map_or(Span::ZERO, |said| due - said.due - (unit.pts - said.pts));
        if late > UNEVEN {
            self.uneven();
        }
        self.said = Some(Said { due, pts: unit.pts, until: unit.pts });
        self.skipping = false;
        self.gave(self.sound.step, due);
        Some(Output::Sound { unit, config, due, waited: now - arrival })
    }

    /// Sound was held up; live, the cache tells when it ran empty.
    fn uneven(&mut self) {
        if self.config.mode == PlayMode::RTC {
            self.tell(News::DataLag);
        }
    }

    /// Leaves a frame out: what is behind it joins what was said before it.
    pub(super) fn skip_sound(&mut self) {
        let Some(Held { unit, .. }) = self.sound.held.pop_front() else { return };
        self.sound.bytes -= unit.data.len();
        self.figures.skipped += self.sound.step;
        if let Some(said) = &mut self.said {
            said.until = said.until.max(unit.pts);
        }
    }
}
