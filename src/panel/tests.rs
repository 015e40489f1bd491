//! The thread with buttons that are FIFOs and a lamp that is a file.

use super::*;
use crate::api::notice::Gesture;
use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

fn board(folder: &Path) -> Board {
    let text = format!(
        "name = \"test\"\n[[button]]\nname = \"mute\"\ndriver = \"scripted\"\npath = \"{0}/mute\"\nshort = \"mute\"\n\
         [[button]]\nname = \"switch\"\ndriver = \"scripted\"\npath = \"{0}/switch\"\nswitch = \"mute\"\n\
         [[lamp]]\nname = \"live\"\ndriver = \"file\"\npath = \"{0}/lamp\"\nshows = \"live\"\n",
        folder.display()
    );
    Board::from_toml("-", &text).unwrap()
}

fn fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn start(board: &Board) -> (Panel, Receiver<Notice>) {
    let (sender, receiver) = channel();
    let notices = std::sync::Mutex::new(sender);
    let notices: Notices = std::sync::Arc::new(move |notice| drop(notices.lock().unwrap().send(notice)));
    (Panel::start(board, notices).unwrap().unwrap(), receiver)
}

/// The next notice, within a time that only a broken thread needs.
fn next(notices: &Receiver<Notice>) -> Notice {
    notices.recv_timeout(Duration::from_secs(20)).unwrap()
}

#[test]
fn a_board_without_buttons_and_lamps_has_no_thread() {
    let board = Board { name: "bare".into(), ..Default::default() };
    assert!(Panel::start(&board, std::sync::Arc::new(|_| {})).unwrap().is_none());
}

#[test]
fn what_is_missing_is_told_once_keeps_nothing_else_waiting_and_is_used_when_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    fifo(&folder.path().join("switch"));
    let (panel, notices) = start(&board(folder.path()));
    let lost = next(&notices);
    assert!(
        matches!(&lost, Notice::Button { button: 0, news: ButtonNews::Line(DeviceNotice::Lost(error)) }
        if error.fault == Fault::Missing && error.words.contains("mkfifo")),
        "{lost:?}"
    );
    assert!(matches!(
        next(&notices),
        Notice::Button { button: 1, news: ButtonNews::Line(DeviceNotice::Opened { .. }) }
    ));
    assert!(matches!(next(&notices), Notice::Lamp { lamp: 0, news: DeviceNotice::Lost(_) }));
    let position = next(&notices);
    assert!(matches!(position, Notice::Button { button: 1, news: ButtonNews::Did(Gesture::Switched(false), _) }));
    panel.light(vec![true]);
    fifo(&folder.path().join("mute"));
    assert!(matches!(
        next(&notices),
        Notice::Button { button: 0, news: ButtonNews::Line(DeviceNotice::Opened { .. }) }
    ));
    fs::write(folder.path().join("mute"), "press\n").unwrap();
    let before = clock::now();
    let Notice::Button { button: 0, news: ButtonNews::Did(Gesture::Short, at) } = next(&notices) else { panic!() };
    assert!((at - before).abs() < Span::secs(10), "the stamp is the press'");
    let lamp = folder.path().join("lamp");
    fs::write(&lamp, "").unwrap();
    assert!(matches!(next(&notices), Notice::Lamp { lamp: 0, news: DeviceNotice::Opened { .. } }));
    drop(panel);
    assert_eq!(fs::read_to_string(&lamp).unwrap(), "0\n", "a lamp goes out with the program");
}
