//! What the way up is to be, as one plan, and what is said when the picture changes.

use super::Pushing;
use crate::api::card::Card;
use crate::api::code;
use crate::api::plan::{PictureSource, PushPlan};
use crate::settings::policy::Aim;
use crate::settings::pusher::Position;
use serde_json::json;

impl Pushing {
    /// Everything that silences it now.
    pub(super) fn muted_by(&self) -> Vec<&'static str> {
        let reasons = [
            (self.settings.muted, "muted"),
            (self.mute_switch, "mute-switch"),
            (!self.settings.enable_mic, "enable-mic"),
            (self.paused, "paused"),
            (self.standby && self.settings.background_mute, "standby"),
        ];
        reasons.into_iter().filter_map(|(holds, name)| holds.then_some(name)).collect()
    }

    /// The plan that the state of everything asks for; `camera` is the one that is to be open.
    pub(super) fn wanted_plan(&self, active: bool, camera: Option<Position>) -> PushPlan {
        let silence = self.standby && self.settings.background_mute;
        let picture = if self.standby || self.paused {
            PictureSource::Card(Card::OneMoment.sent(self.language))
        } else if !self.settings.enable_camera {
            PictureSource::Card(Card::CameraOff.sent(self.language))
        } else if camera.is_none() || !self.camera.shows() {
            PictureSource::Card(Card::NoCamera.sent(self.language))
        } else {
            PictureSource::Camera
        };
        let rates = self.settings.rates();
        PushPlan {
            active,
            camera,
            asked: self.asked,
            self_view: self.preview && camera.is_some(),
            microphone: active && self.settings.enable_mic && self.board.microphone.is_some() && !silence,
            silent: !self.muted_by().is_empty(),
            picture,
            waiting: self.settings.waiting_picture(),
            size: rates.top().size,
            fps: rates.top().fps,
            voice: self.settings.voice(self.loudspeaker),
            sound_rate: self.settings.sound_rate(),
            rates,
            mirror: self.settings.remote_mirror,
            local_mirror: self.settings.local_mirror,
            zoom: self.image.zoom(),
            auto_focus: self.settings.auto_focus,
            looks: self.looks(),
        }
    }

    /// The network, or the settings, ask for another picture than was told last.
    pub(super) fn target_changed(&mut self, from: Aim, to: Aim) {
        if from.size != to.size {
            let detail = json!({
                "width": to.size.width, "height": to.size.height, "from": from.size.to_string(), "to": to.size.to_string(),
            });
            self.happened(code::PUSH_EVT_CHANGE_RESOLUTION, detail);
        }
        if from.kbps != to.kbps {
            self.happened(code::PUSH_EVT_CHANGE_BITRATE, json!({ "from": from.kbps, "to": to.kbps, "fps": to.fps }));
        }
    }
}
