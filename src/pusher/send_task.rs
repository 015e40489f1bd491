//! The task on "net" that publishes: connects, queues, sheds, interleaves, writes, and tells how it ends.

use super::gate::Gate;
use super::send_queue::SendQueue;
use super::stats::{LinkFigures, SendStats};
use super::steering::Steering;
use super::target::Target;
use super::wire_time::WireTime;
use super::{CodedPicture, CodedSound, Live, Plans, Uplinks};
use crate::api::notice::{Cause, End, Notice, PushNews};
use crate::api::status::PushStats;
use crate::device::{Listener, Wake, clock};
use crate::flow::Notices;
use crate::flow::lane::Receiver;
use crate::flow::net::{Address, Dialer, Keeper, Link, Stream, TCP_LIMIT, Turn, Unheard};
use crate::flow::sessions::{Way, broken, ours};
use crate::flv;
use crate::media::{Size, SoundFormat, Span, Time};
use crate::rtmp::client::{Client, Config, Event};
use bytes::Bytes;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Bytes given to one write: sound that comes next waits for no more than this.
const WRITE: usize = 8 << 10;
/// Bytes taken by one read; a server says little to a publisher.
const READ: usize = 4 << 10;

/// A session that has sound and no picture for so long begins without one: the encoder fails, and who waits hears at least.
const ALONE: Span = Span::secs(1);

/// Everything the task is connected to.
pub struct Wiring {
    pub plans: Plans,
    pub live: Live,
    pub uplink: Uplinks,
    pub pictures: Receiver<CodedPicture>,
    pub sounds: Receiver<CodedSound>,
    /// Asks the encoder for an IDR.
    pub idr_wish: Arc<AtomicBool>,
    pub gate: Gate,
    pub bell: Wake,
    /// It was told once that others can read the key.
    pub key_told: AtomicBool,
    pub unheard: Unheard,
    pub dialer: Dialer,
    pub notices: Notices,
}

/// The way up as a sequence of sessions; give it to [`crate::flow::sessions::Sessions`].
pub struct Publisher(pub Arc<Wiring>);

impl Way for Publisher {
    type Session = u64;
    type Target = Target;

    fn begin(&self, number: u64) -> u64 {
        number
    }

    fn run(&self, session: u64, target: Target, stop: Arc<Notify>) -> impl Future<Output = End> + Send + 'static {
        publish(self.0.clone(), session, target, stop)
    }

    async fn ended(&self, session: u64, end: End) {
        self.0.live.set(None);
        if end.cause == Cause::Ours {
            self.0.unheard.reset();
        }
        (self.0.notices)(Notice::PushStats(PushStats::default()));
        (self.0.notices)(Notice::Push { session, news: PushNews::Ended(end) });
    }
}

/// One session from the first packet to the last.
async fn publish(wiring: Arc<Wiring>, session: u64, target: Target, stop: Arc<Notify>) -> End {
    // The key may lie on a slow disk, and this thread speaks with the servers.
    let url = match tokio::task::spawn_blocking(move || target.address()).await {
        Ok(Ok((url, warning))) => {
            if let Some(words) = warning.filter(|_| !wiring.key_told.swap(true, Ordering::AcqRel)) {
                tracing::warn!("{words}");
            }
            url
        }
        Ok(Err(end)) => return end,
        Err(error) => return broken(&error.to_string()),
    };
    let address = Address::of(&url);
    let stream = tokio::select! {
        stream = wiring.dialer.connect(&address) => match stream {
            Ok(stream) => stream,
            Err(end) => return end,
        },
        () = stop.notified() => return ours(),
    };
    wiring.unheard.reset();
    let bell = match Listener::new(wiring.bell.clone()) {
        Ok(bell) => bell,
        Err(error) => return broken(&error.to_string()),
    };
    wiring.pictures.clear();
    wiring.sounds.clear();
    let now = clock::now();
    let mut publishing = Publishing {
        session,
        stream,
        client: Client::publish(&url, now, Config::default()),
        queue: SendQueue::new(),
        stats: SendStats::new(now),
        steering: Steering::new(&wiring.plans.get().rates, wiring.uplink.clone(), wiring.notices.clone(), now),
        time: None,
        heard: None,
        config: None,
        held: None,
        sound_config: None,
        keeper: Keeper::new(now),
        link: Link::Flowing,
        wiring: &wiring,
    };
    let end = publishing.run(bell, &stop).await;
    if publishing.link == Link::Dead {
        wiring.unheard.keep(publishing.stream);
    }
    end
}

struct Publishing<'a> {
    session: u64,
    stream: Stream,
    client: Client,
    queue: SendQueue,
    stats: SendStats,
    steering: Steering,
    /// Its time 0 is the capture of its first IDR, or of its first sound if there is none.
    time: Option<WireTime>,
    /// Since when there is sound.
    heard: Option<Time>,
    /// The decoder configuration the server has.
    config: Option<Bytes>,
    /// The picture that waits for its decoder configuration to go out first.
    held: Option<CodedPicture>,
    /// The AudioSpecificConfig the server has.
    sound_config: Option<Bytes>,
    keeper: Keeper,
    link: Link,
    wiring: &'a Wiring,
}

/// What woke the loop.
enum Woken {
    Io(io::Result<Turn>),
    Rung,
    Late,
    Stop,
}

impl Publishing<'_> {
    async fn run(&mut self, mut bell: Listener, stop: &Notify) -> End {
        let mut read = vec![0; READ];
        loop {
            if let Some(end) = self.listen() {
                return end;
            }
            let now = clock::now();
            if now >= self.keeper.due() {
                self.link = self.keeper.turn(&self.stream, now);
            }
            match self.link {
                Link::Flowing | Link::Silent => {}
                Link::Moved => {
                    let words = "the connection broke: this device has another address now".into();
                    return End { cause: Cause::Moved, words };
                }
                Link::Dead => {
                    return broken(&format!("the connection broke: nothing was acknowledged for {TCP_LIMIT:?}"));
                }
            }
            self.feed(now);
            match self.wait(&mut bell, stop, &mut read).await {
                Woken::Io(Ok(Turn::Read(0))) => self.client.handle_close(clock::now()),
                Woken::Io(Ok(Turn::Read(count))) => {
                    self.client.handle_bytes(read.get(..count).unwrap_or_default(), clock::now());
                }
                Woken::Io(Ok(Turn::Wrote(count))) => {
                    self.client.transmitted(count);
                    self.stats.written(count);
                }
                Woken::Io(Err(error)) => return broken(&format!("the connection broke: {error}")),
                Woken::Rung => {}
                Woken::Late => self.late(clock::now()),
                Woken::Stop => self.client.stop(clock::now()),
            }
        }
    }

    /// Waits for whatever comes first.
    async fn wait(&mut self, bell: &mut Listener, stop: &Notify, read: &mut [u8]) -> Woken {
        let now = clock::now();
        let deadlines = [self.client.deadline(), self.steering.deadline(now)];
        let deadline = deadlines.into_iter().flatten().chain([self.stats.due(), self.keeper.due()]).min();
        let wait = deadline.map_or(Span::secs(1), |at| at - now);
        // What the kernel takes during a break is stale when the link is back, and delays what is fresh.
        let room = self.steering.room(WRITE, now);
        let bytes = if self.link == Link::Flowing { self.client.poll_transmit(room) } else { &[] };
        tokio::select! {
            biased;
            () = stop.notified() => Woken::Stop,
            turn = self.stream.turn(read, bytes) => Woken::Io(turn),
            () = bell.rung() => Woken::Rung,
            () = tokio::time::sleep(wait.to_std()) => Woken::Late,
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
                let since = *self.heard.get_or_insert(now);
                if self.time.is_none() && now - since >= ALONE {
                    self.begin(sound.captured, None);
                }
                self.queue.push_sound(sound);
            }
        }
        let plan = self.wiring.plans.get();
        self.queue.shed(plan.rates.policy.queue_limit, plan.rates.policy.sound_limit, now);
        if self.queue.take_idr_wish() {
            self.wiring.idr_wish.store(true, Ordering::Release);
        }
        if let Ok(info) = self.stream.tcp_info() {
            let begun = self.time.is_some() && !self.client.wants_video();
            self.steering.look(info, &plan.rates, &self.queue, begun, self.link == Link::Silent, now);
        }
        // The first picture is time 0, so it goes before the first sound.
        if self.time.is_some() && self.steering.takes_sound(now) {
            while let Some(sound) = self.queue.pop_sound() {
                self.send_sound(&sound);
            }
        }
        while self.client.wants_video() && self.steering.room(WRITE, now) > 0 {
            let Some(picture) = self.held.take().or_else(|| self.queue.pop_picture()) else { break };
            let wiring = self.wiring;
            if let Some(_pass) = wiring.gate.pass(picture.from_camera, picture.era) {
                self.send_picture(picture, now);
            }
        }
    }

    fn send_picture(&mut self, picture: CodedPicture, now: Time) {
        if self.config.is_none() && (!picture.idr || picture.config.is_none()) {
            return;
        }
        if self.time.is_none() {
            self.begin(picture.captured, Some(picture.size));
        }
        if let Some(config) = picture.config.as_ref().filter(|&config| self.config.as_ref() != Some(config)) {
            let last = self.time.as_ref().map_or(0, WireTime::last_picture);
            self.client.send_video(last, flv::video::sequence_header(config));
            self.config = picture.config.clone();
            self.held = Some(picture);
            return;
        }
        let Some(time) = &mut self.time else { return };
        let body = flv::video::picture(picture.idr, 0, &picture.data);
        self.client.send_video(time.picture(picture.captured), body);
        self.steering.picture(now);
        self.stats.picture(&picture, now);
    }

    /// Metadata, and time 0 at `zero`; without a `size` there is no picture yet.
    fn begin(&mut self, zero: Time, size: Option<Size>) {
        self.time = Some(WireTime::new(zero));
        let plan = self.wiring.plans.get();
        let metadata = flv::metadata::Metadata {
            size,
            fps: Some(f64::from(plan.fps)),
            video_kbps: Some(f64::from(plan.rates.max)),
            audio_kbps: Some(f64::from(plan.rates.sound)),
            sound: Some(SoundFormat { rate: plan.sound_rate, channels: 1 }),
            ..flv::metadata::Metadata::default()
        };
        self.client.send_metadata(metadata.to_value());
    }

    fn send_sound(&mut self, sound: &CodedSound) {
        let Some(timestamp) = self.time.as_mut().and_then(|time| time.sound(sound.captured)) else { return };
        if self.sound_config.as_ref() != Some(&sound.config) {
            self.client.send_audio(timestamp, flv::audio::sequence_header(&sound.config));
            self.sound_config = Some(sound.config.clone());
        }
        self.client.send_audio(timestamp, flv::audio::frame(&sound.data));
        self.stats.sound(sound);
    }

    fn late(&mut self, now: Time) {
        self.client.handle_timeout(now);
        if now >= self.stats.due() {
            let info = self.steering.info();
            let (target, limited) = self.steering.target();
            let link = LinkFigures {
                queue: self.queue.age(now),
                path: self.steering.path(now),
                target: Some(target),
                limited,
                shed: self.queue.shed_pictures(),
                rtt: info.rtt,
                unsent_bytes: info.unsent_bytes,
            };
            (self.wiring.notices)(Notice::PushStats(self.stats.take(link, now)));
        }
    }
}
