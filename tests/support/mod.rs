//! What tests against real servers and tools share.

#[allow(dead_code)]
pub mod drive;
pub mod nginx;
#[allow(dead_code)]
pub mod rig;
