//! Which connector, and which of its modes: decided from what the kernel lists, which may be rubbish.

use crate::media::Size;
use crate::settings::screen_mode::ScreenMode;

/// Longest side of a mode that is driven; what is drawn has the same limit.
const MAX_SIDE: u32 = 4096;
/// Highest rate of a mode that is believed, in thousandths of a Hz.
const MAX_RATE: u32 = 240_000;
/// Taken when the screen prefers nothing, because nearly every screen can do the one or the other: 720p and VGA.
const SAFE: [(u32, u32); 2] = [(1280, 720), (640, 480)];

/// Whether a screen is plugged in, as far as the driver knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plug {
    In,
    Out,
    /// The hardware can not tell.
    Unknown,
}

/// A connector.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlet {
    /// "HDMI-A-1".
    pub name: String,
    pub plug: Plug,
    pub modes: Vec<Timing>,
}

/// A mode, as the kernel tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    pub size: Size,
    /// Pixel clock in kHz.
    pub clock: u32,
    /// Pixels of a line and lines of a picture, blanking included.
    pub total: (u32, u32),
    /// The screen's own choice.
    pub preferred: bool,
    /// Draws every line in one go: neither interlaced nor doubled.
    pub plain: bool,
}

impl Timing {
    /// Pictures a second in thousandths; 0 when the numbers make no sense.
    pub fn rate(&self) -> u32 {
        let pixels = u64::from(self.total.0) * u64::from(self.total.1);
        let rate = (u64::from(self.clock) * 1_000_000).checked_div(pixels).unwrap_or(0);
        u32::try_from(rate).unwrap_or(0)
    }

    /// Whether a screen could be driven like that at all: a damaged EDID offers anything.
    fn sane(&self) -> bool {
        let Size { width, height } = self.size;
        let sides = width.min(height) >= 16 && width.max(height) <= MAX_SIDE;
        let totals = self.total.0 >= width && self.total.1 >= height;
        sides && totals && self.plain && (1000..=MAX_RATE).contains(&self.rate())
    }
}

/// Chooses among all connectors of a card: the one that is `wanted`, else the first with a screen, else the first
/// that can not tell. The error says what to do.
pub fn outlet(outlets: &[Outlet], wanted: Option<&str>) -> Result<usize, String> {
    let names = || outlets.iter().map(|outlet| outlet.name.as_str()).collect::<Vec<_>>().join(", ");
    let candidates = || outlets.iter().enumerate().filter(|(_, outlet)| wanted.is_none_or(|name| outlet.name == name));
    let with = |plug| candidates().find(|(_, outlet)| outlet.plug == plug).map(|(index, _)| index);
    with(Plug::In).or_else(|| with(Plug::Unknown)).ok_or_else(|| match wanted {
        _ if outlets.is_empty() => "it has no connector".into(),
        Some(name) if candidates().next().is_none() => format!("it has no connector {name:?}; it has {}", names()),
        Some(name) => unplugged(name),
        None => unplugged(&names()),
    })
}

/// What a person is told when there is no screen at `connector`.
pub fn unplugged(connector: &str) -> String {
    format!("{connector}: no screen is plugged in")
}

/// Chooses a mode: the `wanted` one, else what the screen prefers, else a safe one, else the largest that makes
/// sense. A wanted mode that is not offered is no reason for a dark screen: the next best is taken.
/// `None` when there is none.
pub fn mode(modes: &[Timing], wanted: Option<ScreenMode>) -> Option<usize> {
    let sane = || modes.iter().enumerate().filter(|(_, mode)| mode.sane());
    // At one size the higher rate; of equals the first, which is the kernel's order.
    let best = |fits: &dyn Fn(&Timing) -> bool| {
        let fitting = sane().filter(|(_, mode)| fits(mode));
        fitting.reduce(|best, next| if next.1.rate() > best.1.rate() { next } else { best }).map(|(index, _)| index)
    };
    let asked = wanted.and_then(|wanted| {
        best(&|mode| {
            let rate = mode.rate().saturating_add(500) / 1000;
            mode.size == Size::new(wanted.width, wanted.height) && wanted.refresh.is_none_or(|hz| hz == rate)
        })
    });
    let preferred = || sane().find(|(_, mode)| mode.preferred).map(|(index, _)| index);
    let safe = || SAFE.into_iter().find_map(|(width, height)| best(&|mode| mode.size == Size::new(width, height)));
    let largest = || {
        sane().reduce(|best, next| if next.1.size.pixels() > best.1.size.pixels() { next } else { best }).map(|it| it.0)
    };
    asked.or_else(preferred).or_else(safe).or_else(largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::screen_mode;

    fn timing(width: u32, height: u32, hz: u32) -> Timing {
        let total = (width + width / 4, height + height / 20);
        Timing {
            size: Size::new(width, height),
            clock: (total.0 * total.1 * hz).div_ceil(1000),
            total,
            preferred: false,
            plain: true,
        }
    }

    fn preferred(mode: Timing) -> Timing {
        Timing { preferred: true, ..mode }
    }

    #[test]
    fn a_connector_is_chosen_as_the_table_says() {
        let outlet_of = |(name, plug): &(&str, Plug)| Outlet { name: (*name).into(), plug: *plug, modes: vec![] };
        let (hdmi1, hdmi2, dsi) = ("HDMI-A-1", "HDMI-A-2", "DSI-1");
        type Row<'a> = (&'a [(&'a str, Plug)], Option<&'a str>, Result<usize, &'a str>);
        let table: &[Row] = &[
            (&[(hdmi1, Plug::In), (hdmi2, Plug::In)], None, Ok(0)),
            (&[(hdmi1, Plug::Out), (hdmi2, Plug::In)], None, Ok(1)),
            (&[(hdmi1, Plug::Unknown), (hdmi2, Plug::In)], None, Ok(1)),
            (&[(hdmi1, Plug::Out), (dsi, Plug::Unknown)], None, Ok(1)),
            (&[(hdmi1, Plug::In), (hdmi2, Plug::In)], Some(hdmi2), Ok(1)),
            (&[(hdmi1, Plug::In), (hdmi2, Plug::Out)], Some(hdmi2), Err("HDMI-A-2: no screen is plugged in")),
            (&[(hdmi1, Plug::Out)], None, Err("HDMI-A-1: no screen is plugged in")),
            (&[(hdmi1, Plug::In)], Some("hdmi"), Err("it has no connector \"hdmi\"; it has HDMI-A-1")),
            (&[], None, Err("it has no connector")),
        ];
        for (outlets, wanted, expected) in table {
            let outlets: Vec<Outlet> = outlets.iter().map(outlet_of).collect();
            assert_eq!(outlet(&outlets, *wanted), expected.map_err(str::to_owned), "{outlets:?} {wanted:?}");
        }
    }

    #[test]
    fn a_mode_is_chosen_as_the_table_says() {
        let (uhd, full) = (timing(3840, 2160, 30), timing(1920, 1080, 60));
        let (hd50, hd60, hd) = (timing(1280, 720, 50), timing(1280, 720, 60), timing(1280, 720, 24));
        let (xga, vga) = (timing(1024, 768, 60), timing(640, 480, 60));
        let interlaced = Timing { plain: false, ..preferred(full) };
        let table: &[(&[Timing], &str, Option<usize>)] = &[
            // What is asked for, if it is there; the higher rate unless one is named.
            (&[preferred(full), hd50, hd60], "1280x720", Some(2)),
            (&[preferred(full), hd50, hd60, hd], "1280x720@50", Some(1)),
            (&[preferred(full), hd50], "1280x720@60", Some(0)),
            // Else what the screen prefers, even when it is not the largest.
            (&[uhd, preferred(full), vga], "", Some(1)),
            // A preference that can not be driven is none.
            (&[interlaced, hd60], "", Some(1)),
            // Without one (no EDID) a safe mode, else the largest.
            (&[uhd, full, hd50, hd60, vga], "", Some(3)),
            (&[xga, timing(800, 600, 60), vga], "", Some(2)),
            (&[timing(800, 600, 60), xga], "", Some(1)),
            (&[], "", None),
        ];
        for (modes, wanted, expected) in table {
            assert_eq!(mode(modes, screen_mode::parse(wanted).ok()), *expected, "{wanted:?} of {modes:?}");
        }
    }

    #[test]
    fn rubbish_of_a_damaged_edid_is_never_chosen() {
        let fine = timing(1920, 1080, 60);
        assert_eq!(fine.rate() / 1000, 60);
        let rubbish = [
            Timing { size: Size::new(0, 0), ..fine },
            Timing { size: Size::new(65_535, 65_535), total: (65_535, 65_535), ..fine },
            Timing { clock: 0, ..fine },
            Timing { clock: u32::MAX, ..fine },
            Timing { total: (0, 0), ..fine },
            Timing { total: (1920, 1), ..fine },
            Timing { total: (65_535, 65_535), clock: 25_000, ..fine },
        ];
        for bad in rubbish.map(preferred) {
            assert_eq!(mode(&[bad], None), None, "{bad:?}");
            assert_eq!(mode(&[bad, fine], None), Some(1), "{bad:?}");
        }
        let mut rng = fastrand::Rng::with_seed(11);
        for _ in 0..100_000 {
            let mut number = || if rng.bool() { rng.u32(0..5000) } else { rng.u32(..) };
            let (width, height, clock, total) = (number(), number(), number(), (number(), number()));
            let wild = Timing { size: Size::new(width, height), clock, total, preferred: true, plain: true };
            if mode(&[wild, fine], None) == Some(0) {
                assert!(width.max(height) <= MAX_SIDE && wild.rate() <= MAX_RATE, "{wild:?}");
            }
        }
    }
}
