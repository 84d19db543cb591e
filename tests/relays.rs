//! Relays: one in memory, and what every relay must do.

use std::sync::{Mutex, PoisonError};

use behalf_core::{
    Result,
    model::Address,
    wire::{EntryKind, EntryName, Relay},
};
use sha2::{Digest, Sha256};

/// A relay in memory that does everything right. The simulation makes it do everything wrong.
#[derive(Debug, Clone, Default)]
pub struct Entries(pub Vec<(Address, EntryName, Vec<u8>)>);

impl Entries {
    /// Adds an entry; true when it was not there.
    pub fn put(&mut self, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> bool {
        let new = !self.0.iter().any(|(m, n, _)| m == mailbox && n == name);
        if new {
            self.0.push((mailbox.clone(), name.clone(), bytes.to_vec()));
        }
        new
    }
}

/// [`Entries`] behind a lock.
#[derive(Debug, Default)]
pub struct MemoryRelay(Mutex<Entries>);

impl MemoryRelay {
    /// What it holds.
    pub fn entries(&self) -> Entries {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Relay for MemoryRelay {
    fn publish(&self, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<()> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.put(mailbox, name, bytes) && name.kind == EntryKind::Receipt {
            // The newest receipt counts.
            entries.0.retain(|(m, n, _)| {
                m != mailbox || n.kind != EntryKind::Receipt || n.device != name.device || n.hash == name.hash
            });
        }
        Ok(())
    }

    fn pull(
        &self,
        mailbox: &Address,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = entries
            .0
            .iter()
            .filter(|(m, name, _)| m == mailbox && wanted(name));
        Ok(wanted
            .map(|(_, name, bytes)| (name.clone(), bytes.clone()))
            .collect())
    }

    fn lists_everything(&self) -> bool {
        true
    }

    fn pulse(&self) -> Result<u64> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<_> = entries
            .0
            .iter()
            .map(|(mailbox, name, _)| (mailbox, name))
            .collect();
        let digest = Sha256::digest(format!("{names:?}"));
        Ok(u64::from_le_bytes(digest[..8].try_into().unwrap()))
    }
}

/// The name of an entry of `device`, a digit repeated.
pub fn entry(device: char, kind: EntryKind, bytes: &[u8]) -> EntryName {
    EntryName {
        device: device.to_string().repeat(16),
        kind,
        hash: Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect(),
    }
}

/// What every relay must do, whatever it is made of. `here` and `there` are two replicas' ways to the same, empty
/// relay.
///
/// # Panics
/// When it does not.
pub fn conforms(here: &dyn Relay, there: &dyn Relay) {
    let (alex, robin) = (Address::lenient("alex@x"), Address::lenient("robin@x"));
    let everything = |relay: &dyn Relay, mailbox: &Address| {
        let mut known: Vec<(EntryName, Vec<u8>)> = Vec::new();
        // Some at a time, until there is none.
        loop {
            let more = relay
                .pull(mailbox, &mut |name| !known.iter().any(|(n, _)| n == name))
                .unwrap();
            if more.is_empty() {
                known.sort();
                return known;
            }
            known.extend(more);
        }
    };
    assert!(
        everything(here, &alex).is_empty(),
        "an empty relay is empty, not broken"
    );
    let quiet = there.pulse().unwrap();
    assert_eq!(there.pulse().unwrap(), quiet, "nothing happened");

    // What was acknowledged is there for everybody, byte for byte, once, also when published again.
    let big: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut published: Vec<(EntryName, Vec<u8>)> = [&b"one"[..], b"", b"two", &big]
        .into_iter()
        .zip(['a', 'a', 'b', 'b'])
        .map(|(bytes, device)| (entry(device, EntryKind::Envelope, bytes), bytes.to_vec()))
        .collect();
    for (name, bytes) in published.iter().chain(&published[..2]) {
        here.publish(&alex, name, bytes).unwrap();
    }
    published.sort();
    assert!(everything(there, &alex) == published);
    assert!(everything(here, &alex) == published);
    assert_ne!(there.pulse().unwrap(), quiet, "the pulse moves");

    // The same bytes by another device, or in another mailbox, are another entry.
    assert!(everything(there, &robin).is_empty(), "mailboxes are apart");
    let name = entry('c', EntryKind::Envelope, b"one");
    there.publish(&robin, &name, b"one").unwrap();
    assert_eq!(everything(here, &robin), [(name.clone(), b"one".to_vec())]);
    there.publish(&alex, &name, b"one").unwrap();
    assert_eq!(everything(here, &alex).len(), published.len() + 1);

    // Only what is wanted.
    let mut asked = Vec::new();
    let some = here.pull(&alex, &mut |name| {
        asked.push(name.clone());
        name.device.starts_with('a')
    });
    assert_eq!(some.unwrap().len(), 2);
    assert!(
        published.iter().all(|(name, _)| asked.contains(name)),
        "it asks about every entry"
    );
    assert!(here.pull(&alex, &mut |_| false).unwrap().is_empty());

    // The newest receipt is there; older ones may be gone.
    for number in [b"receipt 1", b"receipt 2"] {
        here.publish(&alex, &entry('a', EntryKind::Receipt, number), number)
            .unwrap();
    }
    let receipts = everything(there, &alex);
    let receipts: Vec<_> = receipts
        .iter()
        .filter(|(n, _)| n.kind == EntryKind::Receipt)
        .collect();
    assert!(receipts.iter().any(|(_, bytes)| bytes == b"receipt 2"));
    let envelopes = everything(there, &alex)
        .iter()
        .filter(|(n, _)| n.kind == EntryKind::Envelope)
        .count();
    assert_eq!(envelopes, published.len() + 1, "an envelope never goes");
}
