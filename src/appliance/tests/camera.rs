//! The life of the camera: lost, switched, asked for again; every asking has an answer, and no state outlasts it.

use super::*;

fn lost() -> DeviceNotice {
    DeviceNotice::Lost(DeviceError::new(Fault::Busy, "cam", "test"))
}

#[test]
fn a_failed_switch_keeps_the_old_camera() {
    let mut story = live();
    story.order(Command::Pusher(PusherCommand::SwitchCamera));
    assert_eq!(story.plan().camera, Some(Position::Back));
    assert_eq!(story.plan().picture, PictureSource::Camera, "the old one goes on meanwhile");
    let error = DeviceError::new(Fault::Busy, "back", "test");
    story.camera(Position::Back, DeviceNotice::Lost(error));
    assert_eq!((story.codes.last(), story.plan().camera), (Some(&-1301), Some(Position::Front)));
    story.order(Command::Pusher(PusherCommand::SwitchCamera));
    story.camera(Position::Back, DeviceNotice::FirstFrame);
    assert_eq!(story.status().camera_position, "back");
}

#[test]
fn a_lost_camera_is_replaced_by_the_card_and_the_session_goes_on() {
    let mut story = live();
    let session = story.session;
    story.camera(Position::Front, DeviceNotice::Lost(DeviceError::new(Fault::Gone, "cam", "pulled")));
    assert!(matches!(story.plan().picture, PictureSource::Card(_)));
    story.camera(Position::Front, DeviceNotice::FirstFrame);
    assert_eq!((&story.plan().picture, story.session), (&PictureSource::Camera, session));
}

#[test]
fn every_asking_for_a_camera_has_a_number_of_its_own_and_going_back_has_the_old_one() {
    let mut story = live();
    let front = story.plan().asked;
    let mut seen = vec![front];
    for _ in 0..3 {
        story.order(Command::Pusher(PusherCommand::SwitchCamera));
        assert!(!seen.contains(&story.plan().asked), "{seen:?}");
        seen.push(story.plan().asked);
        story.camera(Position::Back, lost());
        assert_eq!((story.plan().camera, story.plan().asked), (Some(Position::Front), front));
    }
    story.order(Command::Pusher(PusherCommand::SwitchCamera));
    story.order(Command::Pusher(PusherCommand::SwitchCamera));
    assert_eq!((story.plan().camera, story.plan().asked), (Some(Position::Front), front), "it still delivers");
    story.order(Command::Standby { on: true });
    story.order(Command::Standby { on: false });
    assert!(story.plan().asked > *seen.last().unwrap(), "it was closed and is asked for again");
}

#[test]
fn an_answer_to_what_was_asked_before_is_no_answer() {
    let mut story = live();
    let (position, before) = (Position::Front, story.plan().asked);
    story.order(Command::Standby { on: true });
    story.order(Command::Standby { on: false });
    story.codes.clear();
    for news in [lost(), DeviceNotice::FirstFrame, DeviceNotice::Closed] {
        story.input(Input::Notice(Notice::Camera { position, asked: before, news }));
        assert_eq!(story.status().camera.state, DeviceState::Opening);
    }
    assert!(story.codes.is_empty(), "{:?}", story.codes);
    story.camera(position, DeviceNotice::FirstFrame);
    assert_eq!((story.status().camera.state, story.codes), (DeviceState::Running, vec![1003, 1007]));
}

#[test]
fn a_switch_away_from_a_camera_that_is_lost_during_it_ends_when_the_first_one_is_asked_for_again() {
    for (news, state) in [(DeviceNotice::FirstFrame, DeviceState::Running), (lost(), DeviceState::Lost)] {
        let mut story = live();
        story.order(Command::Pusher(PusherCommand::SwitchCamera));
        story.camera(Position::Front, lost());
        story.order(Command::Pusher(PusherCommand::SwitchCamera));
        story.camera(Position::Front, news);
        assert_eq!((story.status().camera.state, story.status().camera_position.as_str()), (state, "front"));
        assert_eq!(story.plan().camera, Some(Position::Front));
    }
}
