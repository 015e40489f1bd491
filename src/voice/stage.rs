//! One step of voice processing that comes into the path and leaves it without a click or a hole.

use crate::media::{SoundFormat, Span};
use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, MaxProcessingRate, NoiseSuppression, NoiseSuppressionLevel,
    Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

/// Samples of a frame: 10 ms at 48 kHz, which the library asks for.
pub const FRAME: usize = 480;
/// A frame of sound, 48 kHz mono.
pub type Frame = [i16; FRAME];

/// A stage that comes hears this many frames before it is heard: by then it has filled its filters.
const PRIMING: u32 = 3;
/// Then, or before it leaves, it is faded over against what goes in: for the length of one frame.
const FADING: i32 = FRAME as i32;

/// Which step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Takes out what the loudspeaker plays (WebRTC's AEC3).
    Echo,
    /// Takes out steady noise: by 18 dB at most, so that speech keeps its colour.
    Noise,
    /// Brings a quiet voice up to about -25 dBFS, 6 dB a second and 30 dB at most; starts from what comes in, and keeps
    /// noise under -50 dBFS.
    Gain,
}

impl Step {
    /// How much later sound comes out: filter banks and overlapping frames. Held by a test.
    pub const fn delay(self) -> Span {
        Span::samples(
            match self {
                Step::Echo => 429,
                Step::Noise => 333,
                Step::Gain => 0,
            },
            48_000,
        )
    }

    fn config(self) -> Config {
        let gain = AdaptiveDigital { initial_gain_db: 0.0, max_gain_db: 30.0, ..AdaptiveDigital::default() };
        let noise = NoiseSuppression { level: NoiseSuppressionLevel::High, ..NoiseSuppression::default() };
        let whole = MaxProcessingRate::Rate48kHz;
        let nothing = Config {
            pipeline: Pipeline { maximum_internal_processing_rate: whole, ..Pipeline::default() },
            ..Config::default()
        };
        match self {
            Step::Echo => Config { echo_canceller: Some(EchoCanceller::default()), ..nothing },
            Step::Noise => Config { noise_suppression: Some(noise), ..nothing },
            Step::Gain => {
                let gain = GainController2 { adaptive_digital: Some(gain), ..GainController2::default() };
                Config { gain_controller2: Some(gain), ..nothing }
            }
        }
    }
}

/// A step that may be in the path.
pub struct Stage {
    step: Step,
    wanted: bool,
    running: Option<Running>,
}

struct Running {
    processing: AudioProcessing,
    primed: u32,
    /// 0 = what goes in is heard, [`FADING`] = what comes out.
    level: i32,
}

impl Stage {
    /// A step that is not in the path.
    pub fn new(step: Step) -> Self {
        Self { step, wanted: false, running: None }
    }

    /// Whether it should be in the path.
    pub fn set(&mut self, wanted: bool) {
        self.wanted = wanted;
        if wanted && self.running.is_none() {
            let stream = StreamConfig::new(SoundFormat::CALL.rate, 1);
            let builder = AudioProcessing::builder().config(self.step.config());
            let processing = builder.capture_config(stream).render_config(stream).build();
            self.running = Some(Running { processing, primed: 0, level: 0 });
        }
    }

    /// It works, though it may not be heard yet or any more.
    pub fn works(&self) -> bool {
        self.running.is_some()
    }

    /// By how much it delays what is heard now.
    pub fn delay(&self) -> Span {
        let heard = self.running.as_ref().is_some_and(|running| running.level > 0);
        if heard { self.step.delay() } else { Span::ZERO }
    }

    /// Runs a frame through it; `far` is what the loudspeaker played in the meantime.
    pub fn run(&mut self, frame: &mut Frame, far: &Frame) {
        let Some(running) = &mut self.running else { return };
        let mut done = [0; FRAME];
        let mut same = [0; FRAME];
        // Neither fails: the formats are the ones it was built for.
        let known = self.step != Step::Echo || running.processing.process_render_i16(far, &mut same).is_ok();
        if !known || running.processing.process_capture_i16(frame, &mut done).is_err() {
            self.running = None;
            return;
        }
        let from = running.level;
        running.primed = running.primed.saturating_add(1);
        running.level = if self.wanted && running.primed > PRIMING { FADING } else { 0 };
        for (place, (heard, done)) in (1..).zip(frame.iter_mut().zip(done)) {
            let level = from + (running.level - from) * place / FADING;
            *heard = ((i32::from(*heard) * (FADING - level) + i32::from(done) * level) / FADING) as i16;
        }
        if !self.wanted && from == 0 {
            self.running = None;
        }
    }
}
