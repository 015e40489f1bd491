//! The thread alone: what goes in by hand, and what comes out.

use super::*;
use crate::device::Wake;
use crate::flow::lane::{self, Receiver};
use crate::flow::shared::Shared;
use crate::flow::wishes::Wishes;
use crate::flow::worker::Worker;
use crate::settings::player::PlayMode;
use std::sync::{Mutex, mpsc as channels};
use std::time::Duration;

/// A thread that plays, and the ends of it.
struct Stage {
    arrivals: mpsc::Sender<Arrival>,
    bell: Wake,
    session: Arc<Session>,
    told: channels::Receiver<(Time, PlayNews)>,
    _coded: Receiver<Coded>,
    _worker: Worker,
}

impl Stage {
    /// Plays live with so much cache, and has no loudspeaker.
    fn live(cache: Span) -> Self {
        let (tell, told) = channels::channel();
        let tell = Mutex::new(tell);
        let notices: Notices = Arc::new(move |notice| {
            if let Notice::Play { news, .. } = notice {
                let _ = tell.lock().unwrap().send((clock::now(), news));
            }
        });
        let plan =
            PlayPlan { active: true, mode: PlayMode::Live, min_cache: cache, max_cache: cache, ..PlayPlan::IDLE };
        let (bell, elsewhere) = (Wake::new().unwrap(), Wake::new().unwrap());
        let (arrivals, taken) = mpsc::channel(64);
        let (coded, _coded) = lane::until_idr(64, elsewhere.clone());
        let mut worker = PlayoutWorker {
            player: 0,
            plans: Shared::new(plan, vec![bell.clone()]),
            arrivals: taken,
            coded,
            frames: lane::ring(1, elsewhere.clone()).0,
            pieces: lane::ring(1, elsewhere).0,
            speaker: SpeakerFacts::default(),
            gauges: Arc::default(),
            notices: notices.clone(),
        };
        let _worker = Worker::spawn("play", bell.clone(), |_| {}, move |handle| worker.run(handle)).unwrap();
        let session = Arc::new(Session::new(0, 1, Wishes::new().hearing(), notices));
        Self { arrivals, bell, session, told, _coded, _worker }
    }

    /// All of it arrives now.
    fn arrive(&self, what: impl IntoIterator<Item = What>) {
        let at = clock::now();
        for what in what {
            self.arrivals.try_send(Arrival { session: self.session.clone(), at, what }).unwrap();
        }
        self.bell.ring();
    }

    fn told(&self) -> (Time, PlayNews) {
        self.told.recv_timeout(Duration::from_secs(10)).expect("it is told")
    }
}

#[test]
fn sound_alone_without_a_loudspeaker_begins_and_plays_into_nothing_at_its_pace() {
    let stage = Stage::live(Span::millis(200));
    stage.session.stream_begin();
    // Ten frames of 20 ms, A-law.
    let frame =
        |number: i64| What::Audio { timestamp_ms: number * 20, body: [&[0x72][..], &[0xd5; 160]].concat().into() };
    stage.arrive([What::Begin].into_iter().chain((0..10).map(frame)));
    assert_eq!(stage.told().1, PlayNews::StreamBegin);
    let (begun, news) = stage.told();
    assert_eq!(news, PlayNews::PlayBegin);
    let (over, news) = stage.told();
    assert_eq!(news, PlayNews::Loading(true));
    assert!(over - begun >= Span::millis(300), "180 ms later the last frame, and 200 ms after it: {}", over - begun);
}
