//! What follows from the settings: picture sizes, rates, and what this version can not honour.

use super::player::{PlayMode, SoundMode};
use super::policy::{Rates, Rung};
use super::pusher::{Aspect, AudioQuality, AudioVolumeType, Orientation, PushMode};
use super::{Board, PlayerSettings, PusherSettings, Settings, address, signing};
use crate::api::plan::VoicePlan;
use crate::api::plan::WaitingImage;
use crate::api::status::Unsupported;
use crate::media::Size;

/// A step of the ladder from bit rate to picture: the narrow side and the most pictures a second.
struct Step {
    /// The step is for rates below this, in kbit/s of video.
    below: u32,
    narrow: u32,
    fps: u32,
}

/// More bits, more pixels: 2 Mbit/s goes with 720p, 300 kbit/s with a small picture.
const LADDER: [Step; 5] = [
    Step { below: 150, narrow: 240, fps: 10 },
    Step { below: 300, narrow: 270, fps: 15 },
    Step { below: 600, narrow: 360, fps: 30 },
    Step { below: 1200, narrow: 540, fps: 30 },
    Step { below: u32::MAX, narrow: 720, fps: 30 },
];

/// The ladder's lower steps give a picture a second for so many kbit/s.
const KBPS_A_PICTURE: u32 = 10;

impl PusherSettings {
    /// The size of the picture sent at `kbps` of video: `video-width` and `video-height` when set, else the
    /// ladder's step in the shape of `aspect` and `orientation`. Always even.
    pub fn picture_size(&self, kbps: u32) -> Size {
        if let (Some(width), Some(height)) = (self.video_width, self.video_height) {
            return Size::new(width, height);
        }
        let narrow = step(kbps).narrow;
        let wide = match self.aspect {
            Aspect::NineSixteen => narrow * 16 / 9,
            Aspect::ThreeFour => narrow * 4 / 3,
        };
        let upright = Size::new(narrow & !1, wide & !1);
        match self.orientation {
            Orientation::Vertical => upright,
            Orientation::Horizontal => upright.turned(),
        }
    }

    /// Pictures a second at `kbps` of video: `fps`, and no more than the ladder's step gives.
    pub fn picture_rate(&self, kbps: u32) -> u32 {
        self.fps.min(step(kbps).fps)
    }

    /// kbit/s of sound.
    pub fn sound_kbps(&self) -> u32 {
        match self.audio_quality {
            AudioQuality::High => 64,
            AudioQuality::Low => 24,
        }
    }

    /// Samples a second of the sound that is sent: speech needs no more than 16 kHz. A call keeps 48 kHz all the same,
    /// because a frame of AAC has 1024 samples whatever their rate, and its coder then takes 43 ms instead of 128.
    pub fn sound_rate(&self) -> u32 {
        match (self.audio_quality, self.mode) {
            (AudioQuality::Low, PushMode::SD | PushMode::HD | PushMode::FHD) => 16_000,
            _ => 48_000,
        }
    }

    /// What is done to the microphone's sound. `loudspeaker`: the terminal plays something that can echo.
    pub fn voice(&self, loudspeaker: bool) -> VoicePlan {
        VoicePlan {
            echo: loudspeaker && self.audio_volume_type == AudioVolumeType::Voicecall,
            noise: self.enable_ans,
            gain: self.enable_agc,
        }
    }

    /// Within what bounds, and by which rules, the picture follows the network.
    pub fn rates(&self) -> Rates {
        let rung = |from: u32| Rung { from, size: self.picture_size(from), fps: self.picture_rate(from) };
        let from = std::iter::once(0).chain(LADDER.iter().map(|step| step.below));
        let mut rungs: Vec<Rung> = from.filter(|from| *from <= self.max_bitrate).map(rung).collect();
        if let (Some(top), Some(_), Some(_)) = (rungs.last().copied(), self.video_width, self.video_height) {
            // One size whatever the rate: only the pictures a second follow it, as on the ladder's lower steps.
            rungs = vec![Rung { from: (top.fps * KBPS_A_PICTURE).min(self.max_bitrate), ..top }];
        }
        let (min, max) = (self.min_bitrate, self.max_bitrate);
        Rates { min, max, sound: self.sound_kbps(), rungs, policy: self.mode.policy() }
    }

    /// The waiting image that is configured.
    pub fn waiting_picture(&self) -> Option<WaitingImage> {
        Some(WaitingImage { place: self.waiting_image.clone()?, md5: self.waiting_image_hash.clone() })
    }

    /// The properties that are set and have no effect, each with the reason. `loudspeaker`: the terminal plays something.
    pub fn unsupported(&self, loudspeaker: bool) -> Vec<Unsupported> {
        let table = [
            (
                self.audio_volume_type == AudioVolumeType::Voicecall && !loudspeaker,
                "audio-volume-type",
                "there is no echo to cancel: no player, or no loudspeaker of this board",
            ),
            (
                self.signing.is_some() && self.url.as_deref().is_some_and(|url| !signing::signs(url)),
                "signing",
                "the url holds no {txSecret} and {txTime}: it is used as it stands",
            ),
        ];
        listed(&table)
    }
}

impl PlayerSettings {
    /// The properties that are set and have no effect, each with the reason.
    pub fn unsupported(&self, board: Option<&Board>) -> Vec<Unsupported> {
        let no_ear = board.is_some_and(|board| board.speaker.ear.is_none());
        let table = [(
            self.sound_mode == SoundMode::Ear && no_ear,
            "sound-mode",
            "the board has no [speaker.ear]: the loudspeaker plays",
        )];
        listed(&table)
    }

    /// The output of `board` that plays, and its volume: an ear that the board does not have is the loudspeaker.
    pub fn output(&self, board: &Board) -> (SoundMode, u32) {
        let (speaker, ear) = (&board.speaker.speaker, &board.speaker.ear);
        let mode = match self.sound_mode {
            SoundMode::Ear if ear.is_none() && speaker.is_some() => SoundMode::Speaker,
            mode => mode,
        };
        let (own, profile) = match mode {
            SoundMode::Speaker => (self.speaker_volume, speaker),
            SoundMode::Ear => (self.ear_volume, ear),
        };
        (mode, own.or(profile.as_ref().map(|it| it.volume)).unwrap_or(100))
    }

    /// The delay it aims at between arrival and showing, in words.
    pub fn delay_words(&self) -> String {
        match self.mode {
            PlayMode::RTC => "as little delay as the measured jitter allows".into(),
            PlayMode::Live => format!("{} to {} s", self.min_cache, self.max_cache),
        }
    }
}

impl Board {
    /// It has something that sound is played on.
    pub fn has_loudspeaker(&self) -> bool {
        self.speaker.speaker.is_some() || self.speaker.ear.is_some()
    }

    /// The devices that are named and have no effect, each with the reason.
    pub fn unsupported(&self) -> Vec<Unsupported> {
        let table = [];
        listed(&table)
    }
}

impl Settings {
    /// Something is played that the microphone can hear; an unknown board has a loudspeaker.
    pub fn loudspeaker(&self, board: Option<&Board>) -> bool {
        !self.players.is_empty() && board.is_none_or(Board::has_loudspeaker)
    }

    /// Every property that is set and has no effect, under its full name ("pusher.beauty").
    pub fn unsupported(&self, board: Option<&Board>) -> Vec<Unsupported> {
        let loudspeaker = self.loudspeaker(board);
        let pusher =
            self.pusher.iter().flat_map(|pusher| pusher.unsupported(loudspeaker)).map(|it| named("pusher", it));
        let players = self.players.iter().flat_map(|player| player.unsupported(board));
        pusher.chain(players.map(|it| named("player", it))).collect()
    }

    /// What is allowed and yet probably a mistake, in words that hold no secret.
    pub fn warnings(&self) -> Vec<String> {
        let pusher = self.pusher.iter().flat_map(|pusher| {
            [("pusher.url", pusher.url.as_deref()), ("pusher.waiting-image", pusher.waiting_image.as_deref())]
        });
        let players = self.players.iter().map(|player| ("player.src", player.src.as_deref()));
        let addresses = pusher.chain(players).filter_map(|(key, text)| Some((key, text?)));
        addresses.flat_map(|(key, text)| address::doubts(text).map(move |words| format!("{key}: {words}"))).collect()
    }
}

fn step(kbps: u32) -> &'static Step {
    LADDER.iter().find(|step| kbps < step.below).unwrap_or(&LADDER[LADDER.len() - 1])
}

fn listed(table: &[(bool, &str, &str)]) -> Vec<Unsupported> {
    let set = table.iter().filter(|(set, ..)| *set);
    set.map(|(_, property, reason)| Unsupported { property: (*property).into(), reason: (*reason).into() }).collect()
}

fn named(table: &str, it: Unsupported) -> Unsupported {
    Unsupported { property: format!("{table}.{}", it.property), ..it }
}
