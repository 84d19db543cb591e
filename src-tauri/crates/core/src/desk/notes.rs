//! Notes on a row's timeline (J-06): written for the mailbox's owner, by them or by a delegate who may track.

use rusqlite::Connection;
use uuid::Uuid;

use super::{
    Desk,
    auditing::Attempt,
    reach::held,
    track::choose,
    view::{Item, Note, NoteText},
};
use crate::{
    Error, Result,
    access::{self, Act},
    mailbox::{clean_text, one_line},
    model::{self, Address, Facts, ItemId, Kind, MAX_FACTS_TEXT, RowRef, Time, bare_key},
    replica::{Action, Document, Origin},
    rows,
    tracking::{self, Decision, Registers},
};

/// Longest title, in characters (Dataverse's own limit).
const MAX_TITLE: usize = 500;

impl Desk {
    /// Writes a note on a row's timeline, in the name of the mailbox's owner. Durable when it returns.
    ///
    /// # Errors
    /// `BadInput` for a note that says nothing or too much; otherwise as [`Desk::track`].
    pub fn add_note(&self, mailbox: &Address, row: &RowRef, title: &str, text: &str) -> Result<Item> {
        let key = Uuid::new_v4().to_string();
        let attempt = Attempt::on(Action::AddNote.words(), mailbox, &key, Some(row));
        let added = self.store.write(|tx| {
            let rights = self.authorise_in(tx, Act::Track, mailbox)?;
            let now = self.now();
            let facts = self.written(&key, now, now, title, text)?;
            let regarding = choose(tx, Kind::Note, row)?;
            let (mut document, _) = tracking::open(tx, mailbox, ItemId::derive(mailbox, Kind::Note, &key))?;
            let decision = Decision {
                tracked: true,
                regarding: Some(regarding),
                keep: false,
                contact: None,
                person: self.person.clone(),
                at: now,
            };
            self.may_decide(tx, mailbox, &rights, &facts, &decision)?;
            rows::used(tx, row, now)?;
            let why = (Action::AddNote, Origin::default());
            self.decide(tx, mailbox, &mut document, &facts, &decision, why)?;
            self.answer(tx, mailbox, &key)
        });
        self.audited(attempt, added)
    }

    /// Gives a note another title and text; of several that were given at the same time, this one holds (H-06).
    ///
    /// # Errors
    /// `NotFound` when there is no such note (any more); otherwise as [`Desk::add_note`].
    pub fn edit_note(&self, mailbox: &Address, key: &str, title: &str, text: &str) -> Result<Item> {
        let key = bare_key(key);
        let attempt = Attempt::on(Action::EditNote.words(), mailbox, key, None);
        let edited = self.store.write(|tx| {
            let rights = self.authorise_in(tx, Act::Track, mailbox)?;
            let (mut document, before) = open(tx, mailbox, key)?;
            let facts = self.written(key, before.facts.sent, self.now(), title, text)?;
            if before.texts.is_empty() && before.facts.says_the_same(&facts) {
                return self.answer(tx, mailbox, key);
            }
            let decision = Decision {
                person: self.person.clone(),
                at: self.now(),
                ..before.decision
            };
            self.may_decide(tx, mailbox, &rights, &facts, &decision)?;
            let why = (Action::EditNote, Origin::default());
            self.write_note(tx, mailbox, &mut document, &facts, &decision, why)?;
            self.answer(tx, mailbox, key)
        });
        self.audited(attempt, edited)
    }

    /// Deletes a note; it can be undone.
    ///
    /// # Errors
    /// As [`Desk::edit_note`].
    pub fn delete_note(&self, mailbox: &Address, key: &str) -> Result<Item> {
        let key = bare_key(key);
        let attempt = Attempt::on(Action::DeleteNote.words(), mailbox, key, None);
        let deleted = self.store.write(|tx| {
            let rights = self.authorise_in(tx, Act::Track, mailbox)?;
            let (mut document, before) = open(tx, mailbox, key)?;
            let decision = Decision {
                tracked: false,
                regarding: None,
                keep: false,
                contact: None,
                person: self.person.clone(),
                at: self.now(),
            };
            self.may_decide(tx, mailbox, &rights, &before.facts, &decision)?;
            let why = (Action::DeleteNote, Origin::default());
            self.decide(tx, mailbox, &mut document, &before.facts, &decision, why)?;
            self.answer(tx, mailbox, key)
        });
        self.audited(attempt, deleted)
    }

    /// A note as it is opened: all of its text, and every other text it was given at the same time.
    ///
    /// # Errors
    /// `Refused` without access to the mailbox, `NotFound` when there is no such note (any more).
    pub fn note(&self, mailbox: &Address, key: &str) -> Result<Note> {
        let key = bare_key(key);
        self.authorise(Act::Read, mailbox)?;
        self.store.read(|c| {
            let (_, registers) = open(c, mailbox, key)?;
            let told = |facts: Facts| {
                let note = facts.note.unwrap_or_else(|| model::Note {
                    person: mailbox.clone(),
                    at: facts.sent,
                });
                Ok(NoteText {
                    title: facts.subject,
                    text: facts.text,
                    by: access::name_of(c, mailbox, &note.person)?,
                    at: note.at.rfc3339(),
                })
            };
            Ok(Note {
                key: key.to_owned(),
                mailbox: mailbox.clone(),
                now: told(registers.facts)?,
                others: registers.texts.into_iter().map(told).collect::<Result<_>>()?,
            })
        })
    }

    /// A note's facts, as this person writes them now. It stands in the timeline where it was `added`.
    fn written(&self, key: &str, added: Time, now: Time, title: &str, text: &str) -> Result<Facts> {
        let subject = one_line(title, MAX_TITLE + 1);
        let text = clean_text(text).trim_end().to_owned();
        if subject.chars().count() > MAX_TITLE {
            return Err(Error::bad_input(
                format!("A note's title has at most {MAX_TITLE} characters."),
                "Put the rest into its text.",
            ));
        }
        if text.len() > MAX_FACTS_TEXT {
            return Err(Error::bad_input(
                format!("A note has at most {} kB of text.", MAX_FACTS_TEXT / 1000),
                "Write two notes.",
            ));
        }
        if subject.is_empty() && text.trim().is_empty() {
            return Err(Error::bad_input(
                "A note needs a title or a text.",
                "Nothing was written.",
            ));
        }
        Ok(Facts {
            key: key.to_owned(),
            subject,
            text,
            sent: added,
            importance: 1,
            note: Some(model::Note {
                person: self.person.clone(),
                at: now,
            }),
            ..Facts::default()
        })
    }
}

/// A note's document, with what stands in it.
fn open(c: &Connection, mailbox: &Address, key: &str) -> Result<(Document, Registers)> {
    let missing = || {
        Error::not_found(
            format!("There is no note {key} in {mailbox}; it may have been deleted meanwhile."),
            "`behalf timeline TABLE:ID --record notes` shows the notes of a row.",
        )
    };
    let (id, kind) = held(c, mailbox, key)?.ok_or_else(missing)?;
    match tracking::open(c, mailbox, id)? {
        (document, Some(registers)) if kind == Kind::Note && registers.decision.tracked => {
            Ok((document, registers))
        }
        _ => Err(missing()),
    }
}
