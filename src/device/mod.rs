//! Every device seam on one page: what a camera, a codec or a screen must do, and how one is opened by name.
//!
//! A worker thread opens, uses and drops its own device, so unplugging and switching are the same act and
//! nothing here needs to be `Send` but a camera, which may be opened while another one delivers. Waiting calls take the worker's [`Wake`] and come back early when it
//! rings. Every failure is a [`DeviceError`] whose kind says what to do next; after any error but
//! [`Fault::Damaged`] the device is dropped and opened anew.

pub mod aac;
pub mod alsa;
pub mod arrivals;
pub mod clock;
pub mod clock_set;
pub mod drm;
pub mod g711;
pub mod gpio;
pub mod held;
pub mod links;
pub mod load;
pub mod mp3;
pub mod openh264;
pub mod pipe;
pub mod synthetic;
pub mod tcp_info;
pub mod v4l2;
pub mod wake;
pub mod wall;

mod driver;
mod sample_clock;

pub use crate::api::fault::{DeviceError, Fault};
pub use crate::api::notice::Optics;
pub use driver::{
    CoderDriver, SoundEncoderBuilder, VideoDecoderBuilder, VideoDecoderDriver, VideoEncoderBuilder, VideoEncoderDriver,
    open_button, open_camera, open_display, open_lamp, open_microphone, open_speaker, sound_decoder, sound_encoder,
    still_encoder, video_decoders, video_encoders,
};
pub use wake::{Listener, Readable, Source, Wake, Woken};

use crate::media::{Overlay, PictureView, Placement, RawPicture, Size, Sound, SoundFormat, Span, Time};
use std::os::fd::BorrowedFd;

/// A source of pictures. Opening starts it.
pub trait Camera: Send {
    /// What was negotiated: size and rate of the pictures, and words for people ("YUYV 640x480 at 30").
    fn mode(&self) -> CameraMode;

    /// Waits for a picture and returns the newest there is; older ones are dropped unseen and counted.
    /// `None`: the bell rang. [`Fault::Stalled`] when none came for a second.
    fn next(&mut self, wake: &Wake) -> Result<Option<RawPicture>, DeviceError>;

    /// Pictures dropped since the last call because newer ones were there, and pictures the device damaged.
    fn take_losses(&mut self) -> u64;

    /// Zooms its lens in as near to `zoom` (1.0 ..= 4.0) as it can, never further, and lets it focus by itself or stay as
    /// it is; what it made of that.
    fn aim(&mut self, _zoom: f32, _auto_focus: bool) -> Optics {
        Optics::default()
    }

    /// Whether opening it for pictures of `wanted` size at `fps` would give others than it gives now.
    fn would_differ(&self, wanted: Size, fps: u32) -> bool;
}

/// What a camera delivers.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraMode {
    pub size: Size,
    pub fps: f64,
    pub words: String,
}

/// A source of sound in periods of 10 ms. Opening starts it.
pub trait Microphone {
    /// The format of every period.
    fn format(&self) -> SoundFormat;

    /// Waits for the next period and replaces `period`'s content with it. False: the bell rang, `period` is untouched.
    /// Lost time (an xrun, a writer that paused) comes back as silence of the same length inside `period`.
    fn next(&mut self, wake: &Wake, period: &mut Sound) -> Result<bool, DeviceError>;

    /// Overruns since the last call, and how long the silence was that replaced them.
    fn take_losses(&mut self) -> (u64, Span);
}

/// What a [`VideoEncoder`] is built for. A change of size needs a new encoder; rate and fps do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoEncoding {
    /// Even width and height.
    pub size: Size,
    pub fps: u32,
    pub bitrate_kbps: u32,
}

/// What became of a picture given to a [`VideoEncoder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// An access unit was written.
    Unit { idr: bool },
    /// The encoder's rate control skipped the picture: nothing was written.
    Skipped,
}

/// H.264 out of I420.
pub trait VideoEncoder {
    /// Encodes one picture of exactly the configured size. `out` is cleared and receives Annex B bytes;
    /// an IDR carries its SPS and PPS in front. `force_idr` is obeyed at once, never skipped.
    fn encode(
        &mut self,
        picture: PictureView<'_>,
        at: Time,
        force_idr: bool,
        out: &mut Vec<u8>,
    ) -> Result<Encoded, DeviceError>;

    /// Changes target rate and frame rate from the next picture on.
    fn set_rate(&mut self, bitrate_kbps: u32, fps: u32) -> Result<(), DeviceError>;
}

/// Receives a decoder's pictures in order of presentation. Two pictures may come of one unit, or none.
pub type PictureSink<'a> = &'a mut dyn FnMut(PictureView<'_>, Span);

/// What a [`VideoDecoder`] is built for. A change of any of it needs a new decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoDecoding {
    /// Of the pictures that come out; never over 1920x1088, either way up.
    pub size: Size,
    /// Pictures may be shown in another order than they are sent: some have to be held back.
    pub reorders: bool,
}

/// I420 out of H.264.
///
/// Built on the thread it is used on, and dropped there. One may work while its caller does not wait, as the decoders of
/// chips do (V4L2, stateful memory-to-memory): it takes units in and gives their pictures out when they are done.
pub trait VideoDecoder {
    /// Decodes one access unit of Annex B whose picture is shown at stream position `pts`.
    /// [`Fault::Damaged`] spoils pictures until the next IDR, and the decoder stays usable; after any other error it is
    /// dropped.
    fn decode(&mut self, annex_b: &[u8], pts: Span, sink: PictureSink<'_>) -> Result<(), DeviceError>;

    /// Sleeps until the bell rings (and clears it), and gives out the pictures that are done meanwhile. One that gives
    /// every picture out of [`VideoDecoder::decode`] has nothing to do here.
    fn wait(&mut self, wake: &Wake, _sink: PictureSink<'_>) -> Result<(), DeviceError> {
        wake.wait(None);
        Ok(())
    }

    /// Gives out what is held back, for the end of a stream or before a new one.
    fn flush(&mut self, sink: PictureSink<'_>) -> Result<(), DeviceError>;
}

/// AAC out of 16-bit samples.
pub trait SoundEncoder {
    /// The AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) for the sequence header.
    fn config(&self) -> &[u8];

    /// Samples a channel that one frame takes (1024 for AAC-LC).
    fn frame_len(&self) -> usize;

    /// By how many samples a channel the decoded sound lags the encoder's input (its priming).
    fn delay(&self) -> usize;

    /// Encodes exactly one frame of interleaved samples; `out` is cleared and receives the raw frame.
    fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), DeviceError>;

    /// Changes the target rate from the next frame on.
    fn set_bitrate(&mut self, kbps: u32) -> Result<(), DeviceError>;
}

/// 16-bit samples out of coded sound.
pub trait SoundDecoder {
    /// Decodes one frame; `out` is cleared and receives interleaved samples in the format returned.
    fn decode(&mut self, frame: &[u8], out: &mut Vec<i16>) -> Result<SoundFormat, DeviceError>;
}

/// A sink of sound.
pub trait Speaker {
    /// The format it wants; the caller converts.
    fn format(&self) -> SoundFormat;

    /// Takes interleaved samples, at most as many as fit without waiting; returns how many values it took.
    /// Zero: full, wait for [`Speaker::wait`].
    fn write(&mut self, samples: &[i16]) -> Result<usize, DeviceError>;

    /// Sleeps until there is room, the bell rings or `deadline` passes.
    fn wait(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<(), DeviceError>;

    /// How long a sample written now waits before it is heard. [`Fault::Stalled`] when the device has played nothing of
    /// what waits in it for a second.
    fn delay(&mut self) -> Result<Span, DeviceError>;

    /// True for a device that consumes at its own pace and must be kept fed (a sound card); false for one
    /// that takes sound when it comes (a pipe, a file): it is never fed silence.
    fn clocked(&self) -> bool;

    /// Underruns since the last call.
    fn take_underruns(&mut self) -> u64;
}

/// A sink of pictures.
pub trait Display {
    /// Size of the picture it wants; the caller fits the stream's picture into it. `None`: takes any size.
    fn size(&self) -> Option<Size>;

    /// Shows an I420 picture and returns the moment it became (or will become) visible.
    /// Comes back with `None` when the bell rang before anything of it was given away: a newer one may take its
    /// place. What was begun counts as shown; the device gives the rest away in front of the next picture.
    fn show(&mut self, picture: PictureView<'_>, wake: &Wake) -> Result<Option<Time>, DeviceError>;

    /// Whether pictures of this size can be given to it as they are, because it cuts, scales and places them itself;
    /// it then expects them until it is asked again, beside those of its own size.
    fn takes(&mut self, _picture: Size, _placement: Placement) -> bool {
        false
    }

    /// Shows `overlays` over every picture from the next one on, in a layer of its own; the same number `changes` stands
    /// for the same drawings as before. Asked in front of each picture. False: it can not, and they have to be part of
    /// the picture.
    fn lay(&mut self, _overlays: &[Overlay], _changes: u64) -> bool {
        false
    }

    /// What it is, for people ("HDMI-A-1 1280x720 at 60").
    fn words(&self) -> String {
        self.size().map_or("any size".into(), |size| size.to_string())
    }

    /// Sleeps until the bell rings (and clears it) or `deadline` passes, and looks after the device meanwhile.
    /// True: come back at once, because what is on the screen has to be shown again: another one was plugged in,
    /// or it has another size now.
    fn wait(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<bool, DeviceError> {
        wake.wait(deadline);
        Ok(false)
    }
}

/// An edge of a button's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// True when it leads to the level that means pressed.
    pub active: bool,
    /// The kernel's stamp, where it has one.
    pub at: Time,
}

/// A button or switch of the terminal. Opening starts it.
pub trait Button {
    /// What was opened, for people ("line 17 of pinctrl-bcm2835, pressed = low").
    fn words(&self) -> &str;

    /// Whether it was pressed when it was opened.
    fn pressed(&self) -> bool;

    /// Adds the edges there were since the last call, in their order; never waits. There may be more.
    fn take_edges(&mut self, edges: &mut Vec<Edge>) -> Result<(), DeviceError>;

    /// Readable when there are edges, or when [`Button::take_edges`] would say why there will be none.
    fn watched(&self) -> BorrowedFd<'_>;
}

/// A lamp of the terminal. It is dark when it is opened and when it is dropped.
pub trait Lamp {
    /// What was opened, for people.
    fn words(&self) -> &str;

    /// Switches it on or off.
    fn set(&mut self, on: bool) -> Result<(), DeviceError>;

    /// Fails (POLLERR, POLLHUP) when the lamp is gone; `None` when only [`Lamp::set`] finds out.
    fn watched(&self) -> Option<BorrowedFd<'_>>;
}
