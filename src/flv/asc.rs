//! AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1): what an AAC stream is, before a decoder is asked to take it.

use crate::h264::bits::{Bits, OutOfBits};
use crate::media::SoundFormat;

/// `samplingFrequencyIndex` (table 1.18).
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];
/// Channels by `channelConfiguration` (table 1.19); 0 stands for a layout spelled out, which is not read.
const CHANNELS: [u16; 8] = [0, 1, 2, 3, 4, 5, 6, 8];

const LOW_COMPLEXITY: u8 = 2;
const SBR: u8 = 5;
const LOW_DELAY: u8 = 23;
const PARAMETRIC_STEREO: u8 = 29;
const ENHANCED_LOW_DELAY: u8 = 39;

/// What an AAC stream says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioSpecificConfig {
    /// `audioObjectType` of the core: 2 is AAC-LC.
    pub object_type: u8,
    /// Samples a second of the core.
    pub rate: u32,
    /// Channels of the core.
    pub channels: u16,
    /// Samples a channel in a frame of the core.
    pub frame_len: u16,
    /// Samples a second after spectral band replication, where the stream announces it.
    pub sbr_rate: Option<u32>,
    /// One channel is decoded to two.
    pub parametric_stereo: bool,
}

/// Why bytes are no AudioSpecificConfig that we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AscError {
    #[error("the AudioSpecificConfig ends too early")]
    Truncated,
    #[error("audio object type {0} is no AAC that is decoded")]
    ObjectType(u8),
    #[error("{0} samples a second in the AudioSpecificConfig")]
    Rate(u32),
    #[error("channel configuration {0} is not decoded")]
    Channels(u8),
}

impl From<OutOfBits> for AscError {
    fn from(_: OutOfBits) -> Self {
        Self::Truncated
    }
}

impl AudioSpecificConfig {
    /// Reads a config; what follows it is not looked at, but for an announcement of SBR.
    pub fn parse(bytes: &[u8]) -> Result<Self, AscError> {
        let mut bits = Bits::plain(bytes);
        let mut object_type = object_type(&mut bits)?;
        let rate = rate(&mut bits)?;
        let configuration = bits.bits(4)? as u8;
        let channels = CHANNELS.get(usize::from(configuration)).copied().filter(|&count| count > 0);
        let channels = channels.ok_or(AscError::Channels(configuration))?;
        let mut sbr_rate = None;
        let mut parametric_stereo = false;
        if matches!(object_type, SBR | PARAMETRIC_STEREO) {
            parametric_stereo = object_type == PARAMETRIC_STEREO;
            sbr_rate = Some(extension_rate(&mut bits, rate)?);
            object_type = self::object_type(&mut bits)?;
        }
        let frame_len = frame_len(&mut bits, object_type)?;
        if sbr_rate.is_none() && object_type == LOW_COMPLEXITY {
            (sbr_rate, parametric_stereo) = trailing_sbr(&mut bits, rate)?;
        }
        Ok(Self { object_type, rate, channels, frame_len, sbr_rate, parametric_stereo })
    }

    /// What a decoder gives out for this stream.
    pub fn output(&self) -> SoundFormat {
        let channels = if self.parametric_stereo { 2 } else { self.channels };
        SoundFormat { rate: self.sbr_rate.unwrap_or(self.rate), channels }
    }

    /// The codec's name for people.
    pub fn name(&self) -> &'static str {
        match self.object_type {
            _ if self.parametric_stereo => "HE-AAC v2",
            _ if self.sbr_rate.is_some() => "HE-AAC",
            LOW_COMPLEXITY => "AAC-LC",
            LOW_DELAY => "AAC-LD",
            ENHANCED_LOW_DELAY => "AAC-ELD",
            _ => "AAC",
        }
    }
}

/// `GetAudioObjectType`: five bits, or six more behind all ones.
fn object_type(bits: &mut Bits<'_>) -> Result<u8, OutOfBits> {
    Ok(match bits.bits(5)? as u8 {
        31 => 32 + bits.bits(6)? as u8,
        plain => plain,
    })
}

/// A rate by its index, or spelled out in 24 bits.
fn rate(bits: &mut Bits<'_>) -> Result<u32, AscError> {
    let rate = match bits.bits(4)? as usize {
        15 => bits.bits(24)?,
        index => RATES.get(index).copied().unwrap_or(0),
    };
    if (7350..=96_000).contains(&rate) { Ok(rate) } else { Err(AscError::Rate(rate)) }
}

/// The rate after SBR, which doubles the core's or keeps it.
fn extension_rate(bits: &mut Bits<'_>, core: u32) -> Result<u32, AscError> {
    let rate = rate(bits)?;
    if rate == core || rate == 2 * core { Ok(rate) } else { Err(AscError::Rate(rate)) }
}

/// The start of GASpecificConfig (4.4.1) or ELDSpecificConfig (4.6.20): the length of a frame.
fn frame_len(bits: &mut Bits<'_>, object_type: u8) -> Result<u16, AscError> {
    let (long, short) = match object_type {
        1..=4 | 17 => (1024, 960),
        LOW_DELAY | ENHANCED_LOW_DELAY => (512, 480),
        other => return Err(AscError::ObjectType(other)),
    };
    let is_short = bits.flag()?;
    if object_type != ENHANCED_LOW_DELAY {
        if bits.flag()? {
            bits.skip(14)?; // coreCoderDelay
        }
        bits.skip(1)?; // extensionFlag
    }
    Ok(if is_short { short } else { long })
}

/// SBR and parametric stereo announced behind the config, where old decoders do not look.
fn trailing_sbr(bits: &mut Bits<'_>, core: u32) -> Result<(Option<u32>, bool), AscError> {
    const SBR_SYNC: u32 = 0x2b7;
    const STEREO_SYNC: u32 = 0x548;
    let announced = bits.has(17) && bits.bits(11)? == SBR_SYNC && object_type(bits)? == SBR && bits.flag()?;
    if !announced {
        return Ok((None, false));
    }
    let rate = extension_rate(bits, core)?;
    let stereo = bits.has(12) && bits.bits(11)? == STEREO_SYNC && bits.flag()?;
    Ok((Some(rate), stereo))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mutations;

    const GOLDEN: [&[u8]; 9] = [
        b"\x11\x88",
        b"\x12\x10",
        b"\x14\x08\x56\xe5\x00",
        b"\x13\x90\x56\xe5\xa0",
        b"\x13\x88\x56\xe5\xa5\x48\x80",
        b"\x2b\x92\x08\x00",
        b"\x17\x80\x5d\xc0\x08",
        b"\xb9\x88\x00",
        b"\xf8\xe6\x20\x00",
    ];

    #[test]
    fn configs_of_real_encoders_are_read() {
        // Core type, rate, channels, frame length; name; what comes out.
        let table = [
            ((2, 48_000, 1, 1024), "AAC-LC", (48_000, 1)),
            ((2, 44_100, 2, 1024), "AAC-LC", (44_100, 2)),
            ((2, 16_000, 1, 1024), "AAC-LC", (16_000, 1)),
            ((2, 22_050, 2, 1024), "HE-AAC", (44_100, 2)),
            ((2, 22_050, 1, 1024), "HE-AAC v2", (44_100, 2)),
            ((2, 22_050, 2, 1024), "HE-AAC", (44_100, 2)),
            ((2, 48_000, 1, 1024), "AAC-LC", (48_000, 1)),
            ((23, 48_000, 1, 512), "AAC-LD", (48_000, 1)),
            ((39, 48_000, 1, 512), "AAC-ELD", (48_000, 1)),
        ];
        for (bytes, (core, name, (rate, channels))) in GOLDEN.iter().zip(table) {
            let config = AudioSpecificConfig::parse(bytes).unwrap_or_else(|error| panic!("{bytes:02x?}: {error}"));
            assert_eq!((config.object_type, config.rate, config.channels, config.frame_len), core, "{bytes:02x?}");
            assert_eq!((config.name(), config.output()), (name, SoundFormat { rate, channels }), "{bytes:02x?}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        let table: [(&[u8], AscError); 10] = [
            (b"", AscError::Truncated),
            (b"\x11", AscError::Truncated),
            (b"\x16\x88", AscError::Rate(0)),
            (b"\x17\x80\x00\x00\x88", AscError::Rate(1)),
            (b"\x17\xff\xff\xff\x88", AscError::Rate(0xff_ffff)),
            (b"\x11\x80", AscError::Channels(0)),
            (b"\x11\xc0", AscError::Channels(8)),
            (b"\x01\x88", AscError::ObjectType(0)),
            (b"\xf9\x46\x40", AscError::ObjectType(42)),
            (b"\x2b\x91\x08\x00", AscError::Rate(64_000)),
        ];
        for (bytes, expected) in table {
            assert_eq!(AudioSpecificConfig::parse(bytes), Err(expected), "{bytes:02x?}");
        }
    }

    #[test]
    fn damaged_configs_never_panic_and_promise_only_rates_and_channels_that_exist() {
        for bytes in mutations(&GOLDEN, 0xa5c, 20_000) {
            let Ok(config) = AudioSpecificConfig::parse(&bytes) else { continue };
            assert!((7350..=96_000).contains(&config.rate) && (7350..=96_000).contains(&config.output().rate));
            assert!((1..=8).contains(&config.channels) && (480..=1024).contains(&config.frame_len));
        }
    }
}
