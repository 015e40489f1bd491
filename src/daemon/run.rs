//! `visavisd run`: reads the files, opens the socket, runs the terminal until it is told to end.

use super::check::BAD_CONFIGURATION;
use super::memory::Keeper;
use super::systemd::{self, Attendant};
use super::terminal::{self, Terminal};
use super::{boards, files, outside, signals};
use crate::control::{Controls, EventLog, Server, Window};
use crate::device::clock;
use crate::settings::Problems;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// `visavis.toml`, or `-` for standard input.
    pub config: PathBuf,
    /// The board profile; chosen by the device tree when absent.
    pub board: Option<PathBuf>,
    /// Wins over the file's.
    pub socket: Option<PathBuf>,
}

/// Runs the terminal. The exit status is 0 after a shutdown that was asked for, 78 for files that are
/// wrong, 1 when the socket or the threads can not be made.
pub fn run(options: &Options) -> ExitCode {
    let loaded = files::settings_or_last_good(&options.config).and_then(|loaded| {
        let (_, board) = boards::choose(options.board.as_deref())?;
        Ok((loaded, board))
    });
    let ((mut settings, degraded), board) = match loaded {
        Ok(loaded) => loaded,
        Err(problems) => return bad_configuration(&problems),
    };
    if let Some(socket) = &options.socket {
        settings.control.socket.clone_from(socket);
    }
    for words in settings.warnings() {
        tracing::warn!("{words}");
    }
    let (memory, mut keeper) = match Keeper::recall() {
        Ok(recalled) => recalled,
        Err(error) => return can_not_start(&error),
    };
    let control = settings.control.clone();
    let (window, events) = (Window::default(), Arc::<EventLog>::default());
    let (outputs, buttonless) = (terminal::outputs(&board), board.buttons.is_empty());
    let started = Terminal::start(settings, &board, outputs, degraded, window.clone(), events.clone());
    let (mut terminal, inbox) = match started {
        Ok(started) => started,
        Err(error) => return can_not_start(&error),
    };
    if memory.standby {
        tracing::info!("still in standby, as before the restart");
        // A board that has lost its buttons has nobody to end it.
        terminal.remain_in_standby(memory.standby_locked && !buttonless);
    }
    if memory.muted {
        tracing::info!("still muted, as before the restart");
        terminal.remain_muted();
    }
    signals::heed(terminal.runtime(), inbox.clone(), options.clone());
    outside::heed(terminal.runtime(), inbox.clone());
    let mut attendant = Attendant::new(terminal.pulses(), window.clone(), clock::now());
    let seen = window.clone();
    let controls =
        Controls { orders: Arc::new(move |command| inbox.order(command)), window, events, volumes: terminal.volumes() };
    let _server = match Server::start(&control, controls) {
        Ok(server) => server,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    tracing::info!("ready: board {}, socket {}", board.name, control.socket.display());
    systemd::ready();
    terminal.run(|now| {
        keeper.turn(&seen.view());
        attendant.turn(now);
    });
    drop(terminal);
    tracing::info!("ended");
    ExitCode::SUCCESS
}

fn can_not_start(error: &std::io::Error) -> ExitCode {
    tracing::error!("the terminal can not be started: {error}");
    ExitCode::FAILURE
}

/// Tells every problem, one a line, as `check` does.
fn bad_configuration(problems: &Problems) -> ExitCode {
    eprintln!("{problems}");
    ExitCode::from(BAD_CONFIGURATION)
}
