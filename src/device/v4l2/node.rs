//! A video node: opening it and asking what it is and can do.
#![allow(unsafe_code)]

use super::modes::{Offer, nearest_in_range};
use crate::media::{PixelFormat, Size};
use rustix::io::FdFlags;
use std::io;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use v4l::capability::Capabilities;
use v4l::device::Handle;
use v4l::format::FourCC;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture;
use v4l::{Device, Fraction};

/// Bounds what a driver may list.
const MOST_SIZES: usize = 64;

/// Runs a call of the `v4l` crate, which panics on answers it does not know (a product name cut inside a UTF-8
/// character, a colour space of a later kernel): those become errors.
pub fn guarded<T>(call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let answer = catch_unwind(AssertUnwindSafe(call));
    answer.unwrap_or_else(|_| Err(io::Error::other("its driver's answer is not understood")))
}

/// Opens the node `path`, closed on exec.
pub fn open(path: &Path) -> io::Result<Device> {
    let device = guarded(|| Device::with_path(path))?;
    rustix::io::fcntl_setfd(descriptor(&device.handle()), FdFlags::CLOEXEC)?;
    Ok(device)
}

/// The device's descriptor, to be polled.
pub fn descriptor(handle: &Arc<Handle>) -> BorrowedFd<'_> {
    // SAFETY: the descriptor stays open as long as its handle lives, and the borrow lives no longer than that.
    unsafe { BorrowedFd::borrow_raw(handle.fd()) }
}

/// What the node says of itself.
pub fn capabilities(device: &Device) -> io::Result<Capabilities> {
    guarded(|| device.query_caps())
}

/// The FourCCs it offers. A multi-planar node has none here.
pub fn formats(device: &Device) -> Vec<String> {
    let formats = guarded(|| device.enum_formats()).unwrap_or_default();
    formats.iter().map(|format| String::from_utf8_lossy(&format.fourcc.repr).into_owned()).collect()
}

/// The modes that can be used, for a wish of `wanted` size (it chooses from ranges of sizes).
pub fn offers(device: &Device, wanted: Size) -> Vec<Offer> {
    let mut offers = Vec::new();
    for name in formats(device) {
        let (Some(format), Some(code)) = (pixel_format(&name), fourcc(&name)) else { continue };
        let sizes = guarded(|| device.enum_framesizes(code)).unwrap_or_default();
        for size in sizes.iter().take(MOST_SIZES).map(|size| size_of(&size.size, wanted)) {
            offers.push(Offer { format, size, fps: highest_rate(device, code, size) });
        }
        if sizes.is_empty() {
            // The driver does not list sizes: VIDIOC_S_FMT will tell the nearest.
            offers.push(Offer { format, size: wanted, fps: f64::INFINITY });
        }
    }
    offers
}

fn size_of(size: &FrameSizeEnum, wanted: Size) -> Size {
    match size {
        FrameSizeEnum::Discrete(size) => Size::new(size.width, size.height),
        FrameSizeEnum::Stepwise(range) => nearest_in_range(
            wanted,
            Size::new(range.min_width, range.min_height),
            Size::new(range.max_width, range.max_height),
            Size::new(range.step_width, range.step_height),
        ),
    }
}

/// The highest rate at `size`; unlimited when the driver does not list rates.
fn highest_rate(device: &Device, code: FourCC, size: Size) -> f64 {
    let intervals = guarded(|| device.enum_frameintervals(code, size.width, size.height)).unwrap_or_default();
    let shortest = intervals.iter().map(|interval| match &interval.interval {
        FrameIntervalEnum::Discrete(interval) => rate_of(*interval),
        FrameIntervalEnum::Stepwise(range) => rate_of(range.min),
    });
    shortest.max_by(f64::total_cmp).unwrap_or(f64::INFINITY)
}

/// Pictures a second of an interval; zero when it is none.
pub fn rate_of(interval: Fraction) -> f64 {
    if interval.numerator == 0 { 0.0 } else { f64::from(interval.denominator) / f64::from(interval.numerator) }
}

/// Our name for a FourCC.
pub fn pixel_format(fourcc: &str) -> Option<PixelFormat> {
    Some(match fourcc {
        "YU12" => PixelFormat::I420,
        "NV12" => PixelFormat::Nv12,
        "YUYV" => PixelFormat::Yuyv,
        "MJPG" | "JPEG" => PixelFormat::Mjpeg,
        _ => return None,
    })
}

/// The FourCCs to ask for a format by, in order.
pub fn fourccs(format: PixelFormat) -> &'static [&'static [u8; 4]] {
    match format {
        PixelFormat::I420 => &[b"YU12"],
        PixelFormat::Nv12 => &[b"NV12"],
        PixelFormat::Yuyv => &[b"YUYV"],
        PixelFormat::Mjpeg => &[b"MJPG", b"JPEG"],
    }
}

fn fourcc(name: &str) -> Option<FourCC> {
    name.as_bytes().try_into().ok().map(|name: &[u8; 4]| FourCC::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_a_call_becomes_an_error() {
        let result: io::Result<()> = guarded(|| panic!("as the crate does on a cut name"));
        assert!(result.unwrap_err().to_string().contains("not understood"));
    }

    #[test]
    fn a_node_that_is_not_there_and_a_file_that_is_no_node_are_errors() {
        assert_eq!(open(Path::new("/nonexistent/video0")).err().unwrap().kind(), io::ErrorKind::NotFound);
        let device = open(Path::new("/dev/null")).unwrap();
        assert_eq!(capabilities(&device).err().unwrap().raw_os_error(), Some(libc::ENOTTY));
        assert_eq!(formats(&device), Vec::<String>::new());
        assert!(rustix::io::fcntl_getfd(descriptor(&device.handle())).unwrap().contains(FdFlags::CLOEXEC));
    }

    #[test]
    fn rates_are_the_inverse_of_intervals() {
        assert_eq!(rate_of(Fraction::new(1, 30)), 30.0);
        assert_eq!(rate_of(Fraction::new(0, 30)), 0.0);
    }
}
