//! What this person chose lately and keeps at hand (D-02).

use rusqlite::Connection;

use super::{Row, Table, card, read_row, shown::Hit, tables};
use crate::{
    Result,
    model::{RowRef, Time},
    rows::SearchOptions,
};

/// How many rows are offered before typing.
const SHOWN: usize = 10;
/// How many of them may be favourites, so that the recent ones keep some room.
const FAVOURITES: usize = 6;
/// How many used rows are looked through for those that a filter lets through.
const LOOKED_AT: i64 = 500;

/// Remembers that a row was chosen.
///
/// # Errors
/// Database errors.
pub fn used(conn: &Connection, row: &RowRef, now: Time) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO row_use (table_name, row_id, used, times, changed)
         VALUES (?1, ?2, ?3, 1, (SELECT ifnull(max(changed), 0) + 1 FROM row_use))
         ON CONFLICT (table_name, row_id) DO UPDATE SET
            used = max(used, excluded.used), times = times + 1, changed = excluded.changed",
    )?
    .execute((&row.table, &row.id, now.0))?;
    Ok(())
}

/// Keeps a row at hand, or no longer.
///
/// # Errors
/// Database errors.
pub fn favourite(conn: &Connection, row: &RowRef, keep: bool) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO row_use (table_name, row_id, used, times, favourite, changed)
         VALUES (?1, ?2, 0, 0, ?3, (SELECT ifnull(max(changed), 0) + 1 FROM row_use))
         ON CONFLICT (table_name, row_id) DO UPDATE SET
            favourite = excluded.favourite, changed = excluded.changed",
    )?
    .execute((&row.table, &row.id, keep))?;
    Ok(())
}

/// Does this person keep the row at hand?
///
/// # Errors
/// Database errors.
pub(super) fn is_favourite(conn: &Connection, row: &RowRef) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM row_use WHERE table_name = ?1 AND row_id = ?2 AND favourite = 1")?
        .exists((&row.table, &row.id))?)
}

/// Up to ten favourite and recent rows that the filter lets through (D-04), favourites first, then the latest (D-02).
///
/// # Errors
/// Database errors.
pub fn recent(conn: &Connection, options: &SearchOptions) -> Result<Vec<Hit>> {
    let tables = tables(conn)?;
    let mut hits = page(conn, &tables, true, FAVOURITES, options)?;
    hits.extend(page(conn, &tables, false, SHOWN - hits.len(), options)?);
    Ok(hits)
}

fn page(
    conn: &Connection,
    tables: &[Table],
    favourite: bool,
    limit: usize,
    options: &SearchOptions,
) -> Result<Vec<Hit>> {
    // CROSS JOIN keeps the order, as below.
    let mut statement = conn.prepare_cached(
        "SELECT r.number, r.table_name, r.id, r.name, r.owner, r.active, r.appendable, r.created, r.columns
         FROM row_use u
         CROSS JOIN crm_row r ON r.table_name = u.table_name AND r.id = u.row_id
         CROSS JOIN crm_table t ON t.name = r.table_name
         WHERE u.favourite = ?1 AND (u.favourite OR u.times > 0) AND r.deleted = 0 AND t.activities
         ORDER BY u.used DESC, r.name, r.table_name, r.id LIMIT ?2",
    )?;
    let mut rows = statement.query_map((favourite, LOOKED_AT), read_row)?;
    let why = if favourite { "Favourite" } else { "Used lately" };
    let mut hits = Vec::new();
    while hits.len() < limit
        && let Some(row) = rows.next()
    {
        let row = row?.into_row()?;
        let table = tables.iter().find(|table| table.name == row.row.table);
        if let Some(table) = table.filter(|table| options.shows(table, &row)) {
            hits.push(hit(table, row, why));
        }
    }
    Ok(hits)
}

fn hit(table: &Table, row: Row, why: &str) -> Hit {
    Hit {
        columns: card(table, &row)
            .into_iter()
            .map(|column| (column.label, column.value))
            .collect(),
        disabled: disabled(table, &row).unwrap_or_default(),
        table: row.row.table,
        table_label: table.label.clone(),
        id: row.row.id,
        name: row.name,
        match_kind: "recent".to_owned(),
        why: why.to_owned(),
        marks: Vec::new(),
    }
}

/// Why a row may not be chosen (D-04, A-05); `None` when it may.
pub(crate) fn disabled(table: &Table, row: &Row) -> Option<String> {
    unchoosable(table, row.active, row.appendable)
}

/// The same of a row that is, or is not, active and appendable.
pub(crate) fn unchoosable(table: &Table, active: bool, appendable: bool) -> Option<String> {
    if !table.activities {
        Some(format!("{} cannot have activities.", table.plural))
    } else if !active {
        Some("This row is inactive.".to_owned())
    } else if !appendable {
        Some("You may not append to this row.".to_owned())
    } else {
        None
    }
}

/// The rows this person used, as the search index calls them; the latest 500, deleted ones among them.
///
/// # Errors
/// Database errors.
pub fn used_numbers(conn: &Connection) -> Result<Vec<i64>> {
    // CROSS JOIN keeps the order: SQLite would walk every row of the CRM instead of the few used ones.
    let mut statement = conn.prepare_cached(
        "SELECT r.number FROM row_use u CROSS JOIN crm_row r ON r.table_name = u.table_name AND r.id = u.row_id
         ORDER BY u.favourite DESC, u.used DESC LIMIT 500",
    )?;
    let numbers = statement.query_map([], |r| r.get(0))?;
    Ok(numbers.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::testing::*;

    #[test]
    fn favourites_then_the_latest_and_ten_at_most() {
        let (folder, store) = store();
        let mut csv = "id,name,statecode\n".to_owned();
        for n in 0..30 {
            csv.push_str(&format!("A{n},Row {n},{}\n", i32::from(n == 29)));
        }
        import_text(&store, folder.path(), "account", csv, &[]).unwrap();
        let row = |n: i64| RowRef::new("account", format!("A{n}"));
        store
            .write(|tx| {
                for n in 0..30 {
                    used(tx, &row(n), Time(1_000 + n))?;
                }
                used(tx, &RowRef::new("account", "gone"), Time(9_000))?;
                favourite(tx, &row(3), true)
            })
            .unwrap();
        let all = |options: SearchOptions| store.read(|c| recent(c, &options)).unwrap();
        let hits = all(SearchOptions::default());
        let ids: Vec<_> = hits.iter().map(|hit| hit.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "A3", "A29", "A28", "A27", "A26", "A25", "A24", "A23", "A22", "A21"
            ]
        );
        assert_eq!(hits[0].why, "Favourite");
        assert_eq!(hits[1].disabled, "This row is inactive.");
        assert_eq!(hits[2].disabled, "");
        // A filter makes room for others (D-04).
        let enabled = all(SearchOptions {
            only_enabled: true,
            ..SearchOptions::default()
        });
        assert_eq!((enabled.len(), enabled[1].id.as_str()), (10, "A28"));
        let contacts = all(SearchOptions {
            tables: vec!["contact".into()],
            ..SearchOptions::default()
        });
        let mine = all(SearchOptions {
            only_owned: true,
            ..SearchOptions::default()
        });
        assert_eq!((contacts.len(), mine.len()), (0, 0));
        store.write(|tx| favourite(tx, &row(3), false)).unwrap();
        assert_eq!(all(SearchOptions::default())[0].id, "A29");
    }
}
