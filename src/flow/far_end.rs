//! What the players play, on its way to the microphone's worker, which takes it out of what it hears.
//!
//! Nothing goes this way, and nothing is copied, while nobody listens.

use super::lane::{self, Receiver, Sender};
use crate::device::Wake;
use crate::voice::Played;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Pieces of each player on the way: a second of the shortest ones (5 ms). The reader comes every 10 ms.
const PIECES: usize = 200;

/// The end of one player's loudspeaker.
pub struct Tap {
    pieces: Sender<Played>,
    wanted: Arc<AtomicBool>,
}

/// The microphone's end.
pub struct Ear {
    players: Vec<Receiver<Played>>,
    wanted: Arc<AtomicBool>,
}

/// The ways from so many players to a microphone.
pub fn far_end(players: usize) -> io::Result<(Vec<Tap>, Ear)> {
    // The reader does not wait for them: it is woken by its own microphone.
    let bell = Wake::new()?;
    let wanted = Arc::new(AtomicBool::new(false));
    let way = |_| {
        let (pieces, receiver) = lane::ring(PIECES, bell.clone());
        (Tap { pieces, wanted: wanted.clone() }, receiver)
    };
    let (taps, players) = (0..players).map(way).unzip();
    Ok((taps, Ear { players, wanted }))
}

impl Tap {
    /// Somebody wants to know what is played.
    pub fn wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// This is played.
    pub fn put(&self, piece: Played) {
        self.pieces.put(piece);
    }
}

impl Ear {
    /// Listens from now on, or no longer.
    pub fn listen(&self, wanted: bool) {
        if self.wanted.swap(wanted, Ordering::Relaxed) != wanted {
            self.players.iter().for_each(Receiver::clear);
        }
    }

    /// The next piece, and the number of the player that plays it.
    pub fn take(&self) -> Option<(usize, Played)> {
        self.players.iter().enumerate().find_map(|(player, pieces)| Some((player, pieces.take()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{SoundFormat, Time};

    #[test]
    fn only_what_is_played_while_somebody_listens_arrives_and_each_players_is_told_apart() {
        let (taps, ear) = far_end(2).unwrap();
        let piece = |value| Played { samples: vec![value; 240], format: SoundFormat::CALL, heard: Time::default() };
        assert!(!taps.iter().any(Tap::wanted));
        ear.listen(true);
        assert!(taps.iter().all(Tap::wanted));
        taps[1].put(piece(1));
        assert_eq!((ear.take(), ear.take()), (Some((1, piece(1))), None));
        taps.iter().for_each(|tap| tap.put(piece(2)));
        ear.listen(false);
        ear.listen(true);
        assert_eq!(ear.take(), None, "what was left of earlier belongs to no echo of now");
        (0..1000).for_each(|_| taps[0].put(piece(3)));
        taps[1].put(piece(4));
        let arrived: Vec<usize> = std::iter::from_fn(|| ear.take()).map(|(player, _)| player).collect();
        let of = |player| arrived.iter().filter(|it| **it == player).count();
        assert_eq!((of(0), of(1)), (PIECES, 1), "one that is not read takes nothing from the other");
    }
}
