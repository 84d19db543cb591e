//! What does not count, by the owner's word.
//!
//! Every replica merges every sound change of every known device, in any order, so that documents converge (H-01).
//! Whether a delegate's change *counts* is decided once, by the owner's replica, when it arrives there: an author's
//! clock proves nothing, and two delegates who met a revocation at different moments must not see different things.
//! The owner's receipt names what was refused; every replica then reads its documents without those changes.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use super::receipt::{Heard, Refused, Seen};
use crate::{
    Result,
    access::{self, Act, authorise},
    model::{Address, Time},
    replica::{self, Document, DocumentId, DocumentKind, Logged, Operation},
};

/// The changes of a document that do not count, each with the reason.
pub fn refusals(connection: &Connection, document: DocumentId) -> Result<Refused> {
    let mut statement = connection.prepare_cached(
        "SELECT o.id, r.reason FROM operation o JOIN refusal r ON r.operation = o.id WHERE o.document = ?1",
    )?;
    let found = statement.query_map([document.to_string()], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Is this a change Behalf makes, by the one whose signature it bears? The same answer on every replica.
/// The outer result is a fault of ours, the inner one theirs.
pub(super) fn sound(by: &Logged<'_>, operation: &Operation) -> Result<Result<(), String>> {
    if operation.kind == DocumentKind::Grants
        && let Err(denied) = authorise(Act::Grant, by.person, by.mailbox, None, operation.at)
    {
        return Ok(Err(denied.to_string()));
    }
    let grants = operation.document == DocumentId::grants(by.mailbox);
    if grants != (operation.kind == DocumentKind::Grants) {
        return Ok(Err("The change is not for the document it names.".into()));
    }
    let (change, device) = match Document::read_change(&operation.change) {
        Ok(read) => read,
        Err(e) => return Ok(Err(format!("The change is damaged: {e}"))),
    };
    if crate::model::hex(&device) != by.device {
        return Ok(Err("The change was made in another device's name.".into()));
    }
    let Some(puts) = replica::puts(&change) else {
        return Ok(Err("The change is not one that Behalf makes.".into()));
    };
    let own = |json: &str| {
        serde_json::from_str::<crate::tracking::Decision>(json).is_ok_and(|d| d.person == *by.person)
    };
    let forged = operation.kind == DocumentKind::Item
        && by.person != by.mailbox
        && puts
            .iter()
            .any(|p| p.register == crate::tracking::DECISION && !own(&p.json));
    Ok(match forged {
        true => Err("The change was made in another person's name.".into()),
        false => Ok(()),
    })
}

/// Why a sound operation is not to count; `None` when it counts, or when that is not for this replica to say.
pub(super) fn verdict(
    tx: &Connection,
    by: &Logged<'_>,
    operation: &Operation,
    now: Time,
) -> Result<Option<String>> {
    if by.person == by.mailbox || !is_mine(tx, by.mailbox)? {
        return Ok(None);
    }
    // What one of the owner's devices has said stands: this disk may be a restored one.
    let mut statement = tx.prepare_cached(
        "SELECT r.seen, r.refused FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
         WHERE r.mailbox = ?1 AND d.person = ?1",
    )?;
    let mut said = statement.query([by.mailbox.as_str()])?;
    while let Some(row) = said.next()? {
        let seen: Seen = serde_json::from_str(&row.get::<_, String>(0)?)?;
        let held = seen.get(by.device).copied().unwrap_or(0);
        if by
            .seq
            .is_some_and(|seq| u64::try_from(seq).is_ok_and(|seq| seq <= held))
        {
            let refused: Refused = serde_json::from_str(&row.get::<_, String>(1)?)?;
            return Ok(refused.get(&operation.id()).cloned());
        }
    }
    let grant = access::grant_of(tx, by.mailbox, by.person)?;
    let judged = authorise(Act::Track, by.person, by.mailbox, grant.as_ref(), now);
    Ok(judged.err().map(|denied| denied.to_string()))
}

fn is_mine(connection: &Connection, mailbox: &Address) -> Result<bool> {
    let mine = connection
        .prepare_cached("SELECT mine FROM mailbox WHERE id = ?1")?
        .query_row([mailbox.as_str()], |r| r.get(0))
        .optional()?;
    Ok(mine.unwrap_or(false))
}

/// Notes that an operation does not count.
pub(super) fn refuse(tx: &Connection, mailbox: &Address, operation: &str, reason: &str) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO refusal (operation, mailbox, reason) VALUES (?1, ?2, ?3)
         ON CONFLICT (operation) DO UPDATE SET reason = excluded.reason",
    )?
    .execute([operation, mailbox.as_str(), reason])?;
    Ok(())
}

/// Takes that back: the owner's receipt does not say so any more.
fn admit(tx: &Connection, operation: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM refusal WHERE operation = ?1")?
        .execute([operation])?;
    Ok(())
}

/// Takes over the owner's word from their receipts. Which documents read differently now.
pub fn follow(tx: &Connection, mailbox: &Address, heard: &Heard) -> Result<BTreeSet<DocumentId>> {
    let mut changed = BTreeSet::new();
    if is_mine(tx, mailbox)? {
        return Ok(changed);
    }
    let mut statement = tx.prepare_cached("SELECT operation, reason FROM refusal WHERE mailbox = ?1")?;
    let known = statement
        .query_map([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<Refused, _>>()?;
    let mut touched = Vec::new();
    for (operation, reason) in &heard.refused {
        if known.get(operation) != Some(reason) {
            refuse(tx, mailbox, operation, reason)?;
            touched.push(operation);
        }
    }
    for operation in known.keys().filter(|o| !heard.refused.contains_key(*o)) {
        admit(tx, operation)?;
        touched.push(operation);
    }
    for operation in touched {
        if let Some(step) = replica::step(tx, operation)?
            && step.document != DocumentId::grants(mailbox).0
        {
            changed.insert(DocumentId(step.document));
        }
    }
    Ok(changed)
}
