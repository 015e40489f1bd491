//! The server: one named thread that accepts, judges and serves the clients of the socket.

use super::guard::Guard;
use super::limits::{BUFFER, Bucket, CLIENTS, HEAD_TIME, READER_TIME, TURNED_AWAY};
use super::peer::AllowList;
use super::problem::Problem;
use super::socket::{self, SocketError, SocketFile};
use super::{Controls, api};
use crate::device::clock;
use crate::media::{Span, Time};
use crate::settings::ControlSettings;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::os::unix::net::UnixListener as StdListener;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot};

/// The running server. Dropping it closes every connection and removes the socket.
pub struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _file: SocketFile,
}

impl Server {
    /// Makes the socket `settings` name and serves `controls` on it, on a thread of its own.
    pub fn start(settings: &ControlSettings, controls: Controls) -> Result<Self, SocketError> {
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let own = rustix::process::geteuid().as_raw();
        let (allowed, unknown) = AllowList::new(&settings.allow_users, &passwd, own);
        for user in unknown {
            tracing::warn!("control.allow-users names {user}, a user this machine does not have");
        }
        Self::start_for(&settings.socket, controls, allowed)
    }

    pub(super) fn start_for(path: &Path, controls: Controls, allowed: AllowList) -> Result<Self, SocketError> {
        let failed = |error| SocketError::Io(path.into(), error);
        let (listener, file) = socket::listen(path)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve(listener, controls, allowed) => {}
                }
            });
            // Tasks end where they wait; none of them holds a blocking call.
            runtime.shutdown_timeout(Duration::from_millis(100));
        };
        let thread = std::thread::Builder::new().name("control".into()).spawn(run).map_err(failed)?;
        Ok(Self { stop: Some(stop), thread: Some(thread), _file: file })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: StdListener, controls: Controls, allowed: AllowList) {
    let listener = match UnixListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("the control socket can not be used: {error}"),
    };
    let router = api::router(controls);
    let (clients, turned_away) = (Arc::new(Semaphore::new(CLIENTS)), Arc::new(Semaphore::new(TURNED_AWAY)));
    let mut strangers = Sparingly::default();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors or memory: the connection stays in the backlog until some are free.
                tracing::warn!("a client could not be accepted: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let uid = stream.peer_cred().map(|peer| peer.uid());
        if !uid.as_ref().is_ok_and(|uid| allowed.allows(*uid)) {
            if strangers.now(clock::now()) {
                let who = uid.map_or_else(|error| error.to_string(), |uid| format!("user number {uid}"));
                tracing::warn!("{who} is not in control.allow-users and was turned away");
            }
            let words = "add the user to control.allow-users";
            // A new socket's buffer is empty: what does not fit at once is not for this client.
            let _ = stream.try_write(&Problem::new(StatusCode::FORBIDDEN, "not-allowed", words).last_words());
            continue;
        }
        if let Ok(seat) = clients.clone().try_acquire_owned() {
            let router = router.clone();
            tokio::spawn(async move {
                attend(stream, router).await;
                drop(seat);
            });
        } else if let Ok(place) = turned_away.clone().try_acquire_owned() {
            tokio::spawn(async move {
                turn_away(stream).await;
                drop(place);
            });
        }
    }
}

/// Serves one client until it goes.
async fn attend(stream: UnixStream, router: Router) {
    // The kernel keeps no more for a slow reader than this; it doubles the value (socket(7)).
    let _ = socket2::SockRef::from(&stream).set_send_buffer_size(BUFFER / 2);
    let bucket = Arc::new(Mutex::new(Bucket::new()));
    let limited = router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let taken = bucket.lock().unwrap_or_else(PoisonError::into_inner).take(clock::now());
        async move {
            match taken {
                true => next.run(request).await,
                false => {
                    let words = "20 requests a second are allowed on a connection";
                    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", words).into_response()
                }
            }
        }
    }));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Guard::new(stream, READER_TIME)), TowerToHyperService::new(limited))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a client's connection ended");
    }
}

/// Tells a client over the limit so. Its request is read first, so that it does not fail while writing it.
async fn turn_away(mut stream: UnixStream) {
    let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", format!("{CLIENTS} clients are connected"));
    let talk = async {
        let mut request = [0; 4096];
        let _ = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut request)).await;
        let _ = stream.write_all(&busy.last_words()).await;
        let _ = stream.shutdown().await;
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), talk).await;
}

/// Says something at most once a minute.
#[derive(Default)]
struct Sparingly(Option<Time>);

impl Sparingly {
    fn now(&mut self, now: Time) -> bool {
        let due = self.0.is_none_or(|last| now - last >= Span::secs(60));
        if due {
            self.0 = Some(now);
        }
        due
    }
}
