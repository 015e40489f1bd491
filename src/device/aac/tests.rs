//! Both codecs with tones and impulses, and with frames made by ffmpeg.

use super::*;
use crate::device::{Fault, SoundDecoder, SoundEncoder};
use crate::media::SoundFormat;
use crate::media::testing::run;
use fdk_aac_sys as sys;

const STEREO: SoundFormat = SoundFormat { rate: 48_000, channels: 2 };

/// `frames` frames of a tone of `hertz`, the same in every channel.
fn tone(format: SoundFormat, frames: usize, hertz: f32) -> Vec<i16> {
    let step = hertz * std::f32::consts::TAU / format.rate as f32;
    (0..frames * 1024)
        .flat_map(|index| {
            let value = ((index as f32 * step).sin() * 8000.0) as i16;
            std::iter::repeat_n(value, usize::from(format.channels))
        })
        .collect()
}

fn encode(encoder: &mut FdkEncoder, format: SoundFormat, samples: &[i16]) -> Vec<Vec<u8>> {
    let step = encoder.frame_len() * usize::from(format.channels);
    let mut frame = Vec::new();
    samples
        .chunks_exact(step)
        .map(|chunk| {
            encoder.encode(chunk, &mut frame).unwrap();
            frame.clone()
        })
        .collect()
}

fn decode(config: &[u8], frames: &[Vec<u8>]) -> (Vec<SoundFormat>, Vec<i16>) {
    let mut decoder = FdkDecoder::new(config).unwrap();
    let (mut formats, mut all, mut out) = (Vec::new(), Vec::new(), Vec::new());
    for frame in frames {
        formats.push(decoder.decode(frame, &mut out).unwrap());
        all.extend_from_slice(&out);
    }
    (formats, all)
}

/// Share of a channel's energy that is at `hertz` (1 for a pure tone).
fn purity(samples: &[i16], format: SoundFormat, hertz: f32) -> f64 {
    let step = f64::from(hertz) * std::f64::consts::TAU / f64::from(format.rate);
    let channel = samples.iter().step_by(usize::from(format.channels));
    let (mut sine, mut cosine, mut energy, mut count) = (0.0, 0.0, 0.0, 0.0);
    for (index, &sample) in channel.enumerate() {
        let (value, angle) = (f64::from(sample), index as f64 * step);
        (sine, cosine) = (sine + value * angle.sin(), cosine + value * angle.cos());
        (energy, count) = (energy + value * value, count + 1.0);
    }
    2.0 * (sine * sine + cosine * cosine) / (count * energy)
}

#[test]
fn an_impulse_comes_out_exactly_as_late_as_the_encoder_says() {
    for (format, kbps) in [(SoundFormat::CALL, 64), (SoundFormat::CALL, 24), (STEREO, 128)] {
        let mut encoder = FdkEncoder::new(format, kbps).unwrap();
        let mut samples = vec![0; 1024 * 16 * usize::from(format.channels)];
        let at = 6000;
        samples[at * usize::from(format.channels)] = 30_000;
        let frames = encode(&mut encoder, format, &samples);
        let (_, sound) = decode(encoder.config(), &frames);
        let left = sound.iter().step_by(usize::from(format.channels));
        let peak = left.enumerate().max_by_key(|(_, value)| value.unsigned_abs()).unwrap().0;
        println!("{format:?} {kbps} kbit/s: delay {} reported {}", peak - at, encoder.delay());
        assert_eq!(peak - at, encoder.delay());
        assert_eq!(encoder.delay(), 2048);
    }
}

#[test]
fn a_tone_survives_at_every_rate_and_channel_count() {
    for rate in [8000, 16_000, 24_000, 32_000, 44_100, 48_000] {
        for channels in [1, 2] {
            let format = SoundFormat { rate, channels };
            let mut encoder = FdkEncoder::new(format, 48 * u32::from(channels)).unwrap();
            let frames = encode(&mut encoder, format, &tone(format, 40, 440.0));
            let (formats, sound) = decode(encoder.config(), &frames);
            assert!(formats.iter().all(|given| *given == format), "{formats:?}");
            let settled = &sound[8192 * usize::from(channels)..];
            assert!(purity(settled, format, 440.0) > 0.99, "{format:?}");
        }
    }
}

#[test]
fn both_he_profiles_are_decoded_at_their_full_rate() {
    for (object_type, channels, kbps) in [(5, 1, 32), (5, 2, 64), (29, 2, 32)] {
        let format = SoundFormat { rate: 48_000, channels };
        // Parametric stereo may set in at any frame, so the library gives a mono stream two channels from the start.
        let heard = STEREO;
        let mut encoder = FdkEncoder::with_object_type(format, kbps, object_type).unwrap();
        assert_eq!(encoder.frame_len(), 2048);
        let frames = encode(&mut encoder, format, &tone(format, 80, 440.0));
        let (formats, sound) = decode(encoder.config(), &frames);
        assert!(formats.iter().all(|given| *given == heard), "object type {object_type}");
        let settled = &sound[sound.len() / 2..];
        assert!(purity(settled, heard, 440.0) > 0.98, "object type {object_type}");
    }
}

#[test]
fn the_rate_changes_with_the_next_frame_and_the_sound_goes_on() {
    let format = SoundFormat::CALL;
    let mut encoder = FdkEncoder::new(format, 64).unwrap();
    let mut rng = fastrand::Rng::with_seed(3);
    let mut samples = tone(format, 300, 440.0);
    samples.iter_mut().for_each(|sample| *sample += rng.i16(-2000..2000));
    let (first, second) = samples.split_at(1024 * 150);
    let mut frames = encode(&mut encoder, format, first);
    encoder.set_bitrate(24).unwrap();
    frames.extend(encode(&mut encoder, format, second));
    let kbps = |frames: &[Vec<u8>]| {
        frames.iter().map(Vec::len).sum::<usize>() as f64 * 8.0 * 48.0 / (frames.len() as f64 * 1024.0)
    };
    let (before, after) = (kbps(&frames[20..150]), kbps(&frames[170..]));
    assert!((60.0..66.0).contains(&before) && (21.0..26.0).contains(&after), "{before} {after}");
    let (_, sound) = decode(encoder.config(), &frames);
    assert!(purity(&sound[8192..], format, 440.0) > 0.9);
}

/// Raw frames of a tone made by ffmpeg's own encoder, with their AudioSpecificConfig.
fn foreign(rate: u32, channels: u16) -> (Vec<u8>, Vec<Vec<u8>>) {
    let source = format!("-v error -f lavfi -i sine=frequency=440:sample_rate={rate}:duration=2 -ac {channels}");
    let adts = run("ffmpeg", &format!("{source} -c:a aac -b:a 64k -f adts -"), &[]);
    // ADTS headers (ISO/IEC 13818-7, 6.2) of seven bytes: profile, sampling index, channels, length.
    let config = vec![2 << 3 | (adts[2] >> 2 & 15) >> 1, (adts[2] >> 2 & 1) << 7 | (channels as u8) << 3];
    let (mut rest, mut frames) = (&adts[..], Vec::new());
    while rest.len() > 7 {
        let length = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5]) >> 5;
        frames.push(rest[7..length].to_vec());
        rest = &rest[length..];
    }
    (config, frames)
}

#[test]
fn another_encoders_frames_are_decoded() {
    for (rate, channels) in [(8000, 1), (22_050, 2), (44_100, 2), (48_000, 1)] {
        let (config, frames) = foreign(rate, channels);
        let (formats, sound) = decode(&config, &frames);
        let format = SoundFormat { rate, channels };
        assert_eq!(formats.last(), Some(&format));
        let settled = &sound[sound.len() / 2..sound.len() * 3 / 4 / usize::from(channels) * usize::from(channels)];
        assert!(purity(settled, format, 440.0) > 0.98, "{format:?}");
    }
}

#[test]
fn a_format_or_config_that_is_none_is_refused() {
    for format in [SoundFormat { rate: 48_000, channels: 3 }, SoundFormat { rate: 12_345, channels: 1 }] {
        assert_eq!(FdkEncoder::new(format, 64).err().unwrap().fault, Fault::Unsupported, "{format:?}");
    }
    for config in [&[][..], &[0x11], &[0x0a, 0x10], &[0xf8, 0xe6, 0x30, 0], &[0x11; 65]] {
        assert_eq!(FdkDecoder::new(config).err().unwrap().fault, Fault::Unsupported, "{config:x?}");
    }
    let mut encoder = FdkEncoder::new(SoundFormat::CALL, 64).unwrap();
    assert!(encoder.encode(&[0; 1000], &mut Vec::new()).is_err());
}

#[test]
fn hostile_frames_never_stop_the_decoder() {
    let mut rng = fastrand::Rng::with_seed(29);
    let format = STEREO;
    let mut lc = FdkEncoder::new(format, 96).unwrap();
    let mut he = FdkEncoder::with_object_type(format, 32, sys::AUDIO_OBJECT_TYPE_AOT_PS as u32).unwrap();
    for encoder in [&mut lc, &mut he] {
        let frames = encode(encoder, format, &tone(format, 60, 440.0));
        for _ in 0..150 {
            let mut config = encoder.config().to_vec();
            if rng.u8(0..3) == 0 {
                let at = rng.usize(0..config.len());
                config[at] ^= 1 << rng.u8(0..8);
            }
            let Ok(mut decoder) = FdkDecoder::new(&config) else { continue };
            let mut out = Vec::new();
            for frame in &frames {
                let mut frame = frame.clone();
                for _ in 0..rng.usize(0..4) {
                    let at = rng.usize(0..frame.len());
                    frame[at] = rng.u8(..);
                }
                if rng.u8(0..8) == 0 {
                    frame.truncate(rng.usize(0..frame.len()));
                }
                match decoder.decode(&frame, &mut out) {
                    Ok(format) => assert!(!out.is_empty() && out.len() % usize::from(format.channels) == 0),
                    Err(_) => assert!(out.is_empty()),
                }
            }
        }
        // An undamaged frame is heard again at once.
        let mut decoder = FdkDecoder::new(encoder.config()).unwrap();
        let mut out = Vec::new();
        assert!(decoder.decode(&[0xff; 300], &mut out).is_err());
        assert!(decoder.decode(&[0; 7000], &mut out).is_err());
        assert!(decoder.decode(&[], &mut out).is_err());
        assert!(frames.iter().take(3).all(|frame| decoder.decode(frame, &mut out).is_ok()));
    }
}
