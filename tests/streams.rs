//! Streams as they come: every kind of H.264 and of sound, changes in mid-stream, damage and leaps.

mod support;

use fdk_aac::enc::{AudioObjectType, BitRate, ChannelMode, Encoder, EncoderParams, Transport};
use std::time::Duration;
use support::ffmpeg;
use support::film::Film;
use support::rig::{Devices, Rig, screen, tape};
use support::sound;
use support::web::Web;
use visavis::api::notice::PlayNews;
use visavis::api::plan::PlayPlan;
use visavis::device::{DeviceError, Display, Wake};
use visavis::flv::{Tag, TagKind, VideoTag, audio, video};
use visavis::h264::DecoderConfig;
use visavis::h264::nal::{NalKind, length_prefixed};
use visavis::media::{PictureView, Size, Time};

const CALL: PlayPlan = PlayPlan { active: true, ..PlayPlan::IDLE };
const MONO: &str = "-c:a aac -ar 48000 -ac 1 -b:a 64k";
const BASELINE: &str = "-c:v libx264 -preset ultrafast -profile:v baseline -pix_fmt yuv420p -g 25";
const SMALL: Size = Size::new(320, 240);

/// Everything a player told, showed and played of `film`.
fn played(film: Film) -> Rig {
    let server = Web::playing(film);
    let mut rig = Rig::start(CALL);
    rig.player.connect(1, server.url("/live/film.flv"));
    rig.until("the end", |rig| matches!(rig.news.last(), Some(PlayNews::Ended(_))));
    // What is still inside comes out.
    rig.until("the last figures", |rig| rig.stats.len() > 1);
    rig
}

/// Each film played by a player of its own, all at once.
fn all_played(films: Vec<(&'static str, Film)>) -> Vec<(&'static str, Rig)> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = films.into_iter().map(|(name, film)| (name, scope.spawn(|| played(film)))).collect();
        threads.into_iter().map(|(name, thread)| (name, thread.join().unwrap())).collect()
    })
}

fn sizes(rig: &Rig) -> Vec<Size> {
    let mut sizes = rig.sizes.lock().unwrap().clone();
    sizes.dedup();
    sizes
}

/// The sizes that were told (2009), in their order.
fn told_sizes(rig: &Rig) -> Vec<Size> {
    let size = |news: &PlayNews| if let PlayNews::Resolution(size) = news { Some(*size) } else { None };
    rig.news.iter().filter_map(size).collect()
}

fn count(rig: &Rig, wanted: fn(&PlayNews) -> bool) -> usize {
    rig.news.iter().filter(|news| wanted(news)).count()
}

fn failures(rig: &Rig) -> usize {
    count(rig, |news| matches!(news, PlayNews::VideoDecodeFailed(_) | PlayNews::SoundDecodeFailed(_)))
}

/// The access units of a film, without sequence headers, each changed; `sets`: SPS and PPS of the film.
fn rewritten(film: Film, change: impl Fn(bool, i32, &[u8], &DecoderConfig) -> Vec<u8>) -> Film {
    let mut sets = DecoderConfig::in_band();
    film.changed(TagKind::Video, |body| match video::parse(&body.to_vec().into()).unwrap() {
        VideoTag::SequenceHeader(record) => {
            sets = DecoderConfig::parse(&record).unwrap();
            None
        }
        VideoTag::Picture { idr, composition_ms, data } => Some(change(idr, composition_ms, &data, &sets)),
        _ => None,
    })
}

/// SPS and PPS in front of each IDR, and no sequence header.
fn in_band(film: Film) -> Film {
    rewritten(film, |idr, composition, data, sets| {
        let nals = sets.sps.iter().chain(&sets.pps).filter(|_| idr);
        let front: Vec<u8> = nals.flat_map(|nal| [&(nal.len() as u32).to_be_bytes()[..], &nal[..]].concat()).collect();
        video::picture(idr, composition, &[&front, data].concat()).to_vec()
    })
}

/// By the FourCC of Enhanced RTMP.
fn by_four_cc(film: Film, four_cc: &'static str) -> Film {
    film.changed(TagKind::Video, |body| {
        let (frame, packet) = (body[0] >> 4, body[1]);
        let offset = if packet == 1 { &body[2..5] } else { &[] };
        let head = [0x80 | frame << 4 | packet];
        Some([&head, four_cc.as_bytes(), offset, &body[5..]].concat())
    })
}

fn small(name: &str, video: &str) -> Film {
    Film::of(name, "320x240", 25, 2.0, video, MONO)
}

#[test]
fn every_kind_of_h264_picture_is_played() {
    let high = "-c:v libx264 -preset veryfast -profile:v high -pix_fmt yuv420p -g 25";
    let films = vec![
        ("baseline", small("baseline", BASELINE)),
        ("main, CABAC, no B pictures", small("main", "-c:v libx264 -profile:v main -bf 0 -pix_fmt yuv420p -g 25")),
        (
            "high, B pictures that others refer to",
            small("high", &format!("{high} -bf 3 -x264-params b-pyramid=normal")),
        ),
        ("four slices a picture", small("slices", &format!("{BASELINE} -x264-params slices=4"))),
        ("50 pictures a second", Film::of("fifty", "320x240", 50, 2.0, BASELINE, MONO)),
        ("sets with the pictures alone", in_band(small("baseline", BASELINE))),
        ("H.264 by FourCC", by_four_cc(small("baseline", BASELINE), "avc1")),
        ("picture alone", small("baseline", BASELINE).only(TagKind::Video)),
    ];
    for (name, rig) in all_played(films) {
        let wanted = if name.starts_with("50") { 70 } else { 38 };
        assert!(rig.shown() >= wanted, "{name}: {} shown, {:?}", rig.shown(), rig.stats);
        assert_eq!((sizes(&rig), told_sizes(&rig)), (vec![SMALL], vec![SMALL]), "{name}");
        assert_eq!(failures(&rig), 0, "{name}: {:?}", rig.news);
    }
}

#[test]
fn every_kind_of_sound_is_heard() {
    let picture = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25";
    let rows = [
        ("aac-8k", "-c:a aac -ar 8000 -ac 1"),
        ("aac-16k", "-c:a aac -ar 16000 -ac 1"),
        ("aac-22k-stereo", "-c:a aac -ar 22050 -ac 2"),
        ("aac-44k-stereo", "-c:a aac -ar 44100 -ac 2"),
        ("aac-48k-five-one", "-c:a aac -ar 48000 -ac 6"),
        ("mp3-44k-stereo", "-c:a libmp3lame -ar 44100 -ac 2"),
        ("mp3-22k", "-c:a libmp3lame -ar 22050 -ac 1"),
        ("a-law", "-c:a pcm_alaw -ar 8000 -ac 1"),
        ("mu-law", "-c:a pcm_mulaw -ar 8000 -ac 1"),
    ];
    let mut films = rows.map(|(name, codec)| (name, Film::of(name, "320x240", 25, 2.0, picture, codec))).to_vec();
    let alone = films[3].1.clone().only(TagKind::Audio);
    films.push(("sound alone", alone));
    for (name, rig) in all_played(films) {
        let heard = rig.samples.lock().unwrap().clone();
        assert!(heard.len() > 80_000, "{name}: {} samples", heard.len());
        let middle = &heard[heard.len() / 3..heard.len() / 3 + 24_000];
        let (pitch, purity) = (sound::frequency(middle, 48_000), sound::purity(middle, 48_000, 1000.0));
        assert!((pitch - 1000.0).abs() < 15.0 && purity > 0.9, "{name}: {pitch} Hz, {purity}");
        assert_eq!(failures(&rig), 0, "{name}: {:?}", rig.news);
    }
}

/// The pictures of `film` with a tone of 1 kHz and hiss in HE-AAC of 48 kHz, announced by `config`. ffmpeg has no encoder
/// for it.
fn he_aac(film: Film, object: AudioObjectType, channels: ChannelMode, config: &[u8]) -> Film {
    let (bit_rate, sample_rate, transport) = (BitRate::Cbr(48_000), 48_000, Transport::Raw);
    let params = EncoderParams { bit_rate, sample_rate, transport, channels, audio_object_type: object };
    let encoder = Encoder::new(params).unwrap();
    let frame_len = encoder.info().unwrap().frameLength as usize;
    assert_eq!(frame_len, 2048, "twice 1024 with SBR");
    let sides = if matches!(channels, ChannelMode::Stereo) { 2 } else { 1 };
    let mut rng = fastrand::Rng::with_seed(5);
    let mut film = film.only(TagKind::Video);
    let mut add = |at: usize, body| {
        let timestamp = (at * 1000 / 48_000) as u32;
        film.tags.push((timestamp, Tag { kind: TagKind::Audio, timestamp, body }));
    };
    add(0, audio::sequence_header(config));
    for start in (0..96_000).step_by(frame_len) {
        let wave = |at: usize| (at as f32 / 48.0 * std::f32::consts::TAU).sin() * 8000.0;
        let samples: Vec<i16> =
            (start..start + frame_len).flat_map(|at| vec![wave(at) as i16 + rng.i16(-1500..=1500); sides]).collect();
        let mut frame = [0; 2048];
        let made = encoder.encode(&samples, &mut frame).unwrap();
        assert_eq!(made.input_consumed, samples.len());
        if made.output_size > 0 {
            add(start, audio::frame(&frame[..made.output_size]));
        }
    }
    film.tags.sort_by_key(|(at, _)| *at);
    film
}

/// How loud a kilohertz of hiss around 14 kHz is, measured by one around 4 kHz.
fn height(heard: &[i16]) -> f64 {
    let band = |from: u32| (0..50).map(|step| sound::share(heard, 48_000, f64::from(from + step * 20))).sum::<f64>();
    band(13_500) / band(3500)
}

#[test]
fn he_aac_is_heard_with_its_upper_half_however_it_is_announced() {
    let picture = || small("baseline", BASELINE);
    let (he, v2) = (AudioObjectType::Mpeg4HeAac, AudioObjectType::Mpeg4HeAacV2);
    let (mono, stereo) = (ChannelMode::Mono, ChannelMode::Stereo);
    // AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1, 1.6.5): LC at 24 kHz, and what is said of SBR at 48 kHz.
    let films = vec![
        ("announced first", he_aac(picture(), he, mono, &[0x2b, 0x09, 0x88, 0x00])),
        ("announced behind, for decoders without it", he_aac(picture(), he, mono, &[0x13, 0x08, 0x56, 0xe5, 0x98])),
        ("not announced at all", he_aac(picture(), he, mono, &[0x13, 0x08])),
        ("with parametric stereo", he_aac(picture(), v2, stereo, &[0xeb, 0x09, 0x88, 0x00])),
    ];
    for (name, film) in &films {
        let file = tempfile::NamedTempFile::with_suffix(".flv").unwrap();
        let mut at_once = film.clone();
        at_once.tags.iter_mut().for_each(|(at, _)| *at = 0);
        at_once.play(&mut file.as_file()).unwrap();
        let judged = ffmpeg::streams(file.path());
        assert_eq!((judged.audio.as_str(), judged.rate), ("aac", 48_000), "{name}");
        let height = height(&ffmpeg::sound(file.path())[24_000..72_000]);
        assert!(height > 0.3, "{name}: {height} for ffmpeg");
    }
    for (name, rig) in all_played(films) {
        let heard = rig.samples.lock().unwrap().clone();
        assert!(heard.len() > 80_000, "{name}: {} samples", heard.len());
        let middle = &heard[heard.len() / 3..heard.len() / 3 + 24_000];
        // Sound of 24 kHz has nothing above 12.
        let (purity, height) = (sound::purity(middle, 48_000, 1000.0), height(middle));
        assert!(purity > 0.9 && height > 0.3, "{name}: {purity}, {height}");
        assert_eq!(failures(&rig), 0, "{name}: {:?}", rig.news);
    }
}

#[test]
fn size_frame_rate_and_sound_change_in_mid_stream_and_only_the_size_is_told() {
    let large = Size::new(640, 360);
    let mp3 = "-c:a libmp3lame -ar 44100 -ac 2";
    let main = "-c:v libx264 -profile:v main -bf 0 -pix_fmt yuv420p -g 25";
    let film = small("baseline", BASELINE)
        .first(1000)
        .then(Film::of("large", "640x360", 15, 2.0, BASELINE, mp3).first(1000), 0)
        .then(in_band(small("main", main)).first(1000), 0);
    let rig = played(film);
    assert_eq!((sizes(&rig), told_sizes(&rig)), (vec![SMALL, large, SMALL], vec![SMALL, large, SMALL]));
    assert_eq!((failures(&rig), count(&rig, |news| *news == PlayNews::PlayBegin)), (0, 1), "{:?}", rig.news);
    let pictures = rig.sizes.lock().unwrap().iter().filter(|size| **size == large).count();
    assert!((11..=16).contains(&pictures), "{pictures} pictures at 15 a second");
    let heard = rig.samples.lock().unwrap().clone();
    for half in [1, 3, 5] {
        let piece = &heard[(half * 24_000 - 6000).min(heard.len() - 14_000)..][..12_000];
        assert!(sound::purity(piece, 48_000, 1000.0) > 0.8, "half second {half}");
    }
}

#[test]
fn a_damaged_picture_is_told_once_and_the_next_idr_heals_it() {
    let mut pictures = 0;
    let film = small("baseline", BASELINE).changed(TagKind::Video, |body| {
        pictures += 1;
        let slice =
            length_prefixed(&body[5..], 4).any(|nal| nal.is_ok_and(|nal| NalKind::of(nal) == Some(NalKind::Slice)));
        let mut body = body.to_vec();
        // One in the first GOP loses its middle; its head still promises it.
        if pictures == 15 && slice {
            let middle = body.len() / 2;
            body[middle..].fill(0xff);
        }
        Some(body)
    });
    let rig = played(film);
    assert_eq!(failures(&rig), 1, "{:?}", rig.news);
    let shown = rig.shown();
    assert!((30..46).contains(&shown), "{shown}: to the damage, and from the next IDR on");
}

#[test]
fn a_leap_in_the_streams_time_is_told_once_and_nothing_is_lost() {
    let second = || small("baseline", BASELINE).first(1000);
    let rig = played(second().then(second(), 90_000));
    assert_eq!(count(&rig, |news| *news == PlayNews::Discontinuity), 1, "{:?}", rig.news);
    assert!(rig.shown() > 42, "{} shown", rig.shown());
    assert_eq!(told_sizes(&rig), [SMALL]);
}

/// A screen that needs a quarter of a second for each picture.
struct Slow(Box<dyn Display>);

impl Display for Slow {
    fn size(&self) -> Option<Size> {
        self.0.size()
    }
    fn show(&mut self, picture: PictureView<'_>, wake: &Wake) -> Result<Option<Time>, DeviceError> {
        std::thread::sleep(Duration::from_millis(250));
        self.0.show(picture, wake)
    }
}

#[test]
fn pictures_that_come_on_the_screen_too_late_are_told() {
    let server = Web::playing(small("baseline", BASELINE));
    let mut rig = Rig::start_with(CALL, |meter, sizes, samples| {
        let good = screen(meter, sizes);
        Devices { display: Box::new(move || Ok(Box::new(Slow(good()?)))), speaker: tape(meter, samples) }
    });
    rig.player.connect(1, server.url("/live/film.flv"));
    rig.until("2105", |rig| rig.news.contains(&PlayNews::PlayLag));
}
