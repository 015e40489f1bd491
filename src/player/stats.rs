//! Netstatus of a player: what each worker counts, and the figures of a second.

use super::session::Session;
use crate::api::status::PlayStats;
use crate::media::{Size, Span, Time};
use crate::playout::Figures;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Delays kept of one second; more are not looked at.
const MOST: usize = 128;
/// What few pictures tell is told again for so long: a waiting card may come every other second.
const HELD: Span = Span::millis(2500);

/// What decoder, display and loudspeaker measure; read and emptied once a second.
#[derive(Debug, Default)]
pub struct Gauges {
    decode: Delays,
    present: Delays,
    /// From the capture there to the showing here.
    end_to_end: Delays,
    /// Pictures given to the display.
    shown: AtomicU64,
    /// Pictures decoded too late to be shown.
    overtaken: AtomicU64,
    /// Sound that was missing when it was due, in microseconds.
    missing: AtomicU64,
    /// Width and height of the last picture decoded.
    size: AtomicU64,
    /// The shortest stay of a picture in the decoder lately, in microseconds.
    stay: AtomicU64,
}

/// Delays of one stage.
#[derive(Debug, Default)]
struct Delays(Mutex<Vec<Span>>);

impl Delays {
    fn add(&self, span: Span) {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spans.len() < MOST {
            spans.push(span);
        }
    }

    fn take_median(&self) -> Option<f64> {
        median(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The median in milliseconds; `spans` is empty afterwards.
fn median(spans: &mut Vec<Span>) -> Option<f64> {
    spans.sort_unstable();
    let middle = spans.get(spans.len() / 2).map(|span| span.as_millis_f64());
    spans.clear();
    middle
}

/// A figure that does not come every second.
#[derive(Debug, Default)]
struct Rare(Option<(f64, Time)>);

impl Rare {
    /// The figure `now`: a `new` one, or the last while it is fresh.
    fn take(&mut self, new: Option<f64>, now: Time) -> Option<f64> {
        if let Some(new) = new {
            self.0 = Some((new, now));
        }
        self.0.filter(|(_, at)| now - *at <= HELD).map(|(value, _)| value)
    }
}

impl Gauges {
    /// A unit was in the decoder for `span`.
    pub fn decoded(&self, span: Span, size: Option<Size>) {
        self.decode.add(span);
        if let Some(size) = size {
            self.size.store(u64::from(size.width) << 32 | u64::from(size.height), Ordering::Relaxed);
        }
    }

    /// A picture that was `decoded`, and maybe `captured`, at these moments was shown `at`.
    pub fn presented(&self, at: Time, decoded: Time, captured: Option<Time>) {
        self.present.add(at - decoded);
        captured.into_iter().for_each(|captured| self.end_to_end.add(at - captured));
        self.shown.fetch_add(1, Ordering::Relaxed);
    }

    /// A decoded picture was not shown, because a newer one was due.
    pub fn overtaken(&self) {
        self.overtaken.fetch_add(1, Ordering::Relaxed);
    }

    /// Sound of this length was missing.
    pub fn missing(&self, span: Span) {
        self.missing.fetch_add(span.as_micros().max(0) as u64, Ordering::Relaxed);
    }

    /// The shortest stay of a picture in the decoder lately.
    pub fn set_stay(&self, span: Span) {
        self.stay.store(span.as_micros().max(0) as u64, Ordering::Relaxed);
    }

    /// What was last said by [`Self::set_stay`].
    pub fn stay(&self) -> Span {
        Span::micros(self.stay.load(Ordering::Relaxed) as i64)
    }

    fn size(&self) -> Size {
        let packed = self.size.load(Ordering::Relaxed);
        Size::new((packed >> 32) as u32, packed as u32)
    }
}

/// What "play" counts itself.
#[derive(Debug)]
pub struct Second {
    since: Time,
    video_bytes: u64,
    sound_bytes: u64,
    wire_bytes: u64,
    shown: u64,
    waited: Vec<Span>,
    travelled: Vec<Span>,
    net: Rare,
    end_to_end: Rare,
    last_idr: Option<Span>,
    gop: Span,
    /// What was overtaken and missing before the session began.
    before: (u64, u64),
}

impl Second {
    /// Begins to count at `now`, for a session that begins.
    pub fn new(gauges: &Gauges, now: Time) -> Self {
        gauges.size.store(0, Ordering::Relaxed);
        Self {
            since: now,
            video_bytes: 0,
            sound_bytes: 0,
            wire_bytes: 0,
            shown: gauges.shown.load(Ordering::Relaxed),
            waited: Vec::new(),
            travelled: Vec::new(),
            net: Rare::default(),
            end_to_end: Rare::default(),
            last_idr: None,
            gop: Span::ZERO,
            before: (gauges.overtaken.load(Ordering::Relaxed), gauges.missing.load(Ordering::Relaxed)),
        }
    }

    /// An access unit came.
    pub fn video(&mut self, bytes: usize, idr: bool, dts: Span) {
        self.video_bytes += bytes as u64;
        if idr && let Some(last) = self.last_idr.replace(dts) {
            self.gop = (dts - last).max(Span::ZERO);
        }
    }

    /// A frame of sound came.
    pub fn sound(&mut self, bytes: usize) {
        self.sound_bytes += bytes as u64;
    }

    /// A unit left the jitter buffer after `span`.
    pub fn waited(&mut self, span: Span) {
        if self.waited.len() < MOST {
            self.waited.push(span);
        }
    }

    /// From its encoder there a unit came here within `span`.
    pub fn travelled(&mut self, span: Span) {
        if self.travelled.len() < MOST {
            self.travelled.push(span);
        }
    }

    /// When the next figures are due.
    pub fn due(&self) -> Time {
        self.since + Span::secs(1)
    }

    /// The figures since the last call.
    pub fn take(&mut self, gauges: &Gauges, session: Option<&Session>, figures: Figures, now: Time) -> PlayStats {
        let seconds = (now - self.since).as_secs_f64().max(0.001);
        let kbps = |bytes: u64| (bytes as f64 * 8.0 / 1000.0 / seconds).round() as u32;
        let (wire, bad_messages) = session.map_or((0, 0), |session| {
            (session.bytes.load(Ordering::Relaxed), session.bad_messages.load(Ordering::Relaxed))
        });
        let (shown, size) = (gauges.shown.load(Ordering::Relaxed), gauges.size());
        let overtaken = gauges.overtaken.load(Ordering::Relaxed).saturating_sub(self.before.0);
        let missing = gauges.missing.load(Ordering::Relaxed).saturating_sub(self.before.1) / 1000;
        let stats = PlayStats {
            video_bitrate: kbps(self.video_bytes),
            audio_bitrate: kbps(self.sound_bytes),
            video_fps: (shown.saturating_sub(self.shown) as f64 / seconds * 10.0).round() / 10.0,
            video_gop: self.gop.as_secs_f64(),
            net_speed: kbps(wire.saturating_sub(self.wire_bytes)),
            net_jitter: figures.jitter.as_millis_f64(),
            video_width: size.width,
            video_height: size.height,
            queue_ms: 0.0,
            jitter_buffer_ms: figures.buffer.as_millis_f64(),
            rtt_ms: session.map_or(0.0, |session| session.round_trip().as_millis_f64()),
            av_play_interval_ms: figures.lead.as_millis_f64(),
            latency_net: self.net.take(median(&mut self.travelled), now),
            latency_buffer: median(&mut self.waited).unwrap_or_default(),
            latency_decode: gauges.decode.take_median().unwrap_or_default(),
            latency_present: gauges.present.take_median().unwrap_or_default(),
            latency_end_to_end: self.end_to_end.take(gauges.end_to_end.take_median(), now),
            net_quality_level: 0,
            cpu: None,
            temperature: None,
            dropped: figures.dropped + overtaken,
            sound_missing_ms: missing + figures.skipped.as_millis().max(0) as u64,
            bad_messages,
        };
        (self.since, self.video_bytes, self.sound_bytes) = (now, 0, 0);
        (self.wire_bytes, self.shown) = (wire, shown);
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_summed_up_and_the_next_begins_at_nothing() {
        let (gauges, start) = (Gauges::default(), Time::default());
        let mut second = Second::new(&gauges, start);
        for n in 0..30 {
            second.video(2500, n % 15 == 0, Span::millis(33 * n));
            second.waited(Span::millis(n));
            gauges.decoded(Span::micros(700), Some(Size::new(640, 360)));
            let at = start + Span::millis(100);
            gauges.presented(at, at - Span::micros(300), (n % 15 == 0).then_some(at - Span::millis(70)));
        }
        gauges.missing(Span::millis(20));
        let stats = second.take(&gauges, None, Figures::default(), start + Span::secs(1));
        assert_eq!((stats.video_bitrate, stats.video_fps, stats.sound_missing_ms), (600, 30.0, 20));
        assert_eq!((stats.video_width, stats.latency_decode, stats.latency_buffer), (640, 0.7, 15.0));
        assert!((stats.video_gop - 0.495).abs() < 1e-9);
        assert_eq!((stats.latency_present, stats.latency_end_to_end, stats.latency_net), (0.3, Some(70.0), None));
        let stats = second.take(&gauges, None, Figures::default(), start + Span::secs(2));
        assert_eq!((stats.video_bitrate, stats.video_fps, stats.latency_decode), (0, 0.0, 0.0));
        assert_eq!(stats.latency_end_to_end, Some(70.0), "the last stamp is not old yet");
        let stats = second.take(&gauges, None, Figures::default(), start + Span::secs(4));
        assert_eq!(stats.latency_end_to_end, None, "no stamp for too long");
    }
}
