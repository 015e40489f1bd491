//! What waits to be written: sound before picture, and pictures shed by age. Pure.
//!
//! Age is what was spent waiting, since a picture was coded: what a slow camera or processor took before is no matter of
//! the network's, and throwing pictures away makes it no quicker.
//! Sound is small and comes first, always. A picture older than the limit takes everything up to the next
//! IDR with it, because what refers to a lost picture can not be shown; the encoder is asked for an IDR.

use super::{CodedPicture, CodedSound};
use crate::media::{Span, Time};
use std::collections::VecDeque;

/// Most bytes of pictures that wait, whatever their age.
const BYTES_LIMIT: usize = 512 << 10;
/// Two losses no further apart than this are one congestion.
const LOSING: Span = Span::millis(700);

/// See the module's head.
#[derive(Debug, Default)]
pub struct SendQueue {
    pictures: VecDeque<CodedPicture>,
    sounds: VecDeque<CodedSound>,
    bytes: usize,
    /// A picture was lost: nothing but an IDR may follow.
    broken: bool,
    wants_idr: bool,
    shed: u64,
    shed_at: Option<Time>,
}

impl SendQueue {
    /// Nothing waits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a picture in; after a loss only an IDR is taken.
    pub fn push_picture(&mut self, picture: CodedPicture) {
        if picture.idr {
            // What is still waiting is older and no longer needed.
            if self.broken {
                self.drop_pictures();
            }
            (self.broken, self.wants_idr) = (false, false);
        } else if self.broken {
            self.shed += 1;
            self.wants_idr = true;
            return;
        }
        self.bytes += picture.data.len();
        self.pictures.push_back(picture);
    }

    /// Puts a frame of sound in.
    pub fn push_sound(&mut self, sound: CodedSound) {
        self.sounds.push_back(sound);
    }

    /// The next frame of sound.
    pub fn pop_sound(&mut self) -> Option<CodedSound> {
        self.sounds.pop_front()
    }

    /// The next picture.
    pub fn pop_picture(&mut self) -> Option<CodedPicture> {
        let picture = self.pictures.pop_front()?;
        self.bytes -= picture.data.len();
        Some(picture)
    }

    /// How long the oldest picture has been waiting.
    pub fn age(&self, now: Time) -> Span {
        self.pictures.front().map_or(Span::ZERO, |picture| now - picture.encoded)
    }

    /// Pictures that wait.
    pub fn pictures(&self) -> usize {
        self.pictures.len()
    }

    /// Sheds pictures older than `limit`, and sound older than `sound_limit`; call it before taking anything out.
    pub fn shed(&mut self, limit: Span, sound_limit: Span, now: Time) {
        while self.sounds.front().is_some_and(|sound| now - sound.encoded > sound_limit) {
            self.sounds.pop_front();
        }
        if self.age(now) <= limit && self.bytes <= BYTES_LIMIT {
            return;
        }
        self.shed_at = Some(now);
        // A younger IDR in the queue makes everything before it dispensable.
        if let Some(place) = self.pictures.iter().rposition(|picture| picture.idr && now - picture.encoded <= limit)
            && place > 0
        {
            for picture in self.pictures.drain(..place) {
                self.bytes -= picture.data.len();
                self.shed += 1;
            }
            return;
        }
        self.drop_pictures();
        (self.broken, self.wants_idr) = (true, true);
    }

    /// True once when the encoder should make an IDR because the chain is broken.
    pub fn take_idr_wish(&mut self) -> bool {
        std::mem::take(&mut self.wants_idr)
    }

    /// Pictures lost so far in this session.
    pub fn shed_pictures(&self) -> u64 {
        self.shed
    }

    /// Pictures are being lost: now, or again and again.
    pub fn losing(&self, now: Time) -> bool {
        self.broken || self.shed_at.is_some_and(|at| now - at < LOSING)
    }

    fn drop_pictures(&mut self) {
        self.shed += self.pictures.len() as u64;
        self.pictures.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }
    fn picture(ms: i64, idr: bool) -> CodedPicture {
        CodedPicture { data: Bytes::from_static(&[0; 100]), idr, encoded: at(ms), ..CodedPicture::default() }
    }
    fn shed(queue: &mut SendQueue, now: i64) {
        queue.shed(Span::millis(200), Span::secs(1), at(now));
    }
    fn waiting(queue: &mut SendQueue) -> Vec<i64> {
        std::iter::from_fn(|| queue.pop_picture()).map(|p| p.encoded.as_millis()).collect()
    }

    #[test]
    fn an_overdue_picture_takes_its_chain_with_it_and_asks_for_an_idr() {
        let mut queue = SendQueue::new();
        queue.push_picture(picture(0, true));
        queue.push_picture(picture(33, false));
        shed(&mut queue, 200);
        assert!(!queue.take_idr_wish(), "200 ms is still allowed");
        shed(&mut queue, 201);
        assert!(queue.take_idr_wish());
        queue.push_picture(picture(66, false));
        assert_eq!(waiting(&mut queue), [] as [i64; 0], "it refers to what was lost");
        assert!(queue.take_idr_wish(), "the wish is repeated while dependants come");
        queue.push_picture(picture(240, true));
        queue.push_picture(picture(273, false));
        assert_eq!(waiting(&mut queue), [240, 273]);
        assert_eq!(queue.shed_pictures(), 3);
    }

    #[test]
    fn a_young_idr_in_the_queue_makes_the_older_chain_dispensable_without_a_new_idr() {
        let mut queue = SendQueue::new();
        for (ms, idr) in [(0, true), (33, false), (150, true), (183, false)] {
            queue.push_picture(picture(ms, idr));
        }
        shed(&mut queue, 220);
        assert_eq!(waiting(&mut queue), [150, 183]);
        assert!(!queue.take_idr_wish());
    }

    #[test]
    fn a_picture_that_took_long_to_be_made_is_sent_all_the_same() {
        let mut queue = SendQueue::new();
        queue.push_picture(CodedPicture { captured: at(0), ..picture(900, true) });
        shed(&mut queue, 950);
        assert_eq!((waiting(&mut queue), queue.losing(at(950))), (vec![900], false));
    }

    #[test]
    fn sound_is_shed_only_after_a_second() {
        let mut queue = SendQueue::new();
        for ms in [0, 500, 1001] {
            queue.push_sound(CodedSound { encoded: at(ms), ..CodedSound::default() });
        }
        shed(&mut queue, 1001);
        assert_eq!(queue.pop_sound().map(|s| s.encoded.as_millis()), Some(500));
    }

    #[test]
    fn a_server_that_stops_reading_is_seen_in_the_losses_although_the_queue_is_kept_young() {
        let mut queue = SendQueue::new();
        for ms in 0..3000 {
            if ms % 66 == 0 {
                let idr = queue.take_idr_wish() || ms == 0;
                queue.push_picture(picture(ms, idr));
            }
            shed(&mut queue, ms);
            assert!(queue.age(at(ms)) <= Span::millis(200));
            assert_eq!(queue.losing(at(ms)), ms > 200, "{ms}");
        }
        // One lost chain is soon forgotten.
        let mut queue = SendQueue::new();
        queue.push_picture(picture(0, true));
        shed(&mut queue, 201);
        queue.push_picture(picture(260, true));
        queue.pop_picture();
        assert!(queue.losing(at(900)) && !queue.losing(at(902)));
    }

    #[test]
    fn bytes_are_bounded_whatever_the_age() {
        let mut queue = SendQueue::new();
        let big = CodedPicture { data: vec![0; 300 << 10].into(), ..picture(0, false) };
        queue.push_picture(CodedPicture { idr: true, ..big.clone() });
        queue.push_picture(big);
        shed(&mut queue, 1);
        assert_eq!((queue.bytes, queue.take_idr_wish()), (0, true));
    }
}
