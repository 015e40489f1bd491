//! Where the players of a terminal and its pusher meet over IDRs: what is said of them in the stream it sends, and what
//! was heard of them in the streams it plays.

use crate::h264::word::Word;
use crate::media::Time;
use crate::wish::{Asked, Asking, Ear, Part};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One for each terminal. Clones are the same; its lock is held for a few comparisons.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// This terminal's own, another one with each start.
    number: u32,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    asking: Asking,
    asked: Asked,
}

/// How often it happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Wishes of this terminal's players.
    pub wished: u64,
    /// IDRs of its encoder that others wished for.
    pub on_request: u64,
}

impl Wishes {
    /// Of a terminal that starts.
    pub fn new() -> Self {
        // The keys of a hasher are the system's own random numbers.
        let number = RandomState::new().hash_one(0_u8) as u32;
        Self { number, state: Arc::default() }
    }

    /// A session of a player begins.
    pub fn hearing(&self) -> Hearing {
        Hearing { ear: self.lock().asking.open(), wishes: self.clone() }
    }

    /// What a picture that leaves at `now` may say; `None` while nothing is played.
    pub fn word(&self, now: Time) -> Option<Word> {
        let asking = &mut self.lock().asking;
        asking.plays().then(|| Word { from: self.number, wishes: asking.wishes(now) })
    }

    /// Is the next picture to be an IDR because another terminal wishes for it? `limited`: the network keeps the rate
    /// down.
    pub fn due(&self, limited: bool, now: Time) -> bool {
        self.lock().asked.due(limited, now)
    }

    /// An IDR was made; `on_request`: because [`Self::due`] said so.
    pub fn made(&self, on_request: bool, now: Time) {
        self.lock().asked.made(on_request, now);
    }

    /// How often it happened.
    pub fn counts(&self) -> Counts {
        let state = self.lock();
        Counts { wished: state.asking.wished(), on_request: state.asked.on_request() }
    }

    /// A panicked peer leaves it consistent: every step is complete in itself.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Wishes {
    fn default() -> Self {
        Self::new()
    }
}

/// A session's part in it, until it is dropped.
#[derive(Debug)]
pub struct Hearing {
    wishes: Wishes,
    ear: Ear,
}

impl Hearing {
    /// A picture of its stream said `word` at `now`; `held_up`: it comes late, and what was wished for then may be long
    /// fulfilled.
    pub fn heard(&self, word: &Word, held_up: bool, now: Time) {
        let mut state = self.wishes.lock();
        state.asking.hears(self.ear, Some(word.from));
        for wish in word.wishes.iter().filter(|wish| !held_up && wish.of == self.wishes.number) {
            state.asked.hear(word.from, wish.count, now);
        }
    }

    /// Whether it can not go on without an IDR.
    pub fn lacks(&self, part: Part, lacks: bool) {
        self.wishes.lock().asking.lacks(self.ear, part, lacks);
    }

    /// Its stream begins or is over: another terminal may send it next.
    pub fn anew(&self) {
        self.wishes.lock().asking.hears(self.ear, None);
    }

    /// Nothing of it is played any more.
    pub fn end(&self) {
        self.wishes.lock().asking.close(self.ear);
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    #[test]
    fn who_is_asked_makes_an_idr_and_nobody_else() {
        let terminals = [Wishes::new(), Wishes::new(), Wishes::new()];
        let [asks, is_asked, third] = &terminals;
        let hearings = terminals.each_ref().map(Wishes::hearing);
        hearings[0].heard(&is_asked.word(at(0)).unwrap(), false, at(0));
        hearings[0].lacks(Part::Connection, true);
        let word = asks.word(at(10)).unwrap();
        assert_eq!((word.wishes.len(), asks.counts().wished), (1, 1));
        hearings[1].heard(&word, false, at(20));
        hearings[2].heard(&word, false, at(20));
        assert!(is_asked.due(false, at(30)) && !third.due(false, at(30)) && !asks.due(false, at(30)));
        is_asked.made(true, at(30));
        assert_eq!((is_asked.counts().on_request, is_asked.due(false, at(5000))), (1, false));
        hearings[0].lacks(Part::Connection, false);
        assert_eq!(asks.word(at(5000)).unwrap().wishes, []);
    }

    #[test]
    fn what_was_held_up_on_its_way_asks_for_nothing_and_tells_its_sender_all_the_same() {
        let [here, there] = [Wishes::new(), Wishes::new()];
        let (hearing, far) = (here.hearing(), there.hearing());
        far.heard(&here.word(at(0)).unwrap(), false, at(0));
        far.lacks(Part::Playout, true);
        hearing.heard(&there.word(at(0)).unwrap(), true, at(3000));
        assert!(!here.due(false, at(3000)));
        hearing.lacks(Part::Decoder, true);
        assert_eq!(here.word(at(3000)).unwrap().wishes.len(), 1);
    }

    #[test]
    fn who_plays_nothing_says_nothing_and_each_start_has_another_number() {
        let wishes = Wishes::new();
        assert_eq!(wishes.word(at(0)), None);
        let hearing = wishes.hearing();
        hearing.lacks(Part::Decoder, true);
        hearing.anew();
        assert_eq!(wishes.word(at(0)).map(|word| word.wishes), Some(vec![]));
        hearing.end();
        hearing.lacks(Part::Decoder, true);
        assert_eq!(wishes.word(at(0)), None, "a session that is over has no part in it");
        let numbers: std::collections::HashSet<u32> = (0..20).map(|_| Wishes::new().number).collect();
        assert!(numbers.len() > 15, "{numbers:?}");
    }
}
