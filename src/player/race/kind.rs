//! What a unit is, as far as it matters which connection it came over, and what it says.

use super::super::What;
use crate::flv::{AudioTag, VideoTag, audio, video};
use crate::h264::word::Word;
use crate::media::Span;
use bytes::Bytes;

/// Bytes of the length in front of a NAL unit of whoever says something.
const LENGTH: usize = 4;
/// What a picture says that is behind the live edge by more than this was said in another state of the call.
const HELD_UP: Span = Span::secs(1);

/// What a unit is.
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

/// What another terminal says in front of a picture that is so far `behind` the live edge, and whether it was held up.
pub fn word_of(what: &What, behind: Span) -> Option<(Word, bool)> {
    let What::Video { body, .. } = what else { return None };
    match video::parse(body) {
        Ok(VideoTag::Picture { data, .. }) => Word::find(&data, LENGTH).map(|word| (word, behind > HELD_UP)),
        _ => None,
    }
}
