//! The operations that do not count, by the owner's word.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::Document;
use crate::Result;

/// The operations of a document that do not count: why, as a code, and whether the owner has accepted them since.
///
/// # Errors
/// Database errors.
pub fn refused(connection: &Connection, document: &Document) -> Result<BTreeMap<String, (String, bool)>> {
    // Mostly there is none at all, and no operation need be looked at.
    let mut statement = connection.prepare_cached(
        "SELECT o.id, r.reason, r.accepted FROM operation o JOIN refusal r ON r.mailbox = o.mailbox AND r.operation = o.id
         WHERE o.document = ?1 AND o.mailbox = ?2 AND EXISTS (SELECT 1 FROM refusal)",
    )?;
    let of = [&document.id().to_string(), document.mailbox().as_str()];
    let found = statement.query_map(of, |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?;
    Ok(found.collect::<Result<_, _>>()?)
}
