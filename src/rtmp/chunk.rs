//! What reader and writer of chunks share: the whole message, its type ids and its limits.
//!
//! "Spec" here and in the neighbouring modules is Adobe's RTMP Specification 1.0 (December 2012).

use bytes::Bytes;

/// Message type ids (spec 5.4, 7.1).
pub mod kind {
    pub const SET_CHUNK_SIZE: u8 = 1;
    pub const ABORT: u8 = 2;
    pub const ACKNOWLEDGEMENT: u8 = 3;
    pub const USER_CONTROL: u8 = 4;
    pub const WINDOW_ACK_SIZE: u8 = 5;
    pub const SET_PEER_BANDWIDTH: u8 = 6;
    pub const AUDIO: u8 = 8;
    pub const VIDEO: u8 = 9;
    /// Data behind one format byte.
    pub const DATA_AMF3: u8 = 15;
    /// A command behind one format byte.
    pub const COMMAND_AMF3: u8 = 17;
    pub const DATA_AMF0: u8 = 18;
    pub const COMMAND_AMF0: u8 = 20;
    pub const AGGREGATE: u8 = 22;
}

/// Chunk stream ids this side writes on; all at most 32, as nginx-rtmp allows no more.
pub mod csid {
    /// Protocol control, fixed by spec 5.4.
    pub const CONTROL: u8 = 2;
    pub const COMMAND: u8 = 3;
    pub const AUDIO: u8 = 4;
    pub const DATA: u8 = 5;
    pub const VIDEO: u8 = 6;
}

/// A time stamp or delta from here on stands in the extended field (spec 5.3.1.3).
pub const EXTENDED: u32 = 0xFF_FFFF;

/// Chunk size of both directions until a Set Chunk Size message (spec 5.4.1).
pub const DEFAULT_CHUNK_SIZE: usize = 128;

/// One whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Chunk stream it came on or goes out on.
    pub csid: u8,
    /// Milliseconds modulo 2^32.
    pub timestamp: u32,
    /// Type id, see [`kind`].
    pub kind: u8,
    /// Message stream id; 0 is the connection itself.
    pub stream: u32,
    pub payload: Bytes,
}

/// Most bytes a message of type `kind` may have; known from its header, before anything is stored.
///
/// Two MiB hold any IDR of 1080p; 64 KiB any command, metadata or AAC frame; control messages need four to ten bytes.
pub const fn size_limit(kind: u8) -> usize {
    match kind {
        kind::SET_CHUNK_SIZE..=kind::SET_PEER_BANDWIDTH => 32,
        kind::VIDEO | kind::AGGREGATE => 2 << 20,
        _ => 64 << 10,
    }
}

/// Why a byte stream can not be understood any further: the connection has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    #[error("chunk stream ids over 63 are not accepted")]
    StreamId,
    #[error("chunk stream {0} goes on with a message that never began")]
    NoPreviousHeader(u8),
    #[error("a message of type {kind} has {length} bytes, at most {limit} are accepted")]
    TooLong { kind: u8, length: usize, limit: usize },
    #[error("unfinished messages would hold {0} bytes, at most {limit} are accepted", limit = super::chunk_reader::BUDGET)]
    Budget(usize),
    #[error("chunk size {0:#x} is outside 1 to 0x7fffffff")]
    ChunkSize(u32),
}
