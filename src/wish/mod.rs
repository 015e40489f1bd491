//! IDRs that the two terminals of a call wish for from each other, each in the stream it sends. Pure.
//!
//! RTMP has no way from a player back to the pusher. In a call there is one: what a terminal pushes is played by the far
//! one, so a player that has no picture to go on from says so there ([`crate::h264::word`]). [`Asking`] is what the
//! players of this terminal lack, [`Asked`] what others wish for from its encoder.

mod asked;
mod asking;

pub use asked::Asked;
pub use asking::{Asking, Ear, Part};
