//! The rows that have changed, in the order of their changes, as the database has them.

use rusqlite::Connection;

use crate::{
    Result,
    rows::{self, Row},
};

/// How many rows are read at a time.
pub(super) const READ: usize = 5_000;

/// The newest change of a row; 0 before there is one.
pub(super) fn newest(conn: &Connection) -> Result<i64> {
    let mut statement = conn.prepare_cached("SELECT ifnull(max(changed), 0) FROM crm_row")?;
    Ok(statement.query_row([], |r| r.get(0))?)
}

/// How many rows have changed since.
pub(super) fn pending(conn: &Connection, position: i64) -> Result<u64> {
    let mut statement = conn.prepare_cached("SELECT count(*) FROM crm_row WHERE changed > ?1")?;
    let count: i64 = statement.query_row([position], |r| r.get(0))?;
    Ok(count as u64)
}

/// A row as its last change left it.
pub(super) struct Change {
    pub(super) row: Row,
    pub(super) changed: i64,
    pub(super) deleted: bool,
}

/// Every row that has changed since, in the order of their changes.
pub(super) fn follow(conn: &Connection, position: &mut i64, mut each: impl FnMut(&Change)) -> Result<()> {
    loop {
        let count = changed_after(conn, *position, |change| {
            *position = change.changed;
            each(&change);
        })?;
        if count < READ {
            return Ok(());
        }
    }
}

/// The next rows after a change; says how many there were.
pub(super) fn changed_after(conn: &Connection, position: i64, mut each: impl FnMut(Change)) -> Result<usize> {
    let mut statement = conn.prepare_cached(
        "SELECT number, table_name, id, name, owner, active, appendable, created, columns, changed, deleted
         FROM crm_row WHERE changed > ?1 ORDER BY changed LIMIT ?2",
    )?;
    let mut raw = statement.query((position, READ as i64))?;
    let mut count = 0;
    while let Some(r) = raw.next()? {
        each(Change {
            row: rows::read_row(r)?.into_row()?,
            changed: r.get(9)?,
            deleted: r.get(10)?,
        });
        count += 1;
    }
    Ok(count)
}
