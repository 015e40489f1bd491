//! H.264 in software, by Cisco's openh264: the encoder and decoder every machine has.

mod decoder;
mod encoder;
mod guard;

pub use decoder::OpenH264Decoder;
pub use encoder::OpenH264Encoder;

/// The device's name in errors and reports.
const NAME: &str = "openh264";

#[cfg(test)]
mod tests;
