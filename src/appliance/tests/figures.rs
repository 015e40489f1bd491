//! What `debug` tells on the local screen, as stories.

use super::*;
use crate::api::figures::Figures;
use crate::api::status::PlayStats;

fn debug(story: &mut Story, pusher: bool, player: bool) {
    let patch = |on: bool| json!({ "debug": on }).as_object().unwrap().clone();
    story.order(Command::Pusher(PusherCommand::Patch(patch(pusher))));
    story.order(Command::Player("agent".into(), PlayerCommand::Patch(patch(player))));
}

/// The way up, then the player.
fn figures(story: &Story) -> Vec<Figures> {
    story.screen_plan.figures.clone()
}

fn second(story: &mut Story) {
    story.now += Span::secs(1);
    story.input(Input::Notice(Notice::Load { cpu: Some(23.4), temperature: None }));
}

#[test]
fn each_way_has_a_panel_as_long_as_its_debug_is_on() {
    let mut story = Story::new(settings());
    assert_eq!(figures(&story), []);
    for (pusher, player) in [(true, false), (true, true), (false, true), (false, false)] {
        debug(&mut story, pusher, player);
        let expected = [(pusher, None), (player, Some(0))];
        let told: Vec<Option<usize>> = figures(&story).iter().map(|it| it.player).collect();
        assert_eq!(told, expected.into_iter().filter_map(|(on, whose)| on.then_some(whose)).collect::<Vec<_>>());
    }
}

#[test]
fn figures_are_read_once_a_second_in_the_order_a_technician_knows() {
    let mut story = Story::new(settings());
    debug(&mut story, false, true);
    let before = figures(&story);
    let stats = PlayStats { video_width: 640, video_height: 360, net_speed: 512, video_gop: 2.0, ..Default::default() };
    story.input(Input::Notice(Notice::PlayStats { player: 0, stats }));
    assert_eq!(figures(&story), before, "not before the second is over");
    second(&mut story);
    let [told] = &figures(&story)[..] else { panic!("one panel") };
    let head: Vec<(&str, &str, &str)> =
        told.net.iter().map(|it| (it.name, it.value.as_str(), it.unit)).take(6).collect();
    let expected = [
        ("cpu", "23", "%"),
        ("videoSize", "640×360", ""),
        ("netSpeed", "512", "kbit/s"),
        ("netJitter", "0", "ms"),
        ("videoFPS", "0", ""),
        ("videoGOP", "2.0", "s"),
    ];
    assert_eq!(head, expected);
    assert_eq!(told.latency.last().map(|it| (it.name, it.value.as_str())), Some(("endToEnd", "–")), "it is not known");
}

#[test]
fn the_last_events_of_each_object_are_told_with_their_age_and_none_of_another() {
    let mut story = Story::new(settings());
    debug(&mut story, true, true);
    story.order(Command::Player("agent".into(), PlayerCommand::Play));
    let session = story.play_session;
    let news = |story: &mut Story, news| story.input(Input::Notice(Notice::Play { player: 0, session, news }));
    for told in [PlayNews::Connected, PlayNews::StreamBegin, PlayNews::FirstIdr, PlayNews::PlayBegin] {
        news(&mut story, told);
    }
    story.now += Span::secs(62);
    news(&mut story, PlayNews::Loading(true));
    second(&mut story);
    let [up, down] = &figures(&story)[..] else { panic!("two panels") };
    let recent: Vec<(&str, i32)> = down.events.iter().map(|it| (it.age.as_str(), it.code)).collect();
    assert_eq!(recent, [("1 s", 2007), ("1 min", 2004), ("1 min", 2003), ("1 min", 2002)], "the newest first");
    assert!(up.events.is_empty(), "{up:?}");
}
