//! H.264 on the byte level: NAL units, parameter sets, and the two ways to frame them.
//!
//! Encoder and decoder speak Annex B (start codes), FLV carries length-prefixed NAL units and an
//! AVCDecoderConfigurationRecord. Everything here takes bytes of any origin and never panics on them.

pub mod avcc;
pub mod bits;
pub mod nal;
pub mod orientation;
pub mod sei;
pub mod sps;
pub mod word;

pub use avcc::DecoderConfig;
pub use nal::{Contents, NalKind};
pub use sps::{Refusal, Sps};
