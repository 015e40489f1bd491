//! `visavisd run`: reads the files, opens the socket, runs the terminal until it is told to end.

use super::check::BAD_CONFIGURATION;
use super::inbox::Inbox;
use super::terminal::{self, Terminal};
use super::{boards, files};
use crate::api::command::Command;
use crate::control::{Controls, EventLog, Server, Window};
use crate::settings::Problems;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

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
    let control = settings.control.clone();
    let (window, events) = (Window::default(), Arc::<EventLog>::default());
    let outputs = terminal::outputs(&board);
    let started = Terminal::start(settings, &board, outputs, degraded, window.clone(), events.clone());
    let (mut terminal, inbox) = match started {
        Ok(started) => started,
        Err(error) => {
            tracing::error!("the terminal can not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    heed_signals(terminal.runtime(), inbox.clone());
    let controls = Controls { orders: Arc::new(move |command| inbox.order(command)), window, events };
    let _server = match Server::start(&control, controls) {
        Ok(server) => server,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    tracing::info!(board = board.name, socket = %control.socket.display(), "ready");
    terminal.run(|_| {});
    tracing::info!("ended");
    ExitCode::SUCCESS
}

/// Tells every problem, one a line, as `check` does.
fn bad_configuration(problems: &Problems) -> ExitCode {
    eprintln!("{problems}");
    ExitCode::from(BAD_CONFIGURATION)
}

/// Turns SIGTERM and SIGINT into the order to shut down; a second one ends the program at once.
fn heed_signals(runtime: &tokio::runtime::Handle, inbox: Inbox) {
    runtime.spawn(async move {
        let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
            tracing::error!("signals can not be heeded");
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
