//! Zoom and focus of a camera: the two controls there are for them, where a driver has them.
#![allow(unsafe_code)]

use super::node::guarded;
use crate::device::Optics;
use std::io;
use v4l::Device;
use v4l::control::{Control, Flags, Value};
use v4l::v4l_sys::{V4L2_CID_FOCUS_AUTO, V4L2_CID_ZOOM_ABSOLUTE, v4l2_queryctrl};
use v4l::v4l2::{ioctl, vidioc};

/// The controls of a camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Controls {
    zoom: Option<Range>,
    focus: bool,
}

/// What a numeric control takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    min: i32,
    max: i32,
    step: i32,
}

impl Range {
    /// The value for a zoom by `factor`, and the factor it makes: never more than was asked for.
    ///
    /// The control is a focal length in units of the driver (V4L2, "Camera Control Reference"), so that a factor is one
    /// to its least value. A control that begins at zero is no focal length, and what its values mean nobody says.
    fn zoom(self, factor: f32) -> Option<(i32, f32)> {
        if self.min <= 0 || self.max <= self.min {
            return None;
        }
        let wish = (f64::from(self.min) * f64::from(factor.clamp(1.0, 100.0))).min(f64::from(self.max)) as i32;
        let step = self.step.max(1);
        let value = self.min + (wish - self.min).max(0) / step * step;
        Some((value, (f64::from(value) / f64::from(self.min)) as f32))
    }
}

impl Controls {
    /// Asks a driver what it has.
    pub fn of(device: &Device) -> Self {
        Self {
            zoom: query(device, V4L2_CID_ZOOM_ABSOLUTE).filter(|range| range.zoom(1.0).is_some()),
            focus: query(device, V4L2_CID_FOCUS_AUTO).is_some(),
        }
    }

    /// Sets both; what a driver refuses counts as what the camera can not do.
    pub fn aim(self, device: &Device, zoom: f32, auto_focus: bool) -> Optics {
        let set = |id, value| guarded(|| device.set_control(Control { id, value }));
        let zoomed = self.zoom.and_then(|range| range.zoom(zoom));
        Optics {
            zoom: zoomed.and_then(|(value, factor)| {
                set(V4L2_CID_ZOOM_ABSOLUTE, Value::Integer(value.into())).ok().map(|()| factor)
            }),
            auto_focus: self
                .focus
                .then(|| set(V4L2_CID_FOCUS_AUTO, Value::Boolean(auto_focus)).ok().map(|()| auto_focus))
                .flatten(),
        }
    }
}

/// The range of a control that can be set; `None` when there is none.
fn query(device: &Device, id: u32) -> Option<Range> {
    // SAFETY: the struct is plain numbers, for all of which zero is a value.
    let mut asked = v4l2_queryctrl { id, ..unsafe { std::mem::zeroed() } };
    let answer: io::Result<()> =
        // SAFETY: the request is the one that takes this struct, which lives until the call returns; the descriptor is
        // open as long as the device is borrowed.
        unsafe { ioctl(device.handle().fd(), vidioc::VIDIOC_QUERYCTRL, (&raw mut asked).cast()) };
    let flags = Flags::from(asked.flags);
    let fixed = flags.intersects(Flags::DISABLED | Flags::READ_ONLY);
    (answer.is_ok() && !fixed).then_some(Range { min: asked.minimum, max: asked.maximum, step: asked.step })
}

#[cfg(test)]
mod tests {
    use super::super::node;
    use super::*;
    use std::path::Path;

    #[test]
    fn a_lens_goes_as_far_as_it_can_and_never_further_than_asked() {
        let range = |min, max, step| Range { min, max, step };
        for (range, factor, expected) in [
            (range(100, 500, 1), 1.0, Some((100, 1.0))),
            (range(100, 500, 1), 2.5, Some((250, 2.5))),
            (range(100, 200, 1), 4.0, Some((200, 2.0))),
            (range(10, 100, 10), 2.55, Some((20, 2.0))),
            (range(100, 500, 0), 3.0, Some((300, 3.0))),
            (range(1, i32::MAX, 1), 4.0, Some((4, 4.0))),
            (range(0, 16_384, 1), 2.0, None),
            (range(-5, 5, 1), 2.0, None),
            (range(100, 100, 1), 2.0, None),
        ] {
            assert_eq!(range.zoom(factor), expected, "{range:?} {factor}");
        }
    }

    #[test]
    fn a_device_without_controls_has_none() {
        let device = node::open(Path::new("/dev/null")).unwrap();
        let controls = Controls::of(&device);
        assert_eq!(controls, Controls::default());
        assert_eq!(controls.aim(&device, 2.0, false), Optics::default());
    }
}
