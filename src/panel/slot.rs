//! The place of one button or lamp: what is open there, and what was last said about it.

use crate::api::notice::DeviceNotice;
use crate::device::DeviceError;

/// A place that may be empty.
pub struct Slot<D: ?Sized> {
    pub device: Option<Box<D>>,
    /// Whether the lamp here was last switched on.
    pub lit: bool,
    /// Why there is none, as it was last told.
    told: Option<DeviceError>,
}

impl<D: ?Sized> Default for Slot<D> {
    fn default() -> Self {
        Self { device: None, lit: false, told: None }
    }
}

impl<D: ?Sized> Slot<D> {
    /// Opens the device if there is none; the news that makes, which is none while a failure stays the same.
    pub fn open(
        &mut self,
        open: impl FnOnce() -> Result<Box<D>, DeviceError>,
        words: impl FnOnce(&D) -> &str,
    ) -> Option<DeviceNotice> {
        if self.device.is_some() {
            return None;
        }
        match open() {
            Ok(device) => {
                let words = words(&device).to_owned();
                (self.device, self.lit, self.told) = (Some(device), false, None);
                Some(DeviceNotice::Opened { words })
            }
            Err(error) if self.told.as_ref() == Some(&error) => None,
            Err(error) => Some(self.lose(error)),
        }
    }

    /// The device is gone.
    pub fn lose(&mut self, error: DeviceError) -> DeviceNotice {
        self.device = None;
        self.told = Some(error.clone());
        DeviceNotice::Lost(error)
    }
}
