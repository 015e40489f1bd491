//! What a terminal goes on with that has run before.

use super::{Appliance, Output};
use crate::api::plan::Effect;
use crate::media::Time;
use crate::settings::PusherSettings;

impl Appliance {
    /// Puts a terminal that was just made into the standby it was in when it last ran, `locked` if a button of it
    /// entered that. No worker hears of a plan with an open camera.
    pub fn remain_in_standby(&mut self, locked: bool, now: Time) {
        self.set_standby(true, now);
        self.standby_locked = locked;
        self.collect(now);
        self.keep_last_plan();
    }

    /// Puts a terminal that was just made into the silence it was in when it last ran, which is not the settings
    /// file's. No worker hears of a plan with sound.
    pub fn remain_muted(&mut self, now: Time) {
        if let Some(pusher) = &mut self.pusher {
            let muted = PusherSettings { muted: true, ..pusher.settings().clone() };
            // What can be refused is another camera.
            let _ = pusher.take_settings(muted, now);
        }
        self.collect(now);
        self.keep_last_plan();
    }

    /// Takes back every plan of the way up that another one has followed before anybody heard of it.
    fn keep_last_plan(&mut self) {
        let is_plan = |output: &Output| matches!(output, Output::Effect(Effect::Push(_)));
        let mut older = self.outputs.iter().filter(|output| is_plan(output)).count();
        self.outputs.retain(|output| {
            older -= usize::from(is_plan(output));
            older == 0 || !is_plan(output)
        });
    }
}
