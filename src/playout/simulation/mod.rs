//! A sender, a network and a clock that is driven: seeded weather, and what must hold in all of it.

mod listener;
mod network;
mod tests;

use super::*;
use bytes::Bytes;

/// What happens to a stream on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    /// The shortest way of a picture.
    pub way: Span,
    /// How much longer the way of sound is.
    pub sound_way: Span,
    /// Each unit is delayed by up to this much, never overtaking another.
    pub jitter: Span,
    /// Nothing arrives between these moments; all of it comes at the second.
    pub stall: Option<(i64, i64)>,
    /// The player joins this far into a stream whose server sends the GOP so far at once.
    pub burst: Span,
    pub sound: bool,
    pub video: bool,
    /// Pictures that are decoded before the ones they are shown after.
    pub reorders: bool,
}

pub(super) const CALM: Weather = Weather {
    way: Span::millis(3),
    sound_way: Span::millis(45),
    jitter: Span::ZERO,
    stall: None,
    burst: Span::ZERO,
    sound: true,
    video: true,
    reorders: false,
};

/// One thing a player did.
#[derive(Clone, Copy, Debug)]
pub(super) enum Did {
    /// Shown or not, with its position as the sender had it.
    Video {
        at: Time,
        pts: Span,
        show: Show,
    },
    Sound {
        at: Time,
        pts: Span,
    },
    News {
        at: Time,
        news: News,
    },
}

const GOP: i64 = 60;
const PICTURE: Span = Span::micros(33_333);
const FRAME: Span = Span::micros(21_333);

enum Unit {
    Video(VideoUnit),
    Sound(SoundUnit),
}

/// The units of `seconds` with their arrivals, in order; the join is at zero.
fn arrivals(weather: &Weather, seconds: i64, seed: u64) -> Vec<(Time, Unit)> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let data = Bytes::from_static(&[0; 800]);
    let mut sent: Vec<(Span, Unit)> = Vec::new();
    if weather.video {
        for n in 0..(Span::secs(seconds) + weather.burst).as_micros() / PICTURE.as_micros() {
            let dts = PICTURE * n;
            let ahead = if !weather.reorders { 0 } else { [2, 4, 1, 0][(n % 4) as usize] };
            let unit = VideoUnit { data: data.clone(), idr: n % GOP == 0, dts, pts: dts + PICTURE * ahead };
            sent.push((dts + weather.way, Unit::Video(unit)));
        }
    }
    if weather.sound {
        for n in 0..(Span::secs(seconds) + weather.burst).as_micros() / FRAME.as_micros() {
            let unit = SoundUnit { data: data.slice(..200), pts: FRAME * n };
            sent.push((FRAME * n + weather.way + weather.sound_way, Unit::Sound(unit)));
        }
    }
    sent.sort_by_key(|unit| unit.0);
    let mut last = Time::default();
    let delayed = sent.into_iter().map(|(leaves, unit)| {
        let delay = Span::micros(rng.i64(0..=weather.jitter.as_micros()));
        let mut at = (Time::default() + leaves - weather.burst + delay).max(last);
        if let Some((from, to)) = weather.stall
            && (from..to).contains(&at.as_millis())
        {
            at = Time::from_micros(to * 1000);
        }
        last = at;
        (at, unit)
    });
    delayed.collect()
}

/// Plays the stream through `playout` and checks after every step what must always hold.
pub(super) fn play(playout: &mut Playout, weather: &Weather, seconds: i64, seed: u64) -> Vec<Did> {
    let mut done = Vec::new();
    let mut heard = Span::micros(i64::MIN);
    let mut said: Option<(Time, Span)> = None;
    let mut now = Time::default();
    let mut units = arrivals(weather, seconds, seed).into_iter().peekable();
    let end = Time::default() + Span::secs(seconds + 2);
    loop {
        let next = units.peek().map(|unit| unit.0);
        let due = playout.deadline(now);
        assert!(
            due.is_none_or(|due| due > now) || now == Time::default(),
            "{weather:?} {seed}: asked again for nothing"
        );
        now = [next, due].into_iter().flatten().min().unwrap_or(end).max(now);
        if now >= end {
            return done;
        }
        while let Some((_, unit)) = units.next_if(|unit| unit.0 <= now) {
            match unit {
                Unit::Video(unit) => playout.handle_video(unit, now),
                Unit::Sound(unit) => playout.handle_sound(unit, now),
            }
        }
        while let Some(output) = playout.poll(now) {
            done.push(match output {
                Output::News(news) => Did::News { at: now, news },
                Output::Sound { unit, due, .. } => {
                    assert!(unit.pts > heard, "{weather:?} {seed}: sound in disorder");
                    assert!(
                        due >= now - playout.early(),
                        "{weather:?} {seed}: sound that should have been heard before"
                    );
                    heard = unit.pts;
                    if let Some((before, pts)) = said.replace((due, unit.pts)) {
                        let (passed, length) = (due - before, unit.pts - pts);
                        let rounded = Span::micros(1);
                        let late = due == playout.soonest(now);
                        assert!(
                            late || passed <= length * 11 / 10 + rounded || passed - length > pace::LEAP,
                            "{weather:?} {seed}: {passed} for {length}"
                        );
                        assert!(
                            length >= FRAME * 2 || passed + rounded >= length * 9 / 10,
                            "{weather:?} {seed}: {passed} for {length}"
                        );
                    }
                    Did::Sound { at: due, pts: unit.pts }
                }
                Output::Video { unit, show, .. } => {
                    let Show::At(at) = show else {
                        done.push(Did::Video { at: now, pts: unit.pts, show });
                        continue;
                    };
                    assert!(at >= now && at - now <= Span::secs(4), "{weather:?} {seed}: {at:?} at {now:?}");
                    Did::Video { at: now, pts: unit.pts, show }
                }
            });
        }
        let held = playout.video.bytes + playout.sound.bytes;
        let sum = playout.video.held.iter().map(|held| held.unit.data.len()).sum::<usize>()
            + playout.sound.held.iter().map(|held| held.unit.data.len()).sum::<usize>();
        assert!(held == sum && held <= MOST_HELD.1, "{weather:?} {seed}: {held} bytes held, {sum} counted");
        assert!(!playout.video.over(|unit| unit.dts) && !playout.sound.over(|unit| unit.pts), "{weather:?} {seed}");
    }
}

/// Latencies of pictures shown between two moments (milliseconds): showing less leaving the sender.
pub(super) fn shown(done: &[Did], join: Span, from: i64, to: i64) -> Vec<Span> {
    let latency = |did: &Did| match *did {
        Did::Video { at, pts, show: Show::At(show) } if (from..to).contains(&at.as_millis()) => {
            Some(show - Time::default() + join - pts)
        }
        _ => None,
    };
    done.iter().filter_map(latency).collect()
}

/// The same of sound.
pub(super) fn heard(done: &[Did], join: Span, from: i64, to: i64) -> Vec<Span> {
    let latency = |did: &Did| match *did {
        Did::Sound { at, pts } if (from..to).contains(&at.as_millis()) => Some(at - Time::default() + join - pts),
        _ => None,
    };
    done.iter().filter_map(latency).collect()
}

/// News told, with their moments in milliseconds.
pub(super) fn news(done: &[Did]) -> Vec<(i64, News)> {
    let told = |did: &Did| match *did {
        Did::News { at, news } => Some((at.as_millis(), news)),
        _ => None,
    };
    done.iter().filter_map(told).collect()
}
