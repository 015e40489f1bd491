//! The way up as the socket tells it.

use super::Pushing;
use crate::api::plan::PictureSource;
use crate::api::status::{DeviceStatus, PushStats, PusherStatus, SessionState};
use crate::media::Time;
use crate::settings::address;

impl Pushing {
    /// What the socket tells.
    pub fn status(&self, now: Time) -> PusherStatus {
        let muted_by = self.muted_by();
        let plan = self.plan.as_ref();
        PusherStatus {
            state: match self.session.state() {
                SessionState::Live if self.paused => SessionState::Paused,
                state => state,
            },
            for_ms: (now - self.session.since()).as_millis(),
            url: address::without_secrets(self.settings.url.as_deref().unwrap_or_default()),
            muted: !muted_by.is_empty(),
            muted_by: muted_by.into_iter().map(String::from).collect(),
            picture: match plan.map(|plan| &plan.picture) {
                Some(PictureSource::Camera) => "camera".into(),
                Some(PictureSource::Card(_)) => "waiting-image".into(),
                None => String::new(),
            },
            preview: self.preview,
            waiting_image: self.waiting.clone(),
            camera_position: format!("{:?}", self.settings.device_position).to_lowercase(),
            camera: if self.has(self.settings.device_position) {
                self.camera.status().clone()
            } else {
                DeviceStatus::default()
            },
            microphone: self.microphone.status().clone(),
            voice: plan
                .filter(|plan| plan.active && plan.microphone)
                .map_or_else(Vec::new, |plan| plan.voice.names().map(String::from).collect()),
            last_end: self.session.last_end().into(),
            reconnects: self.session.reconnects(),
            image: self.image_status(),
            unsupported: self.unsupported(),
            net: PushStats { net_quality_level: self.quality.level(self.session.state()), ..self.stats.clone() },
        }
    }
}
