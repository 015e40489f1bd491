//! Bodies as encoders and servers send them, and damaged ones.

use super::*;
use crate::flv::video::{picture, sequence_header};
use crate::h264::avcc::record;
use crate::media::Law;
use crate::testing::mutations;

/// Parameter sets of OpenH264 for 1280x720, and of x264 for 1920x1080.
const SMALL: &[u8] = b"\x67\x42\xc0\x1f\x8c\x8d\x40\x28\x02\xdd\x00\xf0\x88\x46\xa0";
const LARGE: &[u8] =
    b"\x67\x64\x00\x28\xac\xd9\x40\x78\x02\x27\xe5\xc0\x44\x00\x00\x03\x00\x04\x00\x00\x03\x00\xc8\x3c\x60\xc6\x58";
const PPS: &[u8] = b"\x68\xce\x3c\x80";

fn unit(nals: &[&[u8]]) -> Vec<u8> {
    nals.iter().flat_map(|nal| [&(nal.len() as u32).to_be_bytes(), *nal].concat()).collect()
}

fn idr(sets: &[&[u8]]) -> Bytes {
    picture(true, 0, &unit(&[sets, &[&b"\x65\x88\x84"[..]]].concat()))
}

fn inter() -> Bytes {
    picture(false, 80, &unit(&[b"\x41\x9a\x02"]))
}

fn header(sps: &[u8]) -> Bytes {
    sequence_header(&record(sps, PPS).unwrap())
}

/// The size of the configuration that came, and whether a unit did.
fn brief(result: Result<VideoBody, Trouble>) -> (Option<u32>, bool) {
    match result.unwrap() {
        VideoBody::Config(config) => (Some(config.size.width), false),
        VideoBody::Unit { config, .. } => (config.map(|config| config.size.width), true),
        VideoBody::Nothing => (None, false),
    }
}

/// An SPS of the high profile for 640x352, with these: profile, level, chroma format, depth less eight, frames only.
fn sps(profile: u8, level: u8, [chroma, depth]: [u32; 2], frames: bool) -> Vec<u8> {
    let code = |value: u32| {
        let binary = format!("{:b}", value + 1);
        "0".repeat(binary.len() - 1) + &binary
    };
    let mut bits = code(0) + &code(chroma);
    if chroma == 3 {
        bits += "0";
    }
    bits += &[code(depth), code(depth), "00".into(), code(0), code(2), code(1), "0".into()].concat();
    bits += &[code(39), code(21)].concat();
    bits += if frames { "1" } else { "00" };
    bits += "10010";
    bits += &"0".repeat(16 - bits.len() % 8);
    let bytes = bits.as_bytes().chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | (bit & 1)));
    [0x67, profile, 0, level].into_iter().chain(bytes).collect()
}

#[test]
fn a_picture_has_its_decoding_time_and_its_showing_time_and_is_an_idr_by_what_is_in_it() {
    let mut track = VideoTrack::new();
    track.read(0, &header(SMALL)).unwrap();
    let Ok(VideoBody::Unit { unit: shown, config: None }) = track.read(1000, &inter()) else { panic!("a picture") };
    assert_eq!((shown.dts, shown.pts, shown.idr), (Span::millis(1000), Span::millis(1080), false));
    // Called a key frame by its sender, which holds no IDR; and the other way round.
    let claimed = picture(true, 0, &unit(&[b"\x41\x9a\x02"]));
    let hidden = picture(false, 0, &unit(&[b"\x65\x88\x84"]));
    for (body, is) in [(claimed, false), (hidden, true)] {
        let Ok(VideoBody::Unit { unit, .. }) = track.read(i64::MAX, &body) else { panic!("a picture") };
        assert_eq!(unit.idr, is);
    }
}

#[test]
fn what_a_stream_said_of_itself_keeps_none_of_the_bodies_it_came_in_alive() {
    let (mut pictures, mut sound) = (VideoTrack::new(), SoundTrack::default());
    let record = [record(SMALL, PPS).unwrap().to_vec(), vec![0; 100_000]].concat();
    for body in [sequence_header(&record), idr(&[LARGE, PPS])] {
        pictures.read(0, &body).unwrap();
        assert!(body.is_unique());
    }
    let body = Bytes::from([&b"\xaf\0\x11\x90"[..], &[0; 900]].concat());
    let kept = sound.read(0, &body).unwrap();
    assert!(body.is_unique() && matches!(kept, AudioBody::Config(_)));
    let body = Bytes::from([&b"\xaf\0\x11\x90"[..], &[0; 1100]].concat());
    assert!(sound.read(0, &body).unwrap_err().contains("1024"));
}

#[test]
fn parameter_sets_that_come_with_an_idr_are_a_configuration_and_the_same_again_are_none() {
    let mut track = VideoTrack::new();
    assert_eq!(brief(track.read(0, &inter())), (None, false), "nothing is known of it");
    assert_eq!(brief(track.read(0, &idr(&[SMALL, PPS]))), (Some(1280), true));
    assert_eq!(brief(track.read(40, &inter())), (None, true));
    assert_eq!(brief(track.read(80, &idr(&[SMALL, PPS]))), (None, true));
    assert_eq!(brief(track.read(120, &idr(&[LARGE, PPS]))), (Some(1920), true), "another size");
    assert_eq!(brief(track.read(160, &header(SMALL))), (Some(1280), false), "by a sequence header");
    assert_eq!(brief(track.read(200, &idr(&[SMALL, PPS]))), (None, true));
    // A PPS on its way between two IDRs counts from the next one on.
    let body = picture(false, 0, &unit(&[b"\x68\xce\x38\x80", b"\x41\x9a\x02"]));
    assert_eq!(brief(track.read(240, &body)), (None, true));
    assert_eq!(brief(track.read(280, &idr(&[]))), (Some(1280), true));
}

#[test]
fn what_is_beyond_the_limits_is_refused_once_before_any_decoder_sees_it_and_good_pictures_are_taken_again() {
    let refused = |sps: &[u8]| {
        let mut track = VideoTrack::new();
        let Err(Trouble::Unplayable(it)) = track.read(0, &header(sps)) else { panic!("{sps:02x?}") };
        assert_eq!(brief(track.read(0, &header(sps))), (None, false), "said once");
        assert_eq!(brief(track.read(0, &idr(&[]))), (None, false), "nothing of it is decoded");
        assert_eq!(brief(track.read(0, &header(SMALL))), (Some(1280), false));
        assert_eq!(brief(track.read(0, &idr(&[]))), (None, true));
        let Err(Trouble::Unplayable(again)) = track.read(0, &idr(&[sps, PPS])) else { panic!("in band") };
        assert_eq!(again, it, "with a picture as in a sequence header");
        (it.why, it.words)
    };
    // A baseline SPS of 4096x2304, level 5.1, as x264 writes it.
    let huge = [0x67, 0x42, 0xc0, 0x33, 0xda, 0x00, 0x80, 0x00, 0x90, 0xb0, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x80];
    let table: [(&[u8], Why, &str); 6] = [
        (&huge, Why::TooLarge, "at most 1920x1088"),
        (&sps(100, 51, [1, 0], true), Why::TooLarge, "level 5.1"),
        (&sps(100, 31, [1, 0], false), Why::Format, "interlaced"),
        (&sps(244, 31, [3, 0], true), Why::Format, "Yuv444"),
        (&sps(110, 31, [1, 2], true), Why::Format, "10 bits"),
        (&sps(122, 31, [2, 0], true), Why::Format, "Yuv422"),
    ];
    for (sps, why, words) in table {
        let (found, said) = refused(sps);
        assert!(found == why && said.contains(words), "{words}: {said}");
    }
}

#[test]
fn other_codecs_are_refused_by_name_and_said_once() {
    let mut track = VideoTrack::new();
    for (body, name) in [(&b"\x90hvc1\0\0"[..], "HEVC"), (b"\x1c\0", "HEVC"), (b"\x90av01", "AV1"), (b"\x24", "VP6")] {
        let body = Bytes::from_static(body);
        match track.read(0, &body) {
            Err(Trouble::Unplayable(it)) => assert!(it.why == Why::Codec && it.codec.contains(name), "{it:?}"),
            other => assert!(name == "HEVC" && other == Ok(VideoBody::Nothing), "{other:?}"),
        }
        assert_eq!(track.read(0, &body), Ok(VideoBody::Nothing));
    }
    let mut track = SoundTrack::default();
    for (body, name) in [(&b"\xb6x"[..], "Speex"), (b"\x62x", "Nellymoser"), (b"\x1fx", "ADPCM"), (b"\x90Opus", "Opus")]
    {
        let words = track.read(0, &Bytes::from_static(body)).unwrap_err();
        assert!(words.contains(name) && words.contains("only AAC, MP3 and G.711"), "{words}");
        assert_eq!(track.read(0, &Bytes::from_static(body)), Ok(AudioBody::Nothing));
    }
}

#[test]
fn behind_a_damaged_unit_nothing_is_decoded_until_the_next_idr() {
    let mut track = VideoTrack::new();
    track.read(0, &header(SMALL)).unwrap();
    assert_eq!(brief(track.read(0, &idr(&[]))), (None, true));
    let short = picture(false, 0, b"\0\0\xff\xff\x41");
    assert!(matches!(track.read(0, &short), Err(Trouble::Damaged(words)) if words.contains("65535")));
    assert_eq!(brief(track.read(0, &short)), (None, false), "said once");
    assert_eq!(brief(track.read(0, &inter())), (None, false));
    assert_eq!(brief(track.read(0, &idr(&[]))), (None, true));
    assert_eq!(brief(track.read(0, &inter())), (None, true));
}

#[test]
fn a_track_that_never_says_what_it_is_is_told_once() {
    let mut video = VideoTrack::new();
    let told = (0..200).filter(|_| video.read(0, &inter()).is_err()).count();
    let mut sound = SoundTrack::default();
    let frame = Bytes::from_static(b"\xaf\x01frame");
    assert_eq!((told, (0..200).filter(|_| sound.read(0, &frame).is_err()).count()), (1, 1));
}

#[test]
fn sound_says_of_itself_what_it_is_or_by_a_header_before_it() {
    let mut track = SoundTrack::default();
    let mut read = |body: &'static [u8]| track.read(20, &Bytes::from_static(body)).unwrap();
    let unit = || SoundUnit { data: Bytes::from_static(b"data"), pts: Span::millis(20) };
    let aac = SoundCoding::Aac(Bytes::from_static(b"\x11\x88"));
    assert_eq!(read(b"\xaf\x01data"), AudioBody::Nothing);
    assert_eq!(read(b"\xaf\x00\x11\x88"), AudioBody::Config(aac));
    assert_eq!(read(b"\xaf\x01data"), AudioBody::Unit { coding: None, unit: unit() });
    let a_law = SoundCoding::G711 { law: Law::A, channels: 1 };
    assert_eq!(read(b"\x72data"), AudioBody::Unit { coding: Some(a_law), unit: unit() });
    assert_eq!(read(b"\xaf\x01data"), AudioBody::Nothing, "it has to say anew what it is");
    assert_eq!(read(b"\x2fdata"), AudioBody::Unit { coding: Some(SoundCoding::Mp3), unit: unit() });
}

#[test]
fn damaged_bodies_never_panic_and_no_configuration_is_larger_than_the_limits() {
    let (header, large) = (header(SMALL), self::header(LARGE));
    let (first, second, third) = (idr(&[SMALL, PPS]), idr(&[LARGE, PPS]), inter());
    let golden: [&[u8]; 6] = [&header, &large, &first, &second, &third, b"\x91avc1\0\0\x28\0\0\0\x01\x65"];
    let mut track = VideoTrack::new();
    for bytes in mutations(&golden, 0x7ac5, 20_000) {
        let config = match track.read(0, &bytes.into()) {
            Ok(VideoBody::Config(config) | VideoBody::Unit { config: Some(config), .. }) => config,
            _ => continue,
        };
        assert!(config.size.width.max(config.size.height) <= 1920 && (1..=4).contains(&config.length_size));
        assert!(config.parameter_sets.len() < 4 << 20);
    }
    let mut track = SoundTrack::default();
    for bytes in mutations(&[b"\xaf\x00\x11\x88", b"\xaf\x01frame", b"\x72ab", b"\x2fab"], 0x50d, 20_000) {
        let _ = track.read(i64::MIN, &bytes.into());
    }
}
