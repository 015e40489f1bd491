//! The figures that `debug` lays over the local screen: what a technician in front of it wants to know.

use super::Output;
use crate::api::code::Code;
use crate::api::event::Object;
use crate::api::figures::{Figure, Figures, Recent};
use crate::api::status::{PlayerStatus, PusherStatus};
use crate::media::{Size, Span, Time};
use std::collections::VecDeque;

/// Events of one object that are told.
const EVENTS: usize = 4;
/// Objects are few: a pusher, four players, device and daemon.
const REMEMBERED: usize = 8 * EVENTS;

/// What happened last.
#[derive(Debug, Default)]
pub struct History {
    events: VecDeque<(Time, Object, &'static Code)>,
}

impl History {
    /// Takes note of the events among `outputs`.
    pub fn hear<'a>(&mut self, outputs: impl IntoIterator<Item = &'a Output>, now: Time) {
        for output in outputs {
            let Output::Happened(happening) = output else { continue };
            if self.of(&happening.object).count() >= EVENTS {
                let oldest = self.events.iter().position(|(_, object, _)| *object == happening.object);
                oldest.and_then(|place| self.events.remove(place));
            }
            self.events.push_back((now, happening.object.clone(), happening.code));
            if self.events.len() > REMEMBERED {
                self.events.pop_front();
            }
        }
    }

    fn of<'a>(&'a self, object: &'a Object) -> impl DoubleEndedIterator<Item = &'a (Time, Object, &'static Code)> {
        self.events.iter().filter(move |(_, whose, _)| whose == object)
    }

    /// The events of `object`, the newest first.
    fn recent(&self, object: &Object, now: Time) -> Vec<Recent> {
        let told = |(at, _, code): &(Time, Object, &'static Code)| Recent {
            age: age(now - *at),
            code: code.number,
            name: code.name,
        };
        self.of(object).rev().map(told).collect()
    }
}

/// "12 s", "3 min", "2 h".
fn age(span: Span) -> String {
    match span.as_millis().max(0) / 1000 {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

fn figure(name: &'static str, value: String, unit: &'static str) -> Figure {
    Figure { name, value, unit }
}

/// A number that may be unknown.
fn known(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".into(), |value| format!("{value:.digits$}"))
}

fn size(width: u32, height: u32) -> String {
    Size::new(width, height).to_string().replace('x', "×")
}

/// The way up.
pub fn of_pusher(it: &PusherStatus, history: &History, now: Time) -> Figures {
    let net = &it.net;
    let limited = if net.limited_by.is_empty() { "" } else { " · held by the " };
    Figures {
        player: None,
        title: format!("pusher · {}{limited}{}", it.state.words(), net.limited_by),
        server: it.url.clone(),
        net: vec![
            figure("cpu", known(net.cpu, 0), "%"),
            figure("videoSize", size(net.video_width, net.video_height), ""),
            figure("netSpeed", net.net_speed.to_string(), "kbit/s"),
            figure("netJitter", format!("{:.0}", net.net_jitter), "ms"),
            figure("videoFPS", format!("{:.0}", net.video_fps), ""),
            figure("videoGOP", format!("{:.1}", net.video_gop), "s"),
            figure("audioBitrate", net.audio_bitrate.to_string(), "kbit/s"),
            figure("queueMs", format!("{:.0}", net.queue_ms), ""),
            figure("videoBitrate", net.video_bitrate.to_string(), "kbit/s"),
            figure("dropped", net.dropped.to_string(), ""),
            figure("targetBitrate", net.target_bitrate.to_string(), "kbit/s"),
            figure("rttMs", format!("{:.0}", net.rtt_ms), ""),
            figure("netQuality", net.net_quality_level.to_string(), "of 6"),
            figure("temperature", known(net.temperature, 0), "°C"),
        ],
        latency: vec![
            figure("capture", format!("{:.1}", net.latency_capture), ""),
            figure("encode", format!("{:.1}", net.latency_encode), ""),
            figure("queue", format!("{:.1}", net.latency_queue), ""),
            figure("path", format!("{:.1}", net.path_ms), ""),
        ],
        events: history.recent(&Object::Pusher, now),
    }
}

/// The way down of player number `player`.
pub fn of_player(player: usize, it: &PlayerStatus, history: &History, now: Time) -> Figures {
    let net = &it.net;
    Figures {
        player: Some(player),
        title: format!("{} · {}", it.id, if it.loading { "loading" } else { it.state.words() }),
        server: it.src.clone(),
        net: vec![
            figure("cpu", known(net.cpu, 0), "%"),
            figure("videoSize", size(net.video_width, net.video_height), ""),
            figure("netSpeed", net.net_speed.to_string(), "kbit/s"),
            figure("netJitter", format!("{:.0}", net.net_jitter), "ms"),
            figure("videoFPS", format!("{:.0}", net.video_fps), ""),
            figure("videoGOP", format!("{:.1}", net.video_gop), "s"),
            figure("audioBitrate", net.audio_bitrate.to_string(), "kbit/s"),
            figure("queueMs", format!("{:.0}", net.queue_ms), ""),
            figure("videoBitrate", net.video_bitrate.to_string(), "kbit/s"),
            figure("dropped", net.dropped.to_string(), ""),
            figure("jitterBufferMs", format!("{:.0}", net.jitter_buffer_ms), ""),
            figure("rttMs", format!("{:.0}", net.rtt_ms), ""),
            figure("netQuality", net.net_quality_level.to_string(), "of 6"),
            figure("soundMissing", net.sound_missing_ms.to_string(), "ms"),
            figure("lipSync", format!("{:.0}", net.av_play_interval_ms), "ms"),
            figure("temperature", known(net.temperature, 0), "°C"),
        ],
        latency: vec![
            figure("net", known(net.latency_net, 1), ""),
            figure("buffer", format!("{:.1}", net.latency_buffer), ""),
            figure("decode", format!("{:.1}", net.latency_decode), ""),
            figure("present", format!("{:.1}", net.latency_present), ""),
            figure("endToEnd", known(net.latency_end_to_end, 0), ""),
        ],
        events: history.recent(&Object::Player(it.id.clone()), now),
    }
}
