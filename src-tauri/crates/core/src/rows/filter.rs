//! Which rows are looked for (D-04).

use serde::{Deserialize, Serialize};

use super::{Condition, Row, Table};
use crate::model::Address;

/// How a search ranks and filters (D-04).
#[derive(Debug, Clone, Default)]
pub struct SearchOptions {
    /// Only rows of these tables; empty: of every table that takes activities.
    pub tables: Vec<String>,
    /// Whose rows come first: the mailbox owner.
    pub owner: Option<Address>,
    /// `Only my rows`: nothing but rows owned by `owner`.
    pub only_owned: bool,
    /// Leaves out rows that may not be chosen; else they come last and say why.
    pub only_enabled: bool,
    /// What the rows' columns must say.
    pub conditions: Vec<Condition>,
    /// At most so many rows; never more than 200.
    pub limit: usize,
}

/// What a person filters the rows by (D-04). Nothing set lets every row through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RowFilter {
    /// Only rows of these tables; empty: of every table that takes activities.
    pub tables: Vec<String>,
    /// `Only my rows`: those this person owns.
    pub only_mine: bool,
    /// Leaves out inactive rows and those that may not be appended to; else they come last and say why.
    pub only_enabled: bool,
    /// What the rows' columns must say, all of it.
    pub conditions: Vec<Condition>,
}

impl SearchOptions {
    /// Does the filter let this row through?
    pub(crate) fn shows(&self, table: &Table, row: &Row) -> bool {
        let mine = || self.owner.as_ref().is_some_and(|me| row.owner == me.as_str());
        (self.tables.is_empty() || self.tables.contains(&table.name))
            && (!self.only_owned || mine())
            && !(self.only_enabled && super::disabled(table, row).is_some())
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(table, row))
    }
}
