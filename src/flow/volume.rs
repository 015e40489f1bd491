//! How loud each player is, on its way from the loudspeaker's thread to whoever asks.
//!
//! Nothing is measured, and nothing is kept, while nobody listens.

use crate::api::volume::Volume;
use crate::device::clock;
use crate::media::{SoundFormat, Span, Time};
use crate::voice::Loudness;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A figure that is older says nothing: nothing is played.
const FRESH: Span = Span::millis(450);

/// What is known of every player; clones are the same board.
#[derive(Clone, Debug, Default)]
pub struct VolumeBoard(Arc<Board>);

#[derive(Debug, Default)]
struct Board {
    listeners: AtomicUsize,
    /// By the player's number.
    latest: Mutex<Vec<Option<(Volume, Time)>>>,
}

/// Somebody listens until this is dropped.
#[derive(Debug)]
pub struct Listening(VolumeBoard);

/// A loudspeaker's end.
pub struct VolumeTap {
    board: VolumeBoard,
    player: usize,
    loudness: Option<Loudness>,
}

impl VolumeBoard {
    /// Begins to listen.
    pub fn listen(&self) -> Listening {
        self.0.listeners.fetch_add(1, Ordering::Relaxed);
        Listening(self.clone())
    }

    /// Where player number `player` tells what it plays.
    pub fn tap(&self, player: usize) -> VolumeTap {
        VolumeTap { board: self.clone(), player, loudness: None }
    }

    fn put(&self, player: usize, volume: Volume) {
        let mut latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() <= player {
            latest.resize(player + 1, None);
        }
        if let Some(place) = latest.get_mut(player) {
            *place = Some((volume, clock::now()));
        }
    }
}

impl Listening {
    /// How loud player number `player` was in the last 200 ms; silence when it plays nothing.
    pub fn of(&self, player: usize) -> Volume {
        let latest = self.0.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = latest.get(player).copied().flatten();
        known.filter(|(_, at)| clock::now() - *at < FRESH).map_or(Volume::SILENCE, |(volume, _)| volume)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.0.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

impl VolumeTap {
    /// These interleaved samples are played.
    pub fn played(&mut self, samples: &[i16], format: SoundFormat) {
        if self.board.0.listeners.load(Ordering::Relaxed) == 0 {
            self.loudness = None;
            return;
        }
        if self.loudness.as_ref().is_none_or(|loudness| loudness.format() != format) {
            self.loudness = Some(Loudness::new(format));
        }
        if let Some(volume) = self.loudness.as_mut().and_then(|loudness| loudness.add(samples)) {
            self.board.put(self.player, volume);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_played_while_somebody_listens_is_measured() {
        let board = VolumeBoard::default();
        let mut tap = board.tap(1);
        let loud = vec![10_000; 9600];
        tap.played(&loud, SoundFormat::CALL);
        assert!(tap.loudness.is_none());
        let listening = board.listen();
        assert_eq!(listening.of(1), Volume::SILENCE);
        tap.played(&loud, SoundFormat::CALL);
        assert!(listening.of(1).volume > 70, "{:?}", listening.of(1));
        assert_eq!((listening.of(0), listening.of(7)), (Volume::SILENCE, Volume::SILENCE));
        drop(listening);
        tap.played(&loud, SoundFormat::CALL);
        assert!(tap.loudness.is_none());
    }
}
