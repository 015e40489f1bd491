//! Devices made of arithmetic: they work on any machine and carry marks that turn latency into a number.

mod mark;
mod meter;
mod null;
mod pace;
mod png;
mod silence;
mod sound_mark;
mod test_card;
mod tone;
mod wav;
mod wrap;

#[cfg(test)]
mod tests;

pub use mark::{TimeMark, read as read_mark, write as write_mark};
pub use meter::{Latency, Meter, MeteredDisplay, MeteredSpeaker, Readings};
pub use null::{NullDisplay, NullSpeaker};
pub use png::PngDisplay;
pub use silence::SilentMicrophone;
pub use sound_mark::{SoundMark, SoundMarkReader, beep};
pub use test_card::TestCard;
pub use tone::ToneMicrophone;
pub use wav::WavSpeaker;
pub use wrap::Faulty;
