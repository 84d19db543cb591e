//! What no Behalf writes, put where replicas meet.

use behalf_core::{
    access::{DeviceKey, MailboxKey},
    model::Address,
    wire::{EntryKind, EntryName, Receipt, Relay, Said, content_name},
};
pub use behalf_tests::forge::{put, with_payload};

use crate::world::World;

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
