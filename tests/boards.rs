//! Every board profile that comes with visavis is right, fits its machine, and contradicts neither itself nor another.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use visavis::settings::Board;
use visavis::settings::board::{ButtonDriver, CameraDriver, DisplayDriver, LampDriver, LineName, PipeEnd};

/// Each profile with the stem of its file.
fn profiles() -> Vec<(String, Board)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("board/profiles");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let board = Board::from_toml(&path.display().to_string(), &text).unwrap_or_else(|wrong| panic!("{wrong}"));
        found.push((path.file_stem().unwrap().to_string_lossy().into_owned(), board));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn check_finds_every_profile_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("board/profiles");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_visavisd")).arg("check").args(&files).output().unwrap();
    let (told, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{wrong}");
    assert_eq!(told.matches(": good (board profile)").count(), files.len(), "{told}");
}

#[test]
fn the_promised_boards_are_there_under_their_own_names() {
    let names: Vec<String> = profiles().into_iter().map(|(stem, _)| stem).collect();
    assert_eq!(names, ["qemu-virt", "rpi-zero2w", "rpi4-kiosk", "rpi5-kiosk", "virtual"]);
    for (stem, board) in profiles() {
        assert_eq!(board.name, stem);
    }
}

#[test]
fn a_device_tree_chooses_one_profile_and_virtual_is_never_chosen() {
    let mut owners: HashMap<String, String> = HashMap::new();
    for (stem, board) in profiles() {
        assert_eq!(board.compatible.is_empty(), stem == "virtual", "{stem}");
        for name in board.compatible {
            // The most exact name alone: a name of the processor would choose boards nobody has looked at.
            assert!(["raspberrypi,", "linux,dummy-virt"].iter().any(|start| name.starts_with(start)), "{stem}: {name}");
            if let Some(other) = owners.insert(name.clone(), stem.clone()) {
                panic!("{name} is claimed by {other} and {stem}");
            }
        }
    }
}

#[test]
fn cameras_have_a_stable_path_or_a_command_that_says_the_same_as_the_profile() {
    for (stem, board) in profiles() {
        for camera in [board.camera.front, board.camera.back].into_iter().flatten() {
            match camera {
                CameraDriver::V4l2 { path, .. } => {
                    assert!(path.starts_with("/dev/v4l/by-path") || path.starts_with("/dev/v4l/by-id"), "{stem}");
                }
                CameraDriver::Pipe { end: PipeEnd::Command(command), width, height, fps, .. } => {
                    for words in [
                        "rpicam-vid ".to_owned(),
                        "--codec yuv420".to_owned(),
                        format!("--width {width} "),
                        format!("--height {height} "),
                        format!("--framerate {fps} "),
                    ] {
                        assert!(command.contains(&words), "{stem}: {words:?} is not in {command}");
                    }
                    assert!(command.ends_with("-o -") && width % 128 == 0, "{stem}: {command}");
                }
                CameraDriver::TestCard { .. } => assert_eq!(stem, "virtual"),
                other => panic!("{stem}: {other:?}"),
            }
        }
    }
}

#[test]
fn raspberry_pis_show_on_vc4_and_wire_buttons_and_lamps_to_their_own_chip() {
    let chips = [("rpi4-kiosk", "pinctrl-bcm2711"), ("rpi5-kiosk", "pinctrl-rp1"), ("rpi-zero2w", "pinctrl-bcm2835")];
    let all: HashMap<String, Board> = profiles().into_iter().collect();
    for (name, chip) in chips {
        let board = &all[name];
        let vc4 = matches!(&board.display, Some(DisplayDriver::Drm { card: Some(card), .. }) if card == "vc4");
        assert!(vc4, "{name}: {:?}", board.display);
        let buttons = board.buttons.iter().filter_map(|it| match &it.driver {
            ButtonDriver::Gpio { chip, line, .. } => Some((chip, line)),
            ButtonDriver::Scripted { .. } => None,
        });
        let lamps = board.lamps.iter().filter_map(|it| match &it.driver {
            LampDriver::Gpio { chip, line, .. } => Some((chip, line)),
            LampDriver::File { .. } => None,
        });
        let lines: Vec<_> = buttons.chain(lamps).collect();
        assert!(lines.len() == board.buttons.len() + board.lamps.len() && lines.len() >= 5, "{name}");
        for (on, line) in lines {
            assert_eq!(on, chip, "{name}");
            // Lines 0 and 1 are the header's EEPROM, 28 and up are not on it.
            assert!(matches!(line, LineName::Number(2..=27)), "{name}: {line:?}");
        }
    }
}
