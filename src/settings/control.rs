//! `[control]`: the Unix socket and who may use it.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where the control socket is and which users may speak to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ControlSettings {
    pub socket: PathBuf,
    /// User names; root and the daemon's own user are always allowed.
    pub allow_users: Vec<String>,
}

impl Default for ControlSettings {
    fn default() -> Self {
        Self { socket: PathBuf::from("/run/visavis/control.sock"), allow_users: vec!["root".into()] }
    }
}
