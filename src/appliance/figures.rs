//! The figures that `debug` lays over the local screen: what a technician in front of it wants to know.

use crate::api::status::{PlayerStatus, PusherStatus};
use crate::media::Size;

/// The way up, line by line.
pub fn of_pusher(it: &PusherStatus) -> Vec<String> {
    let net = &it.net;
    let size = Size::new(net.video_width, net.video_height);
    let limit = if net.limited_by.is_empty() { String::new() } else { format!(" ({})", net.limited_by) };
    vec![
        format!("UP    {size} {:.0} fps GOP {:.1} s", net.video_fps, net.video_gop),
        format!("      video {} of {} kbit/s{limit}", net.video_bitrate, net.target_bitrate),
        format!("      sound {} kbit/s, net {} kbit/s", net.audio_bitrate, net.net_speed),
        format!("      rtt {:.0} jitter {:.0} queue {:.0} ms", net.rtt_ms, net.net_jitter, net.queue_ms),
        format!("      shed {} quality {}", net.dropped, net.net_quality_level),
        format!(
            "      capture {:.1} encode {:.1} queue {:.1} ms",
            net.latency_capture, net.latency_encode, net.latency_queue
        ),
    ]
}

/// One way down, line by line.
pub fn of_player(it: &PlayerStatus) -> Vec<String> {
    let net = &it.net;
    let size = Size::new(net.video_width, net.video_height);
    let whole = net.latency_end_to_end.map_or(String::new(), |ms| format!(", end to end {ms:.0} ms"));
    vec![
        format!("DOWN  {} {size} {:.0} fps GOP {:.1} s", it.id, net.video_fps, net.video_gop),
        format!("      video {} sound {} net {} kbit/s", net.video_bitrate, net.audio_bitrate, net.net_speed),
        format!(
            "      jitter {:.0} buffer {:.0} lips {:.0} ms",
            net.net_jitter, net.jitter_buffer_ms, net.av_play_interval_ms
        ),
        format!("      dropped {}{whole}", net.dropped),
        format!(
            "      buffer {:.1} decode {:.1} present {:.1} ms",
            net.latency_buffer, net.latency_decode, net.latency_present
        ),
    ]
}
