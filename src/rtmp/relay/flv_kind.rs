//! The little a relay has to know of FLV bodies, whatever their codec: what a player can not do without, and
//! where it can begin.

/// What a video body is to a player that has to begin somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VideoKind {
    SequenceHeader,
    Idr,
    /// Needs pictures before it.
    Other,
}

/// Looks at the first two bytes (FLV specification 10.1, E.4.3.1; Enhanced RTMP when the highest bit is set).
pub(super) fn video_kind(body: &[u8]) -> VideoKind {
    let (first, second) = (body.first().copied().unwrap_or_default(), body.get(1).copied());
    let enhanced = first & 0x80 != 0;
    let header = if enhanced { first & 0x0F == 0 } else { first & 0x0F == 7 && second == Some(0) };
    match first >> 4 & 7 {
        1 if header => VideoKind::SequenceHeader,
        1 => VideoKind::Idr,
        _ => VideoKind::Other,
    }
}

/// An AAC sequence header (FLV specification E.4.2.1).
pub(super) fn is_sound_header(body: &[u8]) -> bool {
    matches!(body, [first, 0, ..] if first >> 4 == 10)
}
