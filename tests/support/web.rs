//! A web server of a test's own, that says to each request whatever the test wants it to say.

use super::film::Film;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// The head in front of a stream that ends with its connection.
pub const FLV: &str = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nConnection: close\r\n\r\n";

/// A running server; its thread ends with the test.
pub struct Web {
    address: SocketAddr,
}

impl Web {
    /// Answers each request for a path with what `answer` writes; the connection is closed after it.
    pub fn start(answer: impl Fn(&str, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                let answer = answer.clone();
                std::thread::spawn(move || {
                    let mut head = [0; 4096];
                    let length = socket.read(&mut head).unwrap_or(0);
                    let head = String::from_utf8_lossy(&head[..length]).into_owned();
                    // Whoever asked may have gone.
                    let _ = answer(head.split(' ').nth(1).unwrap_or_default(), &mut socket);
                });
            }
        });
        Self { address }
    }

    /// A server that plays `film` to everybody.
    pub fn playing(film: Film) -> Self {
        Self::start(move |_, socket| {
            socket.write_all(FLV.as_bytes())?;
            film.play(socket)
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of `path` at it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
