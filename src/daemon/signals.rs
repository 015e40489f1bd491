//! Signals: SIGTERM and SIGINT end the terminal, SIGHUP reads its settings again.

use super::inbox::Inbox;
use super::run::Options;
use super::{files, systemd};
use crate::api::command::{Command, Reply};
use crate::device::{Wake, clock};
use crate::media::Span;
use crate::settings::Settings;
use std::path::Path;
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The end takes at most this long, whatever a driver or a server does. Leaving the servers has 1.5 s of it.
const LONGEST_END: Span = Span::millis(2700);

/// Heeds signals on `runtime` from now on.
pub fn heed(runtime: &Handle, inbox: Inbox, options: Options) {
    // Heard from this moment on, not only when the tasks first run.
    let _inside = runtime.enter();
    let heard = |kind| signal(kind).inspect_err(|error| tracing::error!("a signal can not be heeded: {error}")).ok();
    let ends = (heard(SignalKind::terminate()), heard(SignalKind::interrupt()));
    if let (Some(term), Some(int)) = ends {
        runtime.spawn(end(term, int, inbox.clone()));
    }
    if let Some(mut hangup) = heard(SignalKind::hangup()) {
        runtime.spawn(async move {
            while hangup.recv().await.is_some() {
                systemd::reloading();
                reload(&inbox, options.clone()).await;
                systemd::ready();
            }
        });
    }
}

async fn end(mut term: Signal, mut int: Signal, inbox: Inbox) {
    let mut asked = false;
    loop {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        if std::mem::replace(&mut asked, true) {
            std::process::exit(1);
        }
        systemd::stopping();
        limit_the_end();
        drop(inbox.order(Command::Shutdown));
    }
}

/// Ends the program when the proper way takes too long: a driver may hold a worker in a call.
fn limit_the_end() {
    let limit = clock::now() + LONGEST_END;
    let guard = move || {
        // Nobody rings this bell.
        if let Ok(bell) = Wake::new() {
            bell.wait(Some(limit));
            tracing::error!("something did not end in time and is left behind");
            std::process::exit(0);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("end".into()).spawn(guard) {
        tracing::warn!("the end has no time limit: {error}");
    }
}

/// Reads the settings again and gives them to the terminal. A file that is wrong changes nothing but the status.
async fn reload(inbox: &Inbox, options: Options) {
    // A disk may be slow, and this thread speaks with the servers.
    let read = tokio::task::spawn_blocking(move || read(&options)).await;
    let Ok(read) = read else { return tracing::error!("the settings could not be read again") };
    match inbox.order(Command::Reload(read)).await {
        Ok(Reply::Refused(refusal)) => tracing::error!("{}", refusal.words),
        Ok(_) => tracing::info!("the settings were read again and are in force"),
        Err(_) => {}
    }
}

fn read(options: &Options) -> Result<Box<Settings>, String> {
    if options.config == Path::new("-") {
        return Err("the settings came from standard input, which can not be read twice".into());
    }
    let mut settings = files::good_settings(&options.config).map_err(|problems| problems.to_string())?;
    if let Some(socket) = &options.socket {
        settings.control.socket.clone_from(socket);
    }
    settings.warnings().iter().for_each(|words| tracing::warn!("{words}"));
    Ok(Box::new(settings))
}
