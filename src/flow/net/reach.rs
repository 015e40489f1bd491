//! One TCP connection out of several attempts: every address has its turn, and none waits for a lost packet.
//!
//! The kernel repeats a connection's first packet after one, three and seven seconds only. A fresh attempt beside the
//! older ones is there a fraction of a second after the link is.

use super::socket;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};

/// A fresh attempt is made when nothing has come of the others for so long.
const FRESH: Duration = Duration::from_millis(200);
/// Attempts at a time, so that each lives for 1.2 s, longer than any usable round trip.
const AT_ONCE: usize = 6;

type Attempt = Pin<Box<dyn Future<Output = (SocketAddr, io::Result<TcpStream>)> + Send>>;

/// Connects to whichever of `addresses` answers first. `Err` as soon as every one has refused, or at `deadline`.
pub(super) async fn reach(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut left: VecDeque<SocketAddr> = addresses.iter().copied().collect();
    let mut attempts: VecDeque<Attempt> = VecDeque::new();
    let race = async {
        let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
        loop {
            let Some(address) = left.pop_front() else { return Err(refused) };
            left.push_back(address);
            attempts.truncate(AT_ONCE - 1);
            attempts.push_front(Box::pin(attempt(address)));
            let ended = tokio::select! {
                ended = first(&mut attempts) => ended,
                () = sleep_until(Instant::now() + FRESH) => continue,
            };
            match ended {
                (_, Ok(stream)) => return Ok(stream),
                (address, Err(error)) => {
                    left.retain(|other| *other != address);
                    refused = error;
                }
            }
        }
    };
    timeout_at(deadline, race).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn attempt(address: SocketAddr) -> (SocketAddr, io::Result<TcpStream>) {
    match socket(address) {
        Ok(socket) => (address, socket.connect(address).await),
        Err(error) => (address, Err(error)),
    }
}

/// The first attempt that ends; it is taken out.
async fn first(attempts: &mut VecDeque<Attempt>) -> (SocketAddr, io::Result<TcpStream>) {
    poll_fn(|cx| {
        for place in 0..attempts.len() {
            let Some(attempt) = attempts.get_mut(place) else { break };
            if let Poll::Ready(ended) = attempt.as_mut().poll(cx) {
                attempts.remove(place);
                return Poll::Ready(ended);
            }
        }
        Poll::Pending
    })
    .await
}
