//! How the stream says that its pictures are to be turned: in its metadata, or with a picture, which is the better word.

use crate::h264::orientation::Orientation;
use crate::image::Turn;

/// What one stream said so far.
#[derive(Debug, Default)]
pub struct Rotation {
    metadata: Turn,
    /// Of a message with a picture that holds until there is another one, or an IDR without.
    pictures: Option<Turn>,
}

impl Rotation {
    /// The metadata say so many degrees clockwise.
    pub fn tell(&mut self, degrees: u16) {
        self.metadata = Turn::from_degrees(degrees.into()).unwrap_or_default();
    }

    /// How a picture is to be turned that comes with this message, or with none. What was said lasts to the end of the
    /// coded video sequence at most (H.264, D.2.27), which an `idr` is: the next one may be another publisher's.
    pub fn of(&mut self, said: Option<Orientation>, idr: bool) -> Turn {
        let turn = said.map(|said| Turn::from_degrees(said.turn.into()).unwrap_or_default());
        if idr {
            self.pictures = None;
        }
        if said.is_some_and(|said| said.lasts) {
            self.pictures = turn;
        }
        turn.or(self.pictures).unwrap_or(self.metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_knows_better_than_the_metadata_and_a_lasting_word_lasts() {
        let said = |turn, lasts| Some(Orientation { turn, lasts });
        let mut rotation = Rotation::default();
        assert_eq!(rotation.of(None, true), Turn::None);
        rotation.tell(90);
        assert_eq!(rotation.of(None, false), Turn::Quarter);
        assert_eq!(rotation.of(said(180, false), false), Turn::Half);
        assert_eq!(rotation.of(None, false), Turn::Quarter, "that was for one picture");
        assert_eq!(rotation.of(said(270, true), true), Turn::ThreeQuarters);
        rotation.tell(180);
        assert_eq!(rotation.of(None, false), Turn::ThreeQuarters);
        assert_eq!(rotation.of(said(0, true), false), Turn::None);
        assert_eq!(rotation.of(None, false), Turn::None);
        assert_eq!(rotation.of(None, true), Turn::Half, "what begins with an IDR says it again, or does not");
        assert_eq!(rotation.of(None, false), Turn::Half);
        rotation.tell(0);
        assert_eq!(rotation.of(None, false), Turn::None);
    }
}
