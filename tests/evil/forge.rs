//! Envelopes that no Behalf writes, signed as they should be: whoever has a device's secret can sign anything.

use behalf_core::{
    access::{DeviceKey, Epoch, MailboxKey, Sealed, Wrap, seal},
    model::Address,
    replica::Put,
    sync::{EntryKind, EntryName, Receipt, Relay, Said, Spot, content_name},
};
use serde::Serialize;

use crate::world::World;

/// What an envelope carries, in the order of its kinds.
#[derive(Serialize)]
#[allow(dead_code)]
pub enum Body {
    /// Sealed operations.
    Operations(Sealed),
    /// Keys for devices.
    Keys(Vec<Wrap>),
}

#[derive(Serialize)]
struct Link<'a> {
    epoch: Epoch,
    mailbox: &'a Address,
    device: &'a str,
    seq: u64,
    prev: [u8; 32],
    body: Body,
}

const VERSION: u8 = 1;
const OPERATIONS: u8 = 0;

/// A genuine envelope in whose seal lie these bytes, as they are.
pub fn with_payload(
    mailbox: &Address,
    key: &DeviceKey,
    spot: Spot,
    with: &MailboxKey,
    payload: &[u8],
) -> Vec<u8> {
    let clear = (
        "behalf sealed",
        VERSION,
        OPERATIONS,
        with.epoch,
        mailbox,
        key.id(),
        spot.seq,
        &spot.prev,
    );
    let bound = postcard::to_stdvec(&clear).unwrap();
    let sealed = seal(with.secret(), &key.nonces(), &bound, payload).unwrap();
    framed(mailbox, key, (spot, with.epoch), Body::Operations(sealed))
}

/// A genuine envelope around a body.
pub fn framed(mailbox: &Address, key: &DeviceKey, (spot, epoch): (Spot, Epoch), body: Body) -> Vec<u8> {
    let rest = postcard::to_stdvec(&Link {
        epoch,
        mailbox,
        device: key.id(),
        seq: spot.seq,
        prev: spot.prev,
        body,
    })
    .unwrap();
    let mut signed = postcard::to_stdvec(&("behalf envelope", VERSION)).unwrap();
    signed.extend_from_slice(&rest);
    [&[VERSION][..], &key.sign(&signed).to_bytes(), &rest].concat()
}

/// A register's new value.
pub fn put(register: &str, value: &impl Serialize) -> Put {
    Put {
        register: register.into(),
        json: serde_json::to_string(value).unwrap(),
    }
}

/// A receipt of a device in which it says what it likes, put where replicas meet.
pub fn says(world: &World, mailbox: &Address, key: &DeviceKey, with: &MailboxKey, number: u64, said: &Said) {
    let receipt = Receipt::write(mailbox, key, with, number, said).unwrap();
    plants(
        world,
        mailbox,
        key.id(),
        EntryKind::Receipt,
        &receipt.encode().unwrap(),
    );
}

/// Puts bytes where replicas meet, under the name of a device.
pub fn plants(world: &World, mailbox: &Address, device: &str, kind: EntryKind, bytes: &[u8]) {
    let name = EntryName {
        device: device.into(),
        kind,
        hash: content_name(bytes),
    };
    world.relay.publish(mailbox, &name, bytes).unwrap();
}
