//! A delegate whose client has been tampered with: it has a device key and a grant, and tries what Behalf never does
//!

use behalf_core::{
    Result,
    access::{Attempted, DeviceKey},
    model::{Address, Facts, ItemId, Kind, Time},
    replica::{self, Action, Document, Link, Logged, Operation, Put},
    store::Store,
    tracking,
    wire::{self, EntryKind, EntryName, Envelope, Letter, Spot},
};
use behalf_tests::post;
use rusqlite::Connection;

use crate::{
    forged::{Forged, a_contact, contact, decision, grant, heads, labelled, named, newest, outcome},
    world::{Person, mailbox},
};

/// How many tricks there are.
pub const TRICKS: u64 = 26;

/// Plays one and leaves it in the outbox.
pub fn plays(person: &mut Person, trick: u64, at: Time) -> Result<Forged> {
    let me = person.address();
    person.closes();
    let store = Store::open(&person.data)?;
    let key = person.key();
    let mailbox = mailbox();
    let item = ItemId::derive(&mailbox, Kind::Email, post::OFFER);
    let other = ItemId::derive(&mailbox, Kind::Email, post::SENT);
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
        15 => decision(&mailbox, item, post::OFFER, &me, &key, Time(i64::MAX))?,
        // Heads twice, in the wrong order, and of another item; what the mail says, once more, and who was the first. As
        // long as nothing stands there, a register that is none.
        16..=20 => {
            let (stands, there) = (heads(&store, item.into())?, heads(&store, other.into())?);
            let mut odd = honest()?;
            match (trick, stands.first(), there.first()) {
                (16, Some(one), _) => odd.heads = vec![*one, *one],
                (17, Some(one), Some(two)) => odd.heads = vec![*one.max(two), *one.min(two)],
                (18, _, Some(two)) => odd.heads = vec![*two],
                (19 | 20, Some(_), _) => {
                    odd.heads = stands;
                    odd.puts.remove(trick as usize - 19);
                }
                _ => odd.puts[0].register = "pad".into(),
            }
            odd
        }
        // An undo of whatever stands last, under a label that does not fit.
        21 => match heads(&store, item.into())?.pop() {
            Some(last) => Operation {
                heads: vec![last],
                ..labelled(honest()?, Action::Undo, &last.to_string())
            },
            None => labelled(honest()?, Action::Undo, &"1".repeat(32)),
        },
        // Another mail than the owner's copy, as if nobody had ever tracked it: sound, and refused.
        22 => honest()?,
        // A fork of her own chain.
        23 => {
            let mut odd = honest()?;
            odd.puts[0].register = "fork".into();
            odd
        }
        // More operations than an envelope holds.
        24 => honest()?,
        // More refusals told than anybody reads.
        _ => {
            let attempts = vec![
                Attempted {
                    person: me.clone(),
                    mailbox: mailbox.clone(),
                    what: "x".repeat(3_000),
                    ..Attempted::default()
                };
                1_000
            ];
            store.write(|tx| {
                let with = newest(tx, &key, &mailbox)?;
                wire::post(tx, &mailbox, &key, Letter::Attempts(&with, &attempts))
            })?;
            return Ok(Forged::default());
        }
    };
    let name = operation.id(&mailbox, key.id()).to_string();
    let mut forged = Forged::default();
    match trick {
        22 => forged.refused.push(name),
        _ => forged.unsound.push(name),
    }
    if trick == 23 {
        forged.published.extend(fork(&store, &mailbox, &key, &operation)?);
        return Ok(forged);
    }
    let all = vec![operation; if trick == 24 { 5_001 } else { 1 }];
    store.write(|tx| {
        let with = newest(tx, &key, &mailbox)?;
        let link = wire::post(tx, &mailbox, &key, Letter::Operations(&with, &all))?;
        match trick {
            22 => holds(tx, (&mailbox, &me, &key), &all[0], link),
            _ => Ok(()),
        }
    })?;
    Ok(forged)
}

/// Her own replica has what everybody will have.
fn holds(
    tx: &Connection,
    (mailbox, person, key): (&Address, &Address, &DeviceKey),
    operation: &Operation,
    link: Link,
) -> Result<()> {
    let mut document = Document::open(tx, mailbox, operation.document)?;
    if let Ok(made) = document.apply(operation.clone(), key.prefix())? {
        let by = Logged {
            mailbox,
            device: key.id(),
            person,
            link: Some(link),
        };
        replica::log(tx, &by, &made)?;
        document.pack(tx)?;
        tracking::project(tx, mailbox, &mut document, None, operation.at)?;
    }
    Ok(())
}

/// An envelope beside the last one of her chain that everybody has.
fn fork(
    store: &Store,
    mailbox: &Address,
    key: &DeviceKey,
    operation: &Operation,
) -> Result<Option<(EntryName, Vec<u8>)>> {
    let last: Option<Vec<u8>> = store.read(|c| {
        let mut statement = c.prepare(
            "SELECT bytes FROM envelope WHERE mailbox = ?1 AND device = ?2 AND sent = 1 AND merged = 1
             ORDER BY seq DESC, hash LIMIT 1",
        )?;
        let mut found = statement.query([mailbox.as_str(), key.id()])?;
        Ok(match found.next()? {
            Some(row) => Some(row.get(0)?),
            None => None,
        })
    })?;
    let Some(last) = last.map(|bytes| Envelope::decode(&bytes)).transpose()? else {
        return Ok(None);
    };
    let spot = Spot {
        seq: last.seq,
        prev: last.prev,
        epoch: last.epoch.number,
    };
    let with = store.read(|c| newest(c, key, mailbox))?;
    let letter = Letter::Operations(&with, std::slice::from_ref(operation));
    let bytes = Envelope::write(mailbox, key, spot, letter)?.encode()?;
    Ok(Some((named(key, EntryKind::Envelope, &bytes), bytes)))
}
