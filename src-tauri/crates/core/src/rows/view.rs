//! Views: a filter with a name, and what its conditions mean (D-04).

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{
    Row, Table, label,
    shown::{ColumnName, TableName},
    tables,
};
use crate::{Error, Result, model::fold, rows::RowFilter};

/// How long a view's name may be, in characters.
const LONGEST_NAME: usize = 80;
/// How many conditions a view may have.
const MOST_CONDITIONS: usize = 10;
/// How many of a table's rows are asked which columns they have.
const ASKED: i64 = 200;

/// What a column must say, without regard to case and accents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Test {
    /// The value, and nothing else.
    Is,
    /// Anything but the value.
    IsNot,
    /// The value somewhere in it.
    Contains,
    /// The value first.
    Begins,
    /// Nothing.
    Empty,
    /// Something.
    Filled,
}

/// One line of a view. All of them must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Condition {
    /// The column's logical name; a row that has none by this name is asked for the one with the same label.
    pub column: String,
    /// How it is compared.
    pub test: Test,
    /// With what; not looked at for `empty` and `filled`.
    pub value: String,
}

impl Condition {
    /// Does it hold for a row of this table?
    pub(crate) fn holds(&self, table: &Table, row: &Row) -> bool {
        let said = match self.column == table.name_column {
            true => row.name.as_str(),
            false => row.value(&self.column).unwrap_or_default(),
        };
        let is_empty = || said.trim().is_empty();
        match self.test {
            Test::Empty => is_empty(),
            Test::Filled => !is_empty(),
            Test::Is => plain(said) == plain(&self.value),
            Test::IsNot => plain(said) != plain(&self.value),
            Test::Contains => plain(said).contains(&plain(&self.value)),
            Test::Begins => plain(said).starts_with(&plain(&self.value)),
        }
    }
}

/// As two values are compared; signs count only where there is nothing else.
fn plain(text: &str) -> String {
    let words: Vec<_> = fold::words(text).map(|word| word.plain).collect();
    match words.is_empty() {
        true => text.trim().to_owned(),
        false => fold::joined(words.iter().map(String::as_str)),
    }
}

/// A filter this person keeps under a name (D-04).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RowView {
    /// Its name; no two differ in case alone.
    pub name: String,
    /// What it lets through.
    pub filter: RowFilter,
}

/// Every view, by name.
///
/// # Errors
/// Database errors.
pub fn views(conn: &Connection) -> Result<Vec<RowView>> {
    let mut statement = conn.prepare_cached("SELECT name, filter FROM row_view ORDER BY name")?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get::<_, String>(1)?)))?;
    rows.map(|row| {
        let (name, filter) = row?;
        Ok(RowView {
            name,
            filter: serde_json::from_str(&filter)?,
        })
    })
    .collect()
}

/// The view of this name.
///
/// # Errors
/// `NotFound`, and database errors.
pub fn view(conn: &Connection, name: &str) -> Result<RowView> {
    let found = views(conn)?.into_iter().find(|view| same(&view.name, name));
    found.ok_or_else(|| no_view(name))
}

/// Keeps a view; one of the same name is replaced.
///
/// # Errors
/// `BadInput` when it has no name, or a condition lacks its column or value; database errors.
pub fn keep_view(conn: &Connection, view: &RowView) -> Result<()> {
    let name = view.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Error::bad_input(
            format!("A view needs a name of at most {LONGEST_NAME} characters."),
            "Give it one you will know it by, as in: Berlin accounts.",
        ));
    }
    check(conn, &view.filter)?;
    remove(conn, name)?;
    conn.prepare_cached("INSERT INTO row_view (name, filter) VALUES (?1, ?2)")?
        .execute((name, serde_json::to_string(&view.filter)?))?;
    Ok(())
}

/// Removes the view of this name.
///
/// # Errors
/// `NotFound`, and database errors.
pub fn remove_view(conn: &Connection, name: &str) -> Result<()> {
    match remove(conn, name.trim())? {
        true => Ok(()),
        false => Err(no_view(name)),
    }
}

fn remove(conn: &Connection, name: &str) -> Result<bool> {
    let named: Option<String> = views(conn)?
        .into_iter()
        .map(|view| view.name)
        .find(|known| same(known, name));
    let mut statement = conn.prepare_cached("DELETE FROM row_view WHERE name = ?1")?;
    Ok(named.map(|name| statement.execute([name])).transpose()?.is_some())
}

/// The column's own rule folds ASCII only.
fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.trim().to_lowercase()
}

fn no_view(name: &str) -> Error {
    Error::not_found(
        format!("There is no view called {name}."),
        "`behalf views` lists them.",
    )
}

/// A filter that cannot mean anything is refused before it finds nothing.
fn check(conn: &Connection, filter: &RowFilter) -> Result<()> {
    if filter.conditions.len() > MOST_CONDITIONS {
        return Err(Error::bad_input(
            format!("A view has at most {MOST_CONDITIONS} conditions."),
            "Leave some out.",
        ));
    }
    for condition in &filter.conditions {
        let needs_value = !matches!(condition.test, Test::Empty | Test::Filled);
        if condition.column.trim().is_empty() || (needs_value && condition.value.trim().is_empty()) {
            return Err(Error::bad_input(
                "A condition needs a column and a value.",
                "Fill in both, or ask for rows where the column is empty.",
            ));
        }
    }
    let known = tables(conn)?;
    match filter
        .tables
        .iter()
        .find(|name| !known.iter().any(|table| table.name == **name))
    {
        Some(name) => Err(Error::bad_input(
            format!("There is no table called {name}."),
            "Take its logical name, as in: account.",
        )),
        None => Ok(()),
    }
}

/// The tables a search can be narrowed to, each with the columns its rows have, by label.
///
/// # Errors
/// Database errors.
pub fn searchable(conn: &Connection) -> Result<Vec<TableName>> {
    let with_activities = tables(conn)?.into_iter().filter(|table| table.activities);
    with_activities
        .map(|table| {
            let columns = columns(conn, &table)?;
            Ok(TableName {
                table: table.name,
                plural: table.plural,
                columns,
            })
        })
        .collect()
}

/// Columns of a table: those it is known by, and those some of its rows have. One of each label.
fn columns(conn: &Connection, table: &Table) -> Result<Vec<ColumnName>> {
    let mut names: BTreeSet<String> = [&table.quick_find, &table.card, &table.addresses]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT key FROM (SELECT columns FROM crm_row WHERE table_name = ?1 AND deleted = 0 LIMIT ?2) r,
         json_each(r.columns)",
    )?;
    let keys = statement.query_map((&table.name, ASKED), |r| r.get(0))?;
    for key in keys {
        names.insert(key?);
    }
    let mut columns: Vec<ColumnName> = Vec::new();
    for name in [table.name_column.clone()].into_iter().chain(names) {
        let label = label(&name);
        if columns.iter().all(|column| column.label != label) {
            columns.push(ColumnName { column: name, label });
        }
    }
    columns[1..].sort_by(|a, b| a.label.cmp(&b.label));
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::RowRef, rows, rows::testing::*};

    const ROWS: &str = "id,name,address1_city,industry\n1,Müller & Söhne,Köln,Food\n2,Alpine,zürich,\n";

    fn condition(column: &str, test: Test, value: &str) -> Condition {
        Condition {
            column: column.into(),
            test,
            value: value.into(),
        }
    }

    #[test]
    fn d_04_conditions_compare_as_people_read() {
        let (folder, store) = store();
        import_text(&store, folder.path(), "account", ROWS, &[]).unwrap();
        let held = |condition: Condition| -> Vec<&str> {
            let held = |id: &&str| {
                let row = RowRef::new("account", *id);
                let (table, row) = store
                    .read(|c| Ok((rows::table(c, "account")?.unwrap(), rows::row(c, &row)?.unwrap())))
                    .unwrap();
                condition.holds(&table, &row)
            };
            ["1", "2"].into_iter().filter(held).collect()
        };
        assert_eq!(held(condition("address1_city", Test::Is, "KOLN")), ["1"]);
        assert_eq!(held(condition("city", Test::Is, "Zürich")), ["2"], "by the label");
        assert_eq!(held(condition("address1_city", Test::IsNot, "koln")), ["2"]);
        assert_eq!(held(condition("name", Test::Contains, "sohne")), ["1"]);
        assert_eq!(held(condition("name", Test::Begins, "alp")), ["2"]);
        assert_eq!(held(condition("industry", Test::Empty, "")), ["2"]);
        assert_eq!(held(condition("industry", Test::Filled, "")), ["1"]);
        assert_eq!(held(condition("nothing", Test::Is, "x")), [""; 0]);
    }

    #[test]
    fn d_04_a_view_is_kept_replaced_and_removed_by_its_name() {
        let (_folder, store) = store();
        let kept = |name: &str, filter: RowFilter| {
            let name = name.to_owned();
            store.write(|tx| keep_view(tx, &RowView { name, filter }))
        };
        let names = || -> Vec<String> {
            let views = store.read(views).unwrap();
            views.into_iter().map(|view| view.name).collect()
        };
        kept("Ältere Kunden", RowFilter::default()).unwrap();
        let mine = RowFilter {
            only_mine: true,
            ..RowFilter::default()
        };
        kept(" ältere kunden ", mine.clone()).unwrap();
        assert_eq!(names(), ["ältere kunden"]);
        assert_eq!(store.read(|c| view(c, "ÄLTERE KUNDEN")).unwrap().filter, mine);

        let without_value = RowFilter {
            conditions: vec![condition("name", Test::Is, " ")],
            ..RowFilter::default()
        };
        let of_no_table = RowFilter {
            tables: vec!["acount".into()],
            ..RowFilter::default()
        };
        for filter in [without_value, of_no_table] {
            let refused = kept("bad", filter).unwrap_err();
            assert_eq!(refused.code(), crate::Code::BadInput, "{refused}");
        }
        assert!(kept("  ", RowFilter::default()).is_err());
        assert!(store.write(|tx| remove_view(tx, "bad")).is_err());
        store.write(|tx| remove_view(tx, "Ältere kunden")).unwrap();
        assert_eq!(names(), [""; 0]);
    }
}
