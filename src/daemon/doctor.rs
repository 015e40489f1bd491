//! `visavisd doctor`: what this machine has, what of it can be used, and what to do about the rest.

use crate::device::{self, DeviceError, VideoEncoding, alsa, clock, v4l2, wall};
use crate::media::{PictureView, Size, Span};
use std::fmt::Write;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Prints the report. Exit status 0: looking worked, whatever was found.
pub fn run() -> ExitCode {
    super::say(&report());
    ExitCode::SUCCESS
}

/// The whole report.
pub fn report() -> String {
    let mut report = Report(String::new());
    cameras(&mut report);
    sound(&mut report);
    displays(&mut report, Path::new("/sys/class/drm"));
    encoders(&mut report);
    gpio(&mut report);
    permissions(&mut report, Path::new("/dev"));
    clock(&mut report, SystemTime::now(), wall::synchronised());
    report.0
}

struct Report(String);

impl Report {
    fn head(&mut self, name: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.0, "{gap}{name}");
    }
    fn well(&mut self, words: &str) {
        let _ = writeln!(self.0, "  ● {words}");
    }
    fn wrong(&mut self, words: &str) {
        let _ = writeln!(self.0, "  ✖ {words}");
    }
    fn more(&mut self, words: &str) {
        let _ = writeln!(self.0, "    {words}");
    }
    fn none(&mut self, advice: &str) {
        let _ = writeln!(self.0, "  none found: {advice}");
    }
}

fn cameras(report: &mut Report) {
    report.head("Cameras");
    let nodes = v4l2::probe::nodes();
    for node in &nodes {
        let name = format!("{} {} ({})", node.path.display(), node.card, node.driver);
        match &node.unusable {
            Some(why) => {
                report.wrong(&name);
                report.more(why);
            }
            None => {
                report.well(&name);
                let mut offers: Vec<String> =
                    node.offers.iter().map(|it| format!("{:?} {} at {:.0}", it.format, it.size, it.fps)).collect();
                let rest = offers.len().saturating_sub(6);
                offers.truncate(6);
                let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
                report.more(&format!("{}{rest}", offers.join(", ")));
                match &node.stable {
                    Some(link) => report.more(&format!("driver = \"v4l2\", path = \"{}\"", link.display())),
                    None => report.more("no stable name below /dev/v4l: its number may change at the next start"),
                }
            }
        }
    }
    if nodes.is_empty() {
        report.none("plug a USB camera in; a CSI camera is used through `rpicam-vid` and driver = \"pipe\"");
    }
}

fn sound(report: &mut Report) {
    report.head("Sound cards");
    let devices = alsa::probe::devices();
    for it in &devices {
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

fn displays(report: &mut Report, class: &Path) {
    report.head("Displays");
    let mut found = false;
    for connector in entries(class) {
        let Ok(status) = fs::read_to_string(connector.join("status")) else { continue };
        found = true;
        let name = connector.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let modes = fs::read_to_string(connector.join("modes")).unwrap_or_default();
        match (status.trim(), modes.lines().next()) {
            ("connected", Some(mode)) => report.well(&format!("{name}: connected, {mode}")),
            ("connected", None) => report.wrong(&format!("{name}: connected, but it tells no modes: check the cable")),
            (status, _) => report.wrong(&format!("{name}: {status}")),
        }
    }
    if !found {
        report.none("no graphics card with a connector: driver = \"png\", or \"pipe\" into a player");
    }
}

/// What a picture costs this machine; a guess from a data sheet would be wrong.
fn encoders(report: &mut Report) {
    report.head("Encoders");
    for size in [Size::new(640, 360), Size::new(1280, 720)] {
        match picture_cost(size) {
            Ok((name, cost)) => {
                let part = cost.as_secs_f64() * 30.0 * 100.0;
                let verdict = format!("{name}: {size} takes {cost} a picture, {part:.0} % of one core at 30 a second");
                if part < 100.0 { report.well(&verdict) } else { report.wrong(&verdict) }
            }
            Err(error) => report.wrong(&error.to_string()),
        }
    }
}

/// The mean time in the encoder for a picture of `size` that moves, and the encoder's name.
fn picture_cost(size: Size) -> Result<(&'static str, Span), DeviceError> {
    const PICTURES: u8 = 12;
    let mut encoder = device::video_encoder(VideoEncoding { size, fps: 30, bitrate_kbps: 1000 })?;
    let (mut bytes, mut unit) = (vec![128; size.i420_len()], Vec::new());
    let began = clock::now();
    let mut busy = Span::ZERO;
    for number in 0..PICTURES {
        let (luma, _) = bytes.split_at_mut(size.pixels());
        for (row, line) in luma.chunks_exact_mut(size.width as usize).enumerate() {
            for (column, pixel) in line.iter_mut().enumerate() {
                *pixel = ((column + row) as u8 / 2).wrapping_add(number * 3);
            }
        }
        let Some(view) = PictureView::new(size, size.width as usize, &bytes) else { continue };
        let before = clock::now();
        encoder.encode(view, began + Span::millis(33) * i64::from(number), false, &mut unit)?;
        busy += clock::now() - before;
    }
    Ok((encoder.name(), busy / i64::from(PICTURES)))
}

fn gpio(report: &mut Report) {
    report.head("GPIO chips");
    let chips: Vec<PathBuf> = nodes(Path::new("/dev"), "gpiochip");
    for chip in &chips {
        let name = chip.file_name().unwrap_or_default();
        let label = Path::new("/sys/bus/gpio/devices").join(name).join("label");
        let label = fs::read_to_string(label).map(|label| format!(" ({})", label.trim())).unwrap_or_default();
        report.well(&format!("{}{label}", chip.display()));
    }
    if chips.is_empty() {
        report.none("no lines for buttons and lamps; orders and events go through the socket");
    }
}

fn permissions(report: &mut Report, dev: &Path) {
    report.head("Permissions");
    let mut all = nodes(dev, "video");
    all.extend(nodes(&dev.join("snd"), "controlC"));
    all.extend(nodes(&dev.join("dri"), "card"));
    all.extend(nodes(dev, "gpiochip"));
    for node in &all {
        if let Err(words) = openable(node) {
            report.wrong(&format!("{}: {words}", node.display()));
        }
    }
    match all.len() {
        0 => report.none("no camera, sound, display or GPIO node in /dev; a container is given them with --device"),
        count => report.more(&format!("{count} nodes looked at")),
    }
}

/// Whether a device node can be opened; if not, which of the two reasons it has and what helps.
fn openable(node: &Path) -> Result<(), String> {
    let flags = libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY;
    let Err(error) = OpenOptions::new().read(true).write(true).custom_flags(flags).open(node) else { return Ok(()) };
    let refused = |number| error.raw_os_error() == Some(number);
    Err(if refused(libc::EACCES) {
        let table = fs::read_to_string("/etc/group").unwrap_or_default();
        let group = fs::metadata(node).ok().and_then(|node| group_name(&table, node.gid()));
        denied_words(group.as_deref())
    } else if refused(libc::EPERM) {
        "not allowed although the file would permit it: the service (DeviceAllow=) or container (--device) \
         does not pass it on"
            .into()
    } else if refused(libc::EBUSY) {
        "in use by another program".into()
    } else if refused(libc::ENXIO) || refused(libc::ENODEV) {
        "the node is there, the device behind it is not".into()
    } else {
        error.to_string()
    })
}

fn denied_words(group: Option<&str>) -> String {
    match group {
        Some("root") | None => "no permission: it belongs to root alone; a udev rule gives it a group".into(),
        Some(group) => format!("no permission: usermod -aG {group} USER for the service's user, then start it anew"),
    }
}

fn group_name(table: &str, number: u32) -> Option<String> {
    let mut lines = table.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find(|fields| fields.get(2).is_some_and(|it| it.parse() == Ok(number)))?.first().map(ToString::to_string)
}

fn clock(report: &mut Report, now: SystemTime, synchronised: Option<bool>) {
    report.head("Clock");
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // 2025-01-01: no terminal was made with this program before.
    if seconds < 1_735_689_600 {
        report.wrong("the date lies in the past: TLS connections will fail; set it, or enable a time service");
    } else {
        report.well("the date is plausible");
    }
    match synchronised {
        Some(true) => report.well("kept right by a time service"),
        Some(false) => report.wrong("nobody keeps it right: timedatectl set-ntp true"),
        None => report.more("whether it is kept right is not told here"),
    }
}

/// The device nodes in `folder` whose names are `start` and a number, in order of number.
fn nodes(folder: &Path, start: &str) -> Vec<PathBuf> {
    let number = |path: &PathBuf| -> Option<u32> {
        let device = fs::metadata(path).ok()?.file_type();
        let digits = path.file_name()?.to_str()?.strip_prefix(start)?;
        device.is_char_device().then(|| digits.parse().ok())?
    };
    let mut found: Vec<(u32, PathBuf)> =
        entries(folder).into_iter().filter_map(|path| Some((number(&path)?, path))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn told(write: impl Fn(&mut Report)) -> String {
        let mut report = Report(String::new());
        write(&mut report);
        report.0
    }

    #[test]
    fn every_part_of_the_machine_is_reported_whatever_it_has() {
        let report = report();
        for head in ["Cameras", "Sound cards", "Displays", "GPIO chips", "Permissions", "Clock"] {
            assert!(report.lines().any(|line| line == head), "{report}");
        }
    }

    #[test]
    fn connectors_are_told_with_what_hangs_on_them() {
        let folder = tempfile::tempdir().unwrap();
        for (name, status, modes) in [("card0-A", "connected", "1920x1080\n800x600\n"), ("card0-B", "disconnected", "")]
        {
            let connector = folder.path().join(name);
            fs::create_dir(&connector).unwrap();
            fs::write(connector.join("status"), format!("{status}\n")).unwrap();
            fs::write(connector.join("modes"), modes).unwrap();
        }
        let text = told(|report| displays(report, folder.path()));
        assert_eq!(text, "Displays\n  ● card0-A: connected, 1920x1080\n  ✖ card0-B: disconnected\n");
        assert!(told(|report| displays(report, &folder.path().join("none"))).contains("none found"));
    }

    #[test]
    fn a_wrong_clock_is_told_with_its_cure() {
        let early = UNIX_EPOCH + Duration::from_secs(1000);
        assert!(told(|report| clock(report, early, Some(false))).contains("TLS connections will fail"));
        let late = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert!(!told(|report| clock(report, late, Some(true))).contains('✖'));
    }

    #[test]
    fn a_denied_node_names_the_group_that_may() {
        let table = "root:x:0:\nvideo:x:44:kiosk\n";
        assert!(denied_words(group_name(table, 44).as_deref()).contains("usermod -aG video"));
        assert!(denied_words(group_name(table, 0).as_deref()).contains("udev rule"));
        assert_eq!(group_name(table, 7), None);
        assert_eq!(openable(Path::new("/dev/null")), Ok(()));
    }
}
