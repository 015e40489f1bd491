//! Whether the processor gets enough power and stays cool: the two things that make a small board slow.

use super::{Report, entries, line_of, number_in};
use std::path::Path;

/// The Raspberry Pi firmware's own account, where the kernel tells it (hexadecimal).
const THROTTLED: &str = "devices/platform/soc/soc:firmware/get_throttled";
/// Its bits: now, and (16 places higher) since the start.
const THROTTLED_BITS: [(u32, &str); 4] = [
    (0, "under-voltage: use the maker's power supply and a short, thick cable"),
    (1, "the processor's speed is capped"),
    (2, "the processor is throttled"),
    (3, "the processor is too hot: give it air or a heat sink"),
];
/// From here on boards begin to throttle.
const HOT: i64 = 80_000;

/// `sys` is where sysfs is.
pub fn tell(report: &mut Report, sys: &Path) {
    report.head("Power and heat");
    let before = report.0.len();
    if let Some(bits) = line_of(&sys.join(THROTTLED)).and_then(|text| u32::from_str_radix(&text, 16).ok()) {
        throttled(report, bits);
    }
    for sensor in entries(&sys.join("class/hwmon")) {
        // The kernel's driver for the same firmware (drivers/hwmon/raspberrypi-hwmon.c).
        if line_of(&sensor.join("name")).as_deref() == Some("rpi_volt") {
            match number_in(&sensor.join("in0_lcrit_alarm")) {
                Some(0) => report.well("the supply's voltage is enough"),
                Some(_) => report.wrong(THROTTLED_BITS[0].1),
                None => {}
            }
        }
    }
    for zone in entries(&sys.join("class/thermal")) {
        let (Some(kind), Some(temperature)) = (line_of(&zone.join("type")), number_in(&zone.join("temp"))) else {
            continue;
        };
        let words = format!("{kind}: {} °C", temperature / 1000);
        if temperature < HOT { report.well(&words) } else { report.wrong(&words) }
    }
    let speed = |file: &str| number_in(&sys.join("devices/system/cpu/cpu0/cpufreq").join(file));
    if let (Some(may), Some(can), Some(is)) =
        (speed("scaling_max_freq"), speed("cpuinfo_max_freq"), speed("scaling_cur_freq"))
    {
        let words = format!("processor at {} of {} MHz", is / 1000, can / 1000);
        if may < can {
            report.wrong(&format!("{words}, limited to {} MHz", may / 1000));
        } else {
            report.well(&words);
        }
    }
    if report.0.len() == before {
        report.more("this machine tells neither voltage nor temperature");
    }
}

fn throttled(report: &mut Report, bits: u32) {
    let set = |bit: u32| bits & (1 << bit) != 0;
    for (bit, words) in THROTTLED_BITS {
        if set(bit) {
            report.wrong(&format!("now: {words}"));
        } else if set(bit + 16) {
            report.wrong(&format!("since the start: {words}"));
        }
    }
    if bits == 0 {
        report.well("neither under-voltage nor throttling since the start");
    }
}

#[cfg(test)]
mod tests {
    use super::super::{put, told};
    use super::*;

    #[test]
    fn a_starved_and_hot_board_is_told_with_its_cure() {
        let folder = tempfile::tempdir().unwrap();
        let sys = folder.path();
        assert!(told(|report| tell(report, sys)).contains("tells neither"));
        put(sys, THROTTLED, "50000\n");
        put(sys, "class/hwmon/hwmon1/name", "rpi_volt\n");
        put(sys, "class/hwmon/hwmon1/in0_lcrit_alarm", "1\n");
        put(sys, "class/thermal/thermal_zone0/type", "cpu-thermal\n");
        put(sys, "class/thermal/thermal_zone0/temp", "84321\n");
        for (file, khz) in [("scaling_max_freq", 600), ("cpuinfo_max_freq", 1800), ("scaling_cur_freq", 600)] {
            put(sys, &format!("devices/system/cpu/cpu0/cpufreq/{file}"), &format!("{}\n", khz * 1000));
        }
        let text = told(|report| tell(report, sys));
        for line in [
            "  ✖ since the start: under-voltage: use the maker's power supply and a short, thick cable",
            "  ✖ since the start: the processor is throttled",
            "  ✖ under-voltage: use the maker's power supply and a short, thick cable",
            "  ✖ cpu-thermal: 84 °C",
            "  ✖ processor at 600 of 1800 MHz, limited to 600 MHz",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
        }
        put(sys, THROTTLED, "0\n");
        assert!(told(|report| tell(report, sys)).contains("neither under-voltage nor throttling"));
    }
}
