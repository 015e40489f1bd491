//! Pictures as PNG and JPEG files, for snapshots.

use super::{ImageError, convert};
use crate::media::PictureView;
use jpeg_encoder::{ImageBuffer, JpegColorType, SamplingFactor};

/// The bytes of a PNG image.
pub fn to_png(picture: PictureView<'_>) -> Result<Vec<u8>, ImageError> {
    let failed = |error: png::EncodingError| ImageError::Failed(error.to_string());
    let mut pixels = Vec::new();
    convert::to_rgb(picture, &mut pixels)?;
    let mut out = Vec::with_capacity(pixels.len() / 2);
    let mut encoder = png::Encoder::new(&mut out, picture.size.width, picture.size.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

/// The bytes of a JPEG image of `quality` 1 ..= 100, its chroma left at 4:2:0.
pub fn to_jpeg(picture: PictureView<'_>, quality: u8) -> Result<Vec<u8>, ImageError> {
    let mut out = Vec::with_capacity(picture.size.pixels() / 4);
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, quality.clamp(1, 100));
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    let rows = Rows { picture, luma: full_range(16, 219, 0), chroma: full_range(128, 224, 128) };
    encoder.encode_image(rows).map_err(|error| ImageError::Failed(error.to_string()))?;
    Ok(out)
}

/// Lines of a picture, brought to the full range that JPEG has.
struct Rows<'a> {
    picture: PictureView<'a>,
    luma: [u8; 256],
    chroma: [u8; 256],
}

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.picture.size.width.min(u16::MAX.into()) as u16
    }

    fn height(&self) -> u16 {
        self.picture.size.height.min(u16::MAX.into()) as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let PictureView { size, y_stride, uv_stride, .. } = self.picture;
        let (row, width) = (usize::from(y), size.width as usize);
        let luma = line(self.picture.y, row * y_stride, width);
        buffers[0].extend(luma.iter().map(|&sample| self.luma[usize::from(sample)]));
        for (buffer, plane) in buffers[1..].iter_mut().zip([self.picture.u, self.picture.v]) {
            let samples = line(plane, row / 2 * uv_stride, width.div_ceil(2));
            let doubled = samples.iter().flat_map(|&sample| [self.chroma[usize::from(sample)]; 2]);
            buffer.extend(doubled.take(width));
        }
    }
}

fn line(plane: &[u8], start: usize, width: usize) -> &[u8] {
    plane.get(start..start + width).unwrap_or_default()
}

/// Stretches samples that span `span` from `from` to 255 values from `to`.
fn full_range(from: i32, span: i32, to: i32) -> [u8; 256] {
    std::array::from_fn(|sample| {
        let stretched = (2 * 255 * (sample as i32 - from) + span) as f64 / (2 * span) as f64;
        (stretched.floor() as i32 + to).clamp(0, 255) as u8
    })
}
