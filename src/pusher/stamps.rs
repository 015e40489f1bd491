//! Which pictures carry the moment of their capture, and what it costs: 50 bytes with every IDR and at most twice a
//! second, which is 0.8 kbit/s.

use crate::h264::sei::Stamp;
use crate::media::{Clocks, Span, Time};
use bytes::{BufMut, Bytes, BytesMut};

/// Between two stamps of pictures that are no IDR.
const EVERY: Span = Span::millis(500);

/// See the module's head.
#[derive(Debug, Default)]
pub struct Stamps {
    last: Option<Time>,
    nal: Vec<u8>,
}

/// The life of a picture until it was coded.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    pub captured: Time,
    pub taken: Time,
    pub encoded: Time,
}

impl Stamps {
    /// The access unit `framed` (NAL units behind four-byte lengths) as it is sent: with its stamp in front of the picture
    /// when one is due. `clocks` is only asked then.
    pub fn sent(&mut self, framed: &[u8], idr: bool, life: Life, clocks: impl FnOnce() -> Clocks) -> Bytes {
        let due = idr || self.last.is_none_or(|last| life.captured - last >= EVERY);
        if !due {
            return Bytes::copy_from_slice(framed);
        }
        self.last = Some(life.captured);
        let clocks = clocks();
        let stamp = Stamp {
            captured: life.captured,
            utc_us: clocks.utc_at(life.captured),
            synchronised: clocks.synchronised,
            taken: life.taken - life.captured,
            encoded: life.encoded - life.captured,
        };
        self.nal.clear();
        stamp.write(&mut self.nal);
        let mut unit = BytesMut::with_capacity(4 + self.nal.len() + framed.len());
        unit.put_u32(self.nal.len() as u32);
        unit.put_slice(&self.nal);
        unit.put_slice(framed);
        unit.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_idr_and_two_pictures_a_second_are_stamped() {
        let clocks = || Clocks { now: Time::from_micros(9_000_000), utc_us: 1_795_000_000_000_000, synchronised: true };
        let (mut stamps, picture) = (Stamps::default(), [0, 0, 0, 2, 0x41, 0x9a]);
        let (mut stamped, mut bytes) = (Vec::new(), 0);
        for n in 0..120 {
            let captured = Time::from_micros(n * 33_333);
            let life = Life { captured, taken: captured + Span::millis(1), encoded: captured + Span::millis(3) };
            let unit = stamps.sent(&picture, n % 50 == 0, life, clocks);
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
}
