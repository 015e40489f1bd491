//! The life of a device, told without repetition.

use super::Notices;
use crate::api::notice::{DeviceNotice, Notice};
use std::sync::Arc;

/// Tells of a device once for each change, not for each try.
#[derive(Clone)]
pub struct Teller {
    notices: Notices,
    wrap: Arc<dyn Fn(DeviceNotice) -> Notice + Send + Sync>,
    last: Option<DeviceNotice>,
}

impl Teller {
    /// Tells `notices` of the device that `wrap` names.
    pub fn new(notices: &Notices, wrap: impl Fn(DeviceNotice) -> Notice + Send + Sync + 'static) -> Self {
        Self { notices: notices.clone(), wrap: Arc::new(wrap), last: None }
    }

    /// Tells of it, unless that was the last thing told; another word for the same fault is the same.
    pub fn tell(&mut self, notice: DeviceNotice) {
        let same = match (&self.last, &notice) {
            (Some(DeviceNotice::Lost(last)), DeviceNotice::Lost(error)) => last.fault == error.fault,
            (None, DeviceNotice::Closed) => true,
            (last, notice) => last.as_ref() == Some(notice),
        };
        if !same {
            (self.notices)((self.wrap)(notice.clone()));
            self.last = Some(notice);
        }
    }

    /// What was told last.
    pub fn last(&self) -> Option<&DeviceNotice> {
        self.last.as_ref()
    }
}
