//! What is due: which unit leaves next, when pictures are shown, and when to look again.

use super::{Held, LATE_PICTURE, MOST_HELD, MOST_LEAD, NEARLY_ALL, News, Output, Playout, Show, moment, pace, transit};
use crate::media::{Span, Time, VideoUnit};
use crate::settings::player::PlayMode;

/// So long before its showing a picture is given to the decoder: in a call, and live, where there is time.
const AHEAD: (Span, Span) = (Span::millis(10), Span::millis(50));
/// Furthest a picture may be ahead of its sound live, when sound came too late: half of what is promised.
const LIVE_LEAD: Span = Span::millis(10);
/// So long the first picture of a call waits for one right behind it: it is then the oldest of a burst.
const FOLLOWER: Span = Span::millis(15);
/// A picture that is later than by the shortest way by this much is awaited, and those in hand are spread out until it
/// may come: each is shown by so much later at most.
const AWAITED: Span = Span::millis(25);
const MOST_SPREAD: Span = Span::millis(100);
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
        [video, self.sound_deadline(now), self.starving()].into_iter().flatten().min()
    }

    pub(super) fn by_mode<T>(&self, (call, live): (T, T)) -> T {
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

    pub(super) fn gave(&mut self, step: Span, now: Time) {
        let next = now + step;
        self.expected = Some(self.expected.map_or(next, |at| at.max(next)));
    }

    /// The delay that nearly all pictures need in a call; `None` before the first one.
    pub(super) fn picture_delay(&self) -> Option<Span> {
        let late = self.shows.share(NEARLY_ALL)? - LATE_PICTURE;
        // Pictures out of order come unevenly by nature: three of four are to be on time in any case.
        Some(late.max(self.shows.share(750)?) + self.decoder)
    }

    /// The delay that a picture at `dts` is shown with, unless it comes too late for that.
    fn picture_line(&self, dts: Span, now: Time) -> Option<Span> {
        let heard = self.heard(now);
        let goal = match self.config.mode {
            PlayMode::RTC => self.picture_delay()?.max(heard.map_or(Span::micros(i64::MIN), |heard| heard - MOST_LEAD)),
            PlayMode::Live => match heard {
                Some(heard) => heard,
                None => self.shortest()? + self.cache.size(),
            },
        };
        let line = self.line.map_or(goal, |(line, at)| match goal - line {
            missing if missing.abs() > pace::LEAP || missing < Span::ZERO && self.video.joins() => goal,
            missing => line + pace::change(missing, dts - at, self.config.mode),
        });
        // Where sound leaps, its pictures leap with it.
        let lead = self.by_mode((MOST_LEAD, LIVE_LEAD));
        Some(heard.map_or(line, |heard| line.max(heard - lead)))
    }

    /// When a picture is given out, and when it is shown.
    fn video_times(&self, held: &Held<VideoUnit>, now: Time) -> (Time, Time) {
        let (unit, arrival) = (&held.unit, held.arrival);
        if held.stale {
            return (arrival, arrival);
        }
        if !self.begun {
            let alone = self.video.held.len() == 1 && self.config.mode == PlayMode::RTC;
            let known = if alone { arrival + FOLLOWER } else { arrival };
            return (known, known);
        }
        let Some(line) = self.picture_line(unit.dts, now) else { return (arrival, arrival) };
        let show = moment(unit.pts, line);
        let show = (show + self.spread(unit.pts, line, now)).min(arrival + MOST_HELD.0).max(arrival);
        // Pictures that are shown before this one may have to be decoded after it.
        let composition = unit.pts - unit.dts;
        ((show - composition - self.by_mode(AHEAD)).max(arrival), show)
    }

    /// By how much later than `line` says the picture at `pts` is shown, because the one behind those in hand is awaited
    /// and may be as late as the latest of its kind: a few small gaps are not seen, and a large one is.
    fn spread(&self, pts: Span, line: Span, now: Time) -> Span {
        let known = || {
            let newest = self.video.held.back().filter(|held| held.unit.pts == held.unit.dts)?;
            Some((newest.unit.pts + self.video.step, self.shown?, self.shows.least()?, self.shows.share(1000)?))
        };
        let Some((awaited, (shown, before), least, most)) = known() else { return Span::ZERO };
        let (part, whole) = (pts - before, awaited - before);
        let on_its_way = transit(now, awaited) - least <= AWAITED;
        if self.config.mode == PlayMode::Live || on_its_way || most <= line || part <= Span::ZERO || part > whole {
            return Span::ZERO;
        }
        let begun = transit(shown, before) - line;
        let grows = i128::from((most - line - begun).as_micros()) * i128::from(part.as_micros());
        let spread = begun + Span::micros((grows / i128::from(whole.as_micros())) as i64);
        spread.max(Span::ZERO).min(MOST_SPREAD)
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
        let overtaken = self.video.held.get(1).is_some_and(|next| {
            !next.stale && next.unit.pts > front.unit.pts && self.begun && self.video_times(next, now).1 <= now
        });
        let follower = self.video.held.get(1).is_some_and(|next| next.follows);
        let burst = !self.begun && follower && self.config.mode == PlayMode::RTC;
        let show = if front.stale || overtaken || burst { Show::Never } else { Show::At(show.max(now)) };
        let line = self.picture_line(front.unit.dts, now).zip(Some(front.unit.dts));
        let held = self.video.held.pop_front()?;
        self.video.bytes -= held.unit.data.len();
        match show {
            Show::At(at) => {
                (self.begun, self.line) = (true, line);
                self.shown = Some((at, held.unit.pts));
                let delay = transit(at.max(now + self.decoder), held.unit.pts);
                self.figures.lead = self.heard(now).map_or(Span::ZERO, |heard| heard - delay);
            }
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
}
