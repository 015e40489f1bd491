//! Screens: every graphics card with its driver's name, its connectors and their modes.

use super::{Report, some_of};
use crate::device::drm::probe::{Card, Plug};

/// Modes that are listed at most.
const MODES: usize = 4;

pub fn tell(report: &mut Report, cards: &[Card]) {
    report.head("Screens");
    for card in cards {
        let connectors = match &card.connectors {
            Ok(connectors) => connectors,
            Err(error) => {
                report.wrong(&error.to_string());
                continue;
            }
        };
        report.well(&format!("{}: driver = \"drm\", card = \"{}\"", card.path.display(), card.driver));
        for it in connectors {
            let modes = some_of(it.modes.clone(), MODES);
            report.more(&match (it.plug, it.modes.is_empty()) {
                (Plug::In, false) => format!("connector = \"{}\": a screen, {modes}", it.name),
                (Plug::In, true) => {
                    format!("connector = \"{}\": a screen that tells no modes, check the cable", it.name)
                }
                (Plug::Out, _) => format!("connector = \"{}\": nothing plugged in", it.name),
                (Plug::Unknown, _) => format!("connector = \"{}\": not told whether a screen is there", it.name),
            });
        }
    }
    if cards.is_empty() {
        report.none("no graphics card that drives screens: driver = \"png\", or \"pipe\" into a player");
    }
}

#[cfg(test)]
mod tests {
    use super::super::told;
    use super::*;
    use crate::device::drm::probe::Connector;
    use crate::device::{DeviceError, Fault};

    #[test]
    fn connectors_are_told_with_what_hangs_on_them() {
        let connector = |name: &str, plug, modes: &[&str]| Connector {
            name: name.into(),
            plug,
            modes: modes.iter().map(ToString::to_string).collect(),
        };
        let connectors = vec![
            connector("HDMI-A-1", Plug::In, &["1920x1080 at 60", "1", "2", "3", "4", "5"]),
            connector("HDMI-A-2", Plug::Out, &[]),
        ];
        let denied = DeviceError::new(Fault::Denied, "/dev/dri/card1", "could not open it");
        let cards = [
            Card { path: "/dev/dri/card0".into(), driver: "vc4".into(), connectors: Ok(connectors) },
            Card { path: "/dev/dri/card1".into(), driver: String::new(), connectors: Err(denied) },
        ];
        let text = told(|report| tell(report, &cards));
        assert_eq!(
            text,
            "Screens\n  ● /dev/dri/card0: driver = \"drm\", card = \"vc4\"\n    \
             connector = \"HDMI-A-1\": a screen, 1920x1080 at 60, 1, 2, 3 and 2 more\n    \
             connector = \"HDMI-A-2\": nothing plugged in\n  ✖ /dev/dri/card1: could not open it\n"
        );
        assert!(told(|report| tell(report, &[])).contains("none found"));
    }
}
