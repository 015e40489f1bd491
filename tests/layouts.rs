//! Several players on one screen: layouts, full screen, turned pictures, and what becomes of them when the user interface
//! changes its page.

mod support;

use serde_json::{Value, json};
use std::ops::Range;
use std::process::Command;
use std::time::{Duration, Instant};
use support::events::Events;
use support::ffmpeg::Ffmpeg;
use support::fifo::{self, Screen};
use support::nginx::Nginx;
use support::picture::{Colour, Picture, near};
use support::terminal::Terminal;

const BOARD: &str = "name = \"several\"\n[camera.front]\ndriver = \"test-card\"\n[microphone]\ndriver = \"tone\"\n\
                     [speaker.speaker]\ndriver = \"null\"\n[display]\ndriver = \"pipe\"\npath = \"{folder}/screen\"\n\
                     width = 320\nheight = 180\n\
                     [[button]]\nname = \"fill\"\ndriver = \"scripted\"\npath = \"{folder}/fill\"\n\
                     short = \"player-full-screen\"\n\
                     [[button]]\nname = \"layout\"\ndriver = \"scripted\"\npath = \"{folder}/layout\"\n\
                     short = \"next-layout\"\n";
const RED: Colour = [253, 0, 0];
const GREEN: Colour = [0, 255, 0];
const BLUE: Colour = [0, 0, 253];
const WHITE: Colour = [254, 254, 254];
const BLACK: Colour = [0, 0, 0];
const WHOLE: Range<f64> = 0.0..1.0;

/// Publishes what ffmpeg's `filter` makes, 15 pictures a second.
fn publish(server: &Nginx, name: &str, filter: &str, more: &str) -> Ffmpeg {
    publish_to(server.url("live", name), filter, more)
}

fn publish_to(url: String, filter: &str, more: &str) -> Ffmpeg {
    let coding = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 15";
    Ffmpeg::start(&format!("-re -f lavfi -i {filter} {coding} {more} -f flv"), url)
}

/// Blue on the left, red on the right.
const HALVES: &str = "color=red:size=320x180:rate=15,drawbox=x=0:y=0:w=160:h=180:color=blue:t=fill";

fn player(server: &Nginx, id: &str, more: &str) -> String {
    format!("[[player]]\nid = \"{id}\"\nsrc = \"{}\"\nmode = \"RTC\"\n{more}\n", server.url("live", id))
}

/// A terminal with two buttons, and its screen of 320x180.
fn start(config: &str) -> (Terminal, Screen) {
    let folder = tempfile::tempdir().unwrap();
    for button in ["fill", "layout"] {
        fifo::make(&folder.path().join(button));
    }
    let screen = Screen::open(&folder.path().join("screen"), 320, 180);
    (Terminal::start_in(folder, config, BOARD, |_| {}), screen)
}

/// An order of a player, and its state after it.
fn order(terminal: &Terminal, id: &str, order: &str, body: Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    terminal.ask("POST", &format!("/v1/players/{id}/{order}"), &body)
}

fn change(terminal: &Terminal, path: &str, changes: Value) -> Value {
    terminal.ask("PATCH", path, &changes.to_string())
}

/// Whether the places have these colours: x, y in fractions of the screen.
fn shows(picture: &Picture, places: &[(f64, f64, Colour)]) -> bool {
    places.iter().all(|(x, y, colour)| near(picture.mean(*x - 0.02..*x + 0.02, *y - 0.02..*y + 0.02), *colour))
}

/// Runs visavisctl; what it said.
fn ctl(terminal: &Terminal, words: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visavisctl"));
    let output = command.arg("--socket").arg(terminal.socket()).args(words).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_player_that_has_no_place_plays_at_its_own_pace_and_not_at_that_of_the_one_that_is_seen() {
    let server = Nginx::start();
    let _slow = publish(&server, "slow", "color=red:size=160x90:rate=1", "-g 1");
    let _quick = publish(&server, "quick", "color=lime:size=160x90:rate=15", "");
    let players = ["slow", "quick"].map(|id| player(&server, id, "autoplay = true")).concat();
    let (terminal, screen) = start(&players);
    screen.wait(10.0, "the first", |picture| shows(picture, &[(0.5, 0.5, RED)]));
    terminal.until_status(10.0, "fifteen a second unseen, and none left out meanwhile", |status| {
        let (slow, quick) = (&status["players"][0]["net"], &status["players"][1]["net"]);
        slow["videoFPS"].as_f64() < Some(3.0) && quick["videoFPS"].as_f64() > Some(13.0)
    });
    let dropped = || terminal.status()["players"][1]["net"]["dropped"].as_i64().unwrap();
    let before = dropped();
    std::thread::sleep(Duration::from_secs(3));
    assert!(dropped() - before <= 1, "{before} and {}", dropped());
}

#[test]
fn players_and_the_own_picture_share_the_screen_as_the_layout_says() {
    let server = Nginx::start();
    let colours = [("a", "red"), ("b", "lime"), ("c", "blue"), ("d", "white")];
    let _publishers: Vec<Ffmpeg> = colours
        .iter()
        .map(|(name, colour)| publish(&server, name, &format!("color={colour}:size=160x90:rate=15"), ""))
        .collect();
    let players = ["a", "b"].map(|id| player(&server, id, "autoplay = true")).concat()
        + &["c", "d"].map(|id| player(&server, id, "")).concat();
    let pusher = "[pusher]\norientation = \"horizontal\"\nvideo-width = 320\nvideo-height = 180\n";
    let (terminal, screen) = start(&format!("{pusher}{players}[screen]\nlayout = \"grid\"\n"));
    let bars = [(0.25, 0.1, BLACK), (0.75, 0.9, BLACK)];
    screen.wait(10.0, "two beside each other, whole", |picture| {
        shows(picture, &[(0.25, 0.5, RED), (0.75, 0.5, GREEN)]) && shows(picture, &bars)
    });
    for id in ["a", "b"] {
        change(&terminal, &format!("/v1/players/{id}"), json!({"object-fit": "fillCrop"}));
    }
    screen.wait(2.0, "two that fill their halves", |picture| {
        shows(picture, &[(0.25, 0.1, RED), (0.75, 0.9, GREEN), (0.48, 0.5, RED), (0.52, 0.5, GREEN)])
    });
    for id in ["c", "d"] {
        order(&terminal, id, "play", Value::Null);
    }
    let four = [(0.25, 0.25, RED), (0.75, 0.25, GREEN), (0.25, 0.75, BLUE), (0.75, 0.75, WHITE)];
    screen.wait(5.0, "four in two rows", |picture| shows(picture, &four));
    assert_eq!(ctl(&terminal, &["screen", "set", "layout=pip"]), (0, "layout = \"pip\"\n".into()));
    let pip = [(0.5, 0.5, RED), (0.86, 0.15, GREEN), (0.14, 0.15, BLUE), (0.14, 0.85, WHITE)];
    screen.wait(2.0, "one large and three in corners", |picture| shows(picture, &pip));
    assert!(shows(&screen.newest().unwrap(), &[(0.86, 0.85, RED)]), "the fourth corner is for the own picture");
    terminal.push("start-preview");
    screen.wait(3.0, "the own picture in its corner", |picture| {
        shows(picture, &pip) && !shows(picture, &[(0.86, 0.85, RED)])
    });
    terminal.push("stop-preview");
    order(&terminal, "a", "stop", Value::Null);
    let without = [(0.5, 0.5, GREEN), (0.86, 0.15, BLUE), (0.14, 0.15, WHITE), (0.14, 0.85, GREEN)];
    screen.wait(2.0, "the next one large", |picture| shows(picture, &without));
    // What all of them look like together is a snapshot of the view; each has its own of the stream.
    let said = change(&terminal, "/v1/screen", json!({"layout": "full"}));
    assert_eq!((&said["properties"]["layout"], &said["status"]["layout"]), (&json!("full"), &json!("full")));
    screen.wait(2.0, "the first that plays", |picture| near(picture.mean(WHOLE, WHOLE), GREEN));
    for (id, _) in &colours[1..] {
        let answer = terminal.request("POST", &format!("/v1/players/{id}/snapshot"), r#"{"format": "png"}"#);
        assert_eq!((answer.status, &answer.body[1..4]), (200, &b"PNG"[..]), "{id}");
    }
    let status = terminal.status();
    let states: Vec<&str> =
        status["players"].as_array().unwrap().iter().filter_map(|it| it["state"].as_str()).collect();
    assert_eq!(states, ["stopped", "live", "live", "live"]);
}

#[test]
fn full_screen_orientation_and_the_streams_own_word_turn_the_picture() {
    let server = Nginx::start();
    let turned = "-bsf:v h264_metadata=display_orientation=insert:rotate=90";
    let _publishers = [publish(&server, "agent", HALVES, ""), publish(&server, "turned", HALVES, turned)];
    let config = player(&server, "agent", "autoplay = true") + &player(&server, "turned", "autoplay = true");
    let (terminal, screen) = start(&(config + "[screen]\nlayout = \"grid\"\n"));
    let mut events = terminal.events();
    let beside = [(0.15, 0.5, BLUE), (0.35, 0.5, RED), (0.65, 0.5, BLUE), (0.85, 0.5, RED)];
    screen.wait(10.0, "both", |picture| shows(picture, &beside));

    let mut told = |direction: i64, on: bool| {
        let event = events.find(2.0, |event| event.object == "player:agent" && event.data.contains("fullscreenchange"));
        let detail = event.expect("it is told").detail;
        assert_eq!(detail, json!({"direction": direction, "fullScreen": on}));
    };
    let state = order(&terminal, "agent", "request-full-screen", Value::Null);
    assert_eq!(state["status"]["full-screen"], true);
    told(0, true);
    screen.wait(2.0, "one alone", |picture| shows(picture, &[(0.25, 0.1, BLUE), (0.75, 0.9, RED)]));
    for (direction, top, bottom) in [(90, BLUE, RED), (-90, RED, BLUE)] {
        order(&terminal, "agent", "request-full-screen", json!({"direction": direction}));
        told(direction, true);
        // Upright on a screen that lies: bars at both sides, until it fills it.
        screen.wait(2.0, "a turned picture", |picture| {
            shows(picture, &[(0.5, 0.25, top), (0.5, 0.75, bottom), (0.1, 0.5, BLACK), (0.9, 0.5, BLACK)])
        });
    }
    change(&terminal, "/v1/players/agent", json!({"object-fit": "fillCrop"}));
    screen.wait(2.0, "one that fills the screen", |picture| {
        shows(picture, &[(0.05, 0.25, RED), (0.95, 0.25, RED), (0.05, 0.75, BLUE), (0.95, 0.75, BLUE)])
    });
    for body in [r#"{"direction": 45}"#, r#"{"direction": "up"}"#] {
        let answer = terminal.request("POST", "/v1/players/agent/request-full-screen", body);
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("direction")));
    }
    let (code, said) = ctl(&terminal, &["player", "agent", "request-full-screen", "45"]);
    assert!(code == 1 && said.contains("0, 90, -90"), "{code} {said}");
    change(&terminal, "/v1/players/agent", json!({"object-fit": "contain"}));
    assert_eq!(ctl(&terminal, &["player", "agent", "exit-full-screen"]), (0, "agent is live\n".into()));
    told(0, false);
    screen.wait(2.0, "both again", |picture| shows(picture, &beside));

    // The same by hand, and another layout.
    let alone = [(0.25, 0.1, BLUE), (0.75, 0.9, RED)];
    for on in [true, false] {
        terminal.press("fill", 100);
        told(0, on);
        let wanted = if on { &alone[..] } else { &beside };
        screen.wait(2.0, "one alone, and both again", |picture| shows(picture, wanted));
    }
    let small = [(0.82, 0.15, BLUE), (0.9, 0.15, RED)];
    for (layout, second) in [("full", false), ("pip", true), ("grid", false)] {
        terminal.press("layout", 100);
        assert_eq!(terminal.status()["screen"]["layout"], layout);
        let wanted = |picture: &Picture| shows(picture, if layout == "grid" { &beside } else { &alone });
        screen.wait(2.0, layout, |picture| wanted(picture) && shows(picture, &small) == second);
    }

    // 90 degrees against the clock, says the stream: what was left is below.
    let upright = [(0.75, 0.25, RED), (0.75, 0.75, BLUE), (0.55, 0.5, BLACK), (0.95, 0.5, BLACK)];
    change(&terminal, "/v1/players/turned", json!({"enable-auto-rotation": true}));
    screen.wait(2.0, "what the stream says", |picture| shows(picture, &upright) && shows(picture, &beside[..2]));
    change(&terminal, "/v1/players/turned", json!({"enable-auto-rotation": false, "orientation": "horizontal"}));
    let other = [(0.75, 0.25, BLUE), (0.75, 0.75, RED)];
    screen.wait(2.0, "what the property says", |picture| shows(picture, &other));
    assert_eq!(terminal.status()["players"][1]["unsupported"], json!([]));

    // The same said in metadata.
    let url = server.url("verbatim", "turned");
    let _publisher = publish_to(url.clone(), HALVES, "-metadata rotation=-90");
    let changes = json!({"src": url, "enable-auto-rotation": true, "orientation": "vertical"});
    change(&terminal, "/v1/players/turned", changes);
    screen.wait(8.0, "what the metadata say", |picture| shows(picture, &upright));
}

#[test]
fn a_change_of_page_pauses_a_player_or_makes_it_small_and_the_return_ends_both() {
    let server = Nginx::start();
    let _publisher = publish(&server, "agent", "testsrc=size=320x180:rate=15", "");
    let (terminal, screen) = start(&player(&server, "agent", "autoplay = true"));
    let mut events = terminal.events();
    events.wait("player:agent", 2004, 10.0);
    let moves = |screen: &Screen, within: f64| {
        let before = screen.count();
        support::wait::until(within, "a moving picture", || (screen.count() > before + 5).then_some(()));
    };
    moves(&screen, 3.0);
    let why = |terminal: &Terminal| terminal.status()["players"][0]["paused-by"].clone();
    let mut took = Vec::new();
    let mut scene = |transition: &str| {
        let asked = Instant::now();
        let status = terminal.ask("POST", "/v1/scene", &json!({"transition": transition, "page": "help"}).to_string());
        took.push(asked.elapsed());
        status["players"][0].clone()
    };
    for (transition, reason) in [("push", "navigate"), ("native", "open-native"), ("pop", "navigate")] {
        scene("return");
        let state = scene(transition);
        assert_eq!(state["state"], "paused", "{transition}");
        assert!(state["paused-by"].as_array().unwrap().contains(&json!(reason)), "{transition}: {state}");
        // What was on its way is shown; then it stands still.
        std::thread::sleep(Duration::from_millis(300));
        let still = screen.count();
        std::thread::sleep(Duration::from_millis(400));
        assert!(screen.count() <= still + 1, "{transition}: {} pictures of a frozen one", screen.count() - still);
    }
    assert_eq!(scene("return")["state"], "live");
    moves(&screen, 1.0);
    let story = events.story();
    assert!(!story.contains("2103") && !story.contains("2107"), "the connection stays, and its time: {story}");

    change(&terminal, "/v1/players/agent", json!({"picture-in-picture-mode": ["push", "pop"]}));
    for transition in ["push", "pop"] {
        let state = scene(transition);
        assert_eq!((&state["state"], &state["picture-in-picture"]), (&json!("live"), &json!(true)));
        named(&mut events, "enterpictureinpicture");
        let small = |picture: &Picture| {
            near(picture.mean(0.0..0.7, WHOLE), BLACK) && !near(picture.mean(0.75..0.97, 0.05..0.25), BLACK)
        };
        screen.wait(2.0, "a small picture", small);
        moves(&screen, 1.0);
        scene("return");
        named(&mut events, "leavepictureinpicture");
        screen.wait(2.0, "a large one", |picture| !small(picture));
    }
    scene("push");
    assert_eq!(ctl(&terminal, &["player", "exit-picture-in-picture"]), (0, "agent is paused (navigate)\n".into()));
    let said = ctl(&terminal, &["player", "resume"]);
    assert_eq!((said, why(&terminal)), ((0, "agent is live\n".into()), json!([])));
    assert_eq!(ctl(&terminal, &["scene", "return"]), (0, "agent is live\n".into()));
    let (code, said) = ctl(&terminal, &["scene", "jump"]);
    assert!(code == 2 && said.contains("push"), "{code} {said}");
    took.sort();
    assert!(took[took.len() / 2] < Duration::from_millis(100), "each is answered at once: {took:?}");
}

/// Waits for the event of this name.
fn named(events: &mut Events, name: &str) {
    let found = events.find(2.0, |event| event.code == 0 && event.data.contains(name));
    assert!(found.is_some(), "no {name}: {}", events.story());
}

#[test]
#[ignore = "makes the pictures of the documents anew"]
fn the_pictures_of_the_documents() {
    let server = Nginx::start();
    let face = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pictures/face.png");
    let coding = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 15 -f flv";
    let film = |source: &str, name: &str| Ffmpeg::start(&format!("-re {source} {coding}"), server.url("live", name));
    let _publishers = [
        film(&format!("-loop 1 -framerate 15 -i {face} -vf crop=iw:iw*9/16,scale=640:360"), "agent"),
        film("-f lavfi -i smptehdbars=size=640x360:rate=15", "screen"),
        film("-f lavfi -i testsrc2=size=640x360:rate=15", "expert"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let screen = Screen::open(&folder.path().join("screen"), 640, 360);
    let board = BOARD.replace("width = 320\nheight = 180", "width = 640\nheight = 360");
    let players = ["agent", "screen", "expert"].map(|id| player(&server, id, "autoplay = true")).concat();
    let pusher = "[pusher]\norientation = \"horizontal\"\nvideo-width = 640\nvideo-height = 360\n";
    let terminal = Terminal::start_in(folder, &format!("{pusher}{players}"), &board, |_| {});
    terminal.push("start-preview");
    terminal.until_status(10.0, "three pictures", |status| {
        status["players"].as_array().unwrap().iter().all(|player| player["screen"] == "picture")
    });
    for layout in ["full", "pip", "grid"] {
        change(&terminal, "/v1/screen", json!({"layout": layout}));
        std::thread::sleep(Duration::from_secs(1));
        screen.newest().unwrap().keep(&format!("screen-{layout}"));
    }
}
