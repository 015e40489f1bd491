//! Sound as numbers: formats into each other, and a clock that counts samples.

mod convert;
mod sample_clock;

pub use convert::Convert;
pub use sample_clock::SampleClock;
