//! AAC by Fraunhofer's fdk-aac: an LC encoder, and a decoder for LC and both HE profiles.
//!
//! Delay, measured with an impulse through both: 2048 samples, 43 ms at 48 kHz, and nothing beyond what the
//! encoder reports. At 16 kHz the same 2048 samples are 128 ms, which is why speech keeps 48 kHz in a call.

mod decoder;
mod encoder;

pub use decoder::FdkDecoder;
pub use encoder::FdkEncoder;

/// The device's name in errors and reports.
const NAME: &str = "fdk-aac";

#[cfg(test)]
mod tests;
