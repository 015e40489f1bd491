//! visavisd: the terminal's daemon, its demo, and its helpers for the technician.

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use visavis::daemon::{check, demo, doctor, explain, log, run};

/// Face-to-face calls for an embedded camera terminal: sends camera and microphone over RTMP, plays a return stream.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Run the terminal until SIGTERM
    Run {
        /// The terminal's settings; - reads standard input
        #[arg(long, default_value = "/etc/visavis/visavis.toml")]
        config: PathBuf,
        /// The board profile [default: the installed one that fits this machine's device tree]
        #[arg(long)]
        board: Option<PathBuf>,
        /// The control socket [default: control.socket of the settings]
        #[arg(long)]
        socket: Option<PathBuf>,
    },
    /// Tell every mistake of settings and board profiles; exit status 0 or 78
    Check {
        /// Settings or board profiles; - reads standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Tell in plain sentences what settings will do
    Explain {
        /// The terminal's settings; - reads standard input
        config: PathBuf,
        /// The board profile [default: the installed one that fits this machine's device tree]
        #[arg(long)]
        board: Option<PathBuf>,
    },
    /// Tell what devices this machine has, and what keeps them from being used
    Doctor,
    /// Make a call on this machine, without devices, network or settings, and tell its delays
    Demo {
        /// How long the call lasts
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
        seconds: u32,
        /// Where to write the picture of the screen
        #[arg(long, default_value = "visavis-screen.png")]
        screen: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.what {
        What::Run { config, board, socket } => {
            log::start("info");
            run::run(&run::Options { config, board, socket })
        }
        What::Check { files } => check::run(&files),
        What::Explain { config, board } => explain::run(&config, board.as_deref()),
        What::Doctor => doctor::run(),
        What::Demo { seconds, screen } => {
            log::start("warn");
            match demo::run(&demo::Options { seconds, screen }) {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => {
                    eprintln!("visavisd: no picture came through");
                    ExitCode::FAILURE
                }
                Err(error) => {
                    eprintln!("visavisd: the demo can not be started: {error}");
                    ExitCode::FAILURE
                }
            }
        }
    }
}
