//! Mail, appointments, contacts, and their tracking.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use tracing::trace_span;

use super::{Desk, TimelineQuery, auditing::Attempt, view};
use crate::{
    Code, Error, Result,
    access::{self, Act, Grant, Matter, Rights, Where, Wish, authorise},
    activity::{self, Activity},
    mailbox::{
        contacts, html,
        read::{self, LastOpened, Sight},
    },
    model::{Address, CALENDAR, CONTACTS, Facts, ItemId, Kind, Note, RowRef, Status, Time, bare_key},
    replica::{self, Action, Document, Link, Logged, Made, Origin},
    rows,
    tracking::{self, Decision, Regarding, texts},
    wire::waiting_for,
};
use view::{
    ActivityForm, Allowed, Answered, Choice, Column, Failure, Folder, Item, ListEntry, ListPage, NamedRow,
    Party, PersonStatus, Shown, Suggestion, Timeline,
};

/// So many texts are kept in one transaction: nobody's click waits long for it.
const KEPT: usize = 500;
/// How many mails a search looks at, best first.
const FIND: usize = 1000;

impl Desk {
    /// The folders of a mailbox, its calendar and contacts among them (B-01).
    ///
    /// # Errors
    /// `NotFound` for a mailbox that is not here, `Refused` without access to it.
    pub fn folders(&self, mailbox: &Address) -> Result<Vec<Folder>> {
        let grant = self.authorise(Act::Read, mailbox)?.grant;
        let mut folders = read::folders(&self.store, mailbox, sees_private(grant.as_ref()))?;
        folders.retain(|f| covers(grant.as_ref(), &f.folder));
        Ok(folders)
    }

    /// A page of a folder (every mail folder with `None`), newest first, contacts by name. `after` is the key of the
    /// last entry of the page before.
    ///
    /// # Errors
    /// As [`Desk::folders`]; `NotFound` for a folder or key that is not there.
    pub fn list(
        &self,
        mailbox: &Address,
        folder: Option<&str>,
        limit: u32,
        after: Option<&str>,
    ) -> Result<ListPage> {
        let grant = self.authorise(Act::Read, mailbox)?.grant;
        if let Some(folder) = folder.filter(|f| !covers(grant.as_ref(), f)) {
            return Err(outside(folder));
        }
        let sight = Sight {
            private: sees_private(grant.as_ref()),
            within: grant.map(|g| g.folders).unwrap_or_default(),
        };
        read::list(&self.store, mailbox, folder, &sight, limit, after)
    }

    /// Mail of any folder (or of one) that holds every word of `text` in its subject, sender or body, newest first;
    /// the last word may be unfinished. Of very many the ones that match best. The preview shows the place in the body.
    ///
    /// # Errors
    /// As [`Desk::folders`]; `Index` when the index can neither be read nor made anew.
    pub fn find_mail(
        &self,
        mailbox: &Address,
        text: &str,
        folder: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ListEntry>> {
        let grant = self.authorise(Act::Read, mailbox)?.grant;
        self.text.catch_up(&self.store)?;
        // Some of them may lie in other folders.
        let found = self.text.search(text, mailbox, FIND)?;
        let ids: Vec<i64> = found.into_iter().map(|(id, _)| id).collect();
        let mut entries = read::entries(&self.store, mailbox, &ids, sees_private(grant.as_ref()))?;
        entries.retain(|e| {
            covers(grant.as_ref(), &e.folder) && folder.is_none_or(|f| f.eq_ignore_ascii_case(&e.folder))
        });
        entries.truncate(limit as usize);
        entries.sort_by(|a, b| b.date.cmp(&a.date));
        for entry in &mut entries {
            // The place is a help to the eye: what cannot be read keeps its first words.
            match read::place(&self.store, mailbox, &entry.key, text) {
                Ok(Some(place)) => entry.preview = place,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, key = entry.key, "the place found is not shown"),
            }
        }
        Ok(entries)
    }

    /// Opens a message, appointment or contact.
    ///
    /// # Errors
    /// As [`Desk::folders`]; `NotFound` for a key that is not there.
    pub fn show(&self, mailbox: &Address, key: &str) -> Result<Shown> {
        let rights = self.reach(Act::Read, mailbox, bare_key(key))?;
        let opened = read::show_parts(&self.store, &self.last_opened, mailbox, bare_key(key))?;
        let item = self.status(mailbox, &opened.key)?;
        let matter = self.store.read(|c| matter(c, mailbox, &opened.facts))?;
        let parties = self.store.read(|c| {
            opened
                .parties
                .iter()
                .map(|(mask, mention)| {
                    let row = activity::rows_of(c, mailbox, &mention.address, *mask)?
                        .into_iter()
                        .next();
                    Ok(Party {
                        mask: *mask,
                        address: mention.address.clone(),
                        name: mention.name.clone(),
                        row: row.map(|r| NamedRow {
                            table: r.table,
                            id: r.id,
                            name: r.name,
                        }),
                    })
                })
                .collect::<Result<Vec<_>>>()
        })?;
        Ok(Shown {
            key: opened.key,
            kind: opened.kind,
            subject: opened.subject,
            date: read::date_of(opened.kind, opened.date),
            ends: opened.ends.map(|t| t.rfc3339()),
            location: opened.location,
            folder: opened.folder,
            text: opened.text,
            html: opened.html,
            blocked_images: opened.blocked_images > 0,
            attachments: opened.attachments,
            headers: opened.headers,
            parties,
            meeting: opened.meeting,
            contact: contacts::columns(&opened.facts)
                .into_iter()
                .map(|(name, value)| Column {
                    name: name.to_owned(),
                    label: rows::label(name),
                    value,
                })
                .collect(),
            status: item.status,
            item,
            allowed: self.allowed(mailbox, &rights, matter),
        })
    }

    /// The sanitised HTML body (or the text as HTML), for the isolated frame (B-07).
    ///
    /// # Errors
    /// As [`Desk::show`].
    pub fn message_html(&self, mailbox: &Address, key: &str, look: html::Look) -> Result<String> {
        self.reach(Act::Read, mailbox, bare_key(key))?;
        let raw = read::raw(&self.store, mailbox, bare_key(key))?;
        Ok(html::render(&raw, look, &html::parts_of(mailbox, bare_key(key)))?.html)
    }

    /// A picture inside the message, by content id: media type and bytes.
    ///
    /// # Errors
    /// As [`Desk::show`]; `NotFound` when the message has no such picture.
    pub fn message_part(&self, mailbox: &Address, key: &str, cid: &str) -> Result<(String, Vec<u8>)> {
        self.reach(Act::Read, mailbox, bare_key(key))?;
        let raw = read::raw(&self.store, mailbox, bare_key(key))?;
        html::part(&raw, cid)
    }

    /// How far an item's tracking has come.
    ///
    /// # Errors
    /// As [`Desk::show`].
    pub fn status(&self, mailbox: &Address, key: &str) -> Result<Item> {
        let key = bare_key(key);
        let reached = match self.reach(Act::Read, mailbox, key) {
            // Whoever lost access still learns what became of their own work.
            Err(e) if e.code() == Code::Refused && self.worked_on(mailbox, key)? => false,
            other => {
                other?;
                true
            }
        };
        self.store
            .read(|c| match item(c, mailbox, key, &self.person, self.now())? {
                Some(item) if reached || decided_by(c, mailbox, key)?.as_ref() == Some(&self.person) => {
                    Ok(item)
                }
                Some(item) => Ok(own_part(item, &self.person)),
                None => {
                    let kind = untracked_kind(c, mailbox, key)?.ok_or_else(|| no_such_key(mailbox, key))?;
                    let mut people = vec![&self.person];
                    people.extend(Some(mailbox).filter(|owner| **owner != self.person));
                    let people = people.into_iter().map(|person| {
                        Ok(PersonStatus {
                            person: person.clone(),
                            name: access::name_of(c, mailbox, person)?,
                            status: Status::NotTracked,
                            reason: String::new(),
                        })
                    });
                    Ok(Item {
                        key: key.to_owned(),
                        kind,
                        status: Status::NotTracked,
                        people: people.collect::<Result<_>>()?,
                        regarding: None,
                        values: Vec::new(),
                        activity: None,
                        row: None,
                        answers: None,
                        failure: None,
                        versions: 1,
                    })
                }
            })
    }

    /// Rows the item may belong to, before typing, best first (D-07).
    ///
    /// # Errors
    /// As [`Desk::show`].
    pub fn suggest(&self, mailbox: &Address, key: &str) -> Result<Vec<Suggestion>> {
        let key = bare_key(key);
        self.reach(Act::Read, mailbox, key)?;
        self.store.read(|c| {
            let facts = self.facts(c, mailbox, key)?;
            // A delegate is offered nothing for a contact (G-02).
            if facts.kind() == Kind::Contact && *mailbox != self.person {
                return Ok(Vec::new());
            }
            let tables = rows::tables(c)?;
            let current = item(c, mailbox, key, &self.person, self.now())?.and_then(|i| i.regarding);
            let current = current.map(RowRef::from);
            let found = tracking::suggest::suggest(c, mailbox, &self.person, &facts, current.as_ref())?;
            Ok(found
                .into_iter()
                .filter_map(|(row, because)| {
                    let table = tables.iter().find(|t| t.name == row.row.table)?;
                    Some(Suggestion {
                        columns: rows::card(table, &row)
                            .into_iter()
                            .map(|c| (c.label, c.value))
                            .collect(),
                        table_label: table.label.clone(),
                        reason: because.words(),
                        table: row.row.table,
                        id: row.row.id,
                        name: row.name,
                    })
                })
                .collect())
        })
    }

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

    /// The item as it stands with what this transaction has done.
    pub(super) fn answer(&self, tx: &Connection, mailbox: &Address, key: &str) -> Result<Item> {
        trace_span!(target: "click", "answer").in_scope(|| {
            item(tx, mailbox, key, &self.person, self.now())?.ok_or_else(|| no_such_key(mailbox, key))
        })
    }

    /// Has this person done anything about the item?
    fn worked_on(&self, mailbox: &Address, key: &str) -> Result<bool> {
        self.store.read(|c| self.worked_on_in(c, mailbox, key))
    }

    fn worked_on_in(&self, c: &Connection, mailbox: &Address, key: &str) -> Result<bool> {
        let Some((id, _)) = held(c, mailbox, key)? else {
            return Ok(false);
        };
        Ok(
            c.prepare_cached("SELECT EXISTS (SELECT 1 FROM operation WHERE document = ?1 AND person = ?2)")?
                .query_row([id.to_string().as_str(), self.person.as_str()], |r| r.get(0))?,
        )
    }

    /// May this person do this with this item? As [`Desk::authorise`], and it must be in the grant's scope. What is
    /// private and outside is not found: to say that it is there would say too much.
    fn reach(&self, act: Act, mailbox: &Address, key: &str) -> Result<Rights> {
        self.store.read(|c| self.reach_in(c, act, mailbox, key))
    }

    /// The same, in the caller's transaction.
    pub(super) fn reach_in(&self, c: &Connection, act: Act, mailbox: &Address, key: &str) -> Result<Rights> {
        let rights = self.authorise_in(c, act, mailbox)?;
        let Some(grant) = &rights.grant else {
            return Ok(rights);
        };
        if !sees_private(Some(grant)) && read::is_private(c, mailbox, key)? {
            return Err(no_such_key(mailbox, key));
        }
        match folder_of(c, mailbox, key)? {
            Some(folder) if !covers(Some(grant), &folder) => Err(outside(&folder)),
            Some(_) => Ok(rights),
            // Not held here: only where everything is granted, or by whoever has worked on it, can it be looked at.
            None => {
                let lies = match held(c, mailbox, key)? {
                    Some((_, Kind::Appointment)) => Where::Calendar,
                    Some((_, Kind::Contact)) => Where::Contacts,
                    Some((_, Kind::Note)) => Where::Row,
                    Some((_, Kind::Email)) | None => Where::Unknown,
                };
                match grant.covers(&lies) {
                    Err(denied) if !self.worked_on_in(c, mailbox, key)? => {
                        Err(super::refusal(&denied, mailbox, Some(grant)))
                    }
                    _ => Ok(rights),
                }
            }
        }
    }

    /// May this person, whose `rights` these are, decide so about this item? The mailbox's settings have a say (A-04,
    /// E-07).
    pub(super) fn may_decide(
        &self,
        c: &Connection,
        mailbox: &Address,
        rights: &Rights,
        facts: &Facts,
        decision: &Decision,
    ) -> Result<()> {
        let act = Act::Decide(matter(c, mailbox, facts)?, decision.wish());
        self.judge(act, mailbox, rights)
    }

    /// What may be done about an item.
    fn allowed(&self, mailbox: &Address, rights: &Rights, matter: Matter) -> Allowed {
        let may = |wish| {
            let act = Act::Decide(matter.clone(), wish);
            authorise(act, &self.person, mailbox, rights, self.now())
        };
        let regarding = may(Wish::Regarding);
        Allowed {
            regarding: regarding.is_ok(),
            without_regarding: may(Wish::WithoutRegarding).is_ok(),
            reason: regarding.err().map_or(String::new(), |denied| denied.to_string()),
        }
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
    fn commit(
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

    /// What an item says: from the mail itself, or from its document where only the other replica holds the mail.
    fn facts(&self, c: &Connection, mailbox: &Address, key: &str) -> Result<Facts> {
        match read::message(c, &self.store, &self.last_opened, mailbox, key) {
            Err(e) if e.code() == Code::NotFound => {}
            found => return found,
        }
        let (id, _) = held(c, mailbox, key)?.ok_or_else(|| no_such_key(mailbox, key))?;
        let document = Document::find(c, mailbox, id.into())?;
        let registers = document
            .map(|d| tracking::registers(c, &d))
            .transpose()?
            .flatten();
        registers
            .map(|r| r.facts)
            .ok_or_else(|| no_such_key(mailbox, key))
    }

    /// The activity with its Dataverse columns and parties.
    ///
    /// # Errors
    /// `NotFound` when there is none by that id.
    pub fn activity(&self, id: &str) -> Result<Activity> {
        self.store
            .read(|c| Ok(activity::find(c, id, &|mailbox, key| self.own_copy(c, mailbox, key))?.activity))
    }

    /// The same, labelled for the form.
    ///
    /// # Errors
    /// As [`Desk::activity`].
    pub fn activity_form(&self, id: &str) -> Result<ActivityForm> {
        self.store
            .read(|c| activity::form(c, id, &|mailbox, key| self.own_copy(c, mailbox, key)))
    }

    /// What the owner's own copy says, on the owner's replica; `None` elsewhere, and where it holds none.
    pub(super) fn own_copy(&self, c: &Connection, mailbox: &Address, key: &str) -> Result<Option<Facts>> {
        if *mailbox != self.person {
            return Ok(None);
        }
        match read::message(c, &self.store, &LastOpened::default(), mailbox, key) {
            Err(e) if e.code() == Code::NotFound => Ok(None),
            found => Ok(Some(found?.bounded())),
        }
    }

    /// A row's timeline, newest first.
    ///
    /// # Errors
    /// `NotFound` when there is no such row and nothing is regarding it.
    pub fn timeline(&self, row: &RowRef, query: &TimelineQuery) -> Result<Timeline> {
        let (timeline, read) = self.store.read(|c| {
            let found = activity::timeline(c, row, query, self.now())?;
            if found.0.records.is_empty() && query.search.is_empty() {
                rows::form(c, row)?;
            }
            Ok(found)
        })?;
        for some in read.chunks(KEPT) {
            let kept = self.store.write(|tx| {
                some.iter()
                    .try_for_each(|(item, said)| texts::keep(tx, *item, said))
            });
            if let Err(error) = kept {
                // It only makes the next search faster.
                tracing::warn!(%error, "what was searched is not kept");
                break;
            }
        }
        Ok(timeline)
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

fn no_such_key(mailbox: &Address, key: &str) -> Error {
    Error::not_found(
        format!("There is no message, appointment or contact {key} in {mailbox}."),
        "`behalf list --mailbox M` shows the keys.",
    )
}

/// The tracked (or once tracked) item of a key. What the mailbox holds by that key says what it is: somebody may have
/// told others that a contact is a mail.
pub(super) fn held(connection: &Connection, mailbox: &Address, key: &str) -> Result<Option<(ItemId, Kind)>> {
    let mut is_there = connection.prepare_cached("SELECT 1 FROM item WHERE id = ?1")?;
    let known = untracked_kind(connection, mailbox, key)?;
    for kind in known.map_or(Kind::ALL.to_vec(), |kind| vec![kind]) {
        let id = ItemId::derive(mailbox, kind, key);
        if is_there.exists([id.to_string()])? {
            return Ok(Some((id, kind)));
        }
    }
    Ok(None)
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

/// Does what this person was granted cover the folder? The owner (`None`) sees everything.
pub(super) fn covers(grant: Option<&Grant>, folder: &str) -> bool {
    grant.is_none_or(|g| {
        if folder.eq_ignore_ascii_case(CALENDAR) {
            g.calendar
        } else {
            g.covers_folder(folder)
        }
    })
}

/// What the rules look at in an item.
fn matter(c: &Connection, mailbox: &Address, facts: &Facts) -> Result<Matter> {
    let folder = mail_folder_of(c, mailbox, &facts.key)?;
    Matter::of(facts, folder, mailbox, |who| rows::resolve::is_user(c, who))
}

/// Does what this person was granted include private items?
fn sees_private(grant: Option<&Grant>) -> bool {
    grant.is_none_or(|g| g.private)
}

fn outside(folder: &str) -> Error {
    Error::refused(
        format!("Your access does not cover {folder}."),
        "Ask the owner to add it to your access.",
    )
}

/// The mail folder that holds a message; `None` when the mailbox here does not hold it, or it is no mail.
fn mail_folder_of(connection: &Connection, mailbox: &Address, key: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached(
            "SELECT f.name FROM message m JOIN folder f ON f.id = m.folder WHERE m.mailbox = ?1 AND m.key = ?2",
        )?
        .query_row([mailbox.as_str(), key], |r| r.get(0))
        .optional()?)
}

/// The folder a key lies in; `None` when the mailbox here does not hold it.
fn folder_of(connection: &Connection, mailbox: &Address, key: &str) -> Result<Option<String>> {
    match mail_folder_of(connection, mailbox, key)? {
        Some(folder) => Ok(Some(folder)),
        None => Ok(untracked_kind(connection, mailbox, key)?.map(|kind| {
            match kind {
                Kind::Contact => CONTACTS,
                Kind::Email | Kind::Appointment | Kind::Note => CALENDAR,
            }
            .to_owned()
        })),
    }
}

/// What kind of item a key names in the mailbox itself.
fn untracked_kind(connection: &Connection, mailbox: &Address, key: &str) -> Result<Option<Kind>> {
    let (series, occurrence) = read::exception(key);
    let kind: Option<String> = connection
        .prepare_cached(
            "SELECT 'email' FROM message WHERE mailbox = ?1 AND key = ?2
             UNION ALL SELECT 'appointment' FROM appointment WHERE mailbox = ?1 AND key = ?2 AND occurrence = ''
             UNION ALL SELECT 'appointment' FROM appointment WHERE mailbox = ?1 AND key = ?3 AND occurrence = ?4
             UNION ALL SELECT 'contact' FROM contact_card WHERE mailbox = ?1 AND key = ?2
             LIMIT 1",
        )?
        .query_row(params![mailbox.as_str(), key, series, occurrence], |r| r.get(0))
        .optional()?;
    Ok(kind.map(|k| Kind::from_str_or_email(&k)))
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

/// An item's tracking, as a view.
pub(super) fn item(
    connection: &Connection,
    mailbox: &Address,
    key: &str,
    me: &Address,
    now: Time,
) -> Result<Option<Item>> {
    let Some((id, kind)) = held(connection, mailbox, key)? else {
        return Ok(None);
    };
    let (status, promoted, tracked, row, people, choices, refused, refused_person, failure, contact, versions) =
        connection
        .prepare_cached(
            "SELECT status, promoted, tracked, regarding_table, regarding_id, regarding_name, people, choices, refused,
                    refused_person, failure, row_id, texts FROM item WHERE id = ?1",
        )?
        .query_row([id.to_string()], |r| {
            let row: (Option<String>, Option<String>, Option<String>) = (r.get(3)?, r.get(4)?, r.get(5)?);
            Ok((
                r.get::<_, String>(0)?,
                r.get::<_, bool>(1)?,
                r.get::<_, bool>(2)?,
                row,
                r.get::<_, String>(6)?,
                r.get::<_, String>(7)?,
                r.get::<_, String>(8)?,
                r.get::<_, String>(9)?,
                r.get::<_, Option<String>>(10)?,
                r.get::<_, Option<String>>(11)?,
                r.get(12)?,
            ))
        })?;
    let failure: Option<tracking::Failure> = failure.map(|json| serde_json::from_str(&json)).transpose()?;
    let regarding = match row {
        (Some(table), Some(id), Some(name)) if tracked => Some(NamedRow { table, id, name }),
        _ => None,
    };
    let named = |r: Regarding| NamedRow {
        table: r.row.table,
        id: r.row.id,
        name: r.name,
    };
    let values = serde_json::from_str::<Vec<Decision>>(&choices)?
        .into_iter()
        .map(|d| Choice {
            regarding: d.regarding.map(named),
            tracked: d.tracked,
            person: d.person,
            at: d.at.rfc3339(),
        })
        .collect();
    let links = replica::links(connection, mailbox, id.0)?;
    let unsent = links.iter().any(|(_, link)| link.is_none()) || outbox_holds(connection, mailbox, &links)?;
    let missing = !waiting_for(connection, mailbox, now)?.is_empty();
    let mut found: Vec<_> = serde_json::from_str::<BTreeMap<Address, Status>>(&people)?
        .into_iter()
        .collect();
    // Oneself first.
    found.sort_by_key(|(person, _)| person != me);
    let mut people = Vec::new();
    for (person, status) in found {
        let name = access::name_of(connection, mailbox, &person)?;
        let reason = match (&failure, status == Status::TrackPending, person == *me) {
            _ if person.as_str() == refused_person => refused.clone(),
            (_, false, _) => String::new(),
            (Some(failure), true, _) => stuck(connection, mailbox, &person, failure)?,
            (None, true, true) if missing => "Waiting for changes that have not arrived yet.".into(),
            (None, true, true) => "Saved on this computer. It goes out with the next sync.".into(),
            (None, true, false) if unsent => format!("It goes to {name} with the next sync."),
            (None, true, false) => format!("Waiting for {name} to sync."),
        };
        people.push(PersonStatus {
            person,
            name,
            status,
            reason,
        });
    }
    Ok(Some(Item {
        key: key.to_owned(),
        kind,
        status: Status::from_words(&status),
        people,
        regarding,
        values,
        activity: (promoted && kind != Kind::Contact).then(|| id.activity().to_string()),
        row: match contact.filter(|_| promoted) {
            Some(row) => rows::named(connection, &RowRef::new(rows::contact::TABLE, row))?,
            None => None,
        },
        answers: match Status::from_words(&status) {
            Status::NotTracked => None,
            _ => answered(connection, mailbox, id)?,
        },
        failure: match failure {
            Some(failure) => Some(not_promoted(failure)),
            None => (!refused.is_empty()).then(|| not_applied(refused)),
        },
        versions: if kind == Kind::Note { 1 } else { versions },
    }))
}

/// Whose decision about an item stands; `None` where nothing is held of it.
fn decided_by(c: &Connection, mailbox: &Address, key: &str) -> Result<Option<Address>> {
    let Some((id, _)) = held(c, mailbox, key)? else {
        return Ok(None);
    };
    let person: Option<String> = c
        .prepare_cached("SELECT person FROM item WHERE id = ?1")?
        .query_row([id.to_string()], |r| r.get(0))
        .optional()?;
    Ok(person.map(|person| Address::lenient(&person)))
}

/// What is left of an item for somebody who has no access to it and after whom somebody else has decided: how far their own
/// work has come, and nothing of what the others chose.
fn own_part(item: Item, me: &Address) -> Item {
    let people: Vec<_> = item.people.into_iter().filter(|p| p.person == *me).collect();
    Item {
        status: people.first().map_or(Status::NotTracked, |mine| mine.status),
        people,
        regarding: None,
        values: Vec::new(),
        activity: None,
        row: None,
        answers: None,
        ..item
    }
}

fn not_promoted(failure: tracking::Failure) -> Failure {
    Failure {
        is_final: failure.next.is_none(),
        next_retry: failure.next.map(Time::rfc3339),
        reason: failure.reason,
        attempts: failure.attempt,
        of: tracking::ATTEMPTS,
        retriable: true,
        asked: failure.asked,
    }
}

fn not_applied(reason: String) -> Failure {
    Failure {
        reason,
        next_retry: None,
        attempts: 1,
        of: 1,
        is_final: true,
        retriable: false,
        asked: false,
    }
}

/// Why it waits for somebody while promotion has failed: the owner's side knows, the others wait for it.
fn stuck(
    connection: &Connection,
    mailbox: &Address,
    person: &Address,
    failure: &tracking::Failure,
) -> Result<String> {
    Ok(match person == mailbox {
        true => failure.reason.clone(),
        false => format!(
            "Waiting for the Dynamics 365 of {}: {}",
            access::name_of(connection, mailbox, mailbox)?,
            failure.reason
        ),
    })
}

/// What an item was tracked because of.
fn answered(connection: &Connection, mailbox: &Address, id: ItemId) -> Result<Option<Answered>> {
    let Some(answers) = tracking::replies::answers(connection, id)? else {
        return Ok(None);
    };
    let subject: Option<String> = connection
        .prepare_cached("SELECT subject FROM message WHERE mailbox = ?1 AND key = ?2")?
        .query_row([mailbox.as_str(), &answers.key], |r| r.get(0))
        .optional()?;
    Ok(Some(Answered {
        key: answers.key,
        subject: subject.unwrap_or_default(),
        method: answers.method,
    }))
}

/// True while one of these links is in this device's outbox.
fn outbox_holds(
    connection: &Connection,
    mailbox: &Address,
    links: &[(String, Option<Link>)],
) -> Result<bool> {
    let oldest: Option<(String, i64)> = connection
        .prepare_cached(
            "SELECT device, min(seq) FROM envelope WHERE mailbox = ?1 AND sent = 0 GROUP BY device",
        )?
        .query_row([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    Ok(oldest.is_some_and(|(device, first)| {
        links
            .iter()
            .any(|(d, link)| *d == device && link.is_some_and(|link| link.seq >= first))
    }))
}
