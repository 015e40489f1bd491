//! What two terminals in a call say to each other in their streams: who sends, and from whom an IDR is wished for. User
//! data as the stamps of [`super::sei`], in a message of its own, so that who knows only stamps passes it over.
//!
//! Behind the sixteen bytes of [`UUID`] stand, most significant byte first: a version (2), the sender's number (four
//! bytes), and for each wish whom it is for (four bytes) and its count (one byte).

use super::sei::{self, USER_DATA, UUID};

const VERSION: u8 = 2;
/// Bytes of a wish.
const WISH: usize = 5;
/// Wishes in a message; more are left out, and a message with more is none.
pub const MOST_WISHES: usize = 4;

/// An IDR that is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The number of the terminal whose IDR it is.
    pub of: u32,
    /// Another one for each wish, growing and beginning again at 0 behind 255.
    pub count: u8,
}

/// What a terminal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its number.
    pub from: u32,
    pub wishes: Vec<Wish>,
}

impl Word {
    /// Appends it to `out` as a whole NAL unit, without start code or length.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut payload = UUID.to_vec();
        payload.push(VERSION);
        payload.extend_from_slice(&self.from.to_be_bytes());
        for wish in self.wishes.iter().take(MOST_WISHES) {
            payload.extend_from_slice(&wish.of.to_be_bytes());
            payload.push(wish.count);
        }
        sei::write(&payload, out);
    }

    /// What is said in front of the picture of an access unit whose NAL units stand behind lengths of `length_size` bytes
    /// (1 to 4); `None`: nothing, or nothing that is whole.
    pub fn find(unit: &[u8], length_size: usize) -> Option<Self> {
        sei::find(unit, length_size, |kind, payload| {
            payload.strip_prefix(&UUID).filter(|_| kind == USER_DATA).and_then(Self::parse)
        })
    }

    /// What stands behind the UUID.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (&[VERSION], rest) = bytes.split_first_chunk()? else { return None };
        let (from, rest) = rest.split_first_chunk()?;
        let (wishes, []) = rest.as_chunks::<WISH>() else { return None };
        let wish = |&[a, b, c, d, count]: &[u8; WISH]| Wish { of: u32::from_be_bytes([a, b, c, d]), count };
        let from = u32::from_be_bytes(*from);
        (wishes.len() <= MOST_WISHES).then(|| Self { from, wishes: wishes.iter().map(wish).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::h264::nal::annex_b;
    use crate::h264::sei::Stamp;
    use crate::media::{Span, Time};
    use crate::testing::mutations;

    const STAMP: Stamp = Stamp {
        captured: Time::from_micros(7_000_000),
        utc_us: 1_795_341_600_000_000,
        synchronised: true,
        taken: Span::micros(900),
        encoded: Span::micros(2_300),
    };

    fn written(word: &Word) -> Vec<u8> {
        let mut nal = Vec::new();
        word.write(&mut nal);
        nal
    }

    /// An access unit of `nals` and a slice.
    fn unit(nals: &[&[u8]]) -> Vec<u8> {
        let all = nals.iter().copied().chain([[0x41, 0x9a].as_slice()]);
        all.flat_map(|nal| [&(nal.len() as u32).to_be_bytes()[..], nal].concat()).collect()
    }

    #[test]
    fn what_is_said_is_heard_again_and_holds_no_start_code() {
        let mut random = fastrand::Rng::with_seed(8);
        for n in 0..20_000 {
            // Numbers with many zero bytes are those that need emulation prevention.
            let mut number = || random.u32(..) & random.u32(..) & random.u32(..) & random.u32(..);
            let wishes = (0..n % 5).map(|n| Wish { of: number(), count: n as u8 }).collect();
            let word = Word { from: number(), wishes };
            let nal = written(&word);
            assert!(nal.len() <= 25 + 5 * word.wishes.len() + 10, "{} bytes", nal.len());
            assert_eq!(Word::find(&unit(&[&nal]), 4), Some(word));
            let stream = [&[0, 0, 0, 1], nal.as_slice()].concat();
            assert_eq!(annex_b(&stream).collect::<Vec<_>>(), [nal.as_slice()]);
        }
        let wishes = vec![Wish { of: 1, count: 1 }; MOST_WISHES + 3];
        let found = Word::find(&unit(&[&written(&Word { from: 9, wishes })]), 4);
        assert_eq!(found.map(|word| word.wishes.len()), Some(MOST_WISHES));
    }

    #[test]
    fn stamp_and_word_are_each_found_beside_the_other() {
        let word = Word { from: 0x0102_0304, wishes: vec![Wish { of: 5, count: 6 }] };
        let (mut stamp, ours) = (Vec::new(), written(&word));
        STAMP.write(&mut stamp);
        for nals in [[stamp.as_slice(), &ours], [&ours, &stamp]] {
            let unit = unit(&nals);
            assert_eq!((Stamp::find(&unit, 4), Word::find(&unit, 4)), (Some(STAMP), Some(word.clone())));
        }
        assert_eq!(Word::find(&unit(&[&stamp]), 4), None, "a sender that only stamps");
        assert_eq!(Stamp::find(&unit(&[&ours]), 4), None);
    }

    #[test]
    fn damage_never_panics_and_names_no_more_than_a_message_may() {
        let word = Word { from: 77, wishes: vec![Wish { of: 0, count: 255 }, Wish { of: u32::MAX, count: 0 }] };
        let (nal, mut stamp) = (written(&word), Vec::new());
        STAMP.write(&mut stamp);
        for bytes in mutations(&[&unit(&[&nal]), &unit(&[&stamp, &nal])], 0x40d, 40_000) {
            for word in [Word::find(&bytes, 4), Word::find(&bytes, 1)].into_iter().flatten() {
                assert!(word.wishes.len() <= MOST_WISHES);
                assert_eq!(Word::find(&unit(&[&written(&word)]), 4), Some(word));
            }
        }
    }
}
