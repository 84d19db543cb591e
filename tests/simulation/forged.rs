//! What those who have tampered with their client write with, and what came of it.

use behalf_core::{
    Error, Result,
    access::{self, DeviceKey, Grant, MailboxKey},
    model::{Address, ContactCard, Facts, ItemId, Kind, Level, Time},
    replica::{Action, Document, DocumentId, Operation, OperationId, Origin},
    store::Store,
    tracking::{self, Decision, First, Promotion},
    wire::{self, EntryKind, EntryName},
};
use rusqlite::Connection;

use crate::world::mailbox;

/// What came of a trick.
#[derive(Default)]
pub struct Forged {
    /// Operations that nobody must ever take over.
    pub unsound: Vec<String>,
    /// Such as everybody takes over and nobody lets count.
    pub refused: Vec<String>,
    /// What goes to the relay by other ways than the outbox.
    pub published: Vec<(EntryName, Vec<u8>)>,
}

pub fn newest(tx: &Connection, key: &DeviceKey, mailbox: &Address) -> Result<MailboxKey> {
    access::newest_key(tx, key, mailbox)?.ok_or_else(|| Error::unavailable("A key is missing.", ""))
}

/// What stands last in a document, in order; nothing while one of them is not sealed yet. What builds on something that
/// comes later in its own chain waits for ever, and so does all that its author sends after it.
pub fn heads(store: &Store, document: DocumentId) -> Result<Vec<OperationId>> {
    store.read(|c| {
        let found = Document::find(c, &mailbox(), document)?;
        let heads = found.map_or(Vec::new(), |document| document.heads());
        let mut is_sealed = c.prepare("SELECT 1 FROM operation WHERE id = ?1 AND seq IS NOT NULL")?;
        for head in &heads {
            if !is_sealed.exists([head.to_string()])? {
                return Ok(Vec::new());
            }
        }
        Ok(heads)
    })
}

pub fn named(key: &DeviceKey, kind: EntryKind, bytes: &[u8]) -> EntryName {
    EntryName {
        device: key.id().to_owned(),
        kind,
        hash: wire::content_name(bytes),
    }
}

/// An operation under another name.
pub fn labelled(operation: Operation, action: Action, cause: &str) -> Operation {
    Operation {
        action,
        origin: Origin::because_of(cause, ""),
        ..operation
    }
}

/// One register, in a document that nobody has touched.
pub fn one(
    mailbox: &Address,
    document: DocumentId,
    key: &DeviceKey,
    at: Time,
    why: (Action, Origin),
    (register, value): (&str, &impl serde::Serialize),
) -> Result<Operation> {
    let mut document = Document::genesis(mailbox, document)?;
    let on = document.now();
    let made = document.edit(key.prefix(), at, why, &on, |edit| edit.set(register, value))?;
    Ok(made.operation)
}

pub fn grant(mailbox: &Address, me: &Address, key: &DeviceKey, at: Time) -> Result<Operation> {
    let grant = Grant {
        level: Level::Editor,
        calendar: true,
        ..Grant::default()
    };
    let why = (Action::Grant, Origin::default());
    one(
        mailbox,
        DocumentId::grants(mailbox),
        key,
        at,
        why,
        (me.as_str(), &grant),
    )
}

pub fn outcome(mailbox: &Address, item: ItemId, key: &DeviceKey, at: Time) -> Result<Operation> {
    let decision = "0".repeat(32);
    let outcome = Promotion::default().attempted(&decision, Some("Because.".into()), at);
    let why = (Action::Promote, Origin::because_of(&decision, ""));
    one(mailbox, item.into(), key, at, why, (tracking::OUTCOME, &outcome))
}

pub fn decision(
    mailbox: &Address,
    item: ItemId,
    about: &str,
    person: &Address,
    key: &DeviceKey,
    at: Time,
) -> Result<Operation> {
    let facts = Facts {
        key: about.into(),
        message_id: about.into(),
        ..Facts::default()
    };
    decides(mailbox, item, &facts, person, key, at)
}

pub fn a_contact() -> Facts {
    Facts {
        key: "ada-1".into(),
        subject: "Ada Byron".into(),
        contact: Some(ContactCard::default()),
        ..Facts::default()
    }
}

pub fn contact(
    mailbox: &Address,
    kind: Kind,
    facts: &Facts,
    person: &Address,
    key: &DeviceKey,
    at: Time,
) -> Result<Operation> {
    let item = ItemId::derive(mailbox, kind, &facts.key);
    decides(mailbox, item, facts, person, key, at)
}

pub fn decides(
    mailbox: &Address,
    item: ItemId,
    facts: &Facts,
    person: &Address,
    key: &DeviceKey,
    at: Time,
) -> Result<Operation> {
    let first = First {
        at,
        person: person.clone(),
    };
    let decision = Decision {
        tracked: true,
        regarding: None,
        contact: None,
        keep: false,
        person: person.clone(),
        at,
    };
    let mut document = Document::genesis(mailbox, item.into())?;
    let (why, on) = ((Action::Track, Origin::default()), document.now());
    let made = document.edit(key.prefix(), at, why, &on, |edit| {
        edit.set(tracking::FACTS, facts)?;
        edit.set(tracking::FIRST, &first)?;
        edit.set(tracking::DECISION, &decision)
    })?;
    Ok(made.operation)
}
