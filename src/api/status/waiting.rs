//! What the socket tells of the waiting image.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which waiting image is in effect, where it is from, and why it is not the configured one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", default)]
pub struct WaitingImageStatus {
    /// `built-in`, `file`, `network` or `cache` (the copy that is kept of what came from the network).
    pub from: WaitingFrom,
    /// Its path or address, without secrets; empty for the built-in card.
    pub place: String,
    /// MD5 of its file.
    pub md5: String,
    /// Size of the picture in the file.
    pub width: u32,
    pub height: u32,
    /// Size in which it is sent: no larger than 20 kbit/s leave it recognisable.
    pub sent_width: u32,
    pub sent_height: u32,
    /// Why the configured one is not in effect, or not fresh; empty when all is well.
    pub problem: String,
}

impl WaitingImageStatus {
    /// What is sent, for people.
    pub fn words(&self) -> String {
        match self.from {
            WaitingFrom::BuiltIn => "the built-in card".to_owned(),
            from => format!("{} ({}x{}, from {})", self.place, self.width, self.height, from.name()),
        }
    }
}

/// Where a waiting image is from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaitingFrom {
    #[default]
    BuiltIn,
    File,
    Network,
    Cache,
}

impl WaitingFrom {
    /// Its name in the status.
    pub const fn name(self) -> &'static str {
        match self {
            WaitingFrom::BuiltIn => "built-in",
            WaitingFrom::File => "file",
            WaitingFrom::Network => "network",
            WaitingFrom::Cache => "cache",
        }
    }
}
