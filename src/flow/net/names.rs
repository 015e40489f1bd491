//! Names to addresses: one lookup in flight, a deadline, and the last good address when the resolver is out.

use crate::api::notice::{Cause, End};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// Longest wait for a resolver.
const LOOKUP_LIMIT: Duration = Duration::from_secs(5);
/// Addresses tried of one name, and names remembered.
const MOST: usize = 8;

type Lookup = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;
type Key = (String, u16);

/// What is known of names.
#[derive(Clone)]
pub(super) struct Names {
    lookup: Arc<Lookup>,
    good: Arc<Mutex<HashMap<Key, SocketAddr>>>,
    /// The one that may ask.
    turn: Arc<Semaphore>,
    limit: Duration,
}

impl Default for Names {
    fn default() -> Self {
        Self::with(LOOKUP_LIMIT, |host, port| Ok((host, port).to_socket_addrs()?.collect()))
    }
}

impl Names {
    /// Asks `lookup`, which may block, in a thread of its own, and waits for it no longer than `limit`.
    pub(super) fn with(
        limit: Duration,
        lookup: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self { lookup: Arc::new(lookup), good: Arc::default(), turn: Arc::new(Semaphore::new(1)), limit }
    }

    /// The addresses of `host`; when there is no answer in time, the one that was reached last.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, End> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let why = match tokio::time::timeout(self.limit, self.ask(host, port)).await {
            Ok(Ok(found)) if !found.is_empty() => return Ok(found.into_iter().take(MOST).collect()),
            Ok(Ok(_)) => "it has no address".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer of the resolver within {:?}", self.limit),
        };
        let known = self.good.lock().ok().and_then(|good| good.get(&(host.to_owned(), port)).copied());
        match known {
            Some(address) => {
                tracing::warn!("the name {host} is not resolved ({why}), trying its last good address {address}");
                Ok(vec![address])
            }
            None => Err(End { cause: Cause::Dns, words: format!("{host} could not be resolved: {why}") }),
        }
    }

    /// A connection to `address` stood: it is the fallback for later.
    pub(super) fn reached(&self, host: &str, port: u16, address: SocketAddr) {
        if let Ok(mut good) = self.good.lock() {
            if good.len() >= MOST {
                good.clear();
            }
            good.insert((host.to_owned(), port), address);
        }
    }

    /// The system's resolver can not be interrupted: a thread waits for it, and there is never a second one. Who comes
    /// meanwhile waits for its turn.
    async fn ask(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let turn = self.turn.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (answer, answered) = oneshot::channel();
        let (lookup, host) = (self.lookup.clone(), host.to_owned());
        std::thread::Builder::new().name("dns".into()).spawn(move || {
            let found = lookup(&host, port);
            drop(turn);
            let _ = answer.send(found);
        })?;
        answered.await.unwrap_or_else(|_| Err(io::Error::other("the lookup failed")))
    }
}
