//! The thread "vdec": access units into pictures, each with the moment at which it is shown, by the best decoder that works.

use super::decoding::{Decoding, Fate};
use super::session::Session;
use super::stats::Gauges;
use super::viewer::Viewer;
use super::{CROWDED, Coded};
use crate::api::notice::PlayNews;
use crate::device::{DeviceError, Fault, VideoDecoderBuilder, Wake, clock};
use crate::flow::choice::{Choice, Switch, Tolerance};
use crate::flow::frame::{Frame, Timed};
use crate::flow::lane::{Receiver, Sender};
use crate::flow::worker::Handle;
use crate::media::{PictureView, Pool, RawPicture, Span, Time};
use crate::playout::Show;
use crate::wish::Part;
use std::sync::Arc;

/// A decoder that fails gives way at once: a frozen picture is worth no second try.
pub const TOLERANCE: Tolerance = Tolerance { failures: 1, within: Span::secs(1) };
/// With a stream that begins so long after a failure the best decoder gets another chance.
const REST: Span = Span::secs(600);
/// The last decoder, when it could not be built, is tried again after this, with the next IDR.
const REBUILD: Span = Span::secs(1);

/// What the thread owns.
pub struct DecoderWorker {
    pub coded: Receiver<Coded>,
    pub frames: Sender<Frame>,
    pub choice: Choice<VideoDecoderBuilder>,
    pub pool: Pool,
    /// Rung when there is room for pictures again.
    pub play_bell: Wake,
    pub gauges: Arc<Gauges>,
}

/// A decoder and those who look at its pictures.
struct Running {
    decoding: Decoding,
    viewer: Arc<Viewer>,
}

impl DecoderWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut running: Option<Running> = None;
        let mut rebuild = Time::default();
        let mut annex_b = Vec::new();
        while !handle.stopped() {
            handle.progressed();
            let Some(coded) = self.coded.take() else {
                match running.take() {
                    Some(mut now) => {
                        let waited = now.decoding.wait(handle.bell(), &mut self.show(&now.viewer));
                        self.gauges.set_stay(now.decoding.stay());
                        running = self.judge(now, waited, &mut annex_b, &mut rebuild);
                    }
                    None => drop(handle.bell().wait(None)),
                }
                continue;
            };
            if self.coded.len() + 1 == CROWDED {
                self.play_bell.ring();
            }
            if coded.unit.idr {
                coded.session.wishes.lacks(Part::Decoder, false);
            }
            let fits = running.as_ref().is_some_and(|running| running.decoding.fits(&coded));
            if !fits && coded.unit.idr && clock::now() >= rebuild {
                if let Some(Running { decoding, viewer }) = running.take() {
                    decoding.flush(&mut self.show(&viewer));
                }
                self.choice.renew(REST, clock::now());
                running = self.build(&coded, &mut rebuild);
            }
            // Until the IDR of another stream or size the pictures of the old one have no decoder.
            if let Some(mut now) = running.take() {
                running = if now.decoding.fits(&coded) {
                    // A stream that ended and begins again unchanged is told anew, and keeps its decoder.
                    coded.session.decoder_started(self.name());
                    let result = self.decode(&mut now, &coded, &mut annex_b);
                    self.judge(now, result, &mut annex_b, &mut rebuild)
                } else {
                    Some(now)
                };
            }
        }
    }

    fn name(&self) -> &'static str {
        self.choice.driver().map_or("", |driver| driver.name)
    }

    /// A decoder for the stream of the IDR `coded`, the best that can be built.
    fn build(&mut self, coded: &Coded, rebuild: &mut Time) -> Option<Running> {
        loop {
            let keep = self.choice.has_next();
            let error = match self.choice.driver().and_then(|driver| Decoding::new(coded, driver, keep)) {
                Ok(decoding) => {
                    let viewer = Viewer { session: coded.session.clone(), gauges: self.gauges.clone() };
                    return Some(Running { decoding, viewer: Arc::new(viewer) });
                }
                Err(error) => error,
            };
            self.give_way(&coded.session, &error, rebuild)?;
        }
    }

    /// Another decoder takes over after `error`; `None` when there is none.
    fn give_way(&mut self, session: &Session, error: &DeviceError, rebuild: &mut Time) -> Option<()> {
        match self.choice.failed(clock::now()) {
            Some(Switch { from, to, .. }) => {
                session.decoder_switched(from, to, error);
                Some(())
            }
            None => {
                *rebuild = clock::now() + REBUILD;
                session.trouble(PlayNews::VideoDecodeFailed(error.to_string()));
                None
            }
        }
    }

    fn decode(&self, now: &mut Running, coded: &Coded, annex_b: &mut Vec<u8>) -> Result<(), DeviceError> {
        let (began, mut size) = (clock::now(), None);
        let mut show = self.show(&now.viewer);
        let result = now.decoding.decode(coded, annex_b, &mut |view, fate| {
            size = Some(view.size);
            show(view, fate);
        });
        self.gauges.decoded(clock::now() - began, size);
        self.gauges.set_stay(now.decoding.stay());
        result
    }

    /// What follows from how it went: the same decoder, or another one that goes on where it ended.
    fn judge(
        &mut self,
        now: Running,
        result: Result<(), DeviceError>,
        annex_b: &mut Vec<u8>,
        rebuild: &mut Time,
    ) -> Option<Running> {
        let error = match result {
            Ok(()) => return Some(now),
            Err(error) => error,
        };
        let session = now.decoding.session.clone();
        if error.fault == Fault::Damaged {
            session.wishes.lacks(Part::Decoder, now.decoding.awaits_idr());
            session.trouble(PlayNews::VideoDecodeFailed(error.to_string()));
            return Some(now);
        }
        let kept = now.decoding.into_kept();
        self.give_way(&session, &error, rebuild)?;
        // Without its IDR the next decoder begins with the next one.
        let Some(first) = kept.first() else {
            session.wishes.lacks(Part::Decoder, true);
            return None;
        };
        let mut next = self.build(first, rebuild)?;
        for coded in &kept {
            if let Err(error) = self.decode(&mut next, coded, annex_b) {
                session.trouble(PlayNews::VideoDecodeFailed(error.to_string()));
                break;
            }
        }
        Some(next)
    }

    /// Sends the pictures that are to be shown to the screen, and tells their size.
    fn show<'a>(&'a self, viewer: &'a Arc<Viewer>) -> impl FnMut(PictureView<'_>, Fate) + 'a {
        |view, (show, captured, turn)| {
            viewer.session.resolution(view.size);
            let Show::At(due) = show else { return };
            let mut bytes = self.pool.take(view.size.i420_len());
            view.pack_into(&mut bytes);
            let decoded = clock::now();
            if let Some(picture) = RawPicture::i420(view.size, bytes, decoded) {
                self.frames.put(Frame::Picture(Timed {
                    picture,
                    due,
                    decoded,
                    captured,
                    turn,
                    audience: viewer.clone(),
                }));
            }
        }
    }
}
