//! What the players of this terminal lack, and the wishes that follow.

use crate::h264::word::{MOST_WISHES, Wish};
use crate::media::{Span, Time};

/// From one wish of a session to its next: longer than whoever is asked rests after an IDR, so that none comes too early.
const AGAIN: Span = Span::millis(600);

/// A session that plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ear(u64);

/// Where in a session the picture to go on from is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A connection brings pictures, and none of those they refer to.
    Connection,
    /// Pictures before the next IDR are left out: it begins, something was damaged, or it was too far behind.
    Playout,
    /// The decoder failed in the middle of a GOP.
    Decoder,
}

/// See the module's head.
#[derive(Debug, Default)]
pub struct Asking {
    open: Vec<Open>,
    last: u64,
    count: u8,
    wished: u64,
}

#[derive(Debug)]
struct Open {
    ear: Ear,
    /// Who sends what it plays.
    sender: Option<u32>,
    /// By part.
    lacks: [bool; 3],
    /// The last wish, and when it was first said.
    wish: Option<(Wish, Time)>,
}

impl Asking {
    /// A session begins.
    pub fn open(&mut self) -> Ear {
        self.last += 1;
        let ear = Ear(self.last);
        self.open.push(Open { ear, sender: None, lacks: [false; 3], wish: None });
        ear
    }

    /// It is over.
    pub fn close(&mut self, ear: Ear) {
        self.open.retain(|open| open.ear != ear);
    }

    /// Something is played: whoever sends it may want to know who this is.
    pub fn plays(&self) -> bool {
        !self.open.is_empty()
    }

    /// What it plays is sent by terminal `sender`; `None`: nobody knows by whom, and nothing is lacking.
    pub fn hears(&mut self, ear: Ear, sender: Option<u32>) {
        if let Some(open) = self.of(ear) {
            if sender.is_none() {
                open.lacks = [false; 3];
            }
            open.sender = sender;
        }
    }

    /// Whether it can not go on without an IDR.
    pub fn lacks(&mut self, ear: Ear, part: Part, lacks: bool) {
        if let Some(open) = self.of(ear) {
            open.lacks[part as usize] = lacks;
        }
    }

    /// What is wished for in a picture that leaves at `now`.
    pub fn wishes(&mut self, now: Time) -> Vec<Wish> {
        let mut wishes: Vec<Wish> = Vec::new();
        for open in &mut self.open {
            let Some(of) = open.sender.filter(|_| open.lacks.contains(&true)) else { continue };
            if wishes.len() == MOST_WISHES || wishes.iter().any(|wish| wish.of == of) {
                continue;
            }
            let wish = match open.wish {
                Some((wish, since)) if wish.of == of && now - since < AGAIN => wish,
                _ => {
                    self.count = self.count.wrapping_add(1);
                    self.wished += 1;
                    Wish { of, count: self.count }
                }
            };
            if open.wish.is_none_or(|(last, _)| last != wish) {
                open.wish = Some((wish, now));
            }
            wishes.push(wish);
        }
        wishes
    }

    /// Wishes so far.
    pub fn wished(&self) -> u64 {
        self.wished
    }

    fn of(&mut self, ear: Ear) -> Option<&mut Open> {
        self.open.iter_mut().find(|open| open.ear == ear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    /// Whose IDR is wished for, and the count, at these moments.
    fn said(asking: &mut Asking, moments: impl IntoIterator<Item = i64>) -> Vec<(u32, u8)> {
        let wishes = moments.into_iter().flat_map(|ms| asking.wishes(at(ms)));
        wishes.map(|wish| (wish.of, wish.count)).collect()
    }

    #[test]
    fn a_session_wishes_at_once_and_again_until_it_has_what_it_lacks() {
        let mut asking = Asking::default();
        let ear = asking.open();
        asking.lacks(ear, Part::Playout, true);
        assert_eq!(said(&mut asking, [0, 1000]), [], "nobody is known who could be asked");
        asking.hears(ear, Some(7));
        assert_eq!(said(&mut asking, [1000, 1033, 1599, 1600, 2199, 2200]), [1, 1, 1, 2, 2, 3].map(|n| (7, n)));
        asking.lacks(ear, Part::Connection, true);
        asking.lacks(ear, Part::Playout, false);
        assert_eq!(said(&mut asking, [2233]), [(7, 3)], "one part has it, another has not");
        asking.lacks(ear, Part::Connection, false);
        assert_eq!((said(&mut asking, [2800, 9000]), asking.wished()), (vec![], 3));
    }

    #[test]
    fn what_breaks_again_and_again_wishes_no_more_often() {
        let mut asking = Asking::default();
        let ear = asking.open();
        asking.hears(ear, Some(7));
        for ms in (0..6000).step_by(33) {
            asking.lacks(ear, Part::Decoder, ms % 66 == 0);
            asking.wishes(at(ms));
        }
        assert!((9..=10).contains(&asking.wished()), "{} wishes in six seconds", asking.wished());
    }

    #[test]
    fn each_session_asks_its_own_sender_and_two_of_one_sender_ask_once() {
        let mut asking = Asking::default();
        let ears: Vec<Ear> = (0..7).map(|_| asking.open()).collect();
        for (ear, sender) in ears.iter().zip([1, 1, 2, 3, 4, 5, 6]) {
            asking.hears(*ear, Some(sender));
            asking.lacks(*ear, Part::Connection, true);
        }
        let whom: Vec<u32> = asking.wishes(at(0)).iter().map(|wish| wish.of).collect();
        assert_eq!(whom, [1, 2, 3, 4], "no more than a message may name");
        asking.hears(ears[0], None);
        asking.close(ears[2]);
        let whom: Vec<u32> = asking.wishes(at(0)).iter().map(|wish| wish.of).collect();
        assert_eq!(whom, [1, 3, 4, 5]);
        ears.into_iter().for_each(|ear| asking.close(ear));
        assert!(asking.wishes(at(0)).is_empty() && !asking.plays());
    }

    #[test]
    fn another_sender_of_the_same_stream_is_asked_at_once() {
        let mut asking = Asking::default();
        let ear = asking.open();
        asking.hears(ear, Some(1));
        asking.lacks(ear, Part::Playout, true);
        assert_eq!(said(&mut asking, [0, 100]), [(1, 1), (1, 1)]);
        asking.hears(ear, Some(2));
        assert_eq!(said(&mut asking, [133, 166]), [(2, 2), (2, 2)]);
    }
}
