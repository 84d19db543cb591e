//! What was asked for and refused at the desk: never an operation, and still on record (K-01).

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::subject_of;
use crate::{
    Result,
    access::{DeviceKey, PublicKey, Signature, name_of, verified},
    desk::view::AuditEntry,
    model::{Address, Time},
};

/// A refused attempt. Stored as JSON: field names must never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempted {
    /// When.
    pub at: Time,
    /// Who asked.
    pub person: Address,
    /// In whose mailbox.
    pub mailbox: Address,
    /// For what, as the undo menu names it.
    pub what: String,
    /// Message-ID, UID or operation.
    pub item: String,
    /// The row asked for, as TABLE:ID; empty when none.
    pub row: String,
    /// Why not.
    pub reason: String,
}

/// Writes a refusal down behind the one before.
pub fn refused(tx: &Connection, key: &DeviceKey, attempted: &Attempted) -> Result<()> {
    let before: Option<[u8; 32]> = tx
        .prepare_cached("SELECT hash FROM attempt ORDER BY number DESC LIMIT 1")?
        .query_row([], |r| r.get(0))
        .optional()?;
    let entry = serde_json::to_string(attempted)?;
    let hash = link(&before.unwrap_or_default(), &entry);
    tx.prepare_cached("INSERT INTO attempt (entry, hash, signature) VALUES (?1, ?2, ?3)")?
        .execute(params![entry, hash, key.sign(&hash).to_bytes()])?;
    Ok(())
}

/// Every refusal, oldest first, as audit entries.
pub fn attempts(connection: &Connection, device: &str) -> Result<Vec<(Time, AuditEntry)>> {
    let mut statement = connection.prepare_cached("SELECT entry FROM attempt ORDER BY number")?;
    let found = statement.query_map([], |r| r.get::<_, String>(0))?;
    let mut all = Vec::new();
    for entry in found {
        // A damaged line is for `verify` to name; the others are shown.
        let Ok(a) = serde_json::from_str::<Attempted>(&entry?) else {
            continue;
        };
        let (actor_name, subject) = (
            name_of(connection, &a.mailbox, &a.person)?,
            subject_of(connection, &a.mailbox, &a.item)?,
        );
        let grant = if a.person == a.mailbox { "owner" } else { "none" };
        let at = a.at;
        let entry = AuditEntry {
            id: String::new(),
            time: a.at.rfc3339(),
            received: String::new(),
            actor: a.person,
            on_behalf_of: a.mailbox,
            device: device.to_owned(),
            grant: grant.into(),
            item: a.item,
            field: "tracking".into(),
            before: String::new(),
            after: String::new(),
            row_before: String::new(),
            row_after: a.row,
            cause: a.what,
            outcome: format!("Refused: {}", a.reason),
            seq: None,
            actor_name,
            subject,
        };
        all.push((at, entry));
    }
    Ok(all)
}

/// The first refusal that is not as it was written, and how many there are.
pub(super) fn check(connection: &Connection, key: &PublicKey) -> Result<(u32, Option<(u32, String)>)> {
    let mut statement =
        connection.prepare_cached("SELECT number, entry, hash, signature FROM attempt ORDER BY number")?;
    let mut rows = statement.query([])?;
    let (mut count, mut before) = (0, [0; 32]);
    while let Some(row) = rows.next()? {
        count += 1;
        let (number, entry): (u32, String) = (row.get(0)?, row.get(1)?);
        let (hash, signature): (Vec<u8>, Vec<u8>) = (row.get(2)?, row.get(3)?);
        let wanted = link(&before, &entry);
        let signed = Signature::from_bytes(&signature).is_some_and(|s| verified(key, &wanted, &s));
        if number != count {
            return Ok((count, Some((count, "A refusal is missing.".into()))));
        }
        if hash != wanted || !signed {
            let reason = "A refusal is not as it was written.";
            return Ok((count, Some((number, reason.into()))));
        }
        before = wanted;
    }
    Ok((count, None))
}

fn link(before: &[u8; 32], entry: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"behalf attempt")
        .chain_update(before)
        .chain_update(entry)
        .finalize()
        .into()
}
