//! Snapshots of a running terminal: the image, the file that is kept, and what happens when it can not be.

mod support;

use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::ffmpeg;
use support::http::Response;
use support::nginx::Nginx;
use support::picture::Picture;
use support::terminal::{Terminal, VIRTUAL, pusher};

fn config(server: &Nginx) -> String {
    pusher(&server.url("live", "terminal")) + "[control]\nsnapshots = \"{folder}/kept\"\n"
}

fn snapshot(terminal: &Terminal, wanted: Value) -> Response {
    let begun = Instant::now();
    let answer = terminal.request("POST", "/v1/pusher/snapshot", &wanted.to_string());
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    answer
}

fn seen(terminal: &Terminal, wanted: Value) -> Picture {
    let answer = snapshot(terminal, wanted);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let file = terminal.folder().join("seen");
    fs::write(&file, &answer.body).unwrap();
    ffmpeg::image(&file)
}

fn kept(terminal: &Terminal) -> Vec<PathBuf> {
    fs::read_dir(terminal.folder().join("kept")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_image_is_answered_kept_as_a_file_and_told_as_an_event() {
    let server = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("kept")).unwrap();
    let terminal = Terminal::start_in(folder, &config(&server), VIRTUAL, |_| {});
    let mut events = terminal.events();
    terminal.on_air(500);
    let answer = snapshot(&terminal, json!({"format": "jpeg"}));
    let path = PathBuf::from(answer.header("snapshot-path").expect("a path"));
    assert_eq!(fs::read(&path).unwrap(), answer.body);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(events.wait("pusher", 1012, 1.0).detail["path"], json!(path));
    assert_eq!(ffmpeg::image(&path).card(), Some(1));
    assert_eq!(kept(&terminal), [path], "nothing else is left there");

    // In a person's words.
    let file = terminal.folder().join("door.jpg");
    let mut client = Command::new(env!("CARGO_BIN_EXE_visavisctl"));
    client.args(["pusher", "snapshot", "--source", "view", "-o"]).arg(&file).arg("--socket").arg(terminal.socket());
    let said = String::from_utf8(client.output().unwrap().stdout).unwrap();
    assert!(said.contains("door.jpg") && said.contains("kept on the terminal as"), "{said}");
    assert!(fs::read(&file).unwrap().starts_with(&[0xff, 0xd8]), "the ending says JPEG");

    terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
    assert_eq!(snapshot(&terminal, json!({})).status, 409);
    assert_eq!(kept(&terminal).len(), 2);
}

#[test]
fn the_view_is_mirrored_as_the_terminals_own_screen_is_and_the_stream_is_not() {
    let server = Nginx::start();
    let terminal = Terminal::start(&pusher(&server.url("live", "terminal")), VIRTUAL);
    terminal.on_air(500);
    let (stream, view) = (json!({"source": "stream"}), json!({"source": "view"}));
    assert_eq!(seen(&terminal, stream.clone()).card(), Some(1));
    assert_eq!(seen(&terminal, view.clone()).mirrored().card(), Some(1), "the front camera's is, by itself");
    terminal.patch(json!({"remote-mirror": true, "local-mirror": "disable"}));
    assert_eq!(seen(&terminal, stream.clone()).mirrored().card(), Some(1));
    assert_eq!(seen(&terminal, view.clone()).card(), Some(1));
    terminal.patch(json!({"remote-mirror": false, "local-mirror": "auto"}));
    terminal.push("switch-camera");
    terminal.on_air_longer(500);
    assert_eq!(seen(&terminal, view).card(), Some(2), "the back camera's is not");
    let answer = snapshot(&terminal, json!({}));
    assert_eq!((answer.status, answer.header("snapshot-path")), (200, None), "nowhere to keep it");
}

/// Starts a daemon that sees a disk of 64 KiB at `kept`, which nobody else sees.
fn with_small_disk(server: &Nginx) -> Terminal {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_owned();
    fs::create_dir(place.join("kept")).unwrap();
    Terminal::start_in(folder, &config(server), VIRTUAL, |command| {
        let mut inside = Command::new("unshare");
        inside.args(["--map-root-user", "--mount", "sh", "-c"]);
        inside.arg("mount -t tmpfs -o size=64k none \"$0\" && exec \"$@\"").arg(place.join("kept"));
        inside.arg(command.get_program()).args(command.get_args()).env_remove("STATE_DIRECTORY");
        inside.stdout(File::create(place.join("stdout")).unwrap()).stderr(File::create(place.join("stderr")).unwrap());
        *command = inside;
    })
}

/// Runs a command where `terminal` is.
fn inside(terminal: &Terminal, command: &[&str]) -> String {
    let mut enter = Command::new("nsenter");
    enter.args(["--preserve-credentials", "--user", "--mount", "--target", &terminal.pid().to_string()]);
    let output = enter.args(command).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn unfinished(folder: &Path, listed: &str) -> Vec<String> {
    let whole = |name: &&str| name.starts_with("visavis-0") && name.ends_with(".png");
    listed.lines().filter(|name| !whole(name)).map(|name| folder.join(name).display().to_string()).collect()
}

#[test]
fn a_full_or_read_only_disk_is_told_leaves_no_part_and_the_stream_goes_on() {
    let server = Nginx::start();
    let terminal = with_small_disk(&server);
    let mut events = terminal.events();
    terminal.on_air(500);
    let place = terminal.folder().join("kept");
    let at = place.to_str().unwrap();
    let refused = |answer: &Response, kind: &str| {
        assert_eq!(answer.status, 507, "{}", answer.text());
        assert_eq!(answer.json()["type"], json!(format!("urn:visavis:problem:{kind}")));
        assert!(answer.text().contains(at), "{}", answer.text());
    };
    let mut taken = 0;
    let full = loop {
        let answer = snapshot(&terminal, json!({}));
        if answer.status != 200 {
            break answer;
        }
        taken += 1;
        assert!(taken < 60, "64 KiB hold {taken} pictures of {} bytes", answer.body.len());
    };
    refused(&full, "storage-full");
    let listed = inside(&terminal, &["ls", "-A", at]);
    assert_eq!((unfinished(&place, &listed), listed.lines().count()), (vec![], taken));
    inside(&terminal, &["mount", "-o", "remount,ro", at]);
    refused(&snapshot(&terminal, json!({})), "storage-read-only");
    inside(&terminal, &["umount", at]);
    inside(&terminal, &["rmdir", at]);
    refused(&snapshot(&terminal, json!({})), "storage-missing");
    let told: Vec<Value> = (0..taken + 3).map(|_| events.wait("pusher", 1012, 1.0).detail["error"].clone()).collect();
    assert_eq!(told[taken..], [json!("storage-full"), json!("storage-read-only"), json!("storage-missing")]);

    terminal.push("stop");
    let video = ffmpeg::packets(&server.recorded("terminal"), "v");
    assert!(video.windows(2).all(|pair| pair[1].dts - pair[0].dts < 0.4), "the stream was held up");
    assert!(events.codes("pusher").iter().all(|code| (1001..1100).contains(code)), "{}", events.story());
}
