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
    /// Where snapshots are kept; without it in the service's state directory, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshots: Option<PathBuf>,
}

impl Default for ControlSettings {
    fn default() -> Self {
        Self { socket: PathBuf::from("/run/visavis/control.sock"), allow_users: vec!["root".into()], snapshots: None }
    }
}
