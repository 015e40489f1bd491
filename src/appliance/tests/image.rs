//! Zoom, focus, beauty and whiteness: what is asked for, what comes of it, and what is said.

use super::*;
use crate::api::notice::Optics;
use crate::api::plan::Looks;
use crate::api::status::{ImageStatus, Unsupported};

impl Story {
    fn image(&self) -> ImageStatus {
        self.appliance.status(self.now).pusher.unwrap().image
    }

    fn unsupported(&self) -> Vec<Unsupported> {
        let all = self.appliance.status(self.now).pusher.unwrap().unsupported;
        all.into_iter().filter(|it| ["auto-focus", "beauty", "whiteness"].contains(&&*it.property)).collect()
    }

    fn patch(&mut self, change: serde_json::Value) {
        self.order(Command::Pusher(PusherCommand::Patch(change.as_object().unwrap().clone())));
        assert_eq!(self.replies.last(), Some(&Reply::Done), "{change}");
    }

    fn zoom(&mut self, zoom: f64) -> Reply {
        self.order(Command::Pusher(PusherCommand::SetZoom(zoom)));
        self.replies.last().cloned().unwrap()
    }

    fn optics(&mut self, position: Position, zoom: Option<f32>, auto_focus: Option<bool>) {
        self.input(Input::Notice(Notice::Optics(position, Optics { zoom, auto_focus })));
    }

    fn looks(&mut self, wanted: (u32, u32), in_effect: (u32, u32)) {
        let looks = |(beauty, whiteness)| Looks { beauty, whiteness };
        self.input(Input::Notice(Notice::Looks { wanted: looks(wanted), in_effect: looks(in_effect) }));
    }
}

/// A terminal whose front camera delivers.
fn running() -> Story {
    let mut story = Story::new(settings());
    story.order(Command::Pusher(PusherCommand::Start));
    story.camera(Position::Front, DeviceNotice::Opened { words: "x".into() });
    story.camera(Position::Front, DeviceNotice::FirstFrame);
    story
}

#[test]
fn set_zoom_and_the_property_take_each_others_place_and_bad_factors_change_nothing() {
    let mut story = running();
    let zoom = |story: &Story| (story.plan.as_ref().unwrap().zoom, story.appliance.pusher_settings().unwrap().zoom);
    assert_eq!(zoom(&story), (1.0, false));
    for (factor, property) in [(2.5, true), (4.0, true), (1.0, false), (3.0, true)] {
        assert_eq!(story.zoom(factor), Reply::Done);
        assert_eq!(zoom(&story), (factor as f32, property));
        assert_eq!(story.image().zoom, factor);
    }
    for bad in [0.0, 0.99, 4.01, -2.0, f64::NAN, f64::INFINITY] {
        let Reply::Refused(refusal) = story.zoom(bad) else { panic!("{bad} was taken") };
        assert_eq!((refusal.kind, &*refusal.field), ("invalid-body", "zoom"));
        assert!(refusal.words.contains("1.0 to 4.0"), "{}", refusal.words);
        assert_eq!(zoom(&story), (3.0, true));
    }
    story.patch(json!({"muted": true}));
    assert_eq!(zoom(&story).0, 3.0, "another property leaves it alone");
    story.patch(json!({"zoom": true}));
    assert_eq!(zoom(&story).0, 3.0, "so does the value it has");
    story.patch(json!({"zoom": false}));
    assert_eq!(zoom(&story), (1.0, false));
    story.patch(json!({"zoom": true}));
    assert_eq!(zoom(&story), (2.0, true));
}

#[test]
fn the_status_tells_lens_from_crop_and_what_the_focus_does() {
    let mut story = running();
    let by = |story: &Story| (story.image().zoom_by, story.image().focus);
    story.optics(Position::Front, None, None);
    story.zoom(2.0);
    assert_eq!(by(&story), ("crop".into(), "fixed".into()));
    assert_eq!(story.unsupported()[0].property, "auto-focus");
    story.optics(Position::Front, Some(2.0), Some(true));
    assert_eq!(by(&story), ("lens".into(), "continuous".into()));
    assert_eq!(story.unsupported(), []);
    story.zoom(4.0);
    assert_eq!(by(&story).0, "lens and crop");
    story.patch(json!({"auto-focus": false}));
    assert!(!story.plan.as_ref().unwrap().auto_focus);
    story.optics(Position::Front, Some(2.0), Some(false));
    assert_eq!(by(&story).1, "locked");
    // The other camera has no lens: its own words count once it delivers.
    story.order(Command::Pusher(PusherCommand::SwitchCamera));
    story.camera(Position::Back, DeviceNotice::Opened { words: "y".into() });
    story.optics(Position::Back, None, None);
    assert_eq!(by(&story).0, "lens and crop");
    story.camera(Position::Back, DeviceNotice::FirstFrame);
    assert_eq!(by(&story), ("crop".into(), "fixed".into()));
    story.order(Command::Pusher(PusherCommand::Stop));
    story.camera(Position::Back, DeviceNotice::Closed);
    assert_eq!((story.image().focus, story.unsupported()), (String::new(), vec![]), "a closed camera says nothing");
}

#[test]
fn beauty_the_processor_can_not_afford_is_told_with_what_is_in_effect() {
    let mut story = running();
    let levels = |story: &Story| (story.image().beauty, story.image().whiteness);
    story.optics(Position::Front, None, Some(true));
    story.patch(json!({"beauty": 9, "whiteness": 3}));
    assert_eq!(story.plan.as_ref().unwrap().looks, Looks { beauty: 9, whiteness: 3 });
    assert_eq!((levels(&story), story.unsupported()), ((9, 3), vec![]));
    story.looks((9, 3), (9, 3));
    assert!(story.notes.is_empty(), "what is as it should be is not told: {:?}", story.notes);
    story.looks((9, 3), (4, 3));
    assert_eq!(levels(&story), (4, 3));
    assert_eq!(story.unsupported()[0].reason, "9 is wanted, 4 in effect: the processor is too slow");
    story.looks((9, 3), (0, 0));
    assert_eq!((levels(&story), story.unsupported().len(), story.notes.len()), ((0, 0), 2, 2));
    story.looks((9, 3), (9, 3));
    assert_eq!((levels(&story), story.unsupported()), ((9, 3), vec![]));
    assert!(story.notes[2].contains("in effect again"), "{:?}", story.notes);
    // A new wish is believed until its answer comes.
    story.looks((9, 3), (4, 3));
    story.patch(json!({"beauty": 2}));
    assert_eq!((levels(&story), story.unsupported()), ((2, 3), vec![]));
    story.patch(json!({"beauty": null, "whiteness": 0}));
    story.looks((0, 0), (0, 0));
    assert_eq!((levels(&story), story.notes.len()), ((0, 0), 4));
}
