//! The bytes of a waiting image, from a file or from the network, and no more of them than a picture may have.

use crate::flow::http::{self, reason};
use crate::flow::net::Dialer;
use crate::http_flv::{Journey, Target, Wanted};
use crate::image::MOST_STILL_BYTES;
use http_body_util::BodyExt;
use rustix::fs::OFlags;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;
use tokio::time::timeout;

/// From the connection to the head of the answer.
const HEAD: Duration = Duration::from_secs(5);
/// For all of it, every redirect included.
const WHOLE: Duration = Duration::from_secs(60);

/// Reads the file at `path`. The error says what is wrong, for a technician.
pub fn from_file(path: &str) -> Result<Vec<u8>, String> {
    let words = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "the daemon's user may not read it".to_owned(),
        _ => format!("it can not be read: {error}"),
    };
    // Without O_NONBLOCK a named pipe would be waited for.
    let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(words)?;
    let found = file.metadata().map_err(words)?;
    if !found.is_file() {
        return Err("it is no file".into());
    }
    if found.len() > MOST_STILL_BYTES as u64 {
        return Err(too_long(found.len()));
    }
    let mut bytes = Vec::new();
    file.take(MOST_STILL_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(words)?;
    Ok(bytes)
}

/// Fetches the picture at `url`. The error says what is wrong and holds no secret.
pub async fn from_network(dialer: &Dialer, url: &str) -> Result<Vec<u8>, String> {
    let mut journey = Journey::new(Wanted::Picture, Target::parse(url)?);
    let fetching = async {
        let http::Found { response, .. } = http::get(dialer, &mut journey, HEAD).await.map_err(|end| end.words)?;
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| format!("the connection broke: {}", reason(&error)))?;
            let Ok(data) = frame.into_data() else { continue };
            bytes.extend_from_slice(&data);
            if bytes.len() > MOST_STILL_BYTES {
                return Err(too_long(bytes.len() as u64));
            }
        }
        Ok(bytes)
    };
    timeout(WHOLE, fetching).await.unwrap_or_else(|_| Err(format!("it did not come within {} s", WHOLE.as_secs())))
}

fn too_long(bytes: u64) -> String {
    format!("it has {bytes} bytes or more, allowed are {MOST_STILL_BYTES}")
}
