//! Writers that never rest, and keep book of what was acknowledged.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{JoinHandle, sleep, spawn},
    time::Duration,
};

use behalf_core::{
    model::Address,
    wire::{Cursor, EntryKind, EntryName, Relay},
};
use behalf_tests::{
    relays::entry,
    servers::{patiently, relay_at},
};

/// Mailboxes that lie in different streams.
pub fn mailboxes() -> Vec<Address> {
    ["alex@x", "robin@x", "sam@x"].map(Address::lenient).to_vec()
}

type Book = Arc<Mutex<BTreeSet<(Address, EntryName)>>>;

/// Several devices that publish.
pub struct Load {
    book: Book,
    stop: Arc<AtomicBool>,
    writers: Vec<JoinHandle<()>>,
}

impl Load {
    /// One device for each letter; each publishes to all mailboxes, again until it is acknowledged.
    pub fn begins(address: &str, devices: &str) -> Self {
        let (book, stop) = (Book::default(), Arc::new(AtomicBool::new(false)));
        let writers = devices.chars().map(|device| {
            let (book, stop, address) = (Arc::clone(&book), Arc::clone(&stop), address.to_owned());
            spawn(move || writes(device, &address, &book, &stop))
        });
        Self {
            writers: writers.collect(),
            book,
            stop,
        }
    }

    /// How much was acknowledged by now.
    pub fn acknowledged(&self) -> usize {
        self.book.lock().unwrap().len()
    }

    /// Waits until more is acknowledged than now: the servers serve.
    pub fn goes_on(&self) {
        let now = self.acknowledged();
        patiently("it goes on", || self.acknowledged() > now + 10);
    }

    /// Ends it; what was acknowledged.
    pub fn ends(self) -> BTreeSet<(Address, EntryName)> {
        self.stop.store(true, Ordering::Relaxed);
        for writer in self.writers {
            writer.join().unwrap();
        }
        Arc::into_inner(self.book).unwrap().into_inner().unwrap()
    }
}

fn writes(device: char, address: &str, book: &Book, stop: &AtomicBool) {
    let relay = relay_at(address);
    let mailboxes = mailboxes();
    for n in 0_usize.. {
        let mailbox = &mailboxes[n % mailboxes.len()];
        let bytes = format!("{device} writes {n} ").repeat(1 + n % 50).into_bytes();
        let name = entry(device, EntryKind::Envelope, &bytes);
        while let Err(e) = relay.publish(mailbox, &name, &bytes) {
            assert!(!e.to_string().starts_with("Blocked"), "{e}");
            if stop.load(Ordering::Relaxed) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        book.lock().unwrap().insert((mailbox.clone(), name));
        if stop.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// Everything a newcomer reads.
pub fn everything(relay: &dyn Relay) -> behalf_core::Result<BTreeSet<(Address, EntryName)>> {
    let mut found = BTreeSet::new();
    for mailbox in mailboxes() {
        let mut cursor = Cursor::default();
        loop {
            let some = relay.pull_after(&mailbox, &mut cursor, &mut |_| true)?;
            if some.is_empty() {
                break;
            }
            found.extend(some.into_iter().map(|(name, _)| (mailbox.clone(), name)));
        }
    }
    Ok(found)
}
