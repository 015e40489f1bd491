//! Coded media: access units of H.264 and frames of sound on their way between codec and wire.

use super::time::Span;
use bytes::Bytes;

/// One access unit of H.264 (all NAL units of one picture), each NAL unit behind a four-byte
/// big-endian length (ISO/IEC 14496-15), as FLV carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoUnit {
    pub data: Bytes,
    /// Decodable alone: the unit holds an IDR picture.
    pub idr: bool,
    /// Position in the stream at which it is decoded.
    pub dts: Span,
    /// Position in the stream at which it is shown; equals `dts` without B pictures.
    pub pts: Span,
}

/// How a track of sound is coded, and what a decoder has to know of it beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoundCoding {
    /// Raw AAC frames, with this AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).
    Aac(Bytes),
    /// Samples of a byte at 8 kHz (ITU-T G.711).
    G711 { law: Law, channels: u16 },
    /// Whole frames of MPEG audio, layer III; each says the rest itself.
    Mp3,
}

/// The two laws of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    A,
    Mu,
}

/// One frame of sound: of AAC without an ADTS header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundUnit {
    pub data: Bytes,
    /// Position in the stream of the first sample a decoder gives out for it.
    pub pts: Span,
}
