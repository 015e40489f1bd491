//! The way down: wire to screen and loudspeaker.
