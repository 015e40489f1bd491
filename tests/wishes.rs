//! In a call of two terminals a player that has no picture to go on from wishes for an IDR in the stream that its own
//! terminal sends, and the far terminal makes one.

mod support;

use serde_json::Value;
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::link::{FAR, Link};
use support::nginx::Nginx;
use support::rig::{Rig, caller_of, sending};
use support::terminal::{Terminal, VIRTUAL, player, pusher};
use visavis::api::notice::{Notice, PushNews};
use visavis::api::plan::{PlayPlan, PushPlan};
use visavis::flow::wishes::Counts;
use visavis::media::{Size, Span};
use visavis::pusher::{Pusher, Target};
use visavis::settings::PusherSettings;

const CALL: PlayPlan = PlayPlan { active: true, ..PlayPlan::IDLE };
/// In the first three seconds of a session IDRs come often.
const DENSE: Duration = Duration::from_millis(3200);

/// Half a call whose IDRs come every ten seconds, unless somebody wishes for one: it sends to `own` and plays `other`.
fn half(own: &str, other: &str) -> (Rig, Pusher) {
    let rig = Rig::start(CALL);
    let settings = PusherSettings {
        video_width: Some(320),
        video_height: Some(180),
        fps: 15,
        max_bitrate: 300,
        ..PusherSettings::default()
    };
    let (size, mut rates) = (Size::new(320, 180), settings.rates());
    rates.policy.gop = Span::secs(10);
    let pusher = caller_of(&rig, own, PushPlan { size, fps: 15, rates, ..sending() }, |_| {});
    rig.player.connect(1, other.to_owned());
    (rig, pusher)
}

#[test]
fn who_joins_a_call_between_two_idrs_sees_a_picture_within_a_second() {
    let server = Nginx::start();
    let [here, there] = ["here", "there"].map(|name| server.url("live", name));
    let (far, _sender) = half(&there, &here);
    sleep(DENSE + Duration::from_millis(600));
    let asked = Instant::now();
    let (mut near, _own) = half(&here, &there);
    near.until("a picture", |rig| rig.shown() > 0);
    let took = asked.elapsed().as_secs_f64();
    println!("the first picture {took:.2} s after the start");
    // The next IDR by the clock is six seconds away.
    assert!(took < 1.0, "the first picture {took:.2} s after the start");
    let counts = far.wishes.counts();
    assert!((1..=2).contains(&counts.on_request), "{counts:?}, {:?}", near.wishes.counts());
}

#[test]
fn after_a_break_before_the_player_the_picture_is_fresh_soon() {
    let Some(link) = Link::new(2000) else { return };
    let server = link.far(|| Nginx::start_at(FAR));
    let [here, there] = ["here", "there"].map(|name| server.url("live", name));
    let (far, _sender) = link.far(|| half(&there, &here));
    let (mut near, own) = link.near(|| half(&here, &there));
    near.until("pictures", |rig| rig.shown() > 15);
    sleep(DENSE);
    let (before, stopped) = (far.wishes.counts(), near.shown());
    // Left alone the server's kernel tries again after 3 and 6.2 s.
    link.lose(true);
    sleep(Duration::from_millis(3600));
    link.lose(false);
    let back = Instant::now();
    let mut ends = 0;
    near.until("the live edge", |rig| {
        // A machine that stood still for a quarter of a second loses the connection in the break; a terminal makes another.
        let ended = |notice: &&Notice| matches!(notice, Notice::Push { news: PushNews::Ended(_), .. });
        if rig.others.iter().filter(ended).count() > ends {
            ends += 1;
            own.connect(1 + ends as u64, Target { url: here.clone(), signing: None });
        }
        let last = rig.meter.readings().picture.last();
        rig.shown() > stopped + 3 && last.is_some_and(|late| late < Span::millis(500))
    });
    let took = back.elapsed().as_secs_f64();
    let Counts { on_request, .. } = far.wishes.counts();
    println!("pictures less than 500 ms old {took:.2} s after the link was back, {on_request} IDRs on request");
    // The next IDR by the clock is five seconds away.
    assert!(took < 2.5, "{took:.2} s after the link was back");
    assert!(on_request > before.on_request, "{on_request}, {before:?}");
}

#[test]
fn two_terminals_say_in_their_figures_what_was_wished_for_and_a_viewer_alone_wishes_for_nothing() {
    let server = Nginx::start();
    let [here, there] = ["here", "there"].map(|name| server.url("live", name));
    let call = |own: &str, other: &str| Terminal::start(&(pusher(own) + &player(other, "mode = \"RTC\"")), VIRTUAL);
    let far = call(&there, &here);
    let viewer = Terminal::start(&player(&there, "mode = \"RTC\""), VIRTUAL);
    far.on_air(3200);
    let near = call(&here, &there);
    let seen = |status: &Value| status["players"][0]["screen"] == "picture";
    let net = |status: &Value, name: &str| status["pusher"]["net"][name].as_u64().unwrap();
    // An IDR by the clock may come first.
    let wished = (0..5).any(|_| {
        near.until_status(4.0, "a picture", seen);
        let wished = net(&near.status(), "idrWishes") > 0;
        near.ask("POST", "/v1/players/agent/stop", "");
        near.ask("POST", "/v1/players/agent/play", "");
        wished
    });
    assert!(wished, "{:#}", near.status());
    let status = far.until_status(2.5, "an IDR on request", |status| net(status, "idrsOnRequest") > 0);
    assert!(net(&status, "idrsOnRequest") <= net(&near.status(), "idrWishes"), "{status:#}");
    assert_eq!(net(&status, "idrWishes"), 0, "its own player saw the first picture");
    viewer.until_status(4.0, "a picture", seen);
}
