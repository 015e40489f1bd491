//! AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1): the parameter sets as a sequence header.

use super::bits::Bits;
use super::nal::{NalKind, push_annex_b};
use super::sps::{Sps, SpsError};
use bytes::{BufMut, Bytes, BytesMut};

/// Longest parameter set: with everything that H.264 can say in one it has far less. All of a stream's are little memory.
const MOST_SET: usize = 4096;

/// Parameter sets of a stream and how wide its NAL unit lengths are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecoderConfig {
    /// Bytes of the length in front of each NAL unit, 1 to 4.
    pub length_size: usize,
    /// Whole NAL units, at least one and at most 31.
    pub sps: Vec<Bytes>,
    /// Whole NAL units, at least one and at most 255.
    pub pps: Vec<Bytes>,
}

/// Why bytes are no decoder configuration that we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the decoder configuration ends too early")]
    Truncated,
    #[error("decoder configuration of version {0}, only 1 is known")]
    Version(u8),
    #[error("the decoder configuration holds no {0}")]
    Missing(&'static str),
    #[error("what the decoder configuration calls a parameter set is something else")]
    NotAParameterSet,
    #[error("a parameter set of {0} bytes, {MOST_SET} are the most")]
    TooLong(usize),
    #[error(transparent)]
    Sps(#[from] SpsError),
}

impl DecoderConfig {
    /// Reads a record; the parameter sets are copies. What follows them is not looked at.
    pub fn parse(record: &Bytes) -> Result<Self, ConfigError> {
        let Some((&[version, _, _, _, lengths, sps_count], _)) = record.split_first_chunk() else {
            return Err(ConfigError::Truncated);
        };
        if version != 1 {
            return Err(ConfigError::Version(version));
        }
        let mut rest = record.slice(6..);
        let sps = take_sets(&mut rest, sps_count & 0x1f, NalKind::Sps)?;
        let &pps_count = rest.first().ok_or(ConfigError::Truncated)?;
        rest = rest.slice(1..);
        let pps = take_sets(&mut rest, pps_count, NalKind::Pps)?;
        match (sps.is_empty(), pps.is_empty()) {
            (true, _) => Err(ConfigError::Missing("SPS")),
            (_, true) => Err(ConfigError::Missing("PPS")),
            _ => Ok(Self { length_size: usize::from(lengths & 3) + 1, sps, pps }),
        }
    }

    /// Parameter sets that come with the pictures alone, behind four-byte lengths: none yet.
    pub fn in_band() -> Self {
        Self { length_size: 4, sps: Vec::new(), pps: Vec::new() }
    }

    /// The first sequence parameter set, read.
    pub fn first_sps(&self) -> Result<Sps, SpsError> {
        self.sps.first().ok_or(SpsError::NotAnSps).and_then(|sps| Sps::parse(sps))
    }

    /// Takes in a copy of a parameter set that came with a picture: it replaces the one with its number. True when
    /// anything is different now; a NAL unit of another kind, one without a number or a too long one changes nothing.
    pub fn merge(&mut self, nal: &[u8]) -> bool {
        if nal.len() > MOST_SET {
            return false;
        }
        let sets = match NalKind::of(nal) {
            Some(NalKind::Sps) => &mut self.sps,
            Some(NalKind::Pps) => &mut self.pps,
            _ => return false,
        };
        let Some(number) = number_of(nal) else { return false };
        match sets.iter_mut().find(|set| number_of(set) == Some(number)) {
            Some(set) if set == nal => return false,
            Some(set) => *set = Bytes::copy_from_slice(nal),
            None => sets.push(Bytes::copy_from_slice(nal)),
        }
        true
    }

    /// Appends all parameter sets to `out` as Annex B: what a decoder wants in front of an IDR.
    pub fn write_annex_b(&self, out: &mut Vec<u8>) {
        self.sps.iter().chain(&self.pps).for_each(|set| push_annex_b(set, out));
    }
}

/// `seq_parameter_set_id` or `pic_parameter_set_id` (H.264, 7.4.2): at most 31, or 255.
fn number_of(set: &[u8]) -> Option<u32> {
    let sps = NalKind::of(set)? == NalKind::Sps;
    let mut bits = Bits::of_nal(set.get(1..)?);
    if sps {
        // Profile, constraints, level.
        bits.skip(24).ok()?;
    }
    bits.unsigned().ok().filter(|&number| number <= if sps { 31 } else { 255 })
}

/// Takes `count` parameter sets of one kind from the front of `rest`, each behind a two-byte length.
/// Empty ones are passed over.
fn take_sets(rest: &mut Bytes, count: u8, kind: NalKind) -> Result<Vec<Bytes>, ConfigError> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let (&prefix, _) = rest.split_first_chunk().ok_or(ConfigError::Truncated)?;
        let end = 2 + usize::from(u16::from_be_bytes(prefix));
        if rest.len() < end {
            return Err(ConfigError::Truncated);
        }
        let set = rest.split_to(end).slice(2..);
        match NalKind::of(&set) {
            None => {}
            Some(found) if found == kind && set.len() > MOST_SET => return Err(ConfigError::TooLong(set.len())),
            Some(found) if found == kind => sets.push(Bytes::copy_from_slice(&set)),
            Some(_) => return Err(ConfigError::NotAParameterSet),
        }
    }
    Ok(sets)
}

/// The record for one SPS and one PPS (whole NAL units without start code) and four-byte lengths.
pub fn record(sps: &[u8], pps: &[u8]) -> Result<Bytes, ConfigError> {
    let parsed = Sps::parse(sps)?;
    if NalKind::of(pps) != Some(NalKind::Pps) {
        return Err(ConfigError::NotAParameterSet);
    }
    let fits = |length: &u16| usize::from(*length) <= MOST_SET;
    let len = |set: &[u8]| u16::try_from(set.len()).ok().filter(fits).ok_or(ConfigError::TooLong(set.len()));
    let (sps_len, pps_len) = (len(sps)?, len(pps)?);

    let mut record = BytesMut::with_capacity(15 + sps.len() + pps.len());
    record.extend_from_slice(&[1, parsed.profile, parsed.constraints, parsed.level, 0xfc | 3, 0xe0 | 1]);
    record.put_u16(sps_len);
    record.extend_from_slice(sps);
    record.put_u8(1);
    record.put_u16(pps_len);
    record.extend_from_slice(pps);
    if !matches!(parsed.profile, 66 | 77 | 88) {
        let depth = |bits: u8| 0xf8 | (bits - 8);
        record.extend_from_slice(&[
            0xfc | parsed.chroma as u8,
            depth(parsed.luma_depth),
            depth(parsed.chroma_depth),
            0,
        ]);
    }
    Ok(record.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mutations;

    /// The sequence header that ffmpeg writes for a 1080p stream of x264, high profile.
    const HIGH: &[u8] = b"\x01\x64\x00\x28\xff\xe1\x00\x1b\
        \x67\x64\x00\x28\xac\xd9\x40\x78\x02\x27\xe5\xc0\x44\x00\x00\x03\x00\x04\x00\x00\x03\x00\xc8\x3c\x60\xc6\x58\
        \x01\x00\x06\x68\xeb\xe3\xcb\x22\xc0\xfd\xf8\xf8\x00";
    /// Parameter sets of OpenH264.
    const SPS: &[u8] = b"\x67\x42\xc0\x1f\x8c\x8d\x40\x28\x02\xdd\x00\xf0\x88\x46\xa0";
    const PPS: &[u8] = b"\x68\xce\x3c\x80";

    #[test]
    fn a_record_is_written_byte_for_byte_as_ffmpeg_writes_it() {
        let config = DecoderConfig::parse(&Bytes::from_static(HIGH)).unwrap();
        assert_eq!(record(&config.sps[0], &config.pps[0]).unwrap(), HIGH);
        assert_eq!(config.length_size, 4);
        let sps = config.first_sps().unwrap();
        assert_eq!((sps.size.width, sps.size.height), (1920, 1080));
    }

    #[test]
    fn a_baseline_record_has_no_extension_and_gives_its_sets_as_annex_b() {
        let bytes = record(SPS, PPS).unwrap();
        assert_eq!(bytes.len(), 6 + 2 + SPS.len() + 1 + 2 + PPS.len());
        let config = DecoderConfig::parse(&bytes).unwrap();
        let mut out = Vec::new();
        config.write_annex_b(&mut out);
        assert_eq!(out, [b"\0\0\0\x01", SPS, b"\0\0\0\x01", PPS].concat());
    }

    #[test]
    fn parameter_sets_that_come_with_pictures_replace_those_of_their_number() {
        let mut config = DecoderConfig::in_band();
        let (sps, pps) = (Bytes::from_static(SPS), Bytes::from_static(PPS));
        assert!(config.merge(&sps) && config.merge(&pps));
        assert!(!config.merge(&sps) && !config.merge(&pps), "the same again");
        // The same numbers with other contents; then number 1 beside them (010 at the start of a PPS).
        let (other, second) = (Bytes::from_static(b"\x68\xce\x38\x80"), Bytes::from_static(b"\x68\x4e\x3c\x80"));
        assert!(config.merge(&other) && config.merge(&second));
        assert_eq!((config.sps.len(), &config.pps[..]), (1, &[other, second][..]));
        let too_long = [PPS, &[1; MOST_SET]].concat();
        for useless in [&b"\x65\x88"[..], b"\x67\x42", b"", b"\x68\0\0\0\0", &too_long] {
            assert!(!config.merge(useless), "{useless:02x?}");
        }
    }

    #[test]
    fn however_many_damaged_sets_come_they_stay_few() {
        let mut config = DecoderConfig::in_band();
        for bytes in mutations(&[SPS, PPS], 0x5e7, 20_000) {
            config.merge(&bytes);
        }
        assert!(config.sps.len() <= 32 && config.pps.len() <= 256);
    }

    #[test]
    fn wrong_records_are_refused_with_their_reason() {
        let table: [(&[u8], ConfigError); 8] = [
            (b"", ConfigError::Truncated),
            (b"\x01\x42\xc0\x1f\xff", ConfigError::Truncated),
            (b"\x00\x42\xc0\x1f\xff\xe0\x00", ConfigError::Version(0)),
            (b"\x01\x42\xc0\x1f\xff\xe0", ConfigError::Truncated),
            (b"\x01\x42\xc0\x1f\xff\xe0\x00", ConfigError::Missing("SPS")),
            (b"\x01\x42\xc0\x1f\xff\xe1\x00\x01\x67\x00", ConfigError::Missing("PPS")),
            (b"\x01\x42\xc0\x1f\xff\xe1\x00\x01\x68\x00", ConfigError::NotAParameterSet),
            (b"\x01\x42\xc0\x1f\xff\xe1\xff\xff\x67\x00", ConfigError::Truncated),
        ];
        for (bytes, expected) in table {
            assert_eq!(DecoderConfig::parse(&Bytes::from_static(bytes)), Err(expected), "{bytes:02x?}");
        }
        let long = [&b"\x01\x42\xc0\x1f\xff\xe1\x10\x01"[..], &[0x67; 4097], b"\0"].concat();
        assert_eq!(DecoderConfig::parse(&long.into()), Err(ConfigError::TooLong(4097)));
        assert_eq!(record(PPS, PPS), Err(ConfigError::Sps(SpsError::NotAnSps)));
        assert_eq!(record(SPS, SPS), Err(ConfigError::NotAParameterSet));
        assert_eq!(record(SPS, &[0x68; 70_000]), Err(ConfigError::TooLong(70_000)));
    }

    #[test]
    fn damaged_records_never_panic_and_hold_no_more_than_they_have_bytes() {
        let baseline = record(SPS, PPS).unwrap();
        for bytes in mutations(&[HIGH, &baseline], 0xacc, 20_000) {
            let bytes = Bytes::from(bytes);
            let Ok(config) = DecoderConfig::parse(&bytes) else { continue };
            assert!((1..=4).contains(&config.length_size));
            assert!((1..=31).contains(&config.sps.len()) && (1..=255).contains(&config.pps.len()));
            let mut out = Vec::new();
            config.write_annex_b(&mut out);
            assert!(out.len() <= bytes.len() * 2);
            if config.first_sps().is_ok() {
                let (sps, pps) = (&config.sps[0], &config.pps[0]);
                let again = DecoderConfig::parse(&record(sps, pps).unwrap()).unwrap();
                assert_eq!((&again.sps[0], &again.pps[0]), (sps, pps));
            }
        }
    }
}
