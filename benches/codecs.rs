//! Medians of what one picture or frame costs at 360p and 720p: `cargo bench --bench codecs`.

use std::hint::black_box;
use std::time::{Duration, Instant};
use visavis::api::card::Card;
use visavis::api::figures::{Figure, Figures, Recent};
use visavis::api::plan::{Looks, VoicePlan};
use visavis::device::drm::{to_bgra, to_bgrx};
use visavis::device::openh264::OpenH264Decoder;
use visavis::device::{self, Encoded, VideoDecoder, VideoEncoder, VideoEncoding};
use visavis::image::beauty::Beautifier;
use visavis::image::{Framing, Pens, Scaler, Stage, Turn, draw_card, draw_panel, to_jpeg, to_png};
use visavis::media::{
    Overlay, PictureView, PixelFormat, RawPicture, Rect, Size, Sound, SoundCoding, SoundFormat, Span, Time,
};
use visavis::render::Render;
use visavis::settings::screen::Language;
use visavis::voice::{Played, Treatment};

/// Pictures in the loop that is encoded again and again.
const LOOP: usize = 60;
const ROUNDS: usize = 300;

fn main() {
    for (size, kbps) in [(Size::new(640, 360), 500), (Size::new(1280, 720), 1200)] {
        video(size, kbps);
    }
    pixels();
    figures();
    beauty();
    sound();
}

/// A still, textured room with the noise of a sensor, and a face-sized disc that sways in front of it.
fn moving(size: Size, index: usize) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(index as u64);
    let mut bytes = vec![128; size.i420_len()];
    let (width, height) = (size.width as f32, size.height as f32);
    let centre = width * (0.5 + (index as f32 / 9.0).sin() / 6.0);
    for (place, sample) in bytes[..size.pixels()].iter_mut().enumerate() {
        let (x, y) = ((place % size.width as usize) as f32, (place / size.width as usize) as f32);
        let (dx, dy) = (x - centre, y - height / 2.0);
        let value = match dx * dx + dy * dy < height * height / 12.0 {
            true => 150.0 + (dx / 7.0).sin() * 30.0 + (dy / 9.0).cos() * 25.0,
            false => 110.0 + (x / 19.0).sin() * 40.0 + (y / 13.0).cos() * 30.0,
        };
        *sample = (value + rng.f32() * 5.0) as u8;
    }
    bytes
}

fn view(size: Size, bytes: &[u8]) -> PictureView<'_> {
    PictureView::new(size, size.width as usize, bytes).expect("a whole picture")
}

fn video(size: Size, bitrate_kbps: u32) {
    let pictures: Vec<Vec<u8>> = (0..LOOP).map(|index| moving(size, index)).collect();
    let mut encoder =
        device::openh264::OpenH264Encoder::new(VideoEncoding { size, fps: 30, bitrate_kbps }).expect("an encoder");
    let mut decoder = OpenH264Decoder::new(false).expect("a decoder");
    let (mut encoding, mut decoding, mut bytes, mut out) = (Vec::new(), Vec::new(), 0, Vec::new());
    for round in 0..ROUNDS {
        // Back and forth, so that the loop has no cut.
        let index = if (round / LOOP).is_multiple_of(2) { round % LOOP } else { LOOP - 1 - round % LOOP };
        let at = Time::from_micros(round as i64 * 33_333);
        let (took, encoded) = timed(|| encoder.encode(view(size, &pictures[index]), at, false, &mut out));
        if encoded.expect("a unit") != Encoded::Skipped {
            encoding.push(took);
            bytes += out.len();
            decoding.push(timed(|| decoder.decode(&out, Span::ZERO, &mut |view, _| _ = black_box(view))).0);
        }
    }
    let kbps = bytes as f64 * 8.0 * 30.0 / ROUNDS as f64 / 1000.0;
    println!("{size} at {kbps:.0} kbit/s, {} of {ROUNDS} pictures encoded", encoding.len());
    report("encode", encoding);
    report("decode", decoding);
}

fn pixels() {
    let (small, large) = (Size::new(640, 360), Size::new(1280, 720));
    let picture = |format, size: Size, stride: u32, bytes: Vec<u8>| RawPicture {
        format,
        size,
        stride: stride as usize,
        bytes: bytes.into(),
        captured: Time::default(),
    };
    let i420 = picture(PixelFormat::I420, large, 1280, moving(large, 0));
    let small_i420 = picture(PixelFormat::I420, small, 640, moving(small, 0));
    let yuyv = picture(PixelFormat::Yuyv, large, 2560, vec![100; 2560 * 720]);
    let nv12 = picture(PixelFormat::Nv12, large, 1280, vec![100; 1280 * 1080]);
    let jpeg = to_jpeg(view(large, &i420.bytes), 85).expect("an image");
    let mjpeg = picture(PixelFormat::Mjpeg, large, 0, jpeg);
    let upright = Framing { turn: Turn::Quarter, ..Framing::FILL };
    let mirrored = Framing { mirror: true, ..Framing::FILL };
    for (name, picture, target, framing) in [
        ("I420 720p to 360p", &i420, small, Framing::FILL),
        ("I420 360p to 720p", &small_i420, large, Framing::FILL),
        ("I420 720p to 540p", &i420, Size::new(960, 540), Framing::FILL),
        ("I420 720p mirrored", &i420, large, mirrored),
        ("I420 720p turned", &i420, large.turned(), upright),
        ("I420 720p turned to 360p", &i420, small.turned(), upright),
        ("YUYV 720p to I420", &yuyv, large, Framing::FILL),
        ("YUYV 720p to 360p", &yuyv, small, Framing::FILL),
        ("NV12 720p to I420", &nv12, large, Framing::FILL),
        ("MJPEG 720p to I420", &mjpeg, large, Framing::FILL),
        ("MJPEG 720p to 360p", &mjpeg, small, Framing::FILL),
    ] {
        let mut scaler = Scaler::new();
        report(name, repeat(|| drop(black_box(scaler.scale(picture, target, framing)))));
    }
    let mut screen = vec![0; large.pixels() * 4];
    report("I420 720p to BGRX", repeat(|| drop(to_bgrx(view(large, &i420.bytes), &mut screen, 1280 * 4))));
    report("PNG of 720p", repeat(|| drop(black_box(to_png(view(large, &i420.bytes))))));
    report("JPEG of 720p", repeat(|| drop(black_box(to_jpeg(view(large, &i420.bytes), 90)))));
    let mut card = Vec::new();
    report("card of 720p", repeat(|| drop(draw_card(large, Card::Waiting.text(Language::En).into(), &mut card))));
}

/// What `debug` costs: a panel is drawn once a second, a display without a layer for it needs it in each picture.
fn figures() {
    let size = Size::new(1280, 720);
    let (bytes, whole) = (moving(size, 0), Rect { x: 0, y: 0, width: size.width, height: size.height });
    let figure = |name| Figure { name, value: "1234".into(), unit: "kbit/s" };
    let event = Recent { age: "12 s".into(), code: 2107, name: "PLAY_WARNING_VIDEO_DISCONTINUITY" };
    let figures = Figures {
        title: "agent · live".into(),
        server: "rtmp://198.51.100.7/live/agent".into(),
        net: vec![figure("audioBitrate"); 14],
        latency: vec![figure("present"); 5],
        events: vec![event; 4],
        ..Figures::default()
    };
    let mut pens = Pens::default();
    report("debug 720p, panel drawn", repeat(|| _ = black_box(draw_panel(&mut pens, &figures, whole, 17))));
    let panel: Vec<Overlay> = draw_panel(&mut pens, &figures, whole, 17).into_iter().collect();
    let mut stage = Stage::default();
    stage.set_size(size).expect("a size");
    let put = |stage: &mut Stage| stage.put(view(size, &bytes), whole, Framing::CONTAIN).expect("a picture");
    report("debug 720p, picture copied", repeat(|| put(&mut stage)));
    report(
        "debug 720p, panel laid",
        repeat(|| {
            stage.lay(&panel);
            stage.lift();
        }),
    );
    let mut screen = vec![0; size.pixels() * 4];
    report("debug 720p, panel to ARGB", repeat(|| to_bgra(&panel, whole, &mut screen, 1280 * 4)));
}

/// The dearest there is: every pixel is skin.
fn beauty() {
    for size in [Size::new(640, 360), Size::new(1280, 720)] {
        let mut bytes = moving(size, 0);
        let (u, v) = bytes[size.pixels()..].split_at_mut(size.pixels() / 4);
        u.fill(110);
        v.fill(150);
        for (beauty, whiteness) in [(0, 0), (4, 0), (5, 0), (9, 0), (0, 9), (9, 9)] {
            let mut beautifier = Beautifier::new();
            let looks = Looks { beauty, whiteness };
            let name = format!("beauty {beauty}, whiteness {whiteness}, {}p", size.height);
            report(&name, repeat(|| _ = black_box(beautifier.apply(view(size, &bytes), looks))));
        }
    }
}

fn sound() {
    let mut encoder = device::sound_encoder(SoundFormat::CALL, 64).expect("an encoder");
    let mut decoder = device::sound_decoder(&SoundCoding::Aac(encoder.config().to_vec().into())).expect("a decoder");
    let samples: Vec<i16> = (0..1024).map(|index| ((index as f32 / 17.0).sin() * 9000.0) as i16).collect();
    let (mut frame, mut heard) = (Vec::new(), Vec::new());
    report("AAC encode 64 kbit/s", repeat(|| encoder.encode(&samples, &mut frame).expect("a frame")));
    report("AAC decode", repeat(|| _ = decoder.decode(&frame, &mut heard).expect("samples")));
    for (name, plan) in [
        ("echo cancellation, 10 ms", VoicePlan { echo: true, ..VoicePlan::default() }),
        ("noise suppression, 10 ms", VoicePlan { noise: true, ..VoicePlan::default() }),
        ("automatic gain, 10 ms", VoicePlan { gain: true, ..VoicePlan::default() }),
    ] {
        report(name, voice(plan));
    }
    for (name, speed) in [("loudspeaker, 10 ms", 10), ("the same, a tenth faster", 9), ("a tenth slower", 11)] {
        report(name, loudspeaker(speed));
    }
}

/// A voice in frames of AAC whose moments run at so many tenths of their length, 10 ms at a time.
fn loudspeaker(speed: i64) -> Vec<Duration> {
    let (mut render, mut due, mut at, mut made) = (Render::new(SoundFormat::CALL), Time::default(), Time::default(), 0);
    let mut period = || {
        while due <= at + Span::millis(40) {
            let wave = |n: usize| (n as f32 / 54.0).sin() * 5000.0 + (n as f32 / 9.0).sin() * 2000.0;
            let frame: Vec<i16> = (made..made + 1024).map(|n| wave(n) as i16).collect();
            render.push(&frame, due);
            (due, made) = (due + Span::samples(1024 * speed / 10, 48_000), made + 1024);
        }
        let mut out = [0; 480];
        let took = timed(|| render.pull(at, black_box(&mut out))).0;
        at += Span::millis(10);
        took
    };
    (0..ROUNDS).map(|_| period()).collect()
}

/// Somebody who is heard and an echo of noise, 10 ms at a time.
fn voice(plan: VoicePlan) -> Vec<Duration> {
    let (mut treatment, mut rng, mut at) = (Treatment::default(), fastrand::Rng::with_seed(1), Time::default());
    treatment.set(plan);
    let mut period = || {
        let far: Vec<i16> = (0..480).map(|_| rng.i16(-3000..3000)).collect();
        let near = far.iter().enumerate().map(|(n, far)| far / 4 + ((n as f32 / 17.0).sin() * 5000.0) as i16).collect();
        let mut sound = Sound { format: SoundFormat::CALL, samples: near, captured: at };
        treatment.played(0, &Played { samples: far, format: SoundFormat::CALL, heard: at });
        at += Span::millis(10);
        timed(|| treatment.run(black_box(&mut sound))).0
    };
    (0..ROUNDS).map(|_| period()).collect()
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let result = work();
    (begun.elapsed(), result)
}

fn repeat(mut work: impl FnMut()) -> Vec<Duration> {
    (0..100).map(|_| timed(&mut work).0).collect()
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6;
    println!("  {name:27} median {:7.1} µs   99% {:7.1} µs", at(50), at(99));
}
