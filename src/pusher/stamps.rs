//! Which pictures carry the moment of their capture, and what this terminal has to say to others in a call, and what it
//! costs: 50 bytes with every IDR and at most twice a second, which is 0.8 kbit/s; while something is played, 29 with
//! every IDR and four times a second, which is 0.9 kbit/s; and 5 in each of those for a wish.

use crate::h264::sei::Stamp;
use crate::h264::word::Word;
use crate::media::{Clocks, Span, Time};
use bytes::{BufMut, Bytes, BytesMut};

/// Between two stamps of pictures that are no IDR.
const EVERY: Span = Span::millis(500);
/// Between two words that say the same: who joins learns whom to ask within this.
const AGAIN: Span = Span::millis(250);

/// See the module's head.
#[derive(Debug, Default)]
pub struct Stamps {
    last: Option<Time>,
    said: Option<(Word, Time)>,
    /// What stands in front of the picture.
    head: Vec<u8>,
}

/// The life of a picture until it was coded.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    pub captured: Time,
    pub taken: Time,
    pub encoded: Time,
}

impl Stamps {
    /// The access unit `framed` (NAL units behind four-byte lengths) as it is sent: with its stamp and the `word` of this
    /// terminal in front of the picture when they are due. `clocks` is only asked then.
    pub fn sent(
        &mut self,
        framed: &[u8],
        idr: bool,
        life: Life,
        word: Option<Word>,
        clocks: impl FnOnce() -> Clocks,
    ) -> Bytes {
        self.head.clear();
        if idr || self.last.is_none_or(|last| life.captured - last >= EVERY) {
            self.last = Some(life.captured);
            let clocks = clocks();
            let stamp = Stamp {
                captured: life.captured,
                utc_us: clocks.utc_at(life.captured),
                synchronised: clocks.synchronised,
                taken: life.taken - life.captured,
                encoded: life.encoded - life.captured,
            };
            put(&mut self.head, |nal| stamp.write(nal));
        }
        let repeats = |said: &(Word, Time), word: &Word| said.0 == *word && life.captured - said.1 < AGAIN;
        if let Some(word) = word.filter(|word| idr || !self.said.as_ref().is_some_and(|said| repeats(said, word))) {
            put(&mut self.head, |nal| word.write(nal));
            self.said = Some((word, life.captured));
        }
        let mut unit = BytesMut::with_capacity(self.head.len() + framed.len());
        unit.put_slice(&self.head);
        unit.put_slice(framed);
        unit.freeze()
    }
}

/// Appends the NAL unit that `write` writes, behind its length.
fn put(head: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let mut nal = Vec::new();
    write(&mut nal);
    head.extend_from_slice(&(nal.len() as u32).to_be_bytes());
    head.extend_from_slice(&nal);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::h264::word::Wish;

    #[test]
    fn every_idr_and_two_pictures_a_second_are_stamped() {
        let clocks = || Clocks { now: Time::from_micros(9_000_000), utc_us: 1_795_000_000_000_000, synchronised: true };
        let (mut stamps, picture) = (Stamps::default(), [0, 0, 0, 2, 0x41, 0x9a]);
        let (mut stamped, mut bytes) = (Vec::new(), 0);
        for n in 0..120 {
            let captured = Time::from_micros(n * 33_333);
            let life = Life { captured, taken: captured + Span::millis(1), encoded: captured + Span::millis(3) };
            let unit = stamps.sent(&picture, n % 50 == 0, life, None, clocks);
            assert!(unit.ends_with(&picture));
            bytes += unit.len() - picture.len();
            if let Some(stamp) = Stamp::find(&unit, 4) {
                assert_eq!((stamp.captured, stamp.encoded), (captured, Span::millis(3)));
                assert_eq!(stamp.utc_us, clocks().utc_us - (clocks().now - captured).as_micros());
                stamped.push(n);
            }
        }
        assert_eq!(stamped, [0, 16, 32, 48, 50, 66, 82, 98, 100, 116]);
        assert!(bytes <= 10 * 60, "{bytes} bytes in four seconds");
    }

    #[test]
    fn a_word_is_said_at_once_when_it_is_another_one_and_else_four_times_a_second() {
        let clocks = || Clocks { now: Time::from_micros(9_000_000), utc_us: 1_795_000_000_000_000, synchronised: true };
        let (mut stamps, mut silent, picture) = (Stamps::default(), Stamps::default(), [0, 0, 0, 2, 0x41, 0x9a]);
        let (mut said, mut bytes) = (Vec::new(), 0);
        for n in 0..60 {
            let captured = Time::from_micros(n * 33_333);
            let life = Life { captured, taken: captured, encoded: captured };
            let wishes = if (20..40).contains(&n) { vec![Wish { of: 0x0101_0101, count: 7 }] } else { vec![] };
            let word = (n >= 4).then_some(Word { from: 0x0707_0707, wishes });
            let unit = stamps.sent(&picture, n == 50, life, word.clone(), clocks);
            assert!(unit.ends_with(&picture));
            if let Some(found) = Word::find(&unit, 4) {
                assert_eq!(Some(found), word);
                said.push(n);
            }
            bytes += unit.len() - silent.sent(&picture, n == 50, life, None, clocks).len();
        }
        assert_eq!(said, [4, 12, 20, 28, 36, 40, 48, 50, 58]);
        assert_eq!(bytes, 29 * said.len() + 5 * 3);
    }
}
