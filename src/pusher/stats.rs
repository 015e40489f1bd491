//! Netstatus of the way up: what was sent in the last second, and how long each stage took. Pure.

use super::{CodedPicture, CodedSound};
use crate::api::status::PushStats;
use crate::media::{Size, Span, Time};
use crate::settings::policy::Aim;

/// Gathers figures and gives them out once a second.
#[derive(Debug)]
pub struct SendStats {
    since: Time,
    video_bytes: u64,
    sound_bytes: u64,
    wire_bytes: u64,
    pictures: u32,
    capture: Vec<Span>,
    encode: Vec<Span>,
    queue: Vec<Span>,
    size: Size,
    last_idr: Option<Time>,
    gop: Span,
    dropped: u64,
    sound_lost: Span,
}

/// What only the connection knows at the moment of asking.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkFigures {
    /// Age of the oldest picture in the queue.
    pub queue: Span,
    /// How long what was written waits beyond the shortest way.
    pub path: Span,
    /// What the network bears, and whether that is less than could be.
    pub target: Option<Aim>,
    pub limited: bool,
    /// Pictures the queue shed in this session.
    pub shed: u64,
    pub rtt: Span,
    pub unsent_bytes: u64,
}

impl SendStats {
    /// Nothing sent yet.
    pub fn new(now: Time) -> Self {
        Self {
            since: now,
            video_bytes: 0,
            sound_bytes: 0,
            wire_bytes: 0,
            pictures: 0,
            capture: Vec::new(),
            encode: Vec::new(),
            queue: Vec::new(),
            size: Size::default(),
            last_idr: None,
            gop: Span::ZERO,
            dropped: 0,
            sound_lost: Span::ZERO,
        }
    }

    /// A picture went to the connection at `now`.
    pub fn picture(&mut self, picture: &CodedPicture, now: Time) {
        self.pictures += 1;
        self.video_bytes += picture.data.len() as u64;
        self.capture.push(picture.taken - picture.captured);
        self.encode.push(picture.encoded - picture.taken);
        self.queue.push(now - picture.encoded);
        self.size = picture.size;
        self.dropped += picture.losses;
        if picture.idr {
            self.gop = self.last_idr.map_or(Span::ZERO, |last| picture.captured - last);
            self.last_idr = Some(picture.captured);
        }
    }

    /// A frame of sound went to the connection.
    pub fn sound(&mut self, sound: &CodedSound) {
        self.sound_bytes += sound.data.len() as u64;
        self.sound_lost = sound.lost;
    }

    /// The kernel took `count` bytes.
    pub fn written(&mut self, count: usize) {
        self.wire_bytes += count as u64;
    }

    /// When the next figures are due.
    pub fn due(&self) -> Time {
        self.since + Span::secs(1)
    }

    /// The figures since the last call.
    pub fn take(&mut self, link: LinkFigures, now: Time) -> PushStats {
        let seconds = (now - self.since).as_secs_f64().max(0.001);
        let kbps = |bytes: u64| (bytes as f64 * 8.0 / 1000.0 / seconds).round() as u32;
        let spread = match (self.queue.iter().min(), self.queue.iter().max()) {
            (Some(&least), Some(&most)) => most - least,
            _ => Span::ZERO,
        };
        let stats = PushStats {
            video_bitrate: kbps(self.video_bytes),
            audio_bitrate: kbps(self.sound_bytes),
            video_fps: (f64::from(self.pictures) / seconds * 10.0).round() / 10.0,
            video_gop: self.gop.as_secs_f64(),
            net_speed: kbps(self.wire_bytes),
            net_jitter: spread.as_millis_f64(),
            video_width: self.size.width,
            video_height: self.size.height,
            target_bitrate: link.target.map_or(0, |target| target.kbps),
            target_fps: link.target.map_or(0, |target| target.fps),
            target_width: link.target.map_or(0, |target| target.size.width),
            target_height: link.target.map_or(0, |target| target.size.height),
            limited_by: if link.limited { "network".into() } else { String::new() },
            queue_ms: link.queue.as_millis_f64(),
            path_ms: link.path.as_millis_f64(),
            dropped: self.dropped + link.shed,
            rtt_ms: link.rtt.as_millis_f64(),
            unsent_bytes: link.unsent_bytes,
            latency_capture: median_ms(&mut self.capture),
            latency_encode: median_ms(&mut self.encode),
            latency_queue: median_ms(&mut self.queue),
            // Counted at the gate.
            pictures_from_camera: 0,
            pictures_from_card: 0,
            // Counted where they pass between players and pusher.
            idr_wishes: 0,
            idrs_on_request: 0,
            net_quality_level: 0,
            cpu: None,
            temperature: None,
            sound_lost_ms: self.sound_lost.as_millis().max(0) as u64,
        };
        (self.video_bytes, self.sound_bytes, self.wire_bytes, self.pictures, self.since) = (0, 0, 0, 0, now);
        stats
    }
}

/// The median in milliseconds, zero of nothing; empties `spans`.
fn median_ms(spans: &mut Vec<Span>) -> f64 {
    spans.sort_unstable();
    let median = spans.get(spans.len() / 2).copied().unwrap_or_default();
    spans.clear();
    median.as_millis_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_micros(ms * 1000)
    }

    #[test]
    fn a_second_of_pictures_becomes_rates_and_medians_and_the_next_second_starts_from_nothing() {
        let mut stats = SendStats::new(at(0));
        for n in 0..30 {
            let captured = at(n * 33);
            let picture = CodedPicture {
                data: vec![0; 2000].into(),
                idr: n % 15 == 0,
                captured,
                taken: captured + Span::millis(1),
                encoded: captured + Span::millis(3),
                ..CodedPicture::default()
            };
            stats.picture(&picture, captured + Span::millis(4));
        }
        stats.written(70_000);
        let first = stats.take(LinkFigures { shed: 2, ..LinkFigures::default() }, at(1000));
        assert_eq!((first.video_bitrate, first.net_speed, first.video_fps), (480, 560, 30.0));
        assert_eq!((first.latency_capture, first.latency_encode, first.latency_queue), (1.0, 2.0, 1.0));
        assert_eq!((first.video_gop, first.dropped), (0.495, 2));
        let second = stats.take(LinkFigures::default(), at(2000));
        assert_eq!((second.video_bitrate, second.video_fps, second.latency_encode), (0, 0.0, 0.0));
    }
}
