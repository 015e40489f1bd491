//! Coded media: access units of H.264 and frames of AAC on their way between codec and wire.

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

/// One raw AAC frame (no ADTS header).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundUnit {
    pub data: Bytes,
    /// Position in the stream of the first sample a decoder gives out for it.
    pub pts: Span,
}
