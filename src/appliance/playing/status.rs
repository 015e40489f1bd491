//! What is told and shown of one way down.

use super::Playing;
use crate::api::card::Card;
use crate::api::plan::PlayerView;
use crate::api::status::{PlayStats, PlayerStatus, SessionState};
use crate::media::Time;
use crate::settings::address;
use crate::settings::pusher::Orientation;

impl Playing {
    /// What the socket tells.
    pub fn status(&self, now: Time) -> PlayerStatus {
        PlayerStatus {
            id: self.settings.id.clone(),
            state: match self.session.state() {
                SessionState::Live if self.rests().next().is_some() => SessionState::Paused,
                state => state,
            },
            for_ms: (now - self.session.since()).as_millis(),
            src: address::without_secrets(self.settings.src.as_deref().unwrap_or_default()),
            muted: self.muted(),
            sound_output: self.settings.output(&self.board).0.name().into(),
            volume: self.settings.output(&self.board).1,
            paused_by: self.rests().map(str::to_owned).collect(),
            full_screen: self.full_screen.is_some(),
            direction: self.full_screen.unwrap_or_default().degrees(),
            picture_in_picture: self.small,
            loading: self.loading,
            speaker: self.speaker.clone(),
            decoder: self.decoder.into(),
            unplayable: self.unplayable.clone(),
            screen: self.card().map_or("picture", Card::name).into(),
            last_end: self.session.last_end().into(),
            reconnects: self.session.reconnects(),
            unsupported: self.settings.unsupported(Some(&self.board)),
            net: PlayStats { net_quality_level: self.quality.level(self.session.state()), ..self.stats.clone() },
        }
    }

    /// What is to be seen of it.
    pub fn view(&self) -> PlayerView {
        PlayerView {
            active: self.session.wanted(),
            card: self.card(),
            trouble: self.screen.trouble(self.card()),
            fit: self.settings.object_fit,
            turn: if self.settings.orientation == Orientation::Horizontal { 90 } else { 0 },
            follows_stream: self.settings.enable_auto_rotation,
            small: self.small,
            full_screen: self.full_screen.is_some(),
            direction: self.full_screen.unwrap_or_default().degrees().rem_euclid(360) as u32,
        }
    }

    pub(super) fn card(&self) -> Option<Card> {
        self.screen.card(self.session.state(), self.standby)
    }

    /// Every reason why it is frozen and silent; none while it plays nothing.
    pub(super) fn rests(&self) -> impl Iterator<Item = &'static str> {
        let user = self.paused.then_some("user").into_iter();
        user.chain(self.absence.reasons(&self.settings)).filter(|_| self.session.wanted())
    }

    pub(super) fn muted(&self) -> bool {
        self.settings.muted || (self.standby && self.settings.background_mute)
    }
}
