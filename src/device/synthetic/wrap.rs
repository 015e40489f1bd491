//! Makes any device fail on purpose: the test of everything that must survive one.

use crate::device::*;
use crate::media::{PictureView, RawPicture, Size, Sound, SoundFormat, Span, Time};
use std::ops::Range;

/// A device whose main call (`next`, `encode`, `decode`, `write`, `show`) fails with `error` for a range of calls.
///
/// Everything else, and every other call, is the inner device's. Wraps a trait object as well as a plain device.
pub struct Faulty<D: ?Sized> {
    failing: Range<u64>,
    error: DeviceError,
    calls: u64,
    inner: Box<D>,
}

impl<D: ?Sized> Faulty<D> {
    /// Calls are counted from 1: `3..4` fails the third alone, `3..u64::MAX` it and all that follow.
    pub fn new(inner: Box<D>, failing: Range<u64>, error: DeviceError) -> Self {
        Self { failing, error, calls: 0, inner }
    }

    fn count(&mut self) -> Result<&mut D, DeviceError> {
        self.calls += 1;
        if self.failing.contains(&self.calls) { Err(self.error.clone()) } else { Ok(&mut self.inner) }
    }
}

impl<D: Camera + ?Sized> Camera for Faulty<D> {
    fn mode(&self) -> CameraMode {
        self.inner.mode()
    }
    fn next(&mut self, wake: &Wake) -> Result<Option<RawPicture>, DeviceError> {
        self.count()?.next(wake)
    }
    fn take_losses(&mut self) -> u64 {
        self.inner.take_losses()
    }
    fn aim(&mut self, zoom: f32, auto_focus: bool) -> Optics {
        self.inner.aim(zoom, auto_focus)
    }
    fn would_differ(&self, wanted: Size, fps: u32) -> bool {
        self.inner.would_differ(wanted, fps)
    }
}

impl<D: Microphone + ?Sized> Microphone for Faulty<D> {
    fn format(&self) -> SoundFormat {
        self.inner.format()
    }
    fn next(&mut self, wake: &Wake, period: &mut Sound) -> Result<bool, DeviceError> {
        self.count()?.next(wake, period)
    }
    fn take_losses(&mut self) -> (u64, Span) {
        self.inner.take_losses()
    }
}

impl<D: VideoEncoder + ?Sized> VideoEncoder for Faulty<D> {
    fn encode(
        &mut self,
        picture: PictureView<'_>,
        at: Time,
        force_idr: bool,
        out: &mut Vec<u8>,
    ) -> Result<Encoded, DeviceError> {
        self.count()?.encode(picture, at, force_idr, out)
    }
    fn set_rate(&mut self, bitrate_kbps: u32, fps: u32) -> Result<(), DeviceError> {
        self.inner.set_rate(bitrate_kbps, fps)
    }
}

impl<D: SoundEncoder + ?Sized> SoundEncoder for Faulty<D> {
    fn config(&self) -> &[u8] {
        self.inner.config()
    }
    fn frame_len(&self) -> usize {
        self.inner.frame_len()
    }
    fn delay(&self) -> usize {
        self.inner.delay()
    }
    fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), DeviceError> {
        self.count()?.encode(samples, out)
    }
    fn set_bitrate(&mut self, kbps: u32) -> Result<(), DeviceError> {
        self.inner.set_bitrate(kbps)
    }
}

impl<D: VideoDecoder + ?Sized> VideoDecoder for Faulty<D> {
    fn decode(&mut self, annex_b: &[u8], pts: Span, sink: PictureSink<'_>) -> Result<(), DeviceError> {
        self.count()?.decode(annex_b, pts, sink)
    }
    fn wait(&mut self, wake: &Wake, sink: PictureSink<'_>) -> Result<(), DeviceError> {
        self.inner.wait(wake, sink)
    }
    fn flush(&mut self, sink: PictureSink<'_>) -> Result<(), DeviceError> {
        self.inner.flush(sink)
    }
}

impl<D: Speaker + ?Sized> Speaker for Faulty<D> {
    fn format(&self) -> SoundFormat {
        self.inner.format()
    }
    fn write(&mut self, samples: &[i16]) -> Result<usize, DeviceError> {
        self.count()?.write(samples)
    }
    fn wait(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<(), DeviceError> {
        self.inner.wait(wake, deadline)
    }
    fn delay(&mut self) -> Result<Span, DeviceError> {
        self.inner.delay()
    }
    fn clocked(&self) -> bool {
        self.inner.clocked()
    }
    fn take_underruns(&mut self) -> u64 {
        self.inner.take_underruns()
    }
}

impl<D: Display + ?Sized> Display for Faulty<D> {
    fn size(&self) -> Option<Size> {
        self.inner.size()
    }
    fn show(&mut self, picture: PictureView<'_>, wake: &Wake) -> Result<Option<Time>, DeviceError> {
        self.count()?.show(picture, wake)
    }
}

#[cfg(test)]
mod tests {
    use super::super::null::NullSpeaker;
    use super::*;

    #[test]
    fn chosen_calls_fail_and_all_others_reach_the_device() {
        let error = DeviceError::new(Fault::Gone, "speaker", "on purpose");
        let mut speaker: Box<dyn Speaker> =
            Box::new(Faulty::<dyn Speaker>::new(Box::new(NullSpeaker), 2..4, error.clone()));
        let results: Vec<_> = (0..5).map(|_| speaker.write(&[1, 2])).collect();
        assert_eq!(results, [Ok(2), Err(error.clone()), Err(error), Ok(2), Ok(2)]);
    }
}
