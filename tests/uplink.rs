//! The way up over a link that is too slow for it: real queues and real acknowledgements between two hosts.

mod support;

use serde_json::Value;
use std::time::{Duration, Instant};
use support::events::Events;
use support::ffmpeg;
use support::link::{FAR, Link};
use support::nginx::Nginx;
use support::terminal::{Terminal, VIRTUAL, pusher};

/// What the far side has of the stream so far: seconds of sound, and the largest step between two frames of it.
fn sound(server: &Nginx) -> (f64, f64) {
    let packets = ffmpeg::packets(&server.recorded("terminal"), "a");
    let step = packets.windows(2).map(|pair| pair[1].dts - pair[0].dts).fold(0.0, f64::max);
    (packets.last().map_or(0.0, |packet| packet.dts), step)
}

fn net(status: &Value) -> &Value {
    &status["pusher"]["net"]
}

/// Looks at the terminal five times a second for so long; the longest wait it told of.
fn longest_wait(terminal: &Terminal, seconds: f64) -> f64 {
    let limit = Instant::now() + Duration::from_secs_f64(seconds);
    let mut longest = 0.0f64;
    while Instant::now() < limit {
        let status = terminal.status();
        let wait = |name: &str| net(&status)[name].as_f64().unwrap();
        longest = longest.max(wait("queueMs")).max(wait("pathMs"));
        std::thread::sleep(Duration::from_millis(200));
    }
    longest
}

fn busy(events: &mut Events, busy: bool, within: f64) {
    let found = events.find(within, |event| event.code == 1101 && event.detail["busy"] == busy);
    assert!(found.is_some(), "1101 {busy} within {within} s\n{}", events.story());
}

#[test]
fn a_link_that_becomes_slow_makes_the_picture_smaller_keeps_delay_short_and_gives_everything_back() {
    let Some(link) = Link::new(2000) else { return };
    link.congestion("cubic");
    let server = link.far(|| Nginx::start_at(FAR));
    let config = pusher(&server.url("live", "terminal"))
        .replace("video-width = 320\nvideo-height = 180\nfps = 15\n", "fps = 30\n")
        .replace("max-bitrate = 300", "max-bitrate = 500");
    let terminal = link.near(|| Terminal::start(&config, VIRTUAL));
    let mut events = terminal.events();
    let status = terminal.on_air(2500);
    assert_eq!((&net(&status)["targetBitrate"], &net(&status)["limitedBy"]), (&500.into(), &"".into()));
    assert_eq!(net(&status)["videoHeight"], 360);

    link.rate(170);
    let (begun, before) = (Instant::now(), link.arrived());
    // Where the sound is there, and when that was looked at: looking takes its time.
    let look = || (sound(&server).0, Instant::now());
    let (heard, looked) = look();
    let fell = events.wait("pusher", 1006, 3.0);
    assert!(fell.detail["from"] == 500 && fell.detail["to"].as_u64() < Some(300), "{fell:?}");
    busy(&mut events, true, 5.0);
    let waited = longest_wait(&terminal, 5.0);
    let used = (link.arrived() - before) as f64 * 8.0 / 170_000.0 / begun.elapsed().as_secs_f64();
    let status = terminal.status();
    let (newest, looked_again) = look();
    let lag = (looked_again - looked).as_secs_f64() - (newest - heard);
    println!("waits up to {waited} ms, {:.0} % of the link used, the sound there lags {lag:.2} s", used * 100.0);
    assert!(waited < 600.0, "{waited} ms in the queue");
    assert!(used > 0.6, "{used} of the link used");
    assert!(lag < 0.5, "the sound there lags {lag} s");
    assert_eq!(net(&status)["limitedBy"], "network");
    assert!(net(&status)["targetBitrate"].as_u64() < Some(250), "{status:#}");
    let smaller = events.all().into_iter().find(|event| event.code == 1005).expect("another size is told");
    assert_eq!((&smaller.detail["from"], &smaller.detail["to"]), (&"640x360".into(), &"480x270".into()));

    link.rate(2000);
    busy(&mut events, false, 8.0);
    terminal.until_status(10.0, "the whole picture", |status| {
        let net = net(status);
        net["targetBitrate"] == 500 && net["limitedBy"] == "" && net["videoHeight"] == 360
    });
    terminal.push("stop");
    support::wait::until(3.0, "nginx to see it leave", || server.departure());
    let recorded = server.recorded("terminal");
    let (_, step) = sound(&server);
    println!("the largest step of the sound's time: {:.0} ms", step * 1000.0);
    assert!(step < 0.1, "{step} s without sound");
    let mut sizes: Vec<u64> = ffmpeg::sizes(&recorded).into_iter().map(|(_, height)| height).collect();
    sizes.dedup();
    assert_eq!((sizes.first(), sizes.last()), (Some(&360), Some(&360)), "{sizes:?}");
    assert!(sizes.contains(&270), "{sizes:?}");
    // Pictures were left out before they were made: what is there refers to nothing that is missing.
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
    assert_eq!(events.codes("pusher").iter().filter(|code| **code == 1001).count(), 1, "{}", events.story());
}
