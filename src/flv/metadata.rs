//! `onMetaData` (annex E.5): what a stream says of itself beside its sequence headers.

use super::amf::{self, Value};
use crate::media::{Size, SoundFormat};
use bytes::Bytes;

/// What we call ourselves.
pub const ENCODER: &str = concat!("visavis/", env!("CARGO_PKG_VERSION"));

const CODEC_AVC: f64 = 7.0;
const CODEC_AAC: f64 = 10.0;

/// The fields of `onMetaData` that are of use; each may be absent, and a peer may lie in any of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    pub size: Option<Size>,
    pub fps: Option<f64>,
    pub video_kbps: Option<f64>,
    pub audio_kbps: Option<f64>,
    pub sound: Option<SoundFormat>,
    /// Degrees clockwise by which the picture is to be turned: 0, 90, 180 or 270.
    pub rotation: Option<u16>,
    /// The program that made the stream; [`ENCODER`] where nothing else is said when writing.
    pub encoder: Option<String>,
}

impl Metadata {
    /// The body of a script tag or of a data message from a server.
    pub fn script_data(&self) -> Bytes {
        amf::to_bytes(&["onMetaData".into(), self.to_value()])
    }

    /// The body of the data message by which a publisher sets the metadata of its stream.
    pub fn set_data_frame(&self) -> Bytes {
        amf::to_bytes(&["@setDataFrame".into(), "onMetaData".into(), self.to_value()])
    }

    /// The value that stands behind the name in such a body.
    pub fn to_value(&self) -> Value {
        let video = [
            ("width", self.size.map(|size| f64::from(size.width))),
            ("height", self.size.map(|size| f64::from(size.height))),
            ("videodatarate", self.video_kbps),
            ("framerate", self.fps),
            ("rotation", self.rotation.map(f64::from)),
            ("videocodecid", self.size.map(|_| CODEC_AVC)),
            ("audiodatarate", self.audio_kbps),
            ("audiosamplerate", self.sound.map(|sound| f64::from(sound.rate))),
            ("audiosamplesize", self.sound.map(|_| 16.0)),
        ];
        let numbers = video.into_iter().filter_map(|(name, number)| Some((name, Value::Number(number?))));
        let stereo = self.sound.map(|sound| ("stereo", Value::Boolean(sound.channels == 2)));
        let codec = self.sound.map(|_| ("audiocodecid", Value::Number(CODEC_AAC)));
        let encoder = ("encoder", Value::from(self.encoder.as_deref().unwrap_or(ENCODER)));
        let all = numbers.chain(stereo).chain(codec).chain([encoder]);
        Value::EcmaArray(all.map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Reads the body of a script tag or data message. `None`: it is something other than `onMetaData`, or
    /// damaged before its values begin. Values that make no sense are left out.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let (values, _) = amf::read_prefix(body);
        let named = values.iter().any(|value| value.as_str() == Some("onMetaData"));
        let fields = values.iter().find(|value| value.properties().is_some()).filter(|_| named)?;
        Some(Self::from_value(fields))
    }

    /// Reads the value that stands behind the name in such a body. Values that make no sense are left out.
    pub fn from_value(fields: &Value) -> Self {
        let number = |name: &str, max: f64| {
            let number = fields.get(name).and_then(Value::as_number)?;
            (number > 0.0 && number <= max).then_some(number)
        };
        let whole = |name: &str, max: u32| number(name, max.into()).map(|number| number as u32).filter(|&n| n > 0);
        let size = whole("width", 16_384).zip(whole("height", 16_384));
        let stereo = fields.get("stereo").and_then(|value| value.as_bool().or(value.as_number().map(|n| n != 0.0)));
        let channels = stereo.or(number("audiochannels", 64.0).map(|count| count >= 2.0));
        // Some write every number of their users as a text.
        let written = |value: &Value| value.as_number().or_else(|| value.as_str()?.trim().parse().ok());
        let turn = fields.get("rotation").or(fields.get("rotate")).and_then(written);
        let turn = turn.filter(|turn| turn.abs() <= 360.0);
        Self {
            size: size.map(|(width, height)| Size::new(width, height)),
            fps: number("framerate", 300.0).or(number("fps", 300.0)),
            video_kbps: number("videodatarate", 1e6),
            audio_kbps: number("audiodatarate", 1e6),
            sound: whole("audiosamplerate", 192_000)
                .zip(channels)
                .map(|(rate, stereo)| SoundFormat { rate, channels: 1 + u16::from(stereo) }),
            rotation: turn.map(|turn| turn.rem_euclid(360.0) as u16).filter(|turn| turn % 90 == 0),
            encoder: fields.get("encoder").and_then(Value::as_str).map(clipped),
        }
    }
}

/// At most 128 characters of a peer's words.
fn clipped(words: &str) -> String {
    words.chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mutations;

    fn ours() -> Metadata {
        Metadata {
            size: Some(Size::new(640, 360)),
            fps: Some(15.0),
            video_kbps: Some(500.0),
            audio_kbps: Some(64.0),
            sound: Some(SoundFormat::CALL),
            ..Metadata::default()
        }
    }

    #[test]
    fn the_fields_stand_in_their_usual_order_in_an_ecma_array() {
        let values = amf::read(&ours().set_data_frame()).unwrap();
        assert_eq!(values[..2], ["@setDataFrame".into(), "onMetaData".into()]);
        let expected = [
            ("width", 640.0.into()),
            ("height", 360.0.into()),
            ("videodatarate", 500.0.into()),
            ("framerate", 15.0.into()),
            ("videocodecid", 7.0.into()),
            ("audiodatarate", 64.0.into()),
            ("audiosamplerate", 48_000.0.into()),
            ("audiosamplesize", 16.0.into()),
            ("stereo", false.into()),
            ("audiocodecid", 10.0.into()),
            ("encoder", ENCODER.into()),
        ];
        assert_eq!(values[2], Value::EcmaArray(expected.map(|(name, value)| (name.to_owned(), value)).into()));
        assert_eq!(amf::read(&ours().script_data()).unwrap(), values[1..]);
    }

    #[test]
    fn what_is_written_is_read_back_with_and_without_the_publishers_prefix() {
        let sideways = Metadata { rotation: Some(270), encoder: Some("other".to_owned()), ..ours() };
        for metadata in [ours(), sideways, Metadata::default()] {
            let named = metadata.encoder.clone().or(Some(ENCODER.to_owned()));
            let expected = Some(Metadata { encoder: named, ..metadata.clone() });
            assert_eq!(Metadata::parse(&metadata.script_data()), expected);
            assert_eq!(Metadata::parse(&metadata.set_data_frame()), expected);
        }
    }

    #[test]
    fn nonsense_is_left_out_and_other_messages_are_none_of_ours() {
        let silly = Value::object([
            ("width", f64::NAN.into()),
            ("height", 1e300.into()),
            ("framerate", (-1.0).into()),
            ("fps", 25.0.into()),
            ("audiosamplerate", 0.5.into()),
            ("stereo", 1.0.into()),
            ("rotation", (-90.0).into()),
            ("videodatarate", "much".into()),
        ]);
        let expected = Metadata { fps: Some(25.0), rotation: Some(270), ..Metadata::default() };
        let body = |name: &str, value: Value| amf::to_bytes(&[name.into(), value]);
        assert_eq!(Metadata::parse(&body("onMetaData", silly.clone())), Some(expected.clone()));
        let damaged = [&body("onMetaData", silly.clone())[..], b"\x11"].concat();
        assert_eq!(Metadata::parse(&damaged), Some(expected));
        for (words, rotation) in [("90", Some(90)), (" -90 ", Some(270)), ("much", None), ("45", None), ("inf", None)] {
            let rotated = Value::object([("rotate", words.into())]);
            assert_eq!(Metadata::from_value(&rotated).rotation, rotation, "{words}");
        }
        assert_eq!(Metadata::parse(&body("onCuePoint", silly)), None);
        assert_eq!(Metadata::parse(&body("onMetaData", Value::Null)), None);
        assert_eq!(Metadata::parse(b"\x02\0"), None);
    }

    #[test]
    fn damaged_metadata_never_panics_and_promises_only_what_can_be() {
        let (plain, set) = (ours().script_data(), ours().set_data_frame());
        for bytes in mutations(&[&plain, &set], 0x3e7a, 20_000) {
            let Some(metadata) = Metadata::parse(&bytes) else { continue };
            assert!(metadata.size.is_none_or(|size| size.width <= 16_384 && size.height <= 16_384 && !size.is_empty()));
            assert!(metadata.fps.is_none_or(|fps| fps > 0.0 && fps <= 300.0));
            assert!(metadata.encoder.is_none_or(|encoder| encoder.len() <= 512));
        }
    }
}
