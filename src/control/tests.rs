//! A real server on a real socket, with a small terminal behind it, and clients of every temper.

use super::peer::AllowList;
use super::*;
use crate::api::code;
use crate::api::command::{ImageFormat, Picture, PlayerCommand, PusherCommand, Refusal};
use crate::api::event::{Happening, Object};
use crate::api::status::{PlayerStatus, PusherStatus, SessionState};
use crate::media::Time;
use crate::testing::mutations;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

pub(super) struct Rig {
    pub controls: Controls,
    pub path: PathBuf,
    _server: Server,
    _folder: tempfile::TempDir,
}

pub(super) fn rig() -> Rig {
    rig_for(AllowList::new(&[], "", rustix::process::geteuid().as_raw()).0)
}

fn rig_for(allowed: AllowList) -> Rig {
    let controls = Controls::new(Arc::new(|_| oneshot::channel().1));
    let url = Some("rtmp://127.0.0.1/live/a?txSecret=hunter2".to_owned());
    controls.window.show(View {
        status: Status {
            version: "0.1.0".into(),
            pusher: Some(PusherStatus { url: "rtmp://127.0.0.1/live/a".into(), ..Default::default() }),
            players: vec![PlayerStatus { id: "agent".into(), ..Default::default() }],
            ..Default::default()
        },
        pusher: Some(PusherSettings { url, ..Default::default() }),
        players: vec![PlayerSettings { id: "agent".into(), ..Default::default() }],
        ..View::default()
    });
    let window = controls.window.clone();
    let orders: Orders = Arc::new(move |command| {
        let (answer, receiver) = oneshot::channel();
        let _ = answer.send(obey(&window, command));
        receiver
    });
    let controls = Controls { orders, ..controls };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let server = Server::start_for(&path, controls.clone(), allowed).unwrap();
    Rig { controls, path, _server: server, _folder: folder }
}

/// The terminal: enough of one to see orders arrive and states change.
fn obey(window: &Window, command: Command) -> Reply {
    let mut view = View::clone(&window.view());
    let pusher = view.status.pusher.get_or_insert_default();
    let png = ImageFormat::Png;
    let picture = Picture { format: png, width: 2, height: 2, bytes: "PNG!".into(), path: Some("/tmp/a.png".into()) };
    match command {
        Command::Pusher(PusherCommand::Start) => pusher.state = SessionState::Live,
        Command::Pusher(PusherCommand::Patch(change)) => {
            match view.pusher.as_ref().map(|pusher| pusher.patched(&change)) {
                Some(Ok(changed)) => view.pusher = Some(changed),
                Some(Err(refusal)) => return Reply::Refused(refusal),
                None => {}
            }
        }
        Command::Pusher(PusherCommand::Snapshot(_)) => return Reply::Snapshot(picture),
        Command::Player(id, _) if id != "agent" => {
            let (kind, words) = ("unknown-player", "there is no such player".to_owned());
            return Reply::Refused(Refusal { kind, field: String::new(), words, object: Object::Player(id) });
        }
        Command::Player(_, PlayerCommand::Mute) => view.status.players[0].muted = true,
        Command::Screen(change) => match view.screen.patched(&change) {
            Ok(changed) => view.screen = changed,
            Err(refusal) => return Reply::Refused(refusal),
        },
        Command::Standby { on } => view.status.standby = on,
        _ => {}
    }
    window.show(view);
    Reply::Done
}

impl Rig {
    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// One request on its own connection: status, head, body.
    fn ask(&self, request: &str, headers: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
        let mut stream = self.connect();
        let length = body.len();
        let head =
            format!("{request} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
        // A refused body may end the connection before all of it is written.
        let _ = stream.write_all(&[head.as_bytes(), body].concat());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let end = answer.windows(4).position(|it| it == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        (head[9..12].parse().unwrap(), head, answer[end + 4..].to_vec())
    }

    fn json(&self, request: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, head, body) = self.ask(request, "", body.as_bytes());
        let json = serde_json::from_slice(&body).unwrap();
        assert_eq!(status >= 400, head.contains("application/problem+json"), "{head}");
        (status, json)
    }
}

#[test]
fn an_order_is_answered_with_the_state_it_led_to() {
    let rig = rig();
    let (status, pusher) = rig.json("POST /v1/pusher/start", Value::Null);
    assert_eq!((status, &pusher["status"]["state"]), (200, &json!("live")));
    let (_, player) = rig.json("POST /v1/players/agent/mute", json!({}));
    assert_eq!(player["status"]["muted"], true);
    let (status, screen) = rig.json("PATCH /v1/screen", json!({"layout": "grid", "language": "zh"}));
    assert_eq!((status, &screen["properties"]), (200, &json!({"layout": "grid", "language": "zh"})));
    let (status, problem) = rig.json("PATCH /v1/screen", json!({"layout": "tiles"}));
    assert_eq!((status, &problem["field"], &problem["allowed"]), (422, &json!("layout"), &json!("full, pip, grid")));
    assert_eq!(rig.json("GET /v1/screen", Value::Null).1["properties"]["layout"], "grid");
    let full = "POST /v1/players/agent/request-full-screen";
    for body in [json!({"direction": 45}), json!({"direction": "left"}), json!({"direction": 90.5})] {
        let (status, problem) = rig.json(full, body);
        assert_eq!((status, &problem["field"], &problem["allowed"]), (422, &json!("direction"), &json!("0, 90, -90")));
    }
    for body in [Value::Null, json!({}), json!({"direction": -90})] {
        assert_eq!(rig.json(full, body).0, 200);
    }
    for operation in ["exit-full-screen", "exit-picture-in-picture"] {
        assert_eq!(rig.json(&format!("POST /v1/players/agent/{operation}"), Value::Null).0, 200);
    }
    assert_eq!(rig.json("POST /v1/scene", json!({"transition": "push", "page": "help"})).0, 200);
    for (body, field) in
        [(json!({"transition": "jump"}), "transition"), (json!({"transition": "pop", "page": "\n"}), "page")]
    {
        let (status, problem) = rig.json("POST /v1/scene", body);
        assert_eq!((status, problem["field"].as_str()), (422, Some(field)), "{problem}");
    }
    let (_, status) = rig.json("POST /v1/standby", json!({"on": true}));
    assert_eq!(status["standby"], true);
    let (_, pusher) = rig.json("PATCH /v1/pusher", json!({"fps": 25, "scenario": "video-service"}));
    assert_eq!((&pusher["properties"]["fps"], &pusher["properties"]["max-bitrate"]), (&json!(25), &json!(500)));
    assert_eq!(rig.json("GET /v1/players", Value::Null).1[0]["properties"]["id"], "agent");
}

#[test]
fn addresses_are_shown_without_their_secrets() {
    let rig = rig();
    let text = rig.json("GET /v1/pusher", Value::Null).1.to_string();
    assert!(text.contains("txSecret=***") && !text.contains("hunter2"), "{text}");
    let (status, problem) = rig.json("PATCH /v1/pusher", json!({"url": "rtmp://h/live/a?txSecret=***"}));
    assert_eq!((status, &problem["field"]), (422, &json!("url")));
}

#[test]
fn every_refusal_is_a_problem_and_changes_nothing() {
    let rig = rig();
    let table = [
        ("PATCH /v1/pusher", json!({"fps": 31, "muted": true}), 422, "invalid-property"),
        ("PATCH /v1/pusher", json!({"fsp": 3}), 422, "invalid-property"),
        ("PATCH /v1/pusher", json!([]), 422, "invalid-body"),
        ("PATCH /v1/pusher", Value::Null, 400, "malformed-body"),
        ("POST /v1/standby", json!({"on": true, "off": false}), 422, "invalid-body"),
        ("POST /v1/pusher/start", json!({"now": true}), 422, "invalid-body"),
        ("POST /v1/pusher/snapshot", json!({"source": "sky"}), 422, "invalid-body"),
        ("POST /v1/players/agent/request-full-screen", json!({"direction": 45}), 422, "invalid-body"),
        ("POST /v1/scene", json!({"transition": "pop", "page": "\n"}), 422, "invalid-body"),
        ("GET /v1/events?audiovolumenotify=loud", Value::Null, 400, "invalid-query"),
        ("POST /v1/pusher/fly", Value::Null, 404, "not-found"),
        ("POST /v1/players/ghost/play", Value::Null, 404, "unknown-player"),
        ("GET /v1/players/ghost", Value::Null, 404, "unknown-player"),
        ("GET /v2/status", Value::Null, 404, "not-found"),
        ("DELETE /v1/status", Value::Null, 405, "wrong-method"),
    ];
    let before = rig.controls.window.view();
    let reference = include_str!("../../docs/reference.md");
    for (request, body, status, kind) in table {
        assert!(reference.contains(&format!("`{kind}` ({status})")), "docs/reference.md has no {kind} with {status}");
        let (answered, problem) = rig.json(request, body);
        assert_eq!(answered, status, "{request}: {problem}");
        assert_eq!(problem["type"], format!("urn:visavis:problem:{kind}"), "{request}");
    }
    let (_, problem) = rig.json("PATCH /v1/pusher", json!({"fps": 31}));
    assert_eq!((&problem["field"], &problem["allowed"]), (&json!("fps"), &json!("1 to 30")));
    let (status, ..) = rig.ask("PATCH /v1/pusher", "", b"{\"fps\": 2");
    assert_eq!(status, 400);
    let (status, ..) = rig.ask("PATCH /v1/pusher", "", &vec![b' '; (64 << 10) + 1]);
    assert_eq!(status, 413);
    assert_eq!(before, rig.controls.window.view());
}

#[test]
fn a_snapshot_is_the_image_or_what_it_is() {
    let rig = rig();
    let (status, head, body) = rig.ask("POST /v1/pusher/snapshot", "", b"");
    assert_eq!((status, body.as_slice()), (200, &b"PNG!"[..]));
    assert!(head.contains("content-type: image/png") && head.contains("snapshot-path: /tmp/a.png"), "{head}");
    let (_, _, body) = rig.ask("POST /v1/pusher/snapshot", "accept: application/json\r\n", b"{\"format\":\"jpeg\"}");
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["path"], "/tmp/a.png");
}

#[test]
fn every_described_path_is_served_and_every_reference_resolves() {
    let rig = rig();
    let (_, description) = rig.json("GET /openapi.json", Value::Null);
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|_| path != "/v1/events") {
            let operation = if path.contains("players") { "play" } else { "start" };
            let path = path.replace("{id}", "agent").replace("{operation}", operation);
            let body = match path.rsplit('/').next() {
                Some("standby") => &b"{\"on\":false}"[..],
                Some("set-zoom") => b"{\"zoom\":2}",
                Some("scene") => b"{\"transition\":\"return\"}",
                _ => b"{}",
            };
            let (status, ..) = rig.ask(&format!("{} {path}", method.to_uppercase()), "", body);
            assert!(status == 200 || path.ends_with("agent/snapshot"), "{method} {path}: {status}");
        }
    }
    let text = description.to_string();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(description["components"]["schemas"][name].is_object(), "{name} is not described");
    }
}

#[test]
fn a_listener_hears_the_state_first_then_what_it_missed_then_what_comes() {
    let rig = rig();
    let happen = |number: u32| {
        let detail = json!({ "number": number });
        let happening = Happening { object: Object::Pusher, code: code::PUSH_EVT_PUSH_BEGIN, detail };
        rig.controls.events.publish(happening, Time::default());
    };
    (1..=3).for_each(happen);
    let mut stream = rig.connect();
    stream.write_all(b"GET /v1/events HTTP/1.1\r\nhost: x\r\nlast-event-id: 1\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let mut told = |wanted: &str| {
        let data = lines.by_ref().skip_while(|line| line != &format!("event: {wanted}")).nth(1).unwrap();
        serde_json::from_str::<Value>(data.trim_start_matches("data: ")).unwrap()
    };
    assert_eq!(told("state")["version"], "0.1.0");
    assert_eq!((told("event")["seq"].clone(), told("event")["seq"].clone()), (json!(2), json!(3)));
    assert_eq!(told("netstatus")["object"], "pusher");
    happen(4);
    assert_eq!(told("event")["detail"]["number"], 4);
    let (_, _, recent) = rig.ask("GET /v1/events", "accept: application/json\r\n", b"");
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&recent).unwrap().len(), 4);
}

#[test]
fn a_hundred_clients_are_served_eight_at_a_time() {
    let rig = rig();
    let seated: Vec<_> = (0..limits::CLIENTS)
        .map(|_| {
            let mut stream = rig.connect();
            stream.write_all(b"GET /v1/status HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let mut start = [0; 12];
            stream.read_exact(&mut start).unwrap();
            assert_eq!(&start, b"HTTP/1.1 200");
            stream
        })
        .collect();
    let (status, _, body) = rig.ask("GET /v1/status", "", b"");
    assert_eq!((status, String::from_utf8_lossy(&body).contains("busy")), (503, true));
    let crowd: Vec<_> = (0..100).filter_map(|_| UnixStream::connect(&rig.path).ok()).collect();
    drop((crowd, seated));
    // The seats are free as soon as the server has seen their owners go.
    let answers = std::iter::repeat_with(|| rig.connect()).take(200).map(|mut stream| {
        let _ = stream.write_all(b"GET /v1/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    assert!(answers.into_iter().any(|answer| answer.starts_with("HTTP/1.1 200")));
}

#[test]
fn a_flood_on_one_connection_is_told_to_slow_down() {
    let rig = rig();
    let mut stream = rig.connect();
    let once = "GET /v1/status HTTP/1.1\r\nhost: x\r\n\r\n";
    let last = "GET /v1/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all((once.repeat(59) + last).as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let count = |status: &str| answers.matches(status).count();
    assert!(count("HTTP/1.1 429") >= 20 && count("HTTP/1.1 200") >= 20, "{}", count("HTTP/1.1 429"));
    assert_eq!(rig.json("GET /v1/status", Value::Null).0, 200);
}

#[test]
fn a_listener_that_does_not_read_holds_up_nobody() {
    let rig = rig();
    let mut slow = rig.connect();
    slow.write_all(b"GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    slow.read_exact(&mut [0; 12]).unwrap();
    let words = "x".repeat(4096);
    for _ in 0..2000 {
        let detail = json!({ "words": words });
        let happening = Happening { object: Object::Daemon, code: code::PUSH_EVT_PUSH_BEGIN, detail };
        rig.controls.events.publish(happening, Time::default());
    }
    assert_eq!(rig.json("GET /v1/status", Value::Null).0, 200);
    // What it was sent before it fell behind is bounded, then its stream ends.
    let mut sent = 0;
    let mut buffer = [0; 65536];
    while let Ok(count @ 1..) = slow.read(&mut buffer) {
        sent += count;
    }
    assert!(sent < 2 << 20, "{sent} bytes were kept for it");
}

#[test]
fn a_stranger_is_refused_before_anything_is_read() {
    let rig = rig_for(AllowList(vec![4_000_000]));
    let mut answer = Vec::new();
    let _ = rig.connect().read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden") && answer.contains("allow-users"), "{answer}");
}

#[test]
fn damaged_requests_end_their_own_connection_only() {
    let rig = rig();
    let golden: [&[u8]; 3] = [
        b"GET /v1/status HTTP/1.1\r\nhost: x\r\naccept: application/json\r\n\r\n",
        b"PATCH /v1/pusher HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{\"fps\":12}",
        b"POST /v1/pusher/snapshot HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ];
    for bytes in mutations(&golden, 46, 20_000) {
        let mut stream = rig.connect();
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(rig.json("GET /v1/status", Value::Null).0, 200);
}

/// What visavisctl prints for `words`, or its failure.
fn ctl(rig: &Rig, words: &str) -> Result<String, client::Failure> {
    let start = ["visavisctl", "--socket", rig.path.to_str().unwrap()];
    let cli = clap::Parser::try_parse_from(start.into_iter().chain(words.split(' '))).unwrap();
    let mut out = Vec::new();
    client::run(&cli, &mut out, false).map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn visavisctl_says_what_became_of_each_command() {
    let rig = rig();
    let table = [
        ("pusher start", "pusher is live\n"),
        ("pusher mute", "muted = true\n"),
        ("pusher set fps=20 mode=HD url=null", "fps = 20\nmode = \"HD\"\nurl is not set\n"),
        ("player mute", "agent is stopped, muted\n"),
        ("player agent play", "agent is stopped, muted\n"),
        ("standby on", "in standby\n"),
        ("pusher snapshot -o -", "PNG!"),
        ("events", ""),
    ];
    for (words, printed) in table {
        assert_eq!(ctl(&rig, words).unwrap(), printed, "{words}");
    }
    assert!(ctl(&rig, "status").unwrap().contains("● pusher"));
    assert!(ctl(&rig, "--json status").unwrap().contains("\"standby\": true"));
    assert!(ctl(&rig, "pusher show").unwrap().contains("max-bitrate = 1000"));
    assert!(ctl(&rig, "metrics").unwrap().contains("visavis_live"));
}

#[test]
fn visavisctl_tells_refusals_usage_and_absence_apart() {
    let rig = rig();
    let status = |words: &str| {
        let failure = ctl(&rig, words).unwrap_err();
        (failure.status(), failure.to_string())
    };
    let (code, words) = status("pusher set fps=31");
    assert!(code == 1 && words.contains("fps: 31 is out of range, allowed 1 to 30"), "{words}");
    assert_eq!(status("player ghost play").0, 1);
    assert_eq!(status("pusher set fps").0, 2);
    let gone = Rig { path: rig.path.with_extension("gone"), ..rig };
    let failure = ctl(&gone, "status").unwrap_err();
    assert!(failure.status() == 69 && failure.to_string().contains("is visavisd running?"), "{failure}");
}
