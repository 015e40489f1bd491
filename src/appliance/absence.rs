//! What becomes of a player while the user interface is elsewhere: it goes on, rests, or shrinks to a small picture.
//!
//! The table of docs/reference.md ("Pages") is this module.

use crate::api::command::Transition;
use crate::settings::PlayerSettings;
use crate::settings::player::PictureInPicture;

/// Where the user interface is, as far as the page with the players is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// Their page is not in front: another one was opened over it (push), or it was left (pop).
    away: Option<PictureInPicture>,
    /// A component of the system lies over whatever there was.
    native: bool,
}

impl Scene {
    /// Where it is after `transition`.
    pub fn after(self, transition: Transition) -> Self {
        match transition {
            Transition::Push => Self { away: Some(PictureInPicture::Push), native: false },
            Transition::Pop => Self { away: Some(PictureInPicture::Pop), native: false },
            Transition::Native => Self { native: true, ..self },
            Transition::Return => Self::default(),
        }
    }

    /// The transition that led here last.
    pub fn name(self) -> Transition {
        match self {
            Self { native: true, .. } => Transition::Native,
            Self { away: Some(PictureInPicture::Push), .. } => Transition::Push,
            Self { away: Some(PictureInPicture::Pop), .. } => Transition::Pop,
            Self { away: None, .. } => Transition::Return,
        }
    }
}

/// One player's part in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Absence {
    scene: Scene,
    /// Somebody asked for it to play all the same; until the next change of the scene.
    lifted: bool,
    /// Its small picture was closed; until the return.
    closed: bool,
}

impl Absence {
    /// The user interface is there now.
    pub fn enter(&mut self, scene: Scene) {
        if std::mem::replace(&mut self.scene, scene) != scene {
            self.lifted = false;
            self.closed &= scene != Scene::default();
        }
    }

    /// It is to play whatever the scene is.
    pub fn lift(&mut self) {
        self.lifted = true;
    }

    /// The small picture is closed.
    pub fn close(&mut self) {
        self.closed = self.scene.away.is_some();
    }

    /// It is a small picture now, as far as the scene is concerned.
    pub fn small(&self, settings: &PlayerSettings) -> bool {
        let modes = settings.picture_in_picture_mode.as_ref();
        !self.closed && self.scene.away.is_some_and(|away| modes.is_some_and(|modes| modes.contains(away)))
    }

    /// Why it rests.
    pub fn reasons(&self, settings: &PlayerSettings) -> impl Iterator<Item = &'static str> + use<> {
        let navigate = self.scene.away.is_some() && settings.auto_pause_if_navigate && !self.small(settings);
        let native = self.scene.native && settings.auto_pause_if_open_native;
        let lifted = self.lifted;
        let table = [(navigate, "navigate"), (native, "open-native")];
        table.into_iter().filter_map(move |(holds, name)| (holds && !lifted).then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::player::PictureInPictureMode;

    /// What a player with these properties does after these transitions: `small`, and why it rests.
    fn after(mode: &[PictureInPicture], navigate: bool, native: bool, transitions: &[Transition]) -> (bool, String) {
        let settings = PlayerSettings {
            auto_pause_if_navigate: navigate,
            auto_pause_if_open_native: native,
            picture_in_picture_mode: Some(PictureInPictureMode::Many(mode.to_vec())),
            ..PlayerSettings::default()
        };
        let (mut scene, mut absence) = (Scene::default(), Absence::default());
        for transition in transitions {
            scene = scene.after(*transition);
            // Told twice is told once.
            (0..2).for_each(|_| absence.enter(scene));
        }
        (absence.small(&settings), absence.reasons(&settings).collect::<Vec<_>>().join("+"))
    }

    #[test]
    fn each_change_of_page_does_what_the_table_says() {
        use PictureInPicture::{Pop as PopMode, Push as PushMode};
        use Transition::{Native, Pop, Push, Return};
        const BOTH: &[PictureInPicture] = &[PushMode, PopMode];
        let (none, push, pop, both) = (&BOTH[..0], &BOTH[..1], &BOTH[1..], BOTH);
        type Row = (&'static [PictureInPicture], bool, bool, &'static [Transition], bool, &'static str);
        let table: &[Row] = &[
            // Another page over it.
            (none, true, true, &[Push], false, "navigate"),
            (none, false, true, &[Push], false, ""),
            (push, true, true, &[Push], true, ""),
            (push, false, true, &[Push], true, ""),
            (pop, true, true, &[Push], false, "navigate"),
            (pop, false, true, &[Push], false, ""),
            (both, true, true, &[Push], true, ""),
            // Its page is left.
            (none, true, true, &[Pop], false, "navigate"),
            (none, false, true, &[Pop], false, ""),
            (push, true, true, &[Pop], false, "navigate"),
            (pop, true, true, &[Pop], true, ""),
            (both, true, true, &[Push, Pop], true, ""),
            (push, true, true, &[Push, Pop], false, "navigate"),
            // A component of the system.
            (none, true, true, &[Native], false, "open-native"),
            (none, true, false, &[Native], false, ""),
            (both, true, true, &[Native], false, "open-native"),
            (push, true, true, &[Push, Native], true, "open-native"),
            (push, true, false, &[Push, Native], true, ""),
            (none, true, true, &[Push, Native], false, "navigate+open-native"),
            (none, true, true, &[Native, Push], false, "navigate"),
            // And back.
            (both, true, true, &[Return], false, ""),
            (both, true, true, &[Push, Return], false, ""),
            (none, true, true, &[Pop, Native, Return], false, ""),
        ];
        for (mode, navigate, native, transitions, small, reasons) in table {
            let seen = after(mode, *navigate, *native, transitions);
            assert_eq!(seen, (*small, (*reasons).to_owned()), "{mode:?} {navigate} {native} {transitions:?}");
        }
    }

    #[test]
    fn a_small_picture_that_was_closed_stays_closed_until_the_return_and_its_player_rests() {
        let settings = PlayerSettings {
            picture_in_picture_mode: Some(PictureInPictureMode::Many(vec![
                PictureInPicture::Push,
                PictureInPicture::Pop,
            ])),
            ..PlayerSettings::default()
        };
        let mut absence = Absence::default();
        absence.close();
        absence.enter(Scene::default().after(Transition::Push));
        assert!(absence.small(&settings), "nothing was closed before there was anything");
        absence.close();
        assert!(!absence.small(&settings));
        assert_eq!(absence.reasons(&settings).collect::<Vec<_>>(), ["navigate"]);
        absence.lift();
        assert_eq!(absence.reasons(&settings).count(), 0, "an order wins over the rule");
        absence.enter(Scene::default().after(Transition::Pop));
        assert!(!absence.small(&settings), "another change of page opens nothing");
        assert_eq!(absence.reasons(&settings).collect::<Vec<_>>(), ["navigate"], "and the rule holds anew");
        absence.enter(Scene::default());
        absence.enter(Scene::default().after(Transition::Push));
        assert!(absence.small(&settings));
    }
}
