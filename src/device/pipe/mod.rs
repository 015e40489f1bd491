//! Devices at the other end of a pipe: raw I420, 16-bit sound, buttons and lamps through FIFOs, files and child
//! commands.

mod button;
mod camera;
mod display;
mod end;
mod lamp;
mod microphone;
mod packed;
mod speaker;

#[cfg(test)]
mod tests;

pub use button::ScriptedButton;
pub use camera::PipeCamera;
pub use display::PipeDisplay;
pub use lamp::FileLamp;
pub use microphone::PipeMicrophone;
pub use speaker::PipeSpeaker;
