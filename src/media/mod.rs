//! The vocabulary of the media path: time, pictures, sound and the coded units between them.

pub mod overlay;
pub mod picture;
pub mod pool;
pub mod sound;
#[cfg(test)]
pub mod testing;
pub mod time;
pub mod unit;

pub use overlay::Overlay;
pub use picture::{PictureView, PixelFormat, Placement, RawPicture, Rect, Size};
pub use pool::{Buffer, Pool};
pub use sound::{Sound, SoundFormat};
pub use time::{Clocks, Span, Time};
pub use unit::{Law, SoundCoding, SoundUnit, VideoUnit};
