//! Rows into the database, each with its addresses.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};

use super::{Table, WIDEST};
use crate::{
    Result,
    model::{Address, Time},
};

/// A row as a file gives it. Empty values clear their column.
#[derive(Debug)]
pub(in crate::rows) struct Incoming {
    pub(in crate::rows) id: String,
    pub(in crate::rows) name_column: String,
    pub(in crate::rows) columns: BTreeMap<String, String>,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::rows) enum Outcome {
    New,
    Changed,
    Same,
    /// Nothing: with the columns it has it would have more than [`WIDEST`].
    TooWide,
}

/// Writes rows of one table within one transaction.
pub(in crate::rows) struct Writer<'a> {
    conn: &'a Connection,
    table: &'a Table,
    changed: i64,
    widest: usize,
}

/// What is stored of a row.
#[derive(PartialEq)]
struct Stored {
    name: String,
    owner: String,
    active: bool,
    appendable: bool,
    deleted: bool,
    created: i64,
    columns: BTreeMap<String, String>,
}

impl<'a> Writer<'a> {
    pub(in crate::rows) fn new(conn: &'a Connection, table: &'a Table) -> Result<Self> {
        let changed = conn.query_row("SELECT ifnull(max(changed), 0) FROM crm_row", [], |r| r.get(0))?;
        Ok(Self {
            conn,
            table,
            changed,
            widest: usize::MAX,
        })
    }

    /// For what strangers write: no row gets more than [`WIDEST`] columns.
    pub(in crate::rows) fn bounded(self) -> Self {
        Self {
            widest: WIDEST,
            ..self
        }
    }

    /// Stores a row unless it is there and the same.
    pub(in crate::rows) fn put(&mut self, mut incoming: Incoming) -> Result<Outcome> {
        tidy_addresses(self.table, &mut incoming.columns);
        let before = self.stored(&incoming.id)?;
        let id = incoming.id.clone();
        let after = merged(before.as_ref(), incoming);
        let outcome = match &before {
            None => Outcome::New,
            Some(before) if *before == after => return Ok(Outcome::Same),
            // One file cannot do it; one after another could.
            Some(_) if after.columns.len() > self.widest => return Ok(Outcome::TooWide),
            Some(_) => Outcome::Changed,
        };
        self.changed += 1;
        let json = serde_json::to_string(&after.columns)?;
        self.conn
            .prepare_cached(
                "INSERT INTO crm_row (table_name, id, name, owner, active, appendable, created, columns, changed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (table_name, id) DO UPDATE SET
                    name = excluded.name, owner = excluded.owner, active = excluded.active,
                    appendable = excluded.appendable, deleted = 0, created = excluded.created,
                    columns = excluded.columns, changed = excluded.changed",
            )?
            .execute((
                &self.table.name,
                &id,
                &after.name,
                &after.owner,
                after.active,
                after.appendable,
                after.created,
                json,
                self.changed,
            ))?;
        let old = before
            .map(|row| addresses(self.table, &row.columns))
            .unwrap_or_default();
        let new = addresses(self.table, &after.columns);
        for gone in old.difference(&new) {
            self.conn
                .prepare_cached(
                    "DELETE FROM row_address WHERE address = ?1 AND table_name = ?2 AND row_id = ?3",
                )?
                .execute((gone.as_str(), &self.table.name, &id))?;
        }
        for address in &new {
            self.conn
                .prepare_cached(
                    "INSERT OR IGNORE INTO row_address (address, table_name, row_id) VALUES (?1, ?2, ?3)",
                )?
                .execute((address.as_str(), &self.table.name, &id))?;
        }
        Ok(outcome)
    }

    fn stored(&self, id: &str) -> Result<Option<Stored>> {
        let found = self
            .conn
            .prepare_cached(
                "SELECT name, owner, active, appendable, deleted, created, columns FROM crm_row
                 WHERE table_name = ?1 AND id = ?2",
            )?
            .query_row((&self.table.name, id), |r| {
                let stored = Stored {
                    name: r.get(0)?,
                    owner: r.get(1)?,
                    active: r.get(2)?,
                    appendable: r.get(3)?,
                    deleted: r.get(4)?,
                    created: r.get(5)?,
                    columns: BTreeMap::new(),
                };
                Ok((stored, r.get::<_, String>(6)?))
            })
            .optional()?;
        let Some((stored, columns)) = found else {
            return Ok(None);
        };
        Ok(Some(Stored {
            columns: serde_json::from_str(&columns)?,
            ..stored
        }))
    }
}

/// The row as it will be: what the file says, over what was there.
fn merged(before: Option<&Stored>, incoming: Incoming) -> Stored {
    let said = incoming.columns.clone();
    let said = |column: &str| said.get(column).map(String::as_str);
    let mut columns = before.map(|row| row.columns.clone()).unwrap_or_default();
    for (column, value) in incoming.columns {
        if value.is_empty() {
            columns.remove(&column);
        } else {
            columns.insert(column, value);
        }
    }
    let owner = match said("owner") {
        Some(owner) => Some(owner),
        // Dynamics gives a GUID here; only an address names a person to us.
        None => said("ownerid").filter(|owner| owner.is_empty() || owner.contains('@')),
    };
    let name = columns.get(&incoming.name_column).cloned().unwrap_or_default();
    let kept = |of: fn(&Stored) -> bool| before.is_none_or(of);
    Stored {
        // A row without a name is still a row: it is called by its key.
        name: if name.is_empty() { incoming.id } else { name },
        owner: owner
            .map(|owner| {
                let named = Address::all_in(owner).into_iter().next();
                named
                    .unwrap_or_else(|| Address::lenient(owner))
                    .as_str()
                    .to_owned()
            })
            .or_else(|| before.map(|row| row.owner.clone()))
            .unwrap_or_default(),
        active: active(said("statecode"), said("isdisabled")).unwrap_or_else(|| kept(|row| row.active)),
        appendable: said("appendable")
            .and_then(yes)
            .unwrap_or_else(|| kept(|row| row.appendable)),
        deleted: false,
        created: said("createdon")
            .and_then(Time::lenient)
            .map(|time| time.0)
            .or_else(|| before.map(|row| row.created))
            .unwrap_or_default(),
        columns,
    }
}

/// `statecode` 0 or Active; any other state of a row is closed. Users have `isdisabled` instead.
fn active(statecode: Option<&str>, isdisabled: Option<&str>) -> Option<bool> {
    match statecode.map(str::to_lowercase).as_deref() {
        Some("0" | "active" | "open") => return Some(true),
        Some(
            "1" | "2" | "inactive" | "disabled" | "won" | "lost" | "resolved" | "cancelled" | "canceled"
            | "qualified" | "disqualified",
        ) => return Some(false),
        _ => {}
    }
    isdisabled.and_then(yes).map(|disabled| !disabled)
}

fn yes(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "true" | "yes" => Some(true),
        "0" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// The addresses of a row; a cell may hold several.
fn addresses(table: &Table, columns: &BTreeMap<String, String>) -> BTreeSet<String> {
    let cells = address_columns(table, columns).filter_map(|name| columns.get(name));
    let all = cells.flat_map(|cell| Address::all_in(cell));
    all.map(|address| address.as_str().to_owned()).collect()
}

/// The columns of a row that hold e-mail addresses.
fn address_columns<'a>(
    table: &'a Table,
    columns: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = &'a str> {
    table.addresses.iter().filter_map(|wanted| {
        if columns.contains_key(wanted) {
            return Some(wanted.as_str());
        }
        let label = super::label(wanted);
        let mut names = columns.keys().map(String::as_str);
        names.find(|name| super::label(name) == label)
    })
}

/// A cell that holds one address and what a program has put around it, a name, `mailto:` or a link, becomes the address.
/// What holds several, or none, stays as it is.
fn tidy_addresses(table: &Table, columns: &mut BTreeMap<String, String>) {
    let names: Vec<String> = address_columns(table, columns).map(str::to_owned).collect();
    for name in names {
        if let Some(cell) = columns.get_mut(&name)
            && let [address] = Address::all_in(cell).as_slice()
            && Address::lenient(cell) != *address
        {
            address.as_str().clone_into(cell);
        }
    }
}

/// Adds a custom table unless it is there.
pub(super) fn create(conn: &Connection, table: &Table) -> Result<()> {
    conn.execute(
        "INSERT OR IGNORE INTO crm_table
            (name, label, plural, activities, timeline, name_column, card, quick_find, addresses)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        (
            &table.name,
            &table.label,
            &table.plural,
            table.activities,
            table.timeline,
            &table.name_column,
            serde_json::to_string(&table.card)?,
            serde_json::to_string(&table.quick_find)?,
            serde_json::to_string(&table.addresses)?,
        ),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read() {
        assert_eq!(active(Some("1"), None), Some(false));
        assert_eq!(active(Some("Inactive"), None), Some(false));
        assert_eq!(active(Some("Active"), Some("1")), Some(true));
        assert_eq!(active(None, Some("true")), Some(false));
        assert_eq!(active(Some(""), None), None);
    }
}
