//! The rules of the one screen: what is to be seen on it, and how that shares it.

use super::Appliance;
use super::absence::Scene;
use super::figures::History;
use super::playing::Playing;
use super::pushing::Pushing;
use super::{closed_or_absent, device_status, figures};
use crate::api::command::Transition;
use crate::api::figures::Figures;
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
    /// What `debug` tells of.
    pub history: History,
    /// Whether the figures have to be read anew.
    pub weighed: bool,
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
            history: History::default(),
            weighed: false,
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
        let figures = self.figures(now);
        let plan = ScreenPlan {
            players: self.players.iter().map(Playing::view).collect(),
            layout: self.display.settings.layout,
            language: self.display.settings.language,
            self_view: self.pusher.as_ref().and_then(Pushing::self_view),
            figures,
        };
        (self.display.plan != plan).then(|| {
            self.display.plan = plan.clone();
            Effect::Screen(plan)
        })
    }

    /// What `debug` lays over the local screen: read once a second, and when it is switched.
    fn figures(&mut self, now: Time) -> Vec<Figures> {
        let up = self.pusher.iter().filter(|pusher| pusher.settings().debug).map(|_| None);
        let down = self.players.iter().enumerate().filter(|(_, player)| player.settings().debug);
        let wanted: Vec<Option<usize>> = up.chain(down.map(|(number, _)| Some(number))).collect();
        let due = std::mem::take(&mut self.display.weighed);
        if !due && self.display.plan.figures.iter().map(|it| it.player).eq(wanted.iter().copied()) {
            return self.display.plan.figures.clone();
        }
        if wanted.is_empty() {
            return Vec::new();
        }
        let (status, history) = (self.status(now), &self.display.history);
        let told = wanted.into_iter().filter_map(|player| match player {
            None => status.pusher.as_ref().map(|it| figures::of_pusher(it, history, now)),
            Some(number) => status.players.get(number).map(|it| figures::of_player(number, it, history, now)),
        });
        told.collect()
    }
}
