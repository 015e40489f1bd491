//! What the screen says while there is no picture to show: every word of it in one table.

/// A card for the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Card {
    /// Nothing was asked for yet.
    Ready,
    /// The first connection is being made.
    Connecting,
    /// Connected, and nobody sends.
    Waiting,
    /// Somebody sends, but no picture.
    SoundOnly,
    /// The picture that is sent is not H.264.
    WrongCodec,
    /// The picture that is sent is larger than is shown.
    TooLarge,
    /// The picture that is sent is H.264 of a kind that is not shown.
    WrongFormat,
    /// The server can not be reached, or was lost; it is tried again.
    NoConnection,
    /// The other side, or this one, has hung up.
    Ended,
    /// The terminal rests, and nothing is played.
    Standby,
    /// The terminal's own camera is to be seen, and gives no picture.
    NoCamera,
}

impl Card {
    /// Every card.
    pub const ALL: [Card; 11] = [
        Card::Ready,
        Card::Connecting,
        Card::Waiting,
        Card::SoundOnly,
        Card::WrongCodec,
        Card::TooLarge,
        Card::WrongFormat,
        Card::NoConnection,
        Card::Ended,
        Card::Standby,
        Card::NoCamera,
    ];

    /// Its name in the status, and the words on it for whoever stands in front of the terminal (ASCII, because that
    /// is what can be drawn).
    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Card::Ready => ("ready", "Ready"),
            Card::Connecting => ("connecting", "Connecting"),
            Card::Waiting => ("waiting", "Waiting for the other side"),
            Card::SoundOnly => ("sound-only", "Sound only, no picture"),
            Card::WrongCodec => ("wrong-codec", "The picture is not H.264"),
            Card::TooLarge => ("too-large", "The picture is too large"),
            Card::WrongFormat => ("wrong-format", "This kind of picture can not be shown"),
            Card::NoConnection => ("no-connection", "No connection to the server"),
            Card::Ended => ("ended", "The call has ended"),
            Card::Standby => ("standby", "Standby"),
            Card::NoCamera => ("no-camera", "No picture from the camera"),
        }
    }

    /// Its name in the status.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The words on it.
    pub const fn words(self) -> &'static str {
        self.row().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_has_a_name_and_words_of_its_own_that_can_be_drawn() {
        for (index, card) in Card::ALL.into_iter().enumerate() {
            assert!(card.words().is_ascii() && !card.words().is_empty());
            let before = &Card::ALL[..index];
            assert!(before.iter().all(|other| other.name() != card.name() && other.words() != card.words()));
        }
    }
}
