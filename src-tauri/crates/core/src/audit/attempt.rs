//! What was asked for and refused at the desk: never an operation, and still on record (K-01).

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{shown::AuditEntry, subject_of};
use crate::{
    Result,
    access::{Attempted, DeviceKey, PublicKey, Signature, name_of, verified},
    model::{Address, Time},
};

/// How many of them one envelope tells.
const TOLD: u32 = 500;
/// How many of a device are kept: whoever is refused more often has made their point.
const KEPT: u32 = 5_000;

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
    ends_with(tx, key, &hash)
}

/// Begins the list of this device's refusals, with none.
pub fn begin(tx: &Connection, key: &DeviceKey) -> Result<()> {
    ends_with(tx, key, &[0; 32])
}

/// Notes which refusal is the last.
fn ends_with(tx: &Connection, key: &DeviceKey, hash: &[u8; 32]) -> Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO attempt_last (one, signature) VALUES (1, ?1)")?
        .execute([key.sign(&end(hash)).to_bytes()])?;
    Ok(())
}

/// What is signed of the last one: another thing than is signed of each.
fn end(hash: &[u8; 32]) -> Vec<u8> {
    [b"behalf last attempt".as_slice(), hash].concat()
}

/// What this person was refused in somebody's mailbox and its owner has not been told of, oldest first, and up to which
/// number that goes.
pub fn untold(connection: &Connection, mailbox: &Address, person: &Address) -> Result<(i64, Vec<Attempted>)> {
    let told: Option<i64> = connection
        .prepare_cached("SELECT number FROM attempt_told WHERE mailbox = ?1")?
        .query_row([mailbox.as_str()], |r| r.get(0))
        .optional()?;
    let mut last = told.unwrap_or_default();
    let mut statement = connection
        .prepare_cached("SELECT number, entry FROM attempt WHERE number > ?1 ORDER BY number LIMIT ?2")?;
    let mut rows = statement.query(params![last, TOLD])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        let entry = serde_json::from_str::<Attempted>(&row.get::<_, String>(1)?).ok();
        all.extend(
            entry
                // What a merge has refused, every replica knows; what a desk has refused bears the grant.
                .filter(|entry| {
                    entry.mailbox == *mailbox && entry.person == *person && !entry.grant.is_empty()
                })
                .map(Attempted::bounded),
        );
    }
    Ok((last, all))
}

/// Notes that the owner has been told up to a number.
pub fn told(tx: &Connection, mailbox: &Address, upto: i64) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO attempt_told (mailbox, number) VALUES (?1, ?2)
         ON CONFLICT (mailbox) DO UPDATE SET number = excluded.number",
    )?
    .execute(params![mailbox.as_str(), upto])?;
    Ok(())
}

/// Keeps what a delegate's device has told of its refusals.
pub fn hear(
    tx: &Connection,
    (mailbox, person, device): (&Address, &Address, &str),
    attempts: Vec<Attempted>,
    now: Time,
) -> Result<()> {
    let kept: u32 = tx
        .prepare_cached("SELECT count(*) FROM told_attempt WHERE mailbox = ?1 AND device = ?2")?
        .query_row([mailbox.as_str(), device], |r| r.get(0))?;
    for attempted in taken(mailbox, person, attempts).take(KEPT.saturating_sub(kept) as usize) {
        tx.prepare_cached(
            "INSERT INTO told_attempt (mailbox, device, entry, received) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            mailbox.as_str(),
            device,
            serde_json::to_string(&attempted)?,
            now.0
        ])?;
    }
    Ok(())
}

/// What is taken of the refusals an envelope tells: a device speaks for its own person only.
pub(super) fn taken(
    mailbox: &Address,
    person: &Address,
    attempts: Vec<Attempted>,
) -> impl Iterator<Item = Attempted> {
    attempts
        .into_iter()
        .filter(move |a| a.person == *person && a.mailbox == *mailbox && a.is_bounded())
        .take(TOLD as usize)
}

/// What is wrong with what is on record of a device's refusals, beside what its chain told, in whatever order; `None`
/// when nothing is.
pub(super) fn check_told(
    connection: &Connection,
    mailbox: &Address,
    device: &str,
    told: &[Attempted],
) -> Result<Option<&'static str>> {
    let mut statement =
        connection.prepare_cached("SELECT entry FROM told_attempt WHERE mailbox = ?1 AND device = ?2")?;
    let mut rows = statement.query([mailbox.as_str(), device])?;
    let mut unmatched: Vec<&Attempted> = told.iter().collect();
    while let Some(row) = rows.next()? {
        let kept = serde_json::from_str::<Attempted>(&row.get::<_, String>(0)?).ok();
        match unmatched.iter().position(|told| Some(*told) == kept.as_ref()) {
            Some(at) => drop(unmatched.swap_remove(at)),
            None => return Ok(Some("A refusal is not as this device told it.")),
        }
    }
    // Of more than are kept, the rest was let go.
    let missing = unmatched.len() > told.len().saturating_sub(KEPT as usize);
    Ok(missing.then_some("A refusal this device told is missing."))
}

/// A device whose refusals are on record and of which no envelope is here; `None` when there is none.
pub(super) fn told_by_nobody(connection: &Connection) -> Result<Option<(Address, String)>> {
    let found = connection
        .prepare_cached(
            "SELECT t.mailbox, t.device FROM told_attempt t WHERE NOT EXISTS (
               SELECT 1 FROM envelope e WHERE e.mailbox = t.mailbox AND e.device = t.device AND e.merged = 1)
             LIMIT 1",
        )?
        .query_row([], |r| Ok((Address::lenient(&r.get::<_, String>(0)?), r.get(1)?)))
        .optional()?;
    Ok(found)
}

/// Every refusal, here and as delegates' devices have told it, as audit entries.
pub fn attempts(connection: &Connection, device: &str) -> Result<Vec<(Time, AuditEntry)>> {
    let mut statement = connection.prepare_cached(
        "SELECT entry, ?1, NULL, number FROM attempt
         UNION ALL SELECT entry, device, received, number FROM told_attempt ORDER BY 3, 4",
    )?;
    let mut rows = statement.query([device])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        // A damaged line is for `verify` to name; the others are shown.
        let Ok(attempted) = serde_json::from_str::<Attempted>(&row.get::<_, String>(0)?) else {
            continue;
        };
        let received = row.get::<_, Option<i64>>(2)?.map(Time);
        all.push((attempted.at, entry(connection, attempted, row.get(1)?, received)?));
    }
    Ok(all)
}

fn entry(
    connection: &Connection,
    a: Attempted,
    device: String,
    received: Option<Time>,
) -> Result<AuditEntry> {
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let owner = if a.person == a.mailbox { "owner" } else { "none" };
    Ok(AuditEntry {
        id: String::new(),
        time: a.at.rfc3339(),
        received: received.map_or(String::new(), Time::rfc3339),
        actor_name: name_of(connection, &a.mailbox, &a.person)?,
        subject: subject_of(connection, &a.mailbox, &a.item)?,
        actor: a.person,
        on_behalf_of: a.mailbox,
        device,
        grant: or(a.grant, owner),
        item: a.item,
        field: or(a.field, "tracking"),
        before: a.before,
        after: a.after,
        row_before: String::new(),
        row_after: a.row,
        cause: a.what,
        outcome: format!("Refused: {}", a.reason),
        seq: None,
    })
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
    let last: Option<Vec<u8>> = connection
        .prepare_cached("SELECT signature FROM attempt_last")?
        .query_row([], |r| r.get(0))
        .optional()?;
    let last = last.and_then(|bytes| Signature::from_bytes(&bytes));
    if !last.is_some_and(|last| verified(key, &end(&before), &last)) {
        return Ok((count, Some((count + 1, "A refusal is missing.".into()))));
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
