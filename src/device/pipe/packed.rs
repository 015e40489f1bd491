//! An I420 picture as the bytes of its tight packing, without packing it.

use crate::media::PictureView;
use std::io::IoSlice;

/// Most pieces one writev(2) takes (IOV_MAX of Linux).
const MOST_PIECES: usize = 1024;

/// The picture's bytes from `offset` of its tight packing on, as pieces for one `writev`. A plane without
/// padding is one piece, else each line is one; long pictures are cut at what one call takes.
pub fn pieces<'a>(picture: &PictureView<'a>, offset: usize) -> Vec<IoSlice<'a>> {
    let (width, height) = (picture.size.width as usize, picture.size.height as usize);
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let planes = [
        (picture.y, picture.y_stride, width, height),
        (picture.u, picture.uv_stride, half_width, half_height),
        (picture.v, picture.uv_stride, half_width, half_height),
    ];
    let mut skip = offset;
    let mut pieces = Vec::with_capacity(MOST_PIECES);
    for (plane, stride, width, height) in planes {
        let (lines, line) = if stride == width { (1, width * height) } else { (height, width) };
        let first = (skip / line.max(1)).min(lines);
        skip -= first * line;
        for at in (first..lines).map(|number| number * stride) {
            if pieces.len() == MOST_PIECES {
                return pieces;
            }
            // The last line of a plane may end without its padding.
            let Some(bytes) = plane.get(at + skip..at + line) else { return pieces };
            skip = 0;
            pieces.push(IoSlice::new(bytes));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Size;

    fn packed(picture: &PictureView<'_>, offset: usize) -> Vec<u8> {
        pieces(picture, offset).iter().flat_map(|piece| piece.to_vec()).collect()
    }

    #[test]
    fn a_padded_picture_is_packed_from_any_offset() {
        let (size, stride) = (Size::new(6, 4), 8);
        let bytes: Vec<u8> = (0..64).collect();
        let picture = PictureView::new(size, stride, &bytes).unwrap();
        let mut whole = Vec::new();
        for line in 0..4 {
            whole.extend_from_slice(&bytes[line * 8..line * 8 + 6]);
        }
        for line in 0..4 {
            whole.extend_from_slice(&bytes[32 + line * 4..32 + line * 4 + 3]);
        }
        assert_eq!(whole.len(), size.i420_len());
        for offset in 0..=whole.len() {
            assert_eq!(packed(&picture, offset), whole[offset..], "from {offset}");
        }
    }

    #[test]
    fn a_tight_picture_is_three_pieces() {
        let size = Size::new(6, 4);
        let bytes: Vec<u8> = (0..36).collect();
        let picture = PictureView::new(size, 6, &bytes).unwrap();
        assert_eq!(pieces(&picture, 0).len(), 3);
        for offset in 0..=36 {
            assert_eq!(packed(&picture, offset), bytes[offset..], "from {offset}");
        }
    }

    #[test]
    fn a_tall_padded_picture_needs_more_than_one_call() {
        let size = Size::new(2, 2000);
        let bytes = vec![0; 4 * 2000 + 2 * 2 * 1000];
        let picture = PictureView::new(size, 4, &bytes).unwrap();
        assert_eq!(pieces(&picture, 0).len(), MOST_PIECES);
        assert_eq!(packed(&picture, 2048).len(), 2 * 976 + 48);
    }
}
