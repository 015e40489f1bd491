//! Where a panel's ink falls.

use super::*;
use crate::api::figures::Recent;

fn figures(value: &str) -> Figures {
    let figure = |name, unit| Figure { name, value: value.into(), unit };
    let net = ["cpu", "videoSize", "netSpeed", "netJitter", "videoFPS", "videoGOP", "audioBitrate", "jitterBufferMs"];
    let event = |code, name| Recent { age: "12 min".into(), code, name };
    Figures {
        player: Some(0),
        title: "agent · live".into(),
        server: "rtmp://198.51.100.7/live/agent".into(),
        net: net.map(|name| figure(name, if name.ends_with("rate") { "kbit/s" } else { "" })).to_vec(),
        latency: ["net", "buffer", "decode", "present", "endToEnd"].map(|name| figure(name, "")).to_vec(),
        events: vec![event(-2301, "PLAY_ERR_NET_DISCONNECT"), event(2107, "PLAY_WARNING_VIDEO_DISCONTINUITY")],
    }
}

fn drawn(value: &str, area: Rect, px: u32) -> Option<Overlay> {
    draw_panel(&mut Pens::default(), &figures(value), area, px)
}

const fn whole(width: u32, height: u32) -> Rect {
    Rect { x: 0, y: 0, width, height }
}

/// The samples that are lighter than the pane, as (column, line).
fn ink(panel: &Overlay) -> impl Iterator<Item = (u32, u32)> {
    let width = panel.rect.width;
    let lit = panel.light.iter().enumerate().filter(|(_, light)| **light > 60);
    lit.map(move |(place, _)| (place as u32 % width, place as u32 / width))
}

#[test]
fn a_panel_lies_inside_its_area_with_all_its_ink_inside_it() {
    for (area, px) in [
        (whole(640, 360), 11),
        (Rect { x: 320, y: 0, width: 320, height: 360 }, 11),
        (whole(1280, 720), 17),
        (whole(1920, 1080), 23),
        (Rect { x: 960, y: 540, width: 960, height: 540 }, 23),
        (Rect { x: 320, y: 180, width: 320, height: 180 }, 11),
        (whole(360, 640), 11),
    ] {
        let panel = drawn("1200", area, px).unwrap();
        let rect = panel.rect;
        assert!([rect.x, rect.y, rect.width, rect.height].iter().all(|number| number % 2 == 0), "{rect:?}");
        assert!(rect.x > area.x && rect.x + rect.width < area.x + area.width, "{rect:?} in {area:?}");
        assert!(rect.y > area.y && rect.y + rect.height < area.y + area.height, "{rect:?} in {area:?}");
        assert_eq!(panel.cover.len(), rect.width as usize * rect.height as usize);
        let border = px / 4;
        let inside = |(x, y)| x >= border && x < rect.width - border && y >= border && y < rect.height - border;
        assert!(ink(&panel).count() > 1000 && ink(&panel).all(inside), "{rect:?}");
        assert!(panel.cover.iter().zip(&panel.light).all(|(cover, light)| light <= cover && *cover >= PANE.0));
    }
}

#[test]
fn nothing_jumps_when_the_figures_change() {
    let (few, many) = (drawn("7", whole(640, 360), 11).unwrap(), drawn("19800", whole(640, 360), 11).unwrap());
    assert_eq!(few.rect, many.rect);
    // The last digit of every number, and everything that is no number, is where it was.
    let same = few.light.iter().zip(&many.light).filter(|(few, many)| few == many).count();
    let (one, five) = (ink(&few).count(), ink(&many).count());
    assert!(five > one && same > few.light.len() * 9 / 10, "{same} of {}", few.light.len());
    let columns = |panel: &Overlay| ink(panel).map(|(x, _)| x).max();
    assert_eq!(columns(&few), columns(&many));
}

#[test]
fn letters_are_as_large_as_the_room_allows_and_what_has_none_is_left_out_from_below() {
    let tall = |area| drawn("12", area, 23).unwrap().rect;
    assert!(tall(whole(1920, 1080)).width > tall(whole(640, 1080)).width, "smaller letters in a narrow area");
    let (full, cell) = (tall(whole(640, 360)), tall(whole(320, 120)));
    assert!(cell.width <= full.width && cell.height < 120);
    for (width, height) in [(0, 0), (2, 2), (60, 300), (300, 10)] {
        assert_eq!(drawn("12", whole(width, height), 11), None);
    }
}

#[test]
fn a_panel_at_640x360_leaves_half_of_the_picture_free_and_its_letters_can_be_read() {
    let panel = drawn("1200", whole(640, 360), 11).unwrap();
    assert!(panel.rect.width <= 340 && panel.rect.height <= 300, "{:?}", panel.rect);
    let half = drawn("1200", whole(320, 360), 11).unwrap();
    // Ten pixels an em are the least that is comfortable.
    let lines: std::collections::BTreeSet<u32> = ink(&half).map(|(_, y)| y).collect();
    assert!(lines.len() > 90, "{}", lines.len());
}

#[test]
fn letters_of_a_size_are_rasterised_once() {
    let mut pens = Pens::default();
    for _ in 0..3 {
        draw_panel(&mut pens, &figures("12"), whole(640, 360), 11);
        draw_panel(&mut pens, &figures("13"), whole(1280, 720), 17);
    }
    let sizes: Vec<u32> = pens.pens.iter().map(Letters::px).collect();
    assert!(sizes.contains(&11) && sizes.contains(&17) && sizes.len() <= KEPT, "{sizes:?}");
    for px in 9..60 {
        draw_panel(&mut pens, &figures("12"), whole(4000, 4000), px);
    }
    assert_eq!(pens.pens.len(), KEPT);
}
