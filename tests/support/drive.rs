//! A session over a plain socket: the shortest loop that drives the client.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use visavis::device::clock;
use visavis::rtmp::{Client, Event};

/// A client and its socket.
pub struct Drive {
    pub client: Client,
    socket: TcpStream,
}

impl Drive {
    /// Connects `client` to `server`.
    pub fn new(client: Client, server: SocketAddr) -> Self {
        let socket = TcpStream::connect(server).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        Self { client, socket }
    }

    /// Goes on until `done` says so of an event, and answers all events up to that one.
    ///
    /// # Panics
    /// It takes longer than ten seconds.
    pub fn until(&mut self, mut done: impl FnMut(&Event) -> bool) -> Vec<Event> {
        let mut told = Vec::new();
        let limit = Instant::now() + Duration::from_secs(10);
        while Instant::now() < limit {
            while let Some(event) = self.client.poll_event() {
                let last = done(&event);
                told.push(event);
                if last {
                    return told;
                }
            }
            self.turn();
        }
        panic!("nothing for ten seconds after {:?}", told.last());
    }

    /// Writes what there is to write and reads what there is to read.
    pub fn turn(&mut self) {
        self.flush();
        let mut bytes = [0; 16 << 10];
        match self.socket.read(&mut bytes) {
            Ok(0) => self.client.handle_close(clock::now()),
            Ok(count) => self.client.handle_bytes(&bytes[..count], clock::now()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => self.client.handle_close(clock::now()),
        }
        self.client.handle_timeout(clock::now());
        self.flush();
    }

    /// Writes everything that waits.
    pub fn flush(&mut self) {
        loop {
            let bytes = self.client.poll_transmit(4096);
            if bytes.is_empty() {
                return;
            }
            match self.socket.write(bytes) {
                Ok(count) => self.client.transmitted(count),
                Err(_) => return self.client.handle_close(clock::now()),
            }
        }
    }
}
