//! The waiting image of a running terminal: which one is sent, why not another, and what it costs.

mod support;

use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use support::ffmpeg;
use support::nginx::Nginx;
use support::picture::{Colour, Picture, near};
use support::terminal::{Terminal, VIRTUAL, pusher};

const RED: Colour = [200, 30, 30];
const GREEN: Colour = [30, 160, 40];

/// Makes an image file of one colour.
fn coloured(path: &Path, colour: Colour, size: &str) {
    let [r, g, b] = colour;
    let source = format!("-v error -y -f lavfi -i color=0x{r:02x}{g:02x}{b:02x}:s={size} -frames:v 1 -update 1");
    ffmpeg::run("ffmpeg", &source, &[path.as_os_str()]);
}

fn md5(path: &Path) -> String {
    let said = std::process::Command::new("md5sum").arg(path).output().unwrap().stdout;
    String::from_utf8(said[..32].to_vec()).unwrap()
}

fn waiting(status: &Value) -> &Value {
    &status["pusher"]["waiting-image"]
}

/// Waits until the waiting image in effect is `from` there and has a problem that contains `problem`.
fn until(terminal: &Terminal, from: &str, problem: &str) -> Value {
    terminal.until_status(8.0, &format!("{from} {problem:?}"), |status| {
        let told = waiting(status)["problem"].as_str().unwrap_or_default();
        waiting(status)["from"] == from && if problem.is_empty() { told.is_empty() } else { told.contains(problem) }
    })
}

fn is(picture: &Picture, colour: Colour) -> bool {
    near(picture.mean(0.4..0.6, 0.4..0.6), colour)
}

#[test]
fn a_file_is_sent_once_it_is_verified_and_the_one_before_stays_until_then() {
    let server = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    let (red, green) = (folder.path().join("red.png"), folder.path().join("green.jpg"));
    coloured(&red, RED, "640x480");
    coloured(&green, GREEN, "1000x1000");
    let config = pusher(&server.url("live", "terminal"))
        + &format!("waiting-image = \"{}\"\nwaiting-image-hash = \"{}\"\n", red.display(), md5(&red).to_uppercase());
    let terminal = Terminal::start_in(folder, &config, VIRTUAL, |_| {});
    let status = until(&terminal, "file", "");
    assert_eq!(waiting(&status)["md5"], json!(md5(&red)));
    assert_eq!((&waiting(&status)["width"], &waiting(&status)["sent-width"]), (&json!(640), &json!(320)));
    assert_eq!(status["pusher"]["unsupported"].to_string().matches("waiting").count(), 0);
    terminal.on_air(500);
    terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
    terminal.on_air_longer(900);
    // Another one whose MD5 is wrong: the red one stays, and the reason is told.
    terminal.patch(json!({"waiting-image": green}));
    let words = format!("{}: its MD5 is {}, expected {}", green.display(), md5(&green), md5(&red));
    until(&terminal, "file", &words);
    for (place, problem) in [("/nowhere/x.png", "there is no such file"), ("/tmp", "it is no file")] {
        terminal.patch(json!({"waiting-image": place, "waiting-image-hash": null}));
        until(&terminal, "file", &format!("{place}: {problem}"));
    }
    terminal.on_air_longer(600);
    // Right, on air.
    terminal.patch(json!({"waiting-image": green, "waiting-image-hash": md5(&green)}));
    until(&terminal, "file", "");
    terminal.on_air_longer(900);
    terminal.patch(json!({"waiting-image": null, "waiting-image-hash": null}));
    until(&terminal, "built-in", "");
    terminal.on_air_longer(900);
    let refused = terminal.request("PATCH", "/v1/pusher", r#"{"waiting-image": "ftp://host/x.png"}"#);
    assert!(refused.status == 422 && refused.text().contains("http://, https:// and a path"), "{}", refused.text());
    terminal.ask("POST", "/v1/standby", r#"{"on": false}"#);
    terminal.on_air_longer(700);
    terminal.push("stop");
    let seen: Vec<&str> = {
        let kind = |picture: &Picture| match picture {
            it if it.card() == Some(1) => "camera",
            it if is(it, RED) => "red",
            it if is(it, GREEN) => "green",
            _ => "built-in",
        };
        let mut all: Vec<_> = ffmpeg::pictures(&server.recorded("terminal"), 5, 160, 90).iter().map(kind).collect();
        all.dedup();
        all
    };
    assert_eq!(seen, ["camera", "red", "green", "built-in", "camera"]);
    assert_eq!(ffmpeg::complaints(server.recorded("terminal"), 60), "");
    let log = terminal.log();
    assert_eq!(log.matches("there is no such file").count(), 1, "said once: {log}");
}

/// A web server that answers each path as `answers` says, again and again, until its test ends.
struct Web {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Web {
    fn start(answers: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = [0; 4096];
                let count = stream.read(&mut head).unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..count]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                told.lock().unwrap().push(path.clone());
                if let Some(answer) = answers(&path) {
                    let _ = stream.write_all(&answer);
                }
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

fn found(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn daemon(config: &str, state: &Path) -> Terminal {
    Terminal::start_in(tempfile::tempdir().unwrap(), config, VIRTUAL, |command| {
        command.env("STATE_DIRECTORY", state);
    })
}

#[test]
fn a_picture_from_the_network_is_kept_and_shown_when_the_server_is_not_there() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("made.png");
    coloured(&file, GREEN, "320x240");
    let image = fs::read(&file).unwrap();
    let gone = Arc::new(AtomicBool::new(false));
    let is_gone = gone.clone();
    let web = Web::start(move |path| match path {
        _ if is_gone.load(Ordering::Relaxed) => None,
        "/a?key=geheim" => Some(redirect("b")),
        "/b" => Some(found("image/png", &image)),
        "/loop" => Some(redirect("/loop")),
        "/page" => Some(found("text/html", b"<html>")),
        "/long" => Some(found("image/png", &vec![0; (8 << 20) + 1])),
        _ => Some(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()),
    });
    let config = |url: &str| format!("[pusher]\nurl = \"rtmp://127.0.0.1:9/live/x\"\nwaiting-image = \"{url}\"\n");
    let address = format!("{}/a?key=geheim", web.address);
    let mut terminal = daemon(&config(&address), state.path());
    let status = until(&terminal, "network", "");
    assert_eq!(waiting(&status)["place"], json!(format!("{}/a?key=***", web.address)));
    assert_eq!(web.asked(), ["/a?key=geheim", "/b"]);
    for (path, problem) in [
        ("loop", "more than 5 times"),
        ("page", "text/html and not a picture"),
        ("long", "allowed are 8388608"),
        ("gone", "the picture is not there (HTTP 404)"),
    ] {
        terminal.patch(json!({"waiting-image": format!("{}/{path}", web.address)}));
        until(&terminal, "network", problem);
    }
    let ended = terminal.stop();
    assert!(!ended.output.contains("geheim"), "{}", ended.output);

    let copy = fs::read(state.path().join("waiting-image")).unwrap();
    assert!(!String::from_utf8_lossy(&copy).contains("geheim"));
    gone.store(true, Ordering::Relaxed);
    let terminal = daemon(&config(&address), state.path());
    until(&terminal, "cache", "no HTTP answer");
    gone.store(false, Ordering::Relaxed);
    until(&terminal, "network", "");
    drop(terminal);
    // With its MD5 the copy is as good as the original: nobody is asked.
    let before = web.asked().len();
    let with_hash = config(&address) + &format!("waiting-image-hash = \"{}\"\n", md5(&file));
    let terminal = daemon(&with_hash, state.path());
    until(&terminal, "cache", "");
    assert_eq!(web.asked().len(), before);
    terminal.patch(json!({"waiting-image-hash": "0123456789abcdef0123456789abcdef"}));
    until(&terminal, "built-in", "expected 0123456789abcdef0123456789abcdef");
}

/// Like a photograph: everything ffmpeg's mandelbrot set has of detail, colour and edges.
fn photograph(folder: &Path) -> PathBuf {
    let file = folder.join("photograph.png");
    ffmpeg::run(
        "ffmpeg",
        "-v error -y -f lavfi -i mandelbrot=s=1280x720:start_scale=0.01 -frames:v 1 -update 1",
        &[file.as_os_str()],
    );
    file
}

#[test]
fn a_photograph_costs_at_most_twenty_kbit_with_an_idr_every_two_seconds() {
    let server = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    let file = photograph(folder.path());
    let config = pusher(&server.url("live", "terminal"))
        .replace("width = 320", "width = 1280")
        .replace("height = 180", "height = 720")
        + &format!("waiting-image = \"{}\"\n", file.display());
    let terminal = Terminal::start_in(folder, &config, VIRTUAL, |_| {});
    let mut events = terminal.events();
    until(&terminal, "file", "");
    terminal.ask("POST", "/v1/standby", r#"{"on": true}"#);
    let on_card = terminal.on_air(3000)["pusher"]["for-ms"].as_i64().unwrap();
    let told = events.wait("pusher", 1002, 1.0);
    assert_eq!(told.detail["size"], "1280x720");
    terminal.on_air(on_card + 6000);
    terminal.push("stop");
    let recorded = server.recorded("terminal");
    let video = ffmpeg::packets(&recorded, "v");
    let (from, to) = (2.0, video.last().unwrap().dts);
    let some: Vec<_> = video.iter().filter(|packet| packet.dts >= from && packet.dts < to).collect();
    let bytes: usize = some.iter().map(|packet| packet.size).sum();
    let kbps = bytes as f64 * 8.0 / 1000.0 / (to - from);
    let keys: Vec<f64> = video.iter().filter(|packet| packet.key).map(|packet| packet.dts).collect();
    println!("{kbps:.1} kbit/s, {:?}, IDRs at {keys:?}", ffmpeg::streams(&recorded).size);
    assert!(kbps <= 18.0, "{kbps} kbit/s without messages and packets");
    // Every two seconds to the millisecond; a machine that holds the thread up makes a moment more of one of them.
    let steps: Vec<f64> = keys.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let late = steps.iter().filter(|step| **step > 2.005).count();
    assert!(late <= 1 && steps.iter().all(|step| *step <= 2.5), "IDRs at {keys:?}");
    let long = to - video[0].dts;
    assert!((video.len() - 1) as f64 / long >= 4.8, "{} pictures in {long} s", video.len());
    // Recognisable: in a grid of 16 by 9 its colours are those of the photograph.
    let (seen, original) = (ffmpeg::pictures(&recorded, 1, 320, 180).pop().unwrap(), ffmpeg::image(&file));
    let at = |picture: &Picture, place: usize| {
        let (x, y) = ((place % 16) as f64 / 16.0, (place / 16) as f64 / 9.0);
        picture.mean(x..x + 1.0 / 16.0, y..y + 1.0 / 9.0)
    };
    let off =
        |place| at(&seen, place).iter().zip(at(&original, place)).map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>();
    let worst = (0..16 * 9).map(off).max().unwrap();
    assert!(worst < 60, "{worst} off in one place");
}

#[test]
fn the_hold_ends_the_push_and_the_end_of_the_standby_begins_it_again() {
    let server = Nginx::start();
    let config = pusher(&server.url("live", "terminal")) + "waiting-image-hold = 2\n";
    let terminal = Terminal::start(&config, VIRTUAL);
    let mut events = terminal.events();
    for (reason, on, off) in [
        ("/v1/standby", r#"{"on": true}"#, ("/v1/standby", r#"{"on": false}"#)),
        ("/v1/pusher/pause", "", ("/v1/pusher/resume", "")),
    ] {
        terminal.on_air(300);
        terminal.ask("POST", reason, on);
        let event = events.wait("pusher", 5000, 4.0);
        assert_eq!(event.detail["held-s"], 2);
        assert_eq!(terminal.status()["pusher"]["state"], "stopped");
        support::wait::until(2.0, "it leaves properly", || server.departure().filter(|said| *said));
        terminal.ask("POST", off.0, off.1);
        terminal.until_status(4.0, "live again", |status| {
            status["pusher"]["state"] == "live" && status["pusher"]["picture"] == "camera"
        });
    }
}
