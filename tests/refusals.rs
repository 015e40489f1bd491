//! Servers that say no, break off or can not prove who they are, each told by its own code and words.

mod support;

use rustix::process::Signal;
use serde_json::json;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use support::events::Event;
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, pusher};
use support::tls::{identity, in_front_of};

fn reason(event: &Event) -> &str {
    event.detail["reason"].as_str().unwrap_or_default()
}

/// How a connection is broken off.
#[derive(Clone, Copy)]
enum Break {
    Close,
    Reset,
}

/// Stands between a terminal and `server`, and breaks off when told; its port, and where it is told.
fn between(server: SocketAddr) -> (u16, Sender<Break>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = TcpStream::connect(server).unwrap();
            for (mut from, mut to) in
                [(&near, &far), (&far, &near)].map(|(a, b)| (a.try_clone().unwrap(), b.try_clone().unwrap()))
            {
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
            match told.recv() {
                Ok(Break::Close) => near.shutdown(std::net::Shutdown::Both).unwrap(),
                // Connecting a socket to "nowhere" resets what it was connected to (connect(2), AF_UNSPEC).
                Ok(Break::Reset) => rustix::net::connect_unspec(&near).unwrap(),
                Err(_) => return,
            }
            // The server is to know that its publisher left.
            far.shutdown(std::net::Shutdown::Both).unwrap();
        }
    });
    (port, tell)
}

#[test]
fn a_server_that_closes_and_one_that_resets_are_told_apart_and_met_again() {
    let server = Nginx::start();
    let (port, breaks) = between(server.address());
    let terminal = Terminal::start(&pusher(&format!("rtmp://127.0.0.1:{port}/live/terminal")), VIRTUAL);
    let mut events = terminal.events();
    for (kind, code) in [(Break::Close, 3004), (Break::Reset, 3005)] {
        events.wait("pusher", 1002, 5.0);
        terminal.on_air(2200);
        breaks.send(kind).unwrap();
        let told = events.find(3.0, |event| (3001..=3005).contains(&event.code)).unwrap();
        assert_eq!(told.code, code, "{told:?}");
        events.wait("pusher", 1102, 1.0);
    }
    events.wait("pusher", 1002, 8.0);
}

#[test]
fn an_unknown_application_a_server_that_drops_the_silent_and_a_name_nobody_knows() {
    let server = Nginx::start();
    let terminal = Terminal::start(&pusher(&server.url("nowhere", "terminal")), VIRTUAL);
    let mut events = terminal.events();
    events.wait("pusher", 3004, 5.0);
    assert!(!events.codes("pusher").contains(&1002), "{}", events.story());

    terminal.patch(json!({ "url": server.url("hasty", "terminal") }));
    events.wait("pusher", 1002, 5.0);
    terminal.on_air(1000);
    terminal.signal(Signal::STOP);
    std::thread::sleep(Duration::from_millis(3500));
    terminal.signal(Signal::CONT);
    let told = events.find(3.0, |event| [3004, 3005].contains(&event.code)).expect("it was dropped");
    assert!(!reason(&told).is_empty(), "{told:?}");
    events.wait("pusher", 1002, 5.0);

    terminal.patch(json!({ "url": "rtmp://no-such-host.invalid/live/terminal" }));
    let told = events.wait("pusher", 3001, 7.0);
    assert!(reason(&told).contains("no-such-host.invalid could not be resolved"), "{told:?}");
    events.wait("pusher", 1102, 1.0);
}

/// A terminal that trusts the certificates in `trusted`, as a technician would have it: `SSL_CERT_FILE`.
fn trusting(trusted: &str, url: &str) -> Terminal {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    fs::write(&file, trusted).unwrap();
    let config = pusher(url) + "[[player]]\nid = \"agent\"\nmode = \"RTC\"\n";
    Terminal::start_in(folder, &config, VIRTUAL, |command| {
        command.env("SSL_CERT_FILE", file).env_remove("SSL_CERT_DIR");
    })
}

#[test]
fn a_server_that_can_not_prove_who_it_is_is_never_spoken_to_and_one_that_can_is_published_to_and_played_from() {
    let server = Nginx::start();
    let table = [
        ("localhost", 1990, 2001, true, "has expired"),
        ("localhost", 2080, 2090, true, "not valid yet"),
        ("elsewhere.example", 1990, 2090, true, "for another name"),
        ("localhost", 1990, 2090, false, "not trusted"),
        ("localhost", 1990, 2090, true, ""),
    ];
    let mut trusted = String::new();
    let mut servers = Vec::new();
    for (issuer, (name, from, until, known, words)) in table.into_iter().enumerate() {
        let identity = identity(issuer, name, from, until);
        if known {
            trusted += &identity.pem;
        }
        servers.push((in_front_of(server.address(), identity), words));
    }
    let url = |port: u16| format!("rtmps://localhost:{port}/live/terminal");
    let terminal = trusting(&trusted, &url(servers[0].0));
    let mut events = terminal.events();
    for (port, words) in servers {
        terminal.patch(json!({ "url": url(port) }));
        if words.is_empty() {
            events.wait("pusher", 1002, 5.0);
            assert!(server.log().contains("publish: name='terminal'"));
            terminal.ask("PATCH", "/v1/players/agent", &json!({ "src": url(port) }).to_string());
            terminal.ask("POST", "/v1/players/agent/play", "");
            events.wait("player:agent", 2004, 8.0);
        } else {
            let told = events.find(5.0, |event| event.code == 3003 && reason(event).contains(words));
            assert!(told.is_some(), "{words}\n{}", events.story());
            assert!(!server.log().contains("connect:"), "{}", server.log());
        }
    }
}
