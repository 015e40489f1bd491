//! Screens of the kernel (KMS), driven directly: no window system, no compositor.
//!
//! `choice` (which connector, which mode), `pace` (when) and `uevent` (what the kernel says of plugs) decide and
//! touch nothing; `card` finds the device, `output` speaks to it, `buffer` is what is scanned out, `screen` is the
//! [`Display`](crate::device::Display) made of them.

mod buffer;
mod card;
mod choice;
mod convert;
mod output;
mod pace;
mod path;
mod planes;
pub mod probe;
mod props;
mod screen;
mod uevent;
mod veil;

pub use convert::{to_bgra, to_bgrx};
pub use screen::DrmScreen;
