//! What a player's screen shows: the picture as long as there is one, else a card that says why there is none.

use crate::api::card::Card;
use crate::api::code;
use crate::api::notice::{Cause, PlayNews, Why};
use crate::api::status::SessionState;
use crate::media::{Span, Time};

/// After a lost connection the last picture stays for so long: most are back before anybody would read a card.
const LINGER: Span = Span::secs(3);
/// Sound may come before the first picture; after this there will be none.
const ALONE: Span = Span::secs(2);

/// What is known of the picture of one player.
#[derive(Debug, Default)]
pub struct Screen {
    /// The server has accepted us.
    connected: bool,
    /// Something is played, and whether there are pictures in it.
    playing: bool,
    pictures: bool,
    /// Something was played since the player was last asked to.
    played: bool,
    /// The other side has hung up.
    over: bool,
    /// What ended the last connection, unless something was played since.
    lost: Option<Cause>,
    /// Until then the last picture of a lost connection stays.
    linger: Option<Time>,
    /// From then on sound without a picture is all there is.
    alone: Option<Time>,
    sound_only: bool,
    /// Pictures come, and none of them can be shown: the card that says why.
    unplayable: Option<Card>,
    /// The number of the event that says best why there is no connection.
    trouble: Option<i32>,
    /// The terminal is being shut down.
    leaving: bool,
}

impl Screen {
    /// The player is asked to play something, from the beginning.
    pub fn start(&mut self) {
        *self = Self::default();
    }

    /// The player is asked to stop.
    pub fn stop(&mut self) {
        *self = Self { played: self.played, ..Self::default() };
    }

    /// The terminal is being shut down: the screen is given back.
    pub fn leave(&mut self) {
        self.leaving = true;
    }

    /// News of the current session.
    pub fn handle(&mut self, news: &PlayNews, now: Time) {
        match news {
            PlayNews::Connected => (self.connected, self.trouble) = (true, None),
            PlayNews::StreamBegin => self.over = false,
            PlayNews::Resolution(_) => {
                self.pictures = true;
                (self.alone, self.sound_only, self.unplayable) = (None, false, None);
            }
            PlayNews::Unplayable(unplayable) => {
                self.pictures = false;
                (self.alone, self.sound_only) = (None, false);
                self.unplayable = Some(match unplayable.why {
                    Why::Codec => Card::WrongCodec,
                    Why::TooLarge => Card::TooLarge,
                    Why::Format => Card::WrongFormat,
                });
            }
            PlayNews::PlayBegin | PlayNews::Loading(false) => {
                (self.playing, self.played) = (true, true);
                (self.lost, self.linger) = (None, None);
                if !self.pictures && !self.sound_only && self.unplayable.is_none() {
                    self.alone.get_or_insert(now + ALONE);
                }
            }
            PlayNews::StreamEnded => {
                self.over = true;
                (self.playing, self.pictures, self.linger) = (false, false, None);
                (self.alone, self.sound_only, self.unplayable) = (None, false, None);
            }
            PlayNews::Ended(end) => {
                if self.playing && self.pictures && end.cause != Cause::Ours {
                    self.linger = Some(now + LINGER);
                }
                (self.connected, self.playing, self.pictures) = (false, false, false);
                (self.alone, self.sound_only, self.unplayable) = (None, false, None);
                self.lost = Some(end.cause);
            }
            _ => {}
        }
    }

    /// An event was told. What went wrong on the way to the server says more than that the connection is lost.
    pub fn happened(&mut self, number: i32) {
        let on_the_way = matches!(self.trouble, Some(3001..=3003));
        match number {
            3001..=3003 => self.trouble = Some(number),
            2103 | -2301 if !on_the_way => self.trouble = Some(number),
            _ => {}
        }
    }

    /// The number of the event that led to `card`, where one did.
    pub fn trouble(&self, card: Option<Card>) -> Option<i32> {
        match card {
            Some(Card::NoConnection) => self.trouble,
            Some(Card::WrongCodec) => Some(code::PLAY_ERR_HEVC_DECODE_FAIL.number),
            Some(Card::TooLarge | Card::WrongFormat) => Some(code::PLAY_WARNING_VIDEO_DECODE_FAIL.number),
            _ => None,
        }
    }

    /// When [`Screen::tick`] has something to do.
    pub fn deadline(&self) -> Option<Time> {
        self.linger.into_iter().chain(self.alone).min()
    }

    /// Time passed.
    pub fn tick(&mut self, now: Time) {
        self.linger = self.linger.filter(|until| *until > now);
        if self.alone.is_some_and(|at| at <= now) {
            (self.alone, self.sound_only) = (None, true);
        }
    }

    /// The card to show; `None`: the picture, new or last.
    pub fn card(&self, state: SessionState, standby: bool) -> Option<Card> {
        let reachable = matches!(self.lost, None | Some(Cause::Ours | Cause::Closed | Cause::Refused | Cause::Absent));
        match state {
            _ if self.leaving || self.linger.is_some() => None,
            SessionState::Stopped if standby => Some(Card::Standby),
            SessionState::Stopped if self.played => Some(Card::Ended),
            SessionState::Stopped => Some(Card::Ready),
            _ if self.over && reachable => Some(Card::Ended),
            SessionState::Live | SessionState::Paused => match (self.playing, self.pictures) {
                (true, true) => None,
                _ if self.unplayable.is_some() => self.unplayable,
                _ if self.sound_only => Some(Card::SoundOnly),
                _ => Some(Card::Waiting),
            },
            SessionState::GaveUp => Some(Card::NoConnection),
            SessionState::Connecting | SessionState::Reconnecting | SessionState::Waiting => Some(match self.lost {
                _ if self.connected => Card::Waiting,
                None | Some(Cause::Ours) => Card::Connecting,
                Some(Cause::Refused | Cause::Absent) => Card::Waiting,
                Some(_) => Card::NoConnection,
            }),
        }
    }
}
