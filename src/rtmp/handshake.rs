//! The exchange of random bytes before the first chunk (spec 5.2), bounded and with nothing read too far.

use rml_rtmp::handshake::{Handshake as Exchange, HandshakeProcessResult, PeerType};
use std::fmt;

/// What either side receives: one version byte and two packets of 1536 bytes (spec 5.2.1).
const LENGTH: usize = 1 + 2 * 1536;

/// One side of a handshake; knows the plain form and the one with digests.
pub struct Handshake {
    exchange: Exchange,
    received: usize,
}

/// The peer does not speak RTMP: words on what it said instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no RTMP handshake: {0}")]
pub struct NoHandshake(pub String);

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handshake({} of {LENGTH} bytes)", self.received)
    }
}

impl Handshake {
    /// The side that speaks first, and its first bytes.
    ///
    /// # Errors
    /// The first packet could not be made.
    pub fn client() -> Result<(Self, Vec<u8>), NoHandshake> {
        let mut exchange = Exchange::new(PeerType::Client);
        let first = exchange.generate_outbound_p0_and_p1().map_err(|error| NoHandshake(error.to_string()))?;
        Ok((Self { exchange, received: 0 }, first))
    }

    /// The side that answers.
    pub fn server() -> Self {
        Self { exchange: Exchange::new(PeerType::Server), received: 0 }
    }

    /// Takes what belongs to the handshake off the front of `input` and appends the answer to `out`; true when
    /// the handshake is over and the rest of `input` is chunks.
    ///
    /// # Errors
    /// The bytes are no RTMP handshake of a version we speak.
    pub fn read(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<bool, NoHandshake> {
        if self.received == 0 && input.starts_with(b"HTTP") {
            return Err(NoHandshake("the server answered in HTTP".into()));
        }
        let (ours, rest) = input.split_at(input.len().min(LENGTH - self.received));
        *input = rest;
        self.received += ours.len();
        match self.exchange.process_bytes(ours).map_err(|error| NoHandshake(error.to_string()))? {
            HandshakeProcessResult::InProgress { response_bytes } => {
                out.extend_from_slice(&response_bytes);
                if self.received == LENGTH {
                    return Err(NoHandshake("its packets fit no known form".into()));
                }
                Ok(false)
            }
            HandshakeProcessResult::Completed { response_bytes, .. } => {
                out.extend_from_slice(&response_bytes);
                Ok(true)
            }
        }
    }
}
