//! Decoders of pictures that fail, or that give their pictures out later, in a call through a real server.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use support::nginx::Nginx;
use support::rig::{Rig, caller};
use visavis::api::notice::PlayNews;
use visavis::api::plan::PlayPlan;
use visavis::device::synthetic::Faulty;
use visavis::device::{
    DeviceError, Fault, PictureSink, VideoDecoder, VideoDecoderDriver, VideoDecoding, Wake, clock, video_decoders,
};
use visavis::media::{PictureView, Size, Span};

const CALL: PlayPlan = PlayPlan { active: true, ..PlayPlan::IDLE };

fn broken(fault: Fault) -> DeviceError {
    DeviceError::new(fault, "chip", "it does not answer")
}

fn driver(
    name: &'static str,
    build: impl Fn(Box<dyn VideoDecoder>) -> Result<Box<dyn VideoDecoder>, DeviceError> + Send + 'static,
) -> VideoDecoderDriver {
    let real = video_decoders().remove(0);
    let build = move |decoding: VideoDecoding| build((real.build)(decoding)?);
    VideoDecoderDriver { name, hardware: true, build: Box::new(build) }
}

/// The decoder `chip` in front of those of the machine.
fn before_software(chip: VideoDecoderDriver) -> Vec<VideoDecoderDriver> {
    let mut all = video_decoders();
    all.insert(0, chip);
    all
}

/// The names of the decoders that were told, in their order: those that began, and those that took over.
fn told(rig: &Rig) -> Vec<&'static str> {
    let name = |news: &PlayNews| match news {
        PlayNews::DecoderStarted(name) => Some(*name),
        PlayNews::DecoderSwitched { from: "chip", to, reason } if reason.contains("chip") => Some(*to),
        PlayNews::VideoDecodeFailed(_) | PlayNews::DecoderSwitched { .. } => Some("unexpected"),
        _ => None,
    };
    rig.news.iter().filter_map(name).collect()
}

#[test]
fn hardware_that_can_not_be_opened_gives_way_to_software_with_the_same_picture() {
    let server = Nginx::start();
    let url = server.url("live", "absent");
    let chip = driver("chip", |_| Err(broken(Fault::Missing)));
    let mut rig = Rig::decoding_with(before_software(chip), CALL);
    let _pusher = caller(&rig, &url, |_| {});
    rig.player.connect(1, url);
    rig.until("pictures", |rig| rig.shown() > 20);
    assert_eq!(told(&rig), ["openh264", "openh264"], "{:?}", rig.news);
    let first = |wanted: fn(&PlayNews) -> bool| rig.news.iter().position(wanted);
    let switched = first(|news| matches!(news, PlayNews::DecoderSwitched { .. }));
    assert!(switched < first(|news| matches!(news, PlayNews::DecoderStarted(_))), "{:?}", rig.news);
}

#[test]
fn hardware_that_fails_in_mid_stream_gives_way_and_no_picture_is_lost() {
    let server = Nginx::start();
    let url = server.url("live", "failing");
    // The 40th unit is in the middle of a GOP of two seconds at 30 a second.
    let chip =
        driver("chip", |real| Ok(Box::new(Faulty::<dyn VideoDecoder>::new(real, 40..u64::MAX, broken(Fault::Gone)))));
    let mut rig = Rig::decoding_with(before_software(chip), CALL);
    let _pusher = caller(&rig, &url, |_| {});
    rig.player.connect(1, url);
    rig.until("the switch", |rig| told(rig).len() > 1);
    let before = rig.meter.readings().missing;
    let shown = rig.shown();
    rig.until("pictures in software", |rig| rig.shown() > shown + 15);
    assert_eq!(told(&rig), ["chip", "openh264"]);
    let missing = rig.meter.readings().missing - before;
    println!("{missing} pictures are missing behind the switch");
    assert!(missing <= 2, "the GOP was kept: {missing} pictures are missing");
}

#[test]
fn hardware_that_can_not_read_the_stream_gives_way_with_its_second_idr() {
    let server = Nginx::start();
    let url = server.url("live", "unable");
    let fed = Arc::new(AtomicU64::new(0));
    let count = fed.clone();
    let chip = driver("chip", move |real| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Faulty::<dyn VideoDecoder>::new(real, 1..u64::MAX, broken(Fault::Damaged))))
    });
    let mut rig = Rig::decoding_with(before_software(chip), CALL);
    let _pusher = caller(&rig, &url, |_| {});
    rig.player.connect(1, url);
    rig.until("pictures", |rig| rig.shown() > 15);
    assert_eq!(told(&rig), ["chip", "unexpected", "openh264"], "2101 once, then 2106: {:?}", rig.news);
    assert_eq!(fed.load(Ordering::Relaxed), 1);
}

/// Takes units in, and gives their pictures out 15 ms later: how decoders of chips work.
struct Late {
    inner: Box<dyn VideoDecoder>,
    ready: Vec<(Size, Vec<u8>, Span)>,
}

impl VideoDecoder for Late {
    fn decode(&mut self, annex_b: &[u8], pts: Span, _: PictureSink<'_>) -> Result<(), DeviceError> {
        let ready = &mut self.ready;
        self.inner.decode(annex_b, pts, &mut |view, pts| {
            let mut bytes = vec![0; view.size.i420_len()];
            view.pack_into(&mut bytes);
            ready.push((view.size, bytes, pts));
        })
    }
    fn wait(&mut self, wake: &Wake, sink: PictureSink<'_>) -> Result<(), DeviceError> {
        let deadline = (!self.ready.is_empty()).then(|| clock::now() + Span::millis(15));
        wake.wait(deadline);
        for (size, bytes, pts) in self.ready.drain(..) {
            sink(PictureView::new(size, size.width as usize, &bytes).unwrap(), pts);
        }
        Ok(())
    }
    fn flush(&mut self, sink: PictureSink<'_>) -> Result<(), DeviceError> {
        self.inner.flush(sink)
    }
}

#[test]
fn pictures_that_are_done_later_are_shown_when_they_are_done_and_lips_know_of_it() {
    let server = Nginx::start();
    let url = server.url("live", "late");
    let chip = driver("chip", |inner| Ok(Box::new(Late { inner, ready: vec![] })));
    let mut rig = Rig::decoding_with(vec![chip], CALL);
    let _pusher = caller(&rig, &url, |_| {});
    rig.player.connect(1, url);
    rig.until("three seconds", |rig| rig.stats.len() > 3);
    let latency = rig.meter.readings().picture.percentile(50).unwrap();
    println!("{latency} in the median");
    assert!((Span::millis(15)..Span::millis(60)).contains(&latency), "{latency}");
    assert_eq!(told(&rig), ["chip"]);
    assert!(rig.stats.last().unwrap().video_fps > 25.0, "{:?}", rig.stats.last());
}
