//! A cycle with nothing new: what it asks of the relay and the documents.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use behalf_core::{
    Result,
    desk::Desk,
    model::Address,
    wire::{EntryName, FolderRelay, Relay},
};
use tracing::{Event, Metadata, Subscriber, span};

use crate::Outcome;

const CYCLES: u32 = 200;

/// Counts the calls.
struct Counting {
    relay: FolderRelay,
    reads: AtomicU64,
    writes: AtomicU64,
    entries: AtomicU64,
}

impl Relay for Counting {
    fn publish(&self, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<()> {
        self.writes.fetch_add(1, Relaxed);
        self.relay.publish(mailbox, name, bytes)
    }

    fn pull(
        &self,
        mailbox: &Address,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        self.reads.fetch_add(1, Relaxed);
        let entries = self.relay.pull(mailbox, wanted)?;
        self.entries.fetch_add(entries.len() as u64, Relaxed);
        Ok(entries)
    }

    fn lists_everything(&self) -> bool {
        self.relay.lists_everything()
    }

    fn pulse(&self) -> Result<u64> {
        self.relay.pulse()
    }
}

/// Counts what the core says of its documents.
struct Opened;
static OPENED: AtomicU64 = AtomicU64::new(0);

impl Subscriber for Opened {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "behalf_core::replica::document"
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &Event<'_>) {
        OPENED.fetch_add(1, Relaxed);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Prints what some quiet cycles did.
pub fn measure(data: &Path, relay: &Path) -> Outcome<()> {
    tracing::subscriber::set_global_default(Opened)?;
    let desk = Desk::open(data)?;
    let relay = Counting {
        relay: FolderRelay::new(relay),
        reads: AtomicU64::new(0),
        writes: AtomicU64::new(0),
        entries: AtomicU64::new(0),
    };
    let mailboxes = desk.me()?.mailboxes.len() as u32;
    let begin = Instant::now();
    for _ in 0..CYCLES {
        desk.sync(&relay, &mut |_| ())?;
    }
    let each = begin.elapsed().as_secs_f64() * 1_000.0 / f64::from(CYCLES);
    let per = |count: &AtomicU64| count.load(Relaxed) as f64 / f64::from(CYCLES * mailboxes);
    println!(
        "Of one mailbox, mean of {CYCLES} cycles: {} cursor reads, {} entries read, {} entries written, {} documents \
         opened, {:.2} ms (wall).",
        per(&relay.reads),
        per(&relay.entries),
        per(&relay.writes),
        per(&OPENED),
        each / f64::from(mailboxes)
    );
    Ok(())
}
