//! From one camera to the other on air: how soon, and with what between.
//!
//! `VISAVIS_SWITCHES=20` measures that many and prints each.

mod support;

use serde_json::json;
use support::ffmpeg;
use support::nginx::Nginx;
use support::picture::Picture;
use support::terminal::{Terminal, VIRTUAL, pusher};
use support::wait::until;
use visavis::device::clock;
use visavis::device::synthetic::read_mark;
use visavis::media::{PictureView, Size, Span, Time};

const SIZE: Size = Size::new(320, 180);

/// When each picture of a recording was captured, and by which of the two test cards.
fn captured(recorded: &std::path::Path) -> Vec<(Time, u32)> {
    let planes = ffmpeg::planes(recorded);
    let picture = |bytes: &[u8]| {
        let mark = read_mark(&PictureView::new(SIZE, SIZE.width as usize, bytes)?)?;
        let card = Picture::from_i420(SIZE.width as usize, SIZE.height as usize, bytes).card()?;
        Some((mark.captured, card))
    };
    planes.chunks_exact(SIZE.i420_len()).filter_map(picture).collect()
}

fn recorded(terminal: &Terminal, server: &Nginx) -> std::path::PathBuf {
    terminal.push("stop");
    until(3.0, "nginx to see it leave", || server.departure());
    server.recorded("terminal")
}

#[test]
fn a_switch_shows_the_other_camera_within_half_a_second_and_leaves_sound_and_connection_alone() {
    let count: u32 = std::env::var("VISAVIS_SWITCHES").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let server = Nginx::start();
    let terminal = Terminal::start(&pusher(&server.url("live", "terminal")), VIRTUAL);
    let events = terminal.events();
    terminal.on_air(1500);
    let mut orders = Vec::new();
    for _ in 0..count {
        orders.push(clock::now());
        terminal.push("switch-camera");
        terminal.on_air_longer(600);
    }
    let recorded = recorded(&terminal, &server);
    let pictures = captured(&recorded);
    let mut figures = Vec::new();
    for (number, order) in orders.iter().enumerate() {
        let card = 2 - number as u32 % 2;
        let first = pictures.iter().position(|(at, seen)| at >= order && *seen == card);
        let first = first.unwrap_or_else(|| panic!("card {card} is not seen after switch {number}"));
        let (at, (last, before)) = (pictures[first].0, pictures[first - 1]);
        assert_eq!(before, 3 - card, "nothing but the other camera comes before");
        figures.push((at - *order, at - last));
    }
    assert!(figures.iter().all(|(took, _)| *took < Span::millis(500)), "first pictures and gaps: {figures:?}");
    // Two periods; one switch may fall into a moment in which the network or the machine takes no picture.
    let long = figures.iter().filter(|(_, gap)| *gap > Span::millis(150)).count();
    assert!(long <= figures.len() / 4, "first pictures and gaps: {figures:?}");
    let sound = ffmpeg::packets(&recorded, "a");
    let hole = sound.windows(2).map(|pair| pair[1].dts - pair[0].dts).fold(0.0, f64::max);
    assert!(hole < 0.3, "a step of {hole} s in the sound");
    assert_eq!(ffmpeg::complaints(&recorded, 60), "");
    assert_eq!(events.codes("pusher").iter().filter(|code| **code == 1001).count(), 1, "{}", events.story());
    figures.sort();
    let at = |part: usize| figures[(figures.len() - 1) * part / 100].0;
    figures.iter().for_each(|(took, gap)| println!("first picture after {took}, {gap} after the last of the other"));
    println!("{count} switches: median {}, most {}", at(50), at(100));
}

#[test]
fn a_camera_that_can_not_be_had_leaves_the_old_one_on_air() {
    let server = Nginx::start();
    let missing = "[camera.back]\ndriver = \"pipe\"\npath = \"{folder}/none\"\nwidth = 320\nheight = 180\nfps = 15";
    let board = VIRTUAL.replace("[camera.back]\ndriver = \"test-card\"\nvariant = 2", missing);
    let terminal = Terminal::start(&pusher(&server.url("live", "terminal")), &board);
    let mut events = terminal.events();
    terminal.on_air(700);
    let mut orders = Vec::new();
    for _ in 0..2 {
        orders.push(clock::now());
        terminal.push("switch-camera");
        let failed = events.wait("pusher", -1301, 2.0);
        assert_eq!(failed.detail["kept"], "front", "{failed:?}");
        let status = terminal.on_air_longer(500);
        assert_eq!(status["pusher"]["camera-position"], "front");
        assert_eq!(status["pusher"]["camera"]["state"], "running");
        assert!(status["pusher"]["camera"]["words"].as_str().is_some_and(|words| words.contains("test card")));
    }
    assert_eq!(terminal.patch(json!({"muted": true}))["properties"]["device-position"], "front");
    let recorded = recorded(&terminal, &server);
    let pictures = captured(&recorded);
    assert!(pictures.len() > 15 && pictures.iter().all(|(_, card)| *card == 1));
    for order in orders {
        let next = pictures.iter().position(|(at, _)| *at >= order).expect("pictures after each order");
        let step = pictures[next].0 - pictures[next - 1].0;
        assert!(step < Span::millis(500), "the picture stood still for {step}");
    }
}
