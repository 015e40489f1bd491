//! Orders in any order and as fast as the socket takes them: the last one wins, and nothing is left behind.

mod support;

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, player, pusher};

/// Orders of a player.
const PLAYER: [&str; 8] =
    ["play", "stop", "pause", "resume", "mute", "unmute", "request-full-screen", "exit-full-screen"];

#[test]
fn a_storm_of_orders_leaves_no_descriptor_and_no_thread_behind_and_the_last_one_holds() {
    let server = Nginx::start();
    let url = server.url("live", "terminal");
    let terminal = Terminal::start(&(pusher(&url) + &player(&url, "mode = \"RTC\"")), VIRTUAL);
    terminal.on_air(2200);
    let plays = |status: &Value| {
        let player = &status["players"][0];
        player["state"] == "live" && player["screen"] == "picture" && player["loading"] == false
    };
    terminal.until_status(4.0, "its own picture", plays);
    let before = (terminal.fds(), terminal.threads());
    let mut random = fastrand::Rng::with_seed(59);
    let mut slowest = Duration::ZERO;
    let mut ask = |method: &str, path: &str, body: Value| {
        let start = Instant::now();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = terminal.ask(method, path, &body);
        slowest = slowest.max(start.elapsed());
        // Clients are limited to twenty requests a second.
        std::thread::sleep(Duration::from_millis(random.u64(45..60)));
        answer
    };
    let mut choice = fastrand::Rng::with_seed(61);
    for _ in 0..80 {
        let on = choice.bool();
        match choice.u32(0..12) {
            0 => ask("PATCH", "/v1/pusher", json!({ "muted": on })),
            1 => ask("POST", "/v1/standby", json!({ "on": on })),
            2 => {
                let transition = choice.choice(["push", "pop", "native", "return"]).unwrap();
                ask("POST", "/v1/scene", json!({ "transition": transition }))
            }
            3..7 => {
                let order = choice.choice(PLAYER).unwrap();
                let mut state = || {
                    let status = ask("POST", &format!("/v1/players/agent/{order}"), Value::Null)["status"].take();
                    ["muted", "paused-by", "full-screen"].map(|key| status[key].clone())
                };
                assert_eq!(state(), state(), "{order} given twice");
                Value::Null
            }
            _ => {
                let order = choice.choice(["start", "stop", "pause", "resume", "switch-camera", "start"]).unwrap();
                ask("POST", &format!("/v1/pusher/{order}"), Value::Null)
            }
        };
    }
    println!("the slowest answer took {slowest:?}");
    assert!(slowest < Duration::from_millis(100), "{slowest:?}");
    terminal.ask("POST", "/v1/standby", r#"{"on": false}"#);
    terminal.push("resume");
    terminal.patch(json!({ "muted": true, "device-position": "front" }));
    terminal.push("start");
    terminal.ask("POST", "/v1/scene", r#"{"transition": "return"}"#);
    terminal.ask("POST", "/v1/players/agent/play", "");
    let status = terminal.on_air(2200);
    terminal.until_status(8.0, "its own picture again", plays);
    assert_eq!((&status["pusher"]["muted"], &status["pusher"]["picture"]), (&json!(true), &json!("camera")));
    let after = (terminal.fds(), terminal.threads());
    assert!(after.0 <= before.0 && after.1 <= before.1, "files and threads: {before:?} became {after:?}");
}
