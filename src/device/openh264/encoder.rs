//! The H.264 encoder: constrained baseline for a camera, one slice, one thread, no picture held back.
//!
//! The settings and their reasons (measured at 500 kbit/s 640x360 and 1200 kbit/s 1280x720, 30 pictures a second):
//! - Complexity low: medium costs a tenth to a third more time for 0.05 dB.
//! - One slice and one thread: at 720p two slices on two threads take 1.0 ms off a median of 3.6, but the library
//!   then steers its rate by whole pictures only. At 1200 kbit/s their size varies by 60 % instead of 6 %, some
//!   are four times the mean, and one in a hundred is skipped: on a narrow uplink that costs far more than it saves.
//! - Frame skip on: it is what makes a lowered rate come true within the second; without it 600 to 200 kbit/s
//!   gave 560. The peak is held to [`PEAK_PERCENT`] of the target over the library's window of five seconds.
//! - IDR pictures only when forced: the library counts its period in encoded pictures, so skipped ones would
//!   stretch it; scene change detection is off for the same reason (an unasked IDR is a third of a second of rate).
//! - Background detection off: before a still background it saves up to a fifth of the time but costs 0.3 to
//!   0.4 dB. Adaptive quantisation off: it changes no bit.
//! - The SPS says limited range, BT.601 matrix, BT.709 primaries: what USB cameras deliver unless they say
//!   otherwise (Video Class 1.5, colour matching descriptor) and what every source here is brought to, at any
//!   size. It also says that no picture is reordered, so that decoders show each at once.
//! - A picture that does not fit the library's buffer (raw noise, as a broken cable makes it) is coded again with
//!   coarse steps, and so are the following ones until the next IDR that is asked for.
#![allow(unsafe_code)]

use super::NAME;
use crate::device::{DeviceError, Encoded, Fault, VideoEncoder, VideoEncoding};
use crate::media::{PictureView, Size, Time};
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Level, MatrixCoefficients,
    Profile, QpRange, RateControlMode, SpsPpsStrategy, UsageType, VuiConfig,
};
use openh264::formats::YUVSource;
use openh264::{OpenH264API, Timestamp};
use openh264_sys2::{
    ENCODER_OPTION, ENCODER_OPTION_BITRATE, ENCODER_OPTION_FRAME_RATE, ENCODER_OPTION_MAX_BITRATE, SBitrateInfo,
    SPATIAL_LAYER_0,
};
use std::ffi::c_void;

/// The peak rate, in percent of the target.
const PEAK_PERCENT: u32 = 125;
/// What a target rate is kept within, kbit/s. A peak of 10 Mbit/s is the most that level 3 allows (ITU-T H.264,
/// Table A-1); above it the library would change the level of a running stream.
const RATES: std::ops::RangeInclusive<u32> = 10..=8000;
/// What a frame rate is kept within, pictures a second.
const FRAME_RATES: std::ops::RangeInclusive<u32> = 1..=60;

/// Quantisation for pictures that are too rich otherwise.
const COARSE: (u8, u8) = (36, 51);

/// What the library is told of the rate of a picture that stands still: it decides nothing there.
const STILL_KBPS: u32 = 8000;

/// An encoder of one picture size.
pub struct OpenH264Encoder {
    encoder: Encoder,
    encoding: VideoEncoding,
    /// The peak rate the library works with, bits a second.
    peak: u32,
    /// The first picture's moment: the library is given milliseconds since then.
    began: Option<Time>,
    steps: Steps,
}

/// How fine or coarse pictures are quantised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Steps {
    /// As the rate asks for.
    Rate,
    /// With [`COARSE`] steps, until the next IDR that is asked for.
    Coarse,
    /// All with this step; none is skipped.
    Fixed(u8),
}

impl OpenH264Encoder {
    /// Builds an encoder for `encoding`; [`Fault::Unsupported`] for an odd or too large size.
    pub fn new(encoding: VideoEncoding) -> Result<Self, DeviceError> {
        Self::build(bounded(encoding), Steps::Rate)
    }

    /// Builds an encoder for a picture that stands still: each is quantised with `step` (0 = finest ..= 51), whatever
    /// the rate, and none is skipped.
    pub fn still(size: Size, fps: u32, step: u8) -> Result<Self, DeviceError> {
        Self::build(bounded(VideoEncoding { size, fps, bitrate_kbps: STILL_KBPS }), Steps::Fixed(step.min(51)))
    }

    fn build(encoding: VideoEncoding, steps: Steps) -> Result<Self, DeviceError> {
        let Size { width, height } = encoding.size;
        if encoding.size.is_empty() || !encoding.size.is_even() || width.max(height) > 3840 {
            return Err(error(Fault::Unsupported, format_args!("can not encode pictures of {}", encoding.size)));
        }
        let config = match steps {
            Steps::Rate => config(encoding),
            Steps::Coarse => config(encoding).qp(QpRange::new(COARSE.0, COARSE.1)),
            Steps::Fixed(step) => config(encoding).qp(QpRange::new(step, step)),
        };
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config)
            .map_err(|reason| error(Fault::Failed, reason))?;
        Ok(Self { encoder, encoding, peak: encoding.bitrate_kbps * 1000, began: None, steps })
    }

    /// Hands the current rates to the library, which takes them only once it has encoded a picture.
    fn apply_rates(&mut self) -> Result<(), DeviceError> {
        let mut fps = self.encoding.fps as f32;
        let target = self.encoding.bitrate_kbps * 1000;
        self.set(ENCODER_OPTION_FRAME_RATE, (&raw mut fps).cast())?;
        let peak = target / 100 * PEAK_PERCENT;
        // The library refuses a peak below the target, also between the two steps.
        let mut steps = [(ENCODER_OPTION_BITRATE, target), (ENCODER_OPTION_MAX_BITRATE, peak)];
        if peak > self.peak {
            steps.reverse();
        }
        for (option, bits) in steps {
            let mut rate = SBitrateInfo { iLayer: SPATIAL_LAYER_0, iBitrate: bits as i32 };
            self.set(option, (&raw mut rate).cast())?;
        }
        self.peak = peak;
        Ok(())
    }

    fn set(&mut self, option: ENCODER_OPTION, value: *mut c_void) -> Result<(), DeviceError> {
        // SAFETY: every caller passes a pointer to a live value of the type the option is documented to take
        // (f32 for the frame rate, SBitrateInfo for the rates), and the encoder was initialised by its first picture.
        let code = unsafe { self.encoder.raw_api().set_option(option, value) };
        match code {
            0 => Ok(()),
            code => Err(error(Fault::Failed, format_args!("option {option} was refused with {code}"))),
        }
    }
}

impl VideoEncoder for OpenH264Encoder {
    fn encode(
        &mut self,
        picture: PictureView<'_>,
        at: Time,
        force_idr: bool,
        out: &mut Vec<u8>,
    ) -> Result<Encoded, DeviceError> {
        out.clear();
        if picture.size != self.encoding.size || !whole(&picture) {
            let words = format_args!("was given {} instead of {}", picture.size, self.encoding.size);
            return Err(error(Fault::Unsupported, words));
        }
        if force_idr && self.steps == Steps::Coarse {
            *self = Self::build(self.encoding, Steps::Rate)?;
        }
        let first = self.began.is_none();
        let began = *self.began.get_or_insert(at);
        if force_idr && !first {
            self.encoder.force_intra_frame();
        }
        let since = Timestamp::from_millis((at - began).as_millis().max(0) as u64);
        let stream = match self.encoder.encode_at(&Source(picture), since) {
            Ok(stream) => stream,
            Err(_) if self.steps == Steps::Rate => {
                *self = Self::build(self.encoding, Steps::Coarse)?;
                return self.encode(picture, at, false, out);
            }
            Err(reason) => return Err(error(Fault::Failed, reason)),
        };
        let outcome = match stream.frame_type() {
            FrameType::Skip => Encoded::Skipped,
            FrameType::Invalid => return Err(error(Fault::Failed, "gave no picture")),
            kind => {
                stream.write_vec(out);
                Encoded::Unit { idr: kind == FrameType::IDR }
            }
        };
        if first {
            self.apply_rates()?;
        }
        Ok(if out.is_empty() { Encoded::Skipped } else { outcome })
    }

    fn set_rate(&mut self, bitrate_kbps: u32, fps: u32) -> Result<(), DeviceError> {
        let wanted = bounded(VideoEncoding { bitrate_kbps, fps, ..self.encoding });
        if wanted == self.encoding {
            return Ok(());
        }
        self.encoding = wanted;
        match self.began {
            Some(_) => self.apply_rates(),
            None => {
                *self = Self::build(wanted, self.steps)?;
                Ok(())
            }
        }
    }
}

fn bounded(encoding: VideoEncoding) -> VideoEncoding {
    VideoEncoding {
        bitrate_kbps: encoding.bitrate_kbps.clamp(*RATES.start(), *RATES.end()),
        fps: encoding.fps.clamp(*FRAME_RATES.start(), *FRAME_RATES.end()),
        ..encoding
    }
}

fn config(encoding: VideoEncoding) -> EncoderConfig {
    let macroblocks = encoding.size.width.div_ceil(16) * encoding.size.height.div_ceil(16);
    // ITU-T H.264, Table A-1: the smallest level that holds the size at 30 pictures a second and any rate asked.
    let level = match macroblocks {
        0..=1620 => Level::Level_3_0,
        1621..=3600 => Level::Level_3_1,
        3601..=8192 => Level::Level_4_0,
        _ => Level::Level_5_1,
    };
    let colours = VuiConfig::bt709().matrix_coefficients(MatrixCoefficients::Smpte170M);
    EncoderConfig::new()
        .usage_type(UsageType::CameraVideoRealTime)
        .profile(Profile::Baseline)
        .level(level)
        .complexity(Complexity::Low)
        .rate_control_mode(RateControlMode::Bitrate)
        .bitrate(BitRate::from_bps(encoding.bitrate_kbps * 1000))
        .max_frame_rate(FrameRate::from_hz(encoding.fps as f32))
        .skip_frames(true)
        .intra_frame_period(IntraFramePeriod::auto())
        .scene_change_detect(false)
        .background_detection(false)
        .adaptive_quantization(false)
        .sps_pps_strategy(SpsPpsStrategy::ConstantId)
        .num_threads(1)
        .vui(colours)
}

/// True when every line the library will read is inside its slice.
fn whole(picture: &PictureView<'_>) -> bool {
    let (width, height) = (picture.size.width as usize, picture.size.height as usize);
    let holds = |plane: &[u8], stride: usize, width: usize, height: usize| {
        stride >= width && stride <= i32::MAX as usize && plane.len() >= stride * (height - 1) + width
    };
    holds(picture.y, picture.y_stride, width, height)
        && holds(picture.u, picture.uv_stride, width / 2, height / 2)
        && holds(picture.v, picture.uv_stride, width / 2, height / 2)
}

/// A picture as the library wants to see it.
struct Source<'a>(PictureView<'a>);

impl YUVSource for Source<'_> {
    fn dimensions(&self) -> (usize, usize) {
        (self.0.size.width as usize, self.0.size.height as usize)
    }
    fn strides(&self) -> (usize, usize, usize) {
        (self.0.y_stride, self.0.uv_stride, self.0.uv_stride)
    }
    fn y(&self) -> &[u8] {
        self.0.y
    }
    fn u(&self) -> &[u8] {
        self.0.u
    }
    fn v(&self) -> &[u8] {
        self.0.v
    }
}

fn error(fault: Fault, words: impl std::fmt::Display) -> DeviceError {
    DeviceError::new(fault, NAME, words)
}
