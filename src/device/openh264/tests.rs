//! Both codecs with real pictures, judged by PSNR and by ffmpeg.

use super::*;
use crate::device::{Encoded, Fault, VideoDecoder, VideoEncoder, VideoEncoding};
use crate::media::testing::{moving, packed, psnr, run};
use crate::media::{PictureView, Size, Span, Time};

const SMALL: Size = Size::new(640, 360);

fn encoding(size: Size, fps: u32, bitrate_kbps: u32) -> VideoEncoding {
    VideoEncoding { size, fps, bitrate_kbps }
}

/// Encodes pictures `from..to`, an IDR where `idr` says so; one entry a picture: the unit, empty when skipped.
fn encode(
    encoder: &mut OpenH264Encoder,
    size: Size,
    pictures: std::ops::Range<usize>,
    idr: impl Fn(usize) -> bool,
) -> Vec<(Encoded, Vec<u8>)> {
    pictures
        .map(|index| {
            let bytes = moving(size, index);
            let view = PictureView::new(size, size.width as usize, &bytes).unwrap();
            let mut out = Vec::new();
            let at = Time::from_micros(5_000_000 + index as i64 * 33_333);
            let encoded = encoder.encode(view, at, idr(index), &mut out).unwrap();
            assert_eq!(encoded == Encoded::Skipped, out.is_empty());
            (encoded, out)
        })
        .collect()
}

fn kbps(units: &[(Encoded, Vec<u8>)]) -> f64 {
    units.iter().map(|(_, unit)| unit.len()).sum::<usize>() as f64 * 8.0 * 30.0 / units.len() as f64 / 1000.0
}

#[test]
fn pictures_survive_the_way_through_both_codecs_without_delay() {
    let mut encoder = OpenH264Encoder::new(encoding(SMALL, 30, 500)).unwrap();
    let mut decoder = OpenH264Decoder::new(false).unwrap();
    let mut sum = (0.0, 0);
    for (index, (_, unit)) in encode(&mut encoder, SMALL, 0..90, |_| false).iter().enumerate() {
        if unit.is_empty() {
            continue;
        }
        let pts = Span::millis(index as i64 * 33);
        let mut seen = Vec::new();
        decoder.decode(unit, pts, &mut |view, pts| seen.push((packed(view), pts))).unwrap();
        assert_eq!(seen.len(), 1, "picture {index} comes with its own unit");
        assert_eq!(seen[0].1, pts);
        sum = (sum.0 + psnr(&seen[0].0[..SMALL.pixels()], &moving(SMALL, index)[..SMALL.pixels()]), sum.1 + 1);
    }
    let mean = sum.0 / f64::from(sum.1);
    assert!(mean > 30.0 && sum.1 >= 80, "{mean:.1} dB over {} pictures", sum.1);
}

#[test]
fn the_stream_is_what_a_judge_expects_of_a_call() {
    for size in [SMALL, Size::new(1280, 720), Size::new(202, 362)] {
        let mut encoder = OpenH264Encoder::new(encoding(size, 30, 800)).unwrap();
        let stream: Vec<u8> =
            encode(&mut encoder, size, 0..8, |_| false).into_iter().flat_map(|(_, unit)| unit).collect();
        let entries = "stream=profile,width,height,has_b_frames,color_range,color_space,pix_fmt,refs";
        let report =
            run("ffprobe", &format!("-v error -f h264 -i - -show_entries {entries} -of default=nw=1"), &stream);
        let report = String::from_utf8(report).unwrap();
        for line in [
            "profile=Constrained Baseline".to_string(),
            format!("width={}", size.width),
            format!("height={}", size.height),
            "has_b_frames=0".into(),
            "color_range=tv".into(),
            "pix_fmt=yuv420p".into(),
            "color_space=smpte170m".into(),
        ] {
            assert!(report.lines().any(|given| given == line), "{line} in\n{report}");
        }
    }
}

#[test]
fn an_idr_comes_exactly_when_it_is_forced_and_brings_its_parameter_sets() {
    let mut encoder = OpenH264Encoder::new(encoding(SMALL, 30, 300)).unwrap();
    // Forced while the rate control still skips because of the IDR before.
    let units = encode(&mut encoder, SMALL, 0..400, |index| [40, 41, 42, 300].contains(&index));
    let idrs: Vec<usize> =
        (0..units.len()).filter(|&index| matches!(units[index].0, Encoded::Unit { idr: true })).collect();
    assert_eq!(idrs, [0, 40, 41, 42, 300]);
    for index in idrs {
        let types: Vec<u8> =
            units[index].1.windows(4).filter(|bytes| bytes[..3] == [0, 0, 1]).map(|bytes| bytes[3] & 31).collect();
        assert_eq!(types, [7, 8, 5], "unit {index}");
    }
}

#[test]
fn the_rate_follows_its_target_while_running() {
    let mut encoder = OpenH264Encoder::new(encoding(SMALL, 30, 600)).unwrap();
    let before = encode(&mut encoder, SMALL, 0..150, |_| false);
    encoder.set_rate(200, 30).unwrap();
    let after = encode(&mut encoder, SMALL, 150..300, |_| false);
    encoder.set_rate(900, 30).unwrap();
    let again = encode(&mut encoder, SMALL, 300..450, |_| false);
    let rates = [kbps(&before[30..]), kbps(&after[30..]), kbps(&again[30..])];
    assert!((450.0..690.0).contains(&rates[0]), "{rates:?}");
    assert!((140.0..230.0).contains(&rates[1]), "{rates:?}");
    assert!((650.0..1035.0).contains(&rates[2]), "{rates:?}");
    let skipped = after.iter().filter(|(encoded, _)| *encoded == Encoded::Skipped).count();
    assert!(skipped > 0, "the lowered rate is met by leaving pictures out");
}

#[test]
fn parameter_sets_stay_the_same_whatever_the_rate() {
    let mut encoder = OpenH264Encoder::new(encoding(SMALL, 30, 500)).unwrap();
    let sets: Vec<Vec<u8>> = [500, 100_000, 1, 2000, 300]
        .into_iter()
        .enumerate()
        .map(|(index, kbps)| {
            encoder.set_rate(kbps, 5 + 6 * index as u32).unwrap();
            let units = encode(&mut encoder, SMALL, index * 3..index * 3 + 3, |picture| picture == index * 3);
            let slice = units[0].1.windows(4).position(|bytes| bytes == [0, 0, 1, 0x65]).unwrap();
            units[0].1[..slice].to_vec()
        })
        .collect();
    assert!(sets.iter().all(|set| *set == sets[0]), "{sets:x?}");
}

#[test]
fn a_stream_may_change_its_size_at_an_idr() {
    let mut decoder = OpenH264Decoder::new(false).unwrap();
    for size in [SMALL, Size::new(1280, 720), Size::new(360, 640), SMALL] {
        let mut encoder = OpenH264Encoder::new(encoding(size, 30, 800)).unwrap();
        for (_, unit) in encode(&mut encoder, size, 0..5, |_| false) {
            let mut sizes = Vec::new();
            decoder.decode(&unit, Span::ZERO, &mut |view, _| sizes.push(view.size)).unwrap();
            assert!(unit.is_empty() || sizes == [size], "{sizes:?} instead of {size}");
        }
    }
}

#[test]
fn a_rate_set_before_the_first_picture_counts() {
    let mut encoder = OpenH264Encoder::new(encoding(SMALL, 30, 3000)).unwrap();
    encoder.set_rate(200, 30).unwrap();
    let units = encode(&mut encoder, SMALL, 0..120, |_| false);
    assert!(kbps(&units) < 280.0, "{}", kbps(&units));
}

#[test]
fn an_odd_size_or_another_picture_is_refused() {
    assert_eq!(OpenH264Encoder::new(encoding(Size::new(641, 360), 30, 500)).err().unwrap().fault, Fault::Unsupported);
    assert!(OpenH264Encoder::new(encoding(Size::new(0, 360), 30, 500)).is_err());
    let mut encoder = OpenH264Encoder::new(encoding(SMALL, 30, 500)).unwrap();
    let bytes = moving(Size::new(320, 240), 0);
    let view = PictureView::new(Size::new(320, 240), 320, &bytes).unwrap();
    assert!(encoder.encode(view, Time::default(), false, &mut Vec::new()).is_err());
    let lying = PictureView { size: SMALL, ..view };
    assert!(encoder.encode(lying, Time::default(), false, &mut Vec::new()).is_err());
}

/// A stream made by x264, cut into access units, with the pts of each in presentation order.
fn foreign(options: &str) -> Vec<(Vec<u8>, Span)> {
    let source =
        "-v error -f lavfi -i testsrc2=size=320x240:rate=25:duration=4 -pix_fmt yuv420p -c:v libx264 -threads 1";
    let stream = run("ffmpeg", &format!("{source} {options} -x264-params aud=1:b-adapt=0 -f h264 -"), &[]);
    let starts: Vec<usize> =
        (0..stream.len() - 6).filter(|&at| stream[at..at + 4] == [0, 0, 0, 1] && stream[at + 4] & 31 == 9).collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let units: Vec<Vec<u8>> = starts.iter().zip(ends).map(|(&start, end)| stream[start..end].to_vec()).collect();
    // Matroska carries the pts that the raw stream has lost.
    let file = run("ffmpeg", &format!("{source} {options} -x264-params aud=1:b-adapt=0 -f matroska -"), &[]);
    let list = run("ffprobe", "-v error -i - -show_entries packet=pts_time -of csv=p=0", &file);
    let list = String::from_utf8(list).unwrap();
    let pts = list
        .split_whitespace()
        .map(|time| Span::micros((time.trim_matches(',').parse::<f64>().unwrap() * 1e6).round() as i64));
    assert_eq!(units.len(), 100);
    units.into_iter().zip(pts).collect()
}

#[test]
fn foreign_streams_come_out_complete_in_order_and_on_time() {
    let reference = run(
        "ffmpeg",
        "-v error -f lavfi -i testsrc2=size=320x240:rate=25:duration=4 -pix_fmt yuv420p -f rawvideo -",
        &[],
    );
    let reference: Vec<&[u8]> = reference.chunks_exact(Size::new(320, 240).i420_len()).collect();
    for (options, reorders) in [
        ("-profile:v baseline -g 30", false),
        ("-profile:v main -bf 0 -g 30", false),
        ("-profile:v high -bf 0 -refs 3 -g 30", false),
        ("-profile:v main -bf 0 -g 30", true),
        ("-profile:v main -bf 2 -b-pyramid none -g 30", true),
        ("-profile:v high -bf 3 -b-pyramid normal -g 30", true),
        ("-profile:v high -bf 3 -b-pyramid strict -g 50", true),
    ] {
        let units = foreign(options);
        let mut decoder = OpenH264Decoder::new(reorders).unwrap();
        let (mut shown, mut delay) = (Vec::new(), 0);
        for (index, (unit, pts)) in units.iter().enumerate() {
            decoder
                .decode(unit, *pts, &mut |view, pts| shown.push((packed(view), pts)))
                .unwrap_or_else(|error| panic!("{options}: unit {index}: {error}"));
            delay = delay.max(index + 1 - shown.len());
        }
        decoder.flush(&mut |view, pts| shown.push((packed(view), pts))).unwrap();
        println!("{options}: at most {delay} held back");
        assert_eq!(delay > 0, reorders, "{options}");
        assert_eq!(shown.len(), 100, "{options}");
        let mut expected: Vec<Span> = units.iter().map(|(_, pts)| *pts).collect();
        expected.sort();
        assert_eq!(shown.iter().map(|(_, pts)| *pts).collect::<Vec<_>>(), expected, "{options}");
        for (index, (picture, _)) in shown.iter().enumerate() {
            let quality = psnr(&picture[..320 * 240], &reference[index][..320 * 240]);
            assert!(quality > 28.0, "{options}: picture {index} has {quality:.1} dB");
        }
    }
}

#[test]
fn after_a_lost_unit_nothing_is_shown_until_an_idr() {
    let mut encoder = OpenH264Encoder::new(encoding(SMALL, 30, 2000)).unwrap();
    let units = encode(&mut encoder, SMALL, 0..40, |index| index == 25);
    let mut decoder = OpenH264Decoder::new(false).unwrap();
    let mut shown = Vec::new();
    for (index, (_, unit)) in units.iter().enumerate().filter(|(index, _)| *index != 10) {
        let mut count = 0;
        let result = decoder.decode(unit, Span::ZERO, &mut |_, _| count += 1);
        assert_eq!(result.is_ok(), count > 0 || unit.is_empty(), "unit {index}");
        if let Err(error) = result {
            assert_eq!(error.fault, Fault::Damaged);
        }
        shown.push((index, count));
    }
    let seen: Vec<usize> = shown.iter().filter(|(_, count)| *count > 0).map(|(index, _)| *index).collect();
    let expected: Vec<usize> =
        (0..40).filter(|index| !(10..25).contains(index) && !units[*index].1.is_empty()).collect();
    assert_eq!(seen, expected);
}

#[test]
fn hostile_bytes_never_stop_the_decoder() {
    let mut rng = fastrand::Rng::with_seed(17);
    let baseline = foreign("-profile:v baseline -g 10");
    let high = foreign("-profile:v high -bf 3 -g 10");
    for round in 0..60 {
        let reorders = round % 2 == 1;
        let units = if reorders { &high } else { &baseline };
        let mut decoder = OpenH264Decoder::new(reorders).unwrap();
        for (unit, pts) in units.iter().take(40) {
            let mut unit = unit.clone();
            for _ in 0..rng.usize(0..4) {
                match rng.u8(0..4) {
                    0 => unit.truncate(rng.usize(0..=unit.len())),
                    1 if !unit.is_empty() => {
                        let at = rng.usize(0..unit.len());
                        unit[at] = rng.u8(..);
                    }
                    2 if !unit.is_empty() => {
                        let at = rng.usize(0..unit.len().min(80));
                        unit[at] ^= 1 << rng.u8(0..8);
                    }
                    _ => unit.extend(std::iter::repeat_with(|| rng.u8(..)).take(30)),
                }
            }
            let _ = decoder.decode(&unit, *pts, &mut |view, _| {
                assert!(view.size.pixels() <= 1920 * 1088);
                std::hint::black_box(packed(view));
            });
        }
        // Whatever happened, an undamaged IDR brings the picture back.
        let mut count = 0;
        for (unit, pts) in units.iter().take(10) {
            let _ = decoder.decode(unit, *pts, &mut |_, _| count += 1);
        }
        assert!(count > 0, "round {round}");
    }
}

#[test]
fn raw_noise_is_coded_coarsely_and_the_next_idr_ends_that() {
    let mut random = fastrand::Rng::with_seed(11);
    for (size, fps, kbps) in [(Size::new(320, 180), 15, 1000), (SMALL, 30, 8000), (Size::new(64, 64), 1, 300)] {
        let mut encoder = OpenH264Encoder::new(encoding(size, fps, kbps)).unwrap();
        let mut decoder = OpenH264Decoder::new(false).unwrap();
        let mut judge = |index: i64, idr: bool, bytes: &[u8]| {
            let view = PictureView::new(size, size.width as usize, bytes).unwrap();
            let (mut out, mut seen) = (Vec::new(), Vec::new());
            let at = Time::from_micros(index * 1_000_000 / i64::from(fps));
            encoder.encode(view, at, idr, &mut out).unwrap();
            if !out.is_empty() {
                decoder.decode(&out, Span::millis(index), &mut |view, _| seen = packed(view)).unwrap();
            }
            seen
        };
        for index in 0..6 {
            let noise: Vec<u8> = (0..size.i420_len()).map(|_| random.u8(..)).collect();
            judge(index, index == 3, &noise);
        }
        // What follows has to make up for the noise first: the rate is kept.
        let shown: Vec<(Vec<u8>, Vec<u8>)> = (6..90)
            .map(|index| {
                let calm = moving(size, index as usize);
                (judge(index, index % 30 == 0, &calm), calm)
            })
            .filter(|(shown, _)| !shown.is_empty())
            .collect();
        let (shown, calm) = shown.last().expect("pictures come again");
        let quality = psnr(&shown[..size.pixels()], &calm[..size.pixels()]);
        assert!(quality > 30.0, "{size}: {quality:.1} dB");
    }
}
