//! What the desk answers besides views.

use serde::Serialize;

use crate::model::Address;

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
