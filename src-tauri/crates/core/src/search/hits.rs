//! From candidates to the rows a person sees: read from the database, judged once more, each with its reason.

use std::sync::Arc;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{
    hunt::{Ask, Candidate, Hunt},
    index::Live,
    kept::{Kept, Ready, Version},
    matching::{self, Kind, Match, Query},
};
use crate::{
    Result,
    desk::view::Hit,
    model::Address,
    rows::{self, Condition, Row, Table},
};

/// How many rows are returned at the most.
const LIMIT: usize = 200;
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
            && !(self.only_enabled && rows::disabled(table, row).is_some())
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(table, row))
    }
}

/// Rows that match, best first; `None` when the last change of a row is another one than `expected`.
pub(super) fn search(
    segments: &[Arc<Live>],
    kept: &Kept,
    conn: &Connection,
    query: &Query,
    options: &SearchOptions,
    expected: Option<i64>,
) -> Result<Option<Vec<Hit>>> {
    let version = Version::read(conn)?;
    if expected.is_some_and(|expected| expected != version.changed) {
        return Ok(None);
    }
    let members = kept.members(conn, &options.conditions)?;
    // Held while it is searched: what is kept is of one state of the database.
    let mut state = kept.state(conn, version)?;
    let (tables, used) = (state.tables.clone(), state.used.clone());
    let wanted = tables.iter().map(|listed| &listed.table);
    let wanted: Vec<&str> = wanted
        .filter(|table| match options.tables.is_empty() {
            true => table.activities,
            false => options.tables.contains(&table.name),
        })
        .map(|table| table.name.as_str())
        .collect();
    let ask = Ask {
        query,
        tables: &wanted,
        owner: options.owner.as_ref().map(Address::as_str),
        only_owned: options.only_owned,
        only_enabled: options.only_enabled,
        members: members.as_deref(),
        limit: options.limit.clamp(1, LIMIT),
    };
    let mut found: Vec<(Candidate, Arc<Ready>, Match)> = Vec::new();
    for candidate in candidates(segments, ask, &used) {
        if found.len() >= ask.limit {
            break;
        }
        let Some(ready) = state
            .row(conn, candidate.number)?
            .filter(|ready| ready.is_asked(ask, candidate.number))
        else {
            continue;
        };
        if let Some(matched) = matching::matches(query, &ready.prepared) {
            // The row may have changed since it was indexed.
            let now = Candidate {
                kind: matched.kind,
                in_name: matched.field == 0,
                ..candidate
            };
            found.push((now, ready, matched));
        }
    }
    found.sort_by_key(|(candidate, ..)| candidate.rank());
    let hits = found.into_iter().map(|(_, ready, matched)| ready.shown(matched));
    Ok(Some(hits.collect()))
}

/// Kind after kind over all segments, until there are enough that no later kind can beat. Some more are kept: the
/// database may know better of a few.
fn candidates(segments: &[Arc<Live>], ask: Ask<'_>, used: &Arc<Vec<u32>>) -> Vec<Candidate> {
    let mut hunts: Vec<Hunt<'_>> = segments
        .iter()
        .map(|live| Hunt::new(&live.segment, &live.dead, ask, used))
        .collect();
    for kind in Kind::ALL {
        let mut enough = 0;
        for hunt in &mut hunts {
            hunt.stage(kind);
            enough += hunt
                .found
                .iter()
                .filter(|found| !found.disabled && found.kind <= kind)
                .count();
        }
        if enough >= ask.limit {
            break;
        }
    }
    let mut found: Vec<Candidate> = hunts.into_iter().flat_map(|hunt| hunt.found).collect();
    found.sort_by_key(Candidate::rank);
    found
}
