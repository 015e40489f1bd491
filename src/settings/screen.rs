//! `[screen]`: how what is to be seen shares the screen, and in which language it speaks.

use serde::{Deserialize, Serialize};

/// How several pictures share the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// The first player that plays has the screen.
    #[default]
    Full,
    /// The first has the screen, the others lie in its corners.
    Pip,
    /// Every one has a part of the same size.
    Grid,
}

/// The language of what is written on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    #[default]
    En,
    /// Chinese, simplified characters.
    Zh,
}

/// Every property of the screen; names and defaults as documented in the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ScreenSettings {
    pub layout: Layout,
    pub language: Language,
}
