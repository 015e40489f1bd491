//! What others wish for from this terminal's encoder, and how much of it they get.

use crate::media::{Span, Time};

/// Between two IDRs on request, whoever asks; and where the network keeps the rate down, because an IDR is dear there.
const REST: (Span, Span) = (Span::millis(500), Span::secs(2));
/// Terminals that are remembered; the one that was silent for longest gives way.
const MOST_SOURCES: usize = 16;
/// For so long: a wish that a server sends once more is no older.
const REMEMBERED: Span = Span::secs(10);

/// See the module's head.
#[derive(Debug, Default)]
pub struct Asked {
    sources: Vec<Source>,
    /// A wish waits for its IDR.
    waits: bool,
    answered: Option<Time>,
    on_request: u64,
}

#[derive(Debug)]
struct Source {
    number: u32,
    /// The newest wish of it.
    count: u8,
    at: Time,
    /// When one of its wishes was taken last: others right behind it are of one burst.
    taken: Time,
}

impl Asked {
    /// Terminal `from` wishes for an IDR, with the count `count`. The same wish may be heard any number of times.
    pub fn hear(&mut self, from: u32, count: u8, now: Time) {
        self.sources.retain(|source| now - source.at < REMEMBERED);
        if let Some(source) = self.sources.iter_mut().find(|source| source.number == from) {
            let newer = count.wrapping_sub(source.count).cast_signed() > 0;
            if newer {
                (source.count, source.at) = (count, now);
            }
            if !newer || now - source.taken < REST.0 {
                return;
            }
            source.taken = now;
        } else {
            if self.sources.len() == MOST_SOURCES {
                self.sources.sort_by_key(|source| source.at);
                self.sources.remove(0);
            }
            self.sources.push(Source { number: from, count, at: now, taken: now });
        }
        self.waits = true;
    }

    /// Is the next picture to be an IDR? `limited`: the network keeps the rate down.
    pub fn due(&self, limited: bool, now: Time) -> bool {
        let rest = if limited { REST.1 } else { REST.0 };
        self.waits && self.answered.is_none_or(|at| now - at >= rest)
    }

    /// An IDR was made; `on_request`: because [`Self::due`] said so.
    pub fn made(&mut self, on_request: bool, now: Time) {
        self.waits = false;
        if on_request {
            self.answered = Some(now);
            self.on_request += 1;
        }
    }

    /// IDRs made on request so far.
    pub fn on_request(&self) -> u64 {
        self.on_request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    /// When, from whom and with which count.
    type Heard = (i64, u32, u8);

    /// When IDRs are made, at thirty pictures a second for `ms`, of the `heard` wishes.
    fn made(heard: &[Heard], limited: bool, ms: i64) -> Vec<i64> {
        let (mut asked, mut made) = (Asked::default(), Vec::new());
        for now in 0..ms {
            heard.iter().filter(|wish| wish.0 == now).for_each(|wish| asked.hear(wish.1, wish.2, at(now)));
            if now % 33 == 0 && asked.due(limited, at(now)) {
                asked.made(true, at(now));
                made.push(now);
            }
            assert!(asked.sources.len() <= MOST_SOURCES);
        }
        assert_eq!(asked.on_request(), made.len() as u64);
        made
    }

    #[test]
    fn wishes_are_obeyed_as_the_table_says() {
        let again = |from, first: u8, every: i64, until: i64| -> Vec<Heard> {
            (0..until / every).map(|n| (n * every, from, first.wrapping_add(n as u8))).collect()
        };
        let table: [(&str, Vec<Heard>, bool, Vec<i64>); 10] = [
            ("one wish, one IDR, with the next picture", vec![(100, 1, 9)], false, vec![132]),
            ("the same heard again and again", (0..90).map(|n| (n * 33, 1, 9)).collect(), false, vec![0]),
            ("another one when the first was of no use", vec![(0, 1, 9), (600, 1, 10)], false, vec![0, 627]),
            ("a count that begins again", vec![(0, 1, 255), (600, 1, 0)], false, vec![0, 627]),
            ("an older one that a server sends again", vec![(0, 1, 9), (600, 1, 8)], false, vec![0]),
            ("a whole burst of old ones", (0..100).map(|n| (n, 1, n as u8)).collect(), false, vec![0]),
            ("two terminals soon after each other", vec![(0, 1, 1), (100, 2, 1)], false, vec![0, 528]),
            ("two at once", vec![(10, 1, 1), (20, 2, 1)], false, vec![33]),
            ("one that never stops", again(1, 250, 600, 2900), false, vec![0, 627, 1221, 1815]),
            ("the same on a narrow way up", again(1, 250, 600, 2900), true, vec![0, 2013]),
        ];
        for (name, heard, limited, expected) in table {
            assert_eq!(made(&heard, limited, 2900), expected, "{name}");
        }
    }

    #[test]
    fn a_wish_that_another_idr_answered_makes_none() {
        let mut asked = Asked::default();
        asked.hear(1, 1, at(0));
        assert!(asked.due(false, at(0)));
        asked.made(false, at(10));
        assert!(!asked.due(false, at(5000)));
        asked.hear(1, 2, at(5000));
        assert!(asked.due(true, at(5000)), "nothing was made on request before");
    }

    #[test]
    fn whatever_is_heard_no_more_is_made_than_two_a_second_and_nothing_grows() {
        let mut random = fastrand::Rng::with_seed(3);
        let heard: Vec<_> = (0..20_000).map(|n| (n, random.u32(..) % 40, random.u8(..))).collect();
        for (limited, rest) in [(false, 500), (true, 2000)] {
            let made = made(&heard, limited, 20_000);
            assert!(made.windows(2).all(|pair| pair[1] - pair[0] >= rest), "{made:?}");
        }
    }

    #[test]
    fn who_was_silent_for_long_may_begin_with_any_count() {
        let heard = [(0, 1, 200), (9000, 1, 90), (10_500, 1, 90)];
        assert_eq!(made(&heard, false, 11_000), [0, 10_527]);
    }
}
