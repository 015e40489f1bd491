//! G.711 (ITU-T): a byte a sample at 8 kHz, A-law or mu-law, by tables.

use super::{DeviceError, Fault, SoundDecoder};
use crate::media::{Law, SoundFormat};

/// Samples a second: G.711 knows no other rate, whatever a tag says.
const RATE: u32 = 8000;
/// Longest frame taken, bytes: two seconds of stereo.
const MAX_FRAME: usize = 32_000;
const NAME: &str = "G.711";

/// Samples by code.
type Table = [i16; 256];

static A_LAW: Table = table(Law::A);
static MU_LAW: Table = table(Law::Mu);

/// A decoder for one stream.
pub struct G711Decoder {
    table: &'static Table,
    channels: u16,
}

impl G711Decoder {
    /// For one or two channels.
    pub fn new(law: Law, channels: u16) -> Self {
        let table = match law {
            Law::A => &A_LAW,
            Law::Mu => &MU_LAW,
        };
        Self { table, channels: channels.clamp(1, 2) }
    }
}

impl SoundDecoder for G711Decoder {
    fn decode(&mut self, frame: &[u8], out: &mut Vec<i16>) -> Result<SoundFormat, DeviceError> {
        out.clear();
        let channels = usize::from(self.channels);
        if frame.is_empty() || frame.len() > MAX_FRAME || !frame.len().is_multiple_of(channels) {
            let words = format_args!("a frame of {} bytes in {channels} channels", frame.len());
            return Err(DeviceError::new(Fault::Damaged, NAME, words));
        }
        out.extend(frame.iter().map(|&code| self.table[usize::from(code)]));
        Ok(SoundFormat { rate: RATE, channels: self.channels })
    }
}

const fn table(law: Law) -> Table {
    let mut table = [0; 256];
    let mut code = 0;
    while code < table.len() {
        table[code] = match law {
            Law::A => a_law(code as u8),
            Law::Mu => mu_law(code as u8),
        };
        code += 1;
    }
    table
}

/// Table 1 of G.711: sign, three bits of segment, four of place in it; every other bit is inverted on the wire. Thirteen
/// bits of value, given out as sixteen.
const fn a_law(code: u8) -> i16 {
    let code = code ^ 0x55;
    let (segment, place) = ((code >> 4) & 7, (code & 15) as i16);
    let magnitude = match segment {
        0 => place * 2 + 1,
        _ => (place * 2 + 33) << (segment - 1),
    };
    let sample = magnitude << 3;
    if code & 0x80 == 0 { -sample } else { sample }
}

/// Table 2 of G.711: likewise with all bits inverted, fourteen bits of value and a bias of 33.
const fn mu_law(code: u8) -> i16 {
    let code = !code;
    let (segment, place) = ((code >> 4) & 7, (code & 15) as i16);
    let sample = (((place * 2 + 33) << segment) - 33) << 2;
    if code & 0x80 == 0 { sample } else { -sample }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(law: Law, codes: &[u8]) -> Vec<i16> {
        let mut out = Vec::new();
        let format = G711Decoder::new(law, 1).decode(codes, &mut out).unwrap();
        assert_eq!(format, SoundFormat { rate: 8000, channels: 1 });
        out
    }

    #[test]
    fn samples_follow_the_tables_of_the_standard() {
        // The ends of the range, the ends of a segment and the smallest values of either sign.
        assert_eq!(decoded(Law::A, &[0xaa, 0x2a, 0xd5, 0x55, 0x80]), [32_256, -32_256, 8, -8, 5504]);
        assert_eq!(decoded(Law::Mu, &[0x80, 0x00, 0xff, 0x7f, 0x8f]), [32_124, -32_124, 0, 0, 16_764]);
        for law in [Law::A, Law::Mu] {
            let all: Vec<u8> = (0..=255).collect();
            let mut samples = decoded(law, &all);
            assert_eq!(samples.iter().map(|&sample| i64::from(sample)).sum::<i64>(), 0, "both signs alike");
            samples.sort_unstable();
            samples.dedup();
            assert!(samples.len() >= 255, "each code is a value of its own; zero has two in mu-law");
        }
    }

    #[test]
    fn a_frame_that_can_not_be_one_is_refused() {
        let mut stereo = G711Decoder::new(Law::A, 2);
        let mut out = vec![1];
        for frame in [&[][..], &[1, 2, 3], &[0; MAX_FRAME + 2]] {
            assert_eq!(stereo.decode(frame, &mut out).map_err(|error| error.fault), Err(Fault::Damaged));
            assert!(out.is_empty());
        }
        assert_eq!(stereo.decode(&[0; 320], &mut out).map(|format| format.channels), Ok(2));
        assert_eq!(out.len(), 320);
    }
}
