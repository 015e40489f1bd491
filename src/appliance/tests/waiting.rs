//! The waiting image: what its worker is told, and what is said of what comes back.

use super::*;
use crate::api::plan::WaitingImage;
use crate::api::status::{PushStats, WaitingFrom, WaitingImageStatus};

impl Story {
    fn image_news(&mut self, from: WaitingFrom, place: &str, problem: &str) {
        let news = WaitingImageStatus { from, place: place.into(), problem: problem.into(), ..Default::default() };
        self.input(Input::Notice(Notice::WaitingImage(news)));
    }

    /// A second of pictures of this size.
    fn second(&mut self, video_width: u32, video_height: u32) {
        let stats = PushStats { video_width, video_height, ..PushStats::default() };
        self.input(Input::Notice(Notice::PushStats(stats)));
    }

    fn resized(&self) -> Vec<String> {
        let all = self.told.iter().filter(|it| it.code.number == 1005);
        all.map(|it| format!("{}x{}", it.detail["width"], it.detail["height"])).collect()
    }
}

#[test]
fn the_image_is_got_ready_before_anything_is_sent_and_changed_on_air() {
    let mut wish = settings();
    let pusher = wish.pusher.as_mut().unwrap();
    pusher.waiting_image = Some("/a.png".into());
    let mut story = Story::new(wish);
    let image =
        |place: &str, md5: Option<&str>| Some(WaitingImage { place: place.into(), md5: md5.map(str::to_owned) });
    assert_eq!((story.plan().active, &story.plan().waiting), (false, &image("/a.png", None)));
    let md5 = "0123456789abcdef0123456789abcdef";
    let change = json!({"waiting-image": "/b.png", "waiting-image-hash": md5});
    story.order(Command::Pusher(PusherCommand::Patch(change.as_object().unwrap().clone())));
    assert_eq!(story.plan().waiting, image("/b.png", Some(md5)));
    story.order(Command::Pusher(PusherCommand::Patch(
        json!({"waiting-image": null, "waiting-image-hash": null}).as_object().unwrap().clone(),
    )));
    assert_eq!(story.plan().waiting, None);
}

#[test]
fn the_log_says_once_what_is_sent_and_why_it_is_not_the_configured_one() {
    let mut story = live();
    story.image_news(WaitingFrom::BuiltIn, "", "/a.png: there is no such file");
    story.image_news(WaitingFrom::BuiltIn, "", "/a.png: there is no such file");
    story.image_news(WaitingFrom::File, "/a.png", "");
    story.image_news(WaitingFrom::File, "/a.png", "");
    story.image_news(WaitingFrom::File, "/a.png", "/b.png: its MD5 is 1, expected 2");
    assert_eq!(
        story.notes,
        [
            "waiting image /a.png: there is no such file; the built-in card is sent instead",
            "waiting image: /a.png (0x0, from file) is sent when there is no picture of the camera",
            "waiting image /b.png: its MD5 is 1, expected 2; /a.png (0x0, from file) is sent instead",
        ]
    );
    assert_eq!(story.status().waiting_image.from, WaitingFrom::File);
}

#[test]
fn a_card_in_a_size_of_its_own_is_told_and_so_is_the_cameras_size_after_it() {
    let mut story = live();
    for _ in 0..3 {
        story.second(1280, 720);
    }
    story.order(Command::Standby { on: true });
    // The second in which the order came may still be the camera's.
    for (width, height) in [(1280, 720), (320, 180), (320, 180), (320, 180)] {
        story.second(width, height);
    }
    assert_eq!(story.resized(), ["320x180"]);
    story.order(Command::Standby { on: false });
    for (width, height) in [(320, 180), (1280, 720), (1280, 720), (1280, 720)] {
        story.second(width, height);
    }
    assert_eq!(story.resized(), ["320x180", "1280x720"]);
    story.order(Command::Standby { on: true });
    for _ in 0..3 {
        story.second(1280, 720);
    }
    assert_eq!(story.resized().len(), 2, "a card of the camera's size is no news");
}
