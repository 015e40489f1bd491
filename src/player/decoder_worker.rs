//! The thread "vdec": access units into pictures, each with the moment at which it is shown.

use super::session::Session;
use super::stats::Gauges;
use super::tracks::VideoConfig;
use super::viewer::Viewer;
use super::{CROWDED, Coded};
use crate::api::notice::PlayNews;
use crate::device::{self, DeviceError, VideoDecoder, Wake, clock};
use crate::flow::frame::{Frame, Timed};
use crate::flow::lane::{Receiver, Sender};
use crate::flow::worker::Handle;
use crate::h264::nal::to_annex_b;
use crate::media::{PictureView, Pool, RawPicture, Span, Time};
use crate::playout::Show;
use std::collections::VecDeque;
use std::sync::Arc;

/// Units inside a decoder at once: sixteen references, and one more.
const INSIDE: usize = 17;
/// Pictures of which the shortest stay is taken: a second.
const STAYS: usize = 32;
/// A decoder that could not be built is tried again after this, with the next IDR.
const REBUILD: Span = Span::secs(1);

/// What the thread owns.
pub struct DecoderWorker {
    pub coded: Receiver<Coded>,
    pub frames: Sender<Frame>,
    pub pool: Pool,
    /// Rung when there is room for pictures again.
    pub play_bell: Wake,
    pub gauges: Arc<Gauges>,
}

/// A decoder and what it was built for.
struct Decoding {
    config: Arc<VideoConfig>,
    session: Arc<Session>,
    viewer: Arc<Viewer>,
    decoder: Box<dyn VideoDecoder>,
    inside: Inside,
    /// The last unit failed: what follows until an IDR is the same failure.
    broken: bool,
}

/// Units inside a decoder: when they went in, and what becomes of their pictures.
struct Inside {
    units: VecDeque<Entered>,
    stays: VecDeque<Span>,
}

/// What is known of a unit that went in.
struct Entered {
    pts: Span,
    show: Show,
    captured: Option<Time>,
    at: Time,
}

impl Inside {
    fn new() -> Self {
        Self { units: VecDeque::with_capacity(INSIDE), stays: VecDeque::with_capacity(STAYS) }
    }

    fn put(&mut self, coded: &Coded, at: Time) {
        if self.units.len() == INSIDE {
            self.units.pop_front();
        }
        self.units.push_back(Entered { pts: coded.unit.pts, show: coded.show, captured: coded.captured, at });
    }

    /// What becomes of the picture at `pts`, and when it was captured; one that nobody asked for is shown at once.
    fn take(&mut self, pts: Span, now: Time) -> (Show, Option<Time>) {
        let place = self.units.iter().position(|unit| unit.pts == pts);
        let Some(unit) = place.and_then(|place| self.units.remove(place)) else { return (Show::At(now), None) };
        if self.stays.len() == STAYS {
            self.stays.pop_front();
        }
        self.stays.push_back(now - unit.at);
        (unit.show, unit.captured)
    }

    /// The shortest stay of late.
    fn stay(&self) -> Span {
        self.stays.iter().copied().min().unwrap_or_default()
    }
}

impl DecoderWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut decoding: Option<Decoding> = None;
        let mut rebuild = Time::default();
        let mut annex_b = Vec::new();
        while !handle.stopped() {
            handle.progressed();
            let Some(coded) = self.coded.take() else {
                handle.bell().wait(None);
                continue;
            };
            if self.coded.len() + 1 == CROWDED {
                self.play_bell.ring();
            }
            let fits = decoding.as_ref().is_some_and(|decoding| decoding.fits(&coded));
            if !fits && coded.unit.idr && clock::now() >= rebuild {
                self.empty(decoding.take());
                match Decoding::new(&coded, &self.gauges) {
                    Ok(built) => decoding = Some(built),
                    Err(error) => {
                        rebuild = clock::now() + REBUILD;
                        coded.session.trouble(PlayNews::VideoDecodeFailed(error.to_string()));
                    }
                }
            }
            // Until the IDR of another stream or size the pictures of the old one have no decoder.
            if let Some(decoding) = decoding.as_mut().filter(|decoding| decoding.fits(&coded)) {
                // A stream that ended and begins again unchanged is told anew, and keeps its decoder.
                coded.session.decoder_started("openh264");
                self.decode(decoding, &coded, &mut annex_b);
            }
        }
    }

    fn decode(&self, decoding: &mut Decoding, coded: &Coded, annex_b: &mut Vec<u8>) {
        let began = clock::now();
        annex_b.clear();
        if coded.unit.idr {
            annex_b.extend_from_slice(&coded.config.parameter_sets);
        }
        let Decoding { decoder, inside, broken, viewer, .. } = decoding;
        inside.put(coded, began);
        let mut size = None;
        let framed = to_annex_b(&coded.unit.data, coded.config.length_size, annex_b);
        let result = match framed {
            Ok(_) => decoder.decode(annex_b, coded.unit.pts, &mut |view, pts| {
                size = Some(view.size);
                self.give_out(view, inside.take(pts, clock::now()), viewer);
            }),
            Err(error) => Err(DeviceError::new(device::Fault::Damaged, "picture", error)),
        };
        self.gauges.decoded(clock::now() - began, size);
        self.gauges.set_stay(inside.stay());
        match result {
            Ok(()) => *broken = false,
            Err(error) if !std::mem::replace(broken, true) => {
                coded.session.trouble(PlayNews::VideoDecodeFailed(error.to_string()));
            }
            Err(_) => {}
        }
    }

    /// The end of one stream's decoder: what it held back is shown.
    fn empty(&self, decoding: Option<Decoding>) {
        let Some(Decoding { mut decoder, mut inside, viewer, .. }) = decoding else { return };
        // A decoder that is about to be dropped has nothing to tell any more.
        let _ = decoder.flush(&mut |view, pts| self.give_out(view, inside.take(pts, clock::now()), &viewer));
    }

    fn give_out(&self, view: PictureView<'_>, what: (Show, Option<Time>), viewer: &Arc<Viewer>) {
        viewer.session.resolution(view.size);
        let (Show::At(due), captured) = what else { return };
        let mut bytes = self.pool.take(view.size.i420_len());
        view.pack_into(&mut bytes);
        let decoded = clock::now();
        if let Some(picture) = RawPicture::i420(view.size, bytes, decoded) {
            self.frames.put(Frame::Picture(Timed { picture, due, decoded, captured, audience: viewer.clone() }));
        }
    }
}

impl Decoding {
    fn new(coded: &Coded, gauges: &Arc<Gauges>) -> Result<Self, DeviceError> {
        Ok(Self {
            config: coded.config.clone(),
            session: coded.session.clone(),
            viewer: Arc::new(Viewer { session: coded.session.clone(), gauges: gauges.clone() }),
            decoder: device::video_decoder(coded.config.reorders)?,
            inside: Inside::new(),
            broken: false,
        })
    }

    fn fits(&self, coded: &Coded) -> bool {
        Arc::ptr_eq(&self.config, &coded.config) && Arc::ptr_eq(&self.session, &coded.session)
    }
}
