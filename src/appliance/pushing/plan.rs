//! What the way up is to be, as one plan, and what is said when it changes.

use super::Pushing;
use crate::api::code;
use crate::api::plan::{PictureSource, PushPlan};
use crate::media::Span;
use crate::settings::pusher::Position;
use serde_json::json;

/// Longest time between two IDR pictures.
const GOP: Span = Span::secs(2);

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
            PictureSource::Card("One moment please".into())
        } else if !self.settings.enable_camera {
            PictureSource::Card("The camera is off".into())
        } else if camera.is_none() || !self.camera.shows() {
            PictureSource::Card("No picture from the camera".into())
        } else {
            PictureSource::Camera
        };
        PushPlan {
            active,
            camera,
            self_view: self.preview && camera.is_some(),
            microphone: active && self.settings.enable_mic && self.board.microphone.is_some() && !silence,
            silent: !self.muted_by().is_empty(),
            picture,
            waiting: self.settings.waiting_picture(),
            size: self.settings.picture_size(self.settings.max_bitrate),
            fps: self.settings.picture_rate(self.settings.max_bitrate),
            video_kbps: self.settings.max_bitrate,
            voice: self.settings.voice(self.loudspeaker),
            sound_kbps: self.settings.sound_kbps(),
            sound_rate: self.settings.sound_rate(),
            gop: GOP,
            queue_limit: self.settings.queue_limit(),
            mirror: self.settings.remote_mirror,
            local_mirror: self.settings.local_mirror,
            zoom: self.image.zoom(),
            auto_focus: self.settings.auto_focus,
            looks: self.looks(),
        }
    }

    pub(super) fn report_changes(&mut self, plan: &PushPlan) {
        let Some(old) = self.plan.as_ref().filter(|old| old.active && plan.active) else { return };
        let (size, rate) = (old.size != plan.size, old.video_kbps != plan.video_kbps);
        if size {
            let detail = json!({ "width": plan.size.width, "height": plan.size.height });
            self.happened(code::PUSH_EVT_CHANGE_RESOLUTION, detail);
        }
        if rate {
            self.happened(code::PUSH_EVT_CHANGE_BITRATE, json!({ "video-kbps": plan.video_kbps }));
        }
    }
}
