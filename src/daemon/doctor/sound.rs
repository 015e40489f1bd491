//! Sound cards, and the lines of a profile that name them.

use super::Report;
use crate::device::alsa::probe::SoundDevice;

pub fn tell(report: &mut Report, devices: &[SoundDevice]) {
    report.head("Sound cards");
    for it in devices {
        let can = match (it.captures, it.plays) {
            (true, true) => "microphone and speaker",
            (true, false) => "microphone",
            (false, true) => "speaker",
            (false, false) => "neither microphone nor speaker",
        };
        report.well(&format!("{}: {can}", it.card));
        report.more(&format!("driver = \"alsa\", device = \"{}\"", it.device));
    }
    if devices.is_empty() {
        report.none("plug a USB speakerphone in, or enable the board's sound card");
    }
}
