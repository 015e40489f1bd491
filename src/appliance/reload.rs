//! The settings file is read again while the terminal runs: what it says is taken over as a change of
//! properties is, and what only a new start can bring is named.

use super::{Appliance, refuse};
use crate::api::command::Refusal;
use crate::api::event::Object;
use crate::media::Time;
use crate::settings::Settings;

impl Appliance {
    /// Takes over what was `read`, or keeps everything and says why in the status.
    pub(super) fn reload(&mut self, read: Result<Box<Settings>, String>, now: Time) -> Result<(), Refusal> {
        let degraded = match read {
            Ok(settings) => self.take_over(*settings, now),
            Err(words) => vec![format!("the settings in use are the old ones, because the file is wrong:\n{words}")],
        };
        self.degraded = degraded;
        let words = self.degraded.join("\n");
        if words.is_empty() { Ok(()) } else { Err(refuse(Object::Daemon, "settings", "", &words)) }
    }

    /// Gives words on what could not be taken over.
    fn take_over(&mut self, settings: Settings, now: Time) -> Vec<String> {
        let mut left = Vec::new();
        self.muted_by_file = settings.pusher.as_ref().map_or(self.muted_by_file, |new| new.muted);
        match (&mut self.pusher, settings.pusher) {
            (Some(pusher), Some(new)) => left.extend(pusher.take_settings(new, now).err().map(|refusal| refusal.words)),
            (None, None) => {}
            (Some(_), None) => left.push(later("the removed [pusher]")),
            (None, Some(_)) => left.push(later("the new [pusher]")),
        }
        let same = self.players.len() == settings.players.len()
            && self.players.iter().zip(&settings.players).all(|(old, new)| old.settings().id == new.id);
        if same {
            self.players.iter_mut().zip(settings.players).for_each(|(player, new)| player.take_settings(new, now));
        } else {
            left.push(later("another [[player]]"));
        }
        self.display.settings = settings.screen;
        if self.control != settings.control {
            left.push(later("another [control]"));
        }
        left
    }
}

fn later(what: &str) -> String {
    format!("{what} is taken at the next start (systemctl restart visavisd)")
}
