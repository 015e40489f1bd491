//! Sound cards, and the lines of a profile that name them.

use super::Report;
use crate::device::alsa::probe::SoundDevice;
use std::fs;
use std::path::Path;

/// Where a machine's own sound devices are described.
const DEVICES: &str = "etc/asound.conf";

/// `root` is where the system begins.
pub fn tell(report: &mut Report, devices: &[SoundDevice], root: &Path) {
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
    let described = fs::read_to_string(root.join(DEVICES)).unwrap_or_default();
    if described.lines().any(|line| !line.trim_start().starts_with('#') && line.contains("dmix")) {
        report.more(&format!(
            "/{DEVICES} has a device that mixes (dmix): all players of the service share it; a program outside does if \
             its own service has JoinsNamespaceOf=visavisd.service and PrivateIPC=yes"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{put, told};
    use super::*;

    #[test]
    fn who_may_share_a_device_that_mixes_is_told_where_there_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let text = || told(|report| tell(report, &[], folder.path()));
        assert!(!text().contains("JoinsNamespaceOf"));
        put(folder.path(), DEVICES, "# type dmix\npcm.other { type hw }\n");
        assert!(!text().contains("JoinsNamespaceOf"));
        put(folder.path(), DEVICES, "pcm.shared {\n    type dmix\n}\n");
        assert!(text().contains("JoinsNamespaceOf=visavisd.service"), "{}", text());
    }
}
