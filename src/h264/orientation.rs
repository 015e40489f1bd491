//! How a picture is to be turned to stand upright, as the stream itself says: the display orientation message
//! (H.264, Annex D.1.27 and D.2.27).

use super::bits::{Bits, OutOfBits};
use super::nal::length_prefixed;
use super::sei;

/// `payloadType` of the display orientation (H.264, D.1.1).
const DISPLAY_ORIENTATION: u32 = 47;

/// What a stream says of the pictures from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orientation {
    /// Degrees clockwise: 0, 90, 180 or 270. Any other angle of the stream counts as the nearest of them.
    pub turn: u16,
    /// It holds until another one is said; else for this picture alone.
    pub lasts: bool,
}

impl Orientation {
    /// What the access unit says, whose NAL units stand behind lengths of `length_size` bytes (1 to 4); `None`: nothing.
    /// A picture that is to be flipped in both ways is turned by 180°; a single flip is left out. It is looked for behind
    /// the picture, too: ffmpeg's filter `h264_metadata` puts it there with every IDR but the first.
    pub fn find(unit: &[u8], length_size: usize) -> Option<Self> {
        let said = |kind, payload: &[u8]| (kind == DISPLAY_ORIENTATION).then(|| Self::parse(payload).ok()).flatten();
        length_prefixed(unit, length_size).map_while(Result::ok).find_map(|nal| sei::read(nal, said))
    }

    fn parse(payload: &[u8]) -> Result<Self, OutOfBits> {
        let mut bits = Bits::plain(payload);
        if bits.flag()? {
            return Ok(Self { turn: 0, lasts: true });
        }
        let flips = [bits.flag()?, bits.flag()?];
        // 2^16 are a whole turn, anticlockwise.
        let quarters = (bits.bits(16)? + (1 << 13)) >> 14;
        let half = if flips == [true, true] { 2 } else { 0 };
        let turn = (8 - quarters + half) % 4 * 90;
        Ok(Self { turn: turn as u16, lasts: bits.unsigned()? > 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mutations;

    /// An access unit with the message in front of a slice.
    fn unit(cancel: bool, flips: [bool; 2], angle: u16, period: u8) -> Vec<u8> {
        let bit = |on: bool| u32::from(on);
        // The period as ue(v): 1 is "1" for 0 and "010" for 1; then no extension, and a stop bit.
        let (tail, length) = if period == 0 { (0b101, 3) } else { (0b01001, 5) };
        let (bits, length) = match cancel {
            true => (0b11, 2),
            false => {
                let head = bit(flips[0]) << 17 | bit(flips[1]) << 16 | u32::from(angle);
                (head << length | tail, 19 + length)
            }
        };
        let payload = (bits << (32 - length)).to_be_bytes();
        let size = (length as usize).div_ceil(8);
        let mut nal = vec![6, 47, size as u8];
        nal.extend_from_slice(&payload[..size]);
        nal.push(0x80);
        let both = [nal.as_slice(), &[0x65, 0x88, 0x80]];
        both.iter().flat_map(|nal| [&(nal.len() as u32).to_be_bytes()[..], nal].concat()).collect()
    }

    #[test]
    fn an_angle_against_the_clock_is_a_turn_with_it() {
        let none = [false, false];
        let quarter = 1 << 14;
        let table = [
            (unit(false, none, 0, 1), 0, true),
            (unit(false, none, quarter, 1), 270, true),
            (unit(false, none, quarter * 2, 1), 180, true),
            (unit(false, none, quarter * 3, 0), 90, false),
            (unit(false, [true, true], 0, 1), 180, true),
            (unit(false, [true, true], quarter, 1), 90, true),
            (unit(false, [true, false], quarter, 1), 270, true),
            (unit(false, none, quarter + 1000, 1), 270, true),
            (unit(false, none, u16::MAX, 1), 0, true),
            (unit(true, none, 0, 1), 0, true),
        ];
        for (number, (unit, turn, lasts)) in table.into_iter().enumerate() {
            assert_eq!(Orientation::find(&unit, 4), Some(Orientation { turn, lasts }), "row {number}: {unit:x?}");
        }
        let slice = [0, 0, 0, 3, 0x65, 0x88, 0x80];
        assert_eq!(Orientation::find(&slice, 4), None);
        let behind = [&slice[..], &unit(false, none, quarter * 2, 1)].concat();
        assert_eq!(Orientation::find(&behind, 4), Some(Orientation { turn: 180, lasts: true }));
    }

    #[test]
    fn damage_never_panics_and_gives_only_quarters() {
        let unit = unit(false, [true, false], 12_345, 1);
        for bytes in mutations(&[&unit], 0x0e1, 20_000) {
            let turn = Orientation::find(&bytes, 4).map_or(0, |found| found.turn);
            assert!([0, 90, 180, 270].contains(&turn));
        }
    }
}
