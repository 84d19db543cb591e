//! From candidates to the rows a person sees: read from the database, judged once more, each with its reason.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::{
    hunt::{Ask, Candidate, Hunt},
    index::{Live, follow, newest},
    matching::{self, Field, Kind, Match, Prepared, Query},
    segment::lists::Bits,
};
use crate::{
    Result,
    desk::view::{Hit, Marked},
    model::Address,
    rows::{self, Condition, Row, Table},
};

/// How many rows are returned at the most.
const LIMIT: usize = 200;
/// How many of the rows this person used are listed first.
const USED: usize = 64;
/// For how many sets of conditions the rows that meet them are kept.
const MEMBERS: usize = 4;
/// How many rows are kept at hand, and as many that were looked at before them: the next letter shows many of them again.
const SHOWN: usize = 512;

/// A row by its number.
const ROW: &str =
    "SELECT number, table_name, id, name, owner, active, appendable, created, columns FROM crm_row
     WHERE number = ?1 AND deleted = 0";

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

/// What a keystroke must not read again: the tables, the rows this person used, and the rows shown lately.
#[derive(Default)]
pub(super) struct Kept {
    state: Mutex<State>,
    members: Mutex<Vec<Members>>,
}

/// The rows that meet some conditions, kept up with the database: no index holds all columns.
struct Members {
    conditions: Vec<Condition>,
    /// Up to which change of a row.
    position: i64,
    numbers: Arc<Bits>,
}

#[derive(Default)]
struct State {
    /// How the database was then.
    at: Version,
    tables: Arc<Tables>,
    used: Arc<Vec<u32>>,
    rows: HashMap<u32, Arc<Ready>>,
    /// Those that were kept before there were too many.
    earlier: HashMap<u32, Arc<Ready>>,
}

/// How far the database has come, as much as a search sees of it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Version {
    /// How many tables: they are only ever added.
    tables: i64,
    /// The latest use of a row.
    used: i64,
    /// The newest row.
    newest: i64,
    /// The latest change of a row.
    changed: i64,
}

/// A row, ready to be compared and shown.
struct Ready {
    owner: String,
    prepared: Prepared,
    /// As it is shown, but for how it matches.
    hit: Hit,
}

/// Tables with the labels of their columns.
#[derive(Default)]
pub(super) struct Tables {
    all: Vec<(Table, Vec<Arc<str>>)>,
}

impl Tables {
    fn read(conn: &Connection) -> Result<Self> {
        let labelled = rows::tables(conn)?.into_iter().map(|table| {
            let labels = columns(&table).map(|column| rows::label(column).into()).collect();
            (table, labels)
        });
        Ok(Self {
            all: labelled.collect(),
        })
    }

    fn get(&self, name: &str) -> Option<&(Table, Vec<Arc<str>>)> {
        self.all.iter().find(|(table, _)| table.name == name)
    }
}

impl Version {
    fn read(conn: &Connection) -> Result<Self> {
        let mut statement = conn.prepare_cached(
            "SELECT (SELECT count(*) FROM crm_table), (SELECT ifnull(max(changed), 0) FROM row_use),
                    (SELECT ifnull(max(number), 0) FROM crm_row), (SELECT ifnull(max(changed), 0) FROM crm_row)",
        )?;
        Ok(statement.query_row([], |r| {
            Ok(Self {
                tables: r.get(0)?,
                used: r.get(1)?,
                newest: r.get(2)?,
                changed: r.get(3)?,
            })
        })?)
    }
}

impl State {
    /// Reads again what is no longer as it was.
    fn renew(&mut self, conn: &Connection, now: Version) -> Result<()> {
        if now == self.at {
            return Ok(());
        }
        if now.tables != self.at.tables {
            self.tables = Arc::new(Tables::read(conn)?);
            self.forget_rows();
        }
        if (now.used, now.newest) != (self.at.used, self.at.newest) {
            let numbers = rows::used_numbers(conn)?.into_iter().take(USED);
            self.used = Arc::new(numbers.filter_map(|number| u32::try_from(number).ok()).collect());
        }
        if now.changed != self.at.changed {
            self.forget_rows();
        }
        self.at = now;
        Ok(())
    }

    fn forget_rows(&mut self) {
        self.rows.clear();
        self.earlier.clear();
    }

    /// A row as it is now; `None` when it is gone.
    fn row(&mut self, conn: &Connection, number: u32) -> Result<Option<Arc<Ready>>> {
        if let Some(ready) = self.rows.get(&number) {
            return Ok(Some(ready.clone()));
        }
        let ready = match self.earlier.remove(&number) {
            Some(ready) => ready,
            None => match self.read(conn, number)? {
                Some(ready) => ready,
                None => return Ok(None),
            },
        };
        if self.rows.len() >= SHOWN {
            self.earlier = std::mem::take(&mut self.rows);
        }
        self.rows.insert(number, ready.clone());
        Ok(Some(ready))
    }

    fn read(&self, conn: &Connection, number: u32) -> Result<Option<Arc<Ready>>> {
        let mut statement = conn.prepare_cached(ROW)?;
        let Some(row) = statement.query_row([number], rows::read_row).optional()? else {
            return Ok(None);
        };
        let row = row.into_row()?;
        let Some((table, labels)) = self.tables.get(&row.row.table) else {
            return Ok(None);
        };
        Ok(Some(Arc::new(Ready {
            owner: row.owner.clone(),
            prepared: Prepared::new(labels.iter().cloned().zip(values(table, &row))),
            hit: rows::hit(table, row, "", String::new()),
        })))
    }
}

impl Kept {
    /// The numbers of the rows that meet the conditions; `None` when there are none to meet. The first time it reads
    /// every row, from then on what has changed.
    fn members(&self, conn: &Connection, conditions: &[Condition]) -> Result<Option<Arc<Bits>>> {
        if conditions.is_empty() {
            return Ok(None);
        }
        let mut kept = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let mut members = match kept.iter().position(|known| known.conditions == conditions) {
            Some(at) => kept.remove(at),
            None => Members {
                conditions: conditions.to_vec(),
                position: 0,
                numbers: Arc::default(),
            },
        };
        if newest(conn)? != members.position {
            let tables = rows::tables(conn)?;
            let numbers = Arc::make_mut(&mut members.numbers);
            follow(conn, &mut members.position, |change| {
                let table = tables.iter().find(|table| table.name == change.row.row.table);
                let is_member = !change.deleted
                    && table.is_some_and(|table| {
                        conditions
                            .iter()
                            .all(|condition| condition.holds(table, &change.row))
                    });
                if let Ok(number) = u32::try_from(change.row.number) {
                    numbers.put(number, is_member);
                }
            })?;
        }
        let numbers = members.numbers.clone();
        kept.truncate(MEMBERS - 1);
        kept.insert(0, members);
        Ok(Some(numbers))
    }
}

/// The columns a row of a table is found by, the name first.
fn columns(table: &Table) -> impl Iterator<Item = &str> {
    let others = table
        .quick_find
        .iter()
        .filter(|&column| *column != table.name_column);
    std::iter::once(table.name_column.as_str()).chain(others.map(String::as_str))
}

/// A row's values in those columns; empty where it has none.
pub(super) fn values<'a>(table: &'a Table, row: &'a Row) -> impl Iterator<Item = &'a str> {
    columns(table).enumerate().map(|(n, column)| {
        if n == 0 {
            row.name.as_str()
        } else {
            row.value(column).unwrap_or_default()
        }
    })
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
    let mut state = kept.state.lock().unwrap_or_else(PoisonError::into_inner);
    state.renew(conn, version)?;
    let (tables, used) = (state.tables.clone(), state.used.clone());
    let wanted: Vec<&str> = tables
        .all
        .iter()
        .filter(|(table, _)| match options.tables.is_empty() {
            true => table.activities,
            false => options.tables.contains(&table.name),
        })
        .map(|(table, _)| table.name.as_str())
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

impl Ready {
    /// The index may be behind: does the row as it is now belong to what is asked for?
    fn is_asked(&self, ask: Ask<'_>, number: u32) -> bool {
        ask.tables.contains(&self.hit.table.as_str())
            && (!ask.only_owned || ask.owner == Some(self.owner.as_str()))
            && (!ask.only_enabled || self.hit.disabled.is_empty())
            && ask.members.is_none_or(|members| members.contains(number))
    }

    /// With how it matches.
    fn shown(&self, matched: Match) -> Hit {
        let mut hit = Hit {
            match_kind: matched.kind.as_str().to_owned(),
            why: matched.why,
            ..self.hit.clone()
        };
        let units = |text: Option<&str>| text.map_or(0, |text| text.encode_utf16().count() as u32);
        for mark in &matched.marks {
            let Some(Field { label, value, .. }) = self.prepared.fields.get(mark.field) else {
                continue;
            };
            let label = if mark.field == 0 { "" } else { label };
            hit.marks.push(Marked {
                column: label.to_owned(),
                start: units(value.get(..mark.range.start)),
                end: units(value.get(..mark.range.end)),
            });
            if mark.field > 0 && !hit.columns.contains_key(label) {
                hit.columns.insert(label.to_owned(), value.clone());
            }
        }
        hit
    }
}
