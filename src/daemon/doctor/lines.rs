//! GPIO chips by the label a profile names them by, and who uses their lines.

use super::{Report, some_of};
use crate::device::gpio::probe::Chip;

/// Names that are listed at most.
const NAMES: usize = 8;

pub fn tell(report: &mut Report, chips: &[Chip]) {
    report.head("GPIO chips");
    for chip in chips {
        let lines = match &chip.lines {
            Ok(lines) => lines,
            Err(error) => {
                report.wrong(&error.to_string());
                continue;
            }
        };
        report.well(&format!("{}: chip = \"{}\", {} lines", chip.path.display(), chip.label, lines.len()));
        let named = lines.iter().filter(|line| !line.name.is_empty());
        let names: Vec<String> = named.map(|line| format!("{} \"{}\"", line.number, line.name)).collect();
        if !names.is_empty() {
            report.more(&format!("named: {}", some_of(names, NAMES)));
        }
        let taken = lines.iter().filter_map(|line| Some((line.number, line.user.as_ref()?)));
        let taken: Vec<String> = taken.map(|(number, user)| format!("{number} by {user:?}")).collect();
        if !taken.is_empty() {
            report.more(&format!("in use: {}", some_of(taken, NAMES)));
        }
    }
    if chips.is_empty() {
        report.none("no lines for buttons and lamps; orders and events go through the socket");
    }
}

#[cfg(test)]
mod tests {
    use super::super::told;
    use super::*;
    use crate::device::gpio::probe::Line;

    #[test]
    fn a_chip_is_told_by_its_label_with_the_lines_that_are_taken() {
        let line = |number, name: &str, user: Option<&str>| Line {
            number,
            name: name.into(),
            user: user.map(ToString::to_string),
        };
        let lines = vec![line(0, "", None), line(1, "GPIO1", Some("visavis")), line(2, "GPIO2", None)];
        let chips = [Chip { path: "/dev/gpiochip0".into(), label: "pinctrl-rp1".into(), lines: Ok(lines) }];
        let text = told(|report| tell(report, &chips));
        assert_eq!(
            text,
            "GPIO chips\n  ● /dev/gpiochip0: chip = \"pinctrl-rp1\", 3 lines\n    \
             named: 1 \"GPIO1\", 2 \"GPIO2\"\n    in use: 1 by \"visavis\"\n"
        );
    }
}
