//! visavis: face-to-face calls for embedded camera terminals.
//!
//! # The two ways
//! ```text
//!  camera ─latest─▶ venc ─until IDR─▶ net ══ RTMP ══▶ server          microphone ─ring─▶ net      (the way up)
//!  server ══ RTMP, HTTP-FLV ══▶ net ─▶ play ─until IDR─▶ vdec ─ring─▶ show ◀─latest─ cam          (the way down)
//!                                      play ─ring─▶ spk ─ring─▶ microphone (what it plays, for the echo)
//!                                      net, play, vdec ◀─wishes─▶ venc     (IDRs, in the streams of both terminals)
//!  socket, signals ─ Command ─▶ daemon ─▶ appliance ─▶ Effect ─▶ workers, lamps
//!                               daemon ◀─ Notice ── workers, buttons        appliance ─▶ Event ─▶ socket
//! ```
//! [`pusher`] tells the way up on one page, [`player`] the way down, [`screen`] what is seen here, [`appliance`] holds
//! every rule about what is open, connected, sent and said.
//!
//! # Storeys
//! Imports go only down; `tests/architecture.rs` holds this and the other rules below.
//!
//! 5. [`daemon`] wires and runs; [`control`] is the Unix socket.
//! 4. [`appliance`]: one pure state machine, the only owner of state: `(Command | Notice, now)` to effects and events.
//! 3. [`pusher`], [`player`], [`screen`], [`panel`] (buttons and lamps) and [`flow`] (threads, lanes, connections): the
//!    only place where engines meet devices. The first four never import each other.
//! 2. Engines, pure: [`h264`], [`flv`], [`rtmp`], [`http_flv`], [`playout`], [`render`], [`image`], [`voice`], [`buttons`],
//!    [`rate_control`], [`retry`], [`wish`]. Beside them [`device`], blocking, one owner thread each. Engines and devices never import each other.
//! 1. Vocabulary: [`media`], [`api`], [`settings`]; and [`font`], because engines and devices write.
//!
//! # What holds everywhere
//! **Time** is one line, CLOCK_MONOTONIC in microseconds ([`media::time`]), because kernel stamps and test
//! literals must both be able to make one. Engines and rules are told the time and say when to be called again;
//! only [`device::clock`] reads it.
//!
//! **Lanes** between threads ([`flow::lane`]) are bounded and named after what they lose: `latest` (the newest
//! wins), `until_idr` (a broken chain stays out until the next IDR), `ring` (the oldest goes). Every sleeping
//! thread waits on one bell ([`device::wake`]) together with its device; nothing polls by sleeping.
//!
//! **A worker opens, uses and drops its own device**, so unplugging, replugging and switching are the same act.
//! What it should be doing is a whole desired state ([`api::plan`]), so that an order given twice does nothing.
//!
//! **Calls go down, only notices go up** ([`api::notice`]). A failure is an event, a state and a picture, never an exit.
//!
//! **Nothing from the wire, a device, the socket or a file panics or grows without bound**: parsers check, queues
//! are bounded, and a panic in a worker is contained at its edge.
//!
//! What is deliberately absent: a TCP port of our own, a clock inside a protocol, a lock in the media path
//! outside lanes, board names in code, feature flags.

pub mod api;
pub mod appliance;
pub mod buttons;
pub mod control;
pub mod daemon;
pub mod device;
pub mod flow;
pub mod flv;
pub mod font;
pub mod h264;
pub mod http_flv;
pub mod image;
pub mod media;
pub mod panel;
pub mod player;
pub mod playout;
pub mod pusher;
pub mod rate_control;
pub mod render;
pub mod retry;
pub mod rtmp;
pub mod screen;
pub mod settings;
pub mod voice;
pub mod wish;

#[cfg(test)]
pub(crate) mod testing;
