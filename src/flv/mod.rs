//! FLV tags and sequence headers: what RTMP messages and HTTP-FLV bodies carry.
//!
//! A tag's body is the same bytes as an RTMP audio, video or data message (Adobe, "Video File Format
//! Specification" 10.1, annex E). Bodies are sliced, never copied.

pub mod amf;
pub mod asc;
pub mod audio;
pub mod metadata;
pub mod tag;
pub mod timeline;
pub mod video;

pub use asc::AudioSpecificConfig;
pub use audio::AudioTag;
pub use metadata::Metadata;
pub use tag::{Reader, Tag, TagError, TagKind};
pub use timeline::Timeline;
pub use video::VideoTag;

/// Why the body of an audio or video tag is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the tag ends inside its header")]
    Truncated,
    #[error("packet type {0} does not exist")]
    PacketType(u8),
}

/// The name of a codec by the FourCC of Enhanced RTMP, or the FourCC itself.
fn name_of_four_cc(four_cc: &[u8]) -> String {
    let known = match four_cc {
        b"hvc1" => "HEVC (H.265)",
        b"av01" => "AV1",
        b"vp09" => "VP9",
        b"vp08" => "VP8",
        b"avc1" => "H.264",
        b"vvc1" => "VVC (H.266)",
        b"Opus" => "Opus",
        b"fLaC" => "FLAC",
        b"ac-3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b".mp3" => "MP3",
        b"mp4a" => "AAC",
        _ => return format!("codec '{}'", four_cc.escape_ascii()),
    };
    known.to_owned()
}
