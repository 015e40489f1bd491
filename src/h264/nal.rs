//! NAL units: their types and the two framings, start codes (Annex B) and length prefixes.

/// What a NAL unit holds: `nal_unit_type` (H.264, table 7-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NalKind {
    /// A slice of a picture that is no IDR picture, data partitions included.
    Slice,
    /// A slice of an IDR picture.
    Idr,
    Sei,
    Sps,
    Pps,
    /// Access unit delimiter.
    Delimiter,
    Filler,
    Other(u8),
}

impl NalKind {
    /// The kind of a whole NAL unit; `None` when it has no header byte.
    pub fn of(nal: &[u8]) -> Option<Self> {
        Some(match nal.first()? & 0x1f {
            1..=4 => Self::Slice,
            5 => Self::Idr,
            6 => Self::Sei,
            7 => Self::Sps,
            8 => Self::Pps,
            9 => Self::Delimiter,
            12 => Self::Filler,
            other => Self::Other(other),
        })
    }
}

/// What was found in an access unit on its way from one framing to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents<'a> {
    /// A slice of an IDR picture is there.
    pub idr: bool,
    /// A slice of any picture is there.
    pub picture: bool,
    /// The last SPS, whether or not it was passed on.
    pub sps: Option<&'a [u8]>,
    /// The last PPS, whether or not it was passed on.
    pub pps: Option<&'a [u8]>,
}

impl<'a> Contents<'a> {
    fn note(&mut self, kind: NalKind, nal: &'a [u8]) {
        match kind {
            NalKind::Idr => (self.idr, self.picture) = (true, true),
            NalKind::Slice => self.picture = true,
            NalKind::Sps => self.sps = Some(nal),
            NalKind::Pps => self.pps = Some(nal),
            _ => {}
        }
    }
}

/// Whether SPS and PPS stay in the access unit or are only reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterSets {
    Keep,
    Drop,
}

/// The NAL units of a byte stream (H.264, Annex B): three- and four-byte start codes, zero bytes at the end
/// of a unit belong to no unit, and what stands before the first start code is passed over. None is empty.
pub fn annex_b(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(stream).map_or(&stream[..0], |(_, after)| after);
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (unit, after) = after_start_code(rest).unwrap_or((rest, &[]));
            rest = after;
            let end = unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            if end > 0 {
                return Some(&unit[..end]);
            }
        }
        None
    })
}

/// Splits at the first 00 00 01: what stands before it, and what behind.
fn after_start_code(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    // The third byte says how far to go: a start code can not reach past a byte greater than one.
    while let Some(&[first, second, third]) = bytes.get(at..at + 3) {
        match third {
            0 => at += 1,
            1 if first == 0 && second == 0 => return Some((&bytes[..at], &bytes[at + 3..])),
            _ => at += 3,
        }
    }
    None
}

/// Turns one access unit of Annex B into NAL units behind four-byte lengths, in one pass.
///
/// `out` is cleared first and keeps its memory. Access unit delimiters and filler data are left out (FLV
/// has tags for the one and no use for the other), parameter sets as `sets` says.
pub fn to_length_prefixed<'a>(stream: &'a [u8], sets: ParameterSets, out: &mut Vec<u8>) -> Contents<'a> {
    out.clear();
    let mut contents = Contents::default();
    for nal in annex_b(stream) {
        let Some(kind) = NalKind::of(nal) else { continue };
        contents.note(kind, nal);
        let is_set = matches!(kind, NalKind::Sps | NalKind::Pps);
        if matches!(kind, NalKind::Delimiter | NalKind::Filler) || (is_set && sets == ParameterSets::Drop) {
            continue;
        }
        let Ok(len) = u32::try_from(nal.len()) else { continue };
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(nal);
    }
    contents
}

/// A length prefix that does not fit the access unit, or is not 1 to 4 bytes wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    #[error("a NAL unit of {len} bytes is announced where {left} are left")]
    Overrun { len: usize, left: usize },
    #[error("a NAL unit length of {0} bytes does not exist")]
    LengthSize(usize),
}

/// Appends an access unit of length-prefixed NAL units to `out` as Annex B, each behind 00 00 00 01.
///
/// `length_size` (1 to 4) comes from the stream's [`DecoderConfig`](super::DecoderConfig). Empty units are
/// left out, so `out` grows by at most two and a half times the unit. On an error the units before it are there.
pub fn to_annex_b<'a>(unit: &'a [u8], length_size: usize, out: &mut Vec<u8>) -> Result<Contents<'a>, FramingError> {
    let mut contents = Contents::default();
    for nal in length_prefixed(unit, length_size) {
        let nal = nal?;
        if let Some(kind) = NalKind::of(nal) {
            contents.note(kind, nal);
            push_annex_b(nal, out);
        }
    }
    Ok(contents)
}

/// The NAL units behind lengths of `length_size` bytes (1 to 4) in `unit`; an error is the last one.
pub fn length_prefixed(unit: &[u8], length_size: usize) -> impl Iterator<Item = Result<&[u8], FramingError>> {
    let mut rest = unit;
    std::iter::from_fn(move || {
        (!rest.is_empty()).then(|| {
            let whole = std::mem::take(&mut rest);
            if !(1..=4).contains(&length_size) {
                return Err(FramingError::LengthSize(length_size));
            }
            let overrun = FramingError::Overrun { len: length_size, left: whole.len() };
            let (prefix, after) = whole.split_at_checked(length_size).ok_or(overrun)?;
            let len = prefix.iter().fold(0, |len, &byte| len << 8 | usize::from(byte));
            let overrun = FramingError::Overrun { len, left: after.len() };
            let (nal, after) = after.split_at_checked(len).ok_or(overrun)?;
            rest = after;
            Ok(nal)
        })
    })
}

/// Appends one NAL unit behind a four-byte start code.
pub fn push_annex_b(nal: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&[0, 0, 0, 1]);
    out.extend_from_slice(nal);
}

#[cfg(test)]
mod tests;
