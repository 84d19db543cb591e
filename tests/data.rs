//! Real data, where this computer has it, and what SQLite says of a replica.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, types::Value};

/// A file of real data, kept beside the repository and never in it: `../shared/data`, or `BEHALF_DATA_DIR`.
/// Says so and returns `None` where there is none.
pub fn real(name: &str) -> Option<PathBuf> {
    let folder = env::var_os("BEHALF_DATA_DIR").map_or_else(
        || crate::behalf::repository().join("../shared/data"),
        PathBuf::from,
    );
    let file = folder.join(name);
    if file.is_file() {
        return Some(file);
    }
    eprintln!("SKIPPED: {} is not on this computer.", file.display());
    None
}

/// The database of a replica, for reading only.
pub fn database(data: &Path) -> Connection {
    let file = data.join("behalf.db");
    let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    connection
        .busy_timeout(std::time::Duration::from_secs(20))
        .unwrap();
    connection.pragma_update(None, "query_only", true).unwrap();
    connection
}

/// `PRAGMA integrity_check` and `foreign_key_check`.
///
/// # Panics
/// When the file is damaged.
pub fn assert_sound(data: &Path) {
    let connection = database(data);
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |r| r.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let mut strays = connection.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(!strays.exists([]).unwrap(), "a row points nowhere");
}

/// Everything derived from the documents, table by table, as text: what a rebuild must make again. Not in which order
/// it came, nor what states it went through here.
pub fn projections(data: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let connection = database(data);
    ["item", "access_grant", "row_address"]
        .into_iter()
        .map(|table| {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns: Vec<usize> = (0..statement.column_count())
                .filter(|i| !matches!(statement.column_name(*i), Ok("number" | "log")))
                .collect();
            let rows = statement
                .query_map([], |row| {
                    columns
                        .iter()
                        .map(|i| row.get::<_, Value>(*i))
                        .collect::<Result<Vec<_>, _>>()
                        .map(|v| format!("{v:?}"))
                })
                .unwrap();
            let mut lines: Vec<String> = rows.map(Result::unwrap).collect();
            lines.sort();
            (table, lines)
        })
        .collect()
}
