//! Another server than nginx: node-media-server, which sends media on message stream 0 and a burst of old pictures to
//! whoever joins.

mod support;

use std::time::Instant;
use support::events::Event;
use support::nms::NodeMediaServer;
use support::rig::{Rig, caller};
use support::terminal::{Terminal, VIRTUAL, player, pusher};
use support::wait::until;
use visavis::api::notice::{Notice, PlayNews, PushNews};
use visavis::api::plan::PlayPlan;
use visavis::media::Span;

#[test]
fn a_terminal_pushes_to_it_and_plays_from_it_over_rtmp_and_over_http() {
    let server = NodeMediaServer::start();
    let players = player(&server.url("own"), "mode = \"RTC\"");
    let other = players.replace("agent", "other").replace(&server.url("own"), &server.http_url("own"));
    let terminal = Terminal::start(&format!("{}{players}{other}", pusher(&server.url("own"))), VIRTUAL);
    let mut events = terminal.events();
    events.wait("pusher", 1002, 8.0);
    for name in ["player:agent", "player:other"] {
        let told = || events.codes(name).contains(&2004).then_some(());
        until(10.0, &format!("2004 of {name}: {}", events.story()), told);
    }
    terminal.until_status(5.0, "both with pictures", |status| {
        let fine = |net: &serde_json::Value| net["videoWidth"] == 320 && net["videoFPS"].as_f64() > Some(14.0);
        fine(&status["players"][0]["net"]) && fine(&status["players"][1]["net"])
    });
}

#[test]
fn what_it_sends_of_the_past_is_decoded_and_not_shown() {
    let server = NodeMediaServer::start();
    for url in [server.url("call"), server.http_url("call")] {
        let mut rig = Rig::start(PlayPlan { active: true, ..PlayPlan::IDLE });
        let pusher = caller(&rig, &server.url("call"), |_| {});
        let published = |notice: &Notice| matches!(notice, Notice::Push { news: PushNews::Publishing, .. });
        rig.until("the call", |rig| rig.others.iter().any(published));
        // Somewhere behind an IDR.
        std::thread::sleep(std::time::Duration::from_millis(1300));
        let asked = Instant::now();
        rig.player.connect(1, url.clone());
        rig.until("the first picture", |rig| rig.news.contains(&PlayNews::PlayBegin));
        let first = asked.elapsed();
        rig.until("a second and more", |rig| rig.stats.len() > 1);
        let (readings, shown) = (rig.meter.readings(), rig.shown());
        let stats = rig.stats.last().unwrap();
        println!("{url}: first picture after {first:?}, {shown} shown");
        let (half, most) = (readings.picture.percentile(50).unwrap(), readings.picture.percentile(95).unwrap());
        assert!(half < Span::millis(60) && most < Span::millis(150), "{url}: {half} and {most}");
        assert!(stats.dropped > 5, "{url}: there was no past: {stats:?}");
        assert_eq!(stats.bad_messages, 0);
        drop(pusher);
    }
}

#[test]
fn a_sender_that_falls_silent_behind_its_cached_pictures_is_given_five_seconds_and_each_try_with_nothing_live_counts() {
    let server = NodeMediaServer::start();
    let players = player(&server.url("own"), "mode = \"RTC\"");
    let other = players.replace("agent", "other").replace(&server.url("own"), &server.http_url("own"));
    let sender = Terminal::start(&pusher(&server.url("own")), VIRTUAL);
    sender.on_air(1500);
    let terminal = Terminal::start(&(players + &other), VIRTUAL);
    terminal.until_status(10.0, "both for a while", |status| {
        let players = status["players"].as_array().unwrap();
        players.iter().all(|player| player["state"] == "live" && player["for-ms"].as_i64() > Some(3000))
    });
    sender.signal(rustix::process::Signal::STOP);
    for name in ["player:agent", "player:other"] {
        let mut events = terminal.events();
        let silent = |event: &Event| event.object == name && event.detail["reason"] == "the server fell silent";
        assert!(events.find(8.0, silent).is_some(), "{name}: {}", events.story());
        let switched = |event: &&Event| {
            let reason = event.detail["reason"].as_str().unwrap_or_default();
            event.object == name && reason.ends_with("another connection took over")
        };
        assert!(events.all().iter().filter(switched).count() <= 1, "{}", events.story());
    }
    // The next session shows what the server kept, and that is no success.
    for name in ["player:agent", "player:other"] {
        let mut events = terminal.events();
        let second = |event: &Event| event.object == name && event.code == 2103 && event.detail["attempt"] == 2;
        assert!(events.find(9.0, second).is_some(), "{name}: {}", events.story());
    }
    sender.signal(rustix::process::Signal::CONT);
    terminal.until_status(8.0, "both again", |status| {
        let players = status["players"].as_array().unwrap();
        players.iter().all(|player| player["net"]["videoFPS"].as_f64() > Some(13.0))
    });
}
