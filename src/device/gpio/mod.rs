//! Buttons and lamps on GPIO lines, through the kernel's character device.
//!
//! Levels go through embedded-hal's traits and are physical; what level means "pressed" or "lit" is decided here,
//! because the kernel's own `active low` turns edges but not the pins of gpiocdev-embedded-hal. Edges come from the
//! line's request with the kernel's stamps, in whole buffers: reading them one at a time loses those queued behind.

mod button;
mod lamp;
mod place;
pub mod probe;

pub use button::GpioButton;
pub use lamp::{GpioLamp, PinLamp};
