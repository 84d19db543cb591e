//! What a keystroke must not read again: the tables, the rows this person used, the rows that meet the conditions of a
//! view, and the rows shown lately.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use rusqlite::Connection;

use super::{
    changes::{follow, newest},
    hits::Ask,
    matching::{Field, Match, Prepared},
    terms,
};
use crate::{
    Result,
    model::Time,
    rows::{
        self, Columns, Condition, Table,
        shown::{Hit, Marked},
    },
};

/// How many of the rows this person used are listed first.
const USED: usize = 64;
/// For how many sets of conditions the rows that meet them are kept.
const MEMBERS: usize = 4;
/// How many rows are kept at hand: the next letter shows many of them again, and what one or two letters find is the same
/// each time they are typed.
const ROWS: NonZeroUsize = NonZeroUsize::new(1_024).unwrap();

/// A row by its number.
const ROW: &str = "SELECT table_name, id, name, owner, active, appendable, columns, created FROM crm_row
                   WHERE number = ?1 AND deleted = 0";

/// What is kept between keystrokes, for one index.
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

/// What is known of one state of the database.
pub(super) struct State {
    /// How the database was then.
    at: Version,
    pub(super) tables: Arc<Vec<Arc<Listed>>>,
    /// The rows this person used, by their numbers.
    pub(super) used: Arc<Vec<u32>>,
    rows: LruCache<u32, Arc<Ready>>,
}

/// How far the database has come, as much as a search sees of it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// How many tables: they are only ever added.
    tables: i64,
    /// The latest use of a row.
    used: i64,
    /// The newest row.
    newest: i64,
    /// The latest change of a row.
    pub(super) changed: i64,
}

/// A table, with the labels of its columns.
pub(super) struct Listed {
    pub(super) table: Table,
    /// Of the columns a row is found by, the name first.
    labels: Vec<Arc<str>>,
    /// Of the columns of its card, and where a row has what stands in them.
    card: Vec<(Arc<str>, Place)>,
}

/// Where a row has the value of a column of its card.
enum Place {
    /// Among the columns it is found by.
    Field(usize),
    /// Among the others.
    Other(usize),
}

/// A row, ready to be compared and shown.
pub(super) struct Ready {
    listed: Arc<Listed>,
    id: String,
    owner: String,
    /// Why it may not be chosen; empty when it may.
    disabled: String,
    /// Where it is listed.
    pub(super) rank: u64,
    pub(super) prepared: Prepared,
    /// What stands in the columns of its card that it is not found by; empty where nothing does.
    others: Vec<String>,
}

/// A set of rows by their numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    fn put(&mut self, number: u32, there: bool) {
        let (at, bit) = (number as usize / 64, 1 << (number % 64));
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        match there {
            true => self.0[at] |= bit,
            false => self.0[at] &= !bit,
        }
    }

    /// True when it is in the set.
    pub(super) fn contains(&self, number: u32) -> bool {
        let word = self.0.get(number as usize / 64);
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }
}

impl Version {
    pub(super) fn read(conn: &Connection) -> Result<Self> {
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

impl Default for State {
    fn default() -> Self {
        Self {
            at: Version::default(),
            tables: Arc::default(),
            used: Arc::default(),
            rows: LruCache::new(ROWS),
        }
    }
}

impl State {
    /// Reads again what is no longer as it was.
    fn renew(&mut self, conn: &Connection, now: Version) -> Result<()> {
        if now == self.at {
            return Ok(());
        }
        if now.tables != self.at.tables {
            let listed = rows::tables(conn)?
                .into_iter()
                .map(|table| Arc::new(Listed::new(table)));
            self.tables = Arc::new(listed.collect());
            self.rows.clear();
        }
        if (now.used, now.newest) != (self.at.used, self.at.newest) {
            let numbers = rows::used_numbers(conn)?.into_iter().take(USED);
            self.used = Arc::new(numbers.filter_map(|number| u32::try_from(number).ok()).collect());
        }
        if now.changed != self.at.changed {
            self.forget_changed(conn)?;
        }
        self.at = now;
        Ok(())
    }

    /// Forgets the rows that have changed since; all of them when that is quicker than to ask which.
    fn forget_changed(&mut self, conn: &Connection) -> Result<()> {
        let most = ROWS.get() / 2;
        let mut statement = conn.prepare_cached("SELECT number FROM crm_row WHERE changed > ?1 LIMIT ?2")?;
        let mut changed = statement.query((self.at.changed, most as i64))?;
        let mut count = 0;
        while let Some(row) = changed.next()? {
            self.rows.pop(&row.get(0)?);
            count += 1;
        }
        // None: the database is an older one.
        if count == 0 || count == most {
            self.rows.clear();
        }
        Ok(())
    }

    /// A row as it is now; `None` when it is gone.
    pub(super) fn row(&mut self, conn: &Connection, number: u32) -> Result<Option<Arc<Ready>>> {
        if let Some(ready) = self.rows.get(&number) {
            return Ok(Some(ready.clone()));
        }
        let ready = self.read(conn, number)?;
        if let Some(ready) = &ready {
            self.rows.put(number, ready.clone());
        }
        Ok(ready)
    }

    fn read(&self, conn: &Connection, number: u32) -> Result<Option<Arc<Ready>>> {
        let mut statement = conn.prepare_cached(ROW)?;
        let mut rows = statement.query([number])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let text = |n: usize| Ok::<_, rusqlite::Error>(row.get_ref(n)?.as_str()?);
        let name = text(0)?;
        let Some(listed) = self.tables.iter().find(|listed| listed.table.name == name) else {
            return Ok(None);
        };
        let columns: Columns<'_> = serde_json::from_str(text(6)?)?;
        let others = listed
            .others()
            .map(|column| columns.value(column).unwrap_or_default().to_owned());
        let values = values(&listed.table, text(2)?, |column| columns.value(column));
        let disabled = rows::unchoosable(&listed.table, row.get(4)?, row.get(5)?);
        let modified = columns.value("modifiedon");
        Ok(Some(Arc::new(Ready {
            rank: rank(number, disabled.is_some(), row.get(7)?, modified),
            prepared: Prepared::new(listed.labels.iter().cloned().zip(values)),
            others: others.collect(),
            disabled: disabled.unwrap_or_default(),
            id: text(1)?.to_owned(),
            owner: text(3)?.to_owned(),
            listed: listed.clone(),
        })))
    }
}

impl Kept {
    /// The state of the database that `conn` sees, for one search: whoever holds it, no other search reads again what has
    /// changed.
    pub(super) fn state(&self, conn: &Connection, now: Version) -> Result<MutexGuard<'_, State>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.renew(conn, now)?;
        Ok(state)
    }

    /// The numbers of the rows that meet the conditions; `None` when there are none to meet. The first time it reads
    /// every row, from then on what has changed.
    pub(super) fn members(&self, conn: &Connection, conditions: &[Condition]) -> Result<Option<Arc<Bits>>> {
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

/// Where a row is listed: its newest change that matters counts, given as milliseconds since 1970 and as the CRM wrote it.
pub(super) fn rank(number: u32, disabled: bool, created: i64, modified: Option<&str>) -> u64 {
    let modified = modified.and_then(Time::lenient).unwrap_or_default().0;
    let seconds = u32::try_from(created.max(modified) / 1_000).unwrap_or_default();
    terms::rank(number, disabled, seconds)
}

/// The columns a row of a table is found by, the name first.
fn columns(table: &Table) -> impl Iterator<Item = &str> {
    let others = table
        .quick_find
        .iter()
        .filter(|&column| *column != table.name_column);
    std::iter::once(table.name_column.as_str()).chain(others.map(String::as_str))
}

/// What a row has in those columns, given its name and the values of the others; empty where it has none.
pub(super) fn values<'a>(
    table: &Table,
    name: &'a str,
    value: impl Fn(&str) -> Option<&'a str>,
) -> impl Iterator<Item = &'a str> {
    columns(table).enumerate().map(move |(n, column)| match n {
        0 => name,
        _ => value(column).unwrap_or_default(),
    })
}

impl Listed {
    fn new(table: Table) -> Self {
        let label = |column: &str| rows::label(column).into();
        let mut others = 0;
        let card = table.card_columns().map(|column| {
            let place = match columns(&table).position(|found| found == column) {
                Some(field) => Place::Field(field),
                None => {
                    others += 1;
                    Place::Other(others - 1)
                }
            };
            (label(column), place)
        });
        Self {
            card: card.collect(),
            labels: columns(&table).map(label).collect(),
            table,
        }
    }

    /// The columns of the card that a row is not found by.
    fn others(&self) -> impl Iterator<Item = &str> {
        let card = self.table.card_columns().zip(&self.card);
        card.filter(|(_, (_, place))| matches!(place, Place::Other(_)))
            .map(|(column, _)| column)
    }
}

impl Ready {
    /// The index may be behind: does the row as it is now belong to what is asked for?
    pub(super) fn is_asked(&self, ask: Ask<'_>, number: u32) -> bool {
        ask.tables.contains(&self.listed.table.name.as_str())
            && (!ask.only_owned || self.is_owned_by(ask.owner))
            && (!ask.only_enabled || self.disabled.is_empty())
            && ask.members.is_none_or(|members| members.contains(number))
    }

    /// Is it this person's?
    pub(super) fn is_owned_by(&self, owner: Option<&str>) -> bool {
        owner == Some(self.owner.as_str())
    }

    /// With how it matches.
    pub(super) fn shown(&self, matched: Match) -> Hit {
        let table = &self.listed.table;
        let field = |n: usize| {
            self.prepared
                .fields
                .get(n)
                .map_or("", |field| field.value.as_str())
        };
        let card = self.listed.card.iter().filter_map(|(label, place)| {
            let value = match *place {
                Place::Field(n) => field(n),
                Place::Other(n) => self.others.get(n).map_or("", String::as_str),
            };
            (!value.is_empty()).then(|| (label.to_string(), value.to_owned()))
        });
        let mut hit = Hit {
            table: table.name.clone(),
            table_label: table.label.clone(),
            id: self.id.clone(),
            name: field(0).to_owned(),
            columns: card.collect(),
            match_kind: matched.kind.as_str().to_owned(),
            why: matched.why,
            disabled: self.disabled.clone(),
            marks: Vec::with_capacity(matched.marks.len()),
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
