//! What the camera and the processor make of zoom, focus, beauty and whiteness.

use super::super::{Output, refuse};
use super::Pushing;
use crate::api::command::Refusal;
use crate::api::event::Object;
use crate::api::notice::Optics;
use crate::api::plan::{Effect, Looks};
use crate::api::status::{DeviceState, ImageStatus, Unsupported};
use crate::settings::pusher::Position;

/// What the property `zoom` stands for.
const ZOOM: f32 = 2.0;
/// The nearest and the furthest `set-zoom`.
const ZOOMS: std::ops::RangeInclusive<f64> = 1.0..=4.0;

/// What was told by the workers, and how far the picture is zoomed in.
#[derive(Debug)]
pub struct Image {
    zoom: f32,
    /// What each camera does itself, since it was last opened.
    front: Optics,
    back: Optics,
    /// The last wish for beauty and whiteness, and what of it is in effect.
    wanted: Looks,
    in_effect: Looks,
}

impl Image {
    /// As the property `zoom` says.
    pub fn new(zoom: bool) -> Self {
        let (front, back) = (Optics::default(), Optics::default());
        Self { zoom: factor(zoom), front, back, wanted: Looks::PLAIN, in_effect: Looks::PLAIN }
    }

    /// The property `zoom` was changed: it takes the place of what `set-zoom` said.
    pub fn set_zoom(&mut self, zoom: bool) {
        self.zoom = factor(zoom);
    }

    /// How far the picture is zoomed in.
    pub fn zoom(&self) -> f32 {
        self.zoom
    }

    /// A camera told what it does itself.
    pub fn optics(&mut self, position: Position, optics: Optics) {
        *(match position {
            Position::Front => &mut self.front,
            Position::Back => &mut self.back,
        }) = optics;
    }
}

fn factor(zoom: bool) -> f32 {
    if zoom { ZOOM } else { 1.0 }
}

impl Pushing {
    /// The order `set-zoom`. The property `zoom` follows: it is true while there is any.
    pub(super) fn order_zoom(&mut self, zoom: f64) -> Result<(), Refusal> {
        if !ZOOMS.contains(&zoom) {
            let words = format!("{zoom} is out of range, allowed {:.1} to {:.1}", ZOOMS.start(), ZOOMS.end());
            return Err(refuse(Object::Pusher, "invalid-body", "zoom", &words));
        }
        self.image.zoom = zoom as f32;
        self.settings.zoom = zoom > 1.0;
        Ok(())
    }

    /// The encoder's thread said how much beauty and whiteness it can afford.
    pub(super) fn looks_news(&mut self, wanted: Looks, in_effect: Looks) {
        let before = (self.image.wanted != self.image.in_effect).then_some(self.image.in_effect);
        (self.image.wanted, self.image.in_effect) = (wanted, in_effect);
        let reduced = wanted != in_effect;
        if reduced && before != Some(in_effect) || !reduced && before.is_some() && wanted != Looks::PLAIN {
            let words = if reduced { shortage(wanted, in_effect) } else { format!("{} in effect again", told(wanted)) };
            let words = format!("picture: {words}");
            self.outputs.push(Output::Effect(Effect::Note { trouble: reduced, words, since: None }));
        }
    }

    /// The wish for beauty and whiteness.
    pub(super) fn looks(&self) -> Looks {
        Looks { beauty: self.settings.beauty, whiteness: self.settings.whiteness }
    }

    /// What of it is in effect; a wish nobody has answered yet will be.
    fn looks_in_effect(&self) -> Looks {
        if self.image.wanted == self.looks() { self.image.in_effect } else { self.looks() }
    }

    /// What the camera does itself; `None` while none delivers.
    fn camera_optics(&self) -> Option<Optics> {
        let running = self.camera.status().state == DeviceState::Running;
        running.then(|| match self.switching_from.map_or(self.settings.device_position, |(old, _)| old) {
            Position::Front => self.image.front,
            Position::Back => self.image.back,
        })
    }

    pub(super) fn image_status(&self) -> ImageStatus {
        let optics = self.camera_optics();
        let lens = optics.and_then(|optics| optics.zoom);
        let Looks { beauty, whiteness } = self.looks_in_effect();
        let zoom = self.image.zoom;
        ImageStatus {
            zoom: f64::from(zoom),
            zoom_by: match lens {
                _ if zoom <= 1.0 => "",
                Some(lens) if lens >= zoom => "lens",
                Some(lens) if lens > 1.0 => "lens and crop",
                _ => "crop",
            }
            .into(),
            focus: match optics.map(|optics| optics.auto_focus) {
                None => "",
                Some(None) => "fixed",
                Some(Some(true)) => "continuous",
                Some(Some(false)) => "locked",
            }
            .into(),
            beauty,
            whiteness,
        }
    }

    /// What is set and has no effect, by nature or just now, each with the reason.
    pub(super) fn unsupported(&self) -> Vec<Unsupported> {
        let mut found = self.settings.unsupported(self.loudspeaker);
        let mut say = |property: &str, reason: String| found.push(Unsupported { property: property.into(), reason });
        if self.camera_optics().is_some_and(|optics| optics.auto_focus.is_none()) {
            say("auto-focus", "the camera has no control of its focus".into());
        }
        let (wanted, in_effect) = (self.looks(), self.looks_in_effect());
        let levels =
            [("beauty", wanted.beauty, in_effect.beauty), ("whiteness", wanted.whiteness, in_effect.whiteness)];
        for (name, wanted, in_effect) in levels.into_iter().filter(|(_, wanted, in_effect)| wanted != in_effect) {
            say(name, format!("{wanted} is wanted, {in_effect} in effect: the processor is too slow"));
        }
        found
    }
}

fn told(looks: Looks) -> String {
    format!("beauty {} and whiteness {}", looks.beauty, looks.whiteness)
}

fn shortage(wanted: Looks, in_effect: Looks) -> String {
    format!("{} wanted, {} in effect: the processor is too slow", told(wanted), told(in_effect))
}
