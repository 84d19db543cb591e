//! What a grant is asked to be.

use serde::{Deserialize, Serialize};

use crate::model::Level;

/// What a new grant would allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Terms {
    /// How much.
    pub level: Level,
    /// Folder names; empty for every folder.
    pub folders: Vec<String>,
    /// The calendar too.
    pub calendar: bool,
    /// Private items too.
    #[serde(default)]
    pub private: bool,
    /// First day or moment; `None` for at once.
    #[serde(default)]
    pub from: Option<String>,
    /// Last day, RFC 3339; `None` for no end.
    pub until: Option<String>,
}
