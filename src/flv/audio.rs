//! Bodies of audio tags (annex E.4.2): AAC in and out, MP3 and G.711 in, everything else named and refused.

use super::{BodyError, name_of_four_cc};
use crate::media::{Law, SoundCoding};
use bytes::{Bytes, BytesMut};

const FORMAT_MP3: u8 = 2;
const FORMAT_A_LAW: u8 = 7;
const FORMAT_MU_LAW: u8 = 8;
const FORMAT_AAC: u8 = 10;
const FORMAT_MP3_8_KHZ: u8 = 14;
/// Lowest bit of the first byte: two channels. Of AAC and MP3 it says nothing that holds.
const STEREO: u8 = 1;
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
    /// Sound of a codec that needs no header before it.
    Bare { coding: SoundCoding, data: Bytes },
    /// No sound in it: some encoders send empty tags.
    Ignored,
    /// A codec that is not spoken, by name.
    Unsupported { what: String },
}

/// Reads a body; what it returns shares the body's memory.
pub fn parse(body: &Bytes) -> Result<AudioTag, BodyError> {
    let Some(&first) = body.first() else { return Ok(AudioTag::Ignored) };
    let g711 = |law| bare(SoundCoding::G711 { law, channels: u16::from(first & STEREO) + 1 }, body.slice(1..));
    match first >> 4 {
        FORMAT_AAC => {}
        FORMAT_MP3 | FORMAT_MP3_8_KHZ => return Ok(bare(SoundCoding::Mp3, body.slice(1..))),
        FORMAT_A_LAW => return Ok(g711(Law::A)),
        FORMAT_MU_LAW => return Ok(g711(Law::Mu)),
        FORMAT_EXTENDED => return extended(first & 0x0f, body),
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

fn bare(coding: SoundCoding, data: Bytes) -> AudioTag {
    if data.is_empty() { AudioTag::Ignored } else { AudioTag::Bare { coding, data } }
}

/// Enhanced RTMP (veovera.org, "Enhanced RTMP" v2): where the FourCC stands depends on the packet type.
fn extended(packet: u8, body: &Bytes) -> Result<AudioTag, BodyError> {
    let what = match packet {
        0..=4 => {
            let four_cc = body.get(1..5).ok_or(BodyError::Truncated)?;
            let data = body.slice(5..);
            match (four_cc, packet) {
                (b"mp4a", 0) => return Ok(AudioTag::SequenceHeader(data)),
                (b"mp4a", 1) if !data.is_empty() => return Ok(AudioTag::Frame(data)),
                (b".mp3", 1) => return Ok(bare(SoundCoding::Mp3, data)),
                // The end of a sequence, and the order of channels.
                (b"mp4a" | b".mp3", _) => return Ok(AudioTag::Ignored),
                _ => name_of_four_cc(four_cc),
            }
        }
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
        4..=6 => "Nellymoser",
        11 => "Speex",
        // Not in the specification, but what several content networks send.
        13 => "Opus",
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
        let bare = |coding| Ok(AudioTag::Bare { coding, data: Bytes::from_static(b"frame") });
        let table: [(&[u8], Result<AudioTag, BodyError>); 17] = [
            (b"\xaf\x00\x11\x88", Ok(AudioTag::SequenceHeader(Bytes::from_static(b"\x11\x88")))),
            (b"\xaf\x01frame", Ok(AudioTag::Frame(Bytes::from_static(b"frame")))),
            (b"\xa0\x01frame", Ok(AudioTag::Frame(Bytes::from_static(b"frame")))),
            (b"", Ok(AudioTag::Ignored)),
            (b"\xaf\x01", Ok(AudioTag::Ignored)),
            (b"\xaf", Err(BodyError::Truncated)),
            (b"\xaf\x02x", Err(BodyError::PacketType(2))),
            (b"\x90Opu", Err(BodyError::Truncated)),
            (b"\x72frame", bare(SoundCoding::G711 { law: Law::A, channels: 1 })),
            (b"\x83frame", bare(SoundCoding::G711 { law: Law::Mu, channels: 2 })),
            (b"\x2fframe", bare(SoundCoding::Mp3)),
            (b"\xeeframe", bare(SoundCoding::Mp3)),
            (b"\x72", Ok(AudioTag::Ignored)),
            (b"\x90mp4a\x11\x88", Ok(AudioTag::SequenceHeader(Bytes::from_static(b"\x11\x88")))),
            (b"\x91mp4aframe", Ok(AudioTag::Frame(Bytes::from_static(b"frame")))),
            (b"\x91.mp3frame", bare(SoundCoding::Mp3)),
            (b"\x94mp4a\x01", Ok(AudioTag::Ignored)),
        ];
        for (body, expected) in table {
            assert_eq!(parse(&Bytes::from_static(body)), expected, "{body:02x?}");
        }
    }

    #[test]
    fn other_codecs_are_refused_by_their_names() {
        let table: [(&[u8], &str); 8] = [
            (b"\x3f\x01", "PCM"),
            (b"\x1f\x01", "ADPCM"),
            (b"\x62\x01", "Nellymoser"),
            (b"\xb6", "Speex"),
            (b"\xd0", "Opus"),
            (b"\xcf", "audio format 12"),
            (b"\x90Opus\x01", "Opus"),
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
        let golden: [&[u8]; 6] =
            [b"\xaf\x00\x11\x88", b"\xaf\x01frame", b"\x90Opus\x01", b"\x72ab", b"\x91mp4aframe", b"\x91.mp3frame"];
        for bytes in mutations(&golden, 0xa0d10, 20_000) {
            let len = bytes.len();
            match parse(&bytes.into()) {
                Ok(AudioTag::SequenceHeader(data) | AudioTag::Frame(data)) => {
                    assert!(data.len() == len - 2 || data.len() == len - 5);
                }
                Ok(AudioTag::Bare { data, .. }) => assert!(data.len() == len - 1 || data.len() == len - 5),
                Ok(AudioTag::Unsupported { what }) => assert!(!what.is_empty() && what.len() < 40),
                _ => {}
            }
        }
    }
}
