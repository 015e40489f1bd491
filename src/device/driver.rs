//! The driver tables: a name in the board profile becomes a device.

use super::alsa::{AlsaMicrophone, AlsaSpeaker};
use super::drm::DrmScreen;
use super::gpio::{GpioButton, GpioLamp};
use super::pipe::{FileLamp, PipeCamera, PipeDisplay, PipeMicrophone, PipeSpeaker, ScriptedButton};
use super::synthetic::{NullDisplay, NullSpeaker, PngDisplay, SilentMicrophone, TestCard, ToneMicrophone, WavSpeaker};
use super::v4l2::V4l2Camera;
use super::*;
use crate::media::SoundCoding;
use crate::settings::board::{ButtonDriver, CameraDriver, DisplayDriver, LampDriver, MicrophoneDriver, SpeakerDriver};

/// Opens and starts the camera `driver` describes, as near to `wanted` size and `fps` as it can.
pub fn open_camera(driver: &CameraDriver, wanted: Size, fps: u32) -> Result<Box<dyn Camera>, DeviceError> {
    Ok(match driver {
        CameraDriver::Pipe { end, width, height, fps, format, .. } => {
            Box::new(PipeCamera::open(end, Size::new(*width, *height), *fps, format)?)
        }
        CameraDriver::TestCard { variant, width, height, .. } => {
            let size = Size::new(width.unwrap_or(wanted.width), height.unwrap_or(wanted.height));
            Box::new(TestCard::open(*variant, size, fps)?.fixed(*width, *height))
        }
        CameraDriver::V4l2 { path, format, .. } => Box::new(V4l2Camera::open(path, *format, wanted, fps)?),
    })
}

/// Opens and starts a microphone.
pub fn open_microphone(driver: &MicrophoneDriver) -> Result<Box<dyn Microphone>, DeviceError> {
    Ok(match driver {
        MicrophoneDriver::Pipe { end, rate, channels } => {
            Box::new(PipeMicrophone::open(end, SoundFormat { rate: *rate, channels: *channels })?)
        }
        MicrophoneDriver::Tone => Box::new(ToneMicrophone::open()),
        MicrophoneDriver::Silence => Box::new(SilentMicrophone::open()),
        MicrophoneDriver::Alsa { device } => Box::new(AlsaMicrophone::open(device)?),
    })
}

/// Opens a loudspeaker.
pub fn open_speaker(driver: &SpeakerDriver) -> Result<Box<dyn Speaker>, DeviceError> {
    Ok(match driver {
        SpeakerDriver::Pipe { end, rate, channels } => {
            Box::new(PipeSpeaker::open(end, SoundFormat { rate: *rate, channels: *channels })?)
        }
        SpeakerDriver::Wav { path } => Box::new(WavSpeaker::open(path)?),
        SpeakerDriver::Null => Box::new(NullSpeaker),
        SpeakerDriver::Alsa { device } => Box::new(AlsaSpeaker::open(device)?),
    })
}

/// Opens a display.
pub fn open_display(driver: &DisplayDriver) -> Result<Box<dyn Display>, DeviceError> {
    Ok(match driver {
        DisplayDriver::Pipe { end, width, height } => Box::new(PipeDisplay::open(end, Size::new(*width, *height))?),
        DisplayDriver::Png { path } => Box::new(PngDisplay::open(path)?),
        DisplayDriver::None => Box::new(NullDisplay),
        DisplayDriver::Drm { card, connector, mode } => {
            Box::new(DrmScreen::open(card.as_deref(), connector.as_deref(), *mode)?)
        }
    })
}

/// Opens a button.
pub fn open_button(driver: &ButtonDriver) -> Result<Box<dyn Button>, DeviceError> {
    Ok(match driver {
        ButtonDriver::Gpio { chip, line, active, bias } => Box::new(GpioButton::open(chip, line, *active, *bias)?),
        ButtonDriver::Scripted { path } => Box::new(ScriptedButton::open(path)?),
    })
}

/// Opens a lamp.
pub fn open_lamp(driver: &LampDriver) -> Result<Box<dyn Lamp>, DeviceError> {
    Ok(match driver {
        LampDriver::Gpio { chip, line, active } => Box::new(GpioLamp::open(chip, line, *active)?),
        LampDriver::File { path } => Box::new(FileLamp::open(path)?),
    })
}

/// Builds an encoder; called on its thread.
pub type VideoEncoderBuilder = dyn Fn(VideoEncoding) -> Result<Box<dyn VideoEncoder>, DeviceError> + Send;

/// Builds a decoder; called on its thread.
pub type VideoDecoderBuilder = dyn Fn(VideoDecoding) -> Result<Box<dyn VideoDecoder>, DeviceError> + Send;

/// A kind of coder, and what builds one.
pub struct CoderDriver<B: ?Sized> {
    /// Its name for people.
    pub name: &'static str,
    /// It is a part of the chip; else it is software, which needs none.
    pub hardware: bool,
    /// Builds one.
    pub build: Box<B>,
}

/// A kind of H.264 encoder.
pub type VideoEncoderDriver = CoderDriver<VideoEncoderBuilder>;
/// A kind of H.264 decoder.
pub type VideoDecoderDriver = CoderDriver<VideoDecoderBuilder>;

/// The H.264 encoders of this machine, the best first.
pub fn video_encoders() -> Vec<VideoEncoderDriver> {
    let build = |encoding| -> Result<Box<dyn VideoEncoder>, DeviceError> {
        Ok(Box::new(openh264::OpenH264Encoder::new(encoding)?))
    };
    vec![VideoEncoderDriver { name: "openh264", hardware: false, build: Box::new(build) }]
}

/// Builds an H.264 encoder for a picture that stands still: quantised with `step` (0 = finest ..= 51), whatever the
/// rate, and none skipped.
pub fn still_encoder(size: Size, fps: u32, step: u8) -> Result<Box<dyn VideoEncoder>, DeviceError> {
    Ok(Box::new(openh264::OpenH264Encoder::still(size, fps, step)?))
}

/// The H.264 decoders of this machine, the best first.
pub fn video_decoders() -> Vec<VideoDecoderDriver> {
    let build = |decoding: VideoDecoding| -> Result<Box<dyn VideoDecoder>, DeviceError> {
        Ok(Box::new(openh264::OpenH264Decoder::new(decoding.reorders)?))
    };
    vec![VideoDecoderDriver { name: "openh264", hardware: false, build: Box::new(build) }]
}

/// Builds an encoder of sound in a format at so many kbit/s; called on its thread.
pub type SoundEncoderBuilder = dyn Fn(SoundFormat, u32) -> Result<Box<dyn SoundEncoder>, DeviceError> + Send + Sync;

/// Builds an AAC-LC encoder for `format` at `kbps`.
pub fn sound_encoder(format: SoundFormat, kbps: u32) -> Result<Box<dyn SoundEncoder>, DeviceError> {
    Ok(Box::new(aac::FdkEncoder::new(format, kbps)?))
}

/// Builds a decoder for sound that is coded like this.
pub fn sound_decoder(coding: &SoundCoding) -> Result<Box<dyn SoundDecoder>, DeviceError> {
    Ok(match coding {
        SoundCoding::Aac(config) => Box::new(aac::FdkDecoder::new(config)?),
        SoundCoding::G711 { law, channels } => Box::new(g711::G711Decoder::new(*law, *channels)),
        SoundCoding::Mp3 => Box::new(mp3::Mp3Decoder::new()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Board;

    #[test]
    fn every_device_of_the_virtual_board_opens() {
        let board: Board = toml::from_str(include_str!("../../board/profiles/virtual.toml")).unwrap();
        let size = Size::new(640, 360);
        let wake = Wake::new().unwrap();
        for camera in [board.camera.front, board.camera.back] {
            let mut camera = open_camera(&camera.unwrap(), size, 30).unwrap();
            assert_eq!(camera.next(&wake).unwrap().unwrap().size, size);
        }
        open_microphone(&board.microphone.unwrap()).unwrap();
        for speaker in [board.speaker.speaker, board.speaker.ear] {
            open_speaker(&speaker.unwrap().driver).unwrap();
        }
        assert!(matches!(board.display, Some(DisplayDriver::Png { .. })));
        let folder = tempfile::tempdir().unwrap();
        open_display(&DisplayDriver::Png { path: folder.path().join("screen.png") }).unwrap();
    }
}
