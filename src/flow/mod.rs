//! Threads and the bounded lanes between them; the only place where engines meet devices.

pub mod lane;
pub mod net;
pub mod worker;
