//! The shortest HTTP/1.1 client that speaks to a Unix socket: one request a connection.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A whole answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The header `name` (lower case), if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// It is not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }
}

/// Asks for `path` and reads the whole answer, for which the other side has ten seconds.
pub fn request(socket: &Path, method: &str, path: &str, body: &str) -> io::Result<Response> {
    let (status, headers, mut stream) = open(socket, method, path, "", body, Some(Duration::from_secs(10)))?;
    let mut body = Vec::new();
    stream.read_to_end(&mut body)?;
    Ok(Response { status, headers, body })
}

/// What an answer begins with, and its body to be read.
pub type Opened = (u16, Vec<(String, String)>, Body);

/// Asks for `path` with additional header lines `more` (each ended by CR LF) and reads the answer's head.
pub fn open(
    socket: &Path,
    method: &str,
    path: &str,
    more: &str,
    body: &str,
    patience: Option<Duration>,
) -> io::Result<Opened> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(patience)?;
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: visavis\r\nConnection: close\r\n{kind}Content-Length: {length}\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes())?;
    // An answer may come, and the connection be closed, before a large body was read.
    let sent = stream.write_all(body.as_bytes());
    let mut stream = BufReader::new(stream);
    let first = match line(&mut stream) {
        Ok(first) => first,
        Err(error) => return Err(sent.err().unwrap_or(error)),
    };
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or(ErrorKind::InvalidData)?;
    let mut headers = Vec::new();
    loop {
        let line = line(&mut stream)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let value = |name: &str| headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let length = match (value("transfer-encoding"), value("content-length")) {
        (Some(_), _) => Length::Chunks { left: 0, begun: false },
        (None, Some(length)) => Length::Known(length.parse().map_err(|_| ErrorKind::InvalidData)?),
        (None, None) => Length::ToTheEnd,
    };
    Ok((status, headers, Body { stream, length }))
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

enum Length {
    Known(u64),
    Chunks { left: u64, begun: bool },
    ToTheEnd,
}

/// The body of an answer, its chunks joined.
pub struct Body {
    stream: BufReader<UnixStream>,
    length: Length,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.length {
            Length::ToTheEnd => self.stream.read(into),
            Length::Known(left) => {
                let count = (&mut self.stream).take(*left).read(into)?;
                *left -= count as u64;
                Ok(count)
            }
            Length::Chunks { left, begun } => {
                if *left == 0 {
                    if std::mem::replace(begun, true) {
                        line(&mut self.stream)?;
                    }
                    let size = line(&mut self.stream)?;
                    *left = u64::from_str_radix(size.trim(), 16).map_err(|_| ErrorKind::InvalidData)?;
                    if *left == 0 {
                        self.length = Length::Known(0);
                        return Ok(0);
                    }
                }
                let count = (&mut self.stream).take(*left).read(into)?;
                *left -= count as u64;
                Ok(count)
            }
        }
    }
}
