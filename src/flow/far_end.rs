//! What the loudspeaker plays, on its way to the microphone's worker, which takes it out of what it hears.
//!
//! Nothing goes this way, and nothing is copied, while nobody listens.

use super::lane::{self, Receiver, Sender};
use crate::device::Wake;
use crate::voice::Played;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Pieces on the way: a second of the shortest ones (5 ms). The reader comes every 10 ms.
const PIECES: usize = 200;

/// The loudspeaker's end.
pub struct Tap {
    pieces: Sender<Played>,
    wanted: Arc<AtomicBool>,
}

/// The microphone's end.
pub struct Ear {
    pieces: Receiver<Played>,
    wanted: Arc<AtomicBool>,
}

/// A way from a loudspeaker to a microphone.
pub fn far_end() -> io::Result<(Tap, Ear)> {
    // The reader does not wait for it: it is woken by its own microphone.
    let (sender, receiver) = lane::ring(PIECES, Wake::new()?);
    let wanted = Arc::new(AtomicBool::new(false));
    Ok((Tap { pieces: sender, wanted: wanted.clone() }, Ear { pieces: receiver, wanted }))
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
            self.pieces.clear();
        }
    }

    /// The next piece.
    pub fn take(&self) -> Option<Played> {
        self.pieces.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{SoundFormat, Time};

    #[test]
    fn only_what_is_played_while_somebody_listens_arrives() {
        let (tap, ear) = far_end().unwrap();
        let piece = |value| Played { samples: vec![value; 240], format: SoundFormat::CALL, heard: Time::default() };
        assert!(!tap.wanted());
        ear.listen(true);
        assert!(tap.wanted());
        tap.put(piece(1));
        assert_eq!((ear.take(), ear.take()), (Some(piece(1)), None));
        tap.put(piece(2));
        ear.listen(false);
        ear.listen(true);
        assert_eq!(ear.take(), None, "what was left of earlier belongs to no echo of now");
        (0..1000).for_each(|_| tap.put(piece(3)));
        assert_eq!(std::iter::from_fn(|| ear.take()).count(), PIECES);
    }
}
