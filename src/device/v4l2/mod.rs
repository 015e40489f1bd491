//! Cameras of the kernel: Video4Linux2, single-planar, streamed through mapped buffers.

mod camera;
mod health;
mod modes;
mod node;
mod optics;
pub mod probe;
mod stream;
mod verdict;

pub use camera::V4l2Camera;
pub use modes::{Offer, choose};
