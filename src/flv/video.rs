//! Bodies of video tags (annex E.4.3): H.264 in and out, everything else named and refused.

use super::{BodyError, name_of_four_cc};
use bytes::{Bytes, BytesMut};

const KEY_FRAME: u8 = 1;
const INTER_FRAME: u8 = 2;
/// Made by a server out of something else; it is decodable alone all the same.
const GENERATED_KEY_FRAME: u8 = 4;
const COMMAND_FRAME: u8 = 5;
const CODEC_AVC: u8 = 7;
/// Highest bit of the first byte: the header of Enhanced RTMP follows.
const EXTENDED_HEADER: u8 = 0x80;
const FOUR_CC_AVC: &[u8] = b"avc1";
/// Packet types of Enhanced RTMP.
const EXTENDED_SEQUENCE_START: u8 = 0;
const EXTENDED_FRAMES: u8 = 1;
const EXTENDED_SEQUENCE_END: u8 = 2;
const EXTENDED_FRAMES_WITHOUT_OFFSET: u8 = 3;

/// What a video tag holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VideoTag {
    /// An AVCDecoderConfigurationRecord.
    SequenceHeader(Bytes),
    /// One access unit of length-prefixed NAL units.
    Picture {
        /// The sender says that it is decodable alone.
        idr: bool,
        /// Presentation time less decoding time in milliseconds, -8388608 to 8388607.
        composition_ms: i32,
        data: Bytes,
    },
    EndOfSequence,
    /// A command to a seeking player, or nothing at all.
    Ignored,
    /// A codec that is not spoken, by name.
    Unsupported {
        what: String,
    },
}

/// Reads a body; what it returns shares the body's memory.
pub fn parse(body: &Bytes) -> Result<VideoTag, BodyError> {
    let Some(&first) = body.first() else { return Ok(VideoTag::Ignored) };
    let frame = first >> 4 & 7;
    if frame == COMMAND_FRAME {
        return Ok(VideoTag::Ignored);
    }
    if first & EXTENDED_HEADER != 0 {
        return extended(frame, first & 0x0f, body);
    }
    let codec = first & 0x0f;
    if codec != CODEC_AVC {
        return Ok(VideoTag::Unsupported { what: name_of_codec(codec) });
    }
    let Some((&[_, packet, high, middle, low], data)) = body.split_first_chunk() else {
        return Err(BodyError::Truncated);
    };
    match packet {
        0 => Ok(VideoTag::SequenceHeader(body.slice(5..))),
        1 if data.is_empty() => Ok(VideoTag::Ignored),
        1 => Ok(picture_of(frame, [high, middle, low], body.slice(5..))),
        2 => Ok(VideoTag::EndOfSequence),
        other => Err(BodyError::PacketType(other)),
    }
}

/// Enhanced RTMP (veovera.org, "Enhanced RTMP" v2): where the FourCC stands depends on the packet type.
fn extended(frame: u8, packet: u8, body: &Bytes) -> Result<VideoTag, BodyError> {
    let what = match packet {
        0..=5 => {
            let four_cc = body.get(1..5).ok_or(BodyError::Truncated)?;
            if four_cc == FOUR_CC_AVC {
                return extended_avc(frame, packet, body);
            }
            name_of_four_cc(four_cc)
        }
        6 => "several video tracks in one tag".to_owned(),
        7 => "video packets with modifiers".to_owned(),
        other => return Err(BodyError::PacketType(other)),
    };
    Ok(VideoTag::Unsupported { what })
}

/// H.264 behind its FourCC: the same contents as behind its number, with other packet types.
fn extended_avc(frame: u8, packet: u8, body: &Bytes) -> Result<VideoTag, BodyError> {
    match packet {
        EXTENDED_SEQUENCE_START => Ok(VideoTag::SequenceHeader(body.slice(5..))),
        EXTENDED_FRAMES | EXTENDED_FRAMES_WITHOUT_OFFSET => {
            let (offset, data) = match (packet, body.get(5..8)) {
                (EXTENDED_FRAMES_WITHOUT_OFFSET, _) => ([0; 3], body.slice(5..)),
                (_, Some(&[high, middle, low])) => ([high, middle, low], body.slice(8..)),
                _ => return Err(BodyError::Truncated),
            };
            Ok(if data.is_empty() { VideoTag::Ignored } else { picture_of(frame, offset, data) })
        }
        EXTENDED_SEQUENCE_END => Ok(VideoTag::EndOfSequence),
        // Metadata such as colour primaries, and the header of MPEG-2 TS.
        _ => Ok(VideoTag::Ignored),
    }
}

fn picture_of(frame: u8, [high, middle, low]: [u8; 3], data: Bytes) -> VideoTag {
    VideoTag::Picture {
        idr: matches!(frame, KEY_FRAME | GENERATED_KEY_FRAME),
        // The shift down brings the sign of the 24-bit number along.
        composition_ms: i32::from_be_bytes([high, middle, low, 0]) >> 8,
        data,
    }
}

fn name_of_codec(codec: u8) -> String {
    let known = match codec {
        2 => "Sorenson H.263",
        3 => "Screen Video",
        4 => "VP6",
        5 => "VP6 with alpha",
        6 => "Screen Video 2",
        // Not in the specification, but what several content networks send.
        12 => "HEVC (H.265)",
        13 => "AV1",
        other => return format!("video codec {other}"),
    };
    known.to_owned()
}

/// The five bytes in front of an access unit; `composition_ms` is limited to its 24 bits.
pub fn picture_header(idr: bool, composition_ms: i32) -> [u8; 5] {
    let frame = if idr { KEY_FRAME } else { INTER_FRAME };
    let [_, high, middle, low] = composition_ms.clamp(-(1 << 23), (1 << 23) - 1).to_be_bytes();
    [frame << 4 | CODEC_AVC, 1, high, middle, low]
}

/// The body for one access unit of length-prefixed NAL units.
pub fn picture(idr: bool, composition_ms: i32, data: &[u8]) -> Bytes {
    join(&picture_header(idr, composition_ms), data)
}

/// The body that announces the parameter sets in `record` (see [`crate::h264::avcc::record`]).
pub fn sequence_header(record: &[u8]) -> Bytes {
    join(&[KEY_FRAME << 4 | CODEC_AVC, 0, 0, 0, 0], record)
}

/// The body that ends a sequence.
pub fn end_of_sequence() -> Bytes {
    Bytes::from_static(&[KEY_FRAME << 4 | CODEC_AVC, 2, 0, 0, 0])
}

fn join(header: &[u8], data: &[u8]) -> Bytes {
    let mut body = BytesMut::with_capacity(header.len() + data.len());
    body.extend_from_slice(header);
    body.extend_from_slice(data);
    body.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mutations;

    fn read(body: &'static [u8]) -> Result<VideoTag, BodyError> {
        parse(&Bytes::from_static(body))
    }

    fn refused(what: &str) -> Result<VideoTag, BodyError> {
        Ok(VideoTag::Unsupported { what: what.to_owned() })
    }

    #[test]
    fn each_kind_of_body_is_told_apart() {
        let picture = |idr, composition_ms| {
            Ok(VideoTag::Picture { idr, composition_ms, data: Bytes::from_static(b"\0\0\0\x01\x65") })
        };
        let table: [(&[u8], Result<VideoTag, BodyError>); 20] = [
            (b"\x17\x00\0\0\0\x01\x64", Ok(VideoTag::SequenceHeader(Bytes::from_static(b"\x01\x64")))),
            (b"\x17\x01\x00\x00\x28\0\0\0\x01\x65", picture(true, 40)),
            (b"\x27\x01\xff\xff\xd8\0\0\0\x01\x65", picture(false, -40)),
            (b"\x37\x01\x80\x00\x00\0\0\0\x01\x65", picture(false, -8_388_608)),
            (b"\x47\x01\x7f\xff\xff\0\0\0\x01\x65", picture(true, 8_388_607)),
            (b"\x17\x02\0\0\0", Ok(VideoTag::EndOfSequence)),
            (b"", Ok(VideoTag::Ignored)),
            (b"\x57\x00", Ok(VideoTag::Ignored)),
            (b"\x27\x01\0\0\0", Ok(VideoTag::Ignored)),
            (b"\x17", Err(BodyError::Truncated)),
            (b"\x17\x01\0\0", Err(BodyError::Truncated)),
            (b"\x17\x03\0\0\0", Err(BodyError::PacketType(3))),
            (b"\x90hvc", Err(BodyError::Truncated)),
            (b"\x98hvc1", Err(BodyError::PacketType(8))),
            (b"\x90avc1\x01\x64", Ok(VideoTag::SequenceHeader(Bytes::from_static(b"\x01\x64")))),
            (b"\x91avc1\x00\x00\x28\0\0\0\x01\x65", picture(true, 40)),
            (b"\xa3avc1\0\0\0\x01\x65", picture(false, 0)),
            (b"\x91avc1\0\0", Err(BodyError::Truncated)),
            (b"\x92avc1", Ok(VideoTag::EndOfSequence)),
            (b"\x94avc1\x02", Ok(VideoTag::Ignored)),
        ];
        for (body, expected) in table {
            assert_eq!(read(body), expected, "{body:02x?}");
        }
    }

    #[test]
    fn other_codecs_are_refused_by_their_names() {
        let table: [(&[u8], &str); 8] = [
            (b"\x12\0", "Sorenson H.263"),
            (b"\x1c\0", "HEVC (H.265)"),
            (b"\x1f\0", "video codec 15"),
            (b"\x90hvc1\x01", "HEVC (H.265)"),
            (b"\xa1av01\x01", "AV1"),
            (b"\x93vp09", "VP9"),
            (b"\x91ab\"\xff", "codec 'ab\\\"\\xff'"),
            (b"\x96\x01hvc1", "several video tracks in one tag"),
        ];
        for (body, what) in table {
            assert_eq!(read(body), refused(what), "{body:02x?}");
        }
    }

    #[test]
    fn what_is_built_is_read_back_and_the_offset_stays_inside_its_bits() {
        for (asked, sent) in [(0, 0), (-1, -1), (66, 66), (i32::MAX, 8_388_607), (i32::MIN, -8_388_608)] {
            let data = Bytes::from_static(b"unit");
            let body = picture(asked < 0, asked, &data);
            assert_eq!(parse(&body), Ok(VideoTag::Picture { idr: asked < 0, composition_ms: sent, data }));
        }
        let record = Bytes::from_static(b"\x01record");
        assert_eq!(parse(&sequence_header(&record)), Ok(VideoTag::SequenceHeader(record)));
        assert_eq!(parse(&end_of_sequence()), Ok(VideoTag::EndOfSequence));
    }

    #[test]
    fn damaged_bodies_never_panic_and_hold_no_more_than_they_have() {
        let golden: [&[u8]; 6] = [
            b"\x17\x00\0\0\0\x01\x64",
            b"\x27\x01\xff\xff\xd8\0\0\0\x01\x65",
            b"\x90hvc1\x01",
            b"\x91avc1\0\0\x28\0\0\0\x01\x65",
            b"\xa3avc1\0\0\0\x01\x65",
            b"\x12",
        ];
        for bytes in mutations(&golden, 0x71de0, 20_000) {
            let len = bytes.len();
            match parse(&bytes.into()) {
                Ok(VideoTag::SequenceHeader(data) | VideoTag::Picture { data, .. }) => {
                    assert!(data.len() == len - 5 || data.len() == len - 8);
                }
                Ok(VideoTag::Unsupported { what }) => assert!(!what.is_empty() && what.len() < 40),
                _ => {}
            }
        }
    }
}
