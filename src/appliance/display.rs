//! The rules of the one screen: what is to be seen on it, and how that shares it.

use super::Appliance;
use super::absence::Scene;
use super::playing::Playing;
use super::pushing::Pushing;
use super::{closed_or_absent, device_status, figures};
use crate::api::command::Transition;
use crate::api::notice::DeviceNotice;
use crate::api::plan::{Effect, ScreenPlan};
use crate::api::status::{DeviceStatus, ScreenStatus};
use crate::media::Time;
use crate::settings::ScreenSettings;

/// What is known and wanted of the screen.
#[derive(Debug)]
pub struct DisplayState {
    pub settings: ScreenSettings,
    /// The device.
    pub device: DeviceStatus,
    scene: Scene,
    page: String,
    /// What was last given out.
    plan: ScreenPlan,
}

impl DisplayState {
    /// A screen on which nothing is shown yet; `there`: the board has one.
    pub fn new(settings: ScreenSettings, there: bool) -> Self {
        Self {
            settings,
            device: closed_or_absent(there),
            scene: Scene::default(),
            page: String::new(),
            plan: ScreenPlan::default(),
        }
    }

    /// What the socket tells of how it is shared.
    pub fn status(&self) -> ScreenStatus {
        let (layout, language) = (self.settings.layout, self.settings.language);
        ScreenStatus { layout, language, scene: self.scene.name(), page: self.page.clone() }
    }
}

impl Appliance {
    /// The screen's properties in effect.
    pub fn screen_settings(&self) -> ScreenSettings {
        self.display.settings
    }

    /// The user interface changed its page.
    pub(super) fn enter(&mut self, transition: Transition, page: String) {
        let scene = self.display.scene.after(transition);
        if (self.display.scene, &self.display.page) == (scene, &page) {
            return;
        }
        let named = if page.is_empty() { String::new() } else { format!(" {page:?}") };
        self.note(false, format!("user interface: {}{named}", transition.name()), None);
        (self.display.scene, self.display.page) = (scene, page);
        let page_left = matches!(transition, Transition::Push | Transition::Pop);
        self.players.iter_mut().for_each(|player| player.enter(scene, page_left));
    }

    /// Player number `number` wants the screen for itself: nobody else has it.
    pub(super) fn yield_screen_to(&mut self, number: usize) {
        for (_, player) in self.players.iter_mut().enumerate().filter(|(other, _)| *other != number) {
            player.set_full_screen(None);
            self.outputs.extend(player.take_outputs());
        }
    }

    /// Listens to the screen.
    pub(super) fn display_news(&mut self, news: DeviceNotice) {
        let new = device_status(&self.display.device, news);
        let old = std::mem::replace(&mut self.display.device, new.clone());
        self.tell_change("screen", &old, new);
    }

    /// What is to be on the screen now, if that changed.
    pub(super) fn show(&mut self, now: Time) -> Option<Effect> {
        let plan = ScreenPlan {
            players: self.players.iter().map(Playing::view).collect(),
            layout: self.display.settings.layout,
            language: self.display.settings.language,
            self_view: self.pusher.as_ref().and_then(Pushing::self_view),
            figures: self.figures(now),
        };
        (self.display.plan != plan).then(|| {
            self.display.plan = plan.clone();
            Effect::Screen(plan)
        })
    }

    /// What `debug` lays over the local screen.
    fn figures(&self, now: Time) -> Vec<String> {
        let up = self.pusher.iter().filter(|pusher| pusher.settings().debug);
        let down = self.players.iter().filter(|player| player.settings().debug);
        let up = up.flat_map(|pusher| figures::of_pusher(&pusher.status(now)));
        up.chain(down.flat_map(|player| figures::of_player(&player.status(now)))).collect()
    }
}
