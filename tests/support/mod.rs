//! What tests against real servers and tools share.

pub mod drive;
pub mod nginx;
