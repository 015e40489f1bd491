//! Signed addresses through the whole program: minted at every connect, and never shown to anybody but the server.

mod support;

use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, pusher, visavisd};

/// The key at first, and the one it is replaced by.
const KEYS: [&str; 2] = ["e12c46f2612d5106e2034781ab261ca3", "0123c46f2612d5106e2034781ab261ca"];

/// A terminal's settings that sign for the stream `desk-7` with the key in its own folder.
fn signed(server: &Nginx, app: &str, key_file: &Path) -> String {
    let url = server.url(app, "{stream}?txSecret={txSecret}&txTime={txTime}");
    let key_file = key_file.display();
    pusher(&url) + &format!("[pusher.signing]\nkey-file = \"{key_file}\"\nvalid-for = \"12h\"\nstream = \"desk-7\"\n")
}

fn put_key(file: &Path, key: &str, mode: u32) {
    fs::write(file, format!("{key}\n")).unwrap();
    fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

/// Every `txSecret`, with its `txTime`, that the server was given.
fn secrets(server: &Nginx) -> Vec<(String, String)> {
    let log = server.log();
    let read = |rest: &str| {
        let (secret, rest) = rest.split_at_checked(32)?;
        let time: String = rest.strip_prefix("&txTime=")?.chars().take_while(char::is_ascii_hexdigit).collect();
        Some((secret.to_owned(), time))
    };
    log.split("txSecret=").skip(1).filter_map(read).collect()
}

#[test]
fn each_connect_is_signed_afresh_and_neither_key_nor_signature_is_in_anything_a_run_says() {
    let mut server = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("push-key");
    put_key(&key, KEYS[0], 0o600);
    let config = signed(&server, "live", &key);
    let mut terminal = Terminal::start_in(folder, &config, VIRTUAL, |command| {
        command.env("VISAVIS_LOG", "trace");
    });
    let mut events = terminal.events();
    events.wait("pusher", 1002, 5.0);
    server.kill();
    events.wait("pusher", 1102, 3.0);
    put_key(&key, KEYS[1], 0o600);
    server.start_again();
    events.wait("pusher", 1002, 5.0);
    // A server that says no, and one that is not there.
    let closed = server.url("closed", "{stream}?txSecret={txSecret}&txTime={txTime}");
    terminal.patch(json!({ "url": closed }));
    events.wait("pusher", 3004, 5.0);
    server.kill();
    events.wait("pusher", 3002, 12.0);

    let given = secrets(&server);
    assert!(given.len() >= 3, "the server was given {given:?}\n{}", server.log());
    for (n, (secret, time)) in given.iter().enumerate() {
        let script = format!("printf %s {}desk-7{time} | md5sum", KEYS[n.min(1)]);
        let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
        assert_eq!(*secret, String::from_utf8_lossy(&output.stdout)[..32], "connect {n}, txTime {time}");
    }

    let mut said = String::new();
    for path in ["/v1/status", "/v1/pusher", "/metrics", "/openapi.json"] {
        said += &terminal.request("GET", path, "").text();
    }
    assert!(said.contains("desk-7") && said.contains("{txSecret}"), "the template itself is shown");
    // Bad changes, each refused with its field, and none of them taken.
    for (change, field) in [
        (json!({ "url": format!("{}?txSecret={}&txTime={{txTime}}", server.url("live", "a"), given[0].0) }), "url"),
        (json!({ "signing": null }), "url"),
        (json!({ "url": "rtmp://h/live/{streem}" }), "url"),
        (json!({ "signing": { "key-file": key, "valid-for": "soon" } }), "signing.valid-for"),
        (json!({ "signing": { "key-file": key, "valid-for": "1h" } }), "signing.stream"),
    ] {
        let answer = terminal.request("PATCH", "/v1/pusher", &change.to_string());
        assert!((400..500).contains(&answer.status), "{change}: {}", answer.text());
        assert_eq!(answer.json()["field"], field, "{}", answer.text());
        said += &answer.text();
    }
    // The key goes away: that is told, and no connection is tried without a signature.
    fs::remove_file(&key).unwrap();
    terminal.push("stop");
    events.skip();
    terminal.push("start");
    let told = events.wait("pusher", 3002, 2.0);
    assert!(told.data.contains("not signed") && told.data.contains("can not be read"), "{}", told.data);
    put_key(&key, KEYS[1], 0o644);

    let file = terminal.folder().join("visavis.toml");
    for command in ["check", "explain"] {
        let output = visavisd().arg(command).arg(&file).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}");
        said += &String::from_utf8_lossy(&output.stdout);
        said += &String::from_utf8_lossy(&output.stderr);
    }
    assert!(said.contains("stream desk-7, valid for 12h") && said.contains("chmod 600"), "{said}");
    let output = visavisd().arg("doctor").output().unwrap();
    said += &String::from_utf8_lossy(&output.stdout);
    let ctl =
        Command::new(env!("CARGO_BIN_EXE_visavisctl")).arg("--socket").arg(terminal.socket()).arg("status").output();
    said += &String::from_utf8_lossy(&ctl.unwrap().stdout);
    said.extend(events.all().into_iter().map(|event| event.data));
    said += &terminal.stop().output;
    assert!(said.len() > 4000, "a run says something");
    let hidden = given.iter().flat_map(|(secret, time)| [secret.as_str(), time.as_str()]).chain(KEYS);
    for secret in hidden {
        let place = said.find(secret);
        assert!(place.is_none(), "…{}…", &said[place.unwrap_or(0).saturating_sub(200)..][..250]);
    }
}
