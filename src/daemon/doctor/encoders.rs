//! What a picture costs this machine.

use super::Report;
use crate::device::{self, DeviceError, VideoEncoderDriver, VideoEncoding, clock};
use crate::media::{PictureView, Size, Span};

/// What a picture costs this machine; a guess from a data sheet would be wrong.
pub fn tell(report: &mut Report) {
    report.head("Encoders");
    let sizes = [Size::new(640, 360), Size::new(1280, 720)];
    let drivers = device::video_encoders();
    for (driver, size) in drivers.iter().flat_map(|driver| sizes.map(|size| (driver, size))) {
        let name = driver.name;
        match picture_cost(driver, size) {
            Ok(cost) => {
                let part = cost.as_secs_f64() * 30.0 * 100.0;
                let verdict = format!("{name}: {size} takes {cost} a picture, {part:.0} % of one core at 30 a second");
                if part < 100.0 { report.well(&verdict) } else { report.wrong(&verdict) }
            }
            Err(error) => report.wrong(&error.to_string()),
        }
    }
}

/// The mean time in the encoder for a picture of `size` that moves.
fn picture_cost(driver: &VideoEncoderDriver, size: Size) -> Result<Span, DeviceError> {
    const PICTURES: u8 = 12;
    let mut encoder = (driver.build)(VideoEncoding { size, fps: 30, bitrate_kbps: 1000 })?;
    let (mut bytes, mut unit) = (vec![128; size.i420_len()], Vec::new());
    let began = clock::now();
    let mut busy = Span::ZERO;
    for number in 0..PICTURES {
        let (luma, _) = bytes.split_at_mut(size.pixels());
        for (row, line) in luma.chunks_exact_mut(size.width as usize).enumerate() {
            for (column, pixel) in line.iter_mut().enumerate() {
                *pixel = ((column + row) as u8 / 2).wrapping_add(number * 3);
            }
        }
        let Some(view) = PictureView::new(size, size.width as usize, &bytes) else { continue };
        let before = clock::now();
        encoder.encode(view, began + Span::millis(33) * i64::from(number), false, &mut unit)?;
        busy += clock::now() - before;
    }
    Ok(busy / i64::from(PICTURES))
}
