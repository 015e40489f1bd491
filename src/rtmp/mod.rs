//! Our own RTMP: bounded reader, interleaving writer, a client that publishes and plays, and a small relay. No sockets, no clock.
