//! Bodies of audio tags (annex E.4.2): AAC in and out, everything else named and refused.

use super::{BodyError, name_of_four_cc};
use bytes::{Bytes, BytesMut};

const FORMAT_AAC: u8 = 10;
/// The place of the header of Enhanced RTMP.
const FORMAT_EXTENDED: u8 = 9;
/// AAC at 44 kHz, 16 bits, stereo: what the specification wants said of every AAC stream, whatever it is.
const AAC_HEADER: u8 = FORMAT_AAC << 4 | 0x0f;

/// What an audio tag holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioTag {
    /// An AudioSpecificConfig.
    SequenceHeader(Bytes),
    /// One raw AAC frame.
    Frame(Bytes),
    /// No sound in it: some encoders send empty tags.
    Ignored,
    /// A codec that is not spoken, by name.
    Unsupported { what: String },
}

/// Reads a body; what it returns shares the body's memory.
pub fn parse(body: &Bytes) -> Result<AudioTag, BodyError> {
    let Some(&first) = body.first() else { return Ok(AudioTag::Ignored) };
    match first >> 4 {
        FORMAT_AAC => {}
        FORMAT_EXTENDED => return extended(first & 0x0f, &body[1..]),
        other => return Ok(AudioTag::Unsupported { what: name_of_format(other) }),
    }
    match body.get(1) {
        None => Err(BodyError::Truncated),
        Some(0) => Ok(AudioTag::SequenceHeader(body.slice(2..))),
        Some(1) if body.len() == 2 => Ok(AudioTag::Ignored),
        Some(1) => Ok(AudioTag::Frame(body.slice(2..))),
        Some(&other) => Err(BodyError::PacketType(other)),
    }
}

/// Enhanced RTMP (veovera.org, "Enhanced RTMP" v2): where the FourCC stands depends on the packet type.
fn extended(packet: u8, rest: &[u8]) -> Result<AudioTag, BodyError> {
    let what = match packet {
        0..=4 => name_of_four_cc(rest.get(..4).ok_or(BodyError::Truncated)?),
        5 => "several audio tracks in one tag".to_owned(),
        7 => "audio packets with modifiers".to_owned(),
        other => return Err(BodyError::PacketType(other)),
    };
    Ok(AudioTag::Unsupported { what })
}

fn name_of_format(format: u8) -> String {
    let known = match format {
        0 | 3 => "PCM",
        1 => "ADPCM",
        2 => "MP3",
        4..=6 => "Nellymoser",
        7 => "G.711 A-law",
        8 => "G.711 mu-law",
        11 => "Speex",
        // Not in the specification, but what several content networks send.
        13 => "Opus",
        14 => "MP3 at 8 kHz",
        other => return format!("audio format {other}"),
    };
    known.to_owned()
}

/// The body that announces the AudioSpecificConfig `asc`.
pub fn sequence_header(asc: &[u8]) -> Bytes {
    join(0, asc)
}

/// The two bytes in front of a raw AAC frame.
pub fn frame_header() -> [u8; 2] {
    [AAC_HEADER, 1]
}

/// The body for one raw AAC frame.
pub fn frame(data: &[u8]) -> Bytes {
    join(1, data)
}

fn join(packet: u8, data: &[u8]) -> Bytes {
    let mut body = BytesMut::with_capacity(2 + data.len());
    body.extend_from_slice(&[AAC_HEADER, packet]);
    body.extend_from_slice(data);
    body.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mutations;

    #[test]
    fn each_kind_of_body_is_told_apart() {
        let table: [(&[u8], Result<AudioTag, BodyError>); 8] = [
            (b"\xaf\x00\x11\x88", Ok(AudioTag::SequenceHeader(Bytes::from_static(b"\x11\x88")))),
            (b"\xaf\x01frame", Ok(AudioTag::Frame(Bytes::from_static(b"frame")))),
            (b"\xa0\x01frame", Ok(AudioTag::Frame(Bytes::from_static(b"frame")))),
            (b"", Ok(AudioTag::Ignored)),
            (b"\xaf\x01", Ok(AudioTag::Ignored)),
            (b"\xaf", Err(BodyError::Truncated)),
            (b"\xaf\x02x", Err(BodyError::PacketType(2))),
            (b"\x90Opu", Err(BodyError::Truncated)),
        ];
        for (body, expected) in table {
            assert_eq!(parse(&Bytes::from_static(body)), expected, "{body:02x?}");
        }
    }

    #[test]
    fn other_codecs_are_refused_by_their_names() {
        let table: [(&[u8], &str); 9] = [
            (b"\x72", "G.711 A-law"),
            (b"\x82", "G.711 mu-law"),
            (b"\x2f", "MP3"),
            (b"\xb6", "Speex"),
            (b"\xd0", "Opus"),
            (b"\xcf", "audio format 12"),
            (b"\x90Opus\x01", "Opus"),
            (b"\x91abcd", "codec 'abcd'"),
            (b"\x95\x01Opus", "several audio tracks in one tag"),
        ];
        for (body, what) in table {
            let expected = AudioTag::Unsupported { what: what.to_owned() };
            assert_eq!(parse(&Bytes::from_static(body)), Ok(expected), "{body:02x?}");
        }
    }

    #[test]
    fn what_is_built_is_read_back() {
        let data = Bytes::from_static(b"data");
        assert_eq!(parse(&sequence_header(&data)), Ok(AudioTag::SequenceHeader(data.clone())));
        assert_eq!(parse(&frame(&data)), Ok(AudioTag::Frame(data.clone())));
        assert_eq!([&frame_header(), &data[..]].concat(), frame(&data));
    }

    #[test]
    fn damaged_bodies_never_panic_and_hold_no_more_than_they_have() {
        for bytes in mutations(&[b"\xaf\x00\x11\x88", b"\xaf\x01frame", b"\x90Opus\x01", b"\x72ab"], 0xa0d10, 20_000) {
            let len = bytes.len();
            match parse(&bytes.into()) {
                Ok(AudioTag::SequenceHeader(data) | AudioTag::Frame(data)) => assert_eq!(data.len(), len - 2),
                Ok(AudioTag::Unsupported { what }) => assert!(!what.is_empty() && what.len() < 40),
                _ => {}
            }
        }
    }
}
