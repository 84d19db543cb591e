//! CRM rows: tables, rows and their cards, what an address means, what this person uses, the CSV import.

mod columns;
pub mod contact;
mod filter;
mod import;
mod recent;
pub mod resolve;
pub mod search;
pub mod shown;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};

use crate::{
    Error, Result,
    model::{RowRef, label::label},
};
use shown::{Column, NamedRow, RowForm};

pub(crate) use columns::Columns;
pub use filter::{RowFilter, SearchOptions};
pub use import::import;

pub(crate) use recent::{disabled, unchoosable};
pub use recent::{favourite, recent, used, used_numbers};
pub use view::{Condition, RowView, Test, keep_view, remove_view, searchable, view, views};

/// A table of the CRM: what the app must know to search it, show it and link to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The logical name, as in `account`.
    pub name: String,
    /// What people call one of its rows.
    pub label: String,
    /// What people call several.
    pub plural: String,
    /// Its rows may be set as regarding.
    pub activities: bool,
    /// Its rows show their activities (J-01).
    pub timeline: bool,
    /// The primary column.
    pub name_column: String,
    /// The columns of the row card, three at most (C-03).
    pub card: Vec<String>,
    /// The columns search looks at (D-02), the most telling first.
    pub quick_find: Vec<String>,
    /// The columns that hold e-mail addresses, in order of weight.
    pub addresses: Vec<String>,
}

/// A CRM row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the search index calls it.
    pub number: i64,
    /// Which row.
    pub row: RowRef,
    /// Its name.
    pub name: String,
    /// The address of the user who owns it; empty when unknown.
    pub owner: String,
    /// False when the CRM has closed it.
    pub active: bool,
    /// False when activities may not be appended.
    pub appendable: bool,
    /// Milliseconds since 1970 UTC; 0 while unknown.
    pub created: i64,
    /// Column -> text; empty values are left out.
    pub columns: BTreeMap<String, String>,
}

impl Row {
    /// A column's value; when the row has no such column, that of the one people read by the same label
    /// (`address1_city` finds `city`), so that a plain CSV needs no map to be searched and shown.
    pub fn value(&self, column: &str) -> Option<&str> {
        self.column(column).map(|(_, value)| value)
    }

    /// The same, with the name of the column it was found in.
    fn column(&self, column: &str) -> Option<(&str, &str)> {
        if let Some((name, value)) = self.columns.get_key_value(column) {
            return Some((name, value));
        }
        let all = self.columns.iter();
        columns::alike(column, all.map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

impl Table {
    /// The columns of the row card (C-03).
    pub(crate) fn card_columns(&self) -> impl Iterator<Item = &str> {
        self.card.iter().take(3).map(String::as_str)
    }
}

const TABLE: &str = "SELECT name, label, plural, activities, timeline, name_column, card, quick_find, addresses FROM crm_table";

pub(crate) const ROW: &str =
    "SELECT number, table_name, id, name, owner, active, appendable, created, columns FROM crm_row";

/// Every table, by label.
///
/// # Errors
/// Database errors.
pub fn tables(conn: &Connection) -> Result<Vec<Table>> {
    let mut statement = conn.prepare_cached(&format!("{TABLE} ORDER BY label, name"))?;
    let rows = statement.query_map([], read_table)?;
    rows.map(|row| row?.into_table()).collect()
}

/// One table by its logical name.
///
/// # Errors
/// Database errors.
pub fn table(conn: &Connection, name: &str) -> Result<Option<Table>> {
    conn.prepare_cached(&format!("{TABLE} WHERE name = ?1"))?
        .query_row([name], read_table)
        .optional()?
        .map(RawTable::into_table)
        .transpose()
}

/// One row; `None` when there is none, or it has been deleted.
///
/// # Errors
/// Database errors.
pub fn row(conn: &Connection, row: &RowRef) -> Result<Option<Row>> {
    conn.prepare_cached(&format!(
        "{ROW} WHERE table_name = ?1 AND id = ?2 AND deleted = 0"
    ))?
    .query_row([&row.table, &row.id], read_row)
    .optional()?
    .map(RawRow::into_row)
    .transpose()
}

/// What decides whether a row may be chosen, and whether an item can be promoted onto it.
pub struct Choosable {
    /// Its name.
    pub name: String,
    /// True when the CRM has deleted it.
    pub deleted: bool,
    /// False when the CRM has closed it.
    pub active: bool,
    /// False when this person may not append activities to it.
    pub appendable: bool,
    /// False when its table has no activities.
    pub activities: bool,
    /// The table's name for many of them.
    pub plural: String,
}

impl Choosable {
    /// Why the CRM would take no activity regarding it, whoever asks; `None` when it would (D-04, H-04).
    pub fn obstacle(&self) -> Option<String> {
        match self {
            Self { deleted: true, .. } => Some(format!("{} has been deleted.", self.name)),
            Self {
                activities: false, ..
            } => Some(format!("{} cannot have activities.", self.plural)),
            Self { active: false, .. } => Some(format!("{} is inactive.", self.name)),
            _ => None,
        }
    }
}

/// A row, as far as choosing it goes; `None` when there is none, or it has been deleted.
///
/// # Errors
/// Database errors.
pub fn choosable(conn: &Connection, row: &RowRef) -> Result<Option<Choosable>> {
    Ok(known(conn, row)?.filter(|row| !row.deleted))
}

/// The same, also of a row that has been deleted; `None` when this replica has never held it.
///
/// # Errors
/// Database errors.
pub fn known(conn: &Connection, row: &RowRef) -> Result<Option<Choosable>> {
    Ok(conn
        .prepare_cached(
            "SELECT r.name, r.active, r.appendable, coalesce(t.activities, 1), coalesce(t.plural, ''), r.deleted
             FROM crm_row r LEFT JOIN crm_table t ON t.name = r.table_name
             WHERE r.table_name = ?1 AND r.id = ?2",
        )?
        .query_row([&row.table, &row.id], |r| {
            Ok(Choosable {
                name: r.get(0)?,
                active: r.get(1)?,
                appendable: r.get(2)?,
                activities: r.get(3)?,
                plural: r.get(4)?,
                deleted: r.get(5)?,
            })
        })
        .optional()?)
}

/// A row by name, for links.
///
/// # Errors
/// Database errors.
pub fn named(conn: &Connection, of: &RowRef) -> Result<Option<NamedRow>> {
    let name = conn
        .prepare_cached("SELECT name FROM crm_row WHERE table_name = ?1 AND id = ?2 AND deleted = 0")?
        .query_row([&of.table, &of.id], |r| r.get(0))
        .optional()?;
    Ok(name.map(|name| NamedRow {
        table: of.table.clone(),
        id: of.id.clone(),
        name,
    }))
}

/// What a row is called here; what somebody `said` only where it is not here. Whoever decides says a name as well, and may
/// say what they like.
///
/// # Errors
/// Database errors.
pub fn called(conn: &Connection, of: &RowRef, said: &str) -> Result<String> {
    Ok(named(conn, of)?.map_or_else(|| said.to_owned(), |row| row.name))
}

/// A row's form.
///
/// # Errors
/// `NotFound` when there is no such row; database errors.
pub fn form(conn: &Connection, of: &RowRef) -> Result<RowForm> {
    let missing = || {
        Error::not_found(
            format!("There is no row {of}."),
            "It may have been deleted; search for it by name.",
        )
    };
    let row = row(conn, of)?.ok_or_else(missing)?;
    let table = table(conn, &of.table)?.ok_or_else(missing)?;
    let card = card(&table, &row);
    Ok(RowForm {
        columns: columns(&table, &row),
        card,
        row: row.row,
        table_label: table.label,
        name: row.name,
        active: row.active,
        timeline: table.timeline,
        favourite: recent::is_favourite(conn, of)?,
    })
}

/// The row card's columns that have a value (C-03).
pub fn card(table: &Table, row: &Row) -> Vec<Column> {
    table
        .card_columns()
        .filter_map(|name| row.column(name))
        .map(|(name, value)| column(name, value))
        .collect()
}

/// Every column with a value: the name, then the card, then the others by name.
fn columns(table: &Table, row: &Row) -> Vec<Column> {
    let first = std::iter::once(&table.name_column).chain(&table.card);
    let mut shown = BTreeSet::new();
    let mut form = Vec::new();
    for (name, value) in first.filter_map(|name| row.column(name)) {
        if shown.insert(name) {
            form.push(column(name, value));
        }
    }
    for (name, value) in &row.columns {
        if shown.insert(name) {
            form.push(column(name, value));
        }
    }
    form
}

fn column(name: &str, value: &str) -> Column {
    Column {
        name: name.to_owned(),
        label: label(name),
        value: value.to_owned(),
    }
}

/// A table as it lies in the database: lists are JSON text.
struct RawTable {
    table: Table,
    card: String,
    quick_find: String,
    addresses: String,
}

fn read_table(r: &rusqlite::Row<'_>) -> rusqlite::Result<RawTable> {
    Ok(RawTable {
        table: Table {
            name: r.get(0)?,
            label: r.get(1)?,
            plural: r.get(2)?,
            activities: r.get(3)?,
            timeline: r.get(4)?,
            name_column: r.get(5)?,
            card: Vec::new(),
            quick_find: Vec::new(),
            addresses: Vec::new(),
        },
        card: r.get(6)?,
        quick_find: r.get(7)?,
        addresses: r.get(8)?,
    })
}

impl RawTable {
    fn into_table(self) -> Result<Table> {
        Ok(Table {
            card: serde_json::from_str(&self.card)?,
            quick_find: serde_json::from_str(&self.quick_find)?,
            addresses: serde_json::from_str(&self.addresses)?,
            ..self.table
        })
    }
}

/// A row as it lies in the database: the columns are JSON text.
pub(crate) struct RawRow {
    row: Row,
    columns: String,
}

/// Reads a row selected with [`ROW`].
pub(crate) fn read_row(r: &rusqlite::Row<'_>) -> rusqlite::Result<RawRow> {
    Ok(RawRow {
        row: Row {
            number: r.get(0)?,
            row: RowRef::new(r.get::<_, String>(1)?, r.get::<_, String>(2)?),
            name: r.get(3)?,
            owner: r.get(4)?,
            active: r.get(5)?,
            appendable: r.get(6)?,
            created: r.get(7)?,
            columns: BTreeMap::new(),
        },
        columns: r.get(8)?,
    })
}

impl RawRow {
    pub(crate) fn into_row(self) -> Result<Row> {
        Ok(Row {
            columns: serde_json::from_str(&self.columns)?,
            ..self.row
        })
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;
    use crate::store::Store;

    /// A data folder of its own.
    pub(crate) fn store() -> (TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        (folder, store)
    }

    /// Imports CSV text with the map given as COLUMN=HEADER.
    pub(crate) fn import_text(
        store: &Store,
        folder: &Path,
        table: &str,
        csv: impl AsRef<[u8]>,
        map: &[&str],
    ) -> Result<crate::model::ImportReport> {
        let file = folder.join("rows.csv");
        std::fs::write(&file, csv).unwrap();
        let map: Vec<(String, String)> = map
            .iter()
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(column, header)| (column.to_owned(), header.to_owned()))
            .collect();
        import(store, &file, table, &map, &mut |_| {
            std::ops::ControlFlow::Continue(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::*, *};

    #[test]
    fn the_form_has_labels_and_the_card_first() {
        let (folder, store) = store();
        let csv = "accountid,name,telephone1,address1_city,revenue\nA1,Alpine Ski House,030 1,Zürich,7\n";
        import_text(&store, folder.path(), "account", csv, &[]).unwrap();
        let form = store.read(|c| form(c, &RowRef::new("account", "A1"))).unwrap();
        let labels: Vec<_> = form.columns.iter().map(|c| c.label.as_str()).collect();
        assert_eq!(labels, ["Name", "City", "Phone", "Accountid", "Revenue"]);
        let card: Vec<_> = form.card.iter().map(|c| c.value.as_str()).collect();
        assert_eq!(card, ["Zürich", "030 1"]);
        assert!(form.timeline && form.active);
    }

    #[test]
    fn a_row_that_is_not_there_is_not_found() {
        let (_folder, store) = store();
        let error = store
            .read(|c| form(c, &RowRef::new("account", "A1")))
            .unwrap_err();
        assert_eq!(error.code(), crate::Code::NotFound);
        assert!(error.to_string().contains("account:A1"));
    }

    #[test]
    fn a_column_is_found_by_its_label_too() {
        let (folder, store) = store();
        let csv = "id,name,city,phone\nA1,Alpine,Zürich,030 1\n";
        import_text(&store, folder.path(), "account", csv, &[]).unwrap();
        let row = store
            .read(|c| row(c, &RowRef::new("account", "A1")))
            .unwrap()
            .unwrap();
        assert_eq!(row.value("address1_city"), Some("Zürich"));
        assert_eq!(row.value("telephone1"), Some("030 1"));
        assert_eq!(row.value("emailaddress1"), None);
    }
}
