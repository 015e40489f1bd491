//! FLV bodies into units: sequence headers become configurations, and what can not be played is said clearly.

use crate::flv::{AudioSpecificConfig, AudioTag, VideoTag, audio, video};
use crate::h264::DecoderConfig;
use crate::media::{Size, SoundUnit, Span, VideoUnit};
use bytes::Bytes;

/// What a decoder of pictures has to know.
#[derive(Debug, PartialEq, Eq)]
pub struct VideoConfig {
    /// Parameter sets as Annex B.
    pub parameter_sets: Vec<u8>,
    /// Bytes of the length in front of each NAL unit.
    pub length_size: usize,
    /// Pictures may be shown in another order than they come.
    pub reorders: bool,
    pub size: Size,
}

/// What a video body was.
#[derive(Debug, PartialEq, Eq)]
pub enum VideoBody {
    Config(VideoConfig),
    Unit(VideoUnit),
    Nothing,
}

/// What an audio body was.
#[derive(Debug, PartialEq, Eq)]
pub enum AudioBody {
    /// An AudioSpecificConfig that was understood.
    Config(Bytes),
    Unit(SoundUnit),
    Nothing,
}

/// Reads a video body that came with `timestamp_ms`; words on why it can not be played.
pub fn read_video(timestamp_ms: i64, body: &Bytes) -> Result<VideoBody, String> {
    match video::parse(body).map_err(|error| error.to_string())? {
        VideoTag::SequenceHeader(record) => video_config(&record).map(VideoBody::Config),
        VideoTag::Picture { idr, composition_ms, data } => {
            let dts = milliseconds(timestamp_ms);
            let pts = dts + Span::millis(i64::from(composition_ms));
            Ok(VideoBody::Unit(VideoUnit { data, idr, dts, pts }))
        }
        VideoTag::Unsupported { what } => Err(format!("{what} can not be played, only H.264")),
        VideoTag::EndOfSequence | VideoTag::Ignored => Ok(VideoBody::Nothing),
    }
}

/// Reads an audio body that came with `timestamp_ms`; words on why it can not be played.
pub fn read_audio(timestamp_ms: i64, body: &Bytes) -> Result<AudioBody, String> {
    match audio::parse(body).map_err(|error| error.to_string())? {
        AudioTag::SequenceHeader(config) => {
            AudioSpecificConfig::parse(&config).map_err(|error| error.to_string())?;
            Ok(AudioBody::Config(config))
        }
        AudioTag::Frame(data) => Ok(AudioBody::Unit(SoundUnit { data, pts: milliseconds(timestamp_ms) })),
        AudioTag::Unsupported { what } => Err(format!("{what} can not be played, only AAC")),
        AudioTag::Ignored => Ok(AudioBody::Nothing),
    }
}

/// A position from a time stamp that may be anything.
fn milliseconds(timestamp: i64) -> Span {
    Span::millis(1) * timestamp
}

fn video_config(record: &Bytes) -> Result<VideoConfig, String> {
    let config = DecoderConfig::parse(record).map_err(|error| error.to_string())?;
    let sps = config.first_sps().map_err(|error| error.to_string())?;
    if let Some(refusal) = sps.refusal() {
        return Err(refusal.to_string());
    }
    let mut parameter_sets = Vec::new();
    config.write_annex_b(&mut parameter_sets);
    Ok(VideoConfig { parameter_sets, length_size: config.length_size, reorders: sps.reorders(), size: sps.size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_that_are_not_spoken_are_refused_by_name() {
        let hevc = Bytes::from_static(b"\x90hvc1\0\0");
        assert!(read_video(0, &hevc).unwrap_err().contains("HEVC"));
        let mp3 = Bytes::from_static(&[0x2f, 1, 2, 3]);
        assert!(read_audio(0, &mp3).unwrap_err().contains("only AAC"));
    }

    #[test]
    fn a_picture_has_its_decoding_time_and_its_showing_time() {
        let body = Bytes::from_static(&[0x27, 1, 0, 0, 80, 0, 0, 0, 1, 0x41]);
        let Ok(VideoBody::Unit(unit)) = read_video(1000, &body) else { panic!("a picture") };
        assert_eq!((unit.dts, unit.pts, unit.idr), (Span::millis(1000), Span::millis(1080), false));
        let extreme = read_video(i64::MAX, &body);
        assert!(extreme.is_ok(), "no overflow on absurd stamps");
    }

    #[test]
    fn a_picture_too_large_for_us_is_refused_before_any_decoder_sees_it() {
        // A baseline SPS of 4096x2304, level 5.1, as x264 writes it.
        let sps = [0x67, 0x42, 0xc0, 0x33, 0xda, 0x00, 0x80, 0x00, 0x90, 0xb0, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01];
        let mut record = vec![1, 0x42, 0xc0, 0x33, 0xff, 0xe1, 0, sps.len() as u8];
        record.extend_from_slice(&sps);
        record.extend_from_slice(&[1, 0, 4, 0x68, 0xce, 0x3c, 0x80]);
        let body = crate::flv::video::sequence_header(&record);
        let words = read_video(0, &body).unwrap_err();
        assert!(words.contains("is played") || words.contains("parameter set"), "{words}");
    }
}
