//! Cameras: every V4L2 node, what it offers, and why an unusable one is.

use super::access::holders;
use super::{Report, some_of};
use crate::device::v4l2::probe::Node;
use std::path::Path;

/// Modes that are listed at most.
const MODES: usize = 6;

pub fn tell(report: &mut Report, nodes: &[Node]) {
    report.head("Cameras");
    for node in nodes {
        let name = format!("{} {} ({})", node.path.display(), node.card, node.driver);
        match &node.unusable {
            Some(why) => {
                report.wrong(&name);
                report.more(why);
            }
            None => {
                report.well(&name);
                let offers = node.offers.iter().map(|it| format!("{:?} {} at {:.0}", it.format, it.size, it.fps));
                report.more(&some_of(offers.collect(), MODES));
                match &node.stable {
                    Some(link) => report.more(&format!("driver = \"v4l2\", path = \"{}\"", link.display())),
                    None => report.more("no stable name below /dev/v4l: its number may change at the next start"),
                }
            }
        }
        let holders = holders(Path::new("/proc"), &node.path);
        if !holders.is_empty() {
            report.more(&format!("held by {}: one program at a time can have its pictures", holders.join(", ")));
        }
    }
    if nodes.is_empty() {
        report.none("plug a USB camera in; a CSI camera is used through `rpicam-vid` and driver = \"pipe\"");
    }
}

#[cfg(test)]
mod tests {
    use super::super::told;
    use super::*;

    #[test]
    fn a_camera_is_told_with_the_line_of_a_profile_and_an_unusable_one_with_its_reason() {
        let node = Node {
            path: "/dev/none0".into(),
            stable: Some("/dev/v4l/by-path/usb-1".into()),
            card: "Webcam".into(),
            driver: "uvcvideo".into(),
            offers: Vec::new(),
            unusable: None,
        };
        let raw = Node { unusable: Some("it gives raw Bayer data".into()), ..node.clone() };
        let text = told(|report| tell(report, &[node, raw]));
        assert!(text.contains("  ● /dev/none0 Webcam (uvcvideo)\n"), "{text}");
        assert!(text.contains("driver = \"v4l2\", path = \"/dev/v4l/by-path/usb-1\""), "{text}");
        assert!(text.contains("  ✖ /dev/none0 Webcam (uvcvideo)\n    it gives raw Bayer data\n"), "{text}");
    }
}
