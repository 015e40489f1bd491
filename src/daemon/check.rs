//! `visavisd check`: every problem of files, before they are used.

use super::{credential, files};
use crate::pusher::judge_waiting_image;
use crate::settings::load::looks_like_board;
use crate::settings::{Board, Problems, PusherSettings, Settings};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit status of a program whose configuration is wrong (sysexits.h, EX_CONFIG).
pub const BAD_CONFIGURATION: u8 = 78;

/// Prints every problem of `files` (`-` = standard input), settings and board profiles mixed.
/// Exit status 0 when all of them can be used, else 78.
pub fn run(files: &[PathBuf]) -> ExitCode {
    let mut status = ExitCode::SUCCESS;
    for file in files {
        match check(file) {
            Ok(words) => super::say(&words),
            Err(problems) => {
                eprintln!("{problems}");
                status = ExitCode::from(BAD_CONFIGURATION);
            }
        }
    }
    status
}

fn check(file: &Path) -> Result<String, Problems> {
    let (name, text) = (file.to_string_lossy(), files::text(file)?);
    let shown = if name == "-" { "standard input" } else { &name };
    let (kind, notes) = if looks_like_board(&text) {
        ("board profile", noted(Board::from_toml(&name, &text)?.unsupported(), Vec::new()))
    } else {
        let settings = Settings::from_toml(&name, &text)?;
        // That echo cancellation and the like are missing is no mistake of the file: `explain` tells of it.
        let mut notes = settings.warnings();
        if let Some(signing) = settings.pusher.as_ref().and_then(|pusher| pusher.signing.as_ref()) {
            let directory = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
            let judged = credential::judge(signing, directory.as_deref());
            notes.extend(
                judged.map_err(|words| Problems::of_file(&name, format_args!("pusher.signing.key-file: {words}")))?,
            );
        }
        let image = settings.pusher.as_ref().and_then(PusherSettings::waiting_picture);
        notes.extend(
            image.and_then(|image| judge_waiting_image(&image)).map(|it| format!("pusher.waiting-image: {it}")),
        );
        ("settings", noted(Vec::new(), notes))
    };
    Ok(format!("{shown}: good ({kind})\n{notes}"))
}

fn noted(unsupported: Vec<crate::api::status::Unsupported>, warnings: Vec<String>) -> String {
    let unsupported = unsupported.into_iter().map(|it| format!("{} has no effect: {}", it.property, it.reason));
    unsupported.chain(warnings).map(|words| format!("  note: {words}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_recognised_and_judged() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.toml");
        let judged = |text: &str| {
            fs::write(&file, text).unwrap();
            check(&file).map_err(|problems| problems.to_string())
        };
        assert!(judged("[pusher]\nfps = 20\n").unwrap().contains("good (settings)"));
        assert!(judged("name = \"a\"\n[display]\ndriver = \"drm\"\n").unwrap().contains("good (board profile)"));
        let note = judged("[pusher]\nwaiting-image = \"/nowhere.png\"\n").unwrap();
        assert!(note.contains("note: pusher.waiting-image: /nowhere.png: there is no such file"), "{note}");
        assert!(judged("[camera.front]\ndriver = \"webcam\"\n").unwrap_err().contains("drivers are v4l2"));
        assert!(
            judged("[pusher]\nfps = 60\n")
                .unwrap_err()
                .ends_with(":2: pusher.fps: 60 is out of range, allowed 1 to 30")
        );
        let signing = "[pusher.signing]\nvalid-for = \"12h\"\nkey-file = ";
        assert!(judged(&format!("{signing}\"/none/key\"\n")).unwrap_err().contains("/none/key can not be read"));
        let misspelt = "[pusher]\nurl = \"rtmp://h/live/a?txSerect=hunter2\"\n";
        let words = judged(misspelt).unwrap();
        assert!(words.contains("did you mean `txSecret`") && !words.contains("hunter2"), "{words}");
    }
}
