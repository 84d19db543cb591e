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
    access::{self, Act, Denied, Matter, Rights, Wish, authorise},
    mailbox::contacts,
    model::{Address, Facts, ItemId, Kind, Time, hex},
    replica::{self, Document, DocumentId, DocumentKind, Link, Logged, Operation, Put},
    rows::{self, resolve::is_user},
    tracking::{self, DECISION, Decision, FACTS, OUTCOME, Regarding},
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
/// nothing but the operation itself, for a document of this `kind`. The change and what it sets when it is. The outer
/// result is a fault of ours, the inner one theirs.
pub(super) fn sound(
    by: &Logged<'_>,
    kind: DocumentKind,
    operation: &Operation,
) -> Result<Result<(Change, Vec<Put>), String>> {
    let act = match operation.kind {
        DocumentKind::Item => None,
        DocumentKind::Grants => Some(Act::Grant),
        DocumentKind::Settings => Some(Act::Configure),
    };
    if let Some(act) = act
        && let Err(denied) = authorise(act, by.person, by.mailbox, &Rights::default(), operation.at)
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
            // Facts of a later release, which cannot be read here, are shown to nobody here.
            if put.register == FACTS
                && let Ok(facts) = serde_json::from_str::<Facts>(&put.json)
            {
                if !is_about(by.mailbox, operation.document, &facts) {
                    return Ok(Err("The change is not about the message it names.".into()));
                }
                if let Err(denied) = whose_contact(by, &facts, operation.at) {
                    return Ok(Err(denied.to_string()));
                }
                let own = facts.note.is_none_or(|note| note.person == *by.person);
                if by.person != by.mailbox && !own {
                    return Ok(Err("The note was written in another person's name.".into()));
                }
            }
            if put.register == OUTCOME && by.person != by.mailbox {
                return Ok(Err("Only the owner's replica says how promotion went.".into()));
            }
            let own = || serde_json::from_str::<Decision>(&put.json).is_ok_and(|d| d.person == *by.person);
            if put.register == DECISION && by.person != by.mailbox && !own() {
                return Ok(Err("The change was made in another person's name.".into()));
            }
        }
    }
    Ok(Ok((change, puts)))
}

/// Are these the facts of the item whose document it is?
fn is_about(mailbox: &Address, document: DocumentId, facts: &Facts) -> bool {
    document == ItemId::derive(mailbox, facts.kind(), &facts.key).into()
}

/// Contacts are decided about by the mailbox's owner, whatever is granted to others: every replica can say so (G-02).
fn whose_contact(by: &Logged<'_>, facts: &Facts, at: Time) -> Result<(), Denied> {
    if facts.kind() != Kind::Contact {
        return Ok(());
    }
    let contact = Matter {
        contact: true,
        ..Matter::default()
    };
    let act = Act::Decide(contact, Wish::Untracked);
    authorise(act, by.person, by.mailbox, &Rights::default(), at)
}

/// What one of the owner's devices has said of an envelope: which of its operations do not count. It stands, for this
/// disk may be an old copy. `None` when nothing has been said.
fn said(tx: &Connection, by: &Logged<'_>, link: Link, envelope: &str) -> Result<Option<Refused>> {
    let mut statement = tx.prepare_cached(
        "SELECT r.seen, r.refused FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
         WHERE r.mailbox = ?1 AND d.person = ?1 AND d.removed = 0",
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

/// What an item is, looked up once for all operations of a document.
#[derive(Default)]
pub(super) struct Looked {
    /// By the mailbox's own copy; within, `None` when it holds none.
    held: Option<Option<Matter>>,
    /// By the document as it stands, or by what came first for it.
    stood: Option<Matter>,
}

/// What an operation does to which item, as the rules see it, and what it decides. The mailbox's own copy says what the
/// item is; only of what the mailbox does not hold the document is believed, which is its author's word, or what has
/// come with this operation or before it.
fn decides(
    tx: &Connection,
    by: &Logged<'_>,
    operation: &Operation,
    puts: &[Put],
    (document, looked): (&mut Document, &mut Looked),
) -> Result<(Act, Option<Decision>)> {
    let put = |register| puts.iter().find(|put| put.register == register);
    let decision = put(DECISION).and_then(|p| serde_json::from_str::<Decision>(&p.json).ok());
    let facts = put(FACTS);
    if decision.is_none() && facts.is_none() {
        return Ok((Act::Track, None));
    }
    let held = match looked.held {
        Some(held) => held,
        None => *looked.held.insert(held(tx, by.mailbox, operation.document)?),
    };
    // A contact whose facts call it a mail is a contact (G-02): its key says so.
    let of = |facts: &Facts| -> Result<Matter> {
        let matter = Matter::of(facts, by.mailbox, |who| is_user(tx, who))?;
        Ok(Matter {
            contact: matter.contact || contacts::holds(tx, by.mailbox, &facts.key)?,
            ..matter
        })
    };
    let matter = match (held, facts, looked.stood) {
        (Some(matter), ..) | (None, None, Some(matter)) => matter,
        (None, Some(put), stood) => {
            let matter = of(&serde_json::from_str::<Facts>(&put.json).unwrap_or_default())?;
            looked.stood = stood.or(Some(matter));
            matter
        }
        (None, None, None) => {
            let standing = tracking::registers(tx, document)?;
            *looked
                .stood
                .insert(of(&standing.map(|standing| standing.facts).unwrap_or_default())?)
        }
    };
    let wish = decision.as_ref().map_or(Wish::Untracked, Decision::wish);
    Ok((Act::Decide(matter, wish), decision))
}

/// What the mailbox's own copy says of an item; `None` when it holds none.
fn held(tx: &Connection, mailbox: &Address, document: DocumentId) -> Result<Option<Matter>> {
    let held = tx
        .prepare_cached(
            "SELECT coalesce(private, 0), 'email', from_address FROM message WHERE item = ?1
             UNION ALL SELECT private, 'appointment', organizer FROM appointment WHERE item = ?1
             UNION ALL SELECT private, 'contact', '' FROM contact_card WHERE item = ?1 LIMIT 1",
        )?
        .query_row([document.to_string()], |r| {
            let kind = Kind::from_str_or_email(&r.get::<_, String>(1)?);
            Ok((r.get(0)?, kind, r.get::<_, String>(2)?))
        })
        .optional()?;
    held.map(|(private, kind, from)| {
        Matter::from_somebody(&from, kind, private, mailbox, |who| is_user(tx, who))
    })
    .transpose()
}

/// Rights are those of both: what the owner may not append to, nobody does in their name. Why not; `None` when
/// the owner may, and for a row that the owner's replica does not hold.
fn not_the_owners(tx: &Connection, owner: &Address, regarding: &Regarding) -> Result<Option<String>> {
    let row = rows::choosable(tx, &regarding.row)?.filter(|row| !row.appendable);
    Ok(row.map(|row| format!("{owner} may not append activities to {}.", row.name)))
}

/// What this replica says of an envelope's operations: whether they count.
#[derive(Default)]
pub(super) enum Verdict {
    /// Everything counts: that is not for this replica to say.
    #[default]
    Everything,
    /// The owner has said so before.
    Said(Refused),
    /// Judged now, by the author's rights.
    Judge(Rights),
}

impl Verdict {
    /// Judges an envelope. Everything counts where that is not for this replica to say.
    pub(super) fn on(tx: &Connection, by: &Logged<'_>, link: Link, envelope: &str) -> Result<Self> {
        let removed = access::is_removed(tx, by.mailbox, by.device)?;
        if (by.person == by.mailbox && !removed) || !access::is_mine(tx, by.mailbox)? {
            return Ok(Self::Everything);
        }
        Ok(match said(tx, by, link, envelope)? {
            Some(said) => Self::Said(said),
            None => Self::Judge(Rights::read(tx, by.mailbox, by.person, by.device)?),
        })
    }

    /// Why an operation does not count on its document, which stands as it did before; `None` when it does.
    pub(super) fn of(
        &self,
        tx: &Connection,
        by: &Logged<'_>,
        (id, operation, puts): (&str, &Operation, &[Put]),
        item: (&mut Document, &mut Looked),
        now: Time,
    ) -> Result<Option<String>> {
        match self {
            Self::Everything => Ok(None),
            Self::Said(said) => {
                let reason = said.get(id).map(String::as_str);
                Ok(reason.map(|r| r.strip_suffix(ACCEPTED).unwrap_or(r).to_owned()))
            }
            Self::Judge(rights) => {
                let (act, decision) = decides(tx, by, operation, puts, item)?;
                if let Err(denied) = authorise(act, by.person, by.mailbox, rights, now) {
                    return Ok(Some(denied.to_string()));
                }
                let row = decision.and_then(|decision| decision.regarding);
                row.map_or(Ok(None), |row| not_the_owners(tx, by.mailbox, &row))
            }
        }
    }
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
    let mine = access::is_mine(tx, mailbox)?;
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
        if let Some(step) = replica::step(tx, operation)? {
            changed.insert(DocumentId(step.document));
        }
    }
    if changed.remove(&DocumentId::grants(mailbox)) {
        access::project_grants(tx, mailbox)?;
    }
    if changed.remove(&DocumentId::settings(mailbox)) {
        access::project_settings(tx, mailbox)?;
    }
    Ok(changed)
}
