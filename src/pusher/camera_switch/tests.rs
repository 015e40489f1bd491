//! The camera's thread with test cards: what is open when, whose pictures go on, and what is told.

use crate::api::fault::{DeviceError, Fault};
use crate::api::notice::{DeviceNotice, Notice};
use crate::api::plan::PushPlan;
use crate::device::synthetic::TestCard;
use crate::device::{Camera, CameraMode, Wake, clock};
use crate::flow::lane::{self, Receiver};
use crate::flow::shared::Shared;
use crate::flow::worker::Worker;
use crate::media::{RawPicture, Size, Span};
use crate::pusher::camera_worker::CameraWorker;
use crate::pusher::{Captured, Mounted};
use crate::settings::pusher::Position;
use Position::{Back, Front};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver as News};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SIZE: Size = Size::new(64, 64);

/// How often cameras were opened, and how many are open now.
#[derive(Default)]
struct Counts {
    opened: AtomicUsize,
    open: AtomicUsize,
}

/// A test card that is counted.
struct Counted(TestCard, Arc<Counts>);

impl Camera for Counted {
    fn mode(&self) -> CameraMode {
        self.0.mode()
    }
    fn next(&mut self, wake: &Wake) -> Result<Option<RawPicture>, DeviceError> {
        self.0.next(wake)
    }
    fn take_losses(&mut self) -> u64 {
        self.0.take_losses()
    }
    fn would_differ(&self, wanted: Size, fps: u32) -> bool {
        self.0.would_differ(wanted, fps)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Says before a camera is opened whether it may be; may wait.
type Gate = Box<dyn Fn(Position, &Counts) -> Result<(), Fault> + Send + Sync>;

struct Rig {
    plans: Shared<PushPlan>,
    pictures: Receiver<Captured>,
    bell: Wake,
    news: News<Notice>,
    counts: Arc<Counts>,
    _worker: Worker,
}

impl Rig {
    /// A running front camera; `fixed`: it has one size whatever is asked for.
    fn start(fixed: bool, gate: Gate) -> Self {
        let (cam_bell, bell) = (Wake::new().unwrap(), Wake::new().unwrap());
        let plan = PushPlan { active: true, camera: Some(Front), size: SIZE, fps: 100, ..PushPlan::IDLE };
        let plans = Shared::new(plan, vec![cam_bell.clone()]);
        let (pictures_in, pictures) = lane::latest(bell.clone());
        let (news_in, news) = mpsc::channel();
        let counts = Arc::new(Counts::default());
        let ours = counts.clone();
        let mut worker = CameraWorker {
            plans: plans.clone(),
            open: Box::new(move |position, size, fps| {
                gate(position, &ours).map_err(|fault| DeviceError::new(fault, "card", "test"))?;
                let fix = fixed.then_some(64);
                let size = if fixed { SIZE } else { size };
                let card = TestCard::open(if position == Front { 1 } else { 2 }, size, fps)?.fixed(fix, fix);
                ours.opened.fetch_add(1, Ordering::SeqCst);
                ours.open.fetch_add(1, Ordering::SeqCst);
                Ok(Box::new(Counted(card, ours.clone())))
            }),
            mounted: Mounted::default(),
            pictures: pictures_in,
            self_view: lane::latest(Wake::new().unwrap()).0,
            notices: Arc::new(move |notice| _ = news_in.send(notice)),
        };
        let worker = Worker::spawn("cam", cam_bell, |_| {}, move |handle| worker.run(handle)).unwrap();
        let rig = Self { plans, pictures, bell, news, counts, _worker: worker };
        rig.until(Front);
        rig
    }

    fn plan(&self, change: impl FnOnce(&mut PushPlan)) {
        let mut plan = PushPlan::clone(&self.plans.get());
        change(&mut plan);
        self.plans.set(plan);
    }

    /// Waits for a picture.
    fn picture(&self) -> Captured {
        let limit = clock::now() + Span::secs(10);
        loop {
            if let Some(picture) = self.pictures.take() {
                return picture;
            }
            assert!(clock::now() < limit, "no picture");
            self.bell.wait(Some(limit));
        }
    }

    /// Waits until pictures of `position` come, and then for more of them; no other one's may come between.
    fn until(&self, position: Position) {
        while self.picture().position != position {}
        assert!((0..5).all(|_| self.picture().position == position));
    }

    fn opened(&self) -> usize {
        self.counts.opened.load(Ordering::SeqCst)
    }

    /// Waits for news that `wanted` says yes to.
    fn hear(&self, wanted: impl Fn(&Notice) -> bool) {
        while !wanted(&self.news.recv_timeout(Duration::from_secs(10)).unwrap()) {}
    }

    /// What was told of `position` so far.
    fn told(&self, position: Position) -> Vec<DeviceNotice> {
        let of = |notice| match notice {
            Notice::Camera { position: whose, news, .. } if whose == position => Some(news),
            _ => None,
        };
        self.news.try_iter().filter_map(of).collect()
    }
}

fn lost(notice: &Notice, whose: Position) -> bool {
    matches!(notice, Notice::Camera { position, news: DeviceNotice::Lost(_), .. } if *position == whose)
}

fn delivers(notice: &Notice, whose: Position) -> bool {
    matches!(notice, Notice::Camera { position, news: DeviceNotice::FirstFrame, .. } if *position == whose)
}

/// It answers the asking number so-and-so: the camera delivers, or could not be had.
fn answers(notice: &Notice, number: u64) -> bool {
    let answer = |news: &DeviceNotice| matches!(news, DeviceNotice::FirstFrame | DeviceNotice::Lost(_));
    matches!(notice, Notice::Camera { asked, news, .. } if *asked == number && answer(news))
}

fn open() -> Gate {
    Box::new(|_, _| Ok(()))
}

/// The back camera takes until it is told to go on to open.
fn slow_back() -> (mpsc::Sender<()>, Gate) {
    let (go, going) = mpsc::channel::<()>();
    let going = Mutex::new(going);
    let gate = move |position, _: &Counts| {
        if position == Back {
            going.lock().unwrap().recv().unwrap();
        }
        Ok(())
    };
    (go, Box::new(gate))
}

#[test]
fn the_old_cameras_pictures_go_on_while_the_new_one_is_slow_to_open() {
    let (go, gate) = slow_back();
    let rig = Rig::start(false, gate);
    rig.plan(|plan| plan.camera = Some(Back));
    assert!((0..30).all(|_| rig.picture().position == Front));
    go.send(()).unwrap();
    rig.until(Back);
    assert_eq!(rig.counts.open.load(Ordering::SeqCst), 1, "the old one is closed");
    assert!(rig.told(Back).contains(&DeviceNotice::FirstFrame));
}

#[test]
fn a_camera_that_can_not_be_had_leaves_the_old_one_as_it_was() {
    for fault in [Fault::Missing, Fault::Busy, Fault::Unsupported] {
        let gate = move |position, _: &Counts| if position == Back { Err(fault) } else { Ok(()) };
        let rig = Rig::start(false, Box::new(gate));
        rig.told(Front);
        rig.plan(|plan| plan.camera = Some(Back));
        assert!((0..30).all(|_| rig.picture().position == Front));
        let news: Vec<Notice> = rig.news.try_iter().collect();
        let lost = news.iter().filter(|it| lost(it, Back)).count();
        assert_eq!(lost, 1, "told once: {news:?}");
        assert_eq!(rig.opened(), 1, "and not opened anew");
        rig.plan(|plan| plan.camera = Some(Front));
        rig.until(Front);
        assert_eq!(rig.opened(), 1);
    }
}

#[test]
fn of_two_cameras_that_can_not_run_at_a_time_the_old_one_is_closed_first() {
    let gate = |_, counts: &Counts| if counts.open.load(Ordering::SeqCst) > 0 { Err(Fault::Crowded) } else { Ok(()) };
    let rig = Rig::start(false, Box::new(gate));
    for position in [Back, Front, Back] {
        rig.plan(|plan| plan.camera = Some(position));
        rig.until(position);
    }
    assert_eq!((rig.opened(), rig.counts.open.load(Ordering::SeqCst)), (4, 1));
    assert!(!rig.told(Back).iter().any(|news| matches!(news, DeviceNotice::Lost(_))));
}

#[test]
fn where_the_new_one_fails_alone_too_the_old_one_is_opened_again_when_it_is_asked_for() {
    let gate = |position, counts: &Counts| match position {
        Back if counts.open.load(Ordering::SeqCst) > 0 => Err(Fault::Crowded),
        Back => Err(Fault::Failed),
        Front => Ok(()),
    };
    let rig = Rig::start(false, Box::new(gate));
    rig.plan(|plan| plan.camera = Some(Back));
    rig.hear(|news| lost(news, Back));
    rig.plan(|plan| plan.camera = Some(Front));
    rig.until(Front);
    assert_eq!(rig.opened(), 2);
}

#[test]
fn a_switch_that_is_called_back_leaves_the_old_camera_alone() {
    let (go, gate) = slow_back();
    let rig = Rig::start(false, gate);
    rig.plan(|plan| plan.camera = Some(Back));
    assert!((0..5).all(|_| rig.picture().position == Front));
    rig.plan(|plan| plan.camera = None);
    go.send(()).unwrap();
    rig.hear(|news| {
        assert!(!delivers(news, Back));
        matches!(news, Notice::Camera { position: Front, news: DeviceNotice::Closed, .. })
    });
    assert_eq!(rig.counts.open.load(Ordering::SeqCst), 0, "both are closed");
}

#[test]
fn another_size_opens_a_camera_again_only_where_that_would_change_its_pictures() {
    for (fixed, opened) in [(true, 1), (false, 2)] {
        let rig = Rig::start(fixed, open());
        rig.plan(|plan| plan.size = Size::new(128, 64));
        let wanted = if fixed { SIZE } else { Size::new(128, 64) };
        (0..20).for_each(|_| drop(rig.picture()));
        assert_eq!((rig.picture().picture.size, rig.opened()), (wanted, opened));
        // Fewer pictures are made by leaving some out.
        rig.plan(|plan| plan.fps = 10);
        (0..20).for_each(|_| drop(rig.picture()));
        assert_eq!(rig.opened(), opened);
    }
}

#[test]
fn a_size_that_a_camera_refuses_is_told_each_time_it_closes_a_camera_that_ran() {
    let refuses = Arc::new(AtomicBool::new(false));
    let no = refuses.clone();
    let gate = move |_, _: &Counts| if no.load(Ordering::SeqCst) { Err(Fault::Unsupported) } else { Ok(()) };
    let rig = Rig::start(false, Box::new(gate));
    for _ in 0..2 {
        refuses.store(true, Ordering::SeqCst);
        rig.plan(|plan| plan.size = Size::new(128, 64));
        rig.hear(|news| lost(news, Front));
        rig.plan(|plan| plan.size = SIZE);
        refuses.store(false, Ordering::SeqCst);
        rig.hear(|news| delivers(news, Front));
    }
}

#[test]
fn a_camera_that_was_closed_and_asked_for_again_unseen_is_told_again() {
    let rig = Rig::start(false, open());
    rig.plan(|plan| plan.asked += 1);
    rig.hear(|news| delivers(news, Front) && answers(news, 1));
    assert_eq!(rig.opened(), 1, "it never was closed");
}

#[test]
fn each_asking_for_a_camera_that_can_not_be_had_is_tried_and_answered() {
    let gate = |position, _: &Counts| if position == Back { Err(Fault::Busy) } else { Ok(()) };
    let rig = Rig::start(false, Box::new(gate));
    // Beside the one that delivers, each time as if it had been asked for again in between; and with none.
    for asked in 1..4 {
        rig.plan(|plan| (plan.camera, plan.asked) = (Some(Back), asked));
        rig.hear(|news| lost(news, Back) && answers(news, asked));
    }
    rig.plan(|plan| plan.camera = None);
    rig.hear(|news| matches!(news, Notice::Camera { news: DeviceNotice::Closed, .. }));
    for asked in 4..7 {
        rig.plan(|plan| (plan.camera, plan.asked) = (Some(Back), asked));
        rig.hear(|news| lost(news, Back) && answers(news, asked));
    }
}

#[test]
fn where_nobody_goes_back_to_the_old_camera_it_is_closed_and_the_other_one_is_tried_on() {
    let gate = |position, counts: &Counts| match position {
        Back if counts.open.load(Ordering::SeqCst) > 0 => Err(Fault::Busy),
        _ => Ok(()),
    };
    let rig = Rig::start(false, Box::new(gate));
    rig.plan(|plan| (plan.camera, plan.asked) = (Some(Back), 1));
    rig.hear(|news| delivers(news, Back));
    assert_eq!((rig.opened(), rig.counts.open.load(Ordering::SeqCst)), (2, 1));
}

#[test]
fn whatever_plans_are_seen_or_missed_the_last_asking_is_answered() {
    for seed in 0..40 {
        let dice = Mutex::new(fastrand::Rng::with_seed(seed));
        let gate = move |_, counts: &Counts| match dice.lock().unwrap().u32(0..6) {
            // The rig waits for the first one.
            _ if counts.opened.load(Ordering::SeqCst) == 0 => Ok(()),
            0 => Err(Fault::Crowded),
            1 | 2 => Err(Fault::Busy),
            _ => Ok(()),
        };
        let rig = Rig::start(false, Box::new(gate));
        let mut random = fastrand::Rng::with_seed(seed);
        let last = random.u64(1..12);
        for asked in 1..last {
            let position = random.choice([None, Some(Front), Some(Back)]).unwrap();
            rig.plan(|plan| (plan.camera, plan.asked) = (position, asked));
            if random.u32(0..3) == 0 {
                let _ = rig.news.recv_timeout(Duration::from_millis(5));
            }
        }
        rig.plan(|plan| (plan.camera, plan.asked) = (Some(Back), last));
        rig.hear(|news| answers(news, last));
    }
}
