//! FLV tags and sequence headers: what RTMP messages and HTTP-FLV bodies carry.

pub mod amf;
