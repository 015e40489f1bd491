//! The Unix socket: HTTP, JSON, events, metrics.
