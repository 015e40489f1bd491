//! Pixels between camera, codec and screen: fit, scale, turn, convert, draw and compress.
//!
//! [`Scaler`] is the one pass of the picture path: it turns whatever a camera gives into the I420 picture the
//! encoder wants, and fits a decoded picture into a surface. It lends its result from a buffer of its own, or the
//! picture itself when nothing has to be done; so does [`beauty::Beautifier`], which comes after it. Everything works on BT.601 in limited range unless it says so.

pub mod beauty;
mod card;
mod compress;
mod convert;
mod fit;
mod jpeg_head;
mod mjpeg;
mod overlay;
mod panel;
mod planes;
mod scaler;
mod stage;
mod still;

pub use card::{CardText, draw_card};
pub use compress::{to_jpeg, to_png};
pub use convert::to_rgb;
pub use fit::{Framing, Turn, place};
pub use overlay::turned;
pub use panel::{Pens, draw_panel};
pub use scaler::Scaler;
pub use stage::Stage;
pub use still::{MOST_BYTES as MOST_STILL_BYTES, Still};

/// Longest side of any picture handled here.
pub const MAX_SIDE: u32 = 4096;

/// Why a picture could not be worked on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The sides are zero, odd where they must be even, or beyond [`MAX_SIDE`].
    #[error("a picture of {0} can not be handled")]
    Size(crate::media::Size),
    /// The bytes do not hold the picture they claim to.
    #[error("{got} bytes are too few for {what}")]
    TooShort { what: &'static str, got: usize },
    /// A JPEG image is damaged, or is none.
    #[error("damaged JPEG image: {0}")]
    Jpeg(String),
    /// A file can not be used as a still picture.
    #[error("{0}")]
    Still(String),
    /// A library refused its arguments.
    #[error("{0}")]
    Failed(String),
}

#[cfg(test)]
mod tests;
