//! A running `visavisd` with a configuration, a board and a socket of its own; killed when dropped.

use super::events::Events;
use super::http::{self, Response};
use super::wait::{until, until_every};
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The board without hardware: two test cards, a tone, nobody who listens and no screen.
pub const VIRTUAL: &str = r#"
name = "virtual"
[camera.front]
driver = "test-card"
[camera.back]
driver = "test-card"
variant = 2
[microphone]
driver = "tone"
[speaker.speaker]
driver = "null"
[speaker.ear]
driver = "null"
[display]
driver = "none"
"#;

/// A pusher to `url` that begins at once: 320x180, 15 pictures a second, little work for a machine.
pub fn pusher(url: &str) -> String {
    format!(
        "[pusher]\nurl = \"{url}\"\nautopush = true\norientation = \"horizontal\"\nvideo-width = 320\n\
         video-height = 180\nfps = 15\nmin-bitrate = 100\nmax-bitrate = 300\naudio-volume-type = \"media\"\n"
    )
}

/// A player `agent` of `src` that begins at once, with these further lines.
pub fn player(src: &str, more: &str) -> String {
    format!("[[player]]\nid = \"agent\"\nsrc = \"{src}\"\nautoplay = true\n{more}\n")
}

/// The daemon's command with nothing of this machine's own configuration around it.
pub fn visavisd() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visavisd"));
    command.env_remove("VISAVIS_LOG").env_remove("NOTIFY_SOCKET").env_remove("CREDENTIALS_DIRECTORY");
    command.stdin(Stdio::null());
    command
}

/// See the module's head.
pub struct Terminal {
    child: Child,
    folder: tempfile::TempDir,
    socket: PathBuf,
}

/// How a terminal ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit status; -1 when a signal ended it.
    pub code: i32,
    pub signal: Option<i32>,
    pub took: Duration,
    /// Standard output and standard error.
    pub output: String,
}

impl Terminal {
    /// Starts with `config` and `board`, and waits until it answers. `{folder}` stands for its own folder in both.
    pub fn start(config: &str, board: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config, board, |_| {})
    }

    /// Starts in `folder`, the command changed by `change`.
    pub fn start_in(folder: tempfile::TempDir, config: &str, board: &str, change: impl FnOnce(&mut Command)) -> Self {
        let place = folder.path().to_path_buf();
        let (settings, profile) = (place.join("visavis.toml"), place.join("board.toml"));
        let here = |text: &str| text.replace("{folder}", &place.display().to_string());
        fs::write(&settings, here(config)).unwrap();
        fs::write(&profile, here(board)).unwrap();
        let socket = place.join("control.sock");
        let mut command = visavisd();
        command.arg("run").arg("--config").arg(&settings).arg("--board").arg(&profile).arg("--socket").arg(&socket);
        command.stdout(File::create(place.join("stdout")).unwrap());
        command.stderr(File::create(place.join("stderr")).unwrap());
        change(&mut command);
        let child = command.spawn().unwrap();
        let mut this = Self { child, folder, socket };
        let log = place.join("stderr");
        until(10.0, "visavisd to answer", || {
            let ended = this.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", fs::read_to_string(&log).unwrap_or_default());
            http::request(&this.socket, "GET", "/v1/status", "").ok().filter(|answer| answer.status == 200)
        });
        this
    }

    /// Its own folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its control socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Everything it tells, from the beginning.
    pub fn events(&self) -> Events {
        Events::listen(&self.socket)
    }

    /// Any request; the answer as it is.
    pub fn request(&self, method: &str, path: &str, body: &str) -> Response {
        http::request(&self.socket, method, path, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.log()))
    }

    /// A request that succeeds; its answer as JSON.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let answer = self.request(method, path, body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// `GET /v1/status`.
    pub fn status(&self) -> Value {
        self.ask("GET", "/v1/status", "")
    }

    /// Waits until `condition` holds of the status.
    pub fn until_status(&self, within: f64, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
        // Clients are limited to twenty requests a second.
        until_every(Duration::from_millis(100), within, what, || {
            let status = self.status();
            if condition(&status) { Ok(status) } else { Err(format!("{status:#}")) }
        })
    }

    /// Waits until the pusher has been publishing for `ms` milliseconds without a break.
    pub fn on_air(&self, ms: i64) -> Value {
        let live = |status: &Value| {
            status["pusher"]["state"] == "live" && status["pusher"]["for-ms"].as_i64().unwrap_or(0) >= ms
        };
        self.until_status(ms as f64 / 1000.0 + 8.0, &format!("{ms} ms on air"), live)
    }

    /// Waits until the pusher has been publishing for `ms` milliseconds more than now.
    pub fn on_air_longer(&self, ms: i64) -> Value {
        let so_far = self.status()["pusher"]["for-ms"].as_i64().unwrap_or(0);
        self.on_air(so_far + ms)
    }

    /// Orders of the pusher: `start`, `switch-camera`…
    pub fn push(&self, order: &str) -> Value {
        self.ask("POST", &format!("/v1/pusher/{order}"), "")
    }

    /// Changes properties of the pusher.
    pub fn patch(&self, changes: Value) -> Value {
        self.ask("PATCH", "/v1/pusher", &changes.to_string())
    }

    /// Presses the scripted button whose FIFO is `name` in its folder for `ms` milliseconds, and lets the finger rest:
    /// a press counts after 250 ms.
    pub fn press(&self, name: &str, ms: u64) {
        let button = self.folder().join(name);
        fs::write(&button, "press\n").unwrap();
        sleep(Duration::from_millis(ms));
        fs::write(&button, "release\n").unwrap();
        sleep(Duration::from_millis(400));
    }

    /// What it said on standard error so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// It has not ended.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in MiB.
    pub fn rss(&self) -> f64 {
        self.proc_value("VmRSS:") / 1024.0
    }

    /// Threads of the process.
    pub fn threads(&self) -> usize {
        self.proc_value("Threads:") as usize
    }

    /// Open file descriptors: the fewest of some looks, because the last request's connection may still be closing.
    pub fn fds(&self) -> usize {
        let look = |_| {
            std::thread::sleep(Duration::from_millis(10));
            fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
        };
        (0..10).map(look).min().unwrap_or_default()
    }

    /// What the open file descriptors are.
    pub fn open_files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap();
        entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).collect()
    }

    fn proc_value(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Asks it to end as systemd does, and waits for that.
    pub fn stop(&mut self) -> Ended {
        let start = Instant::now();
        self.signal(rustix::process::Signal::TERM);
        let status = until(10.0, "visavisd to end", || self.child.try_wait().unwrap());
        let took = start.elapsed();
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        Ended {
            code: status.code().unwrap_or(-1),
            signal: status.signal(),
            took,
            output: read("stdout") + &read("stderr"),
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- visavisd said:\n{}", self.log());
        }
    }
}
