//! The way up: camera and microphone to the wire.
