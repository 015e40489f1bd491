//! An nginx-rtmp server of a test's own: free port, own folder, gone when dropped.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/// A running server. Application `live` relays and records what is published, as `NAME.flv` in [`Nginx::folder`];
/// application `closed` lets nobody publish.
pub struct Nginx {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Nginx {
    /// Starts a server and waits until it answers.
    ///
    /// # Panics
    /// nginx or its RTMP module is not installed (Debian: `nginx`, `libnginx-mod-rtmp`), or does not start.
    pub fn start() -> Self {
        assert!(Path::new(MODULE).exists(), "{MODULE} is missing: install nginx and libnginx-mod-rtmp");
        // Between choosing a port and nginx taking it another process may be quicker.
        (0..5).find_map(|_| Self::try_start()).expect("nginx does not start")
    }

    fn try_start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let (config, log) = (folder.path().join("nginx.conf"), folder.path().join("error.log"));
        std::fs::write(&config, configuration(folder.path(), port)).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(&config).arg("-e").arg(&log);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx is not installed");
        let mut server = Self { child, port, folder };
        let limit = Instant::now() + Duration::from_secs(5);
        while Instant::now() < limit && server.child.try_wait().unwrap().is_none() {
            if TcpStream::connect(server.address()).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The stream `name` of application `app`.
    pub fn url(&self, app: &str, name: &str) -> String {
        format!("rtmp://127.0.0.1:{}/{app}/{name}", self.port)
    }

    /// What was recorded of the stream `name`.
    #[allow(dead_code)]
    pub fn recorded(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.flv"))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "load_module {MODULE};
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log info;
events {{ worker_connections 64; }}
rtmp {{
  access_log off;
  server {{
    listen 127.0.0.1:{port};
    application live {{
      live on; sync 10ms; wait_key off; wait_video off; idle_streams on; play_restart on;
      record all; record_path {folder};
    }}
    application closed {{ live on; deny publish all; }}
  }}
}}
"
    )
}
