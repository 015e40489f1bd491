//! A node-media-server of a test's own: RTMP and HTTP-FLV, media on message stream 0, and everything since the last IDR
//! for whoever joins.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// As pinned in `board/lib.sh`.
const VERSION: &str = "4.2.8";

/// A running server, gone when dropped.
pub struct NodeMediaServer {
    child: Child,
    rtmp: SocketAddr,
    http: SocketAddr,
    _folder: tempfile::TempDir,
}

impl NodeMediaServer {
    /// Starts a server and waits until it answers.
    ///
    /// # Panics
    /// It is not installed (`board/run-tests` does that), or does not start.
    pub fn start() -> Self {
        let package = package();
        assert!(package.exists(), "{} is missing: board/run-tests installs it", package.display());
        // Between choosing the ports and node taking them another process may be quicker.
        (0..5).find_map(|_| Self::try_start(&package)).expect("node-media-server does not start")
    }

    fn try_start(package: &std::path::Path) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (rtmp, http) = (free(), free());
        let script = format!(
            "const Server = require({package:?});\n\
             new Server({{ bind: '127.0.0.1', rtmp: {{ port: {} }}, http: {{ port: {} }} }}).run();\n",
            rtmp.port(),
            http.port()
        );
        std::fs::write(folder.path().join("server.js"), script).unwrap();
        let mut command = Command::new("node");
        command.arg("server.js").current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("node is not installed");
        let mut server = Self { child, rtmp, http, _folder: folder };
        server.answers().then_some(server)
    }

    fn answers(&mut self) -> bool {
        let limit = Instant::now() + Duration::from_secs(10);
        while Instant::now() < limit && self.child.try_wait().unwrap().is_none() {
            if [self.rtmp, self.http].into_iter().all(|address| TcpStream::connect(address).is_ok()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// The stream `name` over RTMP.
    pub fn url(&self, name: &str) -> String {
        format!("rtmp://{}/live/{name}", self.rtmp)
    }

    /// The stream `name` over HTTP-FLV.
    pub fn http_url(&self, name: &str) -> String {
        format!("http://{}/live/{name}.flv", self.http)
    }
}

impl Drop for NodeMediaServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn package() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let folder = format!("visavis/node-media-server-{VERSION}/node_modules/node-media-server");
    cache.unwrap_or_else(home).join(folder)
}
