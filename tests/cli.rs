//! The commands as a person or a script uses them: exit statuses, words, and no secret anywhere.

mod support;

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, player, pusher, visavisd};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn check(folder: &Path, text: &str) -> (Option<i32>, String) {
    let file = folder.join("visavis.toml");
    fs::write(&file, text).unwrap();
    let output = visavisd().arg("check").arg(&file).output().unwrap();
    (output.status.code(), said(&output))
}

/// visavisctl against the socket `socket`.
fn ctl(socket: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visavisctl"));
    command.arg("--socket").arg(socket).args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn check_accepts_what_is_right_and_names_file_line_key_and_cure_of_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let right = pusher("rtmp://127.0.0.1/live/terminal") + &player("http://127.0.0.1/live/agent.flv", "");
    let (code, text) = check(folder.path(), &right);
    assert_eq!(code, Some(0), "{text}");
    let wrong: [(&str, &str, &[&str]); 6] = [
        ("[pusher]\nmin-bitrat = 200\n", ":2", &["pusher.min-bitrat", "min-bitrate"]),
        ("[pusher]\n\nfps = 31\n", ":3", &["pusher.fps", "1 to 30"]),
        ("[pusher]\nmax-bitrate = 300\nmin-bitrate = 400\n", ":3", &["pusher.min-bitrate", "max-bitrate"]),
        ("[pusher]\nurl = \"http://127.0.0.1/x\"\n", ":2", &["pusher.url", "rtmp://"]),
        ("[[player]]\nid = \"a\"\nsrc = \"rtsp://127.0.0.1/x\"\n", ":3", &["src", "rtmp://"]),
        ("[pusher\n", ":1", &[]),
    ];
    for (text, line, words) in wrong {
        let (code, told) = check(folder.path(), text);
        assert_eq!(code, Some(78), "{text}: {told}");
        assert!(told.contains(&format!("visavis.toml{line}")), "{text}: {told}");
        assert!(words.iter().all(|word| told.contains(word)), "{text}: {told}");
    }
    // Several files, every problem of each.
    let (one, two) = (folder.path().join("one.toml"), folder.path().join("two.toml"));
    fs::write(&one, "[pusher]\nfps = 0\nbeauty = 10\n").unwrap();
    fs::write(&two, "name = \"b\"\n[camera.front]\ndriver = \"webcam\"\n").unwrap();
    let output = visavisd().arg("check").args([&one, &two]).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    for words in ["one.toml:2", "one.toml:3", "two.toml:3", "v4l2"] {
        assert!(said(&output).contains(words), "{words}: {}", said(&output));
    }
    let output = visavisd().arg("check").arg(folder.path().join("missing.toml")).output().unwrap();
    assert!(output.status.code() != Some(0) && said(&output).contains("missing.toml"), "{}", said(&output));
}

#[test]
fn explain_says_what_will_happen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("visavis.toml");
    fs::write(&file, pusher("rtmp://127.0.0.1/live/terminal?txSecret=hunter2&txTime=5C271099")).unwrap();
    let output = visavisd().arg("explain").arg(&file).output().unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for words in ["320x180", "300", "rtmp://127.0.0.1"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
    fs::write(&file, "[pusher]\nfps = 99\n").unwrap();
    assert_eq!(visavisd().arg("explain").arg(&file).output().unwrap().status.code(), Some(78));
}

#[test]
fn doctor_looks_at_a_bare_machine_and_does_not_fail() {
    let output = visavisd().arg("doctor").output().unwrap();
    let text = said(&output).to_lowercase();
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in ["camera", "sound", "screen", "gpio", "encoder", "service", "clock"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("visavis.toml");
    fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    for arguments in [&["doctor"][..], &["check", file], &["explain", file]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = visavisd().args(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_command_that_does_not_exist_is_a_usage_error() {
    for program in [env!("CARGO_BIN_EXE_visavisd"), env!("CARGO_BIN_EXE_visavisctl")] {
        let output = Command::new(program).arg("dance").output().unwrap();
        assert!(matches!(output.status.code(), Some(2 | 64)), "{program}: {:?}", output.status);
        let output = Command::new(program).arg("--help").output().unwrap();
        assert!(output.status.success() && said(&output).contains("Usage"), "{program}");
        let output = Command::new(program).arg("--version").output().unwrap();
        assert!(output.status.success() && said(&output).contains(env!("CARGO_PKG_VERSION")), "{program}");
    }
}

#[test]
fn visavisctl_shows_a_table_to_people_and_json_to_programs() {
    let server = Nginx::start();
    let config = pusher(&server.url("live", "terminal")) + &player(&server.url("live", "terminal"), "mode = \"RTC\"");
    let terminal = Terminal::start(&config, VIRTUAL);
    terminal.on_air(500);
    let table = ctl(terminal.socket(), &["status"]);
    assert!(table.status.success(), "{}", said(&table));
    let text = String::from_utf8_lossy(&table.stdout);
    assert!(["pusher", "live", "agent"].iter().all(|word| text.contains(word)), "{text}");
    assert!(serde_json::from_str::<Value>(&text).is_err(), "people do not read JSON: {text}");
    let raw = ctl(terminal.socket(), &["--json", "status"]);
    let raw: Value = serde_json::from_slice(&raw.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&raw)));
    assert_eq!(raw["pusher"]["state"], "live");
    for order in ["pause", "resume", "switch-camera", "stop"] {
        let output = ctl(terminal.socket(), &["pusher", order]);
        assert!(output.status.success(), "{order}: {}", said(&output));
    }
    let status = terminal.status();
    assert_eq!((&status["pusher"]["state"], &status["pusher"]["camera-position"]), (&json!("stopped"), &json!("back")));
    let output = ctl(terminal.socket(), &["player", "nobody", "play"]);
    assert!(!output.status.success() && said(&output).contains("nobody"), "{}", said(&output));
}

#[test]
fn without_a_daemon_visavisctl_says_so_with_status_69() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    let output = ctl(&socket, &["status"]);
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    assert!(said(&output).contains("control.sock"), "{}", said(&output));
    // A socket somebody left behind is no daemon either.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert_eq!(ctl(&socket, &["status"]).status.code(), Some(69));
}

/// A daemon that is not expected to run.
fn failing(socket: &Path, config: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let (settings, board) = (folder.path().join("visavis.toml"), folder.path().join("board.toml"));
    fs::write(&settings, config).unwrap();
    fs::write(&board, VIRTUAL).unwrap();
    let mut command = visavisd();
    command.arg("run").arg("--config").arg(&settings).arg("--board").arg(&board).arg("--socket").arg(socket);
    let output = command.output().unwrap();
    (output.status.code(), said(&output))
}

#[test]
fn a_second_daemon_on_the_same_socket_is_refused_and_the_first_lives_on() {
    let terminal = Terminal::start("", VIRTUAL);
    let (code, text) = failing(terminal.socket(), "");
    assert!(code.is_some_and(|code| code != 0), "{code:?}: {text}");
    assert!(text.contains("control.sock") && !text.contains("panicked"), "{text}");
    assert_eq!(terminal.status()["board"], "virtual");
}

#[test]
fn a_socket_left_behind_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    drop(std::os::unix::net::UnixListener::bind(folder.path().join("control.sock")).unwrap());
    let mut terminal = Terminal::start_in(folder, "", VIRTUAL, |_| {});
    assert_eq!(terminal.status()["board"], "virtual");
    assert_eq!(terminal.stop().code, 0);
}

#[test]
fn what_can_not_run_says_why_and_ends() {
    let (code, text) = failing(Path::new("/proc/visavis/control.sock"), "");
    assert!(code.is_some_and(|code| code != 0), "{text}");
    assert!(text.contains("/proc/visavis") && !text.contains("panicked"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let (code, text) = failing(&folder.path().join("control.sock"), "[pusher]\nfps = 99\n");
    assert_eq!(code, Some(78), "{text}");
    assert!(text.contains("visavis.toml:2") && text.contains("pusher.fps"), "{text}");
    let output = visavisd().args(["run", "--config", "/nonexistent/visavis.toml"]).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("/nonexistent/visavis.toml"), "{}", said(&output));
}

#[test]
fn the_socket_describes_itself_and_gives_metrics() {
    let server = Nginx::start();
    let config = pusher(&server.url("live", "terminal")) + &player(&server.url("live", "terminal"), "");
    let terminal = Terminal::start(&config, VIRTUAL);
    terminal.on_air(1100);
    let api = terminal.ask("GET", "/openapi.json", "");
    assert!(api["openapi"].as_str().is_some_and(|version| version.starts_with("3.")), "{api}");
    let paths = api["paths"].as_object().unwrap();
    for path in ["/v1/status", "/v1/pusher", "/v1/players", "/v1/standby", "/v1/events"] {
        assert!(paths.contains_key(path), "{path} is not described: {:?}", paths.keys());
    }
    // What is described is there.
    for (path, methods) in paths.iter().filter(|(path, _)| !path.contains("events")) {
        if methods.get("get").is_some() {
            let path = path.replace("{id}", "agent");
            assert_eq!(terminal.request("GET", &path, "").status, 200, "{path}");
        }
    }
    let metrics = terminal.request("GET", "/metrics", "");
    assert!(metrics.status == 200 && metrics.header("content-type").is_some_and(|kind| kind.contains("text")));
    let text = metrics.text();
    let samples = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut count = 0;
    for line in samples {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?}"));
        assert!(name.starts_with("visavis_") && value.parse::<f64>().is_ok(), "{line:?}");
        count += 1;
    }
    assert!(count >= 10, "{text}");
    assert_eq!(terminal.request("GET", "/v1/nothing", "").status, 404);
    assert_eq!(terminal.request("DELETE", "/v1/status", "").status, 405);
}

#[test]
fn at_most_eight_clients_are_served_and_the_ninth_is_told() {
    let terminal = Terminal::start("", VIRTUAL);
    let listening: Vec<_> = (0..8).map(|_| terminal.events()).collect();
    let refused = support::wait::until(3.0, "a refusal", || {
        match support::http::request(terminal.socket(), "GET", "/v1/status", "") {
            Ok(answer) if answer.status == 200 => None,
            Ok(answer) => Some(answer.status),
            Err(_) => Some(0),
        }
    });
    assert!([0, 429, 503].contains(&refused), "{refused}");
    drop(listening);
}

const SECRET: &str = "5ec2e7c0ffee5ec2e7c0ffee5ec2e7c0";

#[test]
fn no_secret_is_in_anything_a_whole_run_says() {
    let mut server = Nginx::start();
    let url = format!("{}?txSecret={SECRET}&txTime=5C271099", server.url("live", "terminal"));
    let folder = tempfile::tempdir().unwrap();
    let config = pusher(&url) + &player(&url, "mode = \"RTC\"");
    let mut terminal = Terminal::start_in(folder, &config, VIRTUAL, |command| {
        command.env("VISAVIS_LOG", "trace");
    });
    let mut events = terminal.events();
    events.wait("pusher", 1002, 5.0);
    events.wait("player:agent", 2004, 8.0);
    assert!(server.log().contains(SECRET), "the server is told the secret");
    server.kill();
    events.wait("pusher", 1102, 3.0);
    let mut said = String::new();
    for path in ["/v1/status", "/v1/pusher", "/v1/players", "/v1/players/agent", "/metrics"] {
        said += &terminal.request("GET", path, "").text();
    }
    let bad = json!({"url": format!("srt://h/live/x?txSecret={SECRET}")}).to_string();
    said += &terminal.request("PATCH", "/v1/pusher", &bad).text();
    let good = json!({"url": format!("{url}&again=1")}).to_string();
    said += &terminal.request("PATCH", "/v1/pusher", &good).text();
    events.wait("pusher", 3002, 5.0);
    said += &self::said(&ctl(terminal.socket(), &["status"]));
    said += &self::said(&ctl(terminal.socket(), &["--json", "pusher"]));
    said.extend(events.all().into_iter().map(|event| event.data));
    said += &terminal.stop().output;
    assert!(said.len() > 2000, "a run says something");
    let place = said.find(SECRET);
    assert!(place.is_none(), "…{}…", &said[place.unwrap_or(0).saturating_sub(300)..][..300]);
}
