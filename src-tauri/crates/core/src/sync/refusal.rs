//! What does not count, by the owner's word.
//!
//! Every replica merges every sound change of every known device, in any order, so that documents converge (H-01).
//! Whether a delegate's change *counts* is decided once, by the owner's replica, when it arrives there: an author's
//! clock proves nothing, and two delegates who met a revocation at different moments must not see different things.
//! The owner's receipt names what was refused; every replica then reads its documents without those changes.

use std::collections::BTreeSet;

use automerge::Change;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    chain::Seen,
    receipt::{Heard, Refused},
};
use crate::{
    Result,
    access::{self, Act, authorise},
    model::{Address, Facts, ItemId, Time, hex},
    replica::{self, Document, DocumentId, DocumentKind, Link, Logged, Operation, Put},
    tracking::{DECISION, Decision, FACTS},
};

/// What the owner's receipt adds to the reason when the refused change has been accepted since: whose access has ended
/// cannot read the decision that did so, and is to hear of it.
pub const ACCEPTED: &str = "; accepted since";

/// How many values a document can have been given: nobody has that many, and a counter that was driven to its end
/// would lock everybody else out.
const MAX_OPS: u64 = 1 << 24;

/// The changes of a document that do not count, each with the reason.
pub fn refusals(connection: &Connection, document: DocumentId) -> Result<Refused> {
    // Mostly there is none at all, and no operation need be looked at.
    let mut statement = connection.prepare_cached(
        "SELECT o.id, r.reason FROM operation o JOIN refusal r ON r.operation = o.id
         WHERE o.document = ?1 AND EXISTS (SELECT 1 FROM refusal)",
    )?;
    let found = statement.query_map([document.to_string()], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Is this a change Behalf makes, by the one whose signature it bears? The same answer on every replica: it hangs on
/// nothing but the operation itself, for a document of this `kind`. The change when it is. The outer result is a fault of ours, the inner one
/// theirs.
pub(super) fn sound(
    by: &Logged<'_>,
    kind: DocumentKind,
    operation: &Operation,
) -> Result<Result<Change, String>> {
    if operation.kind == DocumentKind::Grants
        && let Err(denied) = authorise(Act::Grant, by.person, by.mailbox, None, operation.at)
    {
        return Ok(Err(denied.to_string()));
    }
    if operation.kind != kind {
        return Ok(Err("The change is not for the document it names.".into()));
    }
    let (change, device) = match Document::read_change(&operation.change) {
        Ok(read) => read,
        Err(e) => return Ok(Err(format!("The change is damaged: {e}"))),
    };
    if hex(&device) != by.device {
        return Ok(Err("The change was made in another device's name.".into()));
    }
    let ours = change.seq() == 1 && change.max_op() <= MAX_OPS && change.extra_bytes().is_empty();
    let fits =
        |puts: &Vec<Put>| ours && Document::is_by_its_actor(&change, operation.document, operation.at, puts);
    let Some(puts) = replica::puts(&change).filter(fits) else {
        return Ok(Err("The change is not one that Behalf makes.".into()));
    };
    if operation.kind == DocumentKind::Item {
        for put in &puts {
            if put.register == FACTS && !is_about(by.mailbox, operation.document, &put.json) {
                return Ok(Err("The change is not about the message it names.".into()));
            }
            let own = || serde_json::from_str::<Decision>(&put.json).is_ok_and(|d| d.person == *by.person);
            if put.register == DECISION && by.person != by.mailbox && !own() {
                return Ok(Err("The change was made in another person's name.".into()));
            }
        }
    }
    Ok(Ok(change))
}

/// Are these the facts of the item whose document it is? Facts of a later release, which cannot be read here, are
/// shown to nobody here.
fn is_about(mailbox: &Address, document: DocumentId, facts: &str) -> bool {
    serde_json::from_str::<Facts>(facts).map_or(true, |f| {
        document == ItemId::derive(mailbox, f.kind(), &f.key).into()
    })
}

/// What one of the owner's devices has said of an envelope: which of its operations do not count. It stands, for this
/// disk may be an old copy. `None` when nothing has been said.
fn said(tx: &Connection, by: &Logged<'_>, link: Link, envelope: &str) -> Result<Option<Refused>> {
    let mut statement = tx.prepare_cached(
        "SELECT r.seen, r.refused FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
         WHERE r.mailbox = ?1 AND d.person = ?1",
    )?;
    let mut said = statement.query([by.mailbox.as_str()])?;
    while let Some(row) = said.next()? {
        let seen: Seen = serde_json::from_str(&row.get::<_, String>(0)?)?;
        for tip in seen.get(by.device).into_iter().flatten() {
            if tip.seq >= link.seq.unsigned_abs() && leads_to(tx, &tip.hash, link, envelope)? {
                return Ok(Some(serde_json::from_str(&row.get::<_, String>(1)?)?));
            }
        }
    }
    Ok(None)
}

/// Does the chain run from a tip back to this envelope? A tip that is not here is taken to: only a lost disk of the
/// owner's does not hold what the owner has spoken of.
fn leads_to(tx: &Connection, tip: &str, link: Link, envelope: &str) -> Result<bool> {
    Ok(tx
        .prepare_cached(
            "WITH RECURSIVE back (hash, prev, seq) AS (
               SELECT hash, prev, seq FROM envelope WHERE hash = ?1
               UNION ALL SELECT e.hash, e.prev, e.seq FROM envelope e JOIN back b ON e.hash = b.prev WHERE b.seq > ?2)
             SELECT NOT EXISTS (SELECT 1 FROM back) OR EXISTS (SELECT 1 FROM back WHERE hash = ?3)",
        )?
        .query_row(params![tip, link.seq, envelope], |r| r.get(0))?)
}

/// What this replica says of an envelope's operations: whether they count.
#[derive(Default)]
pub(super) struct Verdict {
    /// The owner has said so before.
    said: Option<Refused>,
    /// Judged now: why none of them counts.
    refused: Option<String>,
}

impl Verdict {
    /// Judges an envelope. Everything counts where that is not for this replica to say.
    pub(super) fn on(
        tx: &Connection,
        by: &Logged<'_>,
        link: Link,
        envelope: &str,
        now: Time,
    ) -> Result<Self> {
        if by.person == by.mailbox || !is_mine(tx, by.mailbox)? {
            return Ok(Self::default());
        }
        if let Some(said) = said(tx, by, link, envelope)? {
            return Ok(Self {
                said: Some(said),
                refused: None,
            });
        }
        let grant = access::grant_of(tx, by.mailbox, by.person)?;
        let judged = authorise(Act::Track, by.person, by.mailbox, grant.as_ref(), now);
        Ok(Self {
            said: None,
            refused: judged.err().map(|denied| denied.to_string()),
        })
    }

    /// Why an operation does not count; `None` when it does.
    pub(super) fn of(&self, operation: &str) -> Option<&str> {
        let said = self.said.as_ref().and_then(|said| said.get(operation));
        let reason = said.or(self.refused.as_ref()).map(String::as_str);
        reason.map(|r| r.strip_suffix(ACCEPTED).unwrap_or(r))
    }
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

/// Takes over the owner's word from their receipts: a delegate's replica all of it, an owner's device what has reached
/// another one in time. Which documents read differently now.
pub fn follow(tx: &Connection, mailbox: &Address, heard: &Heard) -> Result<BTreeSet<DocumentId>> {
    let mut changed = BTreeSet::new();
    let mine = is_mine(tx, mailbox)?;
    if mine && heard.admitted.is_empty() {
        return Ok(changed);
    }
    let mut statement = tx.prepare_cached("SELECT operation, reason FROM refusal WHERE mailbox = ?1")?;
    let known = statement
        .query_map([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<Refused, _>>()?;
    let mut touched = Vec::new();
    for (operation, reason) in heard.refused.iter().filter(|_| !mine) {
        if known.get(operation) != Some(reason) {
            refuse(tx, mailbox, operation, reason)?;
            touched.push(operation);
        }
    }
    let counts = |operation: &String| match mine {
        true => heard.admitted.contains(operation),
        false => !heard.refused.contains_key(operation),
    };
    for operation in known.keys().filter(|o| counts(o)) {
        admit(tx, operation)?;
        tx.prepare_cached("DELETE FROM quarantine WHERE id = ?1 AND mailbox = ?2")?
            .execute([operation, mailbox.as_str()])?;
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
