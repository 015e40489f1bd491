//! The microphone's sound on its way to the encoder: echo out, noise down, a quiet voice up.
//!
//! Each step is there only while it is wanted, and costs nothing otherwise: neither time nor delay.

use super::far_end::Played;
use super::far_ends::FarEnds;
use super::stage::{FRAME, Frame, Stage, Step};
use crate::api::plan::VoicePlan;
use crate::media::{Sound, SoundFormat, Span};

/// See the module's head.
pub struct Treatment {
    echo: Stage,
    noise: Stage,
    gain: Stage,
    far: FarEnds,
    /// Sound that does not fill a frame yet.
    waiting: Vec<i16>,
}

impl Default for Treatment {
    fn default() -> Self {
        Self {
            echo: Stage::new(Step::Echo),
            noise: Stage::new(Step::Noise),
            gain: Stage::new(Step::Gain),
            far: FarEnds::default(),
            waiting: Vec::new(),
        }
    }
}

impl Treatment {
    /// What is to be done from now on.
    pub fn set(&mut self, plan: VoicePlan) {
        self.echo.set(plan.echo);
        self.noise.set(plan.noise);
        self.gain.set(plan.gain);
        if !plan.echo && !self.echo.works() {
            self.far = FarEnds::default();
        }
    }

    /// Player number `player` plays this.
    pub fn played(&mut self, player: usize, piece: &Played) {
        self.far.played(player, piece);
    }

    /// Whether it should be told what the players play.
    pub fn listens(&self) -> bool {
        self.echo.works()
    }

    /// Treats `sound` (48 kHz mono, a continuous track). What comes out is shorter or longer by what does not fill
    /// 10 ms, maybe nothing, and is stamped with the moment at which its first sample was heard.
    pub fn run(&mut self, sound: &mut Sound) {
        if !self.works() && self.waiting.is_empty() {
            return;
        }
        let mut at = sound.captured - SoundFormat::CALL.span_of(self.waiting.len());
        self.waiting.append(&mut sound.samples);
        if !self.works() {
            // Nothing is wanted any more: what is left goes out as it is.
            sound.captured = at;
            sound.samples.append(&mut self.waiting);
            return;
        }
        let mut first = None;
        let mut used = 0;
        while let Some(frame) = self.waiting.get(used..used + FRAME).and_then(|it| Frame::try_from(it).ok()) {
            let mut frame = frame;
            let mut far = [0; FRAME];
            if self.echo.works() {
                self.far.take(at, &mut far);
            }
            for stage in [&mut self.echo, &mut self.noise, &mut self.gain] {
                stage.run(&mut frame, &far);
            }
            first.get_or_insert(at - self.delay());
            sound.samples.extend_from_slice(&frame);
            used += FRAME;
            at += Span::millis(10);
        }
        self.waiting.drain(..used);
        sound.captured = first.unwrap_or(at);
    }

    /// The microphone is silent by rule: what is under way belongs to the time before.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    fn works(&self) -> bool {
        [&self.echo, &self.noise, &self.gain].iter().any(|stage| stage.works())
    }

    /// How much later sound comes out than it went in.
    fn delay(&self) -> Span {
        self.echo.delay() + self.noise.delay() + self.gain.delay()
    }
}
