//! visavisctl: looks at and controls a terminal through the daemon's socket.

use clap::Parser;
use std::io::{IsTerminal, stdout};
use std::process::ExitCode;
use visavis::control::client::{Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    // https://no-color.org: any value but an empty one.
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match run(&cli, &mut stdout(), stdout().is_terminal() && !plain) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("visavisctl: {failure}");
            ExitCode::from(failure.status())
        }
    }
}
