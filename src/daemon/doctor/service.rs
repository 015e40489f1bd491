//! The service and the watchdogs behind it, as cgroup and sysfs tell them.

use super::{Report, entries, line_of, number_in};
use std::path::Path;

const UNIT: &str = "usr/lib/systemd/system/visavisd.service";
const GROUP: &str = "sys/fs/cgroup/system.slice/visavisd.service";

/// `root` is where the system begins.
pub fn tell(report: &mut Report, root: &Path) {
    report.head("Service");
    let managed = root.join("run/systemd/system").is_dir();
    match (managed, root.join(UNIT).exists()) {
        (false, _) => report.more("no systemd runs here: nobody restarts the terminal when it hangs"),
        (true, false) => report.more("not installed: board/install"),
        (true, true) => installed(report, &root.join(GROUP)),
    }
    let mut found = false;
    for watchdog in entries(&root.join("sys/class/watchdog")) {
        let Some(name) = line_of(&watchdog.join("identity")) else { continue };
        found = true;
        match line_of(&watchdog.join("state")).as_deref() {
            Some("active") => report.well(&format!("hardware watchdog {name}: restarts a machine that hangs")),
            _ => {
                report.wrong(&format!("hardware watchdog {name} is idle: RuntimeWatchdogSec= in systemd's system.conf"))
            }
        }
    }
    if !found {
        report.more("no hardware watchdog: a machine that hangs stays so");
    }
}

fn installed(report: &mut Report, group: &Path) {
    let Some(process) = line_of(&group.join("cgroup.procs")) else {
        return report.wrong("visavisd.service does not run: systemctl status visavisd tells why");
    };
    let megabytes = |file: &str| number_in(&group.join(file)).map(|bytes| bytes >> 20);
    let memory = match (megabytes("memory.current"), megabytes("memory.max")) {
        (Some(now), Some(most)) => format!(", {now} of {most} MiB"),
        (Some(now), None) => format!(", {now} MiB"),
        _ => String::new(),
    };
    report.well(&format!("visavisd.service runs (process {process}{memory})"));
}

#[cfg(test)]
mod tests {
    use super::super::{put, told};
    use super::*;

    #[test]
    fn the_service_is_told_from_not_there_to_running() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let text = || told(|report| tell(report, root));
        assert!(text().contains("no systemd runs here") && text().contains("no hardware watchdog"));
        put(root, "run/systemd/system/x", "");
        assert!(text().contains("board/install"));
        put(root, UNIT, "");
        assert!(text().contains("does not run: systemctl status visavisd"));
        put(root, &format!("{GROUP}/cgroup.procs"), "17\n18\n");
        put(root, &format!("{GROUP}/memory.current"), "44040192\n");
        put(root, &format!("{GROUP}/memory.max"), "335544320\n");
        put(root, "sys/class/watchdog/watchdog0/identity", "Broadcom BCM2835 Watchdog timer\n");
        put(root, "sys/class/watchdog/watchdog0/state", "inactive\n");
        assert!(text().contains("  ● visavisd.service runs (process 17, 42 of 320 MiB)"), "{}", text());
        assert!(text().contains("  ✖ hardware watchdog Broadcom BCM2835 Watchdog timer is idle"), "{}", text());
        put(root, "sys/class/watchdog/watchdog0/state", "active\n");
        assert!(text().contains("restarts a machine that hangs"));
    }
}
