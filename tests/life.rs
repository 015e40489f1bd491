//! A terminal's own life: started, stopped at any moment, held up, killed, driven by quick fingers.

mod support;

use rustix::process::Signal;
use serde_json::json;
use std::time::{Duration, Instant};
use support::ffmpeg;
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, player, pusher};
use support::wait::until;

/// A terminal that pushes to `server` and plays its own stream back.
fn mirror(server: &Nginx) -> Terminal {
    let url = server.url("live", "terminal");
    Terminal::start(&(pusher(&url) + &player(&url, "mode = \"RTC\"")), VIRTUAL)
}

#[test]
fn it_is_ready_in_two_seconds_and_on_the_air_soon_after() {
    let server = Nginx::start();
    let start = Instant::now();
    let terminal = mirror(&server);
    let ready = start.elapsed();
    let mut events = terminal.events();
    events.wait("pusher", 1002, 3.0);
    let on_air = start.elapsed();
    events.wait("player:agent", 2004, 5.0);
    println!("ready after {ready:?}, on the air after {on_air:?}, its own picture back after {:?}", start.elapsed());
    assert!(ready < Duration::from_secs(2), "{ready:?}");
    assert!(on_air < Duration::from_secs(3), "{on_air:?}");
    assert!(terminal.fds() <= 64 && terminal.threads() <= 24 && terminal.rss() < 160.0);
}

#[test]
fn it_may_be_asked_to_end_at_any_moment() {
    let server = Nginx::start();
    // Connecting, publishing, first pictures on the way back, playing.
    for pause in [0, 5, 20, 60, 150, 400, 900, 1500] {
        let mut terminal = mirror(&server);
        let since = Instant::now();
        until(5.0, "its moment", || (since.elapsed() >= Duration::from_millis(pause)).then_some(()));
        let ended = terminal.stop();
        assert_eq!((ended.code, ended.signal), (0, None), "after {pause} ms: {}", ended.output);
        assert!(ended.took < Duration::from_secs(3), "after {pause} ms it took {:?}", ended.took);
        assert!(!ended.output.contains("panicked"), "{}", ended.output);
    }
}

#[test]
fn a_killed_terminal_is_back_on_the_air_as_soon_as_it_is_started_again() {
    let server = Nginx::start();
    let terminal = mirror(&server);
    terminal.on_air(500);
    // Killed, as the kernel or a power cut does it: nothing is said to the server.
    terminal.signal(Signal::KILL);
    let back = Instant::now();
    let second = mirror(&server);
    let mut events = second.events();
    events.wait("pusher", 1002, 8.0);
    assert!(back.elapsed() < Duration::from_secs(8));
    second.on_air(500);
}

#[test]
fn a_terminal_that_was_held_up_goes_on_from_now() {
    let server = Nginx::start();
    let mut terminal = mirror(&server);
    let mut events = terminal.events();
    events.wait("player:agent", 2004, 8.0);
    terminal.on_air(1000);
    terminal.signal(Signal::STOP);
    let since = Instant::now();
    until(5.0, "three seconds", || (since.elapsed() >= Duration::from_secs(3)).then_some(()));
    terminal.signal(Signal::CONT);
    let fresh = |status: &serde_json::Value| {
        let (up, down) = (&status["pusher"]["net"], &status["players"][0]["net"]);
        let number = |value: &serde_json::Value| value.as_f64().expect("a figure");
        (number(&up["videoFPS"]) > 12.0 && number(&up["queueMs"]) < 200.0)
            && (number(&down["videoFPS"]) > 12.0 && number(&down["latencyBuffer"]) < 400.0)
    };
    terminal.until_status(6.0, "both ways as before", fresh);
    terminal.push("stop");
    until(3.0, "nginx to see it leave", || server.departure());
    let recorded = server.recorded("terminal");
    for track in ["v", "a"] {
        let packets = ffmpeg::packets(&recorded, track);
        assert!(packets.windows(2).all(|pair| pair[1].dts > pair[0].dts), "{track}: time goes back");
    }
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
    assert!(terminal.runs());
}

#[test]
fn a_storm_of_orders_ends_in_the_last_one() {
    let server = Nginx::start();
    let mut terminal = mirror(&server);
    let mut events = terminal.events();
    events.wait("pusher", 1002, 5.0);
    terminal.on_air(500);
    let (files, threads) = (terminal.fds(), terminal.threads());
    let mut random = fastrand::Rng::with_seed(59);
    let orders = ["start", "stop", "pause", "resume", "switch-camera", "start", "resume"];
    for _ in 0..150 {
        match random.u8(0..10) {
            0 => drop(terminal.patch(json!({"muted": random.bool()}))),
            1 => drop(terminal.patch(json!({"enable-camera": random.bool()}))),
            2 => drop(terminal.ask("POST", "/v1/standby", &json!({"on": random.bool()}).to_string())),
            3 => drop(terminal.ask(
                "POST",
                &format!("/v1/players/agent/{}", random.choice(["play", "stop"]).unwrap()),
                "",
            )),
            _ => drop(terminal.push(random.choice(orders).unwrap())),
        }
    }
    terminal.ask("POST", "/v1/standby", r#"{"on": false}"#);
    terminal.patch(json!({"muted": false, "enable-camera": true, "device-position": "front"}));
    terminal.ask("POST", "/v1/players/agent/play", "");
    for order in ["resume", "stop", "start"] {
        terminal.push(order);
    }
    let well = |status: &serde_json::Value| {
        let pusher = &status["pusher"];
        (pusher["state"] == "live" && pusher["picture"] == "camera" && pusher["muted"] == false)
            && (status["players"][0]["state"] == "live" && status["players"][0]["loading"] == false)
    };
    terminal.until_status(15.0, "the state of the last orders", well);
    assert!(terminal.runs());
    assert!(!terminal.log().contains("panicked"), "{}", terminal.log());
    assert!(terminal.fds() <= files && terminal.threads() <= threads, "{files} files, {threads} threads before");
}
