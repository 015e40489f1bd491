//! Sound as numbers: formats into each other, a clock that counts samples, and what makes a voice easier to listen to.

mod convert;
mod fade;
mod far_end;
mod far_ends;
mod loudness;
mod sample_clock;
mod stage;
mod treatment;

#[cfg(test)]
mod tests;

pub use convert::Convert;
pub use fade::Fade;
pub use far_end::Played;
pub use loudness::Loudness;
pub use sample_clock::SampleClock;
pub use treatment::Treatment;
