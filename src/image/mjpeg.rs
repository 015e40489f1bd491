//! Motion JPEG into I420.
//!
//! USB cameras leave out the Huffman tables, because they are always those of ITU-T T.81, Annex K.3: a marker
//! that says "AVI1", as in files, makes the decoder supply them. JPEG is full range; the pictures here are not.

use super::jpeg_head::{Head, damaged};
use super::{ImageError, MAX_SIDE};
use crate::media::Size;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// An APP0 segment that announces Motion JPEG.
const AVI1: [u8; 9] = [0xff, 0xe0, 0, 7, b'A', b'V', b'I', b'1', 0];

/// Decodes JPEG images; keeps its buffers.
#[derive(Default)]
pub struct Unpacker {
    /// The image with the marker put in.
    marked: Vec<u8>,
    /// Interleaved Y, Cb, Cr, a triple for each pixel.
    triples: Vec<u8>,
}

impl Unpacker {
    /// Decodes `jpeg`, whose header must say `size` (even sides), into tightly packed I420 of limited range.
    pub fn unpack(&mut self, jpeg: &[u8], size: Size, out: &mut Vec<u8>) -> Result<(), ImageError> {
        let head = Head::read(jpeg)?;
        if !head.is_sequential() {
            return Err(damaged("it is not sequential"));
        }
        if head.size != size {
            return Err(damaged(format_args!("it is {} instead of {size}", head.size)));
        }
        let image = if head.has_tables {
            jpeg
        } else {
            self.marked.clear();
            self.marked.extend_from_slice(&jpeg[..2]);
            self.marked.extend_from_slice(&AVI1);
            self.marked.extend_from_slice(&jpeg[2..]);
            &self.marked
        };
        let options = DecoderOptions::new_fast()
            .set_max_width(MAX_SIDE as usize)
            .set_max_height(MAX_SIDE as usize)
            .jpeg_set_out_colorspace(ColorSpace::YCbCr);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(image), options);
        decoder.decode_headers().map_err(damaged)?;
        if decoder.output_buffer_size() != Some(size.pixels() * 3) {
            return Err(damaged("it is no colour picture"));
        }
        self.triples.resize(size.pixels() * 3, 0);
        decoder.decode_into(&mut self.triples).map_err(damaged)?;
        out.resize(size.i420_len(), 0);
        pack(&self.triples, size, out);
        Ok(())
    }
}

/// Triples into planes: chroma averaged over two by two pixels, full range brought to limited.
fn pack(triples: &[u8], size: Size, out: &mut [u8]) {
    let width = size.width as usize;
    let (y, chroma) = out.split_at_mut(size.pixels());
    let (u, v) = chroma.split_at_mut(size.pixels() / 4);
    let lines = triples.chunks_exact(width * 6).zip(y.chunks_exact_mut(width * 2));
    let chroma = u.chunks_exact_mut(width / 2).zip(v.chunks_exact_mut(width / 2));
    for ((source, y), (u, v)) in lines.zip(chroma) {
        let (above, below) = source.split_at(width * 3);
        let (y_above, y_below) = y.split_at_mut(width);
        let pairs = above.chunks_exact(6).zip(below.chunks_exact(6));
        let luma = y_above.chunks_exact_mut(2).zip(y_below.chunks_exact_mut(2));
        for (((a, b), (one, two)), (u, v)) in pairs.zip(luma).zip(u.iter_mut().zip(v)) {
            (one[0], one[1], two[0], two[1]) = (limit(a[0]), limit(a[3]), limit(b[0]), limit(b[3]));
            *u = limit_chroma([a[1], a[4], b[1], b[4]]);
            *v = limit_chroma([a[2], a[5], b[2], b[5]]);
        }
    }
}

/// 0..=255 to 16..=235, rounded.
fn limit(luma: u8) -> u8 {
    (16 + ((u32::from(luma) * 56_283 + 32_768) >> 16)) as u8
}

/// The mean of four samples, 0..=255 to 16..=240 around 128, rounded.
fn limit_chroma(samples: [u8; 4]) -> u8 {
    let sum: u32 = samples.iter().map(|&sample| u32::from(sample)).sum();
    ((sum * 14_392 + (128 << 16) - 512 * 14_392 + 32_768) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_range_becomes_limited_range() {
        for value in 0..=255u8 {
            assert_eq!(limit(value), (16.0 + f64::from(value) * 219.0 / 255.0).round() as u8);
            let exact = (128.0 + (f64::from(value) - 128.0) * 224.0 / 255.0).round();
            assert!((f64::from(limit_chroma([value; 4])) - exact).abs() <= 1.0, "{value}");
        }
        assert_eq!((limit(0), limit(255), limit_chroma([128; 4])), (16, 235, 128));
    }
}
