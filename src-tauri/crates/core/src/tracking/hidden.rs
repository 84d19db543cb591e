//! Items of others' mailboxes that a delegate does not see: what their grant does not cover, and what is private
//! unless it is included. Also where the owner has tracked one, for its document reaches every replica of the
//! mailbox.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::{
    Result,
    model::{Address, Time},
};

/// Is a row of `item` hidden from the person of this replica? An SQL expression. What they have decided themselves, and
/// nobody since, they go on seeing, wherever it lies and whatever has become of their access. A mail that is not held here
/// is covered where every folder is.
pub const HIDDEN: &str = "(EXISTS (SELECT 1 FROM mailbox b WHERE b.id = item.mailbox AND b.mine = 0)
    AND NOT EXISTS (
      SELECT 1 FROM access_grant g JOIN replica me ON me.name = 'person' AND me.value = g.delegate
      WHERE g.mailbox = item.mailbox AND (item.private IS 0 OR g.private AND NOT g.revoked AND NOT g.over)
        AND (NOT g.revoked AND NOT g.over AND CASE item.kind
               WHEN 'note' THEN 1
               WHEN 'appointment' THEN g.calendar
               ELSE g.folders = '[]' OR EXISTS (
                 SELECT 1 FROM json_each(g.folders) granted
                 WHERE lower(granted.value) IN (
                   SELECT lower(f.name) FROM message m JOIN folder f ON f.id = m.folder
                     WHERE m.item = item.id AND m.mailbox = item.mailbox
                   UNION ALL SELECT 'contacts' WHERE item.kind = 'contact'))
               END
             OR item.person = me.value)))";

/// The keys of the hidden items of a mailbox.
pub fn hidden(connection: &Connection, mailbox: &Address) -> Result<BTreeSet<String>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT key FROM item WHERE mailbox = ?1 AND {HIDDEN}"))?;
    let found = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Notes which grants of a mailbox are not in force now, by their dates: what [`HIDDEN`] goes by.
pub fn note_dates(connection: &Connection, mailbox: &Address, now: Time) -> Result<()> {
    const OVER: &str = "(starts > ?2 OR ends IS NOT NULL AND ends <= ?2)";
    let of = rusqlite::params![mailbox.as_str(), now.0];
    let stale = connection
        .prepare_cached(&format!(
            "SELECT 1 FROM access_grant WHERE mailbox = ?1 AND over <> {OVER}"
        ))?
        .exists(of)?;
    if stale {
        connection
            .prepare_cached(&format!(
                "UPDATE access_grant SET over = {OVER} WHERE mailbox = ?1"
            ))?
            .execute(of)?;
    }
    Ok(())
}
