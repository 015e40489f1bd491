//! The picture through the whole program: turned, cut, mirrored, zoomed and beautified as asked, judged by what a server
//! records of it.

mod support;

use serde_json::json;
use std::path::Path;
use std::process::Command;
use support::ffmpeg;
use support::nginx::Nginx;
use support::picture::{Picture, near};
use support::terminal::{Terminal, pusher};
use support::wait::until;

/// What a camera that is mounted upright sees of the scene: four colours around a disc.
const SCENE: (usize, usize) = (160, 120);
/// Top left, top right, bottom left, bottom right.
const CORNERS: [[u8; 3]; 4] = [[200, 30, 30], [30, 160, 30], [30, 30, 200], [200, 200, 30]];
/// The disc's diameter in parts of the shorter side of what is seen.
const DISC: f64 = 0.5;

/// The scene as a picture of this size shows it, the disc in `colour`.
fn scene((width, height): (usize, usize), colour: u8) -> Picture {
    let radius = DISC / 2.0 * width.min(height) as f64;
    let pixel = |place: usize| {
        let (x, y) = (place % width, place / width);
        let (dx, dy) = (x as f64 + 0.5 - width as f64 / 2.0, y as f64 + 0.5 - height as f64 / 2.0);
        let corner = usize::from(2 * x >= width) + 2 * usize::from(2 * y >= height);
        if dx.hypot(dy) < radius { [colour; 3] } else { CORNERS[corner] }
    };
    Picture { width, height, rgb: (0..width * height).flat_map(pixel).collect() }
}

/// The picture turned clockwise by a quarter.
fn turned(picture: &Picture) -> Picture {
    let (width, height) = (picture.height, picture.width);
    let pixel = |place: usize| {
        let (x, y) = (place % width, place / width);
        let from = ((picture.height - 1 - x) * picture.width + y) * 3;
        [picture.rgb[from], picture.rgb[from + 1], picture.rgb[from + 2]]
    };
    Picture { width, height, rgb: (0..width * height).flat_map(pixel).collect() }
}

/// Writes what a camera gives for 40 s that must be turned clockwise by `degrees` to stand upright.
fn film(folder: &Path, name: &str, degrees: usize, disc: u8) {
    let (width, height) = if degrees.is_multiple_of(180) { SCENE } else { (SCENE.1, SCENE.0) };
    let upright = scene((width, height), disc);
    let lying = (0..(360 - degrees) % 360 / 90).fold(upright, |picture, _| turned(&picture));
    assert_eq!((lying.width, lying.height), SCENE);
    std::fs::write(folder.join(name), lying.to_i420().repeat(40 * 15)).unwrap();
}

/// A board whose cameras are mounted like this.
fn board(front: usize, back: usize) -> String {
    let camera = |name: &str, degrees: usize| {
        format!(
            "[camera.{name}]\ndriver = \"pipe\"\npath = \"{{folder}}/{name}\"\nwidth = {}\nheight = {}\nfps = 15\n\
             mount-rotation = {degrees}\n",
            SCENE.0, SCENE.1
        )
    };
    format!("name = \"mounted\"\n{}{}", camera("front", front), camera("back", back))
}

/// A terminal with cameras mounted like this, the front one's disc white and the back one's black; its size follows from
/// these lines of shape and from the rate.
fn terminal(server: &Nginx, front: usize, back: usize, shape: &str) -> Terminal {
    let folder = tempfile::tempdir().unwrap();
    film(folder.path(), "front", front, 235);
    film(folder.path(), "back", back, 20);
    let config = pusher(&server.url("live", "terminal"))
        .replace("video-width = 320\nvideo-height = 180\n", "")
        .replace("max-bitrate = 300", "max-bitrate = 140")
        .replace("orientation = \"horizontal\"", shape);
    Terminal::start_in(folder, &config, &board(front, back), |_| {})
}

/// What is seen in a picture that was sent with the shape `aspect` (width over height): whether the corners are in their
/// places, and the disc's width and height in parts of the shorter side. `None`: a picture between two states.
#[derive(Debug, PartialEq)]
struct Seen {
    mirrored: bool,
    black: bool,
    across: f64,
    down: f64,
}

fn look(picture: &Picture, aspect: f64) -> Option<Seen> {
    let at = |x: f64, y: f64| picture.mean(x - 0.02..x + 0.02, y - 0.02..y + 0.02);
    let corners = [(0.08, 0.08), (0.92, 0.08), (0.08, 0.92), (0.92, 0.92)].map(|(x, y)| at(x, y));
    let are = |order: [usize; 4]| corners.iter().zip(order).all(|(seen, corner)| near(*seen, CORNERS[corner]));
    let mirrored = match (are([0, 1, 2, 3]), are([1, 0, 3, 2])) {
        (true, false) => false,
        (false, true) => true,
        _ => return None,
    };
    let middle = at(0.5, 0.5);
    let black = middle.iter().all(|value| *value < 60);
    let disc = |x: f64, y: f64| near(at(x, y), middle);
    let length =
        |inside: &dyn Fn(f64) -> bool| (0..200).filter(|n| inside((*n as f64 + 0.5) / 200.0)).count() as f64 / 200.0;
    // A little beside the middle lines, where colours meet.
    let (across, down) = (length(&|x| disc(x, 0.48)), length(&|y| disc(0.48, y)));
    let (wide, high) = (aspect.max(1.0), (1.0 / aspect).max(1.0));
    Some(Seen { mirrored, black, across: across * wide, down: down * high })
}

/// Everything seen in a recording while it had `size`, each once, in order.
fn seen(recorded: &Path, size: (u64, u64)) -> Vec<Seen> {
    let aspect = size.0 as f64 / size.1 as f64;
    let pictures = ffmpeg::pictures_of_size(recorded, size);
    assert!(!pictures.is_empty(), "nothing of {size:?} was sent");
    let mut seen: Vec<Seen> = pictures.iter().filter_map(|picture| look(picture, aspect)).collect();
    seen.dedup_by(|one, other| (one.mirrored, one.black) == (other.mirrored, other.black));
    seen
}

/// The disc is round and as large as it is in a crop of `zoom`.
fn assert_round(seen: &Seen, zoom: f64) {
    let wanted = DISC * zoom;
    assert!((seen.across - wanted).abs() < 0.07 && (seen.down - wanted).abs() < 0.07, "{seen:?} for {wanted}");
}

/// Lets some pictures be sent as they are now: each snapshot waits for one.
fn sent(terminal: &Terminal) {
    for _ in 0..5 {
        let answer = terminal.request("POST", "/v1/pusher/snapshot", r#"{"format": "jpeg"}"#);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn recorded(terminal: &Terminal, server: &Nginx) -> std::path::PathBuf {
    terminal.on_air_longer(300);
    terminal.push("stop");
    until(3.0, "nginx to see it leave", || server.departure());
    server.recorded("terminal")
}

#[test]
fn however_a_camera_is_mounted_its_picture_stands_upright_and_is_cut_never_stretched() {
    for (front, back) in [(90, 270), (180, 0)] {
        let server = Nginx::start();
        let terminal = terminal(&server, front, back, "orientation = \"horizontal\"");
        let mut events = terminal.events();
        events.wait("pusher", 1003, 5.0);
        terminal.on_air(300);
        sent(&terminal);
        terminal.patch(json!({"orientation": "vertical"}));
        events.wait("pusher", 1005, 1.0);
        sent(&terminal);
        terminal.push("switch-camera");
        events.wait("pusher", 1003, 3.0);
        sent(&terminal);
        terminal.patch(json!({"remote-mirror": true}));
        sent(&terminal);
        terminal.patch(json!({"aspect": "3:4"}));
        events.wait("pusher", 1005, 1.0);
        sent(&terminal);
        let recorded = recorded(&terminal, &server);
        let mut sizes = ffmpeg::sizes(&recorded);
        sizes.dedup();
        assert_eq!(sizes, [(426, 240), (240, 426), (240, 320)]);
        for (size, expected) in [
            ((426, 240), &[(false, false)][..]),
            ((240, 426), &[(false, false), (false, true), (true, true)]),
            ((240, 320), &[(true, true)]),
        ] {
            let seen = seen(&recorded, size);
            let what: Vec<(bool, bool)> = seen.iter().map(|seen| (seen.mirrored, seen.black)).collect();
            assert_eq!(what, expected, "mirrored and black, {size:?}, mounted {front} and {back}");
            // The part that is cut off makes the disc larger in what is left: 4:3 or 3:4 in the shape of `size`.
            for (seen, camera) in seen.iter().map(|seen| (seen, if seen.black { back } else { front })) {
                let scene = if camera.is_multiple_of(180) { SCENE } else { (SCENE.1, SCENE.0) };
                assert_round(seen, enlarged(scene, size));
            }
        }
        assert_eq!(ffmpeg::complaints(&recorded, 60), "");
        let count = |code: i64| events.codes("pusher").iter().filter(|other| **other == code).count();
        assert_eq!(count(1001), 1, "one connection: {}", events.story());
        assert_eq!(count(1003), 2, "no camera was opened again for a shape it does not have: {}", events.story());
    }
}

/// By how much the shorter side of what is seen shrinks when `scene` fills `size`.
fn enlarged(scene: (usize, usize), size: (u64, u64)) -> f64 {
    let (scene, size) = ((scene.0 as f64, scene.1 as f64), (size.0 as f64, size.1 as f64));
    let scale = (size.0 / scene.0).max(size.1 / scene.1);
    scale * scene.0.min(scene.1) / size.0.min(size.1)
}

#[test]
fn zoom_is_set_by_property_and_by_factor_and_told_with_what_does_it() {
    let server = Nginx::start();
    let terminal = terminal(&server, 0, 0, "orientation = \"vertical\"\naspect = \"3:4\"\nremote-mirror = true");
    terminal.on_air(300);
    sent(&terminal);
    let image = || terminal.status()["pusher"]["image"].clone();
    assert_eq!((&image()["zoom"], &image()["zoom-by"]), (&json!(1.0), &json!("")));
    terminal.patch(json!({"zoom": true}));
    assert_eq!((&image()["zoom"], &image()["zoom-by"]), (&json!(2.0), &json!("crop")));
    assert_eq!(terminal.ask("POST", "/v1/pusher/set-zoom", r#"{"zoom": 1.25}"#)["properties"]["zoom"], true);
    sent(&terminal);
    for bad in [r#"{"zoom": 0.9}"#, r#"{"zoom": 4.1}"#, r#"{"zoom": "2"}"#, r#"{"zom": 2}"#, "{}", ""] {
        let answer = terminal.request("POST", "/v1/pusher/set-zoom", bad);
        assert!((400..500).contains(&answer.status), "{bad}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    let ctl = |zoom: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_visavisctl"));
        command.arg("--socket").arg(terminal.socket()).args(["pusher", "set-zoom", zoom]).output().unwrap()
    };
    let refused = ctl("5");
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && words.contains("1.0 to 4.0"), "{words}");
    assert_eq!(image()["zoom"], 1.25, "what was refused changed nothing");
    let recorded = recorded(&terminal, &server);
    let pictures = ffmpeg::pictures_of_size(&recorded, (240, 320));
    let looks: Vec<Seen> = pictures.iter().filter_map(|picture| look(picture, 240.0 / 320.0)).collect();
    assert!(looks.iter().all(|seen| seen.mirrored), "mirrored from the first picture on");
    let plain = enlarged(SCENE, (240, 320));
    assert_round(looks.first().unwrap(), plain);
    assert_round(looks.last().unwrap(), plain * 1.25);
    let done = ctl("1");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "zoom = 1.0\n");
    assert_eq!(terminal.ask("GET", "/v1/pusher", "")["properties"]["zoom"], false);
}

/// Deviation of the green values of a picture's middle.
fn unevenness(picture: &Picture) -> f64 {
    let rows = (picture.height / 4..picture.height * 3 / 4).flat_map(|y| {
        let line = &picture.rgb[y * picture.width * 3..][..picture.width * 3];
        line.chunks(3).skip(picture.width / 4).take(picture.width / 2).map(|pixel| f64::from(pixel[1]))
    });
    let values: Vec<f64> = rows.collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

/// A front camera that sees noisy skin for 40 s.
fn skin(server: &Nginx) -> Terminal {
    const SIZE: usize = 160 * 90;
    let mut rng = fastrand::Rng::with_seed(31);
    let mut frame = || {
        let luma: Vec<u8> = (0..SIZE).map(|_| 140 + rng.u8(0..14)).collect();
        [luma, vec![110; SIZE / 4], vec![150; SIZE / 4]].concat()
    };
    let frames = [frame(), frame(), frame()].concat();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("front"), frames.repeat(40 * 15 / 3)).unwrap();
    let board = "name = \"skin\"\n[camera.front]\ndriver = \"pipe\"\npath = \"{folder}/front\"\nwidth = 160\n\
                 height = 90\nfps = 15\n";
    let config = pusher(&server.url("live", "terminal")).replace("= 320", "= 160").replace("= 180", "= 90");
    Terminal::start_in(folder, &config, board, |_| {})
}

#[test]
fn beauty_and_whiteness_show_in_what_is_sent_and_change_while_it_runs() {
    let server = Nginx::start();
    let terminal = skin(&server);
    terminal.on_air(300);
    let taken = |beauty: u32, whiteness: u32| {
        terminal.patch(json!({"beauty": beauty, "whiteness": whiteness}));
        sent(&terminal);
        let answer = terminal.request("POST", "/v1/pusher/snapshot", "");
        let file = terminal.folder().join("snapshot.png");
        std::fs::write(&file, &answer.body).unwrap();
        let picture = ffmpeg::image(&file);
        (unevenness(&picture), picture.mean(0.2..0.8, 0.2..0.8))
    };
    let (noise, colour) = taken(0, 0);
    let (calm, same) = taken(9, 0);
    assert!(calm < noise / 3.0, "{noise} becomes {calm}: {:#}", terminal.status()["pusher"]);
    assert!(near(colour, same));
    let (_, light) = taken(0, 9);
    assert!(light.iter().zip(colour).all(|(after, before)| *after > before + 15), "{colour:?} becomes {light:?}");
    assert_eq!(terminal.status()["pusher"]["image"]["whiteness"], 9);
}
