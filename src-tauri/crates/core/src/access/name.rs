//! What people are called.

use rusqlite::{Connection, OptionalExtension};

use crate::{Result, model::Address};

/// A person's name as this mailbox knows it; their address when it does not.
pub fn name_of(connection: &Connection, mailbox: &Address, person: &Address) -> Result<String> {
    let name: Option<String> = connection
        .prepare_cached(
            "SELECT owner_name FROM mailbox WHERE id = ?2 AND owner_name <> ''
             UNION ALL SELECT delegate_name FROM access_grant WHERE mailbox = ?1 AND delegate = ?2 AND delegate_name <> ''
             LIMIT 1",
        )?
        .query_row([mailbox.as_str(), person.as_str()], |r| r.get(0))
        .optional()?;
    Ok(name.unwrap_or_else(|| person.to_string()))
}
