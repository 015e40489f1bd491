//! Reading single bits and exp-Golomb codes, with or without emulation prevention.

/// The bits ended before the syntax did, or an exp-Golomb code has more than 32 bits of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bits end too early")]
pub struct OutOfBits;

/// A reader of bits, most significant first.
#[derive(Clone, Debug)]
pub struct Bits<'a> {
    rest: &'a [u8],
    byte: u8,
    /// Bits of `byte` not yet read.
    left: u32,
    /// Zero bytes just before `rest`, as far as they matter for emulation prevention.
    zeroes: u8,
    /// Skip each 0x03 behind two zero bytes (H.264, 7.4.1).
    prevention: bool,
}

impl<'a> Bits<'a> {
    /// Reads the payload of a NAL unit, its header byte excluded; emulation prevention bytes are removed.
    pub fn of_nal(payload: &'a [u8]) -> Self {
        Self { rest: payload, byte: 0, left: 0, zeroes: 0, prevention: true }
    }

    /// Reads bytes as they stand.
    pub fn plain(bytes: &'a [u8]) -> Self {
        Self { prevention: false, ..Self::of_nal(bytes) }
    }

    fn next_byte(&mut self) -> Result<u8, OutOfBits> {
        let (&first, rest) = self.rest.split_first().ok_or(OutOfBits)?;
        self.rest = rest;
        if self.prevention && self.zeroes >= 2 && first == 3 {
            self.zeroes = 0;
            return self.next_byte();
        }
        self.zeroes = if first == 0 { (self.zeroes + 1).min(2) } else { 0 };
        Ok(first)
    }

    /// One bit: u(1).
    pub fn flag(&mut self) -> Result<bool, OutOfBits> {
        if self.left == 0 {
            self.byte = self.next_byte()?;
            self.left = 8;
        }
        self.left -= 1;
        Ok(self.byte >> self.left & 1 == 1)
    }

    /// `count` bits as a number, at most 32: u(n).
    pub fn bits(&mut self, count: u32) -> Result<u32, OutOfBits> {
        (0..count.min(32)).try_fold(0, |value, _| Ok(value << 1 | u32::from(self.flag()?)))
    }

    /// Passes over `count` bits.
    pub fn skip(&mut self, count: u32) -> Result<(), OutOfBits> {
        (0..count).try_for_each(|_| self.flag().map(drop))
    }

    /// An unsigned exp-Golomb code: ue(v), H.264 9.1.
    pub fn unsigned(&mut self) -> Result<u32, OutOfBits> {
        let mut zeroes = 0;
        while !self.flag()? {
            zeroes += 1;
            if zeroes > 31 {
                return Err(OutOfBits);
            }
        }
        // At most 2^32 - 2: thirty-one bits behind a leading one.
        Ok((1 << zeroes) - 1 + self.bits(zeroes)?)
    }

    /// A signed exp-Golomb code: se(v), H.264 9.1.1.
    pub fn signed(&mut self) -> Result<i32, OutOfBits> {
        let code = self.unsigned()?;
        let magnitude = (code.div_ceil(2)) as i32;
        Ok(if code % 2 == 1 { magnitude } else { -magnitude })
    }

    /// Whether `count` more bits are there.
    pub fn has(&self, count: u32) -> bool {
        self.clone().skip(count).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_codes_follow_the_table_of_the_standard() {
        // 1 010 011 00100 00101 00110 00111 0001000, from table 9-2.
        let bytes = [0b1010_0110, 0b0100_0010, 0b1001_1000, 0b1110_0010, 0b0000_0000];
        let mut bits = Bits::plain(&bytes);
        let unsigned: Vec<u32> = (0..8).map(|_| bits.unsigned().unwrap()).collect();
        assert_eq!(unsigned, [0, 1, 2, 3, 4, 5, 6, 7]);
        let mut bits = Bits::plain(&bytes);
        let signed: Vec<i32> = (0..8).map(|_| bits.signed().unwrap()).collect();
        assert_eq!(signed, [0, 1, -1, 2, -2, 3, -3, 4]);
    }

    #[test]
    fn the_longest_code_is_read_and_a_longer_one_is_refused() {
        let longest = [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Bits::plain(&longest).unsigned(), Ok(u32::MAX - 1));
        assert_eq!(Bits::plain(&longest).signed(), Ok(-i32::MAX));
        assert_eq!(Bits::plain(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]).unsigned(), Err(OutOfBits));
        assert_eq!(Bits::plain(&[0; 3]).unsigned(), Err(OutOfBits));
    }

    #[test]
    fn emulation_prevention_bytes_vanish_only_where_they_are_meant() {
        let bytes = [0, 0, 3, 0, 0, 3, 1, 3];
        let mut nal = Bits::of_nal(&bytes);
        assert_eq!(nal.bits(32), Ok(0));
        assert_eq!(nal.bits(16), Ok(0x0103));
        assert!(!nal.has(1));
        assert_eq!(Bits::plain(&bytes).bits(24), Ok(3));
        assert_eq!(Bits::of_nal(&[0, 0, 3]).bits(24), Err(OutOfBits));
    }

    #[test]
    fn wide_reads_use_all_thirty_two_bits() {
        let mut bits = Bits::plain(&[0x7f, 0xff, 0xff, 0xff, 0x80]);
        assert_eq!(bits.flag(), Ok(false));
        assert_eq!(bits.bits(32), Ok(u32::MAX));
        assert!(bits.has(7) && !bits.has(8));
    }
}
