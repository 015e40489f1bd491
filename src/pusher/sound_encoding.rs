//! Sound into AAC at the rate of the plan. A change of rate is another encoder that goes on where the old one ended.

use super::CodedSound;
use super::unbroken::FORMAT;
use crate::api::fault::DeviceError;
use crate::device::{SoundEncoder, SoundEncoderBuilder, clock};
use crate::media::{Sound, SoundFormat, Span, Time};
use crate::voice::{Convert, SampleClock};
use bytes::Bytes;
use std::sync::Arc;

/// Sound remembered for the next encoder: the longest delay of an old one (128 ms at 16 kHz), the frame it had begun, and
/// what the new one needs to swing in.
const HISTORY: Span = Span::millis(300);

/// The encoder and what belongs to one session of it.
pub struct SoundEncoding {
    session: u64,
    kbps: u32,
    format: SoundFormat,
    build: Arc<SoundEncoderBuilder>,
    encoder: Box<dyn SoundEncoder>,
    config: Bytes,
    convert: Convert,
    /// Samples that do not fill a frame yet.
    waiting: Vec<i16>,
    clock: SampleClock,
    frame: Vec<u8>,
    history: Vec<i16>,
    /// When the sample behind the last one of the history was heard.
    heard_until: Time,
    /// When the sample behind the last one given out was heard.
    given_until: Option<Time>,
    /// Frames of before are the old encoder's.
    from: Option<Time>,
}

impl SoundEncoding {
    /// An encoder for `session`, made by `build`, that begins with what comes first.
    pub fn new(build: Arc<SoundEncoderBuilder>, session: u64, rate: u32, kbps: u32) -> Result<Self, DeviceError> {
        let format = SoundFormat { rate, channels: 1 };
        let encoder = build(format, kbps)?;
        Ok(Self {
            session,
            kbps,
            format,
            config: Bytes::copy_from_slice(encoder.config()),
            build,
            encoder,
            convert: Convert::new(FORMAT, format),
            waiting: Vec::new(),
            clock: SampleClock::new(rate),
            frame: Vec::new(),
            history: Vec::new(),
            heard_until: Time::default(),
            given_until: None,
            from: None,
        })
    }

    /// Whose sound it is.
    pub fn session(&self) -> u64 {
        self.session
    }

    /// Goes on at these rates: frames of a new one follow the old ones without a hole in time or sound.
    pub fn set(&mut self, rate: u32, kbps: u32, mut give: impl FnMut(CodedSound)) -> Result<(), DeviceError> {
        if rate != self.format.rate {
            let mut next = Self::new(self.build.clone(), self.session, rate, kbps)?;
            if let Some(until) = self.given_until {
                next.from = Some(until);
                let begin = until - next.lead();
                let had = FORMAT.values_in(self.heard_until - begin).min(self.history.len());
                let samples = self.history.split_off(self.history.len() - had);
                let captured = self.heard_until - FORMAT.span_of(samples.len());
                next.push(&Sound { format: FORMAT, samples, captured }, &mut give)?;
            }
            *self = next;
        } else if kbps != self.kbps {
            self.encoder.set_bitrate(kbps)?;
            self.kbps = kbps;
        }
        Ok(())
    }

    /// Encodes `heard` ([`FORMAT`]) and gives out the frames that are full.
    pub fn push(&mut self, heard: &Sound, mut give: impl FnMut(CodedSound)) -> Result<(), DeviceError> {
        self.remember(heard);
        let waiting = self.format.span_of(self.waiting.len());
        self.clock.heard(heard.captured - self.convert.delay() - waiting);
        self.convert.push(&heard.samples, &mut self.waiting);
        let frame = self.encoder.frame_len();
        let mut used = 0;
        while let Some(samples) = self.waiting.get(used..used + frame) {
            self.encoder.encode(samples, &mut self.frame)?;
            used += frame;
            let captured = self.clock.advance(frame) - Span::samples(self.encoder.delay() as i64, self.format.rate);
            let length = self.format.span_of(frame);
            if self.frame.is_empty() || self.from.is_some_and(|from| captured + length / 2 < from) {
                continue;
            }
            self.given_until = Some(captured + length);
            give(CodedSound {
                data: Bytes::copy_from_slice(&self.frame),
                config: self.config.clone(),
                session: self.session,
                captured,
                encoded: clock::now(),
                ..CodedSound::default()
            });
        }
        self.waiting.drain(..used);
        Ok(())
    }

    /// How long before the first sample it is to give out it has to hear: a whole number of frames behind its delay, so
    /// that its frames begin where the old ones end, and one more, because a frame is only whole beside the one before.
    fn lead(&self) -> Span {
        let (frame, delay) = (self.encoder.frame_len(), self.encoder.delay());
        let frames = delay.div_ceil(frame) + 1;
        Span::samples((frames * frame - delay) as i64, self.format.rate) - self.convert.delay()
    }

    fn remember(&mut self, heard: &Sound) {
        self.history.extend_from_slice(&heard.samples);
        let surplus = self.history.len().saturating_sub(FORMAT.values_in(HISTORY));
        self.history.drain(..surplus);
        self.heard_until = heard.captured + heard.span();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{sound_decoder, sound_encoder};
    use crate::media::SoundCoding;
    use std::f64::consts::TAU;

    fn frames_of(plan: &[(u32, u32)]) -> Vec<CodedSound> {
        let mut out = Vec::new();
        let (rate, kbps) = plan[0];
        let mut encoding = SoundEncoding::new(Arc::new(sound_encoder), 4, rate, kbps).unwrap();
        let mut n = 0_usize;
        for (rate, kbps) in plan {
            encoding.set(*rate, *kbps, |it| out.push(it)).unwrap();
            for _ in 0..73 {
                let wave = |k: usize| (8000.0 * (TAU * 440.0 * k as f64 / 48_000.0).sin()) as i16;
                let samples = (n..n + 480).map(wave).collect();
                let captured = Time::from_micros(5_000_000) + Span::samples(n as i64, 48_000);
                encoding.push(&Sound { format: FORMAT, samples, captured }, |it| out.push(it)).unwrap();
                n += 480;
            }
        }
        out
    }

    /// Every frame begins where the last one ended, across every change.
    #[test]
    fn a_change_of_rate_leaves_no_hole_in_the_track_and_repeats_nothing() {
        let frames = frames_of(&[(48_000, 64), (16_000, 24), (48_000, 64), (48_000, 24)]);
        for pair in frames.windows(2) {
            let length = if pair[0].config == frames[0].config { 21_333 } else { 64_000 };
            let off = (pair[1].captured - pair[0].captured).as_micros() - length;
            assert!(
                off.abs() < 300,
                "{off} us between {} and {}",
                pair[0].captured.as_micros(),
                pair[1].captured.as_micros()
            );
        }
        let mut configs: Vec<&Bytes> = frames.iter().map(|frame| &frame.config).collect();
        configs.dedup();
        // AAC-LC, 48 kHz mono; 16 kHz mono (ISO/IEC 14496-3, 1.6.2.1).
        assert_eq!(configs, [&[0x11, 0x88][..], &[0x14, 0x08][..], &[0x11, 0x88][..]]);
        let bytes: usize = frames.iter().rev().take(30).map(|frame| frame.data.len()).sum();
        let kbps = bytes as f64 * 8.0 / 1000.0 / (30.0 * 1024.0 / 48_000.0);
        assert!((18.0..30.0).contains(&kbps), "{kbps} kbit/s");
    }

    #[test]
    fn the_sound_goes_on_through_a_change_of_rate() {
        let frames = frames_of(&[(48_000, 64), (16_000, 24), (48_000, 64)]);
        let (mut decoder, mut config, mut quiet, mut seen) = (None, Bytes::new(), 0, 0);
        for frame in &frames[4..] {
            if frame.config != config {
                config = frame.config.clone();
                decoder = Some(sound_decoder(&SoundCoding::Aac(config.clone())).unwrap());
                seen = 0;
            }
            let mut out = Vec::new();
            decoder.as_mut().unwrap().decode(&frame.data, &mut out).unwrap();
            let loud = out.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>() / out.len().max(1) as f64;
            // The first frame of a decoder fades in.
            quiet += usize::from(loud.sqrt() < 4000.0 && seen > 0);
            seen += 1;
        }
        assert_eq!(quiet, 0, "frames of silence in a tone");
    }
}
