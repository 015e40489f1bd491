//! What a unit is, as far as it matters which connection it came over.

use crate::flv::{AudioTag, VideoTag, audio, video};
use bytes::Bytes;

/// See the module's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Header,
    /// Pictures that follow have what they refer to.
    Key,
    Other,
}

/// What an FLV video body is.
pub fn picture_kind(body: &Bytes) -> Kind {
    match video::parse(body) {
        Ok(VideoTag::SequenceHeader(_)) => Kind::Header,
        Ok(VideoTag::Picture { idr: true, .. }) => Kind::Key,
        _ => Kind::Other,
    }
}

/// What an FLV sound body is.
pub fn sound_kind(body: &Bytes) -> Kind {
    match audio::parse(body) {
        Ok(AudioTag::SequenceHeader(_)) => Kind::Header,
        _ => Kind::Other,
    }
}
