//! The driver tables: a name in the board profile becomes a device.

use super::*;
use crate::settings::board::{CameraDriver, DisplayDriver, MicrophoneDriver, SpeakerDriver};

/// Opens and starts the camera `driver` describes, as near to `wanted` size and `fps` as it can.
pub fn open_camera(driver: &CameraDriver, wanted: Size, fps: u32) -> Result<Box<dyn Camera>, DeviceError> {
    let _ = (driver, wanted, fps);
    Err(DeviceError::new(Fault::Unsupported, "camera", "not built in"))
}

/// Opens and starts a microphone.
pub fn open_microphone(driver: &MicrophoneDriver) -> Result<Box<dyn Microphone>, DeviceError> {
    let _ = driver;
    Err(DeviceError::new(Fault::Unsupported, "microphone", "not built in"))
}

/// Opens a loudspeaker.
pub fn open_speaker(driver: &SpeakerDriver) -> Result<Box<dyn Speaker>, DeviceError> {
    let _ = driver;
    Err(DeviceError::new(Fault::Unsupported, "speaker", "not built in"))
}

/// Opens a display.
pub fn open_display(driver: &DisplayDriver) -> Result<Box<dyn Display>, DeviceError> {
    let _ = driver;
    Err(DeviceError::new(Fault::Unsupported, "display", "not built in"))
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
