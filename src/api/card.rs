//! What is shown while there is no picture: every word of it in one table.

use crate::settings::screen::Language;

/// A card.
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
    /// The terminal's own camera is to be seen or sent, and gives no picture.
    NoCamera,
    /// Sent to the other side while this one has paused or rests.
    OneMoment,
    /// Sent to the other side while the camera is switched off.
    CameraOff,
}

/// What stands on a card, for whoever stands in front of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// What is the matter.
    pub words: &'static str,
    /// What that means for a customer, smaller; may be empty.
    pub hint: &'static str,
}

const fn text(words: &'static str, hint: &'static str) -> Text {
    Text { words, hint }
}

impl Card {
    /// Every card.
    pub const ALL: [Card; 13] = [
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
        Card::OneMoment,
        Card::CameraOff,
    ];

    /// Those that are sent instead of a picture.
    pub const SENT: [Card; 3] = [Card::OneMoment, Card::CameraOff, Card::NoCamera];

    /// Its name in the status, and what stands on it in each of [`LANGUAGES`]. (Characters that the font lacks fail a
    /// test; `assets/font/subset` puts them in.)
    #[rustfmt::skip]
    const fn row(self) -> (&'static str, [Text; LANGUAGES.len()]) {
        match self {
            Card::Ready => ("ready", [
                text("Ready", "A call can begin at any time"),
                text("准备就绪", "随时可以开始通话"),
            ]),
            Card::Connecting => ("connecting", [
                text("Connecting", "This takes a moment"),
                text("正在连接", "请稍候"),
            ]),
            Card::Waiting => ("waiting", [
                text("Waiting for the other side", "The picture appears as soon as somebody answers"),
                text("正在等待对方", "对方接听后即可看到画面"),
            ]),
            Card::SoundOnly => ("sound-only", [
                text("Sound only", "The other side sends no picture"),
                text("仅有声音", "对方没有发送画面"),
            ]),
            Card::WrongCodec => ("wrong-codec", [
                text("The picture can not be shown", "The other side sends it in another format than H.264"),
                text("画面无法显示", "对方发送的画面不是 H.264 格式"),
            ]),
            Card::TooLarge => ("too-large", [
                text("The picture is too large", "The other side sends more than this terminal can show"),
                text("画面尺寸过大", "对方发送的画面超出了本机的显示能力"),
            ]),
            Card::WrongFormat => ("wrong-format", [
                text("This kind of picture can not be shown", "The other side has to send another"),
                text("无法显示此类画面", "请对方调整视频设置"),
            ]),
            Card::NoConnection => ("no-connection", [
                text("No connection", "If this stays, please tell the staff"),
                text("无法连接", "如长时间未恢复，请联系工作人员"),
            ]),
            Card::Ended => ("ended", [
                text("The call has ended", "Thank you"),
                text("通话已结束", "感谢您的使用"),
            ]),
            Card::Standby => ("standby", [
                text("Standby", "The camera is off"),
                text("待机中", "摄像头已关闭"),
            ]),
            Card::NoCamera => ("no-camera", [
                text("No picture from the camera", "If this stays, please tell the staff"),
                text("摄像头没有画面", "如长时间未恢复，请联系工作人员"),
            ]),
            Card::OneMoment => ("one-moment", [
                text("One moment please", ""),
                text("请稍候", ""),
            ]),
            Card::CameraOff => ("camera-off", [
                text("The camera is off", ""),
                text("摄像头已关闭", ""),
            ]),
        }
    }

    /// Its name in the status.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// What stands on it.
    pub fn text(self, language: Language) -> Text {
        let [english, ..] = self.row().1;
        let column = LANGUAGES.iter().position(|known| *known == language);
        column.and_then(|column| self.row().1.get(column).copied()).unwrap_or(english)
    }

    /// What stands on it when it is sent: few words, because hardly any bits are spent on it.
    pub fn sent(self, language: Language) -> Text {
        Text { hint: "", ..self.text(language) }
    }
}

/// The columns of the table.
pub const LANGUAGES: [Language; 2] = [Language::En, Language::Zh];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_has_a_name_and_words_of_its_own_in_every_language() {
        for (index, card) in Card::ALL.into_iter().enumerate() {
            let before = &Card::ALL[..index];
            assert!(before.iter().all(|other| other.name() != card.name()));
            for language in LANGUAGES {
                let words = card.text(language).words;
                assert!(!words.is_empty() && words.is_ascii() == (language == Language::En), "{words}");
                assert!(before.iter().all(|other| other.text(language).words != words), "{words}");
            }
        }
    }
}
