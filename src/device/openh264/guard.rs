//! What is looked at before the library sees a stream's bytes.
//!
//! openh264 adds the cropping of an SPS as signed numbers, so a hostile SPS can move its picture outside its
//! buffer, and it allocates up to 9437184 pixels for each of sixteen pictures. Both are decided here instead.

/// Largest picture decoded: 1920x1088, lying or upright.
const MAX_MACROBLOCKS: u32 = 120 * 68;
/// Longest side decoded, in macroblocks of 16 pixels.
const MAX_SIDE: u32 = 120;

/// What an access unit of Annex B holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// A slice of an IDR picture.
    pub idr: bool,
    /// A slice of any kind.
    pub picture: bool,
}

/// Walks the NAL units of `annex_b`; the reason why the unit must not be decoded as an error.
pub fn inspect(annex_b: &[u8]) -> Result<Contents, &'static str> {
    let mut contents = Contents::default();
    for nal in nal_units(annex_b) {
        match nal.first().map_or(0, |header| header & 0x1f) {
            1 => contents.picture = true,
            5 => (contents.picture, contents.idr) = (true, true),
            2..=4 => return Err("data partitioning is not supported"),
            7 => check_sps(nal)?,
            14 | 15 | 20 => return Err("scalable video is not supported"),
            _ => {}
        }
    }
    Ok(contents)
}

/// The NAL units between start codes (ITU-T H.264, Annex B), without their start codes.
fn nal_units(annex_b: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(annex_b);
    std::iter::from_fn(move || {
        let nal = rest?;
        rest = after_start_code(nal);
        Some(match rest {
            // The next unit's start code is left on this one: harmless, since only its head is read.
            Some(next) => &nal[..nal.len() - next.len()],
            None => nal,
        })
    })
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes;
    loop {
        let zero = rest.iter().position(|&byte| byte == 0)?;
        rest = &rest[zero..];
        match rest {
            [0, 0, 1, after @ ..] => return Some(after),
            [_, after @ ..] => rest = after,
            [] => return None,
        }
    }
}

/// Reads a sequence parameter set (ITU-T H.264, 7.3.2.1.1) as far as its cropping.
fn check_sps(nal: &[u8]) -> Result<(), &'static str> {
    let mut bits = Bits::new(nal.get(1..).unwrap_or_default());
    read_sps(&mut bits).unwrap_or(Err("an SPS is cut short"))
}

fn read_sps(bits: &mut Bits) -> Option<Result<(), &'static str>> {
    let profile = bits.take(8)?;
    bits.take(16)?; // constraint flags and level
    bits.ue()?;
    if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(&profile) {
        if bits.ue()? != 1 {
            return Some(Err("only 4:2:0 pictures are supported"));
        }
        if bits.ue()? != 0 || bits.ue()? != 0 {
            return Some(Err("only 8 bits a sample are supported"));
        }
        bits.take(1)?; // qpprime_y_zero_transform_bypass_flag
        if bits.take(1)? == 1 {
            for list in 0..8 {
                if bits.take(1)? == 1 {
                    skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.ue()?; // log2_max_frame_num_minus4
    match bits.ue()? {
        0 => drop(bits.ue()?),
        1 => {
            bits.take(1)?;
            bits.ue()?;
            bits.ue()?;
            let cycle = bits.ue()?;
            if cycle > 255 {
                return Some(Err("an SPS is malformed"));
            }
            for _ in 0..cycle {
                bits.ue()?;
            }
        }
        _ => {}
    }
    bits.ue()?; // max_num_ref_frames
    bits.take(1)?;
    let (width, height) = (bits.ue()?.checked_add(1)?, bits.ue()?.checked_add(1)?);
    if width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_MACROBLOCKS {
        return Some(Err("the picture is larger than 1920x1088"));
    }
    if bits.take(1)? == 0 {
        return Some(Err("interlaced pictures are not supported"));
    }
    bits.take(1)?; // direct_8x8_inference_flag
    if bits.take(1)? == 1 {
        let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
        // Offsets count pairs of pixels; at least one pair must be left.
        if left.saturating_add(right) >= width * 8 || top.saturating_add(bottom) >= height * 8 {
            return Some(Err("an SPS crops its whole picture"));
        }
    }
    Some(Ok(()))
}

/// Skips a scaling list of `size` coefficients (7.3.2.1.1.1).
fn skip_scaling_list(bits: &mut Bits, size: u32) -> Option<()> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..size {
        if next != 0 {
            let code = i64::from(bits.ue()?);
            let delta = if code % 2 == 1 { (code + 1) / 2 } else { -(code / 2) };
            next = (last + delta).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

/// Reads bits of a NAL unit's payload, leaving out emulation prevention bytes (7.4.1).
struct Bits<'a> {
    bytes: &'a [u8],
    zeros: u32,
    byte: u8,
    left: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, zeros: 0, byte: 0, left: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            let (mut byte, mut rest) = self.bytes.split_first()?;
            if self.zeros >= 2 && *byte == 3 {
                (byte, rest) = rest.split_first()?;
                self.zeros = 0;
            }
            self.zeros = if *byte == 0 { self.zeros + 1 } else { 0 };
            (self.byte, self.bytes, self.left) = (*byte, rest, 8);
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | self.bit()?))
    }

    /// An unsigned Exp-Golomb code (9.1); `None` also for one that does not fit 32 bits.
    fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1u32 << zeros) - 1 + self.take(zeros)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes an SPS of the baseline profile from its Exp-Golomb values.
    fn sps(width: u32, height: u32, crop: Option<[u32; 4]>) -> Vec<u8> {
        let mut bits = String::new();
        let ue = |value: u32| {
            let binary = format!("{:b}", u64::from(value) + 1);
            "0".repeat(binary.len() - 1) + &binary
        };
        for value in [0, 0, 0, 0, 1] {
            bits += &ue(value);
        }
        bits += "0";
        bits += &(ue(width / 16 - 1) + &ue(height / 16 - 1));
        bits += "11";
        bits += if crop.is_some() { "1" } else { "0" };
        for value in crop.unwrap_or_default() {
            bits += &ue(value);
        }
        bits += "010000000000000";
        let bytes = bits.as_bytes().chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | (bit & 1)));
        let mut nal = vec![0, 0, 0, 1, 0x67, 66, 0xc0, 31];
        for byte in bytes {
            if nal.ends_with(&[0, 0]) && byte <= 3 {
                nal.push(3);
            }
            nal.push(byte);
        }
        nal
    }

    #[test]
    fn an_sps_passes_or_is_refused_with_its_reason() {
        let table = [
            (sps(640, 368, Some([0, 0, 0, 4])), Ok(())),
            (sps(1920, 1088, None), Ok(())),
            (sps(1088, 1920, None), Ok(())),
            (sps(1936, 1088, None), Err("the picture is larger than 1920x1088")),
            (sps(1920, 1920, None), Err("the picture is larger than 1920x1088")),
            (sps(16 * 60000, 16 * 70000, None), Err("the picture is larger than 1920x1088")),
            (sps(640, 368, Some([160, 160, 0, 0])), Err("an SPS crops its whole picture")),
            (sps(640, 368, Some([u32::MAX - 5000, 5001, 0, 0])), Err("an SPS crops its whole picture")),
            (sps(640, 368, Some([0, 0, 0x8000_0000, 0x7fff_ffff])), Err("an SPS crops its whole picture")),
            (vec![0, 0, 1, 0x67, 66, 0], Err("an SPS is cut short")),
            (vec![0, 0, 1, 0x6f, 66, 0], Err("scalable video is not supported")),
        ];
        for (index, (bytes, expected)) in table.into_iter().enumerate() {
            assert_eq!(inspect(&bytes).map(drop), expected, "row {index}");
        }
    }

    #[test]
    fn slices_are_told_apart() {
        let unit = [&sps(640, 368, None)[..], &[0, 0, 1, 0x68, 1], &[0, 0, 0, 1, 0x65, 9]].concat();
        assert_eq!(inspect(&unit), Ok(Contents { idr: true, picture: true }));
        assert_eq!(inspect(&[0, 0, 1, 0x41, 9]), Ok(Contents { idr: false, picture: true }));
        assert_eq!(inspect(&[1, 2, 3]), Ok(Contents::default()));
        assert_eq!(inspect(&[]), Ok(Contents::default()));
    }
}
