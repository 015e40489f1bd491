//! The guards of the protocol, one test or more each, against scripted bytes, our relay and an independent peer.

mod chunks;
mod hub;
mod messages;
mod mutation;
mod peer;
mod sessions;
mod statuses;
mod support;
