//! Our own RTMP: bounded reader, interleaving writer, a client that publishes and plays, and a small relay.
//! No sockets, no clock.

pub mod chunk;
pub mod chunk_reader;
pub mod chunk_writer;
pub mod client;
pub mod handshake;
pub mod message;
pub mod relay;
pub mod url;
mod wire;

#[cfg(test)]
mod tests;

pub use client::{Client, Config, Event, Reason, Step};
pub use url::RtmpUrl;
pub use wire::{Broken, Counters};
