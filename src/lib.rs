//! visavis: face-to-face calls for embedded camera terminals.
//!
//! (architecture page: written last, see the modules' heads)

pub mod api;
pub mod appliance;
pub mod control;
pub mod daemon;
pub mod device;
pub mod flow;
pub mod flv;
pub mod h264;
pub mod http_flv;
pub mod image;
pub mod media;
pub mod player;
pub mod playout;
pub mod pusher;
pub mod retry;
pub mod rtmp;
pub mod settings;
pub mod voice;

#[cfg(test)]
pub(crate) mod testing;
