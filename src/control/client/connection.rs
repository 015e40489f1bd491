//! One HTTP connection to the daemon.

use super::Failure;
use crate::control::problem::Problem;
use axum::http::{Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{self, ErrorKind};
use std::path::Path;
use tokio::net::UnixStream;

/// The connection; requests follow each other on it.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects to the daemon's socket.
    pub async fn open(socket: &Path) -> Result<Self, Failure> {
        let stream = UnixStream::connect(socket).await.map_err(|error| unreachable(socket, &error))?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(lost)?;
        // Its errors reach the one who waits for an answer.
        tokio::spawn(async move { connection.await.ok() });
        Ok(Self { sender })
    }

    /// Sends a request; an answer that is a problem is a [`Failure::Refused`].
    pub async fn ask(
        &mut self,
        method: Method,
        path: &str,
        accept: &str,
        body: Option<&Value>,
    ) -> Result<Response<Incoming>, Failure> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "visavis")
            .header(header::ACCEPT, accept)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Failure::Usage(format!("{path} is not a path of the daemon")))?;
        self.sender.ready().await.map_err(lost)?;
        let response = self.sender.send_request(request).await.map_err(lost)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = bytes(response).await?;
        Err(Failure::Refused(serde_json::from_slice(&body).unwrap_or_else(|_| other(status))))
    }

    /// Sends a request and reads its JSON answer.
    pub async fn json<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let body = bytes(self.ask(method, path, "application/json", body).await?).await?;
        serde_json::from_slice(&body)
            .map_err(|error| Failure::Unreachable(format!("the daemon's answer can not be understood: {error}")))
    }
}

/// The whole body of an answer.
pub async fn bytes(response: Response<Incoming>) -> Result<Bytes, Failure> {
    Ok(response.into_body().collect().await.map_err(lost)?.to_bytes())
}

/// The connection ended before the answer did.
pub fn lost(error: hyper::Error) -> Failure {
    Failure::Unreachable(format!("the connection to the daemon was lost: {error}"))
}

fn other(status: StatusCode) -> Problem {
    Problem::new(status, "refused", status.to_string())
}

fn unreachable(socket: &Path, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        ErrorKind::NotFound => {
            "nothing is there: is visavisd running? (systemctl status visavisd) Another path: --socket PATH"
        }
        ErrorKind::ConnectionRefused => "its daemon has ended: systemctl restart visavisd",
        ErrorKind::PermissionDenied => {
            "this user may not use it: add the user to the group visavis and to control.allow-users, or use sudo"
        }
        _ => "the daemon may be overloaded or hung: journalctl -u visavisd",
    };
    Failure::Unreachable(format!("{}: {error}\n  {hint}", socket.display()))
}
