//! The thread alone: what goes in by hand, and what comes out.

use super::*;
use crate::device::Wake;
use crate::flow::lane::{self, Receiver};
use crate::flow::shared::Shared;
use crate::flow::wishes::Wishes;
use crate::flow::worker::Worker;
use crate::flv::video::{picture, sequence_header};
use crate::h264::avcc::record;
use crate::image::Turn;
use crate::settings::player::PlayMode;
use std::sync::{Mutex, mpsc as channels};
use std::time::Duration;

/// A thread that plays, and the ends of it.
struct Stage {
    arrivals: mpsc::Sender<Arrival>,
    bell: Wake,
    session: Arc<Session>,
    told: channels::Receiver<(Time, PlayNews)>,
    coded: Receiver<Coded>,
    /// Rung for what is coded.
    decodes: Wake,
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
        let (bell, decodes, elsewhere) = (Wake::new().unwrap(), Wake::new().unwrap(), Wake::new().unwrap());
        let (arrivals, taken) = mpsc::channel(64);
        let (coded_in, coded) = lane::until_idr(64, decodes.clone());
        let mut worker = PlayoutWorker {
            player: 0,
            plans: Shared::new(plan, vec![bell.clone()]),
            arrivals: taken,
            coded: coded_in,
            frames: lane::ring(1, elsewhere.clone()).0,
            pieces: lane::ring(1, elsewhere).0,
            speaker: SpeakerFacts::default(),
            gauges: Arc::default(),
            notices: notices.clone(),
        };
        let _worker = Worker::spawn("play", bell.clone(), |_| {}, move |handle| worker.run(handle)).unwrap();
        let session = Arc::new(Session::new(0, 1, Wishes::new().hearing(), notices));
        Self { arrivals, bell, session, told, coded, decodes, _worker }
    }

    /// All of it arrives now.
    fn arrive(&self, what: impl IntoIterator<Item = What>) {
        let at = clock::now();
        for what in what {
            self.arrivals.try_send(Arrival { session: self.session.clone(), at, what }).unwrap();
        }
        self.bell.ring();
    }

    /// How the next picture for the decoder is to be turned.
    fn turn(&self) -> Turn {
        let limit = clock::now() + Span::secs(10);
        loop {
            match self.coded.take() {
                Some(coded) => return coded.turn,
                None => assert!(self.decodes.wait(Some(limit)), "no picture"),
            }
        }
    }

    fn told(&self) -> (Time, PlayNews) {
        self.told.recv_timeout(Duration::from_secs(10)).expect("it is told")
    }
}

#[test]
fn sound_alone_without_a_loudspeaker_begins_and_plays_into_nothing_at_its_pace() {
    let stage = Stage::live(Span::millis(600));
    stage.session.stream_begin();
    // Thirty frames of 20 ms, A-law.
    let frame =
        |number: i64| What::Audio { timestamp_ms: number * 20, body: [&[0x72][..], &[0xd5; 160]].concat().into() };
    stage.arrive([What::Begin].into_iter().chain((0..30).map(frame)));
    assert_eq!(stage.told().1, PlayNews::StreamBegin);
    let (begun, news) = stage.told();
    assert_eq!(news, PlayNews::PlayBegin);
    let (over, news) = stage.told();
    assert_eq!(news, PlayNews::Loading(true));
    assert!(over - begun >= Span::millis(400), "it had the frames of 420 ms yet to play: {}", over - begun);
}

#[test]
fn how_one_publisher_wants_its_pictures_turned_is_nothing_to_the_next_one_of_the_stream() {
    let stage = Stage::live(Span::ZERO);
    let sps = b"\x67\x42\xc0\x1f\x8c\x8d\x40\x28\x02\xdd\x00\xf0\x88\x46\xa0";
    let header = || sequence_header(&record(sps, b"\x68\xce\x3c\x80").unwrap());
    // A display orientation of a quarter against the clock that lasts.
    let said: &[u8] = b"\0\0\0\x07\x06\x2f\x03\x08\0\x09\x80";
    let idr = |said: &[u8]| picture(true, 0, &[said, b"\0\0\0\x03\x65\x88\x84"].concat());
    let video = |timestamp_ms, body| What::Video { timestamp_ms, body };
    let turns = |what: Vec<What>| {
        stage.arrive(what);
        stage.turn()
    };
    assert_eq!(turns(vec![What::Rotation(90), What::Begin, video(0, header()), video(0, idr(b""))]), Turn::Quarter);
    assert_eq!(turns(vec![What::Finish, What::Begin, video(0, header()), video(0, idr(b""))]), Turn::None);
    assert_eq!(turns(vec![video(40, idr(said))]), Turn::ThreeQuarters);
    // A server that says nothing of the change of publishers.
    assert_eq!(turns(vec![video(80, header()), video(80, idr(b""))]), Turn::None);
    // Metadata in front of the beginning.
    let again = vec![What::Finish, What::Rotation(180), What::Begin, video(0, header()), video(0, idr(b""))];
    assert_eq!(turns(again), Turn::Half);
}
