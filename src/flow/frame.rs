//! What the ways give to the screen, and whom the screen tells what became of it.

use crate::image::Turn;
use crate::media::{RawPicture, Time};
use std::sync::Arc;

/// Something of a player for the screen.
pub enum Frame {
    Picture(Timed),
    /// The stream is over: nothing of it is shown any longer.
    Blank,
}

/// A decoded I420 picture that waits to be shown.
pub struct Timed {
    pub picture: RawPicture,
    pub due: Time,
    /// When it was ready.
    pub decoded: Time,
    /// When it was captured, on our clock, where the stream says so and the clocks agree.
    pub captured: Option<Time>,
    /// How the stream says that it is to be turned to stand upright.
    pub turn: Turn,
    pub audience: Arc<dyn Audience>,
}

/// Who wants to know what becomes of its pictures; called on the screen's thread, never blocks.
pub trait Audience: Send + Sync {
    /// The picture is on the screen from `at` on.
    fn shown(&self, picture: &Timed, at: Time);
    /// A picture was not shown, because a newer one was due.
    fn overtaken(&self);
    /// Pictures have come on the screen too late for a while.
    fn late(&self);
    /// A picture can not be shown, and why.
    fn failed(&self, reason: String);
}

/// A picture of the local camera for the screen: the newest is shown as soon as the screen is ready for it.
#[derive(Clone, Debug)]
pub struct SelfView {
    pub picture: Arc<RawPicture>,
    /// How it is to be turned to stand upright.
    pub turn: Turn,
    /// How far it is to be cropped.
    pub zoom: f32,
}
