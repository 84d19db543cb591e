//! What was not applied, and the owner's second look at it.

use rusqlite::{Connection, OptionalExtension};

use super::{Desk, auditing::Attempt, history::wanted, view::Quarantined};
use crate::{
    Error, Result, access, audit,
    model::{Address, Facts, ItemId},
    replica::{self, Action, DocumentId, DocumentKind, Operation, Origin},
    sync::Heard,
    tracking::{self, DECISION, Decision, FACTS, Registers},
};

impl Desk {
    /// What was not applied: in the own mailbox, and of one's own work in others'. Oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn quarantine(&self) -> Result<Vec<Quarantined>> {
        self.store.read(|c| {
            let mut all = Vec::new();
            let mut statement = c.prepare(
                "SELECT q.id, q.mailbox, q.author, coalesce(i.key, ''), q.reason, q.sound, q.bytes
                 FROM quarantine q LEFT JOIN item i ON i.id = q.item LEFT JOIN operation o ON o.id = q.id
                 WHERE q.mailbox = ?1 AND q.discarded = 0 ORDER BY q.at, o.number, q.id",
            )?;
            let mut rows = statement.query([self.person.as_str()])?;
            while let Some(r) = rows.next()? {
                if replica::is_accepted(c, &r.get::<_, String>(0)?)? {
                    continue;
                }
                let operation: Vec<u8> = r.get(6)?;
                let operation = postcard::from_bytes::<Operation>(&operation).ok();
                let (id, author, key) = (
                    r.get::<_, String>(0)?,
                    Address::lenient(&r.get::<_, String>(2)?),
                    r.get::<_, String>(3)?,
                );
                let document = operation.as_ref().map(|o| o.document);
                let (author_name, subject, wanted) = said(c, &self.person, &author, &key, document, &id)?;
                all.push(Quarantined {
                    id,
                    mailbox: Address::lenient(&r.get::<_, String>(1)?),
                    author,
                    key,
                    reason: r.get(4)?,
                    at: operation.map_or(String::new(), |o| o.at.rfc3339()),
                    acceptable: r.get(5)?,
                    author_name,
                    subject,
                    wanted,
                });
            }
            let mut mailboxes = c.prepare("SELECT id FROM mailbox WHERE mine = 0 ORDER BY id")?;
            for mailbox in mailboxes.query_map([], |r| r.get::<_, String>(0))? {
                let mailbox = Address::lenient(&mailbox?);
                for (id, reason) in Heard::read(c, &mailbox)?.refused {
                    let Some(step) = replica::step(c, &id)?.filter(|s| s.person == self.person) else {
                        continue;
                    };
                    if replica::is_accepted(c, &id)? {
                        continue;
                    }
                    let key = key_of(c, step.document)?;
                    let document = Some(DocumentId(step.document));
                    let (author_name, subject, wanted) =
                        said(c, &mailbox, &step.person, &key, document, &id)?;
                    all.push(Quarantined {
                        id,
                        author: step.person,
                        key,
                        reason,
                        at: step.at.rfc3339(),
                        acceptable: false,
                        mailbox: mailbox.clone(),
                        author_name,
                        subject,
                        wanted,
                    });
                }
            }
            Ok(all)
        })
    }

    /// Applies after all what was not: a new decision of the owner, in the author's name, over whatever stands now.
    /// The refused change itself stays refused, so that this can be undone like any other step.
    ///
    /// # Errors
    /// `Refused` for anybody but the owner, and for a change Behalf would not make; `NotFound` when nothing of that
    /// name waits. Of several, all or none are applied; one undo takes all of them back.
    pub fn accept_quarantined(&self, ids: &[&str]) -> Result<Vec<Quarantined>> {
        let ids: Vec<&str> = ids.iter().map(|id| id.trim()).collect();
        let batch = match ids.as_slice() {
            [first, _, ..] => format!("accept-{}-{first}", self.now().0),
            _ => String::new(),
        };
        let accepted = self
            .store
            .write(|tx| ids.iter().try_for_each(|id| self.try_accept(tx, id, &batch)));
        let first = ids.first().copied().unwrap_or_default();
        self.audited(Attempt::on("Accept", &self.person, first, None), accepted)?;
        self.quarantine()
    }

    /// Leaves something as it is for good: it is listed no more. It stays refused, and in the audit log.
    ///
    /// # Errors
    /// `Refused` for anybody but the owner, `NotFound` when nothing of that name waits.
    pub fn discard_quarantined(&self, id: &str) -> Result<Vec<Quarantined>> {
        let id = id.trim();
        let discarded = self.store.write(|tx| {
            let gone = tx.execute(
                "UPDATE quarantine SET discarded = 1 WHERE id = ?1 AND mailbox = ?2 AND discarded = 0",
                [id, self.person.as_str()],
            )?;
            match gone {
                0 => Err(self.not_here(tx, id)?),
                _ => Ok(()),
            }
        });
        self.audited(Attempt::on("Discard", &self.person, id, None), discarded)?;
        self.quarantine()
    }

    fn try_accept(&self, tx: &Connection, id: &str, batch: &str) -> Result<()> {
        let found: Option<(String, Vec<u8>, bool, String)> = tx
            .prepare_cached("SELECT mailbox, bytes, sound, reason FROM quarantine WHERE id = ?1")?
            .query_row([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
            .optional()?;
        let Some((mailbox, bytes, sound, reason)) = found else {
            return Err(self.not_here(tx, id)?);
        };
        let mailbox = Address::lenient(&mailbox);
        if mailbox != self.person {
            return Err(owner_only(&mailbox));
        }
        if replica::is_accepted(tx, id)? {
            return Err(Error::bad_input("That has been accepted already.", ""));
        }
        let operation: Operation = postcard::from_bytes(&bytes)?;
        if !sound || operation.kind != DocumentKind::Item {
            return Err(Error::refused(
                format!("That can never be applied: {reason}"),
                "It stays in quarantine, and in the audit log.",
            ));
        }
        let (mut document, now) = tracking::open(tx, ItemId(operation.document.0))?;
        let missing = || Error::not_found("What it builds on has not arrived yet.", "Sync, and try again.");
        let made = document.at(id).ok_or_else(missing)?;
        let written = document.written::<Decision>(DECISION, Some(&made))?;
        let wanted = written.into_iter().find(|w| w.by == id).ok_or_else(|| {
            Error::refused(
                "That decided nothing: it asked for another attempt to promote.",
                "Open the item and choose Retry.",
            )
        })?;
        let wanted = wanted.value;
        // The text it gave to a note; a change that gave none leaves what stands.
        let said = document.written::<Facts>(FACTS, Some(&made))?;
        let said = said.into_iter().find(|w| w.by == id).map(|w| w.value);
        let facts = match now {
            Some(now) => now.facts,
            None => Registers::read(&document)?.ok_or_else(missing)?.facts,
        };
        let decision = Decision {
            at: self.now(),
            ..wanted
        };
        let why = (Action::Accept, Origin::because_of(id, batch));
        let facts = (&facts, said.as_ref());
        self.decide_as(tx, &mailbox, &mut document, facts, &decision, why)
    }

    /// Why an id that waits here under no name cannot be accepted.
    fn not_here(&self, tx: &Connection, id: &str) -> Result<Error> {
        Ok(match replica::step(tx, id)? {
            Some(step) if step.mailbox != self.person => owner_only(&step.mailbox),
            _ => Error::not_found(
                format!("Nothing waits in quarantine by the name {id}."),
                "`behalf quarantine` shows the ids.",
            ),
        })
    }
}

/// Who made it, about what, and what it would have made of it.
fn said(
    c: &Connection,
    mailbox: &Address,
    author: &Address,
    key: &str,
    document: Option<DocumentId>,
    id: &str,
) -> Result<(String, String, String)> {
    let wanted = match document {
        Some(document) => wanted(c, document, id)?,
        None => None,
    };
    let wanted = match wanted {
        Some(decision) => {
            let json = serde_json::to_string(&decision)?;
            audit::words(DocumentKind::Item, DECISION, Some(&json)).0
        }
        None => String::new(),
    };
    Ok((
        access::name_of(c, mailbox, author)?,
        audit::subject_of(c, mailbox, key)?,
        wanted,
    ))
}

fn owner_only(owner: &Address) -> Error {
    Error::refused(
        format!("Only {owner} can accept what was not applied in their mailbox."),
        "Ask them.",
    )
}

fn key_of(connection: &Connection, document: uuid::Uuid) -> Result<String> {
    Ok(connection
        .prepare_cached("SELECT key FROM item WHERE id = ?1")?
        .query_row([DocumentId(document).to_string()], |r| r.get(0))
        .optional()?
        .unwrap_or_default())
}
