//! Orders in any order and as fast as the socket takes them: the last one wins, and nothing is left behind.

mod support;

use serde_json::json;
use std::time::{Duration, Instant};
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, pusher};

#[test]
fn a_storm_of_orders_leaves_no_descriptor_and_no_thread_behind_and_the_last_one_holds() {
    let server = Nginx::start();
    let terminal = Terminal::start(&pusher(&server.url("live", "terminal")), VIRTUAL);
    terminal.on_air(2200);
    let before = (terminal.fds(), terminal.threads());
    let mut random = fastrand::Rng::with_seed(59);
    let mut slowest = Duration::ZERO;
    for _ in 0..60 {
        let order = ["start", "stop", "pause", "resume", "switch-camera", "start", "mute", "standby"];
        let start = Instant::now();
        match *random.choice(&order).unwrap() {
            "mute" => drop(terminal.patch(json!({ "muted": random.bool() }))),
            "standby" => drop(terminal.ask("POST", "/v1/standby", &json!({ "on": random.bool() }).to_string())),
            order => drop(terminal.push(order)),
        }
        slowest = slowest.max(start.elapsed());
        // Clients are limited to twenty requests a second.
        std::thread::sleep(Duration::from_millis(random.u64(45..60)));
    }
    println!("the slowest answer took {slowest:?}");
    assert!(slowest < Duration::from_millis(100), "{slowest:?}");
    terminal.ask("POST", "/v1/standby", r#"{"on": false}"#);
    terminal.push("resume");
    terminal.patch(json!({ "muted": true, "device-position": "front" }));
    terminal.push("start");
    let status = terminal.on_air(2200);
    assert_eq!((&status["pusher"]["muted"], &status["pusher"]["picture"]), (&json!(true), &json!("camera")));
    let after = (terminal.fds(), terminal.threads());
    assert!(after.0 <= before.0 && after.1 <= before.1, "files and threads: {before:?} became {after:?}");
}
