//! What is told of one playing session: in legal order, not too often, and nothing after its end.

use crate::api::notice::{End, Notice, PlayNews, Unplayable};
use crate::device::tcp_info::TcpInfo;
use crate::device::{DeviceError, clock};
use crate::flow::Notices;
use crate::flow::wishes::Hearing;
use crate::media::{Size, Span, Time};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

/// A kind of trouble is told at most once in this time.
const ONCE: Span = Span::secs(1);

/// So long a look at the connection is good for.
const LOOK: Span = Span::millis(500);

/// Frames of sound without a picture, where there are to be some, after which sound alone is playing: about two seconds.
const SOUND_ALONE: u32 = 100;
/// The same where nothing was said of pictures yet: servers give whatever comes first, and a sender's first picture may come
/// some moments behind its sound.
const SOUND_FIRST: u32 = 8;

/// One session, shared by everybody its media pass through.
pub struct Session {
    player: usize,
    number: u64,
    notices: Notices,
    told: Mutex<Told>,
    /// Who sends it, and whether an IDR is lacking.
    pub wishes: Hearing,
    /// Bytes received, and messages that could not be understood.
    pub bytes: AtomicU64,
    pub bad_messages: AtomicU64,
    /// Round trip of the connection, and when it was looked at; in microseconds.
    round_trip: AtomicI64,
    looked: AtomicI64,
}

#[derive(Default)]
struct Told {
    connected: bool,
    begun: bool,
    idr: bool,
    decoder: bool,
    size: Option<Size>,
    playing: bool,
    /// A picture is to be expected: sound alone is not yet playing.
    pictures: bool,
    /// None of the pictures can be shown.
    unplayable: bool,
    /// Frames of sound that were heard.
    heard: u32,
    loading: bool,
    ended: bool,
    troubles: [Option<Time>; 5],
}

impl Session {
    /// Session `number` of player number `player`.
    pub fn new(player: usize, number: u64, wishes: Hearing, notices: Notices) -> Self {
        let told = Mutex::default();
        let (bytes, bad_messages) = (AtomicU64::new(0), AtomicU64::new(0));
        let (round_trip, looked) = (AtomicI64::new(0), AtomicI64::new(i64::MIN));
        Self { player, number, notices, told, wishes, bytes, bad_messages, round_trip, looked }
    }

    /// Looks at the round trip of its connection, twice a second at most.
    pub fn look(&self, connection: &impl AsFd) {
        let now = clock::now().as_micros();
        if now.saturating_sub(self.looked.load(Ordering::Relaxed)) < LOOK.as_micros() {
            return;
        }
        self.looked.store(now, Ordering::Relaxed);
        if let Ok(info) = TcpInfo::of(connection) {
            self.round_trip.store(info.rtt.as_micros(), Ordering::Relaxed);
        }
    }

    /// The round trip of its connection.
    pub fn round_trip(&self) -> Span {
        Span::micros(self.round_trip.load(Ordering::Relaxed))
    }

    /// Adds to the bytes received.
    pub fn received(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Adds to the messages that could not be understood.
    pub fn misunderstood(&self, messages: u64) {
        self.bad_messages.fetch_add(messages, Ordering::Relaxed);
    }

    /// Another connection took over after so long a silence.
    pub fn switched(&self, silence: Span) {
        self.tell(&self.lock(), PlayNews::Switched(silence));
    }

    /// The server accepted the connection.
    pub fn connected(&self) {
        let mut told = self.lock();
        if !std::mem::replace(&mut told.connected, true) {
            self.tell(&told, PlayNews::Connected);
        }
    }

    /// The server sends the stream, maybe again.
    pub fn stream_begin(&self) {
        self.wishes.anew();
        let mut told = self.lock();
        if !std::mem::replace(&mut told.begun, true) {
            self.tell(&told, PlayNews::StreamBegin);
        }
    }

    /// The publisher ended the stream; when it begins again everything is told again.
    pub fn stream_ended(&self) {
        self.wishes.anew();
        let mut told = self.lock();
        if told.begun {
            self.tell(&told, PlayNews::StreamEnded);
        }
        let Told { connected, ended, pictures, .. } = *told;
        *told = Told { connected, ended, pictures, ..Told::default() };
    }

    /// The stream has pictures that can be shown.
    pub fn has_pictures(&self) {
        let mut told = self.lock();
        told.pictures = true;
        if std::mem::take(&mut told.unplayable) {
            told.size = None;
        }
    }

    /// It has some, and none of them can be shown: what is still to come of others is not told.
    pub fn unplayable(&self, unplayable: Unplayable) {
        let mut told = self.lock();
        if told.begun {
            (told.pictures, told.unplayable) = (false, true);
            self.tell(&told, PlayNews::Unplayable(unplayable));
        }
    }

    /// An IDR came.
    pub fn first_idr(&self) {
        let mut told = self.lock();
        if told.begun && !std::mem::replace(&mut told.idr, true) {
            self.tell(&told, PlayNews::FirstIdr);
        }
    }

    /// The decoder called `name` was built.
    pub fn decoder_started(&self, name: &'static str) {
        let mut told = self.lock();
        if told.idr && !std::mem::replace(&mut told.decoder, true) {
            self.tell(&told, PlayNews::DecoderStarted(name));
        }
    }

    /// The decoder called `from` failed with `error`, and `to` takes over.
    pub fn decoder_switched(&self, from: &'static str, to: &'static str, error: &DeviceError) {
        let told = self.lock();
        if told.begun {
            self.tell(&told, PlayNews::DecoderSwitched { from, to, reason: error.to_string() });
        }
    }

    /// A picture of `size` was decoded.
    pub fn resolution(&self, size: Size) {
        let mut told = self.lock();
        if told.decoder && !told.unplayable && told.size.replace(size) != Some(size) {
            self.tell(&told, PlayNews::Resolution(size));
        }
    }

    /// A picture was given to the display.
    pub fn shown(&self) {
        self.play_begin(|told| told.size.is_some());
    }

    /// A frame of sound was given to the loudspeaker, or would have been if there were one. Where pictures may be expected it
    /// is waited for them for a while: a stream that had some may come back without.
    pub fn heard(&self) {
        self.play_begin(|told| {
            told.heard += 1;
            let enough = match (told.pictures, told.unplayable) {
                (true, _) => SOUND_ALONE,
                (_, true) => 0,
                _ => SOUND_FIRST,
            };
            told.heard > enough
        });
    }

    fn play_begin(&self, counts: impl FnOnce(&mut Told) -> bool) {
        let mut told = self.lock();
        if told.begun && !told.playing && counts(&mut told) {
            told.playing = true;
            self.tell(&told, PlayNews::PlayBegin);
        }
    }

    /// Nothing left to play, or playing again; of no interest before playing began.
    pub fn loading(&self, loading: bool) {
        let mut told = self.lock();
        if told.playing && told.loading != loading {
            told.loading = loading;
            self.tell(&told, PlayNews::Loading(loading));
        }
    }

    /// Something is wrong, but the session goes on.
    pub fn trouble(&self, news: PlayNews) {
        let class = match news {
            PlayNews::DataLag => 0,
            PlayNews::PlayLag => 1,
            PlayNews::Discontinuity => 2,
            PlayNews::VideoDecodeFailed(_) => 3,
            _ => 4,
        };
        let (mut told, now) = (self.lock(), clock::now());
        let last = told.troubles.get(class).copied().flatten();
        if told.begun && last.is_none_or(|last| now - last >= ONCE) {
            if let Some(place) = told.troubles.get_mut(class) {
                *place = Some(now);
            }
            self.tell(&told, news);
        }
    }

    /// All that came in it was what the server had kept: its sender is silent.
    pub fn nothing_live(&self) {
        self.tell(&self.lock(), PlayNews::NothingLive);
    }

    /// The session is over.
    pub fn end(&self, end: End) {
        self.wishes.end();
        let mut told = self.lock();
        self.tell(&told, PlayNews::Ended(end));
        told.ended = true;
    }

    /// The lock is held while telling: two threads can not swap their news.
    fn tell(&self, told: &Told, news: PlayNews) {
        if !told.ended {
            (self.notices)(Notice::Play { player: self.player, session: self.number, news });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::notice::Cause;
    use crate::flow::wishes::Wishes;
    use std::sync::Arc;

    /// A session, and what is told of it.
    fn session() -> (Session, Arc<Mutex<Vec<PlayNews>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = told.clone();
        let notices: Notices = Arc::new(move |notice| {
            if let Notice::Play { news, .. } = notice {
                sink.lock().unwrap().push(news);
            }
        });
        (Session::new(0, 1, Wishes::new().hearing(), notices), told)
    }

    #[test]
    fn news_come_in_order_once_and_never_after_the_end() {
        let (session, told) = session();
        session.heard();
        session.first_idr();
        for _ in 0..2 {
            session.connected();
            session.stream_begin();
            session.has_pictures();
            session.heard();
            session.loading(true);
            session.first_idr();
            session.decoder_started("test");
            session.resolution(Size::new(640, 360));
            session.shown();
            session.trouble(PlayNews::DataLag);
        }
        session.loading(false);
        let end = End { cause: Cause::Ours, words: "left".into() };
        session.end(end.clone());
        session.end(end.clone());
        session.stream_begin();
        session.trouble(PlayNews::PlayLag);
        let expected = [
            PlayNews::Connected,
            PlayNews::StreamBegin,
            PlayNews::FirstIdr,
            PlayNews::DecoderStarted("test"),
            PlayNews::Resolution(Size::new(640, 360)),
            PlayNews::PlayBegin,
            PlayNews::DataLag,
            PlayNews::Loading(true),
            PlayNews::Loading(false),
            PlayNews::Ended(end),
        ];
        assert_eq!(*told.lock().unwrap(), expected);
    }

    #[test]
    fn a_stream_that_comes_back_is_told_anew_and_its_sound_waits_for_its_picture() {
        let (session, told) = session();
        session.stream_begin();
        session.has_pictures();
        session.stream_ended();
        session.stream_begin();
        session.heard();
        session.first_idr();
        session.decoder_started("test");
        session.resolution(Size::new(640, 360));
        assert!(!told.lock().unwrap().contains(&PlayNews::PlayBegin));
        session.shown();
        assert_eq!(told.lock().unwrap().last(), Some(&PlayNews::PlayBegin));
        session.stream_ended();
        session.stream_begin();
        (0..=SOUND_ALONE).for_each(|_| session.heard());
        assert_eq!(told.lock().unwrap().last(), Some(&PlayNews::PlayBegin), "it came back without pictures");
    }

    #[test]
    fn sound_that_comes_before_anything_is_known_of_pictures_waits_for_them_for_some_frames() {
        for pictures in [true, false] {
            let (session, told) = session();
            session.stream_begin();
            (0..SOUND_FIRST).for_each(|_| session.heard());
            assert_eq!(*told.lock().unwrap(), [PlayNews::StreamBegin]);
            if pictures {
                session.has_pictures();
            }
            session.heard();
            assert_eq!(told.lock().unwrap().len(), if pictures { 1 } else { 2 });
        }
    }
}
