//! Private items of others' mailboxes: hidden from a delegate whose grant does not include them. Also where the
//! owner has tracked one, for its document reaches every replica of the mailbox.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::{Result, model::Address};

/// Is a row of `item` hidden from the person of this replica? An SQL expression.
pub const HIDDEN: &str = "(item.private IS NOT 0
    AND EXISTS (SELECT 1 FROM mailbox b WHERE b.id = item.mailbox AND b.mine = 0)
    AND NOT EXISTS (SELECT 1 FROM access_grant g JOIN replica me ON me.name = 'person' AND me.value = g.delegate
                    WHERE g.mailbox = item.mailbox AND g.private AND NOT g.revoked))";

/// The keys of the hidden items of a mailbox.
pub fn hidden(connection: &Connection, mailbox: &Address) -> Result<BTreeSet<String>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT key FROM item WHERE mailbox = ?1 AND private IS NOT 0 AND {HIDDEN}"
    ))?;
    let found = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}
