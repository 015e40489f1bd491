//! The service: its unit is shut in well enough, and the daemon tells a service manager what it should.

mod support;

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::terminal::{Terminal, VIRTUAL, pusher};
use support::wait::until;

fn unit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/visavisd.service")
}

/// Runs systemd-analyze; status and what it said.
fn analyze(arguments: &[&str], unit: &Path) -> (bool, String) {
    let output = Command::new("systemd-analyze").args(arguments).arg(unit).output().expect("systemd-analyze runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

#[test]
fn the_unit_exposes_at_most_one_and_a_half_of_ten() {
    let (well, said) = analyze(&["security", "--no-pager", "--offline=true", "--threshold=15"], &unit());
    println!("{}", said.lines().last().unwrap_or_default());
    assert!(well, "{said}");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("visavisd.service");
    let text = fs::read_to_string(unit()).unwrap();
    assert!(text.contains("ExecStart=/usr/bin/visavisd run\n"), "the daemon is started from where it is installed");
    fs::write(&copy, text.replace("/usr/bin/visavisd", env!("CARGO_BIN_EXE_visavisd"))).unwrap();
    let (well, said) = analyze(&["verify", "--man=no", "--recursive-errors=no"], &copy);
    assert!(well && !said.contains("visavisd"), "{said}");
}

/// A service manager that listens.
struct Manager(UnixDatagram);

impl Manager {
    fn listen(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self(socket)
    }

    /// Waits until the daemon says something that `is` it; the whole message.
    fn wait(&self, seconds: f64, what: &str, is: impl Fn(&str) -> bool) -> String {
        until(seconds, what, || {
            let mut bytes = [0; 4096];
            while let Ok(length) = self.0.recv(&mut bytes) {
                let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
                if is(&message) {
                    return Some(message);
                }
            }
            None
        })
    }
}

/// A daemon without network or server to reach, and who started it.
fn managed(config: &str) -> (Terminal, Manager) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = Manager::listen(&path);
    let terminal = Terminal::start_in(folder, config, VIRTUAL, |command| {
        command.env("NOTIFY_SOCKET", path).env("WATCHDOG_USEC", "15000000");
    });
    (terminal, manager)
}

#[test]
fn it_is_ready_in_two_seconds_without_camera_or_network_tells_its_state_and_says_goodbye() {
    let start = Instant::now();
    let config = pusher("rtmp://127.0.0.1:9/live/a") + "[control]\nsocket = \"{folder}/control.sock\"\n";
    let (mut terminal, manager) = managed(&config);
    manager.wait(2.0, "READY=1", |message| message.contains("READY=1\n"));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let status = manager.wait(3.0, "a status", |message| message.starts_with("STATUS=pusher reconnecting"));
    assert_eq!(status.lines().count(), 1);
    terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
    manager.wait(3.0, "standby", |message| message.starts_with("STATUS=standby; pusher "));
    // Every thread has gone round, again and again, although there is nothing to do.
    for _ in 0..3 {
        manager.wait(6.0, "a sign of life", |message| message == "WATCHDOG=1\n");
    }
    let ended = terminal.stop();
    assert!(ended.code == 0 && ended.took < Duration::from_secs(3), "{ended:?}");
    manager.wait(1.0, "STOPPING=1", |message| message.contains("STOPPING=1\n"));
}

#[test]
fn a_reload_takes_the_file_over_and_a_bad_file_changes_nothing_but_the_status() {
    let (mut terminal, manager) = managed(&pusher("rtmp://127.0.0.1:9/live/a"));
    manager.wait(2.0, "READY=1", |message| message.contains("READY=1\n"));
    let file = terminal.folder().join("visavis.toml");
    let reload = |terminal: &Terminal, text: &str| {
        fs::write(&file, text).unwrap();
        terminal.signal(rustix::process::Signal::HUP);
        let message = manager.wait(3.0, "RELOADING=1", |message| message.contains("RELOADING=1\n"));
        assert!(message.lines().any(|line| line.starts_with("MONOTONIC_USEC=")), "{message}");
        manager.wait(3.0, "READY=1 again", |message| message.contains("READY=1\n"));
    };
    let text = pusher("rtmp://127.0.0.1:9/live/b").replace("fps = 15", "fps = 20");
    reload(&terminal, &text);
    let state = terminal.ask("GET", "/v1/pusher", "");
    assert_eq!(
        (&state["properties"]["fps"], &state["status"]["url"]),
        (&20.into(), &"rtmp://127.0.0.1:9/live/b".into())
    );
    reload(&terminal, &text.replace("fps = 20", "fps = 2000"));
    let status = terminal.status();
    let words = status["degraded"][0].as_str().unwrap_or_default().to_owned();
    assert!(words.contains("visavis.toml:7: pusher.fps: 2000 is out of range, allowed 1 to 30"), "{words}");
    assert_eq!(terminal.ask("GET", "/v1/pusher", "")["properties"]["fps"], 20);
    // What only a new start can bring is said, too.
    reload(&terminal, &(text.clone() + "[[player]]\nid = \"agent\"\n"));
    assert!(terminal.status()["degraded"][0].as_str().is_some_and(|words| words.contains("next start")));
    reload(&terminal, &text);
    assert_eq!(terminal.status()["degraded"], serde_json::json!([]));
    let log = terminal.stop().output;
    assert!(log.contains("pusher.fps: 2000") && log.contains("read again and are in force"), "{log}");
}

#[test]
fn standby_and_mute_outlive_a_crash_and_the_camera_stays_closed() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_owned();
    let config = pusher("rtmp://127.0.0.1:9/live/a");
    let start = || {
        Terminal::start_in(tempfile::tempdir().unwrap(), &config, VIRTUAL, |command| {
            command.env("STATE_DIRECTORY", &state);
        })
    };
    let mut terminal = start();
    terminal.until_status(5.0, "a camera that runs", |status| status["pusher"]["camera"]["state"] == "running");
    terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
    terminal.patch(serde_json::json!({"muted": true, "fps": 20}));
    until(3.0, "the memory", || {
        fs::read_to_string(state.join("memory.json")).ok().filter(|it| it.contains("muted\":true"))
    });
    terminal.signal(rustix::process::Signal::KILL);
    terminal = start();
    let status = terminal.status();
    assert_eq!((&status["standby"], &status["pusher"]["muted"]), (&true.into(), &true.into()), "{status}");
    let mut events = terminal.events();
    events.wait("pusher", 1102, 5.0);
    assert_eq!(terminal.status()["pusher"]["camera"]["state"], "closed");
    // Other changes begin again as the settings file says.
    assert_eq!(terminal.ask("GET", "/v1/pusher", "")["properties"]["fps"], 15);
    terminal.ask("POST", "/v1/standby", r#"{"on": false}"#);
    terminal.patch(serde_json::json!({"muted": false}));
    terminal.stop();
    terminal = start();
    let status = terminal.status();
    assert_eq!((&status["standby"], &status["pusher"]["muted"]), (&false.into(), &false.into()), "{status}");
}
