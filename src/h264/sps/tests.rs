use super::*;
use crate::testing::mutations;

const BASELINE: &str = "6742c016d900a02ff970110000030001000003001e0f162e48";
const MAIN_IN_ORDER: &str = "674d401fd9005005bb0110000003001000000303c0f1832480";
const HIGH_1080P: &str = "67640028acd940780227e5c044000003000400000300c83c60c658";
const YUV444: &str = "67f4000c919b28283f6022000003000200000300281e28532c";
const INTERLACED: &str = "6764001eacd940b424d8088000000300800000190f8a14cb";
const YUV422_10_BIT: &str = "677a000db6cd9416096c0440000003004000000f03c50a6580";
const UHD: &str = "6742c033da00f0010fb0110000030001000003003c0f1832a0";
const ODD_CROP: &str = "6764000dacd941519e226c04400000fa40002ee003c50a6580";
const GRAY: &str = "67640016f3650280bfe27016c8000003000800000300f078b16cb0";
const OPENH264_360P: &str = "6742c0168c8d405017bcb00f08846a";
const OPENH264_720P: &str = "6742c01f8c8d402802dd00f08846a0";
const OPENH264_1080P: &str = "6742c0288c8d403c0113f2c03c2211a8";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn parse(hex: &str) -> Sps {
    Sps::parse(&bytes(hex)).unwrap()
}

/// Sets of x264 and OpenH264, and what ffprobe says of the streams they come from.
#[test]
fn parameter_sets_of_real_encoders_say_what_ffprobe_says() {
    use Chroma::*;
    type Row = (&'static str, u8, u8, (u32, u32), Chroma, u32, Option<f64>);
    let table: [Row; 12] = [
        (BASELINE, 66, 22, (640, 360), Yuv420, 0, Some(15.0)),
        (MAIN_IN_ORDER, 77, 31, (1280, 720), Yuv420, 0, Some(30.0)),
        (HIGH_1080P, 100, 40, (1920, 1080), Yuv420, 2, Some(25.0)),
        (YUV444, 244, 12, (320, 240), Yuv444, 2, Some(10.0)),
        (INTERLACED, 100, 30, (720, 576), Yuv420, 2, Some(25.0)),
        (YUV422_10_BIT, 122, 13, (352, 288), Yuv422, 2, Some(30.0)),
        (UHD, 66, 51, (3840, 2160), Yuv420, 0, Some(30.0)),
        (ODD_CROP, 100, 13, (322, 182), Yuv420, 2, Some(24000.0 / 1001.0)),
        (GRAY, 100, 22, (640, 360), Monochrome, 2, Some(15.0)),
        (OPENH264_360P, 66, 22, (640, 360), Yuv420, 0, None),
        (OPENH264_720P, 66, 31, (1280, 720), Yuv420, 0, None),
        (OPENH264_1080P, 66, 40, (1920, 1080), Yuv420, 0, None),
    ];
    for (hex, profile, level, (width, height), chroma, reorder_depth, fps) in table {
        let sps = parse(hex);
        assert_eq!((sps.profile, sps.level), (profile, level), "{hex}");
        assert_eq!(sps.size, Size::new(width, height), "{hex}");
        assert_eq!((sps.chroma, sps.reorder_depth), (chroma, reorder_depth), "{hex}");
        assert_eq!(sps.reorders(), reorder_depth > 0);
        assert_eq!(sps.fps, fps, "{hex}");
        assert_eq!(sps.interlaced, hex == INTERLACED);
        assert_eq!(sps.luma_depth, if hex == YUV422_10_BIT { 10 } else { 8 });
    }
}

#[test]
fn what_is_not_played_is_refused_with_its_reason() {
    let table = [
        (HIGH_1080P, None),
        (OPENH264_1080P, None),
        (UHD, Some(Refusal::Size(Size::new(3840, 2160)))),
        (INTERLACED, Some(Refusal::Interlaced)),
        (YUV444, Some(Refusal::Chroma(Chroma::Yuv444))),
        (GRAY, Some(Refusal::Chroma(Chroma::Monochrome))),
    ];
    for (hex, expected) in table {
        assert_eq!(parse(hex).refusal(), expected, "{hex}");
    }
    let base = parse(HIGH_1080P);
    let upright = Sps { coded: Size::new(1088, 1920), ..base.clone() };
    assert_eq!(upright.refusal(), None, "1080p may stand upright");
    let wide = Sps { coded: Size::new(1936, 16), ..base.clone() };
    assert!(matches!(wide.refusal(), Some(Refusal::Size(_))));
    let square = Sps { coded: Size::new(1920, 1920), ..base.clone() };
    assert!(matches!(square.refusal(), Some(Refusal::Size(_))));
    assert_eq!(Sps { level: 50, ..base.clone() }.refusal(), Some(Refusal::Level(50)));
    assert_eq!(Sps { luma_depth: 10, ..base }.refusal(), Some(Refusal::Depth(10)));
    assert_eq!(Refusal::Level(52).to_string(), "H.264 level 5.2, at most 4.2 is played");
}

#[test]
fn every_truncation_is_refused_with_its_reason() {
    let whole = bytes(HIGH_1080P);
    // The last byte holds the end of the buffering fields and the stop bit.
    for len in 1..whole.len() - 1 {
        assert_eq!(Sps::parse(&whole[..len]), Err(SpsError::Truncated), "cut at {len}");
    }
    assert_eq!(Sps::parse(&[]), Err(SpsError::NotAnSps));
    assert_eq!(Sps::parse(&[0x68, 0xce, 0x3c, 0x80]), Err(SpsError::NotAnSps));
}

/// Writes parameter sets that no encoder at hand makes.
#[derive(Default)]
struct Writer(Vec<bool>);

impl Writer {
    fn bits(mut self, value: u32, count: u32) -> Self {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        self
    }
    fn codes(mut self, values: &[u32]) -> Self {
        for &value in values {
            let len = (value + 1).ilog2();
            self = self.bits(0, len).bits(value + 1, len + 1);
        }
        self
    }
    fn parse(self) -> Result<Sps, SpsError> {
        let bits = self.bits(1, 1);
        let bytes = bits
            .0
            .chunks(8)
            .map(|bits| bits.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit)) << (8 - bits.len()));
        let mut nal = vec![0x67];
        for byte in bytes {
            if byte <= 3 && nal.ends_with(&[0, 0]) {
                nal.push(3);
            }
            nal.push(byte);
        }
        Sps::parse(&nal)
    }
    /// Profile, constraints and level, up to and with the id of the set.
    fn start(profile: u32, constraints: u32, level: u32) -> Self {
        Self::default().bits(profile, 8).bits(constraints, 8).bits(level, 8).codes(&[0])
    }
    /// From `log2_max_frame_num` on: order count type, then a progressive picture, not cropped, without VUI.
    fn rest(self, order_type: &[u32], width: u32, height: u32) -> Self {
        self.codes(&[0]).codes(order_type).codes(&[1]).bits(0, 1).codes(&[width, height]).bits(0b1100, 4)
    }
}

#[test]
fn without_usability_information_profile_and_order_count_tell_about_reordering() {
    // (profile, constraints, level, pic_order_cnt_type and what it needs, depth)
    let table: [(u32, u32, u32, &[u32], u32); 6] = [
        (66, 0, 30, &[0, 0], 0),
        (66, 0xc0, 30, &[0, 0], 0),
        (77, 0, 30, &[2], 0),
        (77, 0, 31, &[0, 0], 5),
        (100, 0, 42, &[0, 0], 9),
        (77, 0, 30, &[0, 0], 2),
    ];
    for (profile, constraints, level, order, depth) in table {
        let start = Writer::start(profile, constraints, level);
        let start = if profile == 100 { start.codes(&[1, 0, 0]).bits(0, 2) } else { start };
        let sps = start.rest(order, 79, 44).parse().unwrap();
        assert_eq!(sps.size, Size::new(1280, 720));
        assert_eq!(sps.reorder_depth, depth, "profile {profile} level {level}");
    }
    let intra = Writer::start(100, 0x10, 30).codes(&[1, 0, 0]).bits(0, 2).rest(&[0, 0], 9, 9).parse().unwrap();
    assert!(!intra.reorders());
}

#[test]
fn scaling_lists_and_long_order_cycles_are_passed_over() {
    let start = Writer::start(100, 0, 30).codes(&[1, 0, 0]).bits(0b01, 2);
    // One full list of sixteen, one that ends at once (a delta of -8 makes the scale zero), six absent.
    let lists = start.bits(1, 1).codes(&[1; 16]).bits(1, 1).codes(&[16]).bits(0, 6);
    assert_eq!(lists.rest(&[2], 19, 14).parse().unwrap().size, Size::new(320, 240));

    let cycle = Writer::start(77, 0, 30).codes(&[0, 1]).bits(0, 1).codes(&[3, 4, 2, 7, 8]);
    let sps = cycle.codes(&[1]).bits(0, 1).codes(&[19, 14]).bits(0b1100, 4).parse().unwrap();
    assert_eq!(sps.size, Size::new(320, 240));
}

#[test]
fn numbers_out_of_range_are_named() {
    let plain = || Writer::start(66, 0, 30);
    let high = || Writer::start(100, 0, 30);
    let cropped = |edges: &[u32]| {
        let sized = plain().codes(&[0, 2, 1]).bits(0, 1).codes(&[1, 1]).bits(0b111, 3);
        sized.codes(edges).bits(0, 1)
    };
    assert_eq!(cropped(&[0, 15, 0, 0]).parse().map(|sps| sps.size), Ok(Size::new(2, 32)));
    let table = [
        (plain().rest(&[2], 1024, 1), "width"),
        (plain().rest(&[2], 1, u32::MAX - 1), "height"),
        (plain().rest(&[3], 1, 1), "pic_order_cnt_type"),
        (plain().codes(&[13]), "log2_max_frame_num"),
        (plain().codes(&[0, 1]).bits(0, 1).codes(&[0, 0, 256]), "num_ref_frames_in_pic_order_cnt_cycle"),
        (high().codes(&[4]), "chroma_format_idc"),
        (high().codes(&[1, 7]), "bit_depth_luma"),
        (high().codes(&[1, 0, 0]).bits(0b011, 3).codes(&[600]), "delta_scale"),
        (cropped(&[8, 8, 0, 0]), "frame cropping"),
        (cropped(&[u32::MAX - 1, 5, 0, 0]), "frame cropping"),
        (cropped(&[0, 0, 0, 1 << 31]), "frame cropping"),
    ];
    for (writer, field) in table {
        assert_eq!(writer.parse(), Err(SpsError::OutOfRange(field)));
    }
}

#[test]
fn damaged_parameter_sets_never_panic_and_claim_no_absurd_size() {
    let sets = [BASELINE, HIGH_1080P, YUV444, INTERLACED, YUV422_10_BIT, ODD_CROP, OPENH264_720P].map(bytes);
    let golden = sets.each_ref().map(Vec::as_slice);
    let mut read = 0;
    for nal in mutations(&golden, 0x5b5, 20_000) {
        let Ok(sps) = Sps::parse(&nal) else { continue };
        read += 1;
        assert!(sps.size.width > 0 && sps.size.width <= sps.coded.width && sps.coded.width <= 16_384);
        assert!(sps.size.height > 0 && sps.size.height <= sps.coded.height && sps.coded.height <= 32_768);
        assert!(sps.reorder_depth <= 16 && sps.luma_depth <= 14);
        if sps.refusal().is_none() {
            assert!(sps.coded.i420_len() <= MAX_PIXELS * 3 / 2);
        }
    }
    assert!(read > 0, "some damage leaves a set readable");
}
