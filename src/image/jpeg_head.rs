//! What the headers of a JPEG image say, read before a decoder sees it (ITU-T T.81, B.2).

use super::ImageError;
use crate::media::Size;

/// See the module's head.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub size: Size,
    /// Which SOF marker it has: 0xc0 and 0xc1 are sequential, 0xc2 is progressive.
    pub frame: u8,
    /// Colour components, and how many of them its first scan holds.
    pub components: u8,
    pub in_first_scan: u8,
    /// It brings its own Huffman tables.
    pub has_tables: bool,
}

impl Head {
    /// Walks the segments up to the first scan and looks for the end of the image.
    pub fn read(jpeg: &[u8]) -> Result<Self, ImageError> {
        let cut = || damaged("its headers are cut short");
        let mut rest = jpeg.strip_prefix(&[0xff, 0xd8]).ok_or_else(|| damaged("it does not begin like one"))?;
        let (mut frame, mut has_tables) = (None, false);
        let in_first_scan = loop {
            let (&[mark, kind], after) = rest.split_first_chunk().ok_or_else(cut)?;
            if mark != 0xff {
                return Err(damaged("its headers are malformed"));
            }
            if kind == 0xff {
                // A fill byte (B.1.1.2).
                rest = &rest[1..];
                continue;
            }
            let length = after.first_chunk().map_or(0, |bytes| usize::from(u16::from_be_bytes(*bytes)));
            let segment = after.get(2..length.max(2)).filter(|_| length >= 2).ok_or_else(cut)?;
            match kind {
                0xc4 => has_tables = true,
                // DAC and JPG are no frames.
                0xc0..=0xcf if !matches!(kind, 0xc8 | 0xcc) => {
                    let &[_, h0, h1, w0, w1, components] = segment.first_chunk().ok_or_else(cut)?;
                    let size = Size::new(u16::from_be_bytes([w0, w1]).into(), u16::from_be_bytes([h0, h1]).into());
                    frame = Some((kind, size, components));
                }
                0xda => break *segment.first().ok_or_else(cut)?,
                _ => {}
            }
            rest = &after[length..];
        };
        // Without its end the image was cut, and the decoder would fill the rest with grey.
        if !rest.windows(2).rev().any(|bytes| bytes == [0xff, 0xd9]) {
            return Err(damaged("it is cut short"));
        }
        let (frame, size, components) = frame.ok_or_else(|| damaged("it states no size"))?;
        Ok(Self { size, frame, components, in_first_scan, has_tables })
    }

    /// One pass from top to bottom, as cameras send.
    pub fn is_sequential(&self) -> bool {
        matches!(self.frame, 0xc0 | 0xc1)
    }
}

/// A JPEG image's fault in words.
pub fn damaged(words: impl std::fmt::Display) -> ImageError {
    ImageError::Jpeg(words.to_string())
}
