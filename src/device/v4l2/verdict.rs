//! Why a video node can not be a camera, in words that end in a cure.

use v4l::capability::Flags;

/// FourCCs of unprocessed sensor data begin like this: 8 to 16 bit Bayer in its four orders, plain (`BG10`), packed
/// (`pBAA`) and compressed (`bGB8`), and monochrome raw (`Y10P`).
const RAW: [&str; 18] = [
    "BA81", "GBRG", "GRBG", "RGGB", "BG1", "GB1", "BA1", "RG1", "pB", "pG", "pg", "pR", "bB", "bG", "bg", "bR", "BYR2",
    "Y1",
];

/// The way out for cameras whose pictures a program has to make.
const PIPE_CURE: &str = "use driver = \"pipe\" with command = \"rpicam-vid -t 0 -n --codec yuv420 --width 640 --height 360 \
                         --framerate 30 -o -\"";

/// `None` for a node that can be streamed from; else what it is and what to do. `formats` are its FourCCs.
pub fn why_unusable(capabilities: Flags, formats: &[String]) -> Option<String> {
    let has = |flags: Flags| capabilities.intersects(flags);
    if has(Flags::VIDEO_M2M | Flags::VIDEO_M2M_MPLANE) {
        return Some("this is a hardware codec or converter, not a camera".into());
    }
    if has(Flags::META_CAPTURE) && !has(Flags::VIDEO_CAPTURE) {
        return Some("this node carries a camera's metadata; take its neighbour with a lower number".into());
    }
    if has(Flags::VIDEO_CAPTURE_MPLANE) && !has(Flags::VIDEO_CAPTURE) {
        return Some(format!("multi-planar capture is not supported; for a camera on a ribbon cable {PIPE_CURE}"));
    }
    if !has(Flags::VIDEO_CAPTURE) {
        return Some("this node captures no video".into());
    }
    if !has(Flags::STREAMING) {
        return Some("its driver can not stream; only read() is offered".into());
    }
    if !formats.is_empty() && formats.iter().all(|format| RAW.iter().any(|raw| format.starts_with(raw))) {
        return Some(format!("it gives raw Bayer data of a sensor, which needs an image processor: {PIPE_CURE}"));
    }
    if !formats.iter().any(|format| super::node::pixel_format(format).is_some()) {
        let offered = if formats.is_empty() { "none".into() } else { formats.join(", ") };
        return Some(format!("none of its formats is supported (I420, NV12, YUYV or MJPEG; it offers {offered})"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(capabilities: Flags, formats: &[&str]) -> String {
        let formats: Vec<String> = formats.iter().map(|format| format.to_string()).collect();
        why_unusable(capabilities | Flags::STREAMING, &formats).unwrap_or_default()
    }

    #[test]
    fn usable_cameras_are_usable() {
        assert_eq!(verdict(Flags::VIDEO_CAPTURE, &["YUYV", "MJPG"]), "");
        assert_eq!(verdict(Flags::VIDEO_CAPTURE, &["BA81", "YU12"]), "");
    }

    #[test]
    fn each_unusable_node_is_told_why_and_what_to_do() {
        for (capabilities, formats, expected) in [
            (Flags::VIDEO_CAPTURE, &["pBAA", "BG10", "RGGB"][..], "raw Bayer"),
            (Flags::VIDEO_CAPTURE, &["pgAA"], "rpicam-vid"),
            (Flags::VIDEO_CAPTURE_MPLANE, &[], "multi-planar"),
            (Flags::VIDEO_M2M_MPLANE, &["H264"], "hardware codec"),
            (Flags::META_CAPTURE, &[], "metadata"),
            (Flags::VIDEO_OUTPUT, &[], "captures no video"),
            (Flags::VIDEO_CAPTURE, &["H264", "UYVY"], "it offers H264, UYVY"),
            (Flags::VIDEO_CAPTURE, &[], "it offers none"),
        ] {
            let words = verdict(capabilities, formats);
            assert!(words.contains(expected), "{capabilities:?} {formats:?}: {words}");
        }
        assert!(why_unusable(Flags::VIDEO_CAPTURE, &["YUYV".into()]).unwrap().contains("read()"));
    }
}
