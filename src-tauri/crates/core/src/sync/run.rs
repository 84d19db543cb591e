//! Does what the cycle says, against the store and a relay.
//!
//! Every step is one transaction, and each can be repeated: a kill between any two of them costs time and nothing else.

use rusqlite::{Connection, OptionalExtension};

use super::{
    SyncReport,
    cycle::{Action, Event, next},
    leaving,
    merge::merge,
    offer::offer,
    pull::{self, Look, pull},
    push::{push, push_receipt, seal},
    verdict::reconsider,
};
use crate::{
    Result,
    access::{self, DeviceKey, PublicKey},
    model::{Address, Time},
    store::Store,
    tracking,
    wire::{EntryKind, EntryName, Relay},
};

/// Whose cycle it is.
#[derive(Clone, Copy)]
pub struct Replica<'a> {
    /// The data folder.
    pub store: &'a Store,
    /// This device.
    pub key: &'a DeviceKey,
    /// The person.
    pub person: &'a Address,
}

/// Runs one cycle of one mailbox. `show` hears each action before it is done.
///
/// # Errors
/// What the relay or the store said; everything done until then stays done, and the next cycle goes on from there.
pub fn run(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    now: Time,
    show: &mut dyn FnMut(Action, &SyncReport),
) -> Result<SyncReport> {
    let mut report = SyncReport::default();
    let mut event = Event::Start;
    let mut look = Look::default();
    loop {
        let action = next(event);
        show(action, &report);
        event = match action {
            Action::Pull => Event::TookIn(pull(replica, relay, mailbox, now, &mut look, &mut report)?),
            Action::Merge => {
                let new_devices = merge(replica, mailbox, now, &mut report)?;
                if new_devices {
                    look.again_from_the_start();
                }
                answered(replica, mailbox)?;
                Event::Merged { new_devices }
            }
            Action::Promote => {
                report.merged += reconsider(replica, mailbox, now)?;
                promote(replica, mailbox, now)?;
                Event::Promoted
            }
            Action::Seal => {
                seal(replica, mailbox, now)?;
                Event::Sealed
            }
            Action::Push => Event::Pushed(push(replica, relay, mailbox, &mut report)?),
            Action::Offer => {
                offer(replica, relay, mailbox, &mut report)?;
                Event::Offered
            }
            Action::PushReceipt => {
                let lost = relay.lists_everything() && !look.own_receipt;
                push_receipt(replica, relay, mailbox, (now, lost), &mut report)?;
                Event::ReceiptPushed
            }
            Action::Settle => {
                report.promoted += replica.store.write(|tx| tracking::settle(tx, mailbox, now))?;
                Event::Settled
            }
            Action::Finish => {
                leaving::abandon(replica.store, mailbox)?;
                return Ok(report);
            }
        };
    }
}

/// Whoever waited for the owner of a mailbox they know waits no longer once the owner has granted anew.
fn answered(replica: Replica<'_>, mailbox: &Address) -> Result<()> {
    match replica
        .store
        .read(|c| access::is_answered(c, mailbox, replica.person))?
    {
        true => replica.store.write(|tx| access::settle_joining(tx, mailbox)),
        false => Ok(()),
    }
}

/// Only the owner's own devices promote, against the CRM their owner sees, and say what their own copies say. A cycle with nothing to do takes no write lock.
fn promote(replica: Replica<'_>, mailbox: &Address, now: Time) -> Result<()> {
    if replica.person != mailbox {
        return Ok(());
    }
    let (due, copies) = replica
        .store
        .read(|c| match access::is_removed(c, mailbox, replica.key.id())? {
            true => Ok(Default::default()),
            false => Ok((
                tracking::due(c, mailbox, now)?,
                tracking::copies_to_look_at(c, mailbox)?,
            )),
        })?;
    if due.is_empty() && copies.is_empty() {
        return Ok(());
    }
    replica.store.write(|tx| {
        tracking::file_as_held((tx, replica.store), mailbox, replica.key, &copies, now)?;
        tracking::attempt(tx, mailbox, replica.key, &due, now)
    })
}

/// A device as the mailbox knows it.
pub(super) struct Known {
    pub(super) person: Address,
    pub(super) key: PublicKey,
    /// What it shows of itself, unread.
    pub(super) card: Vec<u8>,
}

pub(super) fn device(connection: &Connection, mailbox: &Address, id: &str) -> Result<Option<Known>> {
    Ok(connection
        .prepare_cached("SELECT person, public_key, card FROM device WHERE mailbox = ?1 AND id = ?2")?
        .query_row([mailbox.as_str(), id], |r| {
            Ok(Known {
                person: Address::lenient(&r.get::<_, String>(0)?),
                key: r.get(1)?,
                card: r.get(2)?,
            })
        })
        .optional()?)
}

/// Notes that nothing will ever come of an envelope of this device: it is not read again.
pub(super) fn useless(tx: &Connection, mailbox: &Address, device: &str, hash: &str) -> Result<()> {
    let name = EntryName {
        device: device.to_owned(),
        kind: EntryKind::Envelope,
        hash: hash.to_owned(),
    };
    pull::useless(tx, mailbox, &name)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use rusqlite::params;

    use super::*;
    use crate::wire::{Envelope, Letter, Spot, chain, content_name, post};

    /// Gives the first entry that is wanted, and a damaged copy of whatever it is told to.
    struct OneByOne {
        entries: Vec<(EntryName, Vec<u8>)>,
        damaged: Vec<usize>,
        /// Never asks what is wanted.
        deaf: bool,
        published: Mutex<u32>,
    }

    impl Relay for OneByOne {
        fn publish(&self, _: &Address, _: &EntryName, _: &[u8]) -> Result<()> {
            *self.published.lock().unwrap() += 1;
            Ok(())
        }

        fn pull(
            &self,
            _: &Address,
            wanted: &mut dyn FnMut(&EntryName) -> bool,
        ) -> Result<Vec<(EntryName, Vec<u8>)>> {
            let found = self
                .entries
                .iter()
                .enumerate()
                .find(|(_, (name, _))| self.deaf || wanted(name));
            Ok(found
                .map(|(n, (name, bytes))| {
                    let whole = bytes.len() - usize::from(self.damaged.contains(&n));
                    (name.clone(), bytes[..whole].to_vec())
                })
                .into_iter()
                .collect())
        }

        fn pulse(&self) -> Result<u64> {
            Ok(0)
        }
    }

    /// The owner's replica, and a relay with three envelopes of it that the disk has forgotten.
    fn forgotten() -> (tempfile::TempDir, Store, DeviceKey, Address, OneByOne) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let key = DeviceKey::from_secret(&[1; 32]);
        let mailbox = Address::lenient("alex@x");
        store
            .write(|tx| {
                tx.execute("INSERT INTO mailbox (id, mine) VALUES ('alex@x', 1)", [])?;
                tx.execute(
                    "INSERT INTO device (mailbox, id, person, public_key) VALUES ('alex@x', ?1, 'alex@x', ?2)",
                    params![key.id(), key.public()],
                )?;
                Ok(())
            })
            .unwrap();
        let (mut prev, mut entries) = ([0; 32], Vec::new());
        for seq in 1..=3 {
            let spot = Spot { seq, prev, epoch: 0 };
            let envelope = Envelope::write(&mailbox, &key, spot, Letter::Keys(&[])).unwrap();
            let bytes = envelope.encode().unwrap();
            prev = crate::wire::content_hash(&bytes);
            let name = EntryName {
                device: key.id().to_owned(),
                kind: EntryKind::Envelope,
                hash: content_name(&bytes),
            };
            entries.push((name, bytes));
        }
        let relay = OneByOne {
            entries,
            damaged: vec![],
            deaf: false,
            published: Mutex::new(0),
        };
        (folder, store, key, mailbox, relay)
    }

    fn cycle(store: &Store, key: &DeviceKey, mailbox: &Address, relay: &OneByOne) -> SyncReport {
        let replica = Replica {
            store,
            key,
            person: mailbox,
        };
        run(replica, relay, mailbox, Time(1000), &mut |_, _| ()).unwrap()
    }

    #[test]
    fn a_damaged_copy_keeps_nothing_out_and_is_asked_for_again() {
        let (_folder, store, key, mailbox, mut relay) = forgotten();
        relay.damaged = vec![0, 1];
        assert_eq!(cycle(&store, &key, &mailbox, &relay).pulled, 1);
        let holes = store
            .read(|c| chain::waiting_for(c, &mailbox, Time(1000)))
            .unwrap();
        assert_eq!(holes[0].1, 3, "the third has come, and nothing before it");
        relay.damaged = vec![];
        assert_eq!(cycle(&store, &key, &mailbox, &relay).pulled, 2);
        assert!(
            store
                .read(|c| chain::waiting_for(c, &mailbox, Time(1000)))
                .unwrap()
                .is_empty()
        );
        assert_eq!(store.read(|c| chain::head(c, &mailbox, key.id())).unwrap().0, 3);
    }

    #[test]
    fn a_relay_that_repeats_itself_holds_nobody_up() {
        let (_folder, store, key, mailbox, mut relay) = forgotten();
        relay.deaf = true;
        assert_eq!(cycle(&store, &key, &mailbox, &relay).pulled, 1);
    }

    #[test]
    fn h_05_what_an_old_disk_did_is_merged_beside_what_it_had_forgotten() {
        let (_folder, store, key, mailbox, relay) = forgotten();
        // The old copy posts before it has heard of the three.
        store
            .write(|tx| post(tx, &mailbox, &key, Letter::Keys(&[])).map(|_| ()))
            .unwrap();
        // The very same first envelope: nothing forks yet, and the next one does.
        let acceptance = access::Acceptance {
            invitation: [0; 8],
            person: mailbox.clone(),
            name: String::new(),
            proof: [0; 32],
            salt: [0; 16],
        };
        let letter = Letter::Acceptance(key.card(), &acceptance);
        let forked = store.write(|tx| post(tx, &mailbox, &key, letter)).unwrap();
        assert_eq!(cycle(&store, &key, &mailbox, &relay).pulled, 2);
        let seen = store.read(|c| chain::seen(c, &mailbox)).unwrap();
        let numbers: Vec<_> = seen[key.id()].iter().map(|tip| tip.seq).collect();
        assert_eq!((forked.seq, numbers), (2, vec![2, 3]), "both branches are held");
        let next = store.write(|tx| post(tx, &mailbox, &key, letter)).unwrap();
        assert_eq!(next.seq, 4, "it goes on after the longest");
    }
}
