//! What tests against real servers and tools share.

// Every test file takes from here what it needs.
#![allow(dead_code)]

pub mod drive;
pub mod events;
pub mod ffmpeg;
pub mod fifo;
pub mod film;
pub mod http;
pub mod link;
pub mod nginx;
pub mod nms;
pub mod picture;
pub mod pipes;
pub mod rig;
pub mod room;
pub mod sound;
pub mod terminal;
pub mod tls;
pub mod wait;
pub mod web;
