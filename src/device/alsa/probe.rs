//! Lists the sound cards of this machine.

use alsa::card::Iter;
use alsa::ctl::{Ctl, DeviceIter};
use alsa::{Direction, Output};

/// A sound device as `doctor` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundDevice {
    /// For the board profile; by the card's name, which survives renumbering ("hw:CARD=Device,DEV=0").
    pub device: String,
    /// What the card calls itself ("USB Audio Device").
    pub card: String,
    pub captures: bool,
    pub plays: bool,
}

/// Every device of every card; empty on a machine without sound.
pub fn devices() -> Vec<SoundDevice> {
    // alsa-lib complains on standard error about cards that go away meanwhile.
    let _quiet = Output::local_error_handler();
    Iter::new().flatten().flat_map(|card| devices_of(card).unwrap_or_default()).collect()
}

fn devices_of(card: alsa::Card) -> alsa::Result<Vec<SoundDevice>> {
    let control = Ctl::from_card(&card, true)?;
    let info = control.card_info()?;
    let (id, name) = (info.get_id()?.to_string(), info.get_name()?.to_string());
    let devices = DeviceIter::new(&control).map(|number| {
        let has = |direction| control.pcm_info(number as u32, 0, direction).is_ok();
        SoundDevice {
            device: format!("hw:CARD={id},DEV={number}"),
            card: name.clone(),
            captures: has(Direction::Capture),
            plays: has(Direction::Playback),
        }
    });
    Ok(devices.collect())
}
