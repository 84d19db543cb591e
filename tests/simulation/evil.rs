//! A client that has been tampered with: it has a device key and a grant, and tries what Behalf never does.

use automerge::{
    ActorId, AutoCommit, ROOT,
    transaction::{CommitOptions, Transactable},
};
use behalf_core::{
    Error, Result,
    access::{self, Grant},
    model::{Address, ContactCard, Facts, ItemId, Kind, Level, Time},
    replica::{Action, Document, DocumentId, DocumentKind, Operation, Origin},
    store::Store,
    sync::{self, Letter},
    tracking::{self, Decision, Promotion},
};
use behalf_tests::post;

use crate::world::{Person, mailbox};

/// How many tricks there are.
pub const TRICKS: u64 = 12;

/// Plays one and leaves it in the outbox. The operations that nobody must ever take over.
pub fn plays(person: &mut Person, trick: u64, at: Time) -> Result<Vec<String>> {
    let me = person.address();
    person.closes();
    let store = Store::open(&person.data)?;
    let key = person.key();
    let own = *key.prefix();
    let mailbox = mailbox();
    let item = ItemId::derive(&mailbox, Kind::Email, post::OFFER);
    let operations = match trick {
        // A grant for oneself, for ever.
        0 => vec![grant(&mailbox, &me, &own, at)?],
        // A decision in the owner's name.
        1 => vec![decision(item, post::OFFER, &mailbox, &own, at)?],
        // A decision by another device.
        2 => vec![decision(
            item,
            post::OFFER,
            &me,
            b"\x01\x02\x03\x04\x05\x06\x07\x08",
            at,
        )?],
        // Another mail's facts in this mail's document.
        3 => vec![decision(item, post::SENT, &me, &own, at)?],
        // Two changes by the same actor, of which each replica would keep the one it met first.
        4 => vec![
            forged(item, &me, &own, at, 1, 1)?,
            forged(item, &me, &own, at, 1, 2)?,
        ],
        // The second change of an actor, whose first never comes.
        5 => vec![forged(item, &me, &own, at, 2, 1)?],
        // No change at all.
        6 => {
            let mut junk = decision(item, post::OFFER, &me, &own, at)?;
            junk.change.truncate(junk.change.len() / 2);
            vec![junk]
        }
        // How promotion went, which only the owner says (H-04).
        7 => vec![outcome(item, &own, at)?],
        // A contact of the owner's (G-02), tracked.
        8 => vec![contact(&mailbox, Kind::Contact, &a_contact(), &me, &own, at)?],
        // In the document of an appointment.
        9 => vec![contact(&mailbox, Kind::Appointment, &a_contact(), &me, &own, at)?],
        // In its own, with facts that call it a mail.
        10 => {
            let mail = Facts {
                contact: None,
                ..a_contact()
            };
            vec![contact(&mailbox, Kind::Contact, &mail, &me, &own, at)?]
        }
        // A decision that calls itself a grant.
        _ => {
            let mut odd = decision(item, post::OFFER, &me, &own, at)?;
            odd.kind = DocumentKind::Grants;
            vec![odd]
        }
    };
    let forged = operations.iter().map(Operation::id).collect();
    store.write(|tx| {
        let with = access::newest_key(tx, &key, &mailbox)?
            .ok_or_else(|| Error::unavailable("A key is missing.", ""))?;
        sync::post(tx, &mailbox, &key, Letter::Operations(&with, &operations))
    })?;
    Ok(forged)
}

fn operation(document: DocumentId, kind: DocumentKind, at: Time, change: Vec<u8>) -> Operation {
    Operation {
        at,
        action: Action::Track,
        document,
        kind,
        change,
        origin: Origin::default(),
    }
}

fn grant(mailbox: &Address, me: &Address, device: &[u8; 8], at: Time) -> Result<Operation> {
    let id = DocumentId::grants(mailbox);
    let mut document = Document::genesis(id, DocumentKind::Grants)?;
    let grant = Grant {
        level: Level::Editor,
        calendar: true,
        ..Grant::default()
    };
    let change = document.edit(device, at, |edit| edit.set(me.as_str(), &grant))?;
    Ok(operation(id, DocumentKind::Grants, at, change))
}

fn a_decision(person: &Address, at: Time) -> Decision {
    Decision {
        tracked: true,
        regarding: None,
        contact: None,
        keep: false,
        person: person.clone(),
        at,
    }
}

fn decision(item: ItemId, key: &str, person: &Address, device: &[u8; 8], at: Time) -> Result<Operation> {
    let mut document = Document::genesis(item.into(), DocumentKind::Item)?;
    let facts = Facts {
        key: key.into(),
        message_id: key.into(),
        ..Facts::default()
    };
    let why = (Action::Track, Origin::default());
    tracking::decide(&mut document, item, &facts, &a_decision(person, at), why, device)
}

fn outcome(item: ItemId, device: &[u8; 8], at: Time) -> Result<Operation> {
    let mut document = Document::genesis(item.into(), DocumentKind::Item)?;
    let outcome = Promotion::default().attempted("a decision", Some("Because.".into()), at);
    let change = document.edit(device, at, |edit| edit.set(tracking::OUTCOME, &outcome))?;
    Ok(operation(item.into(), DocumentKind::Item, at, change))
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
    device: &[u8; 8],
    at: Time,
) -> Result<Operation> {
    let item = ItemId::derive(mailbox, kind, &facts.key);
    let mut document = Document::genesis(item.into(), DocumentKind::Item)?;
    let why = (Action::Track, Origin::default());
    tracking::decide(&mut document, item, facts, &a_decision(person, at), why, device)
}

/// Made without Behalf: the `seq`th change of an actor of one's own choice.
fn forged(
    item: ItemId,
    person: &Address,
    device: &[u8; 8],
    at: Time,
    seq: u64,
    salt: i64,
) -> Result<Operation> {
    let id = DocumentId::from(item);
    let mut document = AutoCommit::new().with_actor(ActorId::from(&id.0.as_bytes()[..]));
    document.put(ROOT, "kind", "item")?;
    document.commit_with(CommitOptions::default().with_time(0));
    document.set_actor(ActorId::from([&device[..], &[0; 16][..]].concat()));
    for _ in 0..seq {
        let json = serde_json::to_string(&a_decision(person, Time(at.0 + salt))).unwrap();
        document.put(ROOT, tracking::DECISION, json)?;
        document.commit_with(CommitOptions::default().with_time(at.0 / 1000));
    }
    let change = document.get_last_local_change().unwrap().raw_bytes().to_vec();
    Ok(operation(id, DocumentKind::Item, at, change))
}
