//! visavisctl: the socket's client for people and scripts.

mod cli;
mod connection;
mod run;
mod show;
mod watch;

pub use cli::Cli;
pub use run::run;

use super::problem::Problem;
use std::fmt;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The daemon said no.
    Refused(Problem),
    /// The command itself makes no sense.
    Usage(String),
    /// The daemon can not be reached, or went away.
    Unreachable(String),
}

impl Failure {
    /// The exit status: 1 refused, 2 usage, 69 not reachable (EX_UNAVAILABLE of sysexits.h).
    pub fn status(&self) -> u8 {
        match self {
            Failure::Refused(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Unreachable(_) => 69,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(problem) => {
                write!(f, "{}: {}", problem.title, problem.detail)?;
                match &problem.allowed {
                    Some(allowed) if !problem.detail.contains(&**allowed) => write!(f, " (allowed {allowed})"),
                    _ => Ok(()),
                }
            }
            Failure::Usage(words) | Failure::Unreachable(words) => f.write_str(words),
        }
    }
}
