//! Encoders that fail, in a call through a real server.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use support::nginx::Nginx;
use support::rig::{Rig, caller};
use visavis::api::notice::Notice;
use visavis::api::plan::PlayPlan;
use visavis::device::synthetic::Faulty;
use visavis::device::{
    DeviceError, Fault, SoundEncoder, VideoEncoder, VideoEncoderDriver, sound_encoder, video_encoders,
};

const CALL: PlayPlan = PlayPlan { active: true, ..PlayPlan::IDLE };

fn broken() -> DeviceError {
    DeviceError::new(Fault::Failed, "chip", "it does not answer")
}

/// An encoder called `chip` each of which fails from its `calls`th picture on, and how many were built.
fn chip(calls: u64) -> (VideoEncoderDriver, Arc<AtomicU64>) {
    let built = Arc::new(AtomicU64::new(0));
    let (count, real) = (built.clone(), video_encoders().remove(0));
    let build = move |encoding| -> Result<Box<dyn VideoEncoder>, DeviceError> {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Faulty::<dyn VideoEncoder>::new((real.build)(encoding)?, calls..u64::MAX, broken())))
    };
    (VideoEncoderDriver { name: "chip", hardware: true, build: Box::new(build) }, built)
}

fn failures(rig: &Rig) -> usize {
    rig.others.iter().filter(|notice| matches!(notice, Notice::VideoEncoder(_))).count()
}

#[test]
fn hardware_that_fails_again_and_again_gives_way_to_software_and_the_call_goes_on() {
    let server = Nginx::start();
    let url = server.url("live", "chip");
    let mut rig = Rig::start(CALL);
    let (chip, built) = chip(20);
    let _pusher = caller(&rig, &url, |devices| devices.video_encoders.insert(0, chip));
    rig.player.connect(1, url);
    rig.until("the first failure", |rig| failures(rig) > 0);
    let switched = |notice: &Notice| {
        matches!(notice, Notice::VideoEncoderSwitched { from: "chip", to: "openh264", hardware: true })
    };
    rig.until("the switch", |rig| rig.others.iter().any(switched));
    assert_eq!(built.load(Ordering::Relaxed), 3, "three chances");
    let shown = rig.shown();
    rig.until("pictures in software", |rig| rig.shown() > shown + 30);
    assert_eq!(failures(&rig), 3);
}

#[test]
fn an_encoder_of_sound_that_fails_is_built_again_and_the_track_goes_on() {
    let server = Nginx::start();
    let url = server.url("live", "sound");
    let mut rig = Rig::start(CALL);
    let built = Arc::new(AtomicU64::new(0));
    let count = built.clone();
    let _pusher = caller(&rig, &url, |devices| {
        devices.sound_encoder = Arc::new(move |format, kbps| -> Result<Box<dyn SoundEncoder>, DeviceError> {
            let failing = if count.fetch_add(1, Ordering::Relaxed) == 0 { 50..u64::MAX } else { 0..0 };
            Ok(Box::new(Faulty::<dyn SoundEncoder>::new(sound_encoder(format, kbps)?, failing, broken())))
        });
    });
    rig.player.connect(1, url);
    rig.until("the failure", |rig| rig.others.iter().any(|notice| matches!(notice, Notice::SoundEncoder(_))));
    let heard = rig.meter.readings().sound.count;
    rig.until("three more beeps", |rig| rig.meter.readings().sound.count >= heard + 3);
    assert_eq!(built.load(Ordering::Relaxed), 2);
    let missing = rig.stats.iter().map(|stats| stats.sound_missing_ms).max().unwrap_or_default();
    assert!(missing < 400, "{missing} ms of sound were missing");
}

#[test]
fn where_no_picture_can_be_encoded_the_sound_is_sent_alone() {
    let server = Nginx::start();
    let url = server.url("live", "blind");
    let mut rig = Rig::start(CALL);
    let (chip, _) = chip(0);
    let _pusher = caller(&rig, &url, |devices| devices.video_encoders = vec![chip]);
    rig.player.connect(1, url);
    rig.until("sound", |rig| rig.meter.readings().sound.count >= 2);
    assert!(failures(&rig) > 0 && rig.shown() == 0);
}
