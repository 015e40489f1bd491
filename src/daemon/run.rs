//! `visavisd run`: reads the files, opens the socket, runs the terminal until it is told to end.

use super::inbox::Inbox;
use crate::api::command::Command;
use crate::settings::{Board, Settings};
use std::io;
use std::path::Path;
use tokio::signal::unix::{SignalKind, signal};

/// Turns SIGTERM and SIGINT into the order to shut down; a second one ends the program at once.
pub fn heed_signals(runtime: &tokio::runtime::Handle, inbox: Inbox) {
    runtime.spawn(async move {
        let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
            return;
        };
        let mut asked = false;
        loop {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            if std::mem::replace(&mut asked, true) {
                std::process::exit(1);
            }
            drop(inbox.order(Command::Shutdown));
        }
    });
}
