//! A camera of the kernel as a [`Camera`]: newest picture first, restarted when it stalls.

use super::health::Health;
use super::modes::{Offer, choose};
use super::node;
use super::optics::Controls;
use super::stream::Stream;
use super::verdict::why_unusable;
use crate::device::{Camera, CameraMode, DeviceError, Fault, Optics, Wake, Woken, clock};
use crate::media::{PixelFormat, Pool, RawPicture, Size, Span, Time};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::path::Path;
use v4l::buffer::{Flags, Metadata};
use v4l::format::FourCC;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format};

/// Idle pictures kept.
const SPARE_PICTURES: usize = 4;
/// Restarts of the stream without a picture in between before the camera counts as gone.
const MOST_RESTARTS: u32 = 3;
/// A kernel stamp older than this is no capture time.
const OLDEST: Span = Span::secs(2);
/// Larger pictures are no camera's.
const MOST_PIXELS: usize = 7680 * 4320;

/// An open and streaming camera.
pub struct V4l2Camera {
    // Dropped in this order: a stream must end before its device is closed.
    stream: Option<Stream>,
    device: Device,
    name: String,
    card: String,
    layout: Layout,
    /// The only format to take.
    format: Option<PixelFormat>,
    /// The size of the mode that was chosen; the driver may have settled on another one.
    chosen: Size,
    fps: f64,
    controls: Controls,
    pool: Pool,
    health: Health,
    lost: u64,
    restarts: u32,
    /// When the stream was started or last gave a good picture.
    alive: Time,
}

/// What VIDIOC_S_FMT settled on.
#[derive(Clone, Copy, Debug)]
struct Layout {
    format: PixelFormat,
    size: Size,
    stride: usize,
}

impl Layout {
    /// Bytes a whole picture has at least.
    fn least_bytes(self) -> usize {
        let (stride, height) = (self.stride, self.size.height as usize);
        match self.format {
            PixelFormat::I420 => stride * height + 2 * (stride.div_ceil(2) * height.div_ceil(2)),
            PixelFormat::Nv12 => stride * height + stride * height.div_ceil(2),
            PixelFormat::Yuyv => stride * height,
            // Two markers and the shortest tables.
            PixelFormat::Mjpeg => 128,
        }
    }

    fn whole(self, bytes: &[u8]) -> bool {
        let begun = self.format != PixelFormat::Mjpeg || bytes.starts_with(&[0xFF, 0xD8]);
        begun && bytes.len() >= self.least_bytes()
    }
}

impl V4l2Camera {
    /// Opens the node `path` and starts it in the mode nearest to `wanted` pictures at `fps`, in `format` alone if
    /// that is given.
    pub fn open(path: &Path, format: Option<PixelFormat>, wanted: Size, fps: u32) -> Result<Self, DeviceError> {
        let name = path.display().to_string();
        let failed = |doing: &'static str| {
            let name = name.clone();
            move |error: io::Error| match error.raw_os_error() {
                Some(libc::ENODEV) => DeviceError::new(Fault::Missing, name, "the camera is not connected"),
                Some(libc::EBUSY) => DeviceError::new(Fault::Busy, name, "another program is using the camera"),
                _ => DeviceError::io(name, doing, &error),
            }
        };
        let device = node::open(path).map_err(failed("open"))?;
        let capabilities = node::capabilities(&device).map_err(failed("ask what it is"))?;
        if let Some(why) = why_unusable(capabilities.capabilities, &node::formats(&device)) {
            return Err(DeviceError::new(Fault::Unsupported, name, why));
        }
        let offers = offers(&device, wanted, format);
        let none = || match format {
            Some(format) => format!("it does not offer the format {}", format.name()),
            None => "it offers no picture size".into(),
        };
        let offer = choose(&offers, wanted, fps).ok_or_else(|| DeviceError::new(Fault::Unsupported, &name, none()))?;
        let layout = set_format(&device, offer.format, offer.size).map_err(failed("set its format"))?;
        let fps = set_rate(&device, fps);
        let mut camera = Self {
            stream: None,
            device,
            card: capabilities.card,
            layout,
            format,
            chosen: offer.size,
            fps,
            controls: Controls::default(),
            pool: Pool::new(SPARE_PICTURES),
            health: Health::default(),
            lost: 0,
            restarts: 0,
            alive: clock::now(),
            name: name.clone(),
        };
        camera.stream = Some(Stream::start(&camera.device).map_err(|error| match error.raw_os_error() {
            // No bandwidth left on the bus, or one image processor for both sockets.
            Some(libc::ENOSPC | libc::EBUSY) => {
                DeviceError::new(Fault::Crowded, &name, "it can not stream while another camera does")
            }
            _ => failed("start streaming")(error),
        })?);
        camera.controls = Controls::of(&camera.device);
        Ok(camera)
    }

    /// Silence that means a stall.
    fn patience(&self) -> Span {
        Span::secs(1).max(Span::micros((5e6 / self.fps.max(0.1)) as i64))
    }

    /// A stream that failed or stalled is made anew on the same descriptor: EIO and a missed time-out leave the
    /// old one unusable, but not the device.
    fn restart(&mut self, why: &dyn std::fmt::Display) -> Result<(), DeviceError> {
        self.restarts += 1;
        if self.restarts > MOST_RESTARTS {
            let words = format_args!("{why}; restarted {MOST_RESTARTS} times without a picture");
            return Err(DeviceError::new(Fault::Gone, &self.name, words));
        }
        tracing::debug!(camera = self.name, "{why}, restarting the stream");
        self.stream = None;
        self.alive = clock::now();
        let stream = Stream::start(&self.device);
        self.stream = Some(stream.map_err(|error| DeviceError::io(&self.name, "restart the stream", &error))?);
        Ok(())
    }

    /// Takes the newest filled buffer, giving older ones back unseen; `None` when it was damaged.
    fn take_newest(&mut self) -> Result<Option<RawPicture>, DeviceError> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let handle = self.device.handle();
        let descriptor = node::descriptor(&handle);
        loop {
            let (bytes, meta) = match stream.take() {
                Ok(taken) => taken,
                Err(error) if error.raw_os_error() == Some(libc::ENODEV) => {
                    return Err(DeviceError::new(Fault::Gone, &self.name, "the camera was unplugged"));
                }
                Err(error) => return self.restart(&format_args!("the driver failed ({error})")).map(|()| None),
            };
            let now = clock::now();
            let good = !meta.flags.contains(Flags::ERROR) && self.layout.whole(bytes);
            if !self.health.note(good, now) {
                let words = "more than half of its pictures are damaged";
                return Err(DeviceError::new(Fault::Failed, &self.name, words));
            }
            let newer = readable(descriptor);
            if good {
                (self.alive, self.restarts) = (now, 0);
            }
            if newer || !good {
                self.lost += 1;
            }
            if newer {
                continue;
            }
            if !good {
                return Ok(None);
            }
            let mut buffer = self.pool.take(bytes.len());
            buffer.copy_from_slice(bytes);
            let Layout { format, size, stride } = self.layout;
            return Ok(Some(RawPicture { format, size, stride, bytes: buffer, captured: captured(&meta, now) }));
        }
    }
}

impl Camera for V4l2Camera {
    fn mode(&self) -> CameraMode {
        let Layout { format, size, .. } = self.layout;
        let words = format!("{} {size} at {:.4} from {}", format.name(), self.fps, self.card);
        CameraMode { size, fps: self.fps, words }
    }

    fn next(&mut self, wake: &Wake) -> Result<Option<RawPicture>, DeviceError> {
        loop {
            let handle = self.device.handle();
            let deadline = self.alive + self.patience();
            let woken = wake.wait_with(node::descriptor(&handle), PollFlags::IN, Some(deadline));
            match woken.map_err(|error| DeviceError::io(&self.name, "wait", &error))? {
                Woken::Rung => return Ok(None),
                Woken::Late => self.restart(&format_args!("no picture for {}", self.patience()))?,
                // POLLERR alone is told apart by the error of the call: ENODEV, or EIO of a stream that is to be restarted.
                Woken::Ready(flags) if flags.intersects(PollFlags::IN | PollFlags::ERR | PollFlags::HUP) => {
                    if let Some(picture) = self.take_newest()? {
                        return Ok(Some(picture));
                    }
                }
                Woken::Ready(_) => return Err(DeviceError::new(Fault::Gone, &self.name, "its descriptor is dead")),
            }
        }
    }

    fn take_losses(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    fn aim(&mut self, zoom: f32, auto_focus: bool) -> Optics {
        self.controls.aim(&self.device, zoom, auto_focus)
    }

    fn would_differ(&self, wanted: Size, fps: u32) -> bool {
        let best = choose(&offers(&self.device, wanted, self.format), wanted, fps);
        best.is_some_and(|best| best.size != self.chosen || best.fps.min(f64::from(fps)) > self.fps * 1.03)
    }
}

/// The modes that can be used; in `format` alone, if that is given.
fn offers(device: &Device, wanted: Size, format: Option<PixelFormat>) -> Vec<Offer> {
    let mut offers = node::offers(device, wanted);
    offers.retain(|offer| format.is_none_or(|only| offer.format == only));
    offers
}

/// Sets format and size; what the driver made of them.
fn set_format(device: &Device, format: PixelFormat, size: Size) -> io::Result<Layout> {
    let mut settled = Err(io::ErrorKind::Unsupported.into());
    for code in node::fourccs(format) {
        let wish = Format::new(size.width, size.height, FourCC::new(code));
        settled = node::guarded(|| device.set_format(&wish));
        if settled.as_ref().is_ok_and(|settled| settled.fourcc == wish.fourcc) {
            break;
        }
    }
    let settled = settled?;
    let size = Size::new(settled.width, settled.height);
    let fourcc = String::from_utf8_lossy(&settled.fourcc.repr).into_owned();
    if node::pixel_format(&fourcc) != Some(format) || size.is_empty() || size.pixels() > MOST_PIXELS {
        return Err(io::Error::other(format!("asked for {format:?}, the driver chose {fourcc} {size}")));
    }
    let packed = if format == PixelFormat::Yuyv { 2 * size.width } else { size.width };
    let stride = match format {
        PixelFormat::Mjpeg => 0,
        // Some drivers leave it zero.
        _ if settled.stride < packed => packed,
        _ => settled.stride.min(4 * packed),
    };
    Ok(Layout { format, size, stride: stride as usize })
}

/// Sets the rate; what the driver made of it, or the wish when it does not say.
fn set_rate(device: &Device, fps: u32) -> f64 {
    let settled = node::guarded(|| device.set_params(&Parameters::with_fps(fps)));
    let rate = settled.map_or(0.0, |settled| node::rate_of(settled.interval));
    if rate > 0.0 { rate } else { f64::from(fps) }
}

/// The kernel's stamp when it is one on our clock. Some drivers stamp the end of a picture that is yet to
/// come: nothing is captured after now.
fn captured(meta: &Metadata, now: Time) -> Time {
    let stamp = Time::from_micros((meta.timestamp.sec).saturating_mul(1_000_000).saturating_add(meta.timestamp.usec));
    let ours = (meta.flags & Flags::TIMESTAMP_MASK).bits() == Flags::TIMESTAMP_MONOTONIC.bits();
    if ours && now - stamp < OLDEST { stamp.min(now) } else { now }
}

fn readable(descriptor: std::os::fd::BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&at_once)).is_ok() && fds[0].revents() == PollFlags::IN
}

#[cfg(test)]
mod tests {
    use super::*;
    use v4l::timestamp::Timestamp;

    #[test]
    fn stamps_are_the_kernels_unless_they_can_not_be_true() {
        let now = Time::from_micros(50_000_000);
        let stamped = |flags: u32, sec, usec| {
            let meta =
                Metadata { flags: Flags::from(flags), timestamp: Timestamp::new(sec, usec), ..Metadata::default() };
            captured(&meta, now)
        };
        assert_eq!(stamped(0x2000, 49, 970_000), Time::from_micros(49_970_000));
        assert_eq!(stamped(0x2000, 50, 29_000), now, "from the future");
        assert_eq!(stamped(0x2000, 3, 0), now, "from long ago");
        assert_eq!(stamped(0x0000, 49, 970_000), now, "on an unknown clock");
        assert_eq!(stamped(0x4000, 49, 970_000), now, "copied from elsewhere");
    }

    #[test]
    fn short_pictures_and_things_that_are_no_jpeg_are_not_whole() {
        let size = Size::new(6, 4);
        for (format, stride, least) in
            [(PixelFormat::I420, 8, 48), (PixelFormat::Nv12, 8, 48), (PixelFormat::Yuyv, 12, 48)]
        {
            let layout = Layout { format, size, stride };
            assert!(layout.whole(&vec![0; least]) && !layout.whole(&vec![0; least - 1]), "{format:?}");
        }
        let jpeg = Layout { format: PixelFormat::Mjpeg, size, stride: 0 };
        let mut bytes = vec![0; 200];
        assert!(!jpeg.whole(&bytes));
        bytes[..2].copy_from_slice(&[0xFF, 0xD8]);
        assert!(jpeg.whole(&bytes) && !jpeg.whole(&bytes[..100]));
    }

    #[test]
    fn a_node_that_is_no_camera_is_refused_with_its_reason() {
        let open = |path: &str| V4l2Camera::open(Path::new(path), None, Size::new(640, 360), 30).err().unwrap();
        assert_eq!(open("/nonexistent/video0").fault, Fault::Missing);
        assert_eq!(open("/dev/null").fault, Fault::Unsupported);
    }
}
