//! An nginx-rtmp server of a test's own: free port, own folder, gone when dropped.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/// A running server. Application `live` relays and records what is published, as `NAME.flv` in [`Nginx::folder`];
/// `verbatim` relays a publisher's metadata as they are, `closed` lets nobody publish, `hasty` closes on a publisher that says nothing for two seconds.
pub struct Nginx {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Nginx {
    /// Starts a server and waits until it answers.
    ///
    /// # Panics
    /// nginx or its RTMP module is not installed (Debian: `nginx`, `libnginx-mod-rtmp`), or does not start.
    pub fn start() -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST)
    }

    /// As [`Nginx::start`], at an address of this host; on one of a [`super::link::Link`] it is started by what is
    /// done there.
    pub fn start_at(host: Ipv4Addr) -> Self {
        assert!(Path::new(MODULE).exists(), "{MODULE} is missing: install nginx and libnginx-mod-rtmp");
        // Between choosing a port and nginx taking it another process may be quicker.
        (0..5).find_map(|_| Self::try_start(host)).expect("nginx does not start")
    }

    fn try_start(host: Ipv4Addr) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind((host, 0)).unwrap().local_addr().unwrap();
        std::fs::write(folder.path().join("nginx.conf"), configuration(folder.path(), address)).unwrap();
        let mut server = Self { child: run(folder.path()), address, folder };
        server.answers().then_some(server)
    }

    fn answers(&mut self) -> bool {
        let limit = Instant::now() + Duration::from_secs(5);
        while Instant::now() < limit && self.child.try_wait().unwrap().is_none() {
            if TcpStream::connect(self.address()).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal: STOP and CONT make a server that hangs.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// Starts it again on the same port after [`Nginx::kill`], and waits until it answers.
    pub fn start_again(&mut self) {
        self.child = run(self.folder.path());
        assert!(self.answers(), "nginx does not start again");
    }

    /// What it wrote into its log: connections, publishers, and how they left.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How the last publisher left: true when it said so before it closed; `None` while it is there.
    pub fn departure(&self) -> Option<bool> {
        let log = self.log();
        // "2026/01/31 12:00:00 [info] 123#123: *4 publish: name='door' …": the 4 is the connection.
        let (before, _) = log.rsplit_once(" publish: name=")?;
        let number = format!(" {} ", before.rsplit_once(' ')?.1);
        let words = log[before.len()..].lines().filter_map(|line| line.split_once(&number)).map(|(_, words)| words);
        let words: Vec<&str> = words.take_while(|words| !words.starts_with("disconnect")).collect();
        let said = words.iter().any(|words| words.starts_with("deleteStream"));
        let gone = log[before.len()..].contains(&format!("{number}disconnect"));
        gone.then_some(said)
    }

    /// The stream `name` of application `app`.
    pub fn url(&self, app: &str, name: &str) -> String {
        format!("rtmp://{}/{app}/{name}", self.address)
    }

    /// What was recorded of the stream `name`.
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

fn run(folder: &Path) -> Child {
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).arg("-e").arg(folder.join("error.log"));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx is not installed")
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "load_module {MODULE};
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log info;
events {{ worker_connections 64; }}
rtmp {{
  access_log off;
  server {{
    listen {address};
    application live {{
      live on; sync 10ms; wait_key off; wait_video off; idle_streams on; play_restart on;
      record all; record_path {folder};
    }}
    application verbatim {{ live on; sync 10ms; wait_key off; meta copy; }}
    application closed {{ live on; deny publish all; }}
    application hasty {{ live on; drop_idle_publisher 2s; }}
  }}
}}
"
    )
}
