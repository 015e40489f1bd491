//! `visavisd demo` as a person first meets it: nothing configured, nothing attached.

mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use support::ffmpeg;

fn demo(folder: &Path, seconds: u32) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visavisd"));
    command.args(["demo", "--seconds", &seconds.to_string()]).current_dir(folder).stdin(Stdio::null());
    command
}

/// The words between a line's label and its end.
fn line<'a>(text: &'a str, label: &str) -> &'a str {
    let found = text.lines().find_map(|line| line.trim().strip_prefix(label));
    found.unwrap_or_else(|| panic!("no line {label:?} in:\n{text}")).trim()
}

#[test]
fn a_whole_call_is_shown_measured_and_photographed() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let output = demo(folder.path(), 5).output().unwrap();
    let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{text}\n{error}");
    let took = start.elapsed().as_secs_f64();
    assert!((5.0..12.0).contains(&took), "{took} s");
    assert!(!text.contains('\u{1b}'), "no control sequences in a file: {text:?}");
    println!("{text}");

    let figure = |label: &str| {
        let first = line(&text, label).split_whitespace().next().unwrap_or_default().to_owned();
        let digits: String = first.chars().take_while(|letter| letter.is_ascii_digit() || *letter == '.').collect();
        digits.parse::<f64>().unwrap_or_else(|_| panic!("{label}: no figure in {first:?}"))
    };
    for label in ["picture", "sound"] {
        let found = figure(label);
        assert!((1.0..1000.0).contains(&found), "{label}: {found}");
        assert!(line(&text, label).contains("median"), "{text}");
    }
    assert!(figure("received") > 20.0, "{text}");
    // The marks inside the pictures and the stamps beside them tell of the same way, by different means.
    let (marks, stamps) = (figure("picture"), figure("stamps say"));
    let worst =
        line(&text, "picture").split_once("median,").and_then(|(_, rest)| rest.trim().split(' ').next()?.parse().ok());
    // Stamps come with IDR pictures, which take longest, and twice a second: a rougher sample than thirty marks.
    let allowed = marks - 3.0..worst.unwrap_or(marks) + 3.0;
    assert!(allowed.contains(&stamps), "{marks} ms by the marks, {stamps} ms by the stamps\n{text}");
    let file = folder.path().join(line(&text, "screen"));
    let picture = ffmpeg::image(&file);
    assert_eq!((picture.width, picture.height), (640, 360));
    assert_eq!(picture.card(), Some(1), "the screen shows the test card");
}

#[test]
fn it_runs_without_a_home_and_without_an_environment() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), 2).env_clear().output().unwrap();
    let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{text}\n{error}");
    assert!(folder.path().join(line(&text, "screen")).exists());
}

#[test]
fn a_reader_that_goes_away_does_not_break_it() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = demo(folder.path(), 2).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
