//! The driver tables: a name in the board profile becomes a device.

use super::pipe::{PipeCamera, PipeDisplay, PipeMicrophone, PipeSpeaker};
use super::*;
use crate::settings::board::{CameraDriver, DisplayDriver, MicrophoneDriver, SpeakerDriver};

/// Opens and starts the camera `driver` describes, as near to `wanted` size and `fps` as it can.
pub fn open_camera(driver: &CameraDriver, wanted: Size, fps: u32) -> Result<Box<dyn Camera>, DeviceError> {
    Ok(match driver {
        CameraDriver::Pipe { end, width, height, fps, format, .. } => {
            Box::new(PipeCamera::open(end, Size::new(*width, *height), *fps, format)?)
        }
        CameraDriver::V4l2 { .. } | CameraDriver::TestCard { .. } => {
            let _ = (wanted, fps);
            return Err(DeviceError::new(Fault::Unsupported, "camera", "not built in"));
        }
    })
}

/// Opens and starts a microphone.
pub fn open_microphone(driver: &MicrophoneDriver) -> Result<Box<dyn Microphone>, DeviceError> {
    Ok(match driver {
        MicrophoneDriver::Pipe { end, rate, channels } => {
            Box::new(PipeMicrophone::open(end, SoundFormat { rate: *rate, channels: *channels })?)
        }
        _ => return Err(DeviceError::new(Fault::Unsupported, "microphone", "not built in")),
    })
}

/// Opens a loudspeaker.
pub fn open_speaker(driver: &SpeakerDriver) -> Result<Box<dyn Speaker>, DeviceError> {
    Ok(match driver {
        SpeakerDriver::Pipe { end, rate, channels } => {
            Box::new(PipeSpeaker::open(end, SoundFormat { rate: *rate, channels: *channels })?)
        }
        _ => return Err(DeviceError::new(Fault::Unsupported, "speaker", "not built in")),
    })
}

/// Opens a display.
pub fn open_display(driver: &DisplayDriver) -> Result<Box<dyn Display>, DeviceError> {
    Ok(match driver {
        DisplayDriver::Pipe { end, width, height } => Box::new(PipeDisplay::open(end, Size::new(*width, *height))?),
        _ => return Err(DeviceError::new(Fault::Unsupported, "display", "not built in")),
    })
}

/// Builds the best H.264 encoder this machine has for `encoding`.
pub fn video_encoder(encoding: VideoEncoding) -> Result<Box<dyn VideoEncoder>, DeviceError> {
    Ok(Box::new(openh264::OpenH264Encoder::new(encoding)?))
}

/// Builds an H.264 decoder. `reorders`: the stream's SPS allows pictures to be shown in another order than they are sent.
pub fn video_decoder(reorders: bool) -> Result<Box<dyn VideoDecoder>, DeviceError> {
    Ok(Box::new(openh264::OpenH264Decoder::new(reorders)?))
}

/// Builds an AAC-LC encoder for `format` at `kbps`.
pub fn sound_encoder(format: SoundFormat, kbps: u32) -> Result<Box<dyn SoundEncoder>, DeviceError> {
    Ok(Box::new(aac::FdkEncoder::new(format, kbps)?))
}

/// Builds an AAC decoder for the stream's AudioSpecificConfig.
pub fn sound_decoder(config: &[u8]) -> Result<Box<dyn SoundDecoder>, DeviceError> {
    Ok(Box::new(aac::FdkDecoder::new(config)?))
}
