//! MP3 by symphonia: whole frames of MPEG audio, layer III, into 16-bit samples.
//!
//! Each frame names its own rate and channels (ISO/IEC 11172-3, 2.4.1.3; MPEG 2 and 2.5 halve and quarter the rates). One
//! that differs from the one before begins a decoder anew. What a first frame borrows from frames that were never
//! received is silence.

use super::{DeviceError, Fault, SoundDecoder};
use crate::media::SoundFormat;
use symphonia_bundle_mp3::MpaDecoder;
use symphonia_core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia_core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia_core::packet::PacketRef;
use symphonia_core::units::{Duration, Timestamp};

const NAME: &str = "mp3";
/// Frames in one tag: encoders put one there.
const MOST_FRAMES: usize = 8;
/// Bits a second by index, in thousands: MPEG 1, and the lower versions.
const RATES: [[u32; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// A decoder for one stream.
#[derive(Default)]
pub struct Mp3Decoder {
    decoder: Option<(SoundFormat, MpaDecoder)>,
}

/// What the first four bytes of a frame say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    format: SoundFormat,
    /// Bytes, these included.
    len: usize,
}

impl Head {
    fn parse(frame: &[u8]) -> Option<Self> {
        let &[sync, second, third, fourth] = frame.first_chunk()?;
        if sync != 0xff || second & 0xe0 != 0xe0 || second >> 1 & 3 != 1 {
            return None;
        }
        // MPEG 1, 2, 2.5.
        let (lower, divisor) = match second >> 3 & 3 {
            3 => (0, 1),
            2 => (1, 2),
            0 => (1, 4),
            _ => return None,
        };
        let kbps = *RATES.get(lower)?.get(usize::from(third >> 4)).filter(|&&kbps| kbps > 0)?;
        let rate = [44_100, 48_000, 32_000].get(usize::from(third >> 2 & 3))? / divisor;
        let channels = if fourth >> 6 == 3 { 1 } else { 2 };
        // 1152 samples a frame in MPEG 1, else 576.
        let per_second = if lower == 0 { 144_000 } else { 72_000 };
        let len = per_second * kbps / rate + u32::from(third >> 1 & 1);
        Some(Self { format: SoundFormat { rate, channels }, len: len as usize })
    }
}

impl Mp3Decoder {
    /// A decoder that has heard nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn decode_frame(&mut self, head: Head, frame: &[u8], out: &mut Vec<i16>) -> Result<(), DeviceError> {
        if self.decoder.as_ref().is_none_or(|(format, _)| *format != head.format) {
            let mut parameters = AudioCodecParameters::new();
            parameters.for_codec(CODEC_ID_MP3);
            let built = MpaDecoder::try_new(&parameters, &AudioDecoderOptions::default()).map_err(damaged)?;
            self.decoder = Some((head.format, built));
        }
        let Some((_, decoder)) = &mut self.decoder else { return Ok(()) };
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, frame);
        let decoded = decoder.decode_ref(&packet).map_err(damaged)?;
        let begin = out.len();
        out.resize(begin + decoded.samples_interleaved(), 0);
        decoded.copy_to_slice_interleaved(&mut out[begin..]);
        Ok(())
    }
}

impl SoundDecoder for Mp3Decoder {
    fn decode(&mut self, frame: &[u8], out: &mut Vec<i16>) -> Result<SoundFormat, DeviceError> {
        out.clear();
        let (mut rest, mut format) = (frame, None);
        for _ in 0..MOST_FRAMES {
            let head = Head::parse(rest).filter(|head| format.is_none_or(|format| format == head.format));
            let Some((head, (frame, after))) = head.and_then(|head| Some((head, rest.split_at_checked(head.len)?)))
            else {
                break;
            };
            format = Some(head.format);
            rest = after;
            self.decode_frame(head, frame, out)?;
        }
        format.ok_or_else(|| damaged("not a frame of MP3"))
    }
}

fn damaged(reason: impl std::fmt::Display) -> DeviceError {
    DeviceError::new(Fault::Damaged, NAME, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::testing::run;
    use crate::testing::mutations;

    /// Half a second of a tone of 440 Hz, cut into frames.
    fn tone(rate: u32, channels: u16) -> Vec<Vec<u8>> {
        let sound = format!("sine=frequency=440:sample_rate={rate}:duration=0.5");
        let arguments = format!(
            "-v error -f lavfi -i {sound} -ac {channels} -c:a libmp3lame -b:a 48k -write_xing 0 -id3v2_version 0 -f mp3 -"
        );
        let bytes = run("ffmpeg", &arguments, &[]);
        let (mut rest, mut frames) = (bytes.as_slice(), Vec::new());
        while let Some(head) = Head::parse(rest) {
            let (frame, after) = rest.split_at(head.len.min(rest.len()));
            frames.push(frame.to_vec());
            rest = after;
        }
        assert!(rest.is_empty() && frames.len() > 5, "{} bytes are left behind {} frames", rest.len(), frames.len());
        frames
    }

    fn decode(decoder: &mut Mp3Decoder, frames: &[Vec<u8>]) -> (SoundFormat, Vec<i16>) {
        let (mut all, mut out, mut format) = (Vec::new(), Vec::new(), SoundFormat::CALL);
        for frame in frames {
            format = decoder.decode(frame, &mut out).unwrap();
            all.extend_from_slice(&out);
        }
        (format, all)
    }

    #[test]
    fn a_tone_is_heard_at_every_rate_and_a_change_of_format_begins_anew() {
        let mut decoder = Mp3Decoder::new();
        for (rate, channels) in [(48_000, 2), (44_100, 1), (22_050, 2), (16_000, 1), (8000, 1)] {
            let frames = tone(rate, channels);
            let (format, samples) = decode(&mut decoder, &frames);
            assert_eq!(format, SoundFormat { rate, channels });
            let left: Vec<i16> = samples.iter().copied().step_by(usize::from(channels)).collect();
            let middle = &left[left.len() / 3..left.len() * 2 / 3];
            let crossings = middle.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
            let pitch = crossings as f64 * f64::from(rate) / middle.len() as f64;
            assert!((430.0..450.0).contains(&pitch), "{pitch} Hz at {rate}");
        }
    }

    #[test]
    fn frames_that_lie_in_one_tag_are_all_heard_and_a_stream_may_be_joined_anywhere() {
        let frames = tone(44_100, 1);
        let mut out = Vec::new();
        Mp3Decoder::new().decode(&frames[..3].concat(), &mut out).unwrap();
        assert_eq!(out.len(), 3 * 1152);
        let (_, samples) = decode(&mut Mp3Decoder::new(), &frames[7..]);
        assert!(samples.iter().any(|sample| sample.unsigned_abs() > 1000));
    }

    #[test]
    fn damage_never_panics_and_what_follows_is_heard() {
        let frames = tone(44_100, 2);
        let golden: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        let (mut decoder, mut out, mut refused) = (Mp3Decoder::new(), Vec::new(), 0);
        for bytes in mutations(&golden, 0x3b3, 3000) {
            refused += usize::from(decoder.decode(&bytes, &mut out).is_err());
            assert!(out.len() <= MOST_FRAMES * 1152 * 2);
        }
        assert!(refused > 100, "{refused}");
        assert_eq!(decode(&mut decoder, &frames).0, SoundFormat { rate: 44_100, channels: 2 });
    }
}
