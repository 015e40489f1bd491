//! Devices at the other end of a pipe: raw I420 and 16-bit sound through FIFOs, files and child commands.

mod camera;
mod display;
mod end;
mod microphone;
mod packed;
mod speaker;

#[cfg(test)]
mod tests;

pub use camera::PipeCamera;
pub use display::PipeDisplay;
pub use microphone::PipeMicrophone;
pub use speaker::PipeSpeaker;
