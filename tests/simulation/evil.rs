//! A client that has been tampered with: it has a device key and a grant, and tries what Behalf never does.

use behalf_core::{
    Error, Result,
    access::{self, DeviceKey, Grant},
    model::{Address, ContactCard, Facts, ItemId, Kind, Level, Time},
    replica::{Action, Document, DocumentId, Operation, Origin, Put},
    store::Store,
    sync::{self, Letter},
    tracking::{self, Decision, First, Promotion},
};
use behalf_tests::post;

use crate::world::{Person, mailbox};

/// How many tricks there are.
pub const TRICKS: u64 = 16;

/// Plays one and leaves it in the outbox. The operations that nobody must ever take over.
pub fn plays(person: &mut Person, trick: u64, at: Time) -> Result<Vec<String>> {
    let me = person.address();
    person.closes();
    let store = Store::open(&person.data)?;
    let key = person.key();
    let mailbox = mailbox();
    let item = ItemId::derive(&mailbox, Kind::Email, post::OFFER);
    let honest = || decision(&mailbox, item, post::OFFER, &me, &key, at);
    let operation = match trick {
        // A grant for oneself, for ever.
        0 => grant(&mailbox, &me, &key, at)?,
        // A decision in the owner's name.
        1 => decision(&mailbox, item, post::OFFER, &mailbox, &key, at)?,
        // One that says it was made at another time than it was.
        2 => Operation {
            at: Time(at.0 - 1),
            ..honest()?
        },
        // Another mail's facts in this mail's document.
        3 => decision(&mailbox, item, post::SENT, &me, &key, at)?,
        // Two values for one register.
        4 => {
            let mut twice = honest()?;
            twice.puts.extend(twice.puts.last().cloned());
            twice
        }
        // A register that Behalf does not know.
        5 => {
            let mut odd = honest()?;
            odd.puts.push(Put {
                register: "pad".into(),
                json: "1".into(),
            });
            odd
        }
        // More text than anybody writes.
        6 => {
            let mut long = honest()?;
            long.puts[0].json = serde_json::to_string(&"a".repeat(3 << 20)).unwrap();
            long
        }
        // How promotion went, which only the owner says (H-04).
        7 => outcome(&mailbox, item, &key, at)?,
        // A contact of the owner's (G-02), tracked.
        8 => contact(&mailbox, Kind::Contact, &a_contact(), &me, &key, at)?,
        // In the document of an appointment.
        9 => contact(&mailbox, Kind::Appointment, &a_contact(), &me, &key, at)?,
        // In its own, with facts that call it a mail.
        10 => {
            let mail = Facts {
                contact: None,
                ..a_contact()
            };
            contact(&mailbox, Kind::Contact, &mail, &me, &key, at)?
        }
        // An undo of what was never done.
        11 => labelled(honest()?, Action::Undo, &"0".repeat(32)),
        // An acceptance of what was refused, which only the owner gives.
        12 => labelled(honest()?, Action::Accept, &"0".repeat(32)),
        // A decision that calls itself a promotion, which nobody could undo.
        13 => labelled(honest()?, Action::Promote, &"0".repeat(32)),
        // A decision about a document that nobody has begun.
        14 => {
            let mut bare = honest()?;
            bare.puts.retain(|put| put.register == tracking::DECISION);
            bare
        }
        // A time that no clock shows.
        _ => decision(&mailbox, item, post::OFFER, &me, &key, Time(i64::MAX))?,
    };
    let forged = vec![operation.id(&mailbox, key.id()).to_string()];
    store.write(|tx| {
        let with = access::newest_key(tx, &key, &mailbox)?
            .ok_or_else(|| Error::unavailable("A key is missing.", ""))?;
        sync::post(tx, &mailbox, &key, Letter::Operations(&with, &[operation]))
    })?;
    Ok(forged)
}

/// An operation under another name.
fn labelled(operation: Operation, action: Action, cause: &str) -> Operation {
    Operation {
        action,
        origin: Origin::because_of(cause, ""),
        ..operation
    }
}

/// One register, in a document that nobody has touched.
fn one(
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

fn grant(mailbox: &Address, me: &Address, key: &DeviceKey, at: Time) -> Result<Operation> {
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

fn outcome(mailbox: &Address, item: ItemId, key: &DeviceKey, at: Time) -> Result<Operation> {
    let decision = "0".repeat(32);
    let outcome = Promotion::default().attempted(&decision, Some("Because.".into()), at);
    let why = (Action::Promote, Origin::because_of(&decision, ""));
    one(mailbox, item.into(), key, at, why, (tracking::OUTCOME, &outcome))
}

fn decision(
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

fn a_contact() -> Facts {
    Facts {
        key: "ada-1".into(),
        subject: "Ada Byron".into(),
        contact: Some(ContactCard::default()),
        ..Facts::default()
    }
}

fn contact(
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

fn decides(
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
