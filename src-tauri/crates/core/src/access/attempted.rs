//! What somebody was refused at the desk.

use serde::{Deserialize, Serialize};

use crate::model::{Address, Time};

/// Longest line of an attempt, in bytes.
const LINE: usize = 2_000;

/// A refused attempt. Stored as JSON and told to the owner: field names must never change, a new field needs a default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempted {
    /// When.
    pub at: Time,
    /// Who asked.
    pub person: Address,
    /// In whose mailbox.
    pub mailbox: Address,
    /// For what, as the undo menu names it.
    pub what: String,
    /// Message-ID, UID or operation.
    pub item: String,
    /// The row asked for, as TABLE:ID; empty when none.
    pub row: String,
    /// Why not.
    pub reason: String,
    /// What they had been granted: `owner`, a level, or `none`.
    #[serde(default)]
    pub grant: String,
    /// What would have been changed, as the log names it.
    #[serde(default)]
    pub field: String,
    /// What it says, in words.
    #[serde(default)]
    pub before: String,
    /// What it was to say.
    #[serde(default)]
    pub after: String,
}

impl Attempted {
    /// Is it no longer than an honest client writes it?
    pub(crate) fn is_bounded(&self) -> bool {
        let Self {
            what,
            item,
            row,
            reason,
            grant,
            field,
            before,
            after,
            ..
        } = self;
        [what, item, row, reason, grant, field, before, after]
            .into_iter()
            .all(|text| text.len() <= LINE)
    }

    pub(crate) fn bounded(mut self) -> Self {
        for text in [
            &mut self.what,
            &mut self.item,
            &mut self.row,
            &mut self.reason,
            &mut self.before,
            &mut self.after,
        ] {
            text.truncate(text.floor_char_boundary(LINE));
        }
        self
    }
}
