//! `/metrics`: the status as Prometheus text (OpenMetrics 1.0).

use crate::api::status::{ButtonState, DeviceState, DeviceStatus, PlayerStatus, PusherStatus, SessionState, Status};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

/// Media type of the text.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const QUALITY: &str = "1 (excellent) to 6 (nothing gets through), 0 without a session";

type Labels = Vec<(String, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// Metrics by name, each with its help and its values by label.
#[derive(Default)]
struct Page {
    gauges: BTreeMap<&'static str, (&'static str, Gauges)>,
    counters: BTreeMap<&'static str, (&'static str, Family<Labels, Counter>)>,
}

impl Page {
    fn gauge(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: f64) {
        let (_, family) = self.gauges.entry(name).or_insert_with(|| (help, Family::default()));
        family.get_or_create(&owned(labels)).set(value);
    }

    fn counter(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: u64) {
        let (_, family) = self.counters.entry(name).or_insert_with(|| (help, Family::default()));
        family.get_or_create(&owned(labels)).inc_by(value);
    }

    fn device(&mut self, name: &str, device: &DeviceStatus) {
        if device.state != DeviceState::Absent {
            let running = f64::from(u8::from(device.state == DeviceState::Running));
            self.gauge("device_running", "The device is open and delivers", &[("device", name)], running);
        }
    }

    fn session(&mut self, object: &str, state: SessionState, muted: bool, reconnects: u64) {
        let is = |wanted: &[SessionState]| f64::from(u8::from(wanted.contains(&state)));
        let labels = [("object", object)];
        self.gauge("live", "Publishing or playing", &labels, is(&[SessionState::Live, SessionState::Paused]));
        let lost = [SessionState::Reconnecting, SessionState::Waiting, SessionState::GaveUp];
        self.gauge("disconnected", "The connection is lost", &labels, is(&lost));
        self.gauge("muted", "Nothing is heard", &labels, f64::from(u8::from(muted)));
        self.counter("reconnects", "Lost connections that were there again", &labels, reconnects);
    }

    fn machine(&mut self, cpu: Option<f64>, temperature: Option<f64>) {
        if let Some(cpu) = cpu {
            self.gauge("cpu_percent", "Percent of one processor core the program uses", &[], cpu);
        }
        if let Some(temperature) = temperature {
            self.gauge("temperature_celsius", "Highest temperature of the machine", &[], temperature);
        }
    }

    fn latency(&mut self, object: &str, stages: &[(&str, f64)]) {
        for (stage, ms) in stages {
            let labels = [("object", object), ("stage", stage)];
            self.gauge("latency_ms", "Median over the last second", &labels, *ms);
        }
    }

    fn pusher(&mut self, it: &PusherStatus) {
        let (object, net) = ([("object", "pusher")], &it.net);
        self.session("pusher", it.state, it.muted, it.reconnects);
        self.device("camera", &it.camera);
        self.device("microphone", &it.microphone);
        self.gauge("video_kbps", "Video rate", &object, net.video_bitrate.into());
        self.gauge("audio_kbps", "Sound rate", &object, net.audio_bitrate.into());
        self.gauge("video_fps", "Pictures a second", &object, net.video_fps);
        self.gauge("net_kbps", "Network rate", &object, net.net_speed.into());
        self.gauge("net_jitter_ms", "Network jitter", &object, net.net_jitter);
        self.gauge("queue_ms", "Age of the send queue", &object, net.queue_ms);
        self.gauge("path_ms", "Waiting in the kernel and on the path", &object, net.path_ms);
        self.gauge("target_kbps", "Video rate the network bears", &object, net.target_bitrate.into());
        self.gauge("rtt_ms", "Round trip", &object, net.rtt_ms);
        self.gauge("unsent_bytes", "Bytes the kernel has not sent", &object, net.unsent_bytes as f64);
        self.counter("pictures_dropped", "Pictures shed", &object, net.dropped);
        self.counter("sound_lost_ms", "Sound replaced by silence", &object, net.sound_lost_ms);
        self.gauge("net_quality_level", QUALITY, &object, net.net_quality_level.into());
        self.machine(net.cpu, net.temperature);
        let help = "Pictures given to the encoder";
        self.counter("pictures_encoded", help, &[("source", "camera")], net.pictures_from_camera);
        self.counter("pictures_encoded", help, &[("source", "card")], net.pictures_from_card);
        self.counter("idr_wishes", "IDRs wished for from other terminals", &object, net.idr_wishes);
        self.counter("idrs_on_request", "IDRs made because others wished for them", &object, net.idrs_on_request);
        let stages = [("capture", net.latency_capture), ("encode", net.latency_encode), ("queue", net.latency_queue)];
        self.latency("pusher", &stages);
    }

    fn player(&mut self, it: &PlayerStatus) {
        let name = format!("player:{}", it.id);
        let (object, net) = ([("object", name.as_str())], &it.net);
        self.session(&name, it.state, it.muted, it.reconnects);
        self.gauge("video_kbps", "Video rate", &object, net.video_bitrate.into());
        self.gauge("audio_kbps", "Sound rate", &object, net.audio_bitrate.into());
        self.gauge("video_fps", "Pictures a second", &object, net.video_fps);
        self.gauge("net_kbps", "Network rate", &object, net.net_speed.into());
        self.gauge("net_jitter_ms", "Network jitter", &object, net.net_jitter);
        self.gauge("jitter_buffer_ms", "Target delay of the jitter buffer", &object, net.jitter_buffer_ms);
        self.gauge("rtt_ms", "Round trip", &object, net.rtt_ms);
        self.gauge("picture_lead_ms", "Lead of the picture over the sound", &object, net.av_play_interval_ms);
        self.counter("pictures_dropped", "Pictures shed", &object, net.dropped);
        self.counter("sound_missing_ms", "Sound that was not there when due", &object, net.sound_missing_ms);
        self.counter("bad_messages", "Messages that could not be understood", &object, net.bad_messages);
        self.gauge("net_quality_level", QUALITY, &object, net.net_quality_level.into());
        self.machine(net.cpu, net.temperature);
        let stages = [("buffer", net.latency_buffer), ("decode", net.latency_decode), ("present", net.latency_present)];
        self.latency(&name, &stages);
        let rare = [("net", net.latency_net), ("end-to-end", net.latency_end_to_end)];
        for (stage, ms) in rare.into_iter().filter_map(|(stage, ms)| Some((stage, ms?))) {
            self.latency(&name, &[(stage, ms)]);
        }
    }
}

fn owned(labels: &[(&str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// `status` as text.
pub fn text(status: &Status) -> String {
    let mut page = Page::default();
    page.gauge("info", "The daemon", &[("version", &status.version), ("board", &status.board)], 1.0);
    page.gauge("uptime_seconds", "Since the daemon started", &[], status.uptime as f64);
    page.gauge("standby", "In standby", &[], f64::from(u8::from(status.standby)));
    page.gauge("degraded", "Things wrong with the configuration", &[], status.degraded.len() as f64);
    for name in &status.open_devices {
        page.gauge("device_open", "The process holds it open", &[("device", name)], 1.0);
    }
    page.device("display", &status.display);
    page.device("speaker", &status.speaker);
    for it in &status.buttons {
        let state = if it.state == ButtonState::Ready { DeviceState::Running } else { DeviceState::Lost };
        page.device(&format!("button:{}", it.name), &DeviceStatus { state, words: String::new() });
    }
    for it in &status.lamps {
        let name = format!("lamp:{}", it.name);
        page.device(&name, &DeviceStatus { state: it.state, words: String::new() });
        page.gauge("lamp_lit", "The lamp is lit", &[("lamp", &it.name)], f64::from(u8::from(it.lit)));
    }
    if let Some(pusher) = &status.pusher {
        page.pusher(pusher);
    }
    status.players.iter().for_each(|player| page.player(player));
    let mut registry = Registry::with_prefix("visavis");
    for (name, (help, family)) in page.gauges {
        registry.register(name, help, family);
    }
    for (name, (help, family)) in page.counters {
        registry.register(name, help, family);
    }
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = encode(&mut text, &registry);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::status::PlayStats;

    #[test]
    fn the_status_becomes_text_a_scraper_reads() {
        let pusher = PusherStatus { state: SessionState::Live, reconnects: 3, ..Default::default() };
        let net = PlayStats { latency_end_to_end: Some(71.5), cpu: Some(12.0), ..PlayStats::default() };
        let player = PlayerStatus { id: "agent".into(), net, ..Default::default() };
        let text = text(&Status { pusher: Some(pusher), players: vec![player], ..Default::default() });
        for line in [
            "visavis_live{object=\"pusher\"} 1.0",
            "visavis_reconnects_total{object=\"pusher\"} 3",
            "visavis_live{object=\"player:agent\"} 0.0",
            "# TYPE visavis_latency_ms gauge",
            "visavis_latency_ms{object=\"player:agent\",stage=\"end-to-end\"} 71.5",
            "visavis_cpu_percent{} 12.0",
            "# EOF",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
        }
    }
}
