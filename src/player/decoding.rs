//! A decoder of pictures at work for one stream: the units inside it, and those that another decoder would have to begin
//! with if this one fails.

use super::Coded;
use super::session::Session;
use super::tracks::VideoConfig;
use crate::device::{DeviceError, Fault, VideoDecoder, VideoDecoderDriver, VideoDecoding, Wake, clock};
use crate::h264::nal::to_annex_b;
use crate::image::Turn;
use crate::media::{PictureView, Span, Time};
use crate::playout::Show;
use std::collections::VecDeque;
use std::sync::Arc;

/// Units inside a decoder at once: sixteen references, and one more.
const INSIDE: usize = 17;
/// Pictures of which the shortest stay is taken: a second.
const STAYS: usize = 32;
/// Units and bytes of a GOP that are kept for another decoder: three seconds of a call. To decode more of them again would
/// take longer than the next IDR takes to come.
const KEPT: (usize, usize) = (90, 2 << 20);
/// So many IDRs one after the other that a decoder could not read are the decoder's fault, where there is another one.
const SPOILT: u32 = 2;

/// See the module's head.
pub struct Decoding {
    pub session: Arc<Session>,
    config: Arc<VideoConfig>,
    decoder: Box<dyn VideoDecoder>,
    inside: Inside,
    /// The last unit failed: what follows until an IDR is the same failure.
    broken: bool,
    /// IDRs that failed one after the other.
    spoilt: u32,
    /// Where another decoder could take over.
    kept: Option<Kept>,
}

/// What becomes of a picture: whether and when it is shown, when it was captured, and how it is to be turned.
pub type Fate = (Show, Option<Time>, Turn);

/// Takes the pictures.
pub type Give<'a> = &'a mut dyn FnMut(PictureView<'_>, Fate);

impl Decoding {
    /// A decoder for the stream of `coded`, which is an IDR. `keep`: another one could take over.
    pub fn new(coded: &Coded, driver: &VideoDecoderDriver, keep: bool) -> Result<Self, DeviceError> {
        let (config, session) = (coded.config.clone(), coded.session.clone());
        let decoder = (driver.build)(VideoDecoding { size: config.size, reorders: config.reorders })?;
        let kept = keep.then(Kept::default);
        Ok(Self { session, config, decoder, inside: Inside::new(), broken: false, spoilt: 0, kept })
    }

    /// `coded` is of this decoder's stream.
    pub fn fits(&self, coded: &Coded) -> bool {
        Arc::ptr_eq(&self.config, &coded.config) && Arc::ptr_eq(&self.session, &coded.session)
    }

    /// Decodes a unit; `annex_b` is used on the way. [`Fault::Damaged`] is told once until a unit was decoded again, and
    /// nothing is decoded until the next IDR; any other error is the end of this decoder.
    pub fn decode(&mut self, coded: &Coded, annex_b: &mut Vec<u8>, give: Give<'_>) -> Result<(), DeviceError> {
        let idr = coded.unit.idr;
        if self.broken && !idr {
            return Ok(());
        }
        annex_b.clear();
        if idr {
            annex_b.extend_from_slice(&self.config.parameter_sets);
        }
        self.inside.put(coded, clock::now());
        self.kept.iter_mut().for_each(|kept| kept.put(coded));
        let Self { decoder, inside, .. } = self;
        let result = match to_annex_b(&coded.unit.data, self.config.length_size, annex_b) {
            Ok(_) => decoder.decode(annex_b, coded.unit.pts, &mut |view, pts| give(view, inside.take(pts))),
            Err(error) => Err(DeviceError::new(Fault::Damaged, "picture", error)),
        };
        match result {
            Ok(()) => {
                (self.broken, self.spoilt) = (false, 0);
                Ok(())
            }
            Err(error) if error.fault == Fault::Damaged => {
                self.spoilt += u32::from(idr);
                let told = std::mem::replace(&mut self.broken, true);
                if self.kept.is_some() && self.spoilt >= SPOILT {
                    return Err(DeviceError::new(Fault::Unsupported, error.device, error.words));
                }
                if told { Ok(()) } else { Err(error) }
            }
            error => error,
        }
    }

    /// A picture of the running GOP could not be read, and nothing is decoded until the next IDR. Where an IDR was no
    /// better, another one is no help.
    pub fn awaits_idr(&self) -> bool {
        self.broken && self.spoilt == 0
    }

    /// Sleeps until the bell rings, and gives out what is done meanwhile.
    pub fn wait(&mut self, bell: &Wake, give: Give<'_>) -> Result<(), DeviceError> {
        let Self { decoder, inside, .. } = self;
        decoder.wait(bell, &mut |view, pts| give(view, inside.take(pts)))
    }

    /// The end of its stream: what it held back comes out.
    pub fn flush(mut self, give: Give<'_>) {
        let Self { decoder, inside, .. } = &mut self;
        // A decoder that is about to be dropped has nothing to tell any more.
        let _ = decoder.flush(&mut |view, pts| give(view, inside.take(pts)));
    }

    /// The shortest stay of a picture in it of late.
    pub fn stay(&self) -> Span {
        self.inside.stay()
    }

    /// What another decoder has to decode to go on where this one ended: from the last IDR on; nothing of it is shown but
    /// what this one did not give out any more. Empty when it is too much, or was damaged.
    pub fn into_kept(self) -> Vec<Coded> {
        let mut units = self.kept.filter(|_| !self.broken || self.spoilt > 0).map_or(vec![], |kept| kept.units);
        for unit in &mut units {
            if !self.inside.holds(unit.unit.pts) {
                unit.show = Show::Never;
            }
        }
        units
    }
}

/// The GOP so far.
#[derive(Default)]
struct Kept {
    units: Vec<Coded>,
    bytes: usize,
}

impl Kept {
    fn put(&mut self, coded: &Coded) {
        if coded.unit.idr {
            *self = Self::default();
        } else if self.units.is_empty() {
            // Its IDR was given up.
            return;
        }
        self.bytes += coded.unit.data.len();
        self.units.push(coded.clone());
        if self.units.len() > KEPT.0 || self.bytes > KEPT.1 {
            *self = Self::default();
        }
    }
}

/// Units inside a decoder: when they went in, and what becomes of their pictures.
struct Inside {
    units: VecDeque<(Span, Fate, Time)>,
    stays: VecDeque<Span>,
}

impl Inside {
    fn new() -> Self {
        Self { units: VecDeque::with_capacity(INSIDE), stays: VecDeque::with_capacity(STAYS) }
    }

    fn put(&mut self, coded: &Coded, at: Time) {
        if self.units.len() == INSIDE {
            self.units.pop_front();
        }
        self.units.push_back((coded.unit.pts, (coded.show, coded.captured, coded.turn), at));
    }

    fn holds(&self, pts: Span) -> bool {
        self.units.iter().any(|unit| unit.0 == pts)
    }

    /// What becomes of the picture at `pts`; one that nobody asked for is shown at once.
    fn take(&mut self, pts: Span) -> Fate {
        let now = clock::now();
        let place = self.units.iter().position(|unit| unit.0 == pts);
        let Some((_, fate, at)) = place.and_then(|place| self.units.remove(place)) else {
            return (Show::At(now), None, Turn::None);
        };
        if self.stays.len() == STAYS {
            self.stays.pop_front();
        }
        self.stays.push_back(now - at);
        fate
    }

    fn stay(&self) -> Span {
        self.stays.iter().copied().min().unwrap_or_default()
    }
}
