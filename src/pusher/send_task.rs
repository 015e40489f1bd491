//! The task on "net" that publishes: connects, queues, sheds, interleaves, writes, and tells how it ends.

use super::send_queue::SendQueue;
use super::stats::{LinkFigures, SendStats};
use super::{CodedPicture, CodedSound, Live, Plans};
use crate::api::notice::{Cause, End, Notice, PushNews};
use crate::api::status::PushStats;
use crate::device::{Listener, Wake, clock};
use crate::flow::Notices;
use crate::flow::lane::Receiver;
use crate::flow::net::{Address, Dialer, Stream};
use crate::flv;
use crate::media::{SoundFormat, Span, Time};
use crate::rtmp::client::{Client, Config, Event};
use crate::rtmp::url::RtmpUrl;
use bytes::Bytes;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

/// Bytes given to one write: sound that comes next waits for no more than this.
const WRITE: usize = 8 << 10;
/// Bytes taken by one read; a server says little to a publisher.
const READ: usize = 4 << 10;

/// Everything the task is connected to.
pub struct Wiring {
    pub plans: Plans,
    pub live: Live,
    pub pictures: Receiver<CodedPicture>,
    pub sounds: Receiver<CodedSound>,
    /// Asks the encoder for an IDR.
    pub idr_wish: Arc<AtomicBool>,
    pub bell: Wake,
    pub dialer: Dialer,
    pub notices: Notices,
}

/// Orders to the task.
pub struct Handle {
    orders: mpsc::UnboundedSender<Order>,
}

#[derive(Debug)]
enum Order {
    Connect { session: u64, url: String },
    Disconnect { session: u64 },
}

impl Handle {
    /// Opens session `session`; an older one is left first.
    pub fn connect(&self, session: u64, url: String) {
        let _ = self.orders.send(Order::Connect { session, url });
    }

    /// Leaves session `session`.
    pub fn disconnect(&self, session: u64) {
        let _ = self.orders.send(Order::Disconnect { session });
    }
}

/// Starts the task; it ends when the handle is dropped.
pub fn start(wiring: Wiring, runtime: &tokio::runtime::Handle) -> Handle {
    // Orders come from one state machine that waits for the end of each session: a handful at most.
    let (sender, receiver) = mpsc::unbounded_channel();
    runtime.spawn(obey(Arc::new(wiring), receiver));
    Handle { orders: sender }
}

async fn obey(wiring: Arc<Wiring>, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut next = None;
    loop {
        let Some(order) = (match next.take() {
            Some(order) => Some(order),
            None => orders.recv().await,
        }) else {
            return;
        };
        let (session, end) = match order {
            Order::Disconnect { session } => (session, ours()),
            Order::Connect { session, url } => {
                let stop = Arc::new(tokio::sync::Notify::new());
                // On a task of its own: a panic in it is an end like any other.
                let mut running = tokio::spawn(publish(wiring.clone(), session, url, stop.clone()));
                let end = loop {
                    tokio::select! {
                        end = &mut running => break end,
                        order = orders.recv(), if next.is_none() => {
                            stop.notify_one();
                            match order {
                                Some(Order::Disconnect { session: leave }) if leave == session => {}
                                Some(order) => next = Some(order),
                                None => break running.await,
                            }
                        }
                    }
                };
                wiring.live.set(None);
                (wiring.notices)(Notice::PushStats(PushStats::default()));
                (session, end.unwrap_or_else(|_| broken("an internal error ended the session")))
            }
        };
        (wiring.notices)(Notice::Push { session, news: PushNews::Ended(end) });
    }
}

/// One session from the first packet to the last.
async fn publish(wiring: Arc<Wiring>, session: u64, url: String, stop: Arc<tokio::sync::Notify>) -> End {
    let url = match RtmpUrl::parse(&url) {
        Ok(url) => url,
        Err(error) => return End { cause: Cause::Refused, words: error.to_string() },
    };
    let host = url.host().trim_matches(['[', ']']).to_owned();
    let address = Address { host, port: url.port(), tls: url.tls() };
    let stream = tokio::select! {
        stream = wiring.dialer.connect(&address) => match stream {
            Ok(stream) => stream,
            Err(end) => return end,
        },
        () = stop.notified() => return ours(),
    };
    let bell = match Listener::new(wiring.bell.clone()) {
        Ok(bell) => bell,
        Err(error) => return broken(&error.to_string()),
    };
    wiring.pictures.clear();
    wiring.sounds.clear();
    let now = clock::now();
    let publishing = Publishing {
        session,
        stream,
        client: Client::publish(&url, now, Config::default()),
        queue: SendQueue::new(),
        stats: SendStats::new(now),
        zero: None,
        last_ms: (0, 0),
        config: None,
        held: None,
        sound_begun: false,
        wiring: &wiring,
    };
    publishing.run(bell, &stop).await
}

struct Publishing<'a> {
    session: u64,
    stream: Stream,
    client: Client,
    queue: SendQueue,
    stats: SendStats,
    /// The moment that is time 0 of the session: the capture of its first IDR.
    zero: Option<Time>,
    /// Last time stamps of picture and sound.
    last_ms: (u32, u32),
    /// The decoder configuration the server has.
    config: Option<Bytes>,
    /// The picture that waits for its decoder configuration to go out first.
    held: Option<CodedPicture>,
    sound_begun: bool,
    wiring: &'a Wiring,
}

/// What one turn of the loop was woken by.
enum Turn {
    Read(io::Result<usize>),
    Wrote(io::Result<usize>),
    Rung,
    Late,
    Stop,
}

impl Publishing<'_> {
    async fn run(mut self, bell: Listener, stop: &tokio::sync::Notify) -> End {
        let mut read = vec![0; READ];
        loop {
            if let Some(end) = self.listen() {
                return end;
            }
            self.feed(clock::now());
            match self.turn(&bell, stop, &mut read).await {
                Turn::Read(Ok(0)) => self.client.handle_close(clock::now()),
                Turn::Read(Ok(count)) => self.client.handle_bytes(&read[..count], clock::now()),
                Turn::Wrote(Ok(count)) => {
                    self.client.transmitted(count);
                    self.stats.written(count);
                }
                Turn::Read(Err(error)) | Turn::Wrote(Err(error)) => {
                    return broken(&format!("the connection broke: {error}"));
                }
                Turn::Rung => {}
                Turn::Late => self.late(clock::now()),
                Turn::Stop => self.client.stop(clock::now()),
            }
        }
    }

    /// Waits for whatever comes first.
    async fn turn(&mut self, bell: &Listener, stop: &tokio::sync::Notify, read: &mut [u8]) -> Turn {
        let deadline = self.client.deadline().into_iter().chain([self.stats.due()]).min();
        let wait = deadline.map_or(Span::secs(1), |at| at - clock::now());
        let bytes = self.client.poll_transmit(WRITE);
        let stream = &mut self.stream;
        let io = poll_fn(|cx| {
            let mut buffer = ReadBuf::new(read);
            if let Poll::Ready(result) = Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                return Poll::Ready(Turn::Read(result.map(|()| buffer.filled().len())));
            }
            if !bytes.is_empty()
                && let Poll::Ready(result) = Pin::new(&mut *stream).poll_write(cx, bytes)
            {
                return Poll::Ready(Turn::Wrote(result));
            }
            // TLS may still hold bytes it took earlier.
            if let Poll::Ready(Err(error)) = Pin::new(&mut *stream).poll_flush(cx) {
                return Poll::Ready(Turn::Wrote(Err(error)));
            }
            Poll::Pending
        });
        tokio::select! {
            biased;
            () = stop.notified() => Turn::Stop,
            turn = io => turn,
            () = bell.rung() => Turn::Rung,
            () = tokio::time::sleep(wait.to_std()) => Turn::Late,
        }
    }

    /// Hears what the client has to say; the end of the session when there is one.
    fn listen(&mut self) -> Option<End> {
        while let Some(event) = self.client.poll_event() {
            let news = match event {
                Event::Connected => PushNews::Connected,
                Event::Publishing => {
                    self.wiring.live.set(Some(self.session));
                    PushNews::Publishing
                }
                Event::Closed(reason) => return Some(reason.end()),
                _ => continue,
            };
            (self.wiring.notices)(Notice::Push { session: self.session, news });
        }
        None
    }

    /// Lanes into the queue, the queue into the client: sound first, and a picture only when the last one is out.
    fn feed(&mut self, now: Time) {
        while let Some(picture) = self.wiring.pictures.take() {
            if picture.session == self.session {
                self.queue.push_picture(picture);
            }
        }
        while let Some(sound) = self.wiring.sounds.take() {
            if sound.session == self.session {
                self.queue.push_sound(sound);
            }
        }
        self.queue.shed(self.wiring.plans.get().queue_limit, now);
        if self.queue.take_idr_wish() {
            self.wiring.idr_wish.store(true, Ordering::Release);
        }
        if let Some(busy) = self.queue.congestion(now) {
            (self.wiring.notices)(Notice::NetBusy(busy));
        }
        // The first picture is time 0, so it goes before the first sound.
        if self.zero.is_some() {
            while let Some(sound) = self.queue.pop_sound() {
                self.send_sound(&sound);
            }
        }
        while self.client.wants_video() {
            let Some(picture) = self.held.take().or_else(|| self.queue.pop_picture()) else { break };
            self.send_picture(picture, now);
        }
    }

    fn send_picture(&mut self, picture: CodedPicture, now: Time) {
        if self.zero.is_none() && !self.begin(&picture) {
            return;
        }
        if let Some(config) = picture.config.as_ref().filter(|&config| self.config.as_ref() != Some(config)) {
            self.client.send_video(self.last_ms.0, flv::video::sequence_header(config));
            self.config = picture.config.clone();
            self.held = Some(picture);
            return;
        }
        let Some(zero) = self.zero else { return };
        self.last_ms.0 = self.last_ms.0.max((picture.captured - zero).as_millis().max(0) as u32);
        let body = flv::video::picture(picture.idr, 0, &picture.data);
        self.client.send_video(self.last_ms.0, body);
        self.stats.picture(&picture, now);
    }

    /// Metadata and time 0 with the first IDR; false when the picture is none.
    fn begin(&mut self, picture: &CodedPicture) -> bool {
        if !picture.idr || picture.config.is_none() {
            return false;
        }
        self.zero = Some(picture.captured);
        let plan = self.wiring.plans.get();
        let metadata = flv::metadata::Metadata {
            size: Some(picture.size),
            fps: Some(f64::from(plan.fps)),
            video_kbps: Some(f64::from(plan.video_kbps)),
            audio_kbps: Some(f64::from(plan.sound_kbps)),
            sound: Some(SoundFormat::CALL),
            ..flv::metadata::Metadata::default()
        };
        self.client.send_metadata(metadata.to_value());
        true
    }

    fn send_sound(&mut self, sound: &CodedSound) {
        let Some(zero) = self.zero else { return };
        let at = (sound.captured - zero).as_millis();
        if at < 0 {
            return;
        }
        if !std::mem::replace(&mut self.sound_begun, true) {
            self.client.send_audio(0, flv::audio::sequence_header(&sound.config));
        }
        self.last_ms.1 = (at as u32).max(self.last_ms.1 + 1);
        self.client.send_audio(self.last_ms.1, flv::audio::frame(&sound.data));
        self.stats.sound(sound);
    }

    fn late(&mut self, now: Time) {
        self.client.handle_timeout(now);
        if now >= self.stats.due() {
            let info = self.stream.tcp_info().unwrap_or_default();
            let link = LinkFigures {
                queue: self.queue.age(now),
                shed: self.queue.shed_pictures(),
                rtt: info.rtt,
                unsent_bytes: info.unsent_bytes,
            };
            (self.wiring.notices)(Notice::PushStats(self.stats.take(link, now)));
        }
    }
}

fn ours() -> End {
    End { cause: Cause::Ours, words: "left".into() }
}

fn broken(words: &str) -> End {
    End { cause: Cause::Broken, words: words.into() }
}
