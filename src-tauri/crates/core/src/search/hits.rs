//! From candidates to the rows a person sees: read from the database, judged once more, each with its reason.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::{
    hunt::{Ask, Candidate, Hunt},
    index::{Live, follow, newest},
    matching::{self, Kind, Match, Prepared, Query},
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
            && self.meets(table, row)
    }

    /// Do the row's columns say what they must?
    fn meets(&self, table: &Table, row: &Row) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.holds(table, row))
    }
}

/// What a keystroke must not read again: the tables, and the rows this person used.
#[derive(Default)]
pub(super) struct Kept {
    tables: Mutex<Option<(i64, Arc<Tables>)>>,
    used: Mutex<Used>,
    members: Mutex<Vec<Members>>,
}

/// The rows that meet some conditions, kept up with the database: no index holds all columns.
struct Members {
    conditions: Vec<Condition>,
    /// Up to which change of a row.
    position: i64,
    numbers: Arc<Bits>,
}

/// The rows this person used, and what they were read at: the newest use, the newest row.
#[derive(Default)]
struct Used {
    at: (i64, i64),
    numbers: Arc<Vec<u32>>,
}

/// Tables with the labels of their columns.
pub(super) struct Tables {
    all: Vec<(Table, Vec<String>)>,
}

impl Tables {
    fn get(&self, name: &str) -> Option<&(Table, Vec<String>)> {
        self.all.iter().find(|(table, _)| table.name == name)
    }
}

impl Kept {
    /// Tables are only ever added, so their number says whether they are known.
    pub(super) fn tables(&self, conn: &Connection) -> Result<Arc<Tables>> {
        let count = conn
            .prepare_cached("SELECT count(*) FROM crm_table")?
            .query_row([], |r| r.get(0))?;
        let mut kept = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, tables)) = kept.as_ref()
            && *known == count
        {
            return Ok(tables.clone());
        }
        let labelled = rows::tables(conn)?.into_iter().map(|table| {
            let labels = columns(&table).map(rows::label).collect();
            (table, labels)
        });
        let tables = Arc::new(Tables {
            all: labelled.collect(),
        });
        *kept = Some((count, tables.clone()));
        Ok(tables)
    }

    fn used(&self, conn: &Connection) -> Result<Arc<Vec<u32>>> {
        let newest = conn
            .prepare_cached(
                "SELECT (SELECT ifnull(max(changed), 0) FROM row_use), (SELECT ifnull(max(number), 0) FROM crm_row)",
            )?
            .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
        let mut kept = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.at != newest {
            let numbers = rows::used_numbers(conn)?;
            let numbers = numbers
                .into_iter()
                .take(USED)
                .filter_map(|number| u32::try_from(number).ok());
            *kept = Used {
                at: newest,
                numbers: Arc::new(numbers.collect()),
            };
        }
        Ok(kept.numbers.clone())
    }
}

impl Kept {
    /// The numbers of the rows that meet the conditions; `None` when there are none to meet. The first time it reads
    /// every row, from then on what has changed.
    fn members(
        &self,
        conn: &Connection,
        tables: &Tables,
        conditions: &[Condition],
    ) -> Result<Option<Arc<Bits>>> {
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
            let numbers = Arc::make_mut(&mut members.numbers);
            follow(conn, &mut members.position, |change| {
                let meets = |(table, _): &(Table, _)| {
                    conditions
                        .iter()
                        .all(|condition| condition.holds(table, &change.row))
                };
                let is_member = !change.deleted && tables.get(&change.row.row.table).is_some_and(meets);
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

/// Rows that match, best first.
pub(super) fn search(
    segments: &[Arc<Live>],
    kept: &Kept,
    conn: &Connection,
    query: &Query,
    options: &SearchOptions,
) -> Result<Vec<Hit>> {
    let tables = kept.tables(conn)?;
    let wanted: Vec<&str> = tables
        .all
        .iter()
        .filter(|(table, _)| match options.tables.is_empty() {
            true => table.activities,
            false => options.tables.contains(&table.name),
        })
        .map(|(table, _)| table.name.as_str())
        .collect();
    let used = kept.used(conn)?;
    let members = kept.members(conn, &tables, &options.conditions)?;
    let ask = Ask {
        query,
        tables: &wanted,
        owner: options.owner.as_ref().map(Address::as_str),
        only_owned: options.only_owned,
        only_enabled: options.only_enabled,
        members: members.as_deref(),
        limit: options.limit.clamp(1, LIMIT),
    };
    let candidates = candidates(segments, ask, &used);
    let mut found: Vec<(Candidate, Row, Match)> = Vec::new();
    for candidate in candidates {
        if found.len() >= ask.limit {
            break;
        }
        if let Some((row, matched)) = judged(conn, &tables, ask, options, candidate.number)? {
            // The row may have changed since it was indexed.
            let now = Candidate {
                kind: matched.kind,
                in_name: matched.field == 0,
                ..candidate
            };
            found.push((now, row, matched));
        }
    }
    found.sort_by_key(|(candidate, ..)| candidate.rank());
    let hits = found.into_iter().filter_map(|(_, row, matched)| {
        let (table, labels) = tables.get(&row.row.table)?;
        Some(hit(table, labels, row, matched))
    });
    Ok(hits.collect())
}

/// Kind after kind over all segments, until there are enough that no later kind can beat. Some more are kept: the
/// database may know better of a few.
fn candidates(segments: &[Arc<Live>], ask: Ask<'_>, used: &[u32]) -> Vec<Candidate> {
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

/// A row as it is now, when it still matches.
fn judged(
    conn: &Connection,
    tables: &Tables,
    ask: Ask<'_>,
    options: &SearchOptions,
    number: u32,
) -> Result<Option<(Row, Match)>> {
    let mut statement = conn.prepare_cached(ROW)?;
    let Some(row) = statement.query_row([number], rows::read_row).optional()? else {
        return Ok(None);
    };
    let row = row.into_row()?;
    if ask.only_owned && ask.owner != Some(row.owner.as_str()) {
        return Ok(None);
    }
    let Some((table, labels)) = tables
        .get(&row.row.table)
        .filter(|_| ask.tables.contains(&row.row.table.as_str()))
    else {
        return Ok(None);
    };
    if (ask.only_enabled && rows::disabled(table, &row).is_some()) || !options.meets(table, &row) {
        return Ok(None);
    }
    let labelled = labels.iter().map(String::as_str).zip(values(table, &row));
    let matched = matching::matches(ask.query, &Prepared::new(labelled));
    Ok(matched.map(|matched| (row, matched)))
}

fn hit(table: &Table, labels: &[String], row: Row, matched: Match) -> Hit {
    let mut shown: Vec<(usize, String)> = Vec::new();
    let mut marks = Vec::new();
    for mark in &matched.marks {
        let (Some(label), Some(value)) = (labels.get(mark.field), values(table, &row).nth(mark.field)) else {
            continue;
        };
        let units = |text: Option<&str>| text.map_or(0, |text| text.encode_utf16().count() as u32);
        marks.push(Marked {
            column: if mark.field == 0 {
                String::new()
            } else {
                label.clone()
            },
            start: units(value.get(..mark.range.start)),
            end: units(value.get(..mark.range.end)),
        });
        if mark.field > 0 && shown.iter().all(|(field, _)| *field != mark.field) {
            shown.push((mark.field, value.to_owned()));
        }
    }
    let mut hit = rows::hit(table, row, matched.kind.as_str(), matched.why);
    hit.marks = marks;
    for (field, value) in shown {
        if let Some(label) = labels.get(field) {
            hit.columns.insert(label.clone(), value);
        }
    }
    hit
}
