//! The moment of capture, carried in the stream itself as user data (H.264, Annex D.1.7): what an end-to-end delay
//! is measured from.
//!
//! Behind the sixteen bytes of [`UUID`] stand, most significant byte first: a version (1), a byte whose lowest bit says
//! that the sender's time of day is kept right by somebody, the capture on the sender's CLOCK_MONOTONIC and in UTC (µs,
//! eight bytes each), and how long after it the encoder took the picture and was done with it (µs, four bytes each).

use super::nal::NalKind;
use crate::media::{Clocks, Span, Time};

/// Names the message as this program's; random (RFC 9562, version 4).
pub const UUID: [u8; 16] =
    [0xe4, 0x7f, 0xb4, 0x24, 0xf2, 0x02, 0x4f, 0xf1, 0xbf, 0x4d, 0xb9, 0xfb, 0x0c, 0x17, 0xeb, 0x48];

/// `payloadType` of user data that a UUID names (H.264, D.1.1).
pub(super) const USER_DATA: u32 = 5;
/// Other messages of this program have another number here.
const VERSION: u8 = 1;
/// UUID, version, flags, two moments, two lengths.
const PAYLOAD: usize = 16 + 1 + 1 + 8 + 8 + 4 + 4;
/// What is read of a unit: messages of others may stand before ours, but not for ever.
const MOST_READ: usize = 1024;
/// A stamp whose picture took longer than this to be encoded, or is older than this on arrival, is none.
const PLAUSIBLE: Span = Span::secs(60);
/// Two clocks whose distance from UTC differs by no more than this are one: both are the kernel's of one machine.
const SAME_CLOCK_US: i64 = 2000;

/// When a picture was captured, as its sender knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// On the sender's CLOCK_MONOTONIC.
    pub captured: Time,
    /// The same moment in UTC, microseconds since 1970.
    pub utc_us: i64,
    /// The sender's time of day is kept right by a time service.
    pub synchronised: bool,
    /// How long after the capture the encoder took it.
    pub taken: Span,
    /// How long after the capture the encoder was done.
    pub encoded: Span,
}

impl Stamp {
    /// The capture on the reader's CLOCK_MONOTONIC: exact when sender and reader share a machine, as good as the two
    /// times of day when both are kept right, and `None` when neither is so or the result is no delay of a call.
    pub fn captured_here(&self, here: &Clocks) -> Option<Time> {
        let apart = here.utc_at(self.captured).saturating_sub(self.utc_us);
        let at = if apart.saturating_abs() <= SAME_CLOCK_US {
            self.captured
        } else if self.synchronised && here.synchronised {
            here.now - Span::micros(here.utc_us.saturating_sub(self.utc_us))
        } else {
            return None;
        };
        (Span::ZERO..=PLAUSIBLE).contains(&(here.now - at)).then_some(at)
    }

    /// Appends it to `out` as a whole NAL unit, without start code or length.
    pub fn write(&self, out: &mut Vec<u8>) {
        let micros = |span: Span| (span.as_micros().clamp(0, PLAUSIBLE.as_micros()) as u32).to_be_bytes();
        let mut payload = Vec::with_capacity(PAYLOAD);
        payload.extend_from_slice(&UUID);
        payload.extend_from_slice(&[VERSION, u8::from(self.synchronised)]);
        payload.extend_from_slice(&self.captured.as_micros().to_be_bytes());
        payload.extend_from_slice(&self.utc_us.to_be_bytes());
        payload.extend_from_slice(&micros(self.taken));
        payload.extend_from_slice(&micros(self.encoded));
        write(&payload, out);
    }

    /// The stamp in a NAL unit; `None` when it holds none of ours that is whole and makes sense.
    pub fn read(nal: &[u8]) -> Option<Self> {
        read(nal, Self::of_message)
    }

    fn of_message(kind: u32, payload: &[u8]) -> Option<Self> {
        payload.strip_prefix(&UUID).filter(|_| kind == USER_DATA).and_then(Self::parse)
    }

    /// The stamp in an access unit of NAL units behind lengths of `length_size` bytes (1 to 4); it stands before the
    /// picture.
    pub fn find(unit: &[u8], length_size: usize) -> Option<Self> {
        find(unit, length_size, Self::of_message)
    }

    /// What stands behind the UUID.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (&[VERSION, flags @ 0..=1], rest) = bytes.split_first_chunk()? else { return None };
        let (captured, rest) = rest.split_first_chunk()?;
        let (utc, rest) = rest.split_first_chunk()?;
        let (taken, rest) = rest.split_first_chunk()?;
        let encoded = <[u8; 4]>::try_from(rest).ok()?;
        let span = |bytes: [u8; 4]| Span::micros(i64::from(u32::from_be_bytes(bytes)));
        let stamp = Self {
            captured: Time::from_micros(i64::from_be_bytes(*captured)),
            utc_us: i64::from_be_bytes(*utc),
            synchronised: flags == 1,
            taken: span(*taken),
            encoded: span(encoded),
        };
        let sensible = stamp.captured >= Time::default() && stamp.utc_us >= 0 && stamp.taken <= stamp.encoded;
        (sensible && stamp.encoded <= PLAUSIBLE).then_some(stamp)
    }
}

/// Appends user data of less than 255 bytes to `out` as a whole NAL unit, without start code or length.
pub(super) fn write(payload: &[u8], out: &mut Vec<u8>) {
    // The header: nal_ref_idc 0, nal_unit_type 6.
    out.push(6);
    let mut zeroes = 0;
    // Behind the payload: rbsp_trailing_bits.
    for &byte in [USER_DATA as u8, payload.len() as u8].iter().chain(payload).chain(&[0x80]) {
        if zeroes == 2 && byte <= 3 {
            out.push(3);
            zeroes = 0;
        }
        zeroes = if byte == 0 { zeroes + 1 } else { 0 };
        out.push(byte);
    }
}

/// The first message in front of the picture that `take` makes something of, in an access unit of NAL units behind
/// lengths of `length_size` bytes (1 to 4). It is given each message's `payloadType` and bytes.
pub(super) fn find<T>(unit: &[u8], length_size: usize, take: impl Fn(u32, &[u8]) -> Option<T>) -> Option<T> {
    let mut rest = unit;
    while !rest.is_empty() && (1..=4).contains(&length_size) {
        let (prefix, after) = rest.split_at_checked(length_size)?;
        let len = prefix.iter().fold(0, |len, &byte| len << 8 | usize::from(byte));
        let (nal, after) = after.split_at_checked(len)?;
        rest = after;
        match NalKind::of(nal) {
            Some(NalKind::Slice | NalKind::Idr) => return None,
            _ => {
                if let Some(found) = read(nal, &take) {
                    return Some(found);
                }
            }
        }
    }
    None
}

/// The first message in a NAL unit that `take` makes something of; `None` also for units of other kinds.
pub(super) fn read<T>(nal: &[u8], take: impl Fn(u32, &[u8]) -> Option<T>) -> Option<T> {
    if NalKind::of(nal) != Some(NalKind::Sei) {
        return None;
    }
    let bytes = without_prevention(nal.get(1..)?);
    let mut rest = bytes.as_slice();
    // What is left at the end is the trailing bits.
    while rest.len() > 1 {
        let kind = coded_number(&mut rest)?;
        let size = coded_number(&mut rest)? as usize;
        let (payload, after) = rest.split_at_checked(size)?;
        rest = after;
        if let Some(found) = take(kind, payload) {
            return Some(found);
        }
    }
    None
}

/// The payload of a NAL unit as it was before emulation prevention (H.264, 7.4.1), as far as it is read.
fn without_prevention(payload: &[u8]) -> Vec<u8> {
    let mut zeroes = 0;
    let kept = payload.iter().take(MOST_READ).filter(|&&byte| {
        let inserted = zeroes >= 2 && byte == 3;
        zeroes = if byte == 0 && !inserted { zeroes + 1 } else { 0 };
        !inserted
    });
    kept.copied().collect()
}

/// A payload's type or size: 255 as often as it fits, and the rest (H.264, 7.3.2.3.1).
fn coded_number(rest: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    loop {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number = number.saturating_add(byte.into());
        if byte != 255 {
            return Some(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::h264::nal::annex_b;
    use crate::testing::mutations;

    const STAMP: Stamp = Stamp {
        captured: Time::from_micros(0x0000_0003_0000_0001),
        utc_us: 1_795_341_600_000_000,
        synchronised: true,
        taken: Span::micros(900),
        encoded: Span::micros(2_300),
    };

    fn written(stamp: &Stamp) -> Vec<u8> {
        let mut nal = Vec::new();
        stamp.write(&mut nal);
        nal
    }

    fn prefixed(nals: &[&[u8]]) -> Vec<u8> {
        nals.iter().flat_map(|nal| (nal.len() as u32).to_be_bytes().into_iter().chain(nal.iter().copied())).collect()
    }

    #[test]
    fn what_is_written_is_read_again_and_holds_no_start_code() {
        let mut random = fastrand::Rng::with_seed(5);
        for n in 0..20_000 {
            // Numbers with many zero bytes are those that need emulation prevention.
            let mut number = |bits: u32| (random.i64(0..=i64::MAX) & random.i64(..)) >> random.u32(63 - bits..63);
            let stamp = Stamp {
                captured: Time::from_micros(number(63)),
                utc_us: number(63),
                synchronised: n % 2 == 0,
                taken: Span::micros(number(12)),
                encoded: Span::micros(4096 + number(20)),
            };
            let nal = written(&stamp);
            assert_eq!(Stamp::read(&nal), Some(stamp));
            assert!(nal.len() <= 64, "{} bytes", nal.len());
            let mut stream = vec![0, 0, 0, 1];
            stream.extend_from_slice(&nal);
            assert_eq!(annex_b(&stream).collect::<Vec<_>>(), [nal.as_slice()]);
        }
    }

    #[test]
    fn it_is_found_in_front_of_the_picture_beside_messages_of_others() {
        let (ours, idr) = (written(&STAMP), [0x65, 0x88, 0x80].as_slice());
        // A recovery point (type 6), then user data of another encoder, in one unit.
        let mut others = vec![6, 6, 1, 0x84, 5, 18];
        others.extend_from_slice(&[0x11; 18]);
        others.push(0x80);
        let mut both = others[..others.len() - 1].to_vec();
        both.extend_from_slice(&ours[1..]);
        assert_eq!(Stamp::find(&prefixed(&[&others, &ours, idr]), 4), Some(STAMP));
        assert_eq!(Stamp::find(&prefixed(&[&both, idr]), 4), Some(STAMP), "in one unit with others");
        assert_eq!(Stamp::find(&prefixed(&[&others, idr]), 4), None);
        assert_eq!(Stamp::find(&prefixed(&[idr, &ours]), 4), None, "behind the picture it is of none");
        assert_eq!(Stamp::find(&prefixed(&[&ours, idr]), 5), None);
    }

    #[test]
    fn damage_never_panics_and_what_is_read_makes_sense() {
        let nal = written(&STAMP);
        let unit = prefixed(&[&nal, &[0x65, 0x88]]);
        for bytes in mutations(&[&nal, &unit], 0x5e1, 40_000) {
            let found = [Stamp::read(&bytes), Stamp::find(&bytes, 4), Stamp::find(&bytes, 1)];
            for stamp in found.into_iter().flatten() {
                assert!(stamp.taken <= stamp.encoded && stamp.encoded <= PLAUSIBLE && stamp.utc_us >= 0);
                let here = Clocks { now: STAMP.captured, utc_us: i64::MAX, synchronised: true };
                let _ = stamp.captured_here(&here);
                assert_eq!(Stamp::read(&written(&stamp)), Some(stamp));
            }
        }
    }

    #[test]
    fn a_delay_is_told_only_where_clocks_agree() {
        let later = |ms: i64, utc_off: i64, mono_off: i64, synchronised| Clocks {
            now: STAMP.captured + Span::millis(ms + mono_off),
            utc_us: STAMP.utc_us + (ms + utc_off) * 1000,
            synchronised,
        };
        let age = |stamp: Stamp, here: Clocks| stamp.captured_here(&here).map(|at| (here.now - at).as_millis());
        let alone = Stamp { synchronised: false, ..STAMP };
        let table = [
            ("one machine", age(STAMP, later(70, 0, 0, false)), Some(70)),
            ("one machine without a time service", age(alone, later(70, 0, 0, false)), Some(70)),
            ("two machines, both right", age(STAMP, later(70, 0, 5_000_000, true)), Some(70)),
            ("two machines, one of them right", age(alone, later(70, 0, 5_000_000, true)), None),
            ("two machines, the other right", age(STAMP, later(70, 0, 5_000_000, false)), None),
            ("two that run apart by a minute", age(STAMP, later(70, 61_000, 0, true)), None),
            ("a picture of the future", age(STAMP, later(70, -200, 0, true)), None),
        ];
        for (name, found, expected) in table {
            assert_eq!(found, expected, "{name}");
        }
    }
}
