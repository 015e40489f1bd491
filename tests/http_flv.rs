//! Streams over HTTP and HTTPS, asked for from good servers of every kind, and from bad ones.

mod support;

use serde_json::{Value, json};
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::events::Event;
use support::film::Film;
use support::terminal::{Terminal, VIRTUAL, player};
use support::tls::{identity, in_front_of};
use support::wait::until;
use support::web::{FLV, Web};
use visavis::flv::tag::file_header;

fn film() -> Film {
    let video = "-c:v libx264 -preset ultrafast -profile:v baseline -pix_fmt yuv420p -g 25";
    Film::of("web", "320x240", 25, 10.0, video, "-c:a aac -ar 48000 -ac 1 -b:a 64k")
}

/// Writes each piece as a chunk (RFC 9112, 7.1).
struct Chunked<'a>(&'a mut TcpStream);

impl Write for Chunked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // In two, so that no tag lies in one of them.
        for part in bytes.chunks(bytes.len().div_ceil(2).max(1)) {
            self.0.write_all(&[format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat())?;
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn ok(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}Connection: close\r\n\r\n")
}

fn elsewhere(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn watch(terminal: &Terminal, src: &str) {
    terminal.ask("PATCH", "/v1/players/agent", &json!({ "src": src }).to_string());
    terminal.ask("POST", "/v1/players/agent/play", "");
}

/// A terminal that trusts `pem`, with a player that has no address yet.
fn terminal(pem: &str) -> Terminal {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    std::fs::write(&file, pem).unwrap();
    let config = "[[player]]\nid = \"agent\"\nmode = \"RTC\"\n";
    Terminal::start_in(folder, config, VIRTUAL, |command| {
        command.env("SSL_CERT_FILE", file).env_remove("SSL_CERT_DIR");
    })
}

#[test]
fn a_stream_is_found_wherever_it_was_moved_to_and_however_it_is_packed() {
    let (identity, film) = (identity(1, "localhost", 1990, 2090), film());
    let pem = identity.pem.clone();
    let tls = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let secure = tls.clone();
    let server = Web::start(move |path, socket| match path {
        "/chunked.flv" => {
            socket.write_all(ok("Content-Type: video/x-flv\r\nTransfer-Encoding: chunked\r\n").as_bytes())?;
            film.play(&mut Chunked(socket))
        }
        "/octets.flv" => {
            socket.write_all(ok("Content-Type: application/octet-stream\r\n").as_bytes())?;
            film.play(socket)
        }
        "/nameless.flv" => {
            socket.write_all(b"HTTP/1.0 200 OK\r\n\r\n")?;
            film.play(socket)
        }
        "/5.flv" => socket.write_all(elsewhere("4?again=1").as_bytes()),
        "/4?again=1" => socket.write_all(elsewhere("//127.0.0.1:PORT/3").replace("PORT", &port(socket)).as_bytes()),
        "/3" => socket.write_all(elsewhere("http://127.0.0.1:PORT/a/../2").replace("PORT", &port(socket)).as_bytes()),
        "/2" => socket.write_all(elsewhere("./1").as_bytes()),
        "/1" => socket.write_all(elsewhere(&format!("{}/octets.flv", secure.lock().unwrap())).as_bytes()),
        _ => socket.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    });
    let secure = format!("https://localhost:{}", in_front_of(server.address(), identity));
    secure.clone_into(&mut tls.lock().unwrap());
    let terminal = terminal(&pem);
    let mut events = terminal.events();
    let plain = ["/chunked.flv", "/octets.flv", "/nameless.flv", "/5.flv"].map(|path| server.url(path));
    for src in plain.into_iter().chain([format!("{secure}/octets.flv"), format!("{secure}/chunked.flv")]) {
        events.skip();
        watch(&terminal, &src);
        let told = |event: &Event| event.object == "player:agent" && [2004, 2103, 3003].contains(&event.code);
        let told = events.find(6.0, told).unwrap_or_else(|| panic!("{src}: {}", events.story()));
        assert_eq!(told.code, 2004, "{src}: {told:?}");
    }
}

fn port(socket: &TcpStream) -> String {
    socket.local_addr().unwrap().port().to_string()
}

/// The head and the tags of a stream, the first of which claims to have `len` bytes.
fn claiming(len: u32) -> Vec<u8> {
    [&file_header(true, true)[..], &[9], &len.to_be_bytes()[1..], &[0; 7], &[0x17; 40_000]].concat()
}

#[test]
fn whatever_a_bad_server_says_is_told_with_its_reason_and_costs_no_memory() {
    let film = film();
    let server = Web::start(move |path, socket| match path.trim_end_matches(".flv") {
        "/good" => {
            socket.write_all(FLV.as_bytes())?;
            film.play(socket)
        }
        "/403" => socket.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        "/500" => socket.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
        "/html" => socket.write_all((ok("Content-Type: text/html\r\n") + "<html>no stream here</html>").as_bytes()),
        "/page" => socket.write_all((ok("") + "<!DOCTYPE html><html>neither here</html>").as_bytes()),
        "/gzip" => socket.write_all((ok("Content-Encoding: gzip\r\n") + "\x1f").as_bytes()),
        "/loop" => socket.write_all(elsewhere("/loop.flv").as_bytes()),
        "/nowhere" => socket.write_all(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
        "/ftp" => socket.write_all(elsewhere("ftp://127.0.0.1/x.flv").as_bytes()),
        "/down" => socket.write_all(elsewhere("http://127.0.0.1:9/x.flv").as_bytes()),
        "/rtmp" => socket.write_all(&[3; 1537]),
        "/endless" => loop {
            socket.write_all(b"X-Filler: and so on and so forth\r\n")?;
        },
        "/zeroes" => {
            socket.write_all(FLV.as_bytes())?;
            loop {
                socket.write_all(&[0; 16 << 10])?;
            }
        }
        "/header" => socket.write_all(&[FLV.as_bytes(), b"FLV\x01\x05\x00\xff\xff\xff", &[0; 4096]].concat()),
        "/tag" => socket.write_all(&[FLV.as_bytes(), &claiming(0xff_ffff)].concat()),
        "/kind" => socket.write_all(&[FLV.as_bytes(), &file_header(true, true), &[77; 4096]].concat()),
        "/truncated" => {
            socket.write_all(ok("Content-Length: 5000000\r\n").as_bytes())?;
            let mut half = Film { tags: film.tags[..20].to_vec() };
            half.tags.iter_mut().for_each(|(at, _)| *at = 0);
            half.play(socket)
        }
        _ => socket.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    });
    let identity = identity(1, "localhost", 1990, 2090);
    let mut terminal = terminal(&identity.pem);
    let secure = format!("https://localhost:{}", in_front_of(server.address(), identity));
    let mut events = terminal.events();
    watch(&terminal, &server.url("/good.flv"));
    events.wait("player:agent", 2004, 5.0);
    let before = terminal.rss();
    let table = [
        (server.url("/missing.flv"), 2103, "the stream is not there (HTTP 404)"),
        (server.url("/403.flv"), 2103, "does not allow"),
        (server.url("/500.flv"), 2103, "in trouble (HTTP 503)"),
        (server.url("/html.flv"), 3003, "text/html and not FLV"),
        (server.url("/page.flv"), 3003, "a page and not FLV"),
        (server.url("/gzip.flv"), 3003, "packed as gzip"),
        (server.url("/loop.flv"), 3003, "more than 5 times"),
        (server.url("/nowhere.flv"), 3003, "without saying where"),
        (server.url("/ftp.flv"), 3003, "ftp is not http or https"),
        (format!("{secure}/down.flv"), 3003, "from https to http"),
        (server.url("/rtmp.flv"), 3003, "no HTTP answer"),
        (server.url("/endless.flv"), 3003, "no HTTP answer"),
        (server.url("/zeroes.flv"), 3003, "is not FLV"),
        (server.url("/header.flv"), 3003, "is not FLV"),
        (server.url("/tag.flv"), 3003, "is not FLV"),
        (server.url("/kind.flv"), 3003, "is not FLV"),
        (server.url("/truncated.flv"), 2103, "end of file before message length reached"),
        (format!("https://{}/good.flv", server.address()), 3003, "TLS"),
    ];
    for (src, code, words) in table {
        watch(&terminal, &src);
        let told = |event: &Event| event.code == code && event.detail["reason"].as_str().unwrap_or("").contains(words);
        assert!(events.find(7.0, told).is_some(), "{code}, {words:?} of {src}: {}", events.story());
        let known = |status: &Value| status["players"][0]["last-end"].as_str().is_some_and(|end| end.contains(words));
        terminal.until_status(1.0, words, known);
    }
    for (src, words) in [("ftp://host/x.flv", "src"), ("http://", "src"), ("file:///etc/passwd", "src")] {
        let answer = terminal.request("PATCH", "/v1/players/agent", &json!({ "src": src }).to_string());
        assert!(answer.status == 422 && answer.json()["field"] == words, "{src}: {}", answer.text());
    }
    let grown = terminal.rss() - before;
    println!("{grown:.1} MiB more than before");
    assert!(grown < 6.0, "{grown:.1} MiB more than before");
    events.skip();
    watch(&terminal, &server.url("/good.flv"));
    events.wait("player:agent", 2004, 5.0);
    assert!(terminal.runs() && !events.codes("player:agent").contains(&2006), "{}", events.story());
}

#[test]
fn whoever_comes_late_is_seen_soon_where_a_server_says_no_and_at_once_where_it_waits() {
    let (film, here) = (film(), Arc::new(AtomicBool::new(false)));
    let came = here.clone();
    let server = Web::start(move |path, socket| {
        let here = || came.load(Ordering::SeqCst);
        if path == "/nobody.flv" && !here() {
            return socket.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        }
        socket.write_all(FLV.as_bytes())?;
        if path == "/empty.flv" && !here() {
            return Ok(());
        }
        if path == "/waits.flv" { film.clone().paused(0, 9000).play(socket) } else { film.play(socket) }
    });
    let names = ["nobody", "empty", "waits"];
    let players: String = names
        .iter()
        .map(|name| player(&server.url(&format!("/{name}.flv")), "mode = \"RTC\"").replace("agent", name))
        .collect();
    let terminal = Terminal::start(&players, VIRTUAL);
    let events = terminal.events();
    let codes = |name: &str| events.codes(&format!("player:{name}"));
    for name in ["nobody", "empty"] {
        until(10.0, "the end of its patience", || codes(name).contains(&-2301).then_some(()));
    }
    terminal.until_status(1.0, "the card", |status| {
        status["players"].as_array().unwrap().iter().all(|player| player["screen"] == "waiting")
    });
    assert_eq!(codes("waits"), [2001], "a stream that nobody sends yet is no fault");
    here.store(true, Ordering::SeqCst);
    for name in ["nobody", "empty", "waits"] {
        until(4.0, &format!("{name} to be seen"), || codes(name).contains(&2004).then_some(()));
    }
}

#[test]
fn a_server_that_gives_next_to_nothing_is_left_after_five_seconds() {
    let (film, asked) = (film(), AtomicBool::new(false));
    let trickle = |socket: &mut TcpStream, bytes: &[u8]| {
        bytes.iter().try_for_each(|byte| {
            socket.write_all(&[*byte])?;
            std::thread::sleep(Duration::from_millis(500));
            Ok(())
        })
    };
    let server = Web::start(move |path, socket| match path.trim_end_matches(".flv") {
        "/silent" => {
            socket.write_all(FLV.as_bytes())?;
            trickle(socket, &[])?;
            std::thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        "/head" => trickle(socket, FLV.as_bytes()),
        "/body" => {
            socket.write_all(FLV.as_bytes())?;
            trickle(socket, &claiming(40_000))
        }
        "/late" if asked.swap(true, Ordering::Relaxed) => {
            socket.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        }
        // A good beginning, and then a tag that never comes to its end; whoever asks once more gets nothing.
        _ => {
            socket.write_all(FLV.as_bytes())?;
            let mut beginning = Film { tags: film.tags[..30].to_vec() };
            beginning.tags.iter_mut().for_each(|(at, _)| *at = 0);
            beginning.play(socket)?;
            trickle(socket, &claiming(40_000)[13..])
        }
    });
    let names = ["silent", "head", "body", "late"];
    let players: String = names
        .iter()
        .map(|name| player(&server.url(&format!("/{name}.flv")), "mode = \"RTC\"").replace("agent", name))
        .collect();
    let terminal = Terminal::start(&players, VIRTUAL);
    let mut events = terminal.events();
    let begun = std::time::Instant::now();
    for (name, code, words) in [
        ("silent", 3003, "no FLV tag within 5 s"),
        ("head", 3003, "no HTTP answer within 5 s"),
        ("body", 3003, "no FLV tag within 5 s"),
        ("late", 2103, "the server fell silent"),
    ] {
        let object = format!("player:{name}");
        let told = events.find(8.0, |event| event.object == object && event.code == code);
        let told = told.unwrap_or_else(|| panic!("{name}: {}", events.story()));
        assert!(told.detail["reason"].as_str().unwrap_or_default().contains(words), "{told:?}");
        events = terminal.events();
    }
    assert!(begun.elapsed().as_secs_f64() < 9.0, "{:?}", begun.elapsed());
}
