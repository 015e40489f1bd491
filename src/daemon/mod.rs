//! The program: wiring, signals, and the commands of visavisd.

pub mod inbox;
mod net;
mod relay;
