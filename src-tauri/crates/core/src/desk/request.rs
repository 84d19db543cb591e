//! What is asked of the desk, and what it answers besides views.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::{
    activity::TimelineFilter,
    model::{Address, Level},
};

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

/// An invitation just made.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Invitation {
    /// What the delegate types or pastes.
    pub code: String,
    /// When the code stops working.
    pub expires: String,
}

/// An invitation just accepted.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Accepted {
    /// Which.
    pub invitation: String,
    /// The mailbox it is for.
    pub mailbox: Address,
    /// What owner and delegate compare by voice.
    pub words: String,
}

/// How a timeline is read (J-02, J-03).
#[derive(Debug, Clone, Default)]
pub struct TimelineQuery {
    /// How many records; 0 means ten.
    pub limit: u32,
    /// Only records whose title or body holds these words.
    pub search: String,
    /// By Last Updated rather than by Sort date.
    pub by_modified: bool,
    /// Only these.
    pub filter: TimelineFilter,
}

/// How far an import has come.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ImportProgress {
    /// The file at hand.
    pub source: String,
    /// Bytes read of all sources.
    pub bytes: f64,
    /// Bytes of all sources; 0 while unknown (compressed).
    pub total: f64,
    /// Messages, appointments or rows met.
    pub seen: u32,
    /// Newly stored.
    pub imported: u32,
}

/// Called now and then during long work; `Break` cancels, and what was stored stays.
pub type Progress<'a> = &'a mut dyn FnMut(&ImportProgress) -> ControlFlow<()>;

/// What `doctor` looked at.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Diagnosis {
    /// True when nothing is wrong (any more).
    pub ok: bool,
    /// One line for each thing looked at.
    pub checks: Vec<Check>,
}

/// One thing `doctor` looked at.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// True when it was in order, or is now.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do; empty when nothing.
    pub todo: String,
}
