//! The figures of a call, told once a second: those of the player against those of who sends to it.

mod support;

use serde_json::Value;
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, player, pusher};

#[test]
fn a_player_tells_every_figure_once_a_second_and_they_fit_what_is_sent() {
    let server = Nginx::start();
    let url = server.url("live", "own");
    let terminal = Terminal::start(&format!("{}{}", pusher(&url), player(&url, "mode = \"RTC\"")), VIRTUAL);
    let mut events = terminal.events();
    events.wait("player:agent", 2004, 8.0);
    let number = |net: &Value, key: &str| net[key].as_f64().unwrap_or(f64::NAN);
    // Both tell of seconds that begin at another moment, and a picture is not as large as the next.
    let alike = [("videoBitrate", 0.5), ("audioBitrate", 0.2), ("videoFPS", 0.2), ("videoGOP", 0.1), ("netSpeed", 0.5)];
    let steady = |status: &Value| {
        let (up, down) = (&status["pusher"]["net"], &status["players"][0]["net"]);
        number(&status["players"][0], "for-ms") > 4000.0
            && alike.iter().all(|(key, part)| {
                let (sent, received) = (number(up, key), number(down, key));
                received > 0.0 && (received - sent).abs() <= part * sent
            })
    };
    let status = terminal.until_status(15.0, "what is received to be what is sent", steady);
    let down = &status["players"][0]["net"];
    let figure = |net: &Value, key: &str| net[key].as_f64().unwrap_or_else(|| panic!("no {key} in {net:#}"));
    assert_eq!((figure(down, "videoWidth"), figure(down, "videoHeight")), (320.0, 180.0));
    for (key, most) in [
        ("netJitter", 100.0),
        ("queueMs", 500.0),
        ("jitterBufferMs", 150.0),
        ("rttMs", 20.0),
        ("latencyBuffer", 150.0),
        ("latencyDecode", 50.0),
        ("latencyPresent", 50.0),
        ("latencyNet", 100.0),
        ("latencyEndToEnd", 250.0),
        ("dropped", 60.0),
        ("soundMissingMs", 1000.0),
        ("badMessages", 0.0),
    ] {
        assert!((0.0..=most).contains(&figure(down, key)), "{key}: {}", figure(down, key));
    }
    assert!(figure(down, "rttMs") > 0.0 && figure(down, "latencyEndToEnd") > figure(down, "latencyNet"), "{down:#}");
    assert!(figure(down, "avPlayIntervalMs").abs() < 150.0, "{down:#}");
    assert!((1.0..=5.0).contains(&figure(down, "netQualityLevel")), "{down:#}");
    assert!(figure(down, "cpu") > 0.0, "{down:#}");

    // The same figures come as an event, once a second.
    let of_player = |event: &support::events::Event| event.kind == "netstatus" && event.data.contains("player:agent");
    events.skip();
    let begun = std::time::Instant::now();
    for _ in 0..2 {
        let event = events.find(2.0, of_player).expect("another second");
        let told: Value = serde_json::from_str(&event.data).unwrap();
        let missing: Vec<&String> = down.as_object().unwrap().keys().filter(|key| told.get(key).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?} are not in {told:#}");
    }
    assert!(begun.elapsed().as_secs_f64() < 3.0);
}
