//! Still pictures from files: PNG and JPEG, judged by their head before a pixel of them is decoded.
//!
//! What is kept is I420 of at most [`KEPT`] pixels a side. Lines are brought to that size as they come out of the
//! decoder, so a PNG of any allowed size takes little more memory than the kept picture, and a JPEG takes three bytes a
//! pixel more while it is read. Kinds that must be unpacked as a whole first are allowed up to [`WHOLE`].

use super::card::BACKDROP_RGB;
use super::convert::planar_mut;
use super::jpeg_head::Head;
use super::{ImageError, MAX_SIDE};
use crate::media::{PictureView, Size};
use png::{BitDepth, ColorType, Limits, Transformations};
use std::io::Cursor;
use yuv::{YuvConversionMode, YuvRange, YuvStandardMatrix, rgb_to_yuv420};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Longest file that is looked at.
pub const MOST_BYTES: usize = 8 << 20;
/// Shortest side; the longest is [`MAX_SIDE`].
const LEAST_SIDE: u32 = 16;
/// Longest side of what is kept: more is never sent.
const KEPT: u32 = 2048;
/// Most pixels of an interlaced PNG, of a progressive JPEG, and of one that holds its colours one after the other.
const WHOLE: usize = 4 << 20;
/// Bytes a PNG decoder may ask for besides its lines.
const PNG_MEMORY: usize = 4 << 20;
const PNG_BEGINS: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG_BEGINS: &[u8] = &[0xff, 0xd8, 0xff];

/// A picture that was read from a file.
pub struct Still {
    /// As the file has it.
    pub size: Size,
    kept: Size,
    pixels: Vec<u8>,
}

impl Still {
    /// Reads a file's bytes. Where it is transparent the card's colour shows. The error says what is wrong with the
    /// file and what is allowed, for a technician.
    pub fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        if bytes.len() > MOST_BYTES {
            return Err(still(format_args!("it has {} bytes, allowed are {MOST_BYTES}", bytes.len())));
        }
        if bytes.starts_with(PNG_BEGINS) {
            read_png(bytes)
        } else if bytes.starts_with(JPEG_BEGINS) {
            read_jpeg(bytes)
        } else {
            Err(still(format_args!("it is neither PNG nor JPEG but {}", kind(bytes))))
        }
    }

    /// The picture, at most [`KEPT`] pixels a side.
    pub fn view(&self) -> Option<PictureView<'_>> {
        PictureView::new(self.kept, self.kept.width as usize, &self.pixels)
    }
}

fn read_png(bytes: &[u8]) -> Result<Still, ImageError> {
    let damaged = |error: png::DecodingError| still(format_args!("its PNG data is damaged: {error}"));
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: PNG_MEMORY });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // Eight bits a sample, palettes as colours, transparency as alpha.
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let info = decoder.read_header_info().map_err(damaged)?;
    let (size, interlaced) = (Size::new(info.width, info.height), info.interlaced);
    check(size, interlaced.then_some("an interlaced PNG"))?;
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (colour, depth) = reader.output_color_type();
    if depth != BitDepth::Eight {
        return Err(still("it has samples that are not of eight bits"));
    }
    let samples = colour.samples();
    let mut reduce = Reduce::new(size);
    let mut line = Vec::with_capacity(size.width as usize * 3);
    if interlaced {
        let length = reader.output_buffer_size().ok_or_else(|| still("it is too large"))?;
        let mut whole = vec![0; length];
        reader.next_frame(&mut whole).map_err(damaged)?;
        for row in whole.chunks_exact(size.width as usize * samples) {
            to_rgb_line(row, colour, &mut line);
            reduce.push(&line);
        }
    } else {
        while let Some(row) = reader.next_row().map_err(damaged)? {
            to_rgb_line(row.data(), colour, &mut line);
            reduce.push(&line);
        }
    }
    reader.finish().map_err(damaged)?;
    reduce.finish()
}

fn read_jpeg(bytes: &[u8]) -> Result<Still, ImageError> {
    let head = Head::read(bytes)?;
    let whole = match head.frame {
        0xc2 => Some("a progressive JPEG"),
        _ if head.in_first_scan < head.components => Some("a JPEG with its colours one after the other"),
        _ => None,
    };
    if !head.is_sequential() && head.frame != 0xc2 {
        return Err(still("it is a lossless or arithmetic JPEG: save it as an ordinary one"));
    }
    match head.components {
        1 | 3 => {}
        4 => return Err(still("its colours are those of a printer (CMYK): save it as RGB")),
        other => return Err(still(format_args!("it has {other} colours, allowed are 1 and 3"))),
    }
    check(head.size, whole)?;
    let options = DecoderOptions::new_safe()
        .set_max_width(MAX_SIDE as usize)
        .set_max_height(MAX_SIDE as usize)
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let damaged = |error: zune_jpeg::errors::DecodeErrors| still(format_args!("its JPEG data is damaged: {error}"));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    if decoder.dimensions() != Some((head.size.width as usize, head.size.height as usize)) {
        return Err(still("its headers contradict each other"));
    }
    let mut rgb = vec![0; head.size.pixels() * 3];
    decoder.decode_into(&mut rgb).map_err(damaged)?;
    let mut reduce = Reduce::new(head.size);
    rgb.chunks_exact(head.size.width as usize * 3).for_each(|line| reduce.push(line));
    drop(rgb);
    reduce.finish()
}

/// Refuses what is too large, or too small to be one; `whole`: what has to be unpacked as a whole.
fn check(size: Size, whole: Option<&str>) -> Result<(), ImageError> {
    let sides = [size.width, size.height];
    if sides.iter().any(|side| *side > MAX_SIDE) {
        return Err(still(format_args!("it is {size}, allowed are {MAX_SIDE}x{MAX_SIDE}")));
    }
    if sides.iter().any(|side| *side < LEAST_SIDE) {
        return Err(still(format_args!("it is {size}, at least {LEAST_SIDE}x{LEAST_SIDE} is needed")));
    }
    match whole {
        Some(kind) if size.pixels() > WHOLE => {
            let most = WHOLE >> 20;
            Err(still(format_args!("it is {kind} of {size}, allowed are {most} megapixels: save it smaller or plain")))
        }
        _ => Ok(()),
    }
}

/// What bytes that are no picture probably are.
fn kind(bytes: &[u8]) -> &'static str {
    let text = bytes.trim_ascii_start();
    match bytes {
        [] => "empty",
        _ if bytes.starts_with(b"GIF8") => "a GIF",
        _ if bytes.starts_with(b"RIFF") => "a WebP or another RIFF file",
        _ if bytes.starts_with(b"BM") => "a BMP",
        _ if text.starts_with(b"<") => "a page or a drawing in XML",
        _ if text.starts_with(b"{") => "JSON",
        _ => "something else",
    }
}

/// A line of eight-bit samples as red, green and blue, over the card's colour.
fn to_rgb_line(row: &[u8], colour: ColorType, line: &mut Vec<u8>) {
    let over = |value: u8, alpha: u8, below: u8| {
        let (alpha, value, below) = (u32::from(alpha), u32::from(value), u32::from(below));
        ((value * alpha + below * (255 - alpha) + 127) / 255) as u8
    };
    line.clear();
    match colour {
        ColorType::Grayscale | ColorType::Indexed => line.extend(row.iter().flat_map(|value| [*value; 3])),
        ColorType::Rgb => line.extend_from_slice(row),
        ColorType::GrayscaleAlpha => {
            let pixels = row.as_chunks::<2>().0.iter();
            line.extend(pixels.flat_map(|&[value, alpha]| BACKDROP_RGB.map(|below| over(value, alpha, below))));
        }
        ColorType::Rgba => {
            let [r, g, b] = BACKDROP_RGB;
            let pixels = row.as_chunks::<4>().0.iter();
            line.extend(pixels.flat_map(|&[x, y, z, alpha]| [over(x, alpha, r), over(y, alpha, g), over(z, alpha, b)]));
        }
    }
}

/// Brings lines to the kept size: as they are, or the means of two by two pixels.
struct Reduce {
    size: Size,
    halved: bool,
    kept: Size,
    rgb: Vec<u8>,
    above: Vec<u8>,
}

impl Reduce {
    fn new(size: Size) -> Self {
        let halved = size.width.max(size.height) > KEPT;
        let by = if halved { 2 } else { 1 };
        // Even sides: a last line or column without a partner is left out.
        let kept = Size::new((size.width / by) & !1, (size.height / by) & !1);
        Self { size, halved, kept, rgb: Vec::with_capacity(kept.pixels() * 3), above: Vec::new() }
    }

    fn push(&mut self, line: &[u8]) {
        let length = self.kept.width as usize * 3;
        if self.rgb.len() == self.kept.pixels() * 3 {
        } else if !self.halved {
            self.rgb.extend_from_slice(line.get(..length).unwrap_or_default());
        } else if self.above.is_empty() {
            self.above.extend_from_slice(line);
        } else {
            let pairs = self.above.as_chunks::<6>().0.iter().zip(line.as_chunks::<6>().0);
            let mean = |a: &[u8; 6], b: &[u8; 6], at: usize| {
                let sum = [a[at], a[at + 3], b[at], b[at + 3]].map(u16::from).iter().sum::<u16>();
                ((sum + 2) / 4) as u8
            };
            let means = pairs.flat_map(|(a, b)| [0, 1, 2].map(|at| mean(a, b, at)));
            self.rgb.extend(means.take(length));
            self.above.clear();
        }
    }

    fn finish(self) -> Result<Still, ImageError> {
        let Self { size, kept, rgb, .. } = self;
        if rgb.len() != kept.pixels() * 3 {
            return Err(still("it is cut short"));
        }
        let mut pixels = vec![0; kept.i420_len()];
        let (range, matrix) = (YuvRange::Limited, YuvStandardMatrix::Bt601);
        rgb_to_yuv420(
            &mut planar_mut(kept, &mut pixels),
            &rgb,
            kept.width * 3,
            range,
            matrix,
            YuvConversionMode::Balanced,
        )
        .map_err(|error| ImageError::Failed(error.to_string()))?;
        Ok(Still { size, kept, pixels })
    }
}

fn still(words: impl std::fmt::Display) -> ImageError {
    ImageError::Still(words.to_string())
}

#[cfg(test)]
mod tests;
