//! Tracking: what a person decides about an item.

use rusqlite::Connection;
use tracing::trace_span;

use super::{
    Desk,
    auditing::Attempt,
    reach::{held, matter, no_such_key, untracked_kind},
    view,
};
use crate::{
    Code, Error, Result,
    access::{Act, Wish},
    model::{Address, Facts, ItemId, Kind, Note, RowRef, bare_key},
    replica::{self, Action, Document, Logged, Made, Origin},
    rows,
    tracking::{self, Decision, Regarding},
};
use view::Item;

impl Desk {
    /// Set Regarding, Change Regarding, or (with `None`) Track without Regarding. Durable when it returns.
    ///
    /// # Errors
    /// `Refused` when the grant does not allow it or the row may not be chosen, `NotFound` for a key or row that is
    /// not there. The item then stays as it was.
    pub fn track(&self, mailbox: &Address, key: &str, regarding: Option<&RowRef>) -> Result<Item> {
        let key = bare_key(key);
        let attempt = Attempt::on("Track", mailbox, key, regarding);
        self.audited(attempt, self.try_track(mailbox, key, regarding))
    }

    fn try_track(&self, mailbox: &Address, key: &str, regarding: Option<&RowRef>) -> Result<Item> {
        // Everything in the one transaction: its connection still knows the pages that a reader, after every commit,
        // has to read again.
        self.store.write(|tx| {
            self.track_in(tx, mailbox, key, regarding, "")?;
            self.answer(tx, mailbox, key)
        })
    }

    /// Tracks in the caller's transaction, as a part of `batch`. What may not be done is said before anything is written.
    pub(super) fn track_in(
        &self,
        tx: &Connection,
        mailbox: &Address,
        key: &str,
        regarding: Option<&RowRef>,
        batch: &str,
    ) -> Result<()> {
        let asked = self.now();
        let read = trace_span!(target: "click", "read").entered();
        let rights = self.reach_in(tx, Act::Track, mailbox, key)?;
        let facts = self.facts(tx, mailbox, key)?;
        no_note(facts.kind())?;
        let item = ItemId::derive(mailbox, facts.kind(), &facts.key);
        let (mut document, before) = tracking::open(tx, mailbox, item)?;
        // Whose contact it is not hears that first, and not what could be said of the row (G-02).
        if facts.kind() == Kind::Contact {
            self.judge(
                Act::Decide(matter(tx, mailbox, &facts)?, Wish::Regarding),
                mailbox,
                &rights,
            )?;
        }
        let regarding = regarding.map(|row| choose(tx, facts.kind(), row)).transpose()?;
        let contact = match &before {
            Some(b) if b.decision.has_activity() => b.decision.contact.clone(),
            _ => there_already(tx, mailbox, item, &facts)?,
        };
        drop(read);
        let action = match &before {
            Some(b) if b.decision.tracked => Action::ChangeRegarding,
            _ => Action::Track,
        };
        let decision = Decision {
            tracked: true,
            regarding,
            contact,
            keep: false,
            person: self.person.clone(),
            at: self.now(),
        };
        if let Some(b) = &before
            && b.others.is_empty()
            && b.decision.agrees(&decision)
        {
            // Already so: asking twice is not doing twice.
            return Ok(());
        }
        self.may_decide(tx, mailbox, &rights, &facts, &decision)?;
        if let Some(r) = &decision.regarding {
            rows::used(tx, &r.row, asked)?;
        }
        let origin = Origin {
            batch: batch.to_owned(),
            ..Origin::default()
        };
        self.decide(tx, mailbox, &mut document, &facts, &decision, (action, origin))
    }

    /// Untrack & Keep, or Untrack & Delete (D2).
    ///
    /// # Errors
    /// As [`Desk::track`]; `BadInput` when it is not tracked.
    pub fn untrack(&self, mailbox: &Address, key: &str, keep: bool) -> Result<Item> {
        let key = bare_key(key);
        let attempt = Attempt::on("Untrack", mailbox, key, None);
        self.audited(attempt, self.try_untrack(mailbox, key, keep))
    }

    fn try_untrack(&self, mailbox: &Address, key: &str, keep: bool) -> Result<Item> {
        self.store.write(|tx| {
            let rights = self.reach_in(tx, Act::Track, mailbox, key)?;
            // Of a contact only its owner decides, tracked or not (G-02).
            if untracked_kind(tx, mailbox, key)? == Some(Kind::Contact) {
                let facts = self.facts(tx, mailbox, key)?;
                self.judge(
                    Act::Decide(matter(tx, mailbox, &facts)?, Wish::Untracked),
                    mailbox,
                    &rights,
                )?;
            }
            let not_tracked =
                || Error::bad_input("This item is not tracked.", "There is nothing to untrack.");
            let (id, kind) = once_tracked(tx, mailbox, key, not_tracked)?;
            no_note(kind)?;
            let (mut document, before) = tracking::open(tx, mailbox, id)?;
            let before = before.filter(|b| b.decision.tracked).ok_or_else(not_tracked)?;
            let decision = Decision {
                tracked: false,
                regarding: before.decision.regarding.clone().filter(|_| keep),
                contact: before.decision.contact.clone().filter(|_| keep),
                keep,
                person: self.person.clone(),
                at: self.now(),
            };
            self.may_decide(tx, mailbox, &rights, &before.facts, &decision)?;
            let why = (Action::Untrack, Origin::default());
            self.decide(tx, mailbox, &mut document, &before.facts, &decision, why)?;
            self.answer(tx, mailbox, key)
        })
    }

    /// Settles values chosen at the same time by a new decision over all of them (H-06). Either person may.
    ///
    /// # Errors
    /// As [`Desk::track`]; `BadInput` when there is only one value.
    pub fn resolve(&self, mailbox: &Address, key: &str, regarding: &RowRef) -> Result<Item> {
        let key = bare_key(key);
        let attempt = Attempt::on(RESOLVE, mailbox, key, Some(regarding));
        self.audited(attempt, self.try_resolve(mailbox, key, &Pick::Row(regarding)))
    }

    /// The same by whose choice holds, which may also have been to untrack, or to track without a row. `at` tells two
    /// choices of one person apart.
    ///
    /// # Errors
    /// As [`Desk::resolve`]; `NotFound` when that person has chosen nothing that still stands.
    pub fn resolve_for(&self, mailbox: &Address, key: &str, of: &Address, at: Option<&str>) -> Result<Item> {
        let key = bare_key(key);
        let attempt = Attempt::on(RESOLVE, mailbox, key, None);
        self.audited(attempt, self.try_resolve(mailbox, key, &Pick::Of(of, at)))
    }

    fn try_resolve(&self, mailbox: &Address, key: &str, pick: &Pick<'_>) -> Result<Item> {
        let asked = self.now();
        self.store.write(|tx| {
            let rights = self.reach_in(tx, Act::Track, mailbox, key)?;
            let (id, _) = held(tx, mailbox, key)?.ok_or_else(|| no_such_key(mailbox, key))?;
            let (mut document, before) = tracking::open(tx, mailbox, id)?;
            let before = before.filter(|b| !b.others.is_empty()).ok_or_else(|| {
                Error::bad_input(
                    "This item has only one value: there is nothing to settle.",
                    "Change Regarding sets another row.",
                )
            })?;
            let mut chosen = std::iter::once(&before.decision).chain(&before.others);
            let decision = match pick {
                Pick::Row(row) => {
                    // A row that was among the values may be kept even where this replica does not hold it.
                    let among = chosen
                        .filter_map(|d| d.regarding.clone())
                        .find(|r| r.row == **row);
                    let regarding = match (choose(tx, before.facts.kind(), row), among) {
                        (Err(e), Some(regarding)) if e.code() == Code::NotFound => regarding,
                        (chosen, _) => chosen?,
                    };
                    Decision {
                        tracked: true,
                        regarding: Some(regarding),
                        keep: false,
                        ..before.decision.clone()
                    }
                }
                Pick::Of(person, at) => chosen
                    .find(|d| d.person == **person && at.is_none_or(|at| d.at.rfc3339() == at))
                    .cloned()
                    .ok_or_else(|| {
                        Error::not_found(
                            format!("{person} has chosen nothing that still stands."),
                            "Look at the item again: it has changed meanwhile.",
                        )
                    })?,
            };
            if let Some(regarding) = &decision.regarding {
                rows::used(tx, &regarding.row, asked)?;
            }
            let decision = Decision {
                person: self.person.clone(),
                at: self.now(),
                ..decision
            };
            self.may_decide(tx, mailbox, &rights, &before.facts, &decision)?;
            let why = (Action::Resolve, Origin::default());
            self.decide(tx, mailbox, &mut document, &before.facts, &decision, why)?;
            self.answer(tx, mailbox, key)
        })
    }

    /// Asks for another attempt to promote an item that failed (H-04). The owner's replica makes it at its next cycle,
    /// and five more if need be. Either person may.
    ///
    /// # Errors
    /// As [`Desk::track`]; `BadInput` when nothing has failed.
    pub fn retry(&self, mailbox: &Address, key: &str) -> Result<Item> {
        let key = bare_key(key);
        let attempt = Attempt::on("Retry", mailbox, key, None);
        self.audited(attempt, self.try_retry(mailbox, key))
    }

    fn try_retry(&self, mailbox: &Address, key: &str) -> Result<Item> {
        self.store.write(|tx| {
            self.reach_in(tx, Act::Track, mailbox, key)?;
            let nothing = || {
                Error::bad_input(
                    "Nothing has failed here.",
                    "`behalf status KEY` says what it waits for.",
                )
            };
            let (id, _) = once_tracked(tx, mailbox, key, nothing)?;
            let (mut document, standing) = tracking::open(tx, mailbox, id)?;
            let standing = standing
                .filter(|s| s.promotion.failure.is_some())
                .ok_or_else(nothing)?;
            let by = (mailbox, &self.person, &self.key);
            tracking::retry(tx, by, &mut document, &standing, self.now())?;
            self.answer(tx, mailbox, key)
        })
    }

    /// One click, in one transaction: the document, the operation, the projections and the log.
    pub(super) fn decide(
        &self,
        tx: &Connection,
        mailbox: &Address,
        document: &mut Document,
        facts: &Facts,
        decision: &Decision,
        why: (Action, Origin),
    ) -> Result<()> {
        let device = self.key.prefix();
        let made = trace_span!(target: "click", "edit")
            .in_scope(|| tracking::decide(tx, document, facts, decision, why, device))?;
        self.commit(tx, mailbox, document, decision, &made)
    }

    /// The same for a note that is given this text.
    pub(super) fn write_note(
        &self,
        tx: &Connection,
        mailbox: &Address,
        document: &mut Document,
        facts: &Facts,
        decision: &Decision,
        why: (Action, Origin),
    ) -> Result<()> {
        let made = tracking::write_note(tx, document, facts, decision, why, self.key.prefix())?;
        self.commit(tx, mailbox, document, decision, &made)
    }

    /// Decides by taking over what a note says in `to`; anything else always says what it said.
    pub(super) fn decide_as(
        &self,
        tx: &Connection,
        mailbox: &Address,
        document: &mut Document,
        (now, to): (&Facts, Option<&Facts>),
        decision: &Decision,
        why: (Action, Origin),
    ) -> Result<()> {
        match to {
            Some(to) if to.note.is_some() && !to.says_the_same(now) => {
                let note = Note {
                    person: decision.person.clone(),
                    at: decision.at,
                };
                let facts = Facts {
                    note: Some(note),
                    ..to.clone()
                };
                self.write_note(tx, mailbox, document, &facts, decision, why)
            }
            _ => self.decide(tx, mailbox, document, now, decision, why),
        }
    }

    /// What [`Desk::decide`] does once the document is edited.
    pub(super) fn commit(
        &self,
        tx: &Connection,
        mailbox: &Address,
        document: &mut Document,
        decision: &Decision,
        made: &Made,
    ) -> Result<()> {
        let _write = trace_span!(target: "click", "write").entered();
        self.log(tx, mailbox, made)?;
        document.pack(tx)?;
        let clicked = Some(&self.person).filter(|_| decision.tracked);
        tracking::project(tx, mailbox, document, clicked, self.now())
    }

    /// Logs an own operation; the next cycle sends it.
    pub(super) fn log(&self, tx: &Connection, mailbox: &Address, made: &Made) -> Result<()> {
        let by = Logged {
            mailbox,
            device: self.key.id(),
            person: &self.person,
            link: None,
        };
        replica::log(tx, &by, made)?;
        Ok(())
    }
}

/// As the undo menu names it.
const RESOLVE: &str = "Choose one of two values";

/// Which of several values holds.
enum Pick<'a> {
    /// This row, whoever chose it.
    Row(&'a RowRef),
    /// What this person chose, then.
    Of(&'a Address, Option<&'a str>),
}

/// A note is edited and deleted on its row: it is not tracked like mail.
fn no_note(kind: Kind) -> Result<()> {
    match kind {
        Kind::Note => Err(Error::bad_input(
            "This is a note.",
            "`behalf note edit KEY` changes it, `behalf note delete KEY` takes it off its row.",
        )),
        _ => Ok(()),
    }
}

/// As [`held`]; `never` says what it means that the item was never tracked.
fn once_tracked(
    connection: &Connection,
    mailbox: &Address,
    key: &str,
    never: impl FnOnce() -> Error,
) -> Result<(ItemId, Kind)> {
    held(connection, mailbox, key)?.ok_or_else(|| match untracked_kind(connection, mailbox, key) {
        Ok(None) => no_such_key(mailbox, key),
        Ok(Some(_)) => never(),
        Err(error) => error,
    })
}

/// The row that a contact is already, so that tracking it makes no double (G-01).
fn there_already(
    connection: &Connection,
    mailbox: &Address,
    item: ItemId,
    facts: &Facts,
) -> Result<Option<Regarding>> {
    let Some(contact) = &facts.contact else {
        return Ok(None);
    };
    let found = rows::contact::existing(connection, mailbox, contact, item.row())?;
    Ok(found.map(|(row, name)| Regarding { row, name }))
}

/// The row a person chose for an item of this kind, if it may be chosen (D-04, D-05, A-05; G-01: a contact is linked to
/// an account).
pub(super) fn choose(connection: &Connection, kind: Kind, of: &RowRef) -> Result<Regarding> {
    if kind == Kind::Contact && of.table != rows::contact::LINKED_TO {
        return Err(Error::refused(
            "A contact can only be linked to an account.",
            "Choose an account, or track it without one.",
        ));
    }
    let row = rows::choosable(connection, of)?.ok_or_else(|| {
        Error::not_found(
            format!("There is no row {of}; it may have been deleted meanwhile."),
            "Search for it again. The item is as it was.",
        )
    })?;
    let reason = match row.obstacle() {
        None if !row.appendable => format!("You may not append activities to {}.", row.name),
        None => {
            return Ok(Regarding {
                row: of.clone(),
                name: row.name,
            });
        }
        Some(obstacle) => obstacle,
    };
    Err(Error::refused(reason, "Choose another row."))
}
