//! FLV files and streams: the header, and tags one after the other (annex E.2 to E.4.1).

use bytes::Bytes;

/// Bytes a file header may claim before the first tag.
const MAX_HEADER: usize = 64 * 1024;
/// Bytes of an audio or script tag's body.
pub const MAX_SMALL_BODY: usize = 64 * 1024;
/// Bytes of a video tag's body.
pub const MAX_VIDEO_BODY: usize = 2 * 1024 * 1024;

const FILE_HEADER_LEN: usize = 9;
const TAG_HEADER_LEN: usize = 11;
/// `PreviousTagSize`, behind each tag and before the first.
const TRAILER_LEN: usize = 4;
const SIGNATURE: &[u8] = b"FLV";
const FILTER_BIT: u8 = 0x20;

/// What a tag carries: the same numbers as the types of RTMP messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    Audio = 8,
    Video = 9,
    Script = 18,
}

impl TagKind {
    fn max_len(self) -> usize {
        if self == Self::Video { MAX_VIDEO_BODY } else { MAX_SMALL_BODY }
    }
}

/// One tag of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub kind: TagKind,
    /// Milliseconds, the extended byte included; see [`Timeline`](super::Timeline).
    pub timestamp: u32,
    pub body: Bytes,
}

/// Why bytes are no FLV stream that we accept. After one of these the place of the next tag is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    #[error("not an FLV stream")]
    Signature,
    #[error("FLV header of {0} bytes")]
    Header(u32),
    #[error("the FLV stream is encrypted")]
    Encrypted,
    #[error("FLV tag of the unknown type {0}")]
    Kind(u8),
    #[error("FLV tag of {len} bytes, at most {max} are accepted")]
    TooBig { len: usize, max: usize },
}

/// The header of a stream and the size of the tag before its first, which is none.
pub fn file_header(audio: bool, video: bool) -> [u8; FILE_HEADER_LEN + TRAILER_LEN] {
    let tracks = u8::from(audio) << 2 | u8::from(video);
    [b'F', b'L', b'V', 1, tracks, 0, 0, 0, FILE_HEADER_LEN as u8, 0, 0, 0, 0]
}

/// Appends a tag and its size to `out`. Refuses a body that a [`Reader`] would refuse.
pub fn write_tag(kind: TagKind, timestamp: u32, body: &[u8], out: &mut Vec<u8>) -> Result<(), TagError> {
    let (len, max) = (body.len(), kind.max_len());
    if len > max {
        return Err(TagError::TooBig { len, max });
    }
    // Below the caps both sizes fit their fields.
    let len = len as u32;
    let [extended, time @ ..] = timestamp.to_be_bytes();
    out.push(kind as u8);
    out.extend_from_slice(&len.to_be_bytes()[1..]);
    out.extend_from_slice(&time);
    out.extend_from_slice(&[extended, 0, 0, 0]);
    out.extend_from_slice(body);
    out.extend_from_slice(&(len + TAG_HEADER_LEN as u32).to_be_bytes());
    Ok(())
}

/// Reads tags out of a stream that comes in pieces of any size. Holds at most one body.
#[derive(Debug)]
pub struct Reader {
    state: State,
    /// The part of a header or body that is there.
    held: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    FileHeader,
    /// Bytes of no interest.
    Skip(usize),
    TagHeader,
    Body {
        kind: TagKind,
        timestamp: u32,
        len: usize,
    },
    Failed(TagError),
}

impl Default for Reader {
    fn default() -> Self {
        Self { state: State::FileHeader, held: Vec::new() }
    }
}

impl Reader {
    /// At the start of a stream: a file header comes first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes off the front of `input` until a tag is whole; `None` once all of them are taken. Call it
    /// until then. An error is final: every later call returns it again.
    ///
    /// What a stream says of the size of the tag before is not looked at: writers get it wrong.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Tag>, TagError> {
        loop {
            let step = match self.state {
                State::Failed(error) => return Err(error),
                State::Skip(len) => {
                    let (skipped, rest) = input.split_at(len.min(input.len()));
                    *input = rest;
                    let left = len - skipped.len();
                    self.state = if left == 0 { State::TagHeader } else { State::Skip(left) };
                    if left > 0 { None } else { continue }
                }
                State::FileHeader => {
                    let whole = self.collect(input, FILE_HEADER_LEN);
                    if self.held.iter().zip(SIGNATURE).any(|(held, expected)| held != expected) {
                        Some(Err(TagError::Signature))
                    } else {
                        whole.then(|| {
                            file_header_len(&self.held).map(|len| State::Skip(len - FILE_HEADER_LEN + TRAILER_LEN))
                        })
                    }
                }
                State::TagHeader => self.collect(input, TAG_HEADER_LEN).then(|| tag_header(&self.held)),
                State::Body { kind, timestamp, len } => {
                    if !self.collect(input, len) {
                        return Ok(None);
                    }
                    self.state = State::Skip(TRAILER_LEN);
                    return Ok(Some(Tag { kind, timestamp, body: std::mem::take(&mut self.held).into() }));
                }
            };
            match step {
                None => return Ok(None),
                Some(next) => {
                    self.state = next.unwrap_or_else(State::Failed);
                    self.held.clear();
                }
            }
        }
    }

    /// The file header was read, and no tag has begun since the last one.
    pub fn between_tags(&self) -> bool {
        matches!(self.state, State::TagHeader) && self.held.is_empty()
    }

    /// Fills `held` up to `len` bytes; true when they are all there.
    fn collect(&mut self, input: &mut &[u8], len: usize) -> bool {
        self.held.reserve_exact(len.saturating_sub(self.held.len()));
        let (taken, rest) = input.split_at(len.saturating_sub(self.held.len()).min(input.len()));
        self.held.extend_from_slice(taken);
        *input = rest;
        self.held.len() >= len
    }
}

/// `DataOffset` of a file header whose signature is right.
fn file_header_len(header: &[u8]) -> Result<usize, TagError> {
    let Some(&[a, b, c, d]) = header.last_chunk() else { return Err(TagError::Signature) };
    let offset = u32::from_be_bytes([a, b, c, d]);
    let len = offset as usize;
    if (FILE_HEADER_LEN..=MAX_HEADER).contains(&len) { Ok(len) } else { Err(TagError::Header(offset)) }
}

fn tag_header(header: &[u8]) -> Result<State, TagError> {
    let Some(&[first, a, b, c, t1, t2, t3, t0]) = header.first_chunk() else { return Err(TagError::Signature) };
    let kind = match first {
        8 => TagKind::Audio,
        9 => TagKind::Video,
        18 => TagKind::Script,
        other if other & !0x1f == FILTER_BIT => return Err(TagError::Encrypted),
        other => return Err(TagError::Kind(other)),
    };
    let (len, max) = (u32::from_be_bytes([0, a, b, c]) as usize, kind.max_len());
    if len > max {
        return Err(TagError::TooBig { len, max });
    }
    Ok(State::Body { kind, timestamp: u32::from_be_bytes([t0, t1, t2, t3]), len })
}

#[cfg(test)]
mod tests;
