//! Our own RTMP: bounded reader, interleaving writer, a client that publishes and plays, and a small relay.
//! No sockets, no clock.

pub mod chunk;
pub mod chunk_reader;
pub mod chunk_writer;
pub mod url;

pub use url::RtmpUrl;
