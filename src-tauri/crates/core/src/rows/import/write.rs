//! Rows into the database, each with its addresses.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension};

use super::{Table, WIDEST, names};
use crate::{
    Result,
    model::{Address, Time},
};

/// A row as a file gives it. Empty values clear their column.
#[derive(Debug)]
pub(in crate::rows) struct Incoming {
    /// The key; a GUID in its one form.
    pub(in crate::rows) id: String,
    /// The key as the file writes it.
    pub(in crate::rows) written: String,
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
    /// The users that rows were said to be owned by, and their addresses.
    owners: HashMap<String, Option<String>>,
}

/// How many owners are remembered.
const MOST_OWNERS: usize = 10_000;

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
            owners: HashMap::new(),
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
        let mut before = self.stored(&incoming.id)?;
        // An earlier release kept a GUID as it was written.
        if before.is_none() && incoming.written != incoming.id {
            before = self.stored(&incoming.written)?;
            if before.is_some() {
                incoming.id.clone_from(&incoming.written);
            }
        }
        let id = incoming.id.clone();
        let owner = self.owner(&incoming.columns)?;
        let after = merged(before.as_ref(), incoming, owner);
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

    /// The address of whoever the columns say owns the row, empty for nobody; `None` when they do not say. Exports name
    /// users by address, by GUID or by name.
    fn owner(&mut self, columns: &BTreeMap<String, String>) -> Result<Option<String>> {
        let Some(said) = columns.get("owner").or_else(|| columns.get("ownerid")) else {
            return Ok(None);
        };
        if said.is_empty() || said.contains('@') {
            let named = Address::all_in(said).into_iter().next();
            let named = named.unwrap_or_else(|| Address::lenient(said));
            return Ok(Some(named.as_str().to_owned()));
        }
        if let Some(known) = self.owners.get(said) {
            return Ok(known.clone());
        }
        // Two users of one name are nobody.
        let mut users = self.conn.prepare_cached(
            "SELECT DISTINCT a.address FROM crm_row r JOIN row_address a ON a.table_name = r.table_name AND a.row_id = r.id
             WHERE r.table_name = 'systemuser' AND r.deleted = 0 AND (r.id = ?1 OR r.name = ?1 COLLATE NOCASE) LIMIT 2",
        )?;
        let found: Vec<String> = users
            .query_map([said], |r| r.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let found = match &found[..] {
            [one] => Some(one.clone()),
            _ => None,
        };
        if self.owners.len() < MOST_OWNERS {
            self.owners.insert(said.clone(), found.clone());
        }
        Ok(found)
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
fn merged(before: Option<&Stored>, incoming: Incoming, owner: Option<String>) -> Stored {
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
    let name = columns.get(&incoming.name_column).cloned().unwrap_or_default();
    let kept = |of: fn(&Stored) -> bool| before.is_none_or(of);
    Stored {
        // A row without a name is still a row: it is called by its key.
        name: if name.is_empty() { incoming.id } else { name },
        owner: owner
            .or_else(|| before.map(|row| row.owner.clone()))
            .unwrap_or_default(),
        active: active(&said).unwrap_or_else(|| kept(|row| row.active)),
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

/// What the columns say of whether the CRM has closed the row: its state, for users `isdisabled`; where there is neither,
/// a status reason that only closed rows have.
fn active<'a>(said: &impl Fn(&str) -> Option<&'a str>) -> Option<bool> {
    // Salesforce and SuiteCRM export what was deleted as well.
    if ["deleted", "isdeleted"]
        .iter()
        .any(|name| said(name).and_then(yes) == Some(true))
    {
        return Some(false);
    }
    let state = said("statecode").or_else(|| said("status"));
    if let Some(open) = state.and_then(names::is_open) {
        return Some(open);
    }
    if let Some(disabled) = said("isdisabled") {
        return yes(disabled)
            .map(|disabled| !disabled)
            .or_else(|| names::is_open(disabled));
    }
    said("statuscode")
        .filter(|reason| names::is_closed(reason))
        .map(|_| false)
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
        let active = |columns: &[(&str, &'static str)]| {
            active(&|name: &str| {
                columns
                    .iter()
                    .find(|(column, _)| *column == name)
                    .map(|(_, value)| *value)
            })
        };
        assert_eq!(active(&[("statecode", "1")]), Some(false));
        assert_eq!(
            active(&[("statecode", "Active"), ("isdisabled", "1")]),
            Some(true)
        );
        assert_eq!(active(&[("isdisabled", "true")]), Some(false));
        assert_eq!(active(&[("isdisabled", "Aktiviert")]), Some(true));
        assert_eq!(active(&[("status", "inactive")]), Some(false));
        assert_eq!(active(&[("statuscode", "Gewonnen")]), Some(false));
        assert_eq!(active(&[("statuscode", "1")]), None);
        assert_eq!(active(&[("statecode", "")]), None);
    }
}
