//! Sound cards of the kernel through alsa-lib: periods of 10 ms, no sound server needed.

mod microphone;
mod pcm;
pub mod probe;
mod speaker;

#[cfg(test)]
mod tests;

pub use microphone::AlsaMicrophone;
pub use speaker::AlsaSpeaker;
