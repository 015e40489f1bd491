//! Looks at every graphics card that drives screens, for the technician.

use super::card;
use crate::device::DeviceError;
use std::path::PathBuf;

pub use super::choice::Plug;

/// A card, or why it can not be asked.
#[derive(Clone, Debug)]
pub struct Card {
    pub path: PathBuf,
    /// The name by which a board profile chooses it; empty when it could not be asked.
    pub driver: String,
    pub connectors: Result<Vec<Connector>, DeviceError>,
}

/// A place for a screen.
#[derive(Clone, Debug)]
pub struct Connector {
    pub name: String,
    pub plug: Plug,
    /// "1920x1080 at 60", the preferred one first.
    pub modes: Vec<String>,
}

/// Every card with connectors, in order of number. Nothing is asked of the screens themselves, so that a picture
/// that is shown is not disturbed.
pub fn cards() -> Vec<Card> {
    card::nodes().into_iter().filter_map(look).collect()
}

fn look(path: PathBuf) -> Option<Card> {
    match card::Card::open(&path) {
        Ok(None) => None,
        Ok(Some(card)) => {
            let connectors =
                card.outlets(false).map(|outlets| outlets.into_iter().map(|(_, it)| connector(&it)).collect());
            Some(Card { path, driver: card.driver, connectors })
        }
        Err(error) => Some(Card { path, driver: String::new(), connectors: Err(error) }),
    }
}

fn connector(outlet: &super::choice::Outlet) -> Connector {
    let mut modes: Vec<_> = outlet.modes.iter().collect();
    modes.sort_by_key(|mode| !mode.preferred);
    let modes = modes.into_iter().map(|mode| format!("{} at {}", mode.size, (mode.rate() + 500) / 1000));
    Connector { name: outlet.name.clone(), plug: outlet.plug, modes: modes.collect() }
}
