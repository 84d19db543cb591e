//! A device of the owner's that was removed and goes on: it has the owner's keys until then, and writes as the owner
//!

use behalf_core::{
    Result,
    access::{self, Denied, DeviceKey, Grant, GrantDevice, MailboxKey, Secret},
    model::{Level, Setting, Time},
    replica::{Action, DocumentId, Operation, OperationId, Origin, Put},
    store::Store,
    wire::{self, EntryKind, Letter, Receipt, Refusals, Said},
};

use crate::{
    forged::{Forged, heads, named, newest},
    world::{Person, mailbox},
};

/// How many thefts it tries.
pub const THEFTS: u64 = 6;
/// Whom it would let in.
pub const FRIEND: &str = "eve@evil.example";

/// What a device of the owner's does that was removed and says that it has not heard. It removes no other in turn: then
/// nobody believes either of the two, which no replica can mend. Nor does it take from others what they would miss
/// before they have heard of its removal: until then it is an owner's device.
pub fn steals(person: &mut Person, trick: u64, at: Time) -> Result<Forged> {
    let owner = person.address();
    person.closes();
    let store = Store::open(&person.data)?;
    let key = person.key();
    let mailbox = mailbox();
    let mut forged = Forged::default();
    let grants = DocumentId::grants(&mailbox);
    let knows = store.read(|c| access::is_removed(c, &mailbox, key.id()))?;
    let eve = DeviceKey::from_secret(&[66; 32]);
    let let_in = Grant {
        level: Level::Editor,
        calendar: true,
        devices: vec![GrantDevice::new(eve.card())],
        ..Grant::default()
    };
    let write = |document, heads, action, register: &str, value: String| Operation {
        at,
        action,
        document,
        heads,
        puts: vec![Put {
            register: register.into(),
            json: value,
        }],
        origin: Origin::default(),
    };
    let friend = serde_json::to_string(&let_in)?;
    let operation = match trick {
        // As if nobody had ever written there.
        0 => write(grants, vec![], Action::Grant, FRIEND, friend),
        // In sight of all it has, its removal among it when it knows.
        1 => write(grants, heads(&store, grants)?, Action::Grant, FRIEND, friend),
        2 => write(
            DocumentId::settings(&mailbox),
            vec![],
            Action::ChangeSetting,
            Setting::TrackAppointmentsFromNonOrganizer.name(),
            "true".into(),
        ),
        // A key of its own making for all it knows, and one that a friend is said to have.
        3 | 4 => {
            let own = MailboxKey::new(&mailbox, 1_000 + trick as u32, Secret::new([9; 32]));
            let wraps = store.read(|c| {
                let mut cards = access::living_devices_of(c, &mailbox, &owner)?;
                if trick == 4 {
                    cards = vec![eve.card().clone()];
                }
                let wraps = cards.iter().map(|card| access::wrap(&key, card, &mailbox, &own));
                Ok(wraps
                    .collect::<Result<Vec<_>>>()?
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>())
            })?;
            store.write(|tx| wire::post(tx, &mailbox, &key, Letter::Keys(&wraps)))?;
            return Ok(forged);
        }
        // A receipt in the owner's name that refuses all it has.
        _ => {
            let said = store.read(|c| {
                let mut all = c.prepare("SELECT id FROM operation WHERE mailbox = ?1 AND person <> ?1")?;
                let found = all.query_map([mailbox.as_str()], |r| r.get::<_, String>(0))?;
                let mut refused = Refusals::default();
                for id in found {
                    let id = OperationId::parse(&id?);
                    refused.ones.extend(id.map(|id| (id, Denied::Ended.into())));
                }
                Ok(Said {
                    refused,
                    ..Said::default()
                })
            })?;
            let with = store.read(|c| access::oldest_key(c, &key, &mailbox))?;
            if let Some(with) = with {
                let number = at.0.unsigned_abs();
                let bytes = Receipt::write(&mailbox, &key, &with, number, &said)?.encode()?;
                forged
                    .published
                    .push((named(&key, EntryKind::Receipt, &bytes), bytes));
            }
            return Ok(forged);
        }
    };
    let name = operation.id(&mailbox, key.id()).to_string();
    if trick == 1 && knows {
        forged.unsound.push(name);
    }
    store.write(|tx| {
        let with = newest(tx, &key, &mailbox)?;
        wire::post(tx, &mailbox, &key, Letter::Operations(&with, &[operation]))
    })?;
    Ok(forged)
}
